"""A text that would be learnt twice is refused, or told of."""

import os

import pytest

import charrnn
from charrnn.text import corpus, repeats
from charrnn.text.repeats import check_read_once, copies


@pytest.fixture
def make(tmp_path, monkeypatch):
    """A function that makes files in the working directory."""
    monkeypatch.chdir(tmp_path)

    def make(**texts):
        for name, text in texts.items():
            path = tmp_path / name.replace("__", "/")
            path = path.with_name(f"{path.name}.txt")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")

    return make


@pytest.mark.parametrize(
    ("named", "received"),
    [
        (["a.txt", "a.txt"], r"'a\.txt' twice"),
        (["a.txt", "./book/../a.txt"], r"as 'a\.txt' and as 'book/../a\.txt'"),
        (["book/b.txt", "book"], r"'book/b\.txt' twice"),
        (["*.txt", "a*"], r"'a\.txt' twice"),
        (["book", "book"], r"'book/b\.txt' twice"),
        (["python", "a.txt", "python"], "'python' twice"),
    ],
)
def test_a_text_named_twice_is_refused(make, named, received):
    make(a="one", book__b="two")
    if os.sep == "\\":
        named = [name.replace("/", os.sep) for name in named]
    with pytest.raises(ValueError, match=f"once. Received .*{received}"):
        corpus.Text(named)


@pytest.mark.slow
def test_a_run_begun_with_such_a_text_goes_on(make, monkeypatch):
    make(a="A ship, a ship at sea. " * 60)
    small = {"units": 4, "layers": 1, "seq_length": 8, "batch_size": 2}
    small |= {"out": "run", "verbose": 0}
    with monkeypatch.context() as before:
        before.setattr(repeats, "check_read_once", lambda names: None)
        charrnn.train(["a.txt", "a.txt"], epochs=1, **small)
    run = charrnn.train(["a.txt", "a.txt"], epochs=2, **small)
    assert run.metrics["epochs"] == 2
    with pytest.raises(ValueError, match=r"once. Received 'a\.txt' twice"):
        charrnn.train(["a.txt", "a.txt"], epochs=1, **{**small, "out": "new"})


@pytest.mark.skipif(os.name != "posix", reason="needs links")
@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_links_to_one_file_are_one_text(make, link):
    make(book__a="one")
    link(os.path.abspath("book/a.txt"), "book/b.txt")
    with pytest.raises(ValueError, match=r"'book/a\.txt' and as 'book/b\.txt'"):
        corpus.read("book")


def test_the_order_of_texts_stays(make):
    make(b="two", a="one", c="two and three")
    assert (
        corpus.read(["b.txt", "a.txt", "c.txt"]) == "two\none\ntwo and three\n"
    )
    check_read_once([])
    check_read_once(["standard input", "no such file", "\0"])


def test_copies_are_told_and_read(make):
    make(book__a="same", book__b="other", book__c="same", book__d="same")
    said = []
    assert corpus.read("book", say=said.append) == "same\nother\nsame\nsame\n"
    (line,) = (line for line in said if "copy" in line)
    assert line.startswith(
        f"book: {os.path.join('book', 'c.txt')} is a copy of "
        f"{os.path.join('book', 'a.txt')} and 1 more: "
    )


def test_only_files_alike_to_the_end_are_copies(make, tmp_path):
    long = "x" * 5000
    make(a=long + "a", b=long + "b", c="x", d=long + "b", e="", f="")
    found = copies(sorted(tmp_path.iterdir()))
    assert [(a.name, b.name) for a, b in found] == [("b.txt", "d.txt")]


def test_a_file_that_none_equals_in_size_is_not_read(
    make, tmp_path, monkeypatch
):
    make(a="1", b="22", c="333")
    monkeypatch.setattr(type(tmp_path), "open", pytest.fail)
    assert copies(sorted(tmp_path.iterdir())) == []
