"""What a model does not know is spelled with what resembles it."""

import string
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.text.nearest import spelled
from charrnn.text.vocabulary import Vocabulary

repeatable = settings(deadline=None, derandomize=True)
ASCII = string.digits + string.ascii_letters + string.punctuation + " \n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It’s — “well”…", 'It\'s -- "well"...'),
        ("1914–1918 ‘so’ «oui» ‹non›", "1914-1918 'so' \"oui\" 'non'"),
        ("„so“ ‚so‘", "\"so\" 'so'"),
        ("naïve Éluard e\u0301", "naive Eluard e"),
        ("Łódź, Ærø, straße, Þór", "Lodz, Aero, strasse, Thor"),
        ("ﬁn ½ ² № Ａ１", "fin 1/2 2 No A1"),
        ("a\u00a0b\u3000c\td", "a b c d"),
        ("\ufeffso\u00adft \u200bzero \u200e", "soft zero "),
        ("one\u2028two\r", "one\ntwo\n"),
        ("x\u0301\u0323", "x"),
    ],
)
def test_typography_is_spelled_in_ascii(text, expected):
    assert spelled(text, ASCII)[0] == expected


@pytest.mark.parametrize(
    ("text", "known", "expected"),
    [
        ('"Hi," ("he") it\'s', "“”’ Hi,hets()", "“Hi,” (“he”) it’s"),
        ("café", "cafe\u0301", "cafe\u0301"),
        ("cafe\u0301", "café", "café"),
        ("Été", "été", "été"),
        ("loud", "LOUD", "LOUD"),
        ("—", "–-", "--"),
        ("—", "–", "–"),
        ("\uff76\uff9e", "ガ", "ガ"),  # of half the width
    ],
)  # fmt: skip
def test_the_nearest_depends_on_what_is_known(text, known, expected):
    assert spelled(text, known)[0] == expected


@pytest.mark.parametrize(
    "text", ["漢字", "→", "€", "¨", "`", "\ud800", "☺", "क्", "कु"]
)
def test_what_resembles_nothing_stays(text):
    assert spelled(f"a{text}b", "ab \n") == (f"a{text}b", {})


def test_each_replacement_is_counted():
    _, replaced = spelled("’tis ’twas — e\u0301", ASCII)
    assert replaced == {("’", "'"): 2, ("—", "--"): 1, ("e\u0301", "e"): 1}


@repeatable
@given(st.text(), st.text(min_size=1))
def test_known_characters_stay_and_others_become_known_or_stay(text, known):
    respelled, replaced = spelled(text, known)
    assert set(respelled) <= set(known) | set(text)
    assert all(set(after) <= set(known) for _, after in replaced)
    if set(text) <= set(known):
        assert (respelled, replaced) == (text, {})


def test_marks_without_an_end_are_read_in_bounded_pieces():
    text = "e" + "\u0301\u0316" * 100_000
    respelled, replaced = spelled(text, "e")
    assert respelled == "e"
    assert max(len(before) for before, _ in replaced) < 40


def test_a_vocabulary_encodes_the_nearest():
    known = Vocabulary("'-.e")
    assert known.decode(known.encode("é’—…", "nearest")) == "e'--..."


def test_what_has_no_nearest_is_named_where_it_stands():
    known = Vocabulary("a.")
    message = r"'漢' \(U\+6F22\) at position 12, '字'"
    with pytest.raises(ValueError, match=message) as error:
        known.encode("…à漢字", "nearest", position=10)
    assert "U+2026" not in str(error.value)


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_every_normal_form_is_brought_into_the_one_that_is_known(form):
    text = "Über ﬁne naïveté, 각, ñ"
    known = unicodedata.normalize(form, text)
    for other in ("NFC", "NFD"):
        respelled, _ = spelled(unicodedata.normalize(other, text), known)
        assert respelled == known
