"""Score a text: the surprise of every character, in nats and bits.

A character's surprise is -ln p(character | all characters before it). The
first character is context and is not scored. By definition the network reads
the text once, from the zero state, and carries its state to the end. A model
of words or bytes is scored in the same way by its units; a word that could
also be spelled out counts as it is encoded.

One pass over a long text is slow, because every step waits for the one
before. A long text is therefore cut into streams that are read side by side,
as rows of one batch. Each stream first reads the characters before its part,
which are not scored again, to find the state that one pass would have there:

    text      ----------------------------------------
    stream 1  [ scored  ]
    stream 2       ......[ scored  ]
    stream 3                 ......[ scored  ]         . warm-up

The difference to one pass is far below the noise of any loss, and
`Score.method` says which way was taken.
"""

import dataclasses
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from charrnn.network.engine import Engine
from charrnn.network.loading import engine_of
from charrnn.scoring.scan import checked_ids, nats_of_rows
from charrnn.text.units import UnitVocabulary

if TYPE_CHECKING:
    import keras

ONE_PASS = "one pass, state carried"
ONE_PASS_CHARACTERS = 200_000  # a longer text is scored in streams

STREAMS = 64  # read side by side: more rows are no faster
MIN_CHARACTERS_PER_STREAM = 2048  # so that warming up stays a small part
WARM_UP_CHARACTERS = 512  # read by a stream before those that it scores

# A standard error is computed from means of blocks of characters.
CHARACTERS_PER_BLOCK = 64
MIN_BLOCKS = 8  # of a short text the blocks are shorter


@dataclasses.dataclass(frozen=True)
class Score:
    """The surprise of each unit of a text but the first.

    Units are characters, or a model's words or bytes. Whatever they are, the
    loss is told per character of the text, so that models can be compared.

    Attributes:
        nats: Float32 array of shape `(units,)`, of the text's second unit to
            its last.
        method: How it was scored, in words.
        unit: `"character"`, `"word"` or `"byte"`.
        lengths: Characters of each unit, `(units,)`; `None` for one each.
    """

    nats: np.ndarray
    method: str
    unit: str = "character"
    lengths: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        vocabulary: UnitVocabulary,
        ids: np.ndarray,
        nats: np.ndarray,
        method: str,
    ) -> "Score":
        """Makes the score of a text in the units of a vocabulary.

        Args:
            vocabulary: That of the model.
            ids: The units that are scored, `(units,)`.
            nats: Their surprise, of the same shape.
            method: How it was scored, in words.

        Returns:
            A `Score`.

        Example:

        >>> from charrnn import WordVocabulary
        >>> vocabulary = WordVocabulary([*" ab", " ab"])
        >>> Score.of(vocabulary, np.array([1, 3]), np.ones(2), "guessed")
        Score(0.7213 bits per character, 4 characters in 2 words, guessed)
        """
        if vocabulary.unit == "character":
            return cls(nats, method)
        return cls(nats, method, vocabulary.unit, vocabulary.lengths[ids])

    def __repr__(self) -> str:
        units = "" if self.lengths is None else f" in {self.units:,} "
        units += f"{self.unit}s" if units else ""
        return (
            f"Score({self.bits_per_character:.4f} bits per character, "
            f"{self.characters:,} characters{units}, {self.method})"
        )

    @property
    def units(self) -> int:
        """The number of units scored."""
        return len(self.nats)

    @property
    def characters(self) -> int:
        """The number of characters scored."""
        if self.lengths is None:
            return len(self.nats)
        return int(self.lengths.sum(dtype=np.int64))

    @property
    def nats_per_unit(self) -> float:
        """The mean surprise of a unit: the loss that training minimises."""
        return float(self.nats.mean(dtype=np.float64))

    @property
    def nats_per_character(self) -> float:
        """The surprise of the text, divided by its characters."""
        if self.lengths is None:
            return self.nats_per_unit
        # Bytes of a file that is no text may begin no character at all.
        return float(self.nats.sum(dtype=np.float64)) / max(1, self.characters)

    @property
    def standard_error(self) -> float:
        """The standard error of the nats per character."""
        return standard_error(self.nats) * self.units / max(1, self.characters)

    @property
    def bits_per_character(self) -> float:
        """The loss in bits: what an ideal compressor needs per character."""
        return to_bits(self.nats_per_character)

    @property
    def perplexity(self) -> float:
        """How many equally likely units would be as hard to predict.

        That is e to the nats per unit; infinite if a float cannot hold it.
        Only models of the same unit can be compared by it.
        """
        with np.errstate(over="ignore"):
            return float(np.exp(np.float64(self.nats_per_unit)))


