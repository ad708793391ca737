"""Passages of the held-out part are found in the training part, if there."""

import numpy as np
import pytest

from charrnn.scoring import passages
from charrnn.scoring.passages import share_in

RANDOM = np.random.default_rng(3)
TRAINING = RANDOM.integers(0, 20, 5000).astype(np.uint8)
OTHER = RANDOM.integers(0, 20, 1000).astype(np.uint8)


@pytest.mark.parametrize("block", [1, 64, 1000, 1 << 20])
@pytest.mark.parametrize("start", [0, 17, 3990, 4000])
def test_copies_are_found_wherever_they_are(monkeypatch, block, start):
    monkeypatch.setattr(passages, "BLOCK", block)
    held_out = np.concatenate([TRAINING[start : start + 1000], OTHER])
    assert share_in(TRAINING, held_out, 50) == (0.5, 20)


@pytest.mark.parametrize("length", [50, 200])
def test_what_differs_in_one_place_is_no_copy(length):
    held_out = TRAINING[1000:2000].copy()
    held_out[20::50] += 1
    assert share_in(TRAINING, held_out, length) == (0.0, 0)


def test_the_passages_of_a_long_part_are_a_sample(monkeypatch):
    monkeypatch.setattr(passages, "MAX_PASSAGES", 10)
    held_out = np.concatenate([OTHER, TRAINING[:1000]])
    assert share_in(TRAINING, held_out, 10) == (0.5, 5)


@pytest.mark.parametrize("length", [1001, 6000])
def test_there_may_be_no_passage(length):
    assert share_in(TRAINING, OTHER, length) == (0.0, 0)
    assert share_in(OTHER[:4], OTHER[:100], 50) == (0.0, 0)
