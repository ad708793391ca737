"""Run a network over texts in chunks.

Logits take by far the most memory: a float for every character of the
vocabulary at every position. So a text is read in pieces short enough that
their logits stay below a fixed size. The state is carried from piece to piece,
so this affects nothing but the memory.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from charrnn.network.engine import Engine
from charrnn.system import ram
from charrnn.text.vocabulary import check_ids
from charrnn.writing.probabilities import surprise

MAX_CHARACTERS_PER_PIECE = 64  # of each row; longer pieces are no faster
MAX_LOGITS_PER_PIECE = 1 << 22  # numbers: 16 MiB in float32

# Scoring keeps for each character its id twice (in the text and in its stream)
# and its nats twice (by stream and in the order of the text).
BYTES_PER_CHARACTER = 10


def checked_ids(
    engine: Engine, text: str | Sequence[int] | np.ndarray
) -> np.ndarray:
    """Checks a text, and returns its ids.

    Args:
        engine: A `charrnn.Engine`.
        text: A `str`, or ids as its vocabulary encodes it.

    Returns:
        Integer array of shape `(characters,)`, of at least two.

    Raises:
        ValueError: if the text is too short or too long for the memory, or
            has a character or an id that the model does not know.

    Example:

    >>> from charrnn import load
    >>> checked_ids(load("shakespeare"), "Hark!").shape
    (5,)
    """
    if isinstance(text, str):
        text = engine.vocabulary.encode(text)
    ids = np.asarray(text)
    check_ids(ids, len(engine.vocabulary))
    if len(ids) < 2:
        raise ValueError(
            f"Expected a text of at least 2 {engine.vocabulary.plural}: the "
            "first is context. "
            f"Received {len(ids)}."
        )
    ram.check_fits(
        BYTES_PER_CHARACTER * len(ids),
        "the scores of the text",
        "Score a part of it.",
    )
    return ids


def scan(
    engine: Engine, ids: np.ndarray
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Runs the network over texts, from the zero state.

    Args:
        engine: A `charrnn.Engine`.
        ids: Of texts of one length, `(rows, characters)`.

    Yields:
        `(start, logits, targets)` for each piece: the index of its first
        character, the logits after each of its characters,
        `(rows, piece, vocabulary size)`, and the ids that follow them,
        `(rows, piece)`.

    Example:

    >>> from charrnn import load
    >>> ids = np.zeros((1, 100), np.int32)
    >>> pieces = scan(load("shakespeare"), ids)
    >>> [(start, targets.shape) for start, _, targets in pieces]
    [(0, (1, 64)), (64, (1, 35))]
    """
    rows, steps = ids.shape[0], ids.shape[1] - 1
    piece = piece_length(engine, rows)
    state = engine.zero_state(rows)
    for start in range(0, steps, piece):
        part = ids[:, start : start + piece + 1]
        inputs, targets = part[:, :-1], part[:, 1:]
        logits, state = engine.run(inputs, state)
        yield start, logits, targets


def piece_length(engine: Engine, rows: int) -> int:
    """The number of characters of each row that are read at once.

    Args:
        engine: A `charrnn.Engine`.
        rows: Number of texts that are read in parallel.

    Returns:
        A number of at least 1.

    Example:

    >>> from charrnn import load
    >>> piece_length(load("shakespeare"), rows=64)
    64
    """
    fitting = MAX_LOGITS_PER_PIECE // (rows * len(engine.vocabulary))
    return max(1, min(MAX_CHARACTERS_PER_PIECE, fitting))


def nats_of_rows(engine: Engine, ids: np.ndarray) -> np.ndarray:
    """The surprise of each character of texts, except their first.

    Args:
        engine: A `charrnn.Engine`.
        ids: Of texts of one length, `(rows, characters)`.

    Returns:
        Float32 array of shape `(rows, characters - 1)`, in nats.

    Example:

    >>> from charrnn import load
    >>> nats_of_rows(load("shakespeare"), np.zeros((3, 9), np.int32)).shape
    (3, 8)
    """
    rows, characters = ids.shape
    nats = np.empty((rows, characters - 1), np.float32)
    for start, logits, targets in scan(engine, ids):
        end = start + targets.shape[1]
        nats[:, start:end] = surprise(logits, targets)
    return nats
