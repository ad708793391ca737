"""Vocabularies unite by character, and a model reads what it does not know."""

import pytest

from charrnn import (
    ByteVocabulary,
    DocumentVocabulary,
    Vocabulary,
    WordVocabulary,
)
from charrnn.text.union import readings, shared, united

WORDS = WordVocabulary([*" aehst", " the", " seat"])
OTHER = WordVocabulary([*"h tea", " the", " tea"])


@pytest.mark.parametrize(
    ("vocabularies", "in_any", "in_all"),
    [
        ("ab ab", "ab", "ab"),
        ("ab bc", "abc", "b"),
        ("ba abz", "baz", "ba"),
        ("xa\ufffd ab ac", "xa\ufffdbc", "a"),
    ],
)
def test_characters_are_those_of_any_or_of_all(vocabularies, in_any, in_all):
    found = [Vocabulary(characters) for characters in vocabularies.split()]
    assert united(found) == Vocabulary(in_any)
    assert united(found, in_all=True) == Vocabulary(in_all)


def test_words_are_those_of_any_or_of_all():
    assert united([WORDS, OTHER]).words == (*WORDS.words, " tea")
    in_all = united([WORDS, OTHER], in_all=True)
    assert in_all.words == (*" aeht", " the")
    assert in_all.decode(in_all.encode(" the tea")) == " the tea"


def test_documents_keep_their_boundary_last():
    lines = [DocumentVocabulary(Vocabulary(c), "lines") for c in ("ab", "bc")]
    both = united(lines)
    assert both == DocumentVocabulary(Vocabulary("abc"), "lines")
    ids, _ = readings(both, lines[1])
    assert ids[both.boundary] == lines[1].boundary
    ours, theirs = shared(both, lines[1])
    assert dict(zip(ours.tolist(), theirs.tolist(), strict=True)) == {
        1: 0, 2: 1, both.boundary: lines[1].boundary,
    }  # fmt: skip


def test_bytes_are_the_same_in_all_models():
    both = united([ByteVocabulary(), ByteVocabulary()], in_all=True)
    assert both == ByteVocabulary()
    assert readings(both, both)[0].tolist() == list(range(256))


@pytest.mark.parametrize(
    ("known", "text", "read"),
    [
        ("eab", "é", "e"),
        ("eab\ufffd", "é", "\ufffd"),  # as in its training
        ("'e ", "’", "'"),
        ("x ", "中", " "),
        ("x\n", "中", "\n"),
        ("xy", "中", "x"),
        ("ae", "æ", "a"),  # its spelling has two
    ],
)
def test_an_unknown_character_is_read_as_a_similar_one(known, text, read):
    ids, spellings = readings(Vocabulary(text), Vocabulary(known))
    assert Vocabulary(known).decode(ids) == read
    assert not spellings


def test_an_unknown_word_is_read_as_its_characters():
    both = united([WORDS, WordVocabulary([*" éa", " éa"])])
    ids, spellings = readings(both, WORDS)
    place = both.words.index(" éa")
    assert WORDS.decode(spellings[place]) == " ea"
    assert ids[place] == spellings[place][-1]
    assert list(spellings) == [place]
    assert WORDS.decode(ids[both.encode(" seat")]) == " seat"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Vocabulary("ab"), WORDS),
        (Vocabulary("ab"), ByteVocabulary()),
        (Vocabulary("ab"), DocumentVocabulary(Vocabulary("ab"), "lines")),
        (
            DocumentVocabulary(Vocabulary("ab"), "\n\n"),
            DocumentVocabulary(Vocabulary("ab"), "lines"),
        ),
    ],
)
def test_other_units_and_divisions_are_refused_in_a_line(one, other):
    with pytest.raises(
        ValueError, match="Expected models of the same unit"
    ) as e:
        united([one, other])
    assert "\n" not in str(e.value)


def test_models_without_a_common_character_have_no_product():
    with pytest.raises(ValueError, match="characters in common"):
        united([Vocabulary("ab"), Vocabulary("cd")], in_all=True)
