"""Rank lines by their part of a text's score, or by their own score."""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from charrnn.network.engine import Engine
from charrnn.scoring.lines import score_each
from charrnn.scoring.score import Score


@dataclasses.dataclass(frozen=True)
class LineScore:
    """The score of a line.

    Attributes:
        number: Number of the line, from 1.
        content: The line without white space around it.
        score: Of its characters.
    """

    number: int
    content: str
    score: Score


def lines_in_context(lines: Sequence[str], scored: Score) -> list[LineScore]:
    r"""Divides the score of a text among its lines.

    A line's own end is scored with it. All lines before it are its context,
    so their order matters. A word of several line ends counts for the line
    in which it begins.

    Args:
        lines: The lines with their ends: joined, they are the text.
        scored: The score of the text.

    Returns:
        The lines in their order, without those that are blank.

    Example:

    >>> scored = Score(np.array([1.0, 1.0, 4.0]), "one pass")
    >>> [line.score.nats_per_character
    ...  for line in lines_in_context(["a\n", "bc"], scored)]
    [1.0, 2.5]
    """
    method = f"{scored.method}, the lines before as context"
    ends = np.cumsum([len(line) for line in lines], dtype=np.int64)
    # The first unit is not scored: the others follow it.
    first = int(ends[-1]) - scored.characters if len(ends) else 0
    lengths = scored.lengths
    if lengths is None:
        lengths = np.ones(scored.units, np.uint8)
    begins = first + np.cumsum(lengths, dtype=np.int64) - lengths
    places = np.searchsorted(begins, [0, *ends]).tolist()
    found = []
    for number, (line, (start, end)) in enumerate(
        zip(lines, itertools.pairwise(places), strict=True), 1
    ):
        if line.strip() and start < end:
            own = dataclasses.replace(
                scored,
                nats=scored.nats[start:end],
                method=method,
                lengths=_part(scored.lengths, start, end),
            )
            found.append(LineScore(number, line.strip(), own))
    return found


def _part(
    lengths: np.ndarray | None, start: int, end: int
) -> np.ndarray | None:
    return None if lengths is None else lengths[start:end]


def lines_alone(
    engine: Engine,
    lines: Sequence[str],
    watch: Callable[[Iterable], Iterable] = iter,
) -> list[LineScore]:
    """Scores each line as if there were no others.

    Args:
        engine: The model.
        lines: The lines without their ends.
        watch: As for `charrnn.score_each`, which does the work.

    Returns:
        The lines in their order, without those that are blank or have no
        character to score.

    Raises:
        ValueError: if a line has a character that the model does not know.

    Example:

    >>> from charrnn import Engine, Vocabulary, build_model
    >>> vocabulary = Vocabulary("abcdefgh")
    >>> engine = Engine.from_keras(build_model(vocabulary), vocabulary)
    >>> [line.number for line in lines_alone(engine, ["feed", "", "bed"])]
    [1, 3]
    """
    kept = [(i, line) for i, line in enumerate(lines, 1) if line.strip()]
    scores = score_each(engine, [line for _, line in kept], watch)
    return [
        LineScore(number, line.strip(), own)
        for (number, line), own in zip(kept, scores, strict=True)
        if own.units
    ]
