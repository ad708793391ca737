"""The source archive holds all that the README names, and its links work."""

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

import charrnn

ROOT = Path(charrnn.__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#:]+)\)")
PICTURE = re.compile(r"!\[([^\]]+)\]\(([^)#:]+)\)")
ROOMS = ("charrnn", "tests", "docs", "benchmarks", "examples")


@pytest.fixture(scope="module")
def archived(tmp_path_factory):
    """The names of the files in a source archive, without making it."""
    pytest.importorskip("setuptools")
    folder = tmp_path_factory.mktemp("archive")
    subprocess.run(
        [
            *(sys.executable, "-c", "import setuptools; setuptools.setup()"),
            *("-q", "egg_info", "--egg-base", folder),
        ],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    listed = folder / "charrnn.egg-info/SOURCES.txt"
    return set(listed.read_text("utf-8").splitlines())


@pytest.mark.parametrize("room", ROOMS)
def test_the_source_archive_holds_all_files(room, archived):
    there = {
        str(path.relative_to(ROOT).as_posix())
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert there
    assert there <= archived


def test_the_source_archive_can_be_tested(archived):
    """What `pip install -e '.[test]' && python -m pytest` reads."""
    needed = {"pyproject.toml", "setup.cfg", "README.md", "LICENSE", ".ci/run"}
    needed |= {"CONTRIBUTING.md", "mkdocs.yml"}
    scripts = {"train.py", "generate.py", "tests/conftest.py"}
    assert needed | scripts <= archived
    assert not any("__pycache__" in name for name in archived)
    assert not any(name.startswith("runs/") for name in archived)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_of_the_archive(page, archived):
    text = page.read_text("utf-8")
    for words, target in [*LINK.findall(text), *PICTURE.findall(text)]:
        path = (page.parent / target).resolve().relative_to(ROOT).as_posix()
        folder = any(name.startswith(f"{path}/") for name in archived)
        assert path in archived or folder, words


def test_links_of_the_readme_can_be_read_without_being_followed():
    """A package's page shows the README where its files are not."""
    links = LINK.findall((ROOT / "README.md").read_text("utf-8"))
    assert len(links) > 5
    for words, target in links:
        assert words == target


def test_requirements_have_floors():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    required = config["options"]["install_requires"].split()
    assert all(re.fullmatch(r"\w+>=[\d.]+", word) for word in required)
