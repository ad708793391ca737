"""Score a text in streams, which are read in parallel."""

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from charrnn.network.engine import Engine

MET_CHARACTERS = 64  # where a stream takes over, both scores are compared


def nats_in_streams(
    engine: Engine,
    ids: np.ndarray,
    streams: int,
    warm_up: int,
    nats_of_rows: Callable[[Engine, np.ndarray], np.ndarray],
) -> tuple[np.ndarray, int, float]:
    """Finds the surprise of each character but the first.

    Args:
        engine: A `charrnn.Engine`.
        ids: Of the text, `(characters,)`, at least two.
        streams: How many there are, each with a part of the same length.
        warm_up: Characters that a stream reads before its part, at most the
            length of a part.
        nats_of_rows: What scores the rows, as `scan.nats_of_rows` does.

    Returns:
        `(nats, warm_up, apart)`: an array `(characters - 1,)`, the warm-up
        that there was, and the largest difference between two streams where
        the later one takes over.

    Example:

    >>> from charrnn import load
    >>> from charrnn.scoring.scan import nats_of_rows
    >>> ids, engine = np.zeros(1000, np.int32), load("shakespeare")
    >>> nats, warm_up, _ = nats_in_streams(engine, ids, 3, 99, nats_of_rows)
    >>> nats.shape, warm_up
    ((999,), 99)
    """
    scored = len(ids) - 1
    length = -(-scored // streams)
    ends = np.minimum(np.arange(1, streams + 1) * length, scored)
    # All parts have the same length, so the last may overlap the one before.
    # The shared characters are then scored twice, and one score is kept.
    starts = ends - length
    warm_up = min(warm_up, int(starts[1])) if streams > 1 else 0
    # There is nothing before the first stream: it starts at the first
    # character, and its row continues past its part.
    begins = np.maximum(starts - warm_up, 0)
    windows = sliding_window_view(ids, warm_up + length + 1)[begins]
    nats = nats_of_rows(engine, windows)  # (streams, warm_up + length)
    result = np.empty(scored, np.float32)
    apart = 0.0
    for row, begin, start, end in zip(nats, begins, starts, ends, strict=True):
        first = max(begin, start - MET_CHARACTERS)
        with np.errstate(invalid="ignore"):  # infinite ones
            met = row[first - begin : start - begin] - result[first:start]
        apart = float(np.abs(met).max(initial=apart))
        result[start:end] = row[start - begin : end - begin]
    return result, warm_up, apart
