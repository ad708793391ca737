"""Documents are written whole, and scored from start to end."""

import itertools
import json
import re
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

import charrnn
from charrnn.commands import main
from charrnn.commands.documents import draw_new
from charrnn.insight import neurons
from charrnn.text import kinds
from charrnn.text.document_hashes import digests
from charrnn.text.known_documents import KnownDocuments

NAMES = ["a", "nan", "b", "anna", "ban", "n", "nab"]


def model_of(unit="character", by="lines", documents=NAMES):
    """A network that knows which units are frequent, and no more."""
    vocabulary = kinds.from_documents(unit, documents, by)
    keras.utils.set_random_seed(1)
    model = charrnn.build_model(vocabulary, units=4, layers=1)
    ids = vocabulary.framed(vocabulary.encode_each(documents))
    charrnn.begin_with_frequencies(model, ids)
    return model, vocabulary


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What a run leaves: a model, and the hashes of its documents."""
    folder = tmp_path_factory.mktemp("made")
    model, vocabulary = model_of()
    facts = {
        "split": {"validation": 0.2, "documents": {"longest": 4}},
        "training": {"seed": 1},
    }
    charrnn.save(model, folder / "model.keras", vocabulary, facts)
    KnownDocuments(digests(NAMES[:5]), digests(NAMES[5:])).write(folder)
    (folder / "names.txt").write_text("\n".join(NAMES), encoding="utf-8")
    return folder


@pytest.fixture
def folder(made, tmp_path):
    return Path(shutil.copytree(made, tmp_path / "run"))


def written(folder, capsys, *words):
    model = str(folder / "model.keras")
    assert main(["generate", "--model", model, "--seed=1", *words]) == 0
    return capsys.readouterr()


def test_each_document_is_a_line(folder, capsys):
    names = written(folder, capsys, "--count=30", "--length=999").out
    assert len(names.splitlines()) == 30
    assert names.endswith("\n") and "---" not in names
    first = written(folder, capsys, "--length=999").out
    assert names.startswith(first)


def test_documents_end_at_the_default_length(folder, capsys):
    rows = written(folder, capsys, "--count=300", "--json").out.splitlines()
    rows = [json.loads(row) for row in rows]
    for row in rows:
        if row["stop_reason"] == "length":
            assert len(row["text"]) == 8  # twice the longest
        else:
            assert row["stop_reason"] == "end" and len(row["text"]) < 8
    assert {row["stop_reason"] for row in rows} == {"end", "length"}
    told = written(folder, capsys, "--count=300").err
    cut = [row for row in rows if row["stop_reason"] == "length"]
    assert f"{len(cut)} of 300 documents cut at --length 8, before" in told
    assert "cut" not in written(folder, capsys, "--length=999").err


def test_a_prompt_begins_each_document(folder, capsys):
    names = written(folder, capsys, "--count=9", "--prompt", "ab").out
    assert all(name.startswith("ab") for name in names.splitlines())


@pytest.mark.parametrize("more", [[], ["TEXT"]], ids=str)
def test_only_new_documents_are_kept(folder, capsys, more):
    more = [str(folder / "names.txt") for _ in more]
    read = written(folder, capsys, "--count=300", "--new", *more)
    names = read.out.splitlines()
    assert len(set(names)) == 300 and not set(names) & set(NAMES)
    told = re.findall(r"\d+", read.err.replace(",", ""))
    drawn, new, *_ = map(int, told)
    assert drawn > 300 == new
    rows = written(folder, capsys, "--count=3", "--new", "--json").out
    assert [json.loads(row)["text"] for row in rows.splitlines()] == names[:3]


def test_the_best_of_new_documents_are_ranked(folder, capsys):
    def rows(*flags):
        out = written(folder, capsys, "--new", "--json", *flags).out
        return [json.loads(line) for line in out.splitlines()]

    many = rows("--count=9")
    best = rows("--best-of=9", "--count=2")
    by_rank = sorted(many, key=lambda row: row["nats_per_character"])
    assert [row["text"] for row in best] == [r["text"] for r in by_rank[:2]]
    assert [row["rank"] for row in best] == [1, 2]
    err = written(folder, capsys, "--new", "--best-of=9").err
    assert "drawn: 9 new" in err and "the best 1 of 9 by likelihood" in err


def test_the_best_of_no_new_documents_is_none(folder, capsys):
    out, err = written(folder, capsys, "--new", "--best-of=3", "--length=1")
    assert out == "" and "only 0 of 3 new documents found" in err


def test_documents_that_are_not_new_are_told_apart(folder):
    sampler = charrnn.Sampler(folder / "model.keras")
    known = KnownDocuments.read(folder)
    found = charrnn.new_documents(sampler, known, count=50, length=5)
    drawn = [s.text for s in found.samples]
    assert set(known.places(drawn)) == {"new"}
    assert found.places["new"] == 50
    assert len(set(drawn)) == 50
    assert [n for n in found.places if not found.places[n]] == ["dead_end"]
    assert found.drawn == sum(found.places.values()) < 50 * 50


def test_a_search_for_new_documents_ends(folder):
    sampler = charrnn.Sampler(folder / "model.keras")
    known = KnownDocuments(digests(["a", "b", "n"]), digests([]))
    found = charrnn.new_documents(sampler, known, count=2, length=0)
    assert not found.samples and found.places["unfinished"] == 100


@pytest.mark.parametrize("flags, wanted", [
    (["--stop-after=nn"], r".*nn|[^\n]*"),
    (["--stop=nn"], r"((?!nn).)*"),
])  # fmt: skip
def test_a_document_that_a_string_ends_is_finished(
    folder, capsys, flags, wanted
):
    flags = [*flags, "--new", "--count=20", "--prompt=ann"]
    out, err = written(folder, capsys, *flags)
    assert len(out.splitlines()) == 20
    assert all(re.fullmatch(wanted, line[3:]) for line in out.splitlines())
    assert "only" not in err
    # With any unit that ends it, none is left to be cut.
    always = [f"--stop-after={letter}" for letter in "abn"]
    out, err = written(folder, capsys, "--new", "--count=3", *always)
    assert "cut" not in err


class Stuck:
    """After one unit nothing may follow, though the text may not end."""

    def start(self, prompt):
        return 0

    def allowed(self, state, left):
        return np.full(4, state == 0)

    def advance(self, state, unit):
        return 1

    def can_finish(self, state):
        return False


def test_dead_ends_among_new_documents_are_told_as_such(folder, capsys):
    sampler = charrnn.Sampler(folder / "model.keras")
    known = KnownDocuments.read(folder)
    how = {"count": 2, "length": 9, "constraints": [Stuck()]}
    assert draw_new(known, sampler, "", how) == []
    err = capsys.readouterr().err
    assert "100 ended unfinished: the constraints let nothing follow" in err
    assert "only 0 of 2 new documents found" in err and "cut" not in err


@pytest.mark.parametrize("flags", [
    ["--match=ba[bn]b"],  # the form leaves two
    ["--match=[ab]{2}", "--stop-after=ab"],
    ["--length=1"],  # nothing is finished
], ids=str)  # fmt: skip
def test_too_few_new_documents_are_told(folder, capsys, flags):
    out, err = written(folder, capsys, "--new", "--count=5", *flags)
    found = len(out.splitlines())
    assert found < 5
    assert f"(only {found} of 5 new documents found after 250 drawn)" in err
    assert ("cut at --length" in err) == (flags == ["--length=1"])


def test_new_ones_of_a_mixture_are_new_to_all_models(
    folder, made, tmp_path, capsys
):
    other = Path(shutil.copytree(made, tmp_path / "other"))
    words = ["bab", "aa", "nn"]
    KnownDocuments(digests(words), digests([])).write(other)
    more = ["--count=300", "--new", f"--mix={other}:0.5"]
    names = written(folder, capsys, *more).out.splitlines()
    assert len(names) == 300
    assert not set(names) & {*NAMES, *words}
    (other / "documents.bin").unlink()
    assert main(["generate", "--model", str(folder), *more]) == 2
    assert f"beside '{other / 'model.keras'}'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--model", "shakespeare", "--new"], "Expected a model of documents"),
        (["--new"], "Expected the training text after --new"),
        (["--new", "nothing.txt"], "no such file"),
        (["--prompt", "a\nb"], "Received '\\n' (U+000A) at position 1"),
    ],
)
def test_mistakes_are_told_in_a_line(folder, capsys, words, message):
    (folder / "documents.bin").unlink()
    model = ["--model", str(folder / "model.keras")]
    words = words if "--model" in words else [*model, *words]
    assert main(["generate", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


@pytest.mark.parametrize(
    ("unit", "by"),
    [
        ("character", "files"),
        ("byte", "\n%\n"),
        pytest.param("word", "files", marks=pytest.mark.slow),
        pytest.param("word", "\n%\n", marks=pytest.mark.slow),
        pytest.param("character", "\n%\n", marks=pytest.mark.slow),
        pytest.param("byte", "files", marks=pytest.mark.slow),
    ],
)
def test_other_documents_are_written_as_they_are_read(
    unit, by, tmp_path, capsys
):
    documents = ["one\ntwo", "two\none", "one two"]
    model, vocabulary = model_of(unit, by, documents)
    charrnn.save(model, tmp_path / "model.keras", vocabulary)
    text = written(tmp_path, capsys, "--count=4", "--length=40").out
    if by == "files":
        assert text.count("--- sample") == 4
    else:
        assert text.count(by) >= 3 and text.endswith(by)


def scored(folder, capsys, text, *words):
    path = folder / "scored.txt"
    path.write_bytes(text.encode())
    model = str(folder / "model.keras")
    assert main(["score", model, str(path), "--json", *words]) == 0
    return json.loads(capsys.readouterr().out)


def nats_by_hand(folder, name):
    """-ln p of a document's units and its end, a step at a time."""
    engine = charrnn.load(folder / "model.keras")
    boundary, state, nats = engine.vocabulary.boundary, None, 0.0
    ids = [boundary, *engine.vocabulary.inner.encode(name), boundary]
    state = engine.zero_state(1)
    for now, following in itertools.pairwise(ids):
        (logits,), state = engine.step([now], state)
        nats += np.log(np.exp(logits).sum()) - logits[following]
    return nats


