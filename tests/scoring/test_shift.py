"""An end unlike the rest is found, and no ordinary end is."""

import numpy as np
import pytest

from charrnn.scoring import shift
from charrnn.text.vocabulary import Vocabulary
from charrnn.text.windows import split

CONSONANTS, VOWELS = "bdklmnrstvz", "aeiou"


def syllables(random, least, most):
    """A word of made-up syllables."""
    number = random.integers(least, most + 1)
    return "".join(
        random.choice(list(CONSONANTS)) + random.choice(list(VOWELS))
        for _ in range(number)
    )


def names(number=1500):
    random = np.random.default_rng(1)
    return [syllables(random, 2, 4).title() + "\n" for _ in range(number)]


def prose(number=400, seed=2):
    random = np.random.default_rng(seed)
    words = [syllables(random, 1, 4) for _ in range(300)]
    chances = 1 / np.arange(1, 301)
    chances /= chances.sum()
    return "".join(
        " ".join(random.choice(words, 9, p=chances)).capitalize() + ".\n"
        for _ in range(number)
    )


TEXTS = {
    "sorted names": ("".join(sorted(names())), True),
    "two alphabets": (
        prose(300) + prose(60).translate({c: c + 848 for c in range(97, 123)}),
        True,
    ),
    "a book of other words": (prose(300) + prose(60, seed=3), True),
    "capitals at the end": (prose(300) + prose(60).upper(), True),
    "names in any order": ("".join(names()), False),
    "prose": (prose(), False),
    "short prose": (prose(80), False),
    "a log in the order of time": (
        "".join(f"2026-{m:02}-{d:02} ok {d * m % 7}\n"
                for m in range(1, 13) for d in range(1, 29) for _ in range(3)),
        False,
    ),
    "one character": ("a" * 9000, False),
}  # fmt: skip


def measured(text, validation=0.1):
    vocabulary = Vocabulary.from_text(text)
    ids = vocabulary.encode(text)
    return shift.measure(*split(ids, validation), len(vocabulary))


@pytest.mark.parametrize(("text", "clear"), TEXTS.values(), ids=TEXTS)
def test_only_an_end_unlike_the_rest_is_told(text, clear):
    assert measured(text).is_clear == clear


def test_shuffled_lines_are_the_remedy():
    lines = sorted(names())
    np.random.default_rng(0).shuffle(lines)
    assert not measured("".join(lines)).is_clear


def test_a_few_characters_tell_nothing():
    assert measured("ab" * 1000 + "c" * 200) is None
    assert measured("ab" * 1000, validation=0) is None


def test_of_a_long_text_pieces_from_all_over_are_read(monkeypatch):
    text = "".join(sorted(names(4000)))
    whole = measured(text)
    monkeypatch.setattr(shift, "MAX_TRAINING_CHARACTERS", 12_000)
    monkeypatch.setattr(shift, "MAX_HELD_OUT_CHARACTERS", 2_000)
    part = measured(text)
    assert part.is_clear
    assert part.excess == pytest.approx(whole.excess, rel=0.3)


def test_the_advice_is_a_line_that_says_what_to_do():
    advice = shift.advice(shift.Shift(3.0, 2.0, 0.1), "names.txt")
    assert advice.startswith("names.txt: the held-out end")
    assert "\n" not in advice
    assert "4.33 bits/char" in advice
    assert "2.89" in advice
    assert "--validation 0" in advice
