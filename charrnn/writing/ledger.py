"""Add up the surprise of the characters drawn, many steps at a time.

The cost of a softmax for a few rows is mostly NumPy's overhead, so the logits
of many steps are kept, and their surprise is computed in one call. With a
large vocabulary or many samples, the logits of one step are already large, so
there is a limit on the bytes kept as well as on the steps.
"""

import numpy as np

from charrnn.writing.probabilities import surprise

MAX_PENDING_STEPS = 256
MAX_PENDING_BYTES = 1 << 24


def peak_bytes(bytes_per_step: int) -> int:
    """The maximum number of bytes of logits that a `Ledger` holds.

    Args:
        bytes_per_step: Of the logits that one step adds.

    Returns:
        A number of bytes. The last step may exceed the limit.

    Example:

    >>> peak_bytes(100)
    25600
    """
    return min(
        MAX_PENDING_STEPS * bytes_per_step, MAX_PENDING_BYTES + bytes_per_step
    )


class Ledger:
    """The surprise of each sample under the network itself.

    Args:
        count: Number of samples.
        lengths: Number of characters of each id; `None` if all are 1.

    Example:

    >>> ledger = Ledger(2)
    >>> ledger.add(np.array([0]), np.zeros((1, 4)), np.array([3]))
    >>> np.round(ledger.nats_per_character(), 3).tolist()
    [1.386, 0.0]
    """

    def __init__(self, count: int, lengths: np.ndarray | None = None) -> None:
        self._lengths = lengths
        self._nats = np.zeros(count)
        self._characters = np.zeros(count, np.int64)
        self._pending: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._pending_bytes = 0

    def add(
        self, samples: np.ndarray, logits: np.ndarray, ids: np.ndarray
    ) -> None:
        """Records one unit of each of some samples.

        Args:
            samples: Index of each sample, `(samples,)`.
            logits: Before any filter, `(samples, vocabulary size)`.
            ids: The units drawn, `(samples,)`.
        """
        self._pending.append((samples, logits, ids))
        self._pending_bytes += logits.nbytes
        if (
            len(self._pending) == MAX_PENDING_STEPS
            or self._pending_bytes >= MAX_PENDING_BYTES
        ):
            self._settle()

    def nats_per_character(self) -> list[float]:
        """The mean for each sample; 0 for one without characters."""
        if self._pending:
            self._settle()
        return (self._nats / np.maximum(self._characters, 1)).tolist()

    def _settle(self) -> None:
        samples, logits, ids = map(
            np.concatenate, zip(*self._pending, strict=True)
        )
        np.add.at(self._nats, samples, surprise(logits, ids))
        characters = 1 if self._lengths is None else self._lengths[ids]
        np.add.at(self._characters, samples, characters)
        self._pending, self._pending_bytes = [], 0
