"""Batches for a student: their targets also tell what its teachers expect."""

import numpy as np

from charrnn.text.windows import Windows

KEPT = 64  # the likeliest units of a large vocabulary
MIN_REST = 1e-6  # a lower probability of all others is lost to rounding


class StudentWindows(Windows):
    """The same windows, with what teachers expect after each input.

    The soft targets of Hinton et al.: not only which unit follows, but how
    likely the teachers hold each. Of a large vocabulary, only the `KEPT`
    likeliest are known, and the probability of all the rest together.

    Args:
        windows: The windows, of `n` units.
        rows: What the teachers expect after each of them: a structured array
            `(n,)` of `row_type`, which may be mapped from a file.

    Example:

    >>> windows = Windows(np.arange(6) % 3, batch_size=2, seq_length=2, seed=1)
    >>> rows = np.zeros(6, row_type(3))
    >>> rows["probabilities"] = [0.5, 0.25, 0.25]
    >>> inputs, targets = StudentWindows(windows, rows).batch(0)
    >>> inputs.shape, targets.shape
    ((2, 2), (2, 2, 4))
    >>> targets[0, 0, 1:].tolist()
    [0.5, 0.25, 0.25]

    Source: Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a
    neural network".
    """

    def __init__(self, windows: Windows, rows: np.ndarray) -> None:
        self.ids = windows.ids
        self.batch_size = windows.batch_size
        self.seq_length = windows.seq_length
        self._windows = windows
        self.rows = rows

    def starts(self, step: int) -> np.ndarray:
        """Finds where each stream's window of a step begins in the text."""
        return self._windows.starts(step)

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Cuts the windows of a step.

        Args:
            step: As for `Windows.batch`.

        Returns:
            `(inputs, targets)`: int32, `(batch_size, seq_length)`, and
            float32, `(batch_size, seq_length, columns)`. The columns are the
            id that follows in the text, then those of `row_type`.
        """
        inputs, ids = super().batch(step)
        ramp = np.arange(self.seq_length)
        places = (self.starts(step)[:, None] + ramp) % len(self.ids)
        rows = self.rows[places]
        columns = [
            ids[..., None],
            *(rows[name] for name in rows.dtype.names or ()),
        ]
        return inputs, np.concatenate(columns, axis=-1, dtype=np.float32)


def row_type(units: int) -> np.dtype:
    """The type of a row: what teachers expect after one unit of a text.

    Args:
        units: The size of the vocabulary.

    Returns:
        A structured type. `probabilities`: those of all ids, `(units,)`; or,
        with the field `ids` before it, those of the `KEPT` likeliest ids and,
        last, of all other ids together, `(KEPT + 1,)`.

    Example:

    >>> row_type(65)["probabilities"].shape, row_type(4532).names
    ((65,), ('ids', 'probabilities'))
    """
    if keeps_all(units):
        return np.dtype([("probabilities", "<f2", (units,))])
    ids = np.min_scalar_type(units - 1).newbyteorder("<")
    return np.dtype(
        [("ids", ids, (KEPT,)), ("probabilities", "<f2", (KEPT + 1,))]
    )


def keeps_all(units: int) -> bool:
    """Whether rows hold the probabilities of all units.

    Up to that size they take no more room than the ids and probabilities of
    the likeliest.

    Args:
        units: The size of the vocabulary.

    Example:

    >>> keeps_all(65), keeps_all(4532)
    (True, False)
    """
    return units <= 2 * KEPT
