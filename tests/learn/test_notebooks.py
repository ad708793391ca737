"""The notebooks of the course run, and show what they print when they run."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

import charrnn

ROOT = Path(charrnn.__file__).parent.parent
SPEC = importlib.util.spec_from_file_location(
    "notebooks", ROOT / "docs/notebooks.py"
)
notebooks = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(notebooks)

COURSE = pytest.mark.parametrize(
    "path", notebooks.NOTEBOOKS, ids=lambda path: path.stem
)
NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
# How far a number may be from that of another machine or version.
RELATIVE, ABSOLUTE = 0.02, 0.02


def texts(cell):
    """What a cell prints, in one."""
    found = []
    for output in cell["outputs"]:
        assert output.get("name") != "stderr", output
        if output["output_type"] == "stream":
            found += output["text"]
        else:
            found += output["data"].get("text/plain", [])
    return "".join(found)


def kinds(cell):
    return [notebooks.kind_of(output) for output in cell["outputs"]]


def words(text):
    return NUMBER.sub("#", text).split()


def same(shown, made):
    """Whether two texts differ in the last digits of numbers only."""
    if words(shown) != words(made):
        return False
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(made), strict=True)
    return all(
        abs(x - y) <= max(ABSOLUTE, RELATIVE * abs(x))
        for x, y in (
            [float(number.replace(",", "")) for number in pair]
            for pair in pairs
        )
    )


def test_numbers_are_compared_by_their_size():
    assert same("p = 0.51, 1,234 bits", "p = 0.52, 1,235 bits")
    assert not same("p = 0.51", "p = 0.71")
    assert not same("p = 0.51", "q = 0.51")
    assert not same("1 2", "1")


def test_the_course_has_five_pages():
    assert [path.stem[:2] for path in notebooks.NOTEBOOKS] == [
        "1-", "2-", "3-", "4-", "5-",
    ]  # fmt: skip


@COURSE
def test_a_page_says_first_which_model_it_is_about(path):
    first, *others = notebooks.code_of(notebooks.read(path))
    assert "".join(first["source"]).startswith('MODEL = "shakespeare"')
    for cell in others:
        assert '"shakespeare"' not in "".join(cell["source"])


@COURSE
def test_what_a_page_shows_is_of_the_code_it_shows(path):
    notebook = notebooks.read(path)
    run = notebook["metadata"].get("charrnn", {}).get("outputs_of")
    assert run == notebooks.digest(notebook), (
        f"Expected outputs of the present code. Run python docs/notebooks.py "
        f"{path.relative_to(ROOT)}"
    )
    code = notebooks.code_of(notebook)
    counts = [cell["execution_count"] for cell in code]
    assert counts == list(range(1, len(code) + 1))
    assert path.stat().st_size < 400_000


@COURSE
def test_a_page_shows_no_warnings(path):
    for cell in notebooks.code_of(notebooks.read(path)):
        assert "stderr" not in {o.get("name") for o in cell["outputs"]}


def test_only_logs_of_tensorflow_are_left_out():
    def run(text, name="stderr"):
        output = {"output_type": "stream", "name": name, "text": text}
        cell = {"cell_type": "code", "metadata": {}, "outputs": [output]}
        notebook = {"cells": [cell], "metadata": {"kernelspec": {}}}
        return notebooks._tidy(notebook, "")["cells"][0]["outputs"]

    logged = ["I0000 00:00 port.cc:153] oneDNN is on.\n", "E0000 cuInit\n"]
    assert run(logged) == []
    assert run(logged, "stdout")
    assert run([*logged, "UserWarning: overflow\n"])


@COURSE
def test_a_page_names_no_place_of_a_machine(path):
    shown = "".join(
        json.dumps(cell["outputs"])
        for cell in notebooks.code_of(notebooks.read(path))
    )
    assert not re.search(r"/(?:home|root|tmp|Users)/|site-packages", shown)
    assert str(ROOT) not in shown


@COURSE
def test_pictures_are_described(path):
    for cell in notebooks.code_of(notebooks.read(path)):
        pictures = [kind for kind in kinds(cell) if kind.startswith("image/")]
        assert len(pictures) <= 1  # each is described by itself
        if pictures:
            assert len(cell["metadata"].get("alt", "")) >= 40


@COURSE
def test_a_page_has_exercises_with_folded_answers(path):
    notebook = notebooks.read(path)
    text = "".join(
        "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["cell_type"] == "markdown"
    )
    _, exercises = text.split("## Exercises")
    folded = sum(map(notebooks.is_folded, notebook["cells"]))
    answers = exercises.count("<summary>Answer</summary>") + folded
    assert answers == len(re.findall(r"\*\*\d+\.\*\*", exercises)) >= 4


@COURSE
def test_a_page_of_the_site_has_all_of_the_notebook(path):
    notebook = notebooks.read(path)
    page, pictures = notebooks.as_page(notebook, path.stem)
    for cell in notebook["cells"]:
        source = "".join(cell["source"]).replace(
            "<details>", '<details markdown="1">'
        )
        assert source in page
        if cell["cell_type"] == "code" and cell["outputs"]:
            assert not kinds(cell) == ["stream"] or texts(cell).strip() in page
    assert set(re.findall(r"\]\((\S+\.(?:svg|png))\)", page)) == set(pictures)
    assert all(len(picture) > 1000 for picture in pictures.values())


def test_links_between_notebooks_lead_to_pages():
    text = "[a](2-learning.ipynb) [b](docs/learn/1-network.ipynb#x)"
    pages = "[a](2-learning.md) [b](docs/learn/1-network.md#x)"
    assert notebooks.to_pages(text) == pages
    kept = "[c](examples/train_your_text.ipynb) `2-learning.ipynb`"
    assert notebooks.to_pages(kept) == kept


@pytest.mark.slow
@COURSE
def test_a_page_shows_what_it_prints(path, tmp_path):
    pytest.importorskip("nbclient")
    shown = notebooks.code_of(notebooks.read(path))
    run = notebooks.run(notebooks.read(path), tmp_path)
    for old, new in zip(shown, notebooks.code_of(run), strict=True):
        assert kinds(new) == kinds(old)
        if "trains" in old["metadata"].get("tags", ()):
            assert words(texts(new)) == words(texts(old))
        else:
            assert same(texts(old), texts(new)), texts(new)
    assert list(tmp_path.iterdir()) == []
