"""A suffix array finds every occurrence of a string, in any text."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.system import ram
from charrnn.text import suffixes
from charrnn.text.suffixes import TextIndex, codes_of, suffix_array

ALPHABETS = ["a", "ab", "abc", "a\x00\ud800é\U0001f600"]
TEXTS = st.one_of(*(st.text(letters, max_size=80) for letters in ALPHABETS))


@given(TEXTS)
@settings(max_examples=60)
def test_suffixes_are_in_alphabetical_order(text):
    order = suffix_array(codes_of(text)).tolist()
    assert order == sorted(range(len(text)), key=lambda i: text[i:])


@given(TEXTS, st.data())
@settings(max_examples=60)
def test_all_occurrences_are_found(text, data):
    start = data.draw(st.integers(0, len(text)))
    string = data.draw(st.sampled_from([text[start : start + 3], "b", "xa"]))
    if string:
        expected = [m.start() for m in re.finditer(f"(?={string})", text)]
        assert sorted(TextIndex(text).places(string).tolist()) == expected


@pytest.mark.parametrize("text", ["a" * 3000, "ab" * 1500, "a" * 999 + "b"])
def test_a_text_that_repeats_itself_is_sorted(text):
    order = suffix_array(codes_of(text)).tolist()
    assert order == sorted(range(len(text)), key=lambda i: text[i:])


def test_codes_keep_the_order_of_characters():
    text = "z\U0001f600a\x00é"
    by_code = sorted(zip(codes_of(text).tolist(), text, strict=True))
    assert [character for _, character in by_code] == sorted(text)
    assert suffix_array(np.array([], int)).tolist() == []


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "MAX_CHARACTERS",
            5,
            "at most 5 characters to search in. Received 6",
        ),
        ("PEAK_BYTES", 1 << 60, "an index of 6 characters to fit into"),
    ],
)
def test_a_text_too_large_is_refused(monkeypatch, name, value, message):
    monkeypatch.setattr(suffixes, name, value)
    monkeypatch.setattr(ram, "machine_bytes", lambda: 1 << 40)
    with pytest.raises(ValueError, match=message):
        TextIndex("banana")