def to_bits(nats: float | np.ndarray) -> float:
    """Converts nats into bits.

    Args:
        nats: A number.

    Returns:
        A `float`: the nats divided by ln 2.

    Example:

    >>> to_bits(np.log(8))
    3.0
    """
    return float(nats / np.log(2))


def standard_error(nats: np.ndarray) -> float:
    """The standard error of a mean of surprises.

    The surprises of neighbouring characters are correlated: a rare word
    surprises several times. Taken for independent they would make the mean
    look more certain than it is. The means of blocks, of 64 characters or of
    an eighth of a text shorter than 512, are nearly independent (the method
    of batch means).

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
    block = max(1, min(CHARACTERS_PER_BLOCK, len(nats) // MIN_BLOCKS))
    count = len(nats) // block
    means = np.reshape(nats[: count * block], (count, block)).mean(axis=1)
    return float(means.std(ddof=1) / np.sqrt(count))


def score(
    model: "Engine | keras.Sequential | os.PathLike | str",
    text: str | Sequence[int] | np.ndarray,
    vocabulary: UnitVocabulary | None = None,
) -> Score:
    """Scores a text.

    Args:
        model: A `charrnn.Engine`, what `charrnn.load` takes, or a Keras model.
        text: A `str`, or ids as the model's vocabulary encodes it, of at
            least two characters.
        vocabulary: The `charrnn.Vocabulary` of a Keras model, which scores
            ids without one. Leave it out otherwise: engines and model files
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
    nats = nats_of_rows(engine, ids[None])[0]
    return Score.of(engine.vocabulary, ids[1:], nats, ONE_PASS)


def score_in_streams(
    engine: Engine,
    text: str | Sequence[int] | np.ndarray,
    streams: int = STREAMS,
    warm_up: int = WARM_UP_CHARACTERS,
) -> Score:
    """Scores a long text in parallel streams.

    Args:
        engine: A `charrnn.Engine`.
        text: As for `score`.
        streams: Most streams; a short text is cut into fewer.
        warm_up: Characters that each stream reads before its own part.

    Returns:
        A `Score`.

    Raises:
        ValueError: as `score` does.

    Example:

    >>> from charrnn import load
    >>> engine = load("shakespeare")
    >>> score_in_streams(engine, "Hark! " * 1000, warm_up=64).method
    '2 streams, each warmed up on 64 characters'
    """
    ids = checked_ids(engine, text)
    scored = len(ids) - 1
    streams = max(1, min(streams, scored // MIN_CHARACTERS_PER_STREAM))
    length = -(-scored // streams)
    ends = np.minimum(np.arange(1, streams + 1) * length, scored)
    # All parts have one length, so the last may overlap the one before; the
    # characters of both are then scored twice, and one score is kept.
    starts = ends - length
    warm_up = min(warm_up, int(starts[1]) if streams > 1 else 0)
    # The first stream has nothing before it: it starts at the first
    # character, and its row reads on past its part.
    begins = np.maximum(starts - warm_up, 0)
    windows = sliding_window_view(ids, warm_up + length + 1)[begins]
    nats = nats_of_rows(engine, windows)  # (streams, warm_up + length)
    result = np.empty(scored, np.float32)
    for row, begin, start, end in zip(nats, begins, starts, ends, strict=True):
        result[start:end] = row[start - begin : end - begin]
    units = engine.vocabulary.plural
    method = f"{streams} streams, each warmed up on {warm_up} {units}"
    return Score.of(engine.vocabulary, ids[1:], result, method)


def score_cold(
    engine: Engine,
    text: str | Sequence[int] | np.ndarray,
    window: int = 256,
) -> Score:
    """Scores independent windows, each from the zero state.

    Models with a fixed context are scored in this way. Most characters are
    predicted with less context than the network can use, so the loss is
    higher than that of `score`.

    Args:
        engine: A `charrnn.Engine`.
        text: As for `score`.
        window: Characters predicted in each window. A remainder at the end
            is left out; a text shorter than a window is one window.

    Returns:
        A `Score`.

    Raises:
        ValueError: as `score` does.

    Example:

    >>> from charrnn import load
    >>> score_cold(load("shakespeare"), "Hark! " * 100).characters
    512
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
