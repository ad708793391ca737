"""Read a text with a network: what surprised it, and what it expected."""

import bisect
import dataclasses
import itertools
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from charrnn.network.engine import Engine
from charrnn.network.loading import engine_of
from charrnn.scoring.scan import checked_ids, scan
from charrnn.scoring.score import ONE_PASS_CHARACTERS, to_bits
from charrnn.text.lines import split_lines
from charrnn.text.units import (
    UnitVocabulary,
    check_is_endless,
    check_is_of_characters,
)
from charrnn.writing.probabilities import surprise

if TYPE_CHECKING:
    import keras

ALTERNATIVES = 5  # the likeliest characters that are kept at each position

LETTER = r"[^\W\d_]"
APOSTROPHES = "'’"

# A format character in Unicode, like the joiners inside words, but one that
# ends a word.
ZERO_WIDTH_SPACE = "\u200b"


@dataclasses.dataclass(frozen=True)
class Reading:
    """How a network predicted each character of a text except the first.

    Attributes:
        text: A `str` of n characters.
        nats: The surprise of the second character to the last, `(n - 1,)`.
        expected: The likeliest characters at each of these positions, the
            likeliest first: an array `(n - 1, alternatives)` of `str`
            objects, because NumPy's own strings drop a trailing NUL.
        probabilities: Of the characters in `expected`, of the same shape.
    """

    text: str
    nats: np.ndarray
    expected: np.ndarray
    probabilities: np.ndarray

    def __repr__(self) -> str:
        return (
            f"Reading({len(self.text):,} characters, "
            f"{self.bits_per_character:.4f} bits per character)"
        )

    @property
    def bits(self) -> np.ndarray:
        """The surprise in bits, `(n - 1,)`."""
        return self.nats / np.log(2)

    @property
    def bits_per_character(self) -> float:
        """The mean surprise, as `charrnn.score` returns it."""
        return to_bits(self.nats.mean(dtype=np.float64))

    def running_bits_per_character(self) -> np.ndarray:
        """The mean surprise up to each character, `(n - 1,)`."""
        total = self.bits.cumsum(dtype=np.float64)
        return total / np.arange(1, len(total) + 1)

    def words(self, lines: Sequence[str] | None = None) -> list["Place"]:
        """Ranks the words, those with the most surprising character first.

        Spelling mistakes come early, because most of them make one character
        of a word very surprising. Of 20 mistakes inserted at random into
        20,000 characters of a play, 9 were among the first 20 words; the
        other 11 words were names and Latin.

        Args:
            lines: The lines by which places are counted, with their ends; by
                default those of `text`.

        Returns:
            A list of `Place`.
        """
        return self._ranked(word_spans(self.text), lines)

    def others(self, lines: Sequence[str] | None = None) -> list["Place"]:
        """Ranks the characters outside words, the most surprising first.

        Args:
            lines: As for `words`.

        Returns:
            A list of `Place`.
        """
        ends = [0, *itertools.chain(*word_spans(self.text)), len(self.text)]
        gaps = itertools.chain(*map(range, ends[::2], ends[1::2]))
        return self._ranked(((i, i + 1) for i in gaps), lines)

    def _ranked(
        self,
        spans: Iterable[tuple[int, int]],
        lines: Sequence[str] | None,
    ) -> list["Place"]:
        # The first character is context: it cannot be surprising.
        bits = np.concatenate([[-np.inf], self.bits])
        lines = split_lines(self.text) if lines is None else lines
        lengths = map(len, lines)
        starts = list(itertools.accumulate(lengths, initial=0))
        places = [
            self._place(start, end, bits, starts)
            for start, end in spans
            if end > 1
        ]
        return sorted(places, key=lambda place: -place.bits)

    def _place(
        self, start: int, end: int, bits: np.ndarray, starts: Sequence[int]
    ) -> "Place":
        """Makes the `Place` of a span; `bits` are those of all characters."""
        worst = start + int(bits[start:end].argmax())
        line = bisect.bisect_right(starts, start)
        return Place(
            line=line,
            column=start - starts[line - 1] + 1,
            text=self.text[start:end],
            worst=worst - start,
            bits=float(bits[worst]),
            expected=self.expected[worst - 1, 0],
            probability=float(self.probabilities[worst - 1, 0]),
        )


