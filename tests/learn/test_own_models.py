"""The pages of the course run on a reader's own model, whatever its kind."""

import json
import re
from pathlib import Path

import pytest

import charrnn

ROOT = Path(charrnn.__file__).parent.parent
PAGES = sorted((ROOT / "docs/learn").glob("*.ipynb"))
SEA = "The sea, the sea!\nShe sells no shells; she sees the sea.\n" * 40
RUSSIAN = "На дворе трава,\nна траве дрова.\n"
# What takes long, and would show no more about another model.
SMALLER = {
    "steps=1200": "steps=100",
    "steps=500": "steps=5",
    "steps=300": "steps=5",
    "length=1250": "length=200",
}


def of_characters():
    return charrnn.Vocabulary.from_text(RUSSIAN), "gru"


def of_words():
    return charrnn.WordVocabulary.from_text(SEA), "simple_rnn"


def of_bytes():
    return charrnn.ByteVocabulary(), "lstm"


def of_documents():
    inner = charrnn.Vocabulary.from_text(SEA)
    return charrnn.DocumentVocabulary(inner, "lines"), "lstm"


KINDS = (of_characters, of_words, of_bytes, of_documents)
CASES = [
    pytest.param(
        kind,
        path,
        id=f"{kind.__name__}-{path.stem}",
        marks=pytest.mark.reliability
        if path.stem == "3-forgetting"
        else pytest.mark.slow,
    )
    for kind in KINDS
    for path in PAGES
    # Trains networks of its own, which takes as long for every kind.
    if path.stem != "3-forgetting" or kind is of_words
]


def a_model(kind, folder):
    vocabulary, cell = kind()
    network = charrnn.build_model(vocabulary, cell=cell, units=8, layers=1)
    charrnn.save(network, folder / "model.keras", vocabulary)
    return folder / "model.keras"


def code_of(path, model):
    """The code of a page, about another model."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    sources = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    code = "\n".join(sources)
    for long, short in SMALLER.items():
        code = code.replace(long, short)
    code, count = re.subn(
        "^MODEL = .*", lambda _: f"MODEL = {str(model)!r}", code, flags=re.M
    )
    assert count == 1
    return code


@pytest.mark.parametrize("kind, path", CASES)
def test_a_page_runs_on_another_model(
    kind, path, tmp_path, monkeypatch, capsys
):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    monkeypatch.setattr(pyplot, "show", lambda: pyplot.close("all"))
    exec(code_of(path, a_model(kind, tmp_path)), {})
    assert len(capsys.readouterr().out.splitlines()) > 10
    assert not pyplot.get_fignums()
