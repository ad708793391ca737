"""Logits become the probabilities that characters are drawn with."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.writing.probabilities import probabilities, surprise

repeatable = settings(deadline=None, derandomize=True)
SQUARES = np.log([1.0, 4.0, 9.0, 16.0])  # logits; thirtieths in all
EVEN = np.zeros(4)  # a quarter each, exactly


# Probabilities.


@pytest.mark.parametrize(
    ("filters", "weights"),
    [
        ({}, [1, 4, 9, 16]),
        ({"temperature": 0}, [0, 0, 0, 1]),
        ({"temperature": 0.5}, [1, 16, 81, 256]),
        ({"temperature": 1}, [1, 4, 9, 16]),
        ({"temperature": 2}, [1, 2, 3, 4]),
        ({"top_k": 1}, [0, 0, 0, 1]),
        ({"top_k": 2}, [0, 0, 9, 16]),
        ({"top_k": 3}, [0, 4, 9, 16]),
        ({"top_k": 4}, [1, 4, 9, 16]),
        ({"top_k": 100}, [1, 4, 9, 16]),
        ({"top_p": 0.01}, [0, 0, 0, 1]),
        ({"top_p": 0.53}, [0, 0, 0, 1]),  # 16/30 = 0.533
        ({"top_p": 0.54}, [0, 0, 9, 16]),
        ({"top_p": 0.83}, [0, 0, 9, 16]),  # 25/30 = 0.833
        ({"top_p": 0.84}, [0, 4, 9, 16]),
        ({"top_p": 0.97}, [1, 4, 9, 16]),  # 29/30 = 0.967
        ({"top_p": 1}, [1, 4, 9, 16]),
        ({"min_p": 0.06}, [1, 4, 9, 16]),  # 1/16 = 0.0625
        ({"min_p": 0.07}, [0, 4, 9, 16]),
        ({"min_p": 0.24}, [0, 4, 9, 16]),
        ({"min_p": 0.26}, [0, 0, 9, 16]),
        ({"min_p": 0.57}, [0, 0, 0, 1]),  # 9/16 = 0.5625
        ({"min_p": 1}, [0, 0, 0, 1]),
    ],
)
def test_each_filter_gives_the_distribution_worked_by_hand(filters, weights):
    expected = np.array(weights) / sum(weights)
    assert probabilities(SQUARES, **filters) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("filters", "weights"),
    [
        # The temperature comes first: 4/10, 7/10, 9/10.
        ({"temperature": 2, "top_p": 0.75}, [0, 2, 3, 4]),
        ({"temperature": 2, "min_p": 0.4}, [0, 2, 3, 4]),
        ({"temperature": 0.5, "min_p": 0.4}, [0, 0, 0, 1]),
        # top_p sees what top_k has left: 4/9, 7/9.
        ({"temperature": 2, "top_k": 3, "top_p": 0.75}, [0, 0, 3, 4]),
        # min_p sees what top_p has left; before it, 16/25 would do alone.
        ({"top_p": 0.6, "min_p": 0.3}, [0, 0, 9, 16]),
        ({"top_k": 3, "min_p": 0.5}, [0, 0, 9, 16]),
        (
            {"temperature": 2, "top_k": 3, "top_p": 0.75, "min_p": 0.8},
            [0, 0, 0, 1],
        ),
        ({"temperature": 0, "top_k": 3, "top_p": 0.9}, [0, 0, 0, 1]),
    ],
)
def test_filters_apply_in_the_order_of_the_arguments(filters, weights):
    expected = np.array(weights) / sum(weights)
    assert probabilities(SQUARES, **filters) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("top_p", "kept"),
    [(0.2, 1), (0.25, 1), (0.26, 2), (0.5, 2), (0.51, 3), (0.75, 3), (1, 4)],
)
def test_top_p_keeps_the_smallest_set_that_adds_up_to_it(top_p, kept):
    expected = np.where(np.arange(4) < kept, 1 / kept, 0)
    assert np.array_equal(probabilities(EVEN, top_p=top_p), expected)


@pytest.mark.parametrize(
    ("filters", "weights"),
    [
        ({"temperature": 0}, [0, 1, 0, 0]),
        ({"top_k": 1}, [0, 1, 0, 0]),
        ({"top_k": 2}, [0, 1, 0, 1]),
        ({"top_k": 3}, [1, 2, 0, 2]),
        ({"top_p": 0.3}, [0, 1, 0, 0]),
        ({"top_p": 0.5}, [0, 1, 0, 1]),
        ({"min_p": 1}, [0, 1, 0, 1]),
    ],
)
def test_ties_go_to_the_lower_id(filters, weights):
    expected = np.array(weights) / sum(weights)
    tied = np.log([1.0, 2.0, 1.0, 2.0])
    assert probabilities(tied, **filters) == pytest.approx(expected)


filters_at_random = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.floats(0.05, 20) | st.just(0),
        "top_k": st.integers(1, 12),
        "top_p": st.floats(0.001, 1),
        "min_p": st.floats(0.001, 1),
    },
)


# Logits that differ by less than rounding are equally likely.
hundredths = st.integers(-5000, 5000).map(lambda number: number / 100)


@repeatable
@given(st.lists(hundredths, min_size=1, max_size=10), filters_at_random)
def test_filters_leave_a_distribution_of_the_likeliest(logits, filters):
    logits = np.array(logits)
    p = probabilities(logits, **filters)
    assert (p >= 0).all()
    assert p.sum() == pytest.approx(1, abs=1e-12)
    assert p[logits.argmax()] == p.max()
    assert logits[p > 0].min() >= logits[p == 0].max(initial=-np.inf)
    assert (p > 0).sum() <= filters.get("top_k", len(p))


@repeatable
@given(st.integers(0, 2**32), filters_at_random)
def test_rows_do_not_touch_each_other(seed, filters):
    logits = 3 * np.random.default_rng(seed).normal(size=(2, 3, 7))
    p = probabilities(logits, **filters)
    assert p.shape == logits.shape
    for place in np.ndindex(2, 3):
        alone = probabilities(logits[place], **filters)
        assert p[place] == pytest.approx(alone)


def test_large_logits_do_not_overflow():
    p = probabilities(np.float32([-3e4, 0, 3e4]), temperature=0.01)
    assert p.tolist() == [0, 0, 1]


def test_logits_are_left_as_they_were():
    logits = SQUARES.copy()
    probabilities(logits, 0.7, top_k=3, top_p=0.9, min_p=0.1)
    assert np.array_equal(logits, SQUARES)


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"temperature": -0.1}, r"temperature of 0 .* Received -0\.1\."),
        ({"temperature": float("nan")}, r"temperature .* Received nan\."),
        ({"temperature": float("inf")}, r"temperature .* Received inf\."),
        ({"top_k": 0}, r"top_k of at least 1\. Received 0\."),
        ({"top_k": -1}, r"top_k of at least 1\. Received -1\."),
        ({"top_p": 0}, r"top_p above 0 and up to 1\. Received 0\."),
        ({"top_p": 1.01}, r"top_p above 0 and up to 1\. Received 1\.01\."),
        ({"min_p": 0}, r"min_p above 0 and up to 1\. Received 0\."),
        ({"min_p": -0.5}, r"min_p above 0 and up to 1\. Received -0\.5\."),
        ({"temperature": 0, "top_p": 2}, r"Received 2\."),
    ],
)
def test_filters_out_of_range_are_refused(filters, message):
    with pytest.raises(ValueError, match=message):
        probabilities(SQUARES, **filters)


@repeatable
@given(st.integers(0, 2**32))
def test_surprise_is_minus_ln_of_the_softmax(seed):
    random = np.random.default_rng(seed)
    logits = 5 * random.normal(size=(2, 3, 6))
    ids = random.integers(6, size=(2, 3))
    nats = surprise(logits, ids)
    assert nats.shape == (2, 3)
    for place in np.ndindex(2, 3):
        p = probabilities(logits[place])[ids[place]]
        assert nats[place] == pytest.approx(-np.log(p))
