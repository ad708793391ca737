"""A vocabulary of any unit comes back from JSON; strangers' are checked."""

import json
import re

import pytest

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
