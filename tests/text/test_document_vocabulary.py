"""One unit more begins and ends each document, whatever the others are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.text import kinds
from charrnn.text.document_vocabulary import DocumentVocabulary
from charrnn.text.documents import split
from charrnn.text.vocabulary import Vocabulary

UNITS = ["character", "word", "byte"]
LINES = "Ann and Bob\nthe sea, the sea\nBob\n"


def lines_of(unit, text=LINES, by="lines", **limits):
    return kinds.from_documents(unit, split(text, by), by, **limits)


@pytest.mark.parametrize("unit", UNITS)
def test_a_boundary_is_around_each_document(unit):
    vocabulary = lines_of(unit)
    ids = vocabulary.encode(LINES)
    assert vocabulary.boundary == len(vocabulary) - 1
    places = np.flatnonzero(ids == vocabulary.boundary)
    assert len(places) == 4 and places[0] == 0 and places[-1] == len(ids) - 1
    inner = [vocabulary.inner.encode(line) for line in LINES.splitlines()]
    assert list(map(len, inner)) == (np.diff(places) - 1).tolist()
    assert "\n" not in vocabulary.alphabet or unit == "byte"


@settings(max_examples=40)
@given(st.sampled_from(UNITS), st.lists(st.text()))
def test_documents_come_back_as_they_were(unit, documents):
    kept = split("\n".join(documents).replace("\r", "\n"), "lines")
    if any("\ud800" <= c <= "\udfff" for c in "".join(kept)) or not kept:
        return
    vocabulary = kinds.from_documents(unit, kept, "lines")
    text = "".join(f"{document}\n" for document in kept)
    assert vocabulary.decode(vocabulary.encode(text)) == text
    decode = vocabulary.decoder()
    whole = "".join(decode(i) for i in vocabulary.encode(text).tolist())
    assert whole == "".join(kept)


@pytest.mark.parametrize("unit", UNITS)
def test_the_boundary_counts_as_one_character(unit):
    vocabulary = lines_of(unit)
    ids = vocabulary.encode(LINES)
    assert vocabulary.characters_of(ids[1:]) == len(LINES)
    spelled, size = vocabulary.spelled(ids[1:])
    assert len(spelled) == len(LINES)
    assert (spelled == size - 1).sum() == LINES.count("\n")


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("by", ["lines", "files", "\n%\n"])
def test_json_holds_all_of_it(unit, by):
    vocabulary = lines_of(unit, by=by)
    value = kinds.to_json(vocabulary)
    assert kinds.from_json(unit, value) == vocabulary
    assert kinds.from_json(unit, value).by == by


@pytest.mark.parametrize("by", [None, "", 1, ["lines"], {}, "x" * 999])
def test_a_strangers_division_is_checked(by):
    with pytest.raises(ValueError, match="^Expected documents by files"):
        kinds.from_json("character", {"characters": "ab", "documents": by})


def test_words_end_with_their_document():
    vocabulary = kinds.from_documents("word", ["no", "ne", "no", "ne"], "lines")
    assert "none" not in vocabulary.base.words
    assert {"no", "ne"} < set(vocabulary.base.words)


@pytest.mark.parametrize(
    ("by", "text"),
    [("lines", "é\n\nbé\r\n"), ("files", "é\nb"), ("%", "\né%\n%b"), ("a", "")],
)
def test_characters_are_replaced_within_documents(by, text):
    vocabulary = DocumentVocabulary(Vocabulary("\nbe"), by)
    changed = vocabulary.respelled(text, "nearest")
    assert changed == text.replace("é", "e")


def test_an_unknown_character_is_told_with_its_document():
    vocabulary = DocumentVocabulary(Vocabulary("ab"), "lines")
    with pytest.raises(ValueError, match=r"^document 2: .*'c' .* position 1"):
        vocabulary.encode("ab\nac\n")
