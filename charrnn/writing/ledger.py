"""Add up the surprise of the characters drawn, many steps at a time.

The cost of a softmax for a few rows is mostly NumPy's overhead, so the logits
of many steps are kept, and their surprise is computed in one call. With a
large vocabulary or many samples, the logits of one step are already large, so
there is a limit on the bytes kept as well as on the steps.
"""

from collections.abc import Sequence

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

    With constraints, also the probability of what they excluded.

    Args:
        count: Number of samples.
        lengths: Number of characters of each id; `None` if all are 1.
        stand_in: The id of what is never drawn, or `None`.

    Example:

    >>> ledger = Ledger(2)
    >>> ledger.add(np.array([0]), np.zeros((1, 4)), np.array([3]))
    >>> np.round(ledger.nats_per_character(), 3).tolist()
    [1.386, 0.0]
    >>> half = np.array([[0, 0, -np.inf, -np.inf]])
    >>> ledger.add(np.array([1]), np.zeros((1, 4)), np.array([1]), half)
    >>> np.round(ledger.masked(), 3).tolist()
    [0.0, 0.5]
    """

    def __init__(
        self,
        count: int,
        lengths: np.ndarray | None = None,
        stand_in: int | None = None,
    ) -> None:
        self._lengths, self._stand_in = lengths, stand_in
        self._nats, self._excluded = np.zeros(count), np.zeros(count)
        self._characters = np.zeros(count, np.int64)
        self._units = np.zeros(count, np.int64)
        self._forced = np.zeros(count, np.int64)  # of the units
        self._narrowed = np.zeros(count, bool)
        self._pending: list[tuple[np.ndarray, ...]] = []
        self._pending_bytes = 0

    def add(
        self,
        samples: np.ndarray,
        logits: np.ndarray,
        ids: np.ndarray,
        steered: np.ndarray | None = None,
    ) -> None:
        """Records one unit of each of some samples.

        Args:
            samples: Index of each sample, `(samples,)`.
            logits: Before any filter, `(samples, vocabulary size)`.
            ids: The units drawn, `(samples,)`.
            steered: The logits with minus infinity for what constraints
                excluded; in each call or in none.
        """
        row = samples, logits, ids
        self._pending.append(row if steered is None else (*row, steered))
        self._pending_bytes += logits.nbytes * (1 + (steered is not None))
        if (
            len(self._pending) == MAX_PENDING_STEPS
            or self._pending_bytes >= MAX_PENDING_BYTES
        ):
            self._settle()

    def add_hurried(
        self, samples: np.ndarray, hurried: Sequence[tuple[bool, bool]]
    ) -> None:
        """Records whether the length hurried samples to their ends.

        Args:
            samples: Index of each sample, `(samples,)`.
            hurried: As in `State`. Where only the shortest way to the end
                fits, a unit counts as forced once the length has excluded
                something: a form of a fixed length does not count.
        """
        narrowed, shortest = np.array(hurried).T
        self._narrowed[samples] |= narrowed
        self._forced[samples] += shortest & self._narrowed[samples]

    def forced(self) -> list[float]:
        """The share of the units for which only the shortest way was left."""
        self._settle()
        return (self._forced / np.maximum(self._units, 1)).tolist()

    def nats_per_character(self) -> list[float]:
        """The mean for each sample; 0 for one without characters."""
        self._settle()
        return (self._nats / np.maximum(self._characters, 1)).tolist()

    def masked(self) -> list[float]:
        """The mean probability of what constraints excluded; 0 without any."""
        self._settle()
        return (self._excluded / np.maximum(self._units, 1)).tolist()

    def _settle(self) -> None:
        if not self._pending:
            return
        samples, logits, ids, *steered = map(
            np.concatenate, zip(*self._pending, strict=True)
        )
        self._pending, self._pending_bytes = [], 0
        nats = surprise(logits, ids)
        np.add.at(self._nats, samples, nats)
        characters = 1 if self._lengths is None else self._lengths[ids]
        np.add.at(self._characters, samples, characters)
        np.add.at(self._units, samples, 1)
        for drawable in steered:
            excluded = self._excluded_of(drawable, logits, ids, nats)
            np.add.at(self._excluded, samples, excluded)

    def _excluded_of(
        self,
        drawable: np.ndarray,
        logits: np.ndarray,
        ids: np.ndarray,
        nats: np.ndarray,
    ) -> np.ndarray:
        """The probability of what may not be drawn, but for the stand-in."""
        total = nats + logits[np.arange(len(ids)), ids]
        p = np.exp(logits - total[:, None])
        excluded = np.isneginf(drawable)
        if self._stand_in is None:
            return np.minimum((p * excluded).sum(-1), 1)
        excluded[:, self._stand_in] = False
        others = 1 - p[:, self._stand_in]
        return np.minimum((p * excluded).sum(-1) / others, 1)
