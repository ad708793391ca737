"""Find which parts of a text are copied from a source, and where they stand."""

import dataclasses
import functools
from collections.abc import Iterable, Sequence

import numpy as np

from charrnn.text.suffixes import (
    TextIndex,
    check_can_sort,
    codes_of,
    suffix_array,
)

# By chance, hardly any run is this long: of 100,000 characters of one play of
# Shakespeare, 2 to 6 % are in runs of 20 characters or more that his other
# plays have, too, but 0.03 to 0.14 % in runs of 30, and the longest has 37.
MIN_RUN = 30


@dataclasses.dataclass(frozen=True)
class Run:
    """A part of a text that also occurs in a source.

    Attributes:
        start: Index of its first character in the text.
        source_start: That of its first occurrence in the source.
        length: Number of characters.
        occurrences: How often the source has it.
    """

    start: int
    source_start: int
    length: int
    occurrences: int


@dataclasses.dataclass(frozen=True)
class Copied:
    """What a text has copied from a source.

    Attributes:
        text: The text; documents stand one after the other.
        source: The source.
        min_run: The length from which a run counts as copied.
        runs: The runs, the longest first. None can be made longer at either
            end, but two may overlap.
        longest: The length of the longest run, also if it does not count as
            copied; 0 if no character is in the source.
    """

    text: str = dataclasses.field(repr=False)
    source: str = dataclasses.field(repr=False)
    min_run: int
    runs: tuple[Run, ...]
    longest: int

    @functools.cached_property
    def lengths(self) -> np.ndarray:
        """The longest run that each character of the text is in; 0 if none.

        Integers of shape `(characters,)`.
        """
        lengths = np.zeros(len(self.text), np.int64)
        for run in reversed(self.runs):
            lengths[run.start : run.start + run.length] = run.length
        return lengths

    @property
    def characters(self) -> int:
        """The number of characters in at least one run."""
        return int(np.count_nonzero(self.lengths))

    @property
    def share(self) -> float:
        """The share of the text's characters that are in a run, 0 to 1."""
        return self.characters / max(1, len(self.text))


def copied(
    text: str | Iterable[str], source: str, *, min_run: int = MIN_RUN
) -> Copied:
    """Finds all runs of characters that a text shares with a source.

    Characters are compared as they are: another line break or capital ends a
    run. Time and memory grow with the sum of the lengths; 4.8 million
    characters take about two seconds and 200 MB.

    Args:
        text: The text to examine, such as one that a model has written;
            or several documents. No run goes from one into the next.
        source: The text that may have been copied from.
        min_run: The length from which a run counts as copied.

    Returns:
        A `Copied` with the runs, and the share of the text in them.

    Raises:
        ValueError: if `min_run` is less than 1, or the texts are too large
            for the memory.

    Example:

    >>> found = copied("Not to be? Let me see", "To be or not to be", min_run=7)
    >>> found.runs
    (Run(start=1, source_start=10, length=8, occurrences=1),)
    >>> round(found.share, 2)
    0.38
    >>> copied(["Let", "me"], "outlet meter").longest
    2
    """
    if min_run < 1:
        raise ValueError(f"Expected min_run of at least 1. Received {min_run}.")
    documents = [text] if isinstance(text, str) else list(text)
    text = "".join(documents)
    check_can_sort(len(text) + len(source) + 1)
    # One alphabet for both, and between them a character before all others.
    codes = codes_of(source + text) + 1
    codes = np.insert(codes, len(source), 0)
    order = suffix_array(codes)
    ends = np.minimum(_match_ends(text, source, order), _ends_of(documents))
    starts = np.arange(len(text))
    # A match that ends no later than the one before it is a part of that.
    earlier = np.concatenate([[0], ends[:-1]])
    is_run = (ends - starts >= min_run) & (ends > earlier)
    index = TextIndex(source, order[order < len(source)])
    runs = [
        _run(text, index, int(start), int(ends[start]))
        for start in np.flatnonzero(is_run)
    ]
    runs.sort(key=lambda run: -run.length)
    longest = int((ends - starts).max(initial=0))
    return Copied(text, source, min_run, tuple(runs), longest)


def _ends_of(documents: Sequence[str]) -> np.ndarray:
    """Where the document of each character ends."""
    lengths = np.array([len(document) for document in documents], np.int64)
    return np.repeat(lengths.cumsum(), lengths)


def _run(text: str, index: TextIndex, start: int, end: int) -> Run:
    places = index.places(text[start:end])
    return Run(start, int(places.min()), end - start, len(places))


def _match_ends(text: str, source: str, order: np.ndarray) -> np.ndarray:
    """Where the longest match with the source ends that begins at a position.

    Args:
        text: The text.
        source: The source.
        order: The suffix array of source, separator and text.

    Returns:
        Integers of shape `(characters,)`.
    """
    ends = np.arange(len(text))
    for ranked in (order, order[::-1]):
        nearest = _nearest(ranked, len(source), len(text))
        np.maximum(ends, _ends_with(text, source, nearest), out=ends)
    return ends


def _nearest(ranked: np.ndarray, size: int, characters: int) -> np.ndarray:
    """The position in the source of the suffix ranked before each of a text's.

    Returns:
        Integers of shape `(characters,)`; `size` if there is none before it.
    """
    numbers = np.where(ranked < size, np.arange(len(ranked)), -1)
    last = np.maximum.accumulate(numbers)
    before = np.where(last < 0, size, ranked[last])
    is_text = ranked > size
    nearest = np.empty(characters, np.int64)
    nearest[ranked[is_text] - size - 1] = before[is_text]
    return nearest


def _ends_with(text: str, source: str, nearest: np.ndarray) -> np.ndarray:
    """Where the match of each suffix with its nearest in the source ends.

    If the match at one position has h characters, the one at the next has at
    least h - 1: both comparisons go on where the last one ended.

    Source: Kasai et al. 2001, "Linear-time longest-common-prefix computation
    in suffix arrays and its applications".
    """
    ends = []
    end = 0
    for start, place in enumerate(nearest.tolist()):
        end = max(end, start)
        other = place + end - start
        try:
            while text[end] == source[other]:
                end += 1
                other += 1
        except IndexError:
            pass  # the end of the text, or of the source
        ends.append(end)
    return np.array(ends, np.int64)
