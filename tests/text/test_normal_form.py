"""Normal forms are Python's own, in a time that grows with the text only."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.text import normal_form
from charrnn.text.normal_form import (
    MAX_MARKS_IN_A_ROW,
    NORMAL_FORMS,
    form_of,
    normalized,
)

# Marks of several classes, Hangul in pieces, excluded compositions, letters
# that only NFKC changes.
COMBINING = "ae\u0301\u0323\u0344\u0f73\u0f71\uffc2\u1100\u1161\u11a8가각éế \n"
TEXTS = st.text(st.sampled_from(COMBINING + "か\u3099\u0915\u093c\u0958ﬁ"))


@pytest.mark.parametrize("form", NORMAL_FORMS)
@given(text=TEXTS, size=st.integers(1, 5))
def test_parts_give_what_the_whole_gives(form, text, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(normal_form, "CHARACTERS_PER_PART", size)
        assert normalized(text, form) == unicodedata.normalize(form, text)


@given(text=TEXTS, form=st.sampled_from(NORMAL_FORMS))
def test_a_text_may_be_cut_at_its_last_beginning(text, form):
    cut = normal_form.last_beginning(text)
    parts = text[:cut], text[cut:]
    whole = unicodedata.normalize(form, text)
    assert "".join(unicodedata.normalize(form, p) for p in parts) == whole


@pytest.mark.parametrize("before", [0, 1, 255, 256, 257, 700])
@pytest.mark.parametrize("after", ["", "b", "b" * 600])
def test_more_marks_than_a_text_has_are_refused(before, after):
    text = "a" * before + "\u0301\u0323" * (MAX_MARKS_IN_A_ROW // 2)
    text, more = text + after, text + "\u0301" + after
    assert normalized(text, "NFD") == unicodedata.normalize("NFD", text)
    with pytest.raises(
        ValueError, match=f"at most {MAX_MARKS_IN_A_ROW} combining"
    ):
        normalized(more, "NFD")


def test_only_marks_are_refused_at_once(monkeypatch):
    looked_at = []
    begins = normal_form.begins
    monkeypatch.setattr(
        normal_form, "begins", lambda c: looked_at.append(c) or begins(c)
    )
    for function in (normal_form.last_beginning, _as_nfc):
        with pytest.raises(ValueError, match="combining"):
            function("\u0301\u0323" * 400_000)
    assert len(looked_at) < 5 * MAX_MARKS_IN_A_ROW


def _as_nfc(text):
    return normalized(text, "NFC")


def characters():
    return (chr(i) for i in range(0x110000) if not 0xD800 <= i < 0xE000)


def test_what_unicode_composes_is_known():
    composed = {
        c
        for c in characters()
        if not "\uac00" <= c <= "\ud7a3"
        and unicodedata.is_normalized("NFC", c)
        and not unicodedata.is_normalized("NFD", c)
    }
    assert normal_form.composed_characters() == composed
    for character in composed | {"가", "각"}:
        last = unicodedata.normalize("NFD", character)[-1]
        assert last in normal_form.composing_characters()


def test_nothing_that_combines_is_taken_for_a_beginning():
    composing = normal_form.composing_characters()
    for character in characters():
        first = unicodedata.normalize("NFKD", character)[0]
        if unicodedata.combining(first) or first in composing:
            assert not normal_form.begins(character)


@pytest.mark.parametrize(
    ("characters", "form"),
    [
        ("abc", None),
        ("aceé", "NFC"),
        ("ace\u0301", "NFD"),
        ("aceé\u0301", None),
        ("안녕", "NFC"),
        ("\u1100\u1161", "NFD"),
        ("\u0915\u094d", None),  # a virama composes with nothing
        ("é\u212b", None),  # the sign for angstrom is in no form
        ("привет", None),
        ("中文", None),
    ],
)
def test_a_vocabulary_tells_its_normal_form(characters, form):
    assert form_of(characters) == form
