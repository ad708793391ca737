"""Score a text: the surprise of every character, in nats and bits.

A character's surprise is -ln p(character | all characters before it). The
first character is context and is not scored. By definition the network reads
the text once, from the zero state, and carries its state to the end. A model
of words or bytes is scored in the same way, by units. If a word could also be
spelled out, only its encoding counts. A model of documents scores each from its
own start: the boundary before the first is context, and the boundary that ends
a document counts as one of its characters.

One pass over a long text is slow, because every step waits for the one
before. A long text is therefore cut into streams, which are read in parallel
as the rows of a batch. Each stream first reads the characters before its
part, without scoring them, to arrive at the state that one pass would have:

    text      ----------------------------------------
    stream 1  [ scored  ]
    stream 2       ......[ scored  ]
    stream 3                 ......[ scored  ]         . warm-up

The difference from one pass is far below the statistical error of any loss.
After a warm-up of 2,048 characters there is none but rounding, for almost any
network: where a stream takes over from the one before, both find the same
surprise. A text of moderate length is read in such streams and, if they do
not meet like that, in one pass after all. `Score.method` says how a text was
scored.
"""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from charrnn.network.engine import Engine
from charrnn.network.loading import engine_of
from charrnn.scoring.losses import Score, standard_error, to_bits
from charrnn.scoring.scan import checked_ids, nats_of_rows
from charrnn.scoring.streams import nats_in_streams
from charrnn.text.units import UnitVocabulary

__all__ = [
    "Score", "score", "score_cold", "score_in_streams", "standard_error",
    "to_bits",
]  # fmt: skip

if TYPE_CHECKING:
    import keras

ONE_PASS = "one pass, state carried"
BY_DOCUMENTS = "each document from its start to its end"
ONE_PASS_CHARACTERS = 200_000  # a longer text is scored in streams

STREAMS = 64  # read in parallel: more rows are no faster
FEW_STREAMS = 32  # fewer take about as long
MIN_CHARACTERS_PER_STREAM = 2048  # keeps the share of the warm-up small
WARM_UP_CHARACTERS = 512  # read before the characters that a stream scores

# To find what one pass would: a warm-up so long that streams meet, and longer
# streams. They have met if no surprise differs by more than this from that of
# the stream before. Rounding makes it differ by some 5e-6 nats.
EXACT_WARM_UP_CHARACTERS = 2048
MET_NATS = 1e-4


def score(
    model: "Engine | keras.Sequential | os.PathLike | str",
    text: str | Sequence[int] | np.ndarray,
    vocabulary: UnitVocabulary | None = None,
) -> Score:
    """Scores a text.

    Args:
        model: A `charrnn.Engine`, anything that `charrnn.load` takes, or a
            Keras model.
        text: At least two characters: a `str`, or ids from the model's
            vocabulary.
        vocabulary: The `charrnn.Vocabulary` of a Keras model, needed if
            `text` is a `str`. Omit it otherwise: engines and model files
            contain theirs.

    Returns:
        A `Score`.

    Raises:
        ValueError: if the text is too short, or has a character or an id
            that the model does not know.

    Example:

    >>> score("shakespeare", "Shall I die?")
    Score(... bits per character, 11 characters, one pass, state carried)
    """
    engine = engine_of(model, vocabulary)
    ids = checked_ids(engine, text)
    if len(ids) > ONE_PASS_CHARACTERS:
        return score_in_streams(engine, ids)
    scored = score_exactly(engine, ids)
    if scored.method == one_pass(engine):
        return scored
    nats = nats_of_rows(engine, ids[None])[0]
    return Score.of(engine.vocabulary, ids[1:], nats, one_pass(engine))


def score_exactly(
    engine: Engine,
    ids: np.ndarray,
    nats_of_rows: Callable[[Engine, np.ndarray], np.ndarray] = nats_of_rows,
) -> Score:
    """Scores a text as exactly as streams can.

    Args:
        engine: A `charrnn.Engine`.
        ids: At least two ids from its vocabulary.
        nats_of_rows: As for `score_in_streams`.

    Returns:
        A `Score`. Of a text of up to 200,000 characters it is that of one
        pass, if the streams meet; its method says so.

    Raises:
        ValueError: as `score` does.

    Example:

    >>> from charrnn import load
    >>> score_exactly(load("shakespeare"), np.zeros(9, np.int32)).method
    'one pass, state carried'
    """
    ids = checked_ids(engine, ids)
    if len(ids) > ONE_PASS_CHARACTERS:
        return score_in_streams(engine, ids, nats_of_rows=nats_of_rows)
    streams, warm_up = exact_streams(len(ids)), EXACT_WARM_UP_CHARACTERS
    nats, warm_up, apart = nats_in_streams(
        engine, ids, streams, warm_up, nats_of_rows
    )
    method = one_pass(engine)
    if apart > MET_NATS:
        method = _named(streams, warm_up, engine.vocabulary.plural)
    return Score.of(engine.vocabulary, ids[1:], nats, method)


