"""Rank the words of a text by how much they surprised a network."""

import bisect
import dataclasses
import itertools
import re
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np

from charrnn.insight.alignment import Pieces
from charrnn.text.lines import split_lines

LETTER = r"[^\W\d_]"
APOSTROPHES = "'’"

# A format character in Unicode, like the joiners inside words, but one that
# ends a word.
ZERO_WIDTH_SPACE = "\u200b"


@dataclasses.dataclass(frozen=True)
class Place:
    """A word or a character of a text, and what surprised most in it.

    Attributes:
        line: Line number, from 1.
        column: Position of its first character in the line, from 1.
        text: The word.
        worst: Index of its most surprising character; 0 for a model of
            words, which is surprised by the word.
        bits: The surprise of that character, or of the word, per character:
            long words would have the most otherwise.
        expected: The likeliest character, word or byte at that position.
        probability: Of what was expected.
        marked: The number of characters that `bits` belongs to.
        spelled: Whether a model of words spells the word out: it has no such
            word.
    """

    line: int
    column: int
    text: str
    worst: int
    bits: float
    expected: str
    probability: float
    marked: int = 1
    spelled: bool = False


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


class Ranking:
    """Ranks the parts of a text by how much they surprised a network.

    Args:
        text: The text.
        by_word: Whether the network predicts words.
        pieces: The pieces of the text.
        bits: The surprise of each piece, `(pieces,)`.
        likeliest: The likeliest unit in the place of each of the text's units
            except the first, and its probability.
        lines: The lines by which places are counted, with their ends; by
            default those of the text.
    """

    def __init__(
        self,
        text: str,
        by_word: bool,
        pieces: Pieces,
        bits: np.ndarray,
        likeliest: tuple[np.ndarray, np.ndarray],
        lines: Sequence[str] | None,
    ) -> None:
        self.text, self.by_word, self.bits = text, by_word, bits
        self.expected, self.probabilities = likeliest
        self.bounds, self.first_units = pieces.bounds, pieces.first_units
        lines = split_lines(text) if lines is None else lines
        self.line_starts = list(
            itertools.accumulate(map(len, lines), initial=0)
        )
        spans = np.array(word_spans(text), np.int64).reshape(-1, 2)
        self.spans = spans
        starts = spans[:, 0].copy()
        if by_word:  # the space before it belongs to a word
            spaces = np.array([c == " " for c in f"x{text}"])
            starts -= spaces[starts]
        self.of_words = pieces.between(starts, spans[:, 1])

    def words(self) -> list[Place]:
        """The words of the text, the most surprising first.

        Those that a model of words spells out come before those it has.
        """
        starts, ends = self.spans.T.tolist()
        first, last = (side.tolist() for side in self.of_words)
        parts = zip(starts, ends, first, last, strict=True)
        return self._sorted(self._place(*part) for part in parts if part[3] > 1)

    def others(self) -> list[Place]:
        """The pieces outside words, the most surprising first."""
        inside = np.zeros(len(self.bits) + 1, np.int64)
        first, end = self.of_words
        np.add.at(inside, first, 1)
        np.add.at(inside, end, -1)
        outside = np.flatnonzero(inside.cumsum()[:-1] == 0)
        bounds = self.bounds.tolist()
        return self._sorted(
            self._place(bounds[i], bounds[i + 1], i, i + 1)
            for i in outside.tolist()
            if i > 0
        )

    def _sorted(self, places: Iterable[Place]) -> list[Place]:
        return sorted(places, key=lambda place: (-place.spelled, -place.bits))

    def _place(self, start: int, end: int, first: int, last: int) -> Place:
        """Makes the place of a span of the text, which has these pieces."""
        text = self.text[start:end]
        line = bisect.bisect_right(self.line_starts, start)
        where = line, start - self.line_starts[line - 1] + 1
        # The first unit is context: it cannot be surprising.
        first = max(first, 1)
        if self.by_word:
            characters = self.bounds[last] - self.bounds[first]
            bits = self.bits[first:last].sum() / characters
            worst, index, marked = 0, first, len(text)
        else:
            index = first + int(self.bits[first:last].argmax())
            bits, worst = self.bits[index], int(self.bounds[index]) - start
            marked = 1
        unit = int(self.first_units[index]) - 1
        return Place(
            *where, text, worst, float(bits),
            self.expected[unit],
            float(self.probabilities[unit]),
            marked,
            self.by_word and last - first > 1,
        )  # fmt: skip
