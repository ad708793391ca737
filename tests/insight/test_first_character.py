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
def test_a_gru_remembers_where_a_simple_rnn_forgets():
    found = charrnn.first_character(
        cells=["simple_rnn", "gru"], distance=16, units=24, steps=250
    )
    again = charrnn.first_character(
        cells=["simple_rnn"], distance=16, units=24, steps=250
    )
    np.testing.assert_array_equal(found["simple_rnn"], again["simple_rnn"])
    assert found["gru"].min() > 0.95
    assert found["simple_rnn"][0] > found["simple_rnn"][-1] + 0.2
    assert found["simple_rnn"][-1] < 0.8
