"""Words come back from their ids, and what is rare is spelled out."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.text import word_counts, word_vocabulary
from charrnn.text.vocabulary import Vocabulary
from charrnn.text.word_vocabulary import WordVocabulary

repeatable = settings(deadline=None, derandomize=True, max_examples=200)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)

NASTY = {
    "english": "Don't panic! I can't; you're a well-known man-of-war.\n" * 2,
    "german": "Straße, Übermut, süß — geht’s?\n" * 2,
    "russian": "Все счастливые семьи похожи друг на друга,\n" * 2,
    "chinese": "紅樓夢 曹雪芹\u3000第一回。夢\n" * 2,
    "code": "\tif x_1 == 0x1F:\r\n\t\treturn [y**2 for y in z]\r\n" * 2,
    "combining": "e\u0301te\u0301 \u0301 a\u0308\u0323 " * 2,
    "emoji": "🙂 👩\u200d👩\u200d👧 🏳\ufe0f\u200d🌈 🇳🇿 1\ufe0f\u20e3 " * 2,
    "right to left": "שלום \u202eabc\u202c مرحبا بالعالم " * 2,
    "line ends": "one\r\n\r\ntwo\rthree\n\n\nfour\x85five\u2028" * 2,
    "spaces": "a  b   c\t\td \xa0 e\u3000 \n  f" * 2,
    "controls": "\x00\x01\x1b[31m\x7f\x9b\ufeff\ufffd" * 2,
    "ends of unicode": "\x00\ud7ff\ue000\uffff\U00010000\U0010ffff",
    "one character": "a",
}


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_decode_inverts_encode_of_nasty_texts(text):
    known = WordVocabulary.from_text(text)
    ids = known.encode(text)
    assert known.decode(ids) == text
    assert known.characters_of(ids) == len(text)
    turned = text[::-1]  # the same characters, other words
    assert known.decode(known.encode(turned)) == turned


@repeatable
@given(texts, st.integers(1, 3), st.integers(1, 50), st.randoms())
def test_decode_inverts_encode(text, min_count, max_vocab, random):
    text *= 2
    known = WordVocabulary.from_text(text, min_count, max_vocab)
    assert known.decode(known.encode(text)) == text
    mixed = "".join(random.sample(text, len(text)))
    assert known.decode(known.encode(mixed)) == mixed


def test_frequent_words_have_ids_and_others_are_spelled():
    known = WordVocabulary.from_text("so, so, so, to be")
    assert known.words == (*" ,beost", " so")
    assert known.encode("to so").tolist() == [6, 4, 7]


@pytest.mark.parametrize("max_vocab", [1, 7, 8, 9, None])
def test_every_character_is_kept_however_many(max_vocab):
    known = WordVocabulary.from_text(
        "to be or to be or to be", max_vocab=max_vocab
    )
    assert known.alphabet == " beort"
    assert len(known) == max(6, min(max_vocab or 99, 9))


def test_long_words_are_spelled():
    text = ("a" * 32 + "\u0301") * 9 + " "
    known = WordVocabulary.from_text(text * 3)
    assert max(map(len, known.words)) <= word_vocabulary.LONGEST_WORD
    assert known.decode(known.encode(text)) == text


def test_few_words_are_in_the_memory_at_a_time(monkeypatch):
    monkeypatch.setattr(word_counts, "MAX_COUNTED", 100)
    pieces = [
        f" rare{'abcdefghij'[i % 10] * (i // 10)} the" for i in range(999)
    ]
    counts, _ = word_counts.count(pieces)
    assert len(counts) <= 102
    assert counts[" the"] > 900


@pytest.mark.parametrize(
    ("unknown", "expected"),
    [("nearest", "seen naive"), ("skip", "seen nave")],
)
def test_unknown_characters_are_treated_as_by_characters(unknown, expected):
    known = WordVocabulary.from_text("seen naive seen naive")
    for vocabulary in (known, known.letters):
        ids = vocabulary.encode("seen naïve", unknown)
        assert vocabulary.decode(ids) == expected


def test_an_unknown_character_is_named_with_its_place():
    known = WordVocabulary.from_text("the sea")
    with pytest.raises(ValueError, match=r"'x' \(U\+0078\) at position 1,004"):
        known.encode("the xsea", position=1000)


def test_a_text_of_many_blocks_is_encoded_like_its_parts():
    text = "Don't panic, 中文字 e\u0301!\n" * 20_000
    known = WordVocabulary.from_text(text)
    once = known.encode(text[: len(text) // 20_000])
    assert np.array_equal(known.encode(text), np.tile(once, 20_000))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "Expected at least one character."),
        (["a", ""], "Expected words of 1 to 64 characters. Received one of 0."),
        (["a", "a" * 65], "Received one of 65."),
        (["a", "a"], "Received 'a' (U+0061) more than once."),
        (["a", "aa", "aa"], "Received 'aa' more than once."),
        (["a", "ab"], "Received 'b' (U+0062) in 'ab'."),
        (["a", "\ud800"], "half of a surrogate pair"),
        (["a", "a\ud800"], "Received '\\ud800' (U+D800)"),
        (["a", 7], "Expected words that are text. Received 7."),
    ],
)
def test_a_strange_vocabulary_is_refused(words, reason):
    with pytest.raises(ValueError, match=re.escape(reason)):
        WordVocabulary(words)


def test_words_that_begin_others_are_welcome():
    known = WordVocabulary([*"abc", "ab", "abc"])
    assert known.encode("abc ab".replace(" ", "")).tolist() != []
    assert known.decode(known.encode("abcab")) == "abcab"


def test_too_many_words_are_refused(monkeypatch):
    monkeypatch.setattr(word_vocabulary, "MAX_WORDS", 3)
    with pytest.raises(ValueError, match="Expected at most 3 words"):
        WordVocabulary("abcd")


def test_equal_vocabularies_are_equal():
    assert WordVocabulary("ab") == WordVocabulary("ab") != Vocabulary("ab")
    assert hash(WordVocabulary("ab")) == hash(WordVocabulary("ab"))
    assert repr(WordVocabulary("ab")) == (
        "WordVocabulary(2 words, 2 of them characters)"
    )