@pytest.mark.parametrize("flag", ["--lines", "--each"])
@pytest.mark.parametrize("text", ["ban\r\nanna\n\nab", "ab\nanna\nban\n"])
def test_lines_are_scored_as_documents(folder, capsys, flag, text):
    rows = scored(folder, capsys, text, flag)
    assert len(rows) == 3
    for row in rows:
        assert row["characters"] == len(row["content"]) + 1
        expected = nats_by_hand(folder, row["content"])
        assert row["nats"] == pytest.approx(expected, rel=1e-5)
        assert "as a document" in row["method"]


def test_a_text_is_scored_by_its_documents(folder, capsys):
    (row,) = scored(folder, capsys, "ban\n\nanna\nab")
    names = ["ban", "anna", "ab"]
    expected = sum(nats_by_hand(folder, name) for name in names)
    assert row["nats"] == pytest.approx(expected, rel=1e-5)
    assert row["characters"] == 3 + len("".join(names))
    assert row["method"] == "each document from its start to its end"
    scores = charrnn.score(folder / "model.keras", "ban\n\nanna\nab")
    assert float(scores.nats.sum()) == pytest.approx(expected, rel=1e-5)


def test_a_document_is_scored_alike_among_others(folder):
    text = "".join(f"{name}\n" for name in NAMES * 500)
    engine = charrnn.load(folder / "model.keras")
    nats = charrnn.score(engine, text).nats
    one = charrnn.score(engine, "".join(f"{name}\n" for name in NAMES)).nats
    assert nats.reshape(500, -1) == pytest.approx(np.tile(one, (500, 1)))


