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

from charrnn.network.loading import engine_of
from charrnn.system import ram
from charrnn.text.vocabulary import check_ids
from charrnn.writing.probabilities import surprise

ONE_PASS = "one pass, state carried"
ONE_PASS_LIMIT = 200_000  # characters; longer texts are scored in streams
STREAMS = 64
STREAM_LENGTH = 2048  # at least so many characters to each stream
WARM_UP = 512  # characters a stream reads before those it scores
SHORT = 64  # characters: shorter lines take as long
CHUNK = 1 << 22  # numbers in the largest array at work
FROM_LINE_END = (
    "each line by itself, after a line end; its own line end is scored, too"
)
FROM_NOTHING = (
    "each line by itself, without its line end, which the model does not know"
)
BLOCK, BLOCKS = 64, 8  # characters, and how many at least: for an error
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

    @property
    def perplexity(self):
        """The same as a number of equally likely characters to choose from.

        That is e to the nats per character; infinite where a float ends.
        """
        with np.errstate(over="ignore"):
            return float(np.exp(np.float64(self.nats_per_character)))


def to_bits(nats):
    """Nats in bits.

    Example:

    >>> to_bits(np.log(8))
    3.0
    """
    return float(nats / np.log(2))


def standard_error(nats):
    """How far the mean of surprises may be off by chance.

    Characters that follow one another are surprising together, so it is
    estimated from the means of blocks: of 64 characters, or of an eighth of
    fewer than 512.

    Args:
        nats: Array of shape `(characters,)`.

    Returns:
        A `float`, infinite for a single character.

    Example:

    >>> standard_error(np.tile([1.0, 3.0], 64))
    0.0
    """
    if len(nats) < 2:
        return float("inf")
    block = max(1, min(BLOCK, len(nats) // BLOCKS))
    count = len(nats) // block
    means = np.reshape(nats[: count * block], (count, block)).mean(axis=1)
    return float(means.std(ddof=1) / np.sqrt(count))


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


def score_each(model, lines, watch=iter, vocabulary=None):
    """Scores lines each for itself, from the zero state.

    A line is read as it stands in a text, but without the lines before it:
    after a line end, which is context, come its characters and its own line
    end, which are scored. The line end is that of the training text. To a
    model that knows none a line's first character is context, as in `score`.

    Args:
        model: As for `score`.
        lines: A list of `str` without their line ends.
        watch: A function of a list that yields its items again, such as
            `rich.progress.track`.
        vocabulary: As for `score`.

    Returns:
        A list of `Score`, in the order of the lines: the same for a line
        whatever the others are.

    Raises:
        ValueError: if a line has a character that the model does not know.

    Example:

    >>> from charrnn import Engine, Vocabulary, build_model
    >>> vocabulary = Vocabulary("\\nabcdefgh")
    >>> engine = Engine.from_keras(build_model(vocabulary), vocabulary)
    >>> [s.characters for s in score_each(engine, ["feed", "a", ""])]
    [5, 2, 1]
    """
    engine = engine_of(model, vocabulary)
    end = line_end(engine)
    framed = [engine.vocabulary.encode(f"{end}{line}{end}") for line in lines]
    size = sum(map(len, framed))
    ram.check_fits(2 * BYTES * size, "the scores", "Score fewer lines.")
    method = FROM_LINE_END if end else FROM_NOTHING
    context = len(end) or 1  # characters that are not scored
    scores = [None] * len(lines)
    for rows in watch(_batches([len(ids) for ids in framed])):
        nats_of_rows = _scan_ragged(engine, [framed[row] for row in rows])
        for row, nats in zip(rows, nats_of_rows, strict=True):
            scores[row] = Score(nats[context - 1 :], method)
    return scores


def line_end(engine):
    """How the lines of a model's training text end.

    Args:
        engine: A `charrnn.Engine`.

    Returns:
        A `str`: LF, CRLF or CR, or nothing if the model knows none.

    Example:

    >>> from charrnn import Engine, Vocabulary, build_model
    >>> line_end(Engine.from_keras(build_model("ab"), Vocabulary("ab")))
    ''
    """
    return "".join(c for c in "\r\n" if c in engine.vocabulary.characters)


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
    ram.check_fits(
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
    piece = _piece(engine, rows)
    state = engine.zero_state(rows)
    for start in range(0, time, piece):
        inputs = ids[:, start : start + piece + 1]
        logits, state = engine.run(inputs[:, :-1], state)
        yield start, logits, inputs[:, 1:]


def _batches(lengths):
    """Groups of rows about as long as each other; very long ones alone."""
    batches, longest = [[]], 0
    for row in np.argsort(-np.array(lengths, int), kind="stable").tolist():
        full = len(batches[-1]) == STREAMS or longest > ONE_PASS_LIMIT
        if full or longest > 2 * max(lengths[row], SHORT):
            batches.append([])
        if not batches[-1]:
            longest = lengths[row]
        batches[-1].append(row)
    return [batch for batch in batches if batch]


def _scan_ragged(engine, texts):
    """Yields the nats of each text's characters after the first.

    All arrays at work have one shape, whatever the texts: BLAS rounds a
    product of another shape in another way. What is filled in comes after a
    text's end, and changes nothing before it.
    """
    longest = max(map(len, texts))
    rows, piece = STREAMS, _piece(engine, STREAMS)
    if longest > ONE_PASS_LIMIT:  # too long to be filled up, so by itself
        rows, piece = 1, 1
    pieces = -(-max(longest - 1, 0) // piece)
    ids = np.zeros((rows, pieces * piece + 1), texts[0].dtype)
    for own, text in zip(ids, texts, strict=False):
        own[: len(text)] = text
    for nats, text in zip(_scan(engine, ids), texts, strict=False):
        yield nats[: max(len(text), 1) - 1].copy()  # without what was filled in


def _piece(engine, rows):
    """How many characters of each row to read at once."""
    return max(1, min(64, CHUNK // (rows * len(engine.vocabulary))))


def _scan(engine, ids):
    """Nats of the characters after the first of each row: (rows, time)."""
    rows, characters = ids.shape
    nats = np.empty((rows, characters - 1), np.float32)
    for start, logits, targets in scan(engine, ids):
        end = start + targets.shape[1]
        nats[:, start:end] = surprise(logits, targets)
    return nats
