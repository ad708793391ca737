"""Texts without listed words, in any letter case."""

import re

import pytest
from control_samplers import SAMPLERS, VOCABULARIES
from hypothesis import given, settings
from hypothesis import strategies as st
from random_expressions import texts

from charrnn import ForbidWords, Vocabulary

repeatable = settings(deadline=None, derandomize=True)


def accepts(form, text, prompt=""):
    state = form.start(prompt)
    for unit in form.vocabulary.inner.encode(text).tolist():
        state = form.advance(state, unit)
        if state < 0:
            return False
    return form.can_finish(state)


WORDS = ["ab", "a", "c b", "1B"]
PATTERN = re.compile(r"(?i)\b(?:ab|a|c b|1B)\b")
FORBID = ForbidWords(WORDS, VOCABULARIES["character"])


@given(st.lists(texts(8), min_size=4, max_size=9))
@settings(repeatable, max_examples=30)
def test_forbidden_is_what_python_finds_as_whole_words(strings):
    for text in strings:
        assert accepts(FORBID, text) == (not PATTERN.search(text)), text


@pytest.mark.parametrize("name", ["character", "word", "document"])
def test_no_listed_word_is_written(name):
    forbid = ForbidWords(WORDS, VOCABULARIES[name])
    how = {"length": 60, "count": 8, "temperature": 3.0}
    samples = SAMPLERS[name].generate("c ", constraints=[forbid], **how)
    assert not any(PATTERN.search("c " + each.text) for each in samples)
    assert any("a" in each.text.lower() for each in samples)


@pytest.mark.parametrize("words, prompt, text, accepted", [
    ("the", "", "other", True), ("the", "", "THE.", False),
    ("the\n\n  and \n", "", "And", False), ("the", "t", "he", False),
    ("the", "ba", "the", True), ("the", "the", " th", True),
    ("don't", "", "Don't", False), ("don't", "", "don", True),
    ("'tis", "", "a'TIS", False), ("'tis", "", "a'tish", True),
    ("o'er-the\nthe hat", "", "the  hat", True),
    ("o'er-the\nthe hat", "", "O'er-The", False),
    ("caf\xe9", "", "anything", True), ("h\u4e00\nthe", "", "the", False),
])  # fmt: skip
def test_a_listed_word_is_whole_and_in_any_case(words, prompt, text, accepted):
    vocabulary = Vocabulary(
        "".join(sorted(set("Thetandhoris'-. DAONTISEHgyb")))
    )
    form = ForbidWords(words, vocabulary)
    assert accepts(form, text, prompt) == accepted


@pytest.mark.slow
def test_with_bytes_a_word_is_also_absent_beside_other_letters():
    forbid = ForbidWords(["caf", "\xe9t\xe9"], VOCABULARIES["byte"])
    for text, accepted in (
        ("caf", False), ("Caf\xe9", False), ("cafe", True), ("t", True),
        ("\xe9t\xe9", False), ("\xc9T\xc9", False), ("\xe9te", True),
    ):  # fmt: skip
        assert accepts(forbid, text) == accepted, text


def test_thousands_of_words_are_forbidden():
    letters = "abcdefgh"
    words = [a + b + c + d for a in letters for b in letters
             for c in letters for d in letters[:4]]  # fmt: skip
    form = ForbidWords(words, Vocabulary(letters + " "))
    assert len(words) > 2000 and not accepts(form, "hhad")
    assert accepts(form, "hhah aaaaa")


@pytest.mark.parametrize("words", ["", " \n\n", []])
def test_no_word_is_refused(words):
    with pytest.raises(ValueError, match="words to forbid. Received none"):
        ForbidWords(words, VOCABULARIES["character"])
