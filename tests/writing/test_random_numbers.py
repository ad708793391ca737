"""A random number depends on its seed, sample and position, on nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.writing.random_numbers import (
    STEPS_PER_BLOCK,
    UniformBlocks,
    draw,
    uniforms,
)

repeatable = settings(deadline=None, derandomize=True)


@repeatable
@given(
    st.integers(0, 2**63 - 1),
    st.integers(0, 1000),
    st.integers(0, 900),
    st.integers(0, 100),
)
def test_uniforms_are_addressed_by_position(seed, sample, start, count):
    whole = uniforms(seed, sample, 0, 1000)
    part = uniforms(seed, sample, start, count)
    assert np.array_equal(part, whole[start : start + count])


def test_uniforms_far_ahead_are_addressed_too():
    ahead = uniforms(1, 0, 10**12 + 1, 9)
    assert np.array_equal(ahead[3:], uniforms(1, 0, 10**12 + 4, 6))


def test_uniforms_fill_the_unit_interval_evenly():
    numbers = uniforms(3, 0, 0, 40_000)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    counts = np.histogram(numbers, 10, (0, 1))[0]
    assert np.abs(counts - 4000).max() < 4 * np.sqrt(40_000 * 0.1 * 0.9)


def test_uniforms_of_samples_are_independent():
    rows = np.stack([uniforms(3, sample, 0, 10_000) for sample in range(5)])
    assert len(np.unique(rows)) == rows.size
    correlations = np.corrcoef(rows) - np.eye(5)
    assert np.abs(correlations).max() < 4 / np.sqrt(10_000)


@pytest.mark.parametrize(
    ("one", "other"),
    [(0, 1), (1, 2**32 + 1), (0, 2**63), (2**64 - 1, 2**64 - 2), (0, -1)],
)
def test_each_seed_of_64_bits_has_its_own_uniforms(one, other):
    assert (uniforms(one, 0, 0, 8) != uniforms(other, 0, 0, 8)).all()


@repeatable
@given(
    st.lists(st.integers(0, 3 * STEPS_PER_BLOCK), min_size=1, max_size=9),
    st.lists(st.sets(st.integers(0, 5)), min_size=1, max_size=3),
)
def test_blocks_change_no_number(positions, groups):
    """Whatever is asked for before: other samples, seeds and places."""
    blocks = UniformBlocks()
    for position in positions:
        for seed, group in enumerate(groups):
            samples = np.array(sorted(group), int)
            numbers = blocks.at(position, seed=seed, samples=samples)
            expected = [uniforms(seed, i, position, 1)[0] for i in samples]
            assert numbers.tolist() == expected


@pytest.mark.parametrize("number", [0.0, 0.25, 0.5, 1 - 2**-53])
def test_what_has_no_probability_is_never_drawn(number):
    p = np.array([[0, 0.25, 0, 0.75, 0]])
    (drawn,) = draw(p, np.array([number]))
    assert drawn == (1 if number < 0.25 else 3)
