"""Let streams read how a line begins, from the empty state.

A text that is written without a prompt begins with an empty state that reads a
line end. In contiguous streams a network hardly ever sees that: of the windows
that follow a reset, few begin with a line end. So the last window of a stream
before a reset is replaced by the beginning of a line, which is read from the
empty state too. `|` stands between the windows of a stream, `0` for a reset:

    Windows       ... |a b c|d e f|g h i|0 j k l|m n o| ...
    LineStarts    ... |a b c|d e f|0 \n P Q|0 j k l|m n o| ...

The state at the end of that window would be thrown away in any case, so no
other state is lost, and a step costs no more. One window in 64 is replaced, in
each pass over the text another one; of a short text up to one in four, for a
network that learns it in a few hundred steps has to see enough of them.
"""

import functools

import numpy as np

from charrnn.text.units import UnitVocabulary
from charrnn.text.windows import Windows
from charrnn.training.settings import Settings
from charrnn.writing.prompts import new_line

RESTART_WINDOWS = 64  # mean number of windows between two resets of a stream
MIN_RESTART_WINDOWS = 4  # the same, of the shortest texts
MIN_LINE_STARTS_PER_PASS = 64  # that are read, if there are as many lines
MAX_LINES = 1 << 16  # that are read in this way, if a text has more lines
SEARCHED = 1 << 20  # ids at once: the array may be larger than the RAM
CACHED_STEPS = 1 << 10  # more than the steps of a call, and the next


class LineStarts(Windows):
    r"""Windows of which those before a reset begin with a line end.

    Attributes:
        restart_windows: The mean number of windows between two resets.

    Args:
        ids: As for `Windows`, as are the arguments that follow.
        batch_size: Streams read in parallel.
        seq_length: Units per window.
        seed: With the step it determines the resets, too.
        line_end: The id that is read instead of an empty prompt.

    Example:

    >>> ids = [0, *range(1, 20)] * 30
    >>> windows = LineStarts(
    ...     ids, batch_size=64, seq_length=4, seed=1, line_end=0
    ... )
    >>> inputs, _ = windows.batch(0)
    >>> inputs[windows.at_line_starts(0)][0].tolist()
    [0, 1, 2, 3]
    """

    def __init__(
        self,
        ids: np.ndarray,
        *,
        batch_size: int,
        seq_length: int,
        seed: int,
        line_end: int,
    ) -> None:
        super().__init__(
            ids, batch_size=batch_size, seq_length=seq_length, seed=seed
        )
        self._seed = seed
        self._lines = _places_of(line_end, self.ids)
        windows = len(self.ids) / seq_length
        chance = _line_starts_per_pass(windows, len(self._lines)) / windows
        self.restart_windows = 1 / max(chance, 1 / RESTART_WINDOWS)
        self._share = chance * self.restart_windows  # of the resets

    def at_line_starts(self, step: int) -> np.ndarray:
        """Finds the streams that read the beginning of a line in a step.

        Args:
            step: The number of steps done before.

        Returns:
            A boolean array `(streams,)`.
        """
        return self._draws(step) < self._share

    def starts(self, step: int) -> np.ndarray:
        """Finds where each stream's window of a step begins in the text."""
        starts = super().starts(step)
        draws = self._draws(step)
        chosen = draws < self._share
        # Below the share, draws are evenly distributed: they choose the line.
        lines = draws[chosen] / (self._share or 1) * len(self._lines)
        starts[chosen] = self._lines[lines.astype(np.int64)]
        return starts

    def _draws(self, step: int) -> np.ndarray:
        """Draws for the step after it: below 1 if a reset comes before it."""
        draws = drawn(self._seed, int(step) + 1, self.batch_size)
        return draws * self.restart_windows


def _line_starts_per_pass(windows: float, lines: int) -> float:
    """How many of the windows of a pass begin a line: at most all lines."""
    wanted = max(windows / RESTART_WINDOWS, MIN_LINE_STARTS_PER_PASS)
    return min(lines, wanted, windows / MIN_RESTART_WINDOWS)


@functools.lru_cache(CACHED_STEPS)
def drawn(seed: int, step: int, streams: int) -> np.ndarray:
    """Draws the numbers that decide which streams are reset before a step.

    Args:
        seed: The seed of the run.
        step: The number of steps done before.
        streams: The number of streams.

    Returns:
        Numbers from 0 up to 1, `(streams,)`: read them only.

    Example:

    >>> drawn(1, 7, 3).shape
    (3,)
    """
    # Seed and step determine the draw, so a checkpoint need not store it.
    return np.random.default_rng([seed, step]).random(streams)


def _places_of(line_end: int, ids: np.ndarray) -> np.ndarray:
    """Finds all line ends; of very many, as many as there may be."""
    parts = [
        start + np.flatnonzero(ids[start : start + SEARCHED] == line_end)
        for start in range(0, len(ids), SEARCHED)
    ]
    places = np.concatenate(parts)
    if len(places) <= MAX_LINES:
        return places
    return places[np.arange(MAX_LINES) * len(places) // MAX_LINES]


def windows_for(
    settings: Settings, vocabulary: UnitVocabulary, ids: np.ndarray
) -> Windows:
    """Cuts a run's training part into windows.

    Args:
        settings: The `settings.Settings`, with the sizes.
        vocabulary: The run's vocabulary.
        ids: The training part.

    Returns:
        `LineStarts`; `Windows` for documents, at whose beginnings states are
        reset, and for a run of an earlier version.
    """
    batch_size, seq_length = settings.sizes or (0, 0)
    common = {
        "batch_size": batch_size,
        "seq_length": seq_length,
        "seed": settings.seed,
    }
    boundary = vocabulary.boundary
    if boundary is not None or not settings.line_starts:
        return Windows(ids, **common, boundary=boundary)
    line_end = vocabulary.encode(new_line(vocabulary))[0]
    return LineStarts(ids, **common, line_end=int(line_end))
