"""Before training, a line warns of what the losses will not show."""

import random

import pytest

from charrnn.text import kinds
from charrnn.text.windows import Windows
from charrnn.training.advice import advise
from charrnn.training.data import Data
from charrnn.training.settings import Settings
from charrnn.training.units import split_by_characters

WORDS = "sea shore shell sand wind wave boat gull rope sail tide pier".split()


def prose(seed, words=600):
    drawn = random.Random(seed)
    return " ".join(drawn.choice(WORDS) for _ in range(words)) + "\n"


def told(text, unit="character", **settings):
    lines = []
    vocabulary = kinds.from_text(unit, [text], 1, None)
    ids = vocabulary.encode(text)
    training, held_out = split_by_characters(ids, vocabulary, 0.1)
    windows = Windows(training, batch_size=2, seq_length=8, seed=1)
    data = Data(vocabulary, windows, held_out)
    advise(Settings(["a.txt"], unit=unit, **settings), data, lines.append)
    return " ".join(" ".join(lines).split())


@pytest.mark.parametrize("unit", ["character", "word", "byte"])
def test_an_end_that_repeats_the_text_is_told(unit):
    line = "a.txt: 100% of the held-out end repeats passages of the training"
    assert line in told(prose(1) * 8, unit)
    assert line in told(prose(1, 50) * 8, unit)
    whole = "".join(map(prose, range(8)))
    assert "repeats" not in told(whole, unit)
    assert "of the held-out end repeats" in told(whole + prose(3) * 2, unit)


def test_few_copies_are_quotations():
    quoted = prose(99, 20)
    assert "repeats" not in told(
        quoted + "".join(map(prose, range(9))) + quoted
    )


@pytest.mark.parametrize("init_from", [None, "sea.keras"])
def test_a_short_text_is_told_whatever_the_run_starts_from(init_from):
    line = told(prose(1), init_from=init_from)
    assert "short text: a network soon memorizes" in line
    assert ("--init-from" in line) == (init_from is None)
    assert ("the model it started from" in line) == (init_from is not None)
    longer = "".join(map(prose, range(8)))
    assert "short text" not in told(longer, init_from=init_from)