def exact_streams(characters: int) -> int:
    """The number of streams in which `score_exactly` reads a text.

    Args:
        characters: Length of the text, up to 200,000.

    Returns:
        A number of at least 1.

    Example:

    >>> [exact_streams(n) for n in (5_000, 40_000, 100_000, 200_000)]
    [2, 19, 32, 48]
    """
    most = (characters - 1) // EXACT_WARM_UP_CHARACTERS
    return max(1, min(most, max(FEW_STREAMS, most // 2)))


def one_pass(engine: Engine) -> str:
    """Says how `score` scores a text of moderate length.

    Args:
        engine: The model. One of documents forgets each at its end.

    Returns:
        The `Score.method`.

    Example:

    >>> from charrnn import load
    >>> one_pass(load("shakespeare"))
    'one pass, state carried'
    """
    return ONE_PASS if engine.vocabulary.boundary is None else BY_DOCUMENTS


def score_in_streams(
    engine: Engine,
    text: str | Sequence[int] | np.ndarray,
    streams: int = STREAMS,
    warm_up: int = WARM_UP_CHARACTERS,
    nats_of_rows: Callable[[Engine, np.ndarray], np.ndarray] = nats_of_rows,
) -> Score:
    """Scores a long text in parallel streams.

    Args:
        engine: A `charrnn.Engine`.
        text: As for `score`.
        streams: Maximum number of streams; a short text is cut into fewer.
        warm_up: Characters that each stream reads before its own part.
        nats_of_rows: What scores the rows, as `scan.nats_of_rows` does.

    Returns:
        A `Score`.

    Raises:
        ValueError: as `score` does.

    Example:

    >>> from charrnn import Vocabulary, build_model
    >>> vocabulary = Vocabulary("Hark! ")
    >>> model = build_model(vocabulary, units=4, layers=1)
    >>> engine = Engine.from_keras(model, vocabulary)
    >>> score_in_streams(engine, "Hark! " * 1000, warm_up=64).method
    '2 streams, each warmed up on 64 characters'
    """
    ids = checked_ids(engine, text)
    scored = len(ids) - 1
    streams = max(1, min(streams, scored // MIN_CHARACTERS_PER_STREAM))
    nats, warm_up, _ = nats_in_streams(
        engine, ids, streams, warm_up, nats_of_rows
    )
    method = _named(streams, warm_up, engine.vocabulary.plural)
    return Score.of(engine.vocabulary, ids[1:], nats, method)


def _named(streams: int, warm_up: int, units: str) -> str:
    """The method of `score_in_streams`, in words."""
    if streams == 1:
        return "1 stream"
    if not warm_up:
        return f"{streams} streams, not warmed up"
    return f"{streams} streams, each warmed up on {warm_up} {units}"


def score_cold(
    engine: Engine,
    text: str | Sequence[int] | np.ndarray,
    window: int = 256,
) -> Score:
    """Scores independent windows, each from the zero state.

    This is how models with a fixed context are scored. Most characters are
    predicted from less context than the network can use, so the loss is
    higher than that of `score`.

    Args:
        engine: A `charrnn.Engine`.
        text: As for `score`.
        window: Number of characters predicted in each window. A remainder at
            the end is left out; a text shorter than a window is one window.

    Returns:
        A `Score`.

    Raises:
        ValueError: as `score` does.

    Example:

    >>> from charrnn import load
    >>> score_cold(load("shakespeare"), "Hark! " * 50).characters
    256
    """
    ids = checked_ids(engine, text)
    window = min(window, len(ids) - 1)
    count = (len(ids) - 1) // window
    windows = sliding_window_view(ids, window + 1)[::window]
    nats = [
        nats_of_rows(engine, rows)
        for rows in np.array_split(windows, -(-count // STREAMS))
    ]
    method = f"cold windows of {window} {engine.vocabulary.plural}"
    scored = ids[1 : 1 + count * window]
    return Score.of(
        engine.vocabulary, scored, np.concatenate(nats).ravel(), method
    )
