"""The task of the first character tells cells that remember from others."""

import numpy as np
import pytest

import charrnn


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"cells": ["lstm", "rnn"]}, "Received 'rnn'"),
        ({"distance": 0}, "of 1 or more"),
        ({"steps": 0}, "of 1 or more"),
    ],
)
def test_what_cannot_be_trained_is_refused(options, says):
    with pytest.raises(ValueError, match=says):
        charrnn.first_character(**options)


@pytest.mark.slow
def test_an_lstm_remembers_where_a_simple_rnn_forgets():
    found = charrnn.first_character(cells=["simple_rnn", "lstm"])
    assert found["lstm"].min() > 0.9
    assert found["simple_rnn"][0] > found["simple_rnn"][-1] + 0.2
    assert found["simple_rnn"][-1] < 0.7


@pytest.mark.slow
def test_the_same_seed_learns_the_same():
    options = {"cells": ["gru"], "distance": 4, "units": 4, "steps": 3}
    first = charrnn.first_character(**options, seed=1)["gru"]
    again = charrnn.first_character(**options, seed=1)["gru"]
    np.testing.assert_array_equal(first, again)
    assert first.shape == (5,) and first.max() <= 1
