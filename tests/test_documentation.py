"""The README and docs/ are complete, short, and tell of what is there."""

import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import charrnn
from charrnn.commands.parser import Parser
from charrnn.commands.verbs import VERBS

ROOT = Path(charrnn.__file__).parent.parent
README = ROOT / "README.md"
GUIDES = sorted((ROOT / "docs").glob("*.md"))
# Tables of what was measured, and what follows from it.
RECORDS = {"reliability.md", "results.md", "scale.md"}
PAGES = [
    README,
    *GUIDES,
    *(ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md")),
    *(ROOT / room / "README.md" for room in ("benchmarks", "corpora")),
]
MODULES = [
    path
    for room in ("charrnn", "tests", "benchmarks", "docs")
    for path in (ROOT / room).rglob("*.py")
]
ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
}  # fmt: skip
MADE = re.compile(r"docs/(api|rooms/\w+)\.md")  # from docstrings
LESSONS = {
    path.with_suffix(".md").relative_to(ROOT).as_posix()
    for path in (ROOT / "docs/learn").glob("*.ipynb")
}


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def navigation():
    """The pages that mkdocs.yml names, in order."""
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    (block,) = re.findall(r"^nav:\n((?: +.*\n)+)", text, re.M)
    return re.findall(r": (\S+\.md)$", block, re.M)


def test_the_readme_is_short_and_has_small_pictures():
    text = README.read_text("utf-8")
    assert len(text.split()) <= 1000
    pictures = re.findall(r"!\[[^\]]{40,}\]\(([^)]+)\)", text)
    assert len(pictures) == text.count("![") > 0
    for picture in pictures:
        assert (ROOT / picture).stat().st_size < 200_000


@pytest.mark.parametrize("page", GUIDES, ids=name_of)
def test_the_readme_leads_to_every_guide(page):
    assert f"]({name_of(page)})" in README.read_text("utf-8")


@pytest.mark.parametrize("page", GUIDES, ids=name_of)
def test_a_guide_is_read_in_minutes(page):
    if page.name not in RECORDS:
        assert len(page.read_text("utf-8").split()) < 900


def test_no_two_guides_make_files_of_the_same_name():
    # A reader who follows both would go on with the wrong one.
    makes = re.compile(r"(?:\btee |[^-]> |\bWith `)([\w-]+\.txt)\b")
    made = [
        name
        for page in (README, *GUIDES)
        for name in sorted(set(makes.findall(page.read_text("utf-8"))))
    ]
    assert len(made) > 4
    assert sorted(made) == sorted(set(made))


def test_the_site_has_every_page_once():
    named = navigation()
    assert len(set(named)) == len(named)
    assert {name_of(page) for page in PAGES} <= set(named)
    assert set(named) >= LESSONS
    there = {n for n in named if not MADE.fullmatch(n)} - LESSONS
    assert all((ROOT / name).is_file() for name in there)


def test_the_site_has_a_page_for_every_room():
    rooms = [
        path.parent.name for path in (ROOT / "charrnn").glob("*/__init__.py")
    ]
    named = [name for name in navigation() if MADE.fullmatch(name)]
    expected = ["docs/api.md", *(f"docs/rooms/{room}.md" for room in rooms)]
    assert sorted(named) == sorted(expected)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_that_a_page_names_are_there(page):
    text = page.read_text("utf-8")
    places = r"charrnn|tests|docs|benchmarks|corpora|examples|\.ci"
    for path in re.findall(rf"`((?:{places})/[\w/.-]*)`", text):
        assert (ROOT / path).exists(), path
    scripts = {path.name for path in [*ROOT.glob("*.py"), *MODULES]}
    assert set(re.findall(r"`(\w+\.py)`", text)) <= scripts


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_constants_that_a_page_names_are_in_the_code(page):
    code = "\n".join(path.read_text("utf-8") for path in MODULES)
    text = page.read_text("utf-8")
    for name in re.findall(r"`([A-Z]+_[A-Z_]+)`", text):
        assert name in code or name in ENVIRONMENT, name


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_names_that_a_page_takes_from_charrnn_are_public(page):
    text = page.read_text("utf-8")
    code = re.findall(r"`[^`\n]+`|```python\n.*?```", text, re.S)
    for name in re.findall(r"(?<![\w./-])charrnn\.(\w+)", "\n".join(code)):
        assert name == "json" or hasattr(charrnn, name), name


def commands(page):
    """The command lines of charrnn that a page shows, as lists of words."""
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.S)
    for line in "".join(blocks).splitlines():
        words = shlex.split(line, comments=True)
        while "&&" in words:
            words = words[words.index("&&") + 1 :]
        for stop in (">", "|"):
            if stop in words:
                words = words[: words.index(stop)]
        words = [word for word in words if "=" not in word or word[0] == "-"]
        if words[:1] == ["charrnn"]:
            yield words[1:]
        elif words[:1] == ["python"] and words[1] in (
            "train.py",
            "generate.py",
        ):
            yield [words[1].removesuffix(".py"), *words[2:]]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_of_a_page_can_be_read(page):
    for verb, *flags in commands(page):
        if verb == "VERB":
            continue
        parser = Parser(verb)
        module = importlib.import_module(f"charrnn.commands.{verb}")
        module.add_arguments(parser)
        parser.parse_args(flags)  # an error leaves the process


def test_every_verb_is_shown_and_said_to_need_keras_or_not():
    shown = {verb for verb, *_ in commands(ROOT / "docs/commands.md")}
    assert shown == set(VERBS)
    text = (ROOT / "docs/installing.md").read_text("utf-8")
    assert all(f"`{verb}" in text for verb in VERBS)


def test_commands_are_found():
    assert ["score", "runs/my-1", "letter.txt", "--lines"] in list(
        commands(ROOT / "docs/commands.md")
    )
    found = list(commands(README))
    assert ["generate", "--prompt", "ROMEO:"] in found
    assert ["train", "shakespeare", "--minutes", "5"] in found


@pytest.mark.slow
def test_the_site_asks_nothing_of_the_network(tmp_path):
    pytest.importorskip("mkdocs")
    pytest.importorskip("mkdocstrings")
    result = subprocess.run(
        [
            *(sys.executable, "-m", "mkdocs", "build", "--strict"),
            *("--site-dir", tmp_path),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert "WARNING" not in result.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 25
    asked = r'(?:src="|url\(|@import |<link[^>]* href=")["\']?(?:https?:)?//'
    for path in [*pages, *tmp_path.rglob("*.css")]:
        assert not re.search(asked, path.read_text("utf-8")), path.name
