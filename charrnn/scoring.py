"""Score a text: the surprise of every character, in nats and bits.

A character's surprise is -ln p(character | all characters before it). The
first character is context and is not scored. By definition the network reads
the text once, from the zero state, and carries its state to the end. A long
text is scored in parallel streams instead, each of which first reads the
characters before its part to find its state; the difference is far below the
noise of any loss, and `Score.method` says which way was taken.
"""

import dataclasses

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from charrnn import memory
from charrnn.loading import engine_of
from charrnn.sampling import surprise
from charrnn.vocabulary import check_ids

ONE_PASS = "one pass, state carried"
ONE_PASS_LIMIT = 200_000  # characters; longer texts are scored in streams
STREAMS = 64
STREAM_LENGTH = 2048  # at least so many characters to each stream
WARM_UP = 512  # characters a stream reads before those it scores
CHUNK = 1 << 22  # numbers in the largest array at work
BYTES = 10  # a character takes: its id twice, its nats by stream and by place


@dataclasses.dataclass(frozen=True)
class Score:
    """The surprise of each character of a text but the first.

    Attributes:
        nats: Float32 array of shape `(characters,)`; the characters scored
            are the text's second to last.
        method: How it was scored, in words.
    """

    nats: np.ndarray
    method: str

    def __repr__(self):
        return (
            f"Score({self.bits_per_character:.4f} bits per character, "
            f"{self.characters:,} characters, {self.method})"
        )

    @property
    def characters(self):
        """The number of characters scored."""
        return len(self.nats)

    @property
    def nats_per_character(self):
        """The cross-entropy loss."""
        return float(self.nats.mean(dtype=np.float64))

    @property
    def bits_per_character(self):
        """The same in bits: how many a compressor needs per character."""
        return to_bits(self.nats_per_character)


def to_bits(nats):
    """Nats in bits.

    Example:

    >>> to_bits(np.log(8))
    3.0
    """
    return float(nats / np.log(2))


def score(model, text, vocabulary=None):
    """Scores a text.

    Args:
        model: A `charrnn.Engine`, what `charrnn.load` takes, or a Keras model.
        text: A `str`, or ids as the model's vocabulary encodes it, of at
            least two characters.
        vocabulary: The `charrnn.Vocabulary` of a Keras model; all others
            bring their own. Ids can be read without.

    Returns:
        A `Score`.

    Raises:
        ValueError: if the text is too short, or has a character or an id
            that the model does not know.

    Example:

    >>> from charrnn import Engine, Vocabulary, build_model
    >>> vocabulary = Vocabulary("abcdefgh")
    >>> engine = Engine.from_keras(build_model(vocabulary), vocabulary)
    >>> score(engine, "feed").characters
    3
    """
    engine = engine_of(model, vocabulary)
    ids = checked_ids(engine, text)
    if len(ids) > ONE_PASS_LIMIT:
        return score_in_streams(engine, ids)
    return Score(_scan(engine, ids[None])[0], ONE_PASS)


def score_in_streams(engine, text, streams=STREAMS, warm_up=WARM_UP):
    """Scores a long text in parallel streams.

    Args:
        engine: A `charrnn.Engine`.
        text: As for `score`.
        streams: How many at most; a short text takes fewer.
        warm_up: Characters that each stream reads before its own part.

    Returns:
        A `Score`.
    """
    ids = checked_ids(engine, text)
    scored = len(ids) - 1
    streams = max(1, min(streams, scored // STREAM_LENGTH))
    length = -(-scored // streams)
    ends = np.minimum(np.arange(1, streams + 1) * length, scored)
    starts = ends - length  # the last may overlap the one before
    warm_up = min(warm_up, int(starts[1]) if streams > 1 else 0)
    # The first stream has nothing before it: it warms up on nothing at all.
    begins = np.maximum(starts - warm_up, 0)
    windows = sliding_window_view(ids, warm_up + length + 1)[begins]
    nats = _scan(engine, windows)  # (streams, warm_up + length)
    result = np.empty(scored, np.float32)
    for row, begin, start, end in zip(nats, begins, starts, ends, strict=True):
        result[start:end] = row[start - begin : end - begin]
    return Score(
        result, f"{streams} streams, each warmed up on {warm_up} characters"
    )


def score_cold(engine, text, window=256):
    """Scores independent windows, each from the zero state.

    This is how models with a fixed context are scored: most characters are
    predicted with less context than the network can use, so the figure is
    higher than `score`'s.

    Args:
        engine: A `charrnn.Engine`.
        text: As for `score`.
        window: Characters predicted in each window; a remainder shorter than
            a window is left out, unless it is all there is.

    Returns:
        A `Score`.
    """
    ids = checked_ids(engine, text)
    window = min(window, len(ids) - 1)
    count = (len(ids) - 1) // window
    windows = sliding_window_view(ids, window + 1)[::window]
    nats = [
        _scan(engine, rows)
        for rows in np.array_split(windows, -(-count // STREAMS))
    ]
    return Score(
        np.concatenate(nats).ravel(), f"cold windows of {window} characters"
    )


def checked_ids(engine, text):
    """The ids of a text: checked, and at least two.

    Args:
        engine: A `charrnn.Engine`.
        text: A `str`, or ids.

    Returns:
        Integer array of shape `(characters,)`.

    Raises:
        ValueError: as `score` does.
    """
    if isinstance(text, str):
        text = engine.vocabulary.encode(text)
    ids = np.asarray(text)
    check_ids(ids, len(engine.vocabulary))
    if len(ids) < 2:
        raise ValueError(
            "Expected a text of at least 2 characters: the first is context. "
            f"Received {len(ids)}."
        )
    memory.check_fits(
        BYTES * len(ids), "the scores of the text", "Score a part of it."
    )
    return ids


def scan(engine, ids):
    """Runs the network over texts, a piece at a time.

    Args:
        engine: A `charrnn.Engine`.
        ids: Of texts of one length, `(rows, characters)`.

    Yields:
        `(start, logits, targets)`: the logits `(rows, piece, vocabulary
        size)` of the characters that come after `start` and their ids
        `(rows, piece)`.

    Example:

    >>> from charrnn import Engine, Vocabulary, build_model
    >>> engine = Engine.from_keras(build_model("ab"), Vocabulary("ab"))
    >>> ids = np.zeros((1, 100), np.int32)
    >>> [(start, targets.shape) for start, _, targets in scan(engine, ids)]
    [(0, (1, 64)), (64, (1, 35))]
    """
    rows, time = ids.shape[0], ids.shape[1] - 1
    piece = max(1, min(64, CHUNK // (rows * len(engine.vocabulary))))
    state = engine.zero_state(rows)
    for start in range(0, time, piece):
        inputs = ids[:, start : start + piece + 1]
        logits, state = engine.run(inputs[:, :-1], state)
        yield start, logits, inputs[:, 1:]


def _scan(engine, ids):
    """Nats of the characters after the first of each row: (rows, time)."""
    rows, characters = ids.shape
    nats = np.empty((rows, characters - 1), np.float32)
    for start, logits, targets in scan(engine, ids):
        end = start + targets.shape[1]
        nats[:, start:end] = surprise(logits, targets)
    return nats
