"""Text comes back from its ids; what cannot be written is named."""

import collections
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.text import characters, vocabulary
from charrnn.text.vocabulary import Vocabulary, check_ids

repeatable = settings(deadline=None, derandomize=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)

NASTY = {
    "one character": "a",
    "line ends": "one\ntwo\r\nthree\rfour\n",
    "nul and controls": "\x00\x01\x1b[31m\x7f\x9b",
    "accents": "naïve café, Übermut",
    "combining marks": "e\u0301 \u1100\u1161 a\u0308\u0323",
    "both normal forms": "é e\u0301",
    "chinese": "紅樓夢 曹雪芹\u3000第一回",
    "emoji": "🙂 👩\u200d👩\u200d👧 🏳\ufe0f\u200d🌈 🇳🇿",
    "right to left": "שלום \u202eabc\u202c",
    "separators": "a\u2028b\u2029c\x85d\ufeffe",
    "ends of unicode": "\x00\ud7ff\ue000\uffff\U00010000\U0010ffff",
}


def distinct(count):
    """That many characters, none of them half of a surrogate pair."""
    code_points = [*range(0xD800), *range(0xE000, 0x110000)]
    return "".join(map(chr, code_points[:count]))


def test_ids_are_places_in_sorted_order():
    known = Vocabulary.from_text("hello, wörld 🙂")
    assert known.characters == " ,dehlorwö🙂"
    assert known.encode(known.characters).tolist() == list(range(len(known)))


def test_ids_follow_the_order_of_the_characters_given():
    assert Vocabulary("zax").encode("axz").tolist() == [1, 2, 0]


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_decode_inverts_encode_of_nasty_texts(text):
    known = Vocabulary.from_text(text)
    assert known.decode(known.encode(text)) == text


@repeatable
@given(texts)
def test_decode_inverts_encode(text):
    known = Vocabulary.from_text(text)
    ids = known.encode(text)
    assert len(ids) == len(text)
    assert known.decode(ids) == text


@repeatable
@given(texts)
def test_encode_inverts_decode(text):
    known = Vocabulary.from_text(text)
    ids = np.arange(len(known))[::-1]
    assert known.encode(known.decode(ids)).tolist() == ids.tolist()


def test_an_empty_text_has_no_ids():
    known = Vocabulary("ab")
    assert known.encode("").tolist() == []
    assert known.decode([]) == ""


@pytest.mark.parametrize(
    ("unknown", "name"),
    [
        ("b", r"'b' (U+0062)"),  # between two known characters
        ("\x00", r"'\x00' (U+0000)"),
        ("\r", r"'\r' (U+000D)"),
        ("d", r"'d' (U+0064)"),  # just past the look-up table
        ("Æ", r"'Æ' (U+00C6)"),  # "a" and the table's length of 101
        ("é", r"'é' (U+00E9)"),
        ("🙂", r"'🙂' (U+1F642)"),
        ("\U0010ffff", r"'\U0010ffff' (U+10FFFF)"),
        ("\udc80", r"'\udc80' (U+DC80)"),
    ],
)
def test_unknown_character_is_named(unknown, name):
    message = re.escape(f"Received {name} at position 3. ")
    with pytest.raises(ValueError, match=message):
        Vocabulary("ac").encode("aca" + unknown + "c")


@pytest.mark.parametrize("unknown", ["b", "d", "🙂"])
@pytest.mark.parametrize("position", [0, 3, 4, 8, 9, 11])
def test_unknown_character_is_found_in_every_block(
    monkeypatch, unknown, position
):
    monkeypatch.setattr(vocabulary, "CHARACTERS_PER_BLOCK", 4)
    text = "a" * position + unknown + "c" * (11 - position)
    with pytest.raises(ValueError, match=rf"at position {position}\. "):
        Vocabulary("ac").encode(text)


def test_unknown_characters_are_listed_the_first_one_first(monkeypatch):
    monkeypatch.setattr(vocabulary, "CHARACTERS_PER_BLOCK", 4)
    message = r"'x' \(U\+0078\) at position 2, 'b' \(U\+0062\), 'z' "
    with pytest.raises(ValueError, match=message):
        Vocabulary("ac").encode("acxaxczaacbaxb")


def test_of_many_unknown_characters_some_are_listed():
    with pytest.raises(ValueError, match=r"'j' .* and 16 other unknown"):
        Vocabulary("a").encode("abcdefghijklmnopqrstuvwxyz")


def test_the_size_of_the_vocabulary_is_told():
    with pytest.raises(ValueError, match=r"the model's 3 characters"):
        Vocabulary("abc").encode("abd")


@repeatable
@given(texts, st.text(), st.integers(1, 5))
def test_skip_leaves_out_just_the_unknown(characters, text, block):
    known = Vocabulary.from_text(characters)
    text = text + characters + text
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vocabulary, "CHARACTERS_PER_BLOCK", block)
        ids = known.encode(text, unknown="skip")
    assert known.decode(ids) == "".join(c for c in text if c in characters)


def test_other_ways_with_the_unknown_are_refused():
    with pytest.raises(ValueError, match=r"Received 'ignore'"):
        Vocabulary("ab").encode("ab", unknown="ignore")