def test_the_end_of_a_document_ends_its_last_word(folder):
    engine = charrnn.load(folder / "model.keras")
    boundary = engine.vocabulary.boundary
    (logits,), _ = engine.step([boundary], engine.zero_state(1))
    first = logits[engine.vocabulary.inner.encode("n")[0]]
    nats_of_first = np.log(np.exp(logits).sum()) - first
    found = charrnn.next_words(engine, "n", 20)
    completed = [word for word in found if word.typed]  # of this document
    assert len(completed) > 5
    for word in completed:
        nats = nats_by_hand(folder, word.word) - nats_of_first
        assert word.probability == pytest.approx(np.exp(-nats), rel=1e-4)


def test_baselines_learn_the_documents_that_were_learnt(folder, capsys):
    text = str(folder / "names.txt")
    (row,) = scored(
        folder, capsys, "anna\nbob\n".replace("o", "a"), "--baselines", text
    )
    assert row["baselines_nats_per_character"]["5-gram"] > 0


@pytest.mark.slow
def test_documents_are_scored_while_learning(folder, capsys):
    text = "\n".join(NAMES * 20)
    rows = scored(folder, capsys, text, "--adapt")
    fixed, adapted = sorted(rows, key=lambda row: row["adapted"])
    assert adapted["nats"] < fixed["nats"]
    kept = charrnn.score_adapting(
        folder / "model.keras", None, text, learning_rate=0, decay=0
    )
    assert float(kept.nats.sum()) == pytest.approx(fixed["nats"], rel=1e-4)


