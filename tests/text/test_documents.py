"""Texts are divided into documents, and nothing of a document is lost."""

import itertools

import pytest

from charrnn.text.corpus import Text
from charrnn.text.documents import (
    check_division,
    meant,
    split,
    split_pieces,
)

POEMS = "One,\ntwo.\n\nThree.\n\n\n\nFour\n"


@pytest.mark.parametrize(
    ("text", "by", "documents"),
    [
        ("Ann\nBob\r\nEve\rIda", "lines", ["Ann", "Bob", "Eve", "Ida"]),
        ("\n\nAnn\n  \n\tBob \n", "lines", ["Ann", "\tBob "]),
        ("a\x0cb\u2028c\n", "lines", ["a\x0cb\u2028c"]),  # no line ends
        (POEMS, "\n\n", ["One,\ntwo.", "Three.", "Four"]),
        ("a\n%\nb%c\n%\n%\n", "\n%\n", ["a", "b%c", "%"]),
        ("tea--coffee----", "--", ["tea", "coffee"]),
        ("Ann\nBob\n", "files", ["Ann\nBob\n"]),
        (" \n", "files", []),
        ("", "lines", []),
    ],
)
def test_documents_are_what_stands_between(text, by, documents):
    assert split(text, by) == documents


@pytest.mark.parametrize("by", ["lines", "\n\n", "Three", "files"])
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_cuts_between_pieces_change_nothing(by, size):
    pieces = (
        map("".join, itertools.batched(POEMS, size))
        if hasattr(itertools, "batched")
        else (POEMS[i : i + size] for i in range(0, len(POEMS), size))
    )
    assert list(split_pieces(pieces, by)) == split(POEMS, by)


@pytest.mark.parametrize("by", ["", None, 3, "x" * 101, "\ud800"])
def test_other_divisions_are_refused(by):
    with pytest.raises(ValueError, match="^Expected"):
        check_division(by)


def test_no_document_spans_two_files(tmp_path):
    for name, text in [("a", "\ufeffOne\n\nTwo"), ("b", "Three"), ("c", "")]:
        path = tmp_path / f"{name}.txt"
        path.write_text(text, encoding="utf-8", newline="")
    text = Text(tmp_path)
    assert list(text.documents("\n\n")) == ["One", "Two", "Three"]
    assert list(text.documents("lines")) == ["One", "Two", "Three"]
    assert list(text.documents("files")) == ["One\n\nTwo", "Three"]


@pytest.mark.parametrize("newline", ["lf", "keep"])
def test_line_ends_and_normal_forms_come_first(tmp_path, newline):
    path = tmp_path / "a.txt"
    path.write_bytes("cafe\u0301\r\n\r\nthe\u0301".encode())
    text = Text(path, newline=newline, normalize="NFC")
    separator = "\n\n" if newline == "lf" else "\r\n\r\n"
    assert list(text.documents(separator)) == ["café", "thé"]


@pytest.mark.parametrize(
    ("by", "word"),
    [("line", "lines"), ("Lines", "lines"), (" FILE", "files"),
     ("newline", "lines"), ("file", "files"), ("linse", "lines")],
)  # fmt: skip
def test_a_separator_like_one_of_the_words_is_asked_about(by, word):
    assert meant(by) == f" Did you mean {word}?"


@pytest.mark.parametrize(
    "by", ["lines", "files", "\n\n", "\n%\n", "***", "<|end|>", "Chapter", "-"]
)
def test_other_separators_are_not_asked_about(by):
    assert not meant(by)