def test_a_long_text_is_encoded_as_by_a_dict():
    characters = "\n abcdefgé曹🙂"
    random = np.random.default_rng(0)
    picks = random.integers(
        len(characters), size=3 * vocabulary.CHARACTERS_PER_BLOCK + 17
    )
    text = "".join(characters[i] for i in picks)
    ids = Vocabulary(characters).encode(text)
    by_dict = {character: i for i, character in enumerate(characters)}
    assert np.array_equal(ids, [by_dict[character] for character in text])


@pytest.mark.parametrize(
    ("count", "dtype"),
    [
        (1, "uint8"),
        (255, "uint8"),
        (257, "uint16"),
        (65535, "uint16"),
        (65537, "uint32"),
    ],
)
def test_ids_take_the_smallest_dtype(count, dtype):
    known = Vocabulary(distinct(count))
    ids = known.encode(known.characters[-1])
    assert ids.dtype == dtype
    assert ids.tolist() == [count - 1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Vocabulary(""), r"Received an empty text"),
        (lambda: Vocabulary.from_text(""), r"Received an empty text"),
        (lambda: Vocabulary("abca"), r"Received 'a' \(U\+0061\) more than"),
        (lambda: Vocabulary("a\ud800"), r"\(U\+D800\), half of a surrogate"),
        (lambda: Vocabulary.from_text("a\udfff"), r"\(U\+DFFF\), half of a"),
    ],
)
def test_impossible_vocabularies_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("outside", [-1, -4, 3, 300, 2**40])
def test_decode_refuses_ids_out_of_range(outside):
    message = rf"ids from 0 to 2, .* Received {outside}\."
    with pytest.raises(ValueError, match=message):
        Vocabulary("abc").decode([0, 2, outside, 1])


def test_decode_takes_lists_and_arrays():
    known = Vocabulary("abc")
    assert known.decode([2, 0]) == "ca"
    assert known.decode(np.array([2, 0], dtype=np.uint8)) == "ca"
    assert known.decode(np.array([2, 0], dtype=np.int64)) == "ca"


def test_equal_vocabularies_have_the_same_characters_in_the_same_order():
    assert Vocabulary("ab") == Vocabulary.from_text("abba")
    assert hash(Vocabulary("ab")) == hash(Vocabulary.from_text("abba"))
    assert Vocabulary("ab") != Vocabulary("ba")
    assert Vocabulary("ab") != Vocabulary("abc")
    assert Vocabulary("ab") != "ab"


def test_repr_makes_the_vocabulary_again():
    known = Vocabulary("\n'\"\\é🙂")
    assert eval(repr(known)) == known
    assert len(known) == 6


def test_rare_characters_are_left_to_the_stand_in(monkeypatch):
    monkeypatch.setattr(characters, "CHARACTERS_PER_BLOCK", 4)
    known = Vocabulary.from_text("abcabcabß\U0001f600", min_count=3)
    assert known.characters == "ab\ufffd"
    assert known.stand_in == 2
    assert known.encode("aßb\U0001f600é", "replace").tolist() == [0, 2, 1, 2, 2]


@given(
    text=st.text(st.sampled_from("abcdefgh\ufffd"), min_size=1),
    min_count=st.integers(1, 4),
    max_vocab=st.none() | st.integers(2, 9),
)
def test_a_vocabulary_keeps_the_most_frequent_characters(
    text, min_count, max_vocab
):
    known = Vocabulary.from_text(text, min_count, max_vocab)
    assert list(known.characters) == sorted(set(known.characters))
    assert len(known) <= (max_vocab or len(text) + 1)
    kept, left = set(known.characters) - {"\ufffd"}, set(text)
    left -= set(known.characters)
    assert kept <= set(text)
    assert all(text.count(character) >= min_count for character in kept)
    if left:
        assert known.stand_in is not None
        most = max(map(text.count, left))
        assert all(text.count(c) >= most for c in kept)
        assert most < min_count or len(known) == max_vocab


def test_a_vocabulary_of_one_character_is_refused():
    with pytest.raises(ValueError, match="at least 2: a character and"):
        Vocabulary.from_text("aab", max_vocab=1)


def test_without_rare_characters_there_is_no_stand_in():
    known = Vocabulary.from_text("aabb", min_count=2)
    assert known.characters == "ab"
    assert known.stand_in is None
    assert known.encode("ab", "replace").tolist() == [0, 1]
    with pytest.raises(ValueError, match=r"'c' \(U\+0063\) at position 1"):
        known.encode("ac", "replace")


@pytest.mark.parametrize("ids", [[-1], [[0, 3]], [300], [2**40], [0.5]])
def test_ids_outside_of_the_vocabulary_are_refused(ids):
    with pytest.raises(ValueError, match=r"Expected ids"):
        check_ids(np.array(ids), 3)
    for good in ([], [0, 2], [[1], [2]]):
        check_ids(np.array(good, np.uint8), 3)


@pytest.mark.parametrize(
    "text", ["a" * 600_000, "ab" + "a" * 600_000, "\U0010ffff" * 3]
)
def test_a_text_of_one_character_is_counted_like_any_other(text):
    found = Vocabulary.from_text(text, min_count=2)
    counts = collections.Counter(text)
    assert found.characters == "".join(
        sorted(c if counts[c] > 1 else "\ufffd" for c in counts)
    )