@dataclasses.dataclass(frozen=True)
class Place:
    """A word or a character of a text, and its most surprising character.

    Attributes:
        line: Line number, from 1.
        column: Position of its first character in the line, from 1.
        text: The word.
        worst: Index of its most surprising character.
        bits: The surprise of that character.
        expected: The likeliest character at that position.
        probability: Of the expected character.
    """

    line: int
    column: int
    text: str
    worst: int
    bits: float
    expected: str
    probability: float


def word_spans(text: str) -> list[tuple[int, int]]:
    r"""Finds the words of a text, in any script.

    A word is a run of letters, with the marks and joiners that belong to
    them, and with apostrophes between them. This follows Unicode's annex 29,
    but excludes digits, and dots, which mostly end a sentence.

    Args:
        text: A `str`.

    Returns:
        A list of `(start, end)`.

    Example:

    >>> word_spans("de\u0301ja\u0300 vu, isn't it")
    [(0, 6), (7, 9), (11, 16), (17, 19)]
    """
    marks = "".join(filter(_belongs_to_a_letter, sorted(set(text))))
    letters = f"{LETTER}(?:{LETTER}|[{marks}])*" if marks else f"{LETTER}+"
    word = f"{letters}(?:[{APOSTROPHES}]{letters})*"
    return [match.span() for match in re.finditer(word, text)]


def _belongs_to_a_letter(character: str) -> bool:
    """Whether a character, such as an accent, is part of the letter before."""
    category = unicodedata.category(character)
    if category == "Cf":
        return character != ZERO_WIDTH_SPACE
    return category.startswith("M")


def read_along(
    model: "Engine | keras.Sequential | os.PathLike | str",
    text: str,
    alternatives: int = ALTERNATIVES,
    watch: Callable[[Iterable], Iterable] = iter,
    vocabulary: UnitVocabulary | None = None,
) -> Reading:
    """Reads a text once, from the zero state, as `charrnn.score` does.

    Args:
        model: A `charrnn.Engine`, anything that `charrnn.load` takes, or a
            Keras model.
        text: A `str` of at least two characters.
        alternatives: Number of likeliest characters to keep.
        watch: Wraps the loop over pieces of the text, for a progress bar:
            `rich.progress.track`, for example.
        vocabulary: The `charrnn.Vocabulary` of a Keras model. Omit it
            otherwise: engines and model files contain theirs.

    Returns:
        A `Reading`.

    Raises:
        ValueError: as `charrnn.score` does, or if the text is longer than
            200,000 characters.

    Example:

    >>> reading = read_along("shakespeare", "To be")
    >>> reading.bits.shape, reading.expected.shape
    ((4,), (4, 5))
    """
    engine = engine_of(model, vocabulary)
    check_is_of_characters(engine.vocabulary, "A reading shows single")
    check_is_endless(engine.vocabulary, "A reading shows")
    ids = checked_ids(engine, text)
    if len(ids) > ONE_PASS_CHARACTERS:
        raise ValueError(
            f"Expected a text of at most {ONE_PASS_CHARACTERS:,} characters. "
            f"Received {len(ids):,}. Cut it, or use `charrnn score`."
        )
    characters = np.array([*engine.vocabulary.alphabet], object)
    count = min(alternatives, len(characters))
    nats = np.empty(len(ids) - 1, np.float32)
    expected = np.empty((len(ids) - 1, count), object)
    probabilities = np.empty((len(ids) - 1, count), np.float32)
    for start, (logits,), (targets,) in watch(scan(engine, ids[None])):
        piece = slice(start, start + len(targets))
        nats[piece] = surprise(logits, targets)
        best = np.argsort(-logits, axis=-1, kind="stable")[:, :count]
        expected[piece] = characters[best]
        for column, own in enumerate(best.T):
            own_nats = surprise(logits, own)
            probabilities[piece, column] = np.exp(-own_nats)
    return Reading(text, nats, expected, probabilities)
