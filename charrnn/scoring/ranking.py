"""Share out a score among lines, or score each line by itself, to rank them."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from charrnn.network.engine import Engine
from charrnn.scoring.lines import score_each
from charrnn.scoring.score import Score


@dataclasses.dataclass(frozen=True)
class LineScore:
    """The score of a line.

    Attributes:
        number: Which line of the text it is, from 1 on.
        content: The line without white space around it.
        score: Of its characters.
    """

    number: int
    content: str
    score: Score


def lines_in_context(lines: Sequence[str], scored: Score) -> list[LineScore]:
    r"""Shares out the score of a text among its lines.

    A line's own end is scored with it. All lines before it are its context,
    so their order matters.

    Args:
        lines: The lines with their ends: joined, they are the text.
        scored: The score of the text.

    Returns:
        The lines in their order, without those that are blank.

    Example:

    >>> import numpy as np
    >>> scored = Score(np.array([1.0, 1.0, 4.0]), "one pass")
    >>> [line.score.nats_per_character
    ...  for line in lines_in_context(["a\n", "bc"], scored)]
    [1.0, 2.5]
    """
    method = f"{scored.method}, the lines before as context"
    found, start = [], 0
    for number, line in enumerate(lines, 1):
        end = start + len(line)
        # nats[i] belongs to character i + 1: the first is not scored.
        nats = scored.nats[max(start - 1, 0) : end - 1]
        if line.strip() and len(nats):
            own = Score(nats, method)
            found.append(LineScore(number, line.strip(), own))
        start = end
    return found


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
        if own.characters
    ]