@pytest.mark.parametrize(
    ("unit", "by"),
    [
        ("character", "lines"),
        ("byte", "\n%\n"),
        *(
            pytest.param(unit, by, marks=pytest.mark.slow)
            for unit in ("character", "word", "byte")
            for by in ("lines", "\n%\n", "files")
            if (unit, by) not in {("character", "lines"), ("byte", "\n%\n")}
        ),
    ],
)
def test_surprise_shows_each_document(unit, by, tmp_path, capsys):
    documents = ["one two", "two", "one two one"]
    model, vocabulary = model_of(unit, by, documents)
    charrnn.save(model, tmp_path / "model.keras", vocabulary)
    text = (by if by in ("\n%\n",) else "\n").join(documents)
    if by == "files":
        text = documents[-1]
    (tmp_path / "text.txt").write_text(text, encoding="utf-8")
    words = [str(tmp_path / "model.keras"), str(tmp_path / "text.txt")]
    assert main(["surprise", *words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    scored = charrnn.score(*words[:1], text)
    bits = [unit_of["bits"] for unit_of in found[f"{unit}s"]]
    assert sum(bits) == pytest.approx(scored.nats.sum() / np.log(2), rel=1e-5)
    assert main(["surprise", *words]) == 0
    shown = capsys.readouterr().out.splitlines()
    lines = [line.split(" | ")[1].rstrip("\u21b5") for line in shown[:-2]]
    assert lines == (documents[-1:] if by == "files" else documents)
    assert "(each document from its start to its end)" in shown[-1]
    assert main(["surprise", *words, "--typos"]) == 0
    places = re.findall(r"(\d+):\d+ ", capsys.readouterr().out)
    assert {*map(int, places)} <= {*range(1, len(documents) + 1)}


@pytest.mark.parametrize("unit", ["character", "word", "byte"])
def test_neurons_are_followed_through_each_document(unit):
    # Weights that are not small, so that the state matters.
    model, vocabulary = model_of(unit, "\n%\n", ["one two", "Zwei", "né"])
    random = np.random.default_rng(0)
    shapes = [weights.shape for weights in model.get_weights()]
    model.set_weights([random.normal(0, 1, shape) for shape in shapes])
    documents = ["one two", "Zwei", "one two", "né", "one two"]
    text = "\n%\n".join(documents)
    found = charrnn.read_neurons(model, text, vocabulary=vocabulary)
    shown = "".join(f"\n{document}" for document in documents) + "\n"
    assert found.text == shown and found.units
    starts = [match.end() for match in re.finditer("\none two", shown)]
    for unit_found in found.units:
        first, *others = (
            unit_found.activations[start - 7 : start] for start in starts
        )
        assert len(set(first.tolist())) > 1
        for other in others:
            np.testing.assert_allclose(other, first, atol=1e-6)


def test_neurons_of_documents_are_shown(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(neurons.Unit, "clear", True)
    text, page = str(folder / "names.txt"), tmp_path / "page.html"
    words = ["neurons", str(folder / "model.keras"), text]
    assert main([*words, "--html", str(page)]) == 0
    assert "position in line" in capsys.readouterr().out
    first = re.search(r"<pre>(.*?)</pre>", page.read_text("utf-8"), re.DOTALL)
    shown = re.sub("<.*?>", "", first[1]).split("\u21b5\n")
    assert shown[1:-1] == NAMES


def test_lines_alone_are_not_adapted_to(folder, capsys):
    words = ["score", str(folder / "model.keras"), str(folder / "names.txt")]
    assert main([*words, "--lines", "--adapt"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "Expected --lines or --adapt" in line
