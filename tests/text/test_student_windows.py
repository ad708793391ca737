"""A student's targets: the text's next unit, and what teachers expect."""

import numpy as np
import pytest

from charrnn.text.student_windows import (
    KEPT,
    StudentWindows,
    keeps_all,
    row_type,
)
from charrnn.text.windows import Windows

LENGTH = 50


def windows_of(units, seed=1):
    ids = np.random.default_rng(seed).integers(0, units, LENGTH)
    return Windows(ids, batch_size=3, seq_length=4, seed=seed)


@pytest.mark.parametrize("units", [2, 65, 128, 129, 300, 70_000])
def test_the_targets_of_an_input_are_those_of_its_position(units):
    windows, random = windows_of(units), np.random.default_rng(2)
    rows = np.zeros(LENGTH, row_type(units))
    for name in rows.dtype.names:
        rows[name] = random.integers(0, min(units, 2000), rows[name].shape)
    student = StudentWindows(windows, rows)
    for step in (0, 3, 1000):
        inputs, targets = student.batch(step)
        expected_inputs, ids = windows.batch(step)
        np.testing.assert_array_equal(inputs, expected_inputs)
        np.testing.assert_array_equal(targets[..., 0], ids)
        for row, start in zip(targets, windows.starts(step), strict=True):
            for i, columns in enumerate(row):
                own = rows[(start + i) % LENGTH]
                known = np.concatenate([own[name] for name in own.dtype.names])
                np.testing.assert_array_equal(columns[1:], known)


def test_batches_are_the_same_from_a_dataset():
    rows = np.zeros(LENGTH, row_type(5))
    rows["probabilities"] = np.random.default_rng(0).random((LENGTH, 5))
    student = StudentWindows(windows_of(5), rows)
    batch = next(student.dataset(7).as_numpy_iterator())
    for own, expected in zip(batch, student.batch(7), strict=True):
        np.testing.assert_array_equal(own, expected)
        assert own.dtype == expected.dtype


@pytest.mark.parametrize("units", [2, 128, 129, 4532, 1_000_000])
def test_a_row_takes_no_more_room_than_the_largest_whole_one(units):
    room = row_type(units).itemsize
    assert room <= (2 if keeps_all(units) else 6) * 2 * KEPT
