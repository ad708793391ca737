"""Score each line by itself, without the others as context.

Lines have different lengths, and a batch needs one. They are sorted by length,
so that lines of a batch differ little, and padded at their ends: a network
reads from left to right, so what follows a line does not change its score.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from charrnn.network.engine import Engine
from charrnn.network.loading import engine_of
from charrnn.scoring.scan import (
    BYTES_PER_CHARACTER,
    nats_of_rows,
    piece_length,
)
from charrnn.scoring.score import ONE_PASS_CHARACTERS, STREAMS, Score
from charrnn.system import ram
from charrnn.text.document_vocabulary import DocumentVocabulary
from charrnn.text.units import UnitVocabulary

if TYPE_CHECKING:
    import keras

FROM_LINE_END = (
    "each line by itself, after a line end; its own line end is scored, too"
)
FROM_NOTHING = (
    "each line by itself, without its line end, which the model does not know"
)
AS_DOCUMENT = "each line as a document, from its start to its end"

# Lines up to this length share a batch with any shorter ones: reading a few
# characters less would not save time.
SHORT_LINE_CHARACTERS = 64


def score_each(
    model: "Engine | keras.Sequential | os.PathLike | str",
    lines: Sequence[str],
    watch: Callable[[Iterable], Iterable] = iter,
    vocabulary: UnitVocabulary | None = None,
) -> list[Score]:
    """Scores each line separately, from the zero state.

    A line is read as in a text: first a line end, which is context, then its
    characters and its own line end, which are scored. The line end is that of
    the training text. For a model that knows none, a line's first character is
    context, as in `score`. For a model of documents each line is a document:
    its characters and its end are scored.

    Args:
        model: As for `charrnn.score`.
        lines: A list of `str` without their line ends.
        watch: Wraps the loop over batches, for a progress bar:
            `rich.progress.track`, for example.
        vocabulary: As for `charrnn.score`.

    Returns:
        A list of `Score`, in the order of the lines. A line's score does not
        depend on the other lines.

    Raises:
        ValueError: if a line has a character that the model does not know.

    Example:

    >>> scores = score_each("shakespeare", ["feed", "a", ""])
    >>> [score.characters for score in scores]
    [5, 2, 1]
    """
    engine = engine_of(model, vocabulary)
    framed, context, method = _framed(engine, lines)
    size = sum(map(len, framed))
    ram.check_fits(
        2 * BYTES_PER_CHARACTER * size, "the scores", "Score fewer lines."
    )
    scores: dict[int, Score] = {}
    for rows in watch(_batches([len(ids) for ids in framed])):
        nats_of_batch = _nats_of_ragged(engine, [framed[row] for row in rows])
        for row, nats in zip(rows, nats_of_batch, strict=True):
            scores[row] = Score.of(
                engine.vocabulary,
                framed[row][context:],
                nats[context - 1 :],
                method,
            )
    return [scores[row] for row in range(len(lines))]


def _framed(
    engine: Engine, lines: Sequence[str]
) -> tuple[list[np.ndarray], int, str]:
    """The ids of lines with what is before and after each.

    Returns:
        `(ids, context, method)`: for each line the ids, the number of them
        that are not scored, and how it is scored, in words.
    """
    vocabulary = engine.vocabulary
    if isinstance(vocabulary, DocumentVocabulary):
        documents = vocabulary.encode_each(lines)
        return [vocabulary.framed([ids]) for ids in documents], 1, AS_DOCUMENT
    end = line_end(engine)
    before = vocabulary.encode(end)  # by itself: a word may be two line ends
    framed = [
        np.concatenate([before, vocabulary.encode(f"{line}{end}")])
        for line in lines
    ]
    return framed, len(before) or 1, FROM_LINE_END if end else FROM_NOTHING


def line_end(engine: Engine) -> str:
    """The line end of a model's training text.

    Args:
        engine: A `charrnn.Engine`.

    Returns:
        LF, CRLF or CR; an empty `str` if the model knows none.

    Example:

    >>> from charrnn import load
    >>> line_end(load("shakespeare"))
    '\\n'
    """
    return engine.vocabulary.line_end()


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Groups of rows of similar length; a very long row is a group alone.

    From the longest down, a group takes up to `STREAMS` rows at least half
    as long as its longest, so at most half of what is read is padding.
    """
    batches: list[list[int]] = [[]]
    longest = 0
    for row in np.argsort(-np.array(lengths, int), kind="stable").tolist():
        full = len(batches[-1]) == STREAMS or longest > ONE_PASS_CHARACTERS
        if full or longest > 2 * max(lengths[row], SHORT_LINE_CHARACTERS):
            batches.append([])
        if not batches[-1]:
            longest = lengths[row]
        batches[-1].append(row)
    return [batch for batch in batches if batch]


def _nats_of_ragged(
    engine: Engine, texts: Sequence[np.ndarray]
) -> Iterator[np.ndarray]:
    """Yields the nats of each text's characters after the first.

    Every array has the same shape, with unused rows padded as well: BLAS
    rounds products of other shapes differently, and a line's score must not
    depend on the others.
    """
    longest = max(map(len, texts))
    rows, piece = STREAMS, piece_length(engine, STREAMS)
    if longest > ONE_PASS_CHARACTERS:  # alone, and too long to fill rows
        rows, piece = 1, 1
    pieces = -(-max(longest - 1, 0) // piece)
    ids = np.zeros((rows, pieces * piece + 1), texts[0].dtype)
    for own, text in zip(ids, texts, strict=False):
        own[: len(text)] = text
    for nats, text in zip(nats_of_rows(engine, ids), texts, strict=False):
        # A copy: a view would keep the whole batch in memory.
        yield nats[: max(len(text), 1) - 1].copy()
