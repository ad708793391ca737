"""A vocabulary of any unit comes back from JSON; strangers' are checked."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.text import kinds
from charrnn.text.units import UNITS

TEXT = "the sea, the sea! é 文字 \0\u2028\U0001f600"


@pytest.mark.parametrize("unit", UNITS)
def test_a_vocabulary_comes_back_from_json(unit):
    made = kinds.from_text(unit, [TEXT])
    value = json.loads(json.dumps(kinds.to_json(made)))
    assert kinds.from_json(unit, value) == made
    assert made.unit == unit
    assert made.decode(made.encode(TEXT)) == TEXT
    assert made.characters_of(made.encode(TEXT)) == len(TEXT)


# Every character but halves of surrogate pairs, and what is hard about them.
nasty = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        st.sampled_from(
            [
                *("\r\n", "\r", "\t", "\0", "\x85", "\u2028", "\ufeff", "  "),
                *(
                    "e\u0301",
                    "👩\u200d👧",
                    "🇳🇿",
                    "שלום",
                    "\u202eabc",
                    "don’t",
                    "文字",
                ),
                *("süß", "x_1 == 0x1F", "\ufffd", "\U0010ffff", " the", "42"),
            ]
        ),
    ),
    min_size=1,
).map("".join)


@pytest.mark.parametrize("unit", UNITS)
@settings(derandomize=True, max_examples=200)
@given(nasty.filter(bool))
def test_nasty_texts_come_back_from_a_vocabulary_that_was_in_json(unit, text):
    value = json.loads(json.dumps(kinds.to_json(kinds.from_text(unit, [text]))))
    read = kinds.from_json(unit, value)
    for own in (text, text[::-1]):
        assert read.decode(read.encode(own)) == own
        assert read.characters_of(read.encode(own)) == len(own)


@pytest.mark.parametrize("unit", UNITS)
def test_one_unit_after_another_makes_the_text(unit):
    made = kinds.from_text(unit, [TEXT])
    decode = made.decoder()
    assert "".join(map(decode, made.encode(TEXT).tolist())) == TEXT


@pytest.mark.parametrize("unit", UNITS)
def test_spelled_out_a_text_is_the_same(unit):
    made = kinds.from_text(unit, [TEXT * 3])
    ids, size = made.spelled(made.encode(TEXT))
    assert ids.max() < size
    assert len(ids) == (len(TEXT.encode()) if unit == "byte" else len(TEXT))


@pytest.mark.parametrize("unit", UNITS)
def test_the_alphabet_is_known_without_the_vocabulary(unit):
    made = kinds.from_text(unit, [TEXT])
    found = kinds.alphabet(unit, kinds.to_json(made))
    assert found == ("" if unit == "byte" else "".join(sorted(set(TEXT))))


@pytest.mark.parametrize(
    ("unit", "value", "reason"),
    [
        ("syllable", {}, "Expected a unit among character, word, byte."),
        (7, {}, "Received 7."),
        ([], {}, "Received []."),
        ("character", {"words": ["a"]}, "Expected characters to be a str."),
        ("word", {"characters": "ab"}, "Expected words to be a list."),
        ("word", {"words": "ab"}, "Received 'ab'."),
        ("word", {"words": ["ab"]}, "Expected at least one character."),
    ],
)
def test_what_is_no_vocabulary_is_refused(unit, value, reason):
    with pytest.raises(ValueError, match=re.escape(reason)):
        kinds.from_json(unit, value)
