"""Score the rounds of a training with its own loops, where that is faster."""

from collections.abc import Iterator

import numpy as np

from charrnn.network.choice import trains_on_gpu
from charrnn.network.engine import Engine
from charrnn.scoring.scan import MAX_CHARACTERS_PER_PIECE, MAX_LOGITS_PER_PIECE
from charrnn.twins.fused import precision_of
from charrnn.twins.surprise import Score, scorer
from charrnn.twins.twin import Twin

# Multiplications from which on the loops are worth compiling, a second or two:
# characters times weights. NumPy takes a second for them on two idle cores.
MIN_WORK = 5e10


class RoundScorer:
    """Scores rows of text with a twin, in its precision.

    It has states of its own, and changes nothing of the twin.

    Attributes:
        precision: Of the matrix products.

    Args:
        twin: The twin in training.

    Example:

    >>> from charrnn import build_model, fused
    >>> twin = fused(build_model(range(5), units=4, layers=1), batch_size=2)
    >>> ids = np.zeros((3, 100), np.int32)
    >>> RoundScorer(twin).nats_of_rows(None, ids).shape
    (3, 99)
    """

    def __init__(self, twin: Twin):
        self.precision = precision_of(twin)
        self._twin = twin
        self._distinct = twin.output_shape[-1]
        self._rows = 0
        self._score: Score | None = None

    def nats_of_rows(self, engine: Engine, ids: np.ndarray) -> np.ndarray:
        """Computes the surprise of each id but the first of each row.

        Args:
            engine: The weights as they are now; the twin has the same.
            ids: Of texts of one length, `(rows, units)`.

        Returns:
            Float32 array of shape `(rows, units - 1)`, in nats.
        """
        rows, units = ids.shape
        if self._score is None or rows != self._rows:
            self._rows, self._score = rows, scorer(self._twin, rows)
        nats = list(self._score(self._windows(ids)))
        return np.concatenate(nats, axis=1)[:, : units - 1]

    def _windows(self, ids: np.ndarray) -> Iterator[np.ndarray]:
        """Cuts rows into windows of one length, the last of them filled up."""
        rows, units = ids.shape
        fitting = MAX_LOGITS_PER_PIECE // (rows * self._distinct)
        length = max(1, min(MAX_CHARACTERS_PER_PIECE, fitting))
        for start in range(0, units - 1, length):
            window = ids[:, start : start + length + 1]
            missing = length + 1 - window.shape[1]
            yield np.pad(window, ((0, 0), (0, missing)))


def round_scorer(twin: Twin, units: int) -> RoundScorer | None:
    """Chooses what scores the rounds of a training.

    NumPy is as fast in float32, and sooner ready for a small text.

    Args:
        twin: The twin in training.
        units: The number of ids to score.

    Returns:
        A `RoundScorer`, or `None` for the NumPy engine.

    Example:

    >>> from charrnn import build_model, fused
    >>> twin = fused(build_model(range(5), units=4, layers=1), batch_size=2)
    >>> round_scorer(twin, 100_000) is None
    True
    """
    is_fast = precision_of(twin) == "bfloat16" or trains_on_gpu()
    work = units * twin.model.count_params()
    return RoundScorer(twin) if is_fast and work >= MIN_WORK else None


def in_precision(method: str, precision: str) -> str:
    """Names a `Score.method` in a precision.

    Example:

    >>> in_precision("9 streams", "bfloat16")
    '9 streams, in bfloat16'
    """
    return f"{method}, in {precision}"


def is_exact(method: str) -> bool:
    """Whether a method is one of the NumPy engine, in float32.

    Example:

    >>> is_exact("9 streams"), is_exact("9 streams, in bfloat16")
    (True, False)
    """
    return not method.endswith((", in bfloat16", ", in float32"))
