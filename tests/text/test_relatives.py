"""What is new is traced back to known characters and words."""

import string

import numpy as np
import pytest

from charrnn.text.relatives import (
    AVERAGE,
    SIMILAR,
    SPELLED,
    relatives,
)
from charrnn.text.vocabulary import Vocabulary
from charrnn.text.word_vocabulary import WordVocabulary

ASCII = string.ascii_letters + "24 .,!?'\"-\n"


def relative_of(new, old):
    """The relative of one new unit, and the text of its relatives."""
    if old.unit == "word":
        characters = {*new} - {*old.alphabet, new}
        after = WordVocabulary([*old.words, *sorted(characters), new])
    else:
        after = Vocabulary(old.characters + new)
    found = relatives(old, after, np.ones(len(after)))[-1]
    assert found.shares.sum() == pytest.approx(1)
    return found.kind, "".join(old.decode([i]) for i in found.ids)


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        ("ö", ASCII, "o"),
        ("Ö", ASCII, "O"),
        ("Ö", "ö o", "ö"),
        ("É", "e é", "é"),
        ("A", "abc", "a"),
        ("a", "ABC", "A"),
        ("ß", ASCII, "s"),
        ("ſ", ASCII, "s"),
        ("æ", ASCII, "ae"),
        ("—", ASCII, "-"),
        ("“", ASCII, '"'),
        ("’", ASCII, "'"),
        ("…", ASCII, "."),
        ("\t", ASCII, " "),
        ("Ж", "жабв", "ж"),
        ("ё", "ежз", "е"),
        ("Ａ", ASCII, "A"),
    ],
)  # fmt: skip
def test_a_character_has_similar_ones(new, old, expected):
    assert relative_of(new, Vocabulary(old)) == (SIMILAR, expected)


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        ("7", ASCII, "24"),
        ("Ж", ASCII, string.ascii_uppercase),
        ("漢", "字紅ab", "字紅"),
        ("€", "ab 1", "ab 1"),
        ("\u0308", "ab 1", "ab 1"),
        ("7", "2a\ufffd", "2"),
    ],
)
def test_others_are_the_average_of_their_kind(new, old, expected):
    kind, of = relative_of(new, Vocabulary(old))
    assert kind == AVERAGE and sorted(of) == sorted(expected)


WORDS = WordVocabulary([*" Tehstaou", " the", "The", "haus"])


@pytest.mark.parametrize(
    ("new", "kind", "expected"),
    [
        (" The", SIMILAR, " the"),
        ("the", SIMILAR, "The"),
        (" THE", SIMILAR, " the"),
        (" thé", SIMILAR, " the"),
        (" haus", SIMILAR, "haus"),
        (" tasse", SPELLED, " aest"),
        ("é", SIMILAR, "e"),
    ],
)
def test_a_word_has_similar_ones_or_its_characters(new, kind, expected):
    found, of = relative_of(new, WORDS)
    assert (found, sorted(of)) == (kind, sorted(expected))


def test_a_word_of_new_characters_is_an_average_of_all():
    assert relative_of("дом", WORDS)[0] == AVERAGE


def test_averages_are_weighted_by_frequency():
    old, new = Vocabulary("24"), Vocabulary("247")
    [found] = relatives(old, new, np.array([2, 0, 1]))
    assert found.shares.tolist() == [0.75, 0.25]
