"""Measure how much of the held-out part stands in the training part, too.

Passages of the held-out part are looked for by their hashes, sums of

    id * base ** place     (modulo 2 ** 64)

The hashes of all passages of the training part are differences of cumulative
sums, a block at a time.
"""

from collections.abc import Iterator

import numpy as np

MAX_PASSAGES = 2000  # of a long held-out part
BASE = np.uint64(0x9E3779B97F4A7C15)
INVERSE = np.uint64(pow(int(BASE), -1, 1 << 64))
BLOCK = 1 << 20  # passages hashed at once
BITS = 16  # most passages are told apart by the first bits of their hashes


def share_in(
    training: np.ndarray, held_out: np.ndarray, length: int
) -> tuple[float, int]:
    """Measures the share of passages that the training part has, too.

    Args:
        training: The ids of the training part, `(n,)`.
        held_out: The ids of the held-out part.
        length: The number of ids of a passage.

    Returns:
        `(share, found)`: the share of passages, from 0 to 1, and their
        number.

    Example:

    >>> share_in(np.arange(90) % 7, np.arange(70) % 7, length=10)
    (1.0, 7)
    """
    hashes = _of_passages(held_out, length)
    if not len(hashes):
        return 0.0, 0
    wanted = np.unique(hashes)
    found = [
        wanted[:0],
        *(_found(own, wanted) for own in _all(training, length)),
    ]
    learnt = np.isin(hashes, np.concatenate(found))
    return float(learnt.mean()), int(learnt.sum())


def _of_passages(ids: np.ndarray, length: int) -> np.ndarray:
    """The hashes of passages from all over the ids, none overlapping."""
    starts = np.arange(0, len(ids) - length + 1, length)
    if len(starts) > MAX_PASSAGES:
        places = np.linspace(0, len(starts) - 1, MAX_PASSAGES)
        starts = starts[places.astype(np.int64)]
    passages = ids[starts[:, None] + np.arange(length)].astype(np.uint64)
    return (passages * _powers(BASE, length)).sum(axis=1, dtype=np.uint64)


def _all(ids: np.ndarray, length: int) -> Iterator[np.ndarray]:
    """Yields the hashes of all passages, a block at a time."""
    powers = _powers(BASE, BLOCK + length)
    inverse = _powers(INVERSE, BLOCK)
    for start in range(0, len(ids) - length + 1, BLOCK):
        own = np.asarray(ids[start : start + BLOCK + length - 1], np.uint64)
        sums = np.zeros(len(own) + 1, np.uint64)
        np.cumsum(own * powers[: len(own)], out=sums[1:])
        of_passages = sums[length:] - sums[:-length]
        yield of_passages * inverse[: len(of_passages)]


def _found(hashes: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Those of the hashes that are wanted, too."""
    first_bits = np.zeros(1 << BITS, bool)
    first_bits[wanted >> np.uint64(64 - BITS)] = True
    hashes = hashes[first_bits[hashes >> np.uint64(64 - BITS)]]
    return np.unique(hashes[np.isin(hashes, wanted)])


def _powers(base: np.uint64, count: int) -> np.ndarray:
    """The first powers of a number, from 1 on: `(count,)`."""
    powers = np.full(count, base)
    powers[0] = 1
    return np.cumprod(powers, dtype=np.uint64)
