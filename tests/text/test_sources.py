"""What a user names are the files that were meant, and no others."""

import os

import pytest

from charrnn.text import catalogue, corpus, sources
from charrnn.text.sources import expanded, texts, told

RUNS = [
    ["checkpoint-000000012.npz"],
    ["model.keras", "metrics.json"],
    ["model.keras", "samples.txt"],
    ["metrics.json", "samples.txt"],
    ["checkpoint-1234567890.npz", "model.keras", "samples.txt", "loss.png"],
]
NO_RUNS = [
    [],
    ["model.keras"],
    ["samples.txt"],
    ["metrics.json", "checkpoint-best-so-far.npz"],
]


@pytest.fixture
def make(tmp_path, monkeypatch):
    """A function that makes files, each of which holds its own name."""
    monkeypatch.chdir(tmp_path)

    def make(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{name}\n", encoding="utf-8")

    return make


def names(paths):
    return [path.as_posix() for path in paths]


@pytest.mark.parametrize("files", RUNS)
@pytest.mark.parametrize("place", ["runs/book-1", "deep/er/run", "old"])
def test_runs_in_a_folder_of_texts_are_left_out(make, files, place):
    make("book/a.txt", *(f"book/{place}/{file}" for file in files))
    make(f"book/{place}/more.txt")
    found, left_out = texts("book")
    assert names(found) == ["book/a.txt"]
    assert left_out == {"run": 1}


@pytest.mark.parametrize("files", NO_RUNS)
def test_other_folders_are_no_runs(make, files):
    make("book/a/b.txt", *(f"book/a/{file}" for file in files))
    found, left_out = texts("book")
    assert "book/a/b.txt" in names(found) and "run" not in left_out


def test_the_folder_of_a_run_is_no_text(make):
    make("run/samples.txt", "run/model.keras")
    with pytest.raises(ValueError, match="the folder of a run"):
        texts("run")
    assert names(texts("run/samples.txt")[0]) == ["run/samples.txt"]


def test_a_given_folder_is_left_out(make):
    make("book/a.txt", "book/out/notes.txt")
    found, left_out = texts("book", without=["book/x/../out", None])
    assert names(found) == ["book/a.txt"] and left_out == {"run": 1}


def test_what_is_left_out_is_counted_by_kind(make):
    make("a.txt", "B.TXT", "c.Txt", "d/e.tXT", "._a.txt", ".git/f.txt")
    make(".DS_Store", "g.md", "h.md", "i.PDF", "README", "d/j.md")
    found, left_out = texts(".")
    assert names(found) == ["B.TXT", "a.txt", "c.Txt", "d/e.tXT"]
    assert told(left_out) == "3 hidden, 3 .md, 1 .PDF, 1 without a suffix"


def test_of_many_suffixes_only_some_are_named():
    left_out = {f".{n}": 1 for n in range(9)}
    assert told(left_out).endswith("1 .4, 4 with other suffixes")


@pytest.mark.skipif(os.name != "posix", reason="needs links")
def test_a_linked_folder_is_not_followed(make, tmp_path):
    make("book/a.txt", "other/b.txt")
    (tmp_path / "book/other").symlink_to("../other")
    (tmp_path / "book/self").symlink_to(".")
    found, left_out = texts("book")
    assert names(found) == ["book/a.txt"]
    assert told(left_out) == "2 linked folders"


def test_a_folder_that_cannot_be_read_is_an_error(make, monkeypatch):
    make("book/a.txt", "book/secret/b.txt")
    listdir, scandir = os.listdir, os.scandir

    def refusing(function):
        def look(path):
            if "secret" in str(path):
                raise PermissionError(13, "Permission denied", str(path))
            return function(path)

        return look

    monkeypatch.setattr(os, "listdir", refusing(listdir))
    with pytest.raises(PermissionError, match="secret"):
        corpus.read("book")
    monkeypatch.setattr(os, "listdir", listdir)
    monkeypatch.setattr(os, "scandir", refusing(scandir))
    with pytest.raises(PermissionError, match="secret"):
        corpus.read("book")


def test_globs_are_sorted_and_keep_their_place(make):
    make("z.txt", "t/b.txt", "t/a.txt", "t/.c.txt", "t/d.md")
    found = expanded(["z.txt", "t/*.txt", "t/d.[m]d", "-"])
    assert [name.replace(os.sep, "/") for name in found] == [
        "z.txt", "t/a.txt", "t/b.txt", "t/d.md", "-",
    ]  # fmt: skip


def test_a_name_that_exists_is_no_glob(make):
    make("a[1].txt", "a1.txt")
    assert corpus.read("a[1].txt") == "a[1].txt\n"
    assert corpus.read("a[12].txt") == "a1.txt\n"


def test_a_recursive_glob_leaves_runs_out(make):
    make("a.txt", "deep/b.txt", "runs/a-1/samples.txt", "runs/a-1/model.keras")
    assert corpus.read("**/*.txt") == "a.txt\ndeep/b.txt\n"
    assert corpus.read("runs/*/samples.txt") == "runs/a-1/samples.txt\n"
    assert corpus.read("runs/a-1/**/*.txt") == "runs/a-1/samples.txt\n"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ([], "at least one text"),
        (["-", "a.txt", "-"], "'-' at most once"),
        ("*.nothing", "Received none"),
        (["a.txt", "nowhere.txt"], "no such file exists"),
        ("folder", "none \\(1 .md left out\\)"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(make, source, reason):
    make("a.txt", "folder/b.md")
    with pytest.raises(ValueError, match=reason):
        corpus.read(source)


def test_several_texts_are_read_in_the_order_given(make, monkeypatch):
    monkeypatch.setattr(catalogue, "names", lambda: ["sonnets"])
    monkeypatch.setattr(catalogue, "corpus_text", lambda name, say: "14")
    make("b.txt", "a.txt", "folder/2.txt", "folder/1.txt")
    said = []
    text = corpus.read(["b.txt", "sonnets", "folder", "a.txt"], say=said.append)
    assert text.splitlines() == [
        "b.txt", "14", "folder/1.txt", "folder/2.txt", "a.txt",
    ]  # fmt: skip
    assert said == [
        "folder: 2 files read",
        "b.txt, sonnets, folder, a.txt: 5 files read",
    ]


def test_titles_name_some_of_many():
    assert sources.title(["-", "a"]) == "standard input, a"
    assert sources.title([f"{n}.txt" for n in range(40)]) == (
        "0.txt and 39 others"
    )
