"""Read a text with a network: what surprised it, and what it expected."""

import bisect
import dataclasses
import itertools
import re
import unicodedata

import numpy as np

from charrnn.network.loading import engine_of
from charrnn.scoring.scan import checked_ids, scan
from charrnn.scoring.score import ONE_PASS_CHARACTERS, to_bits
from charrnn.text.lines import split_lines
from charrnn.writing.probabilities import surprise

ALTERNATIVES = 5

LETTER = r"[^\W\d_]"
BETWEEN_LETTERS = "'’"
# Spaces without a width are format characters, too, but end a word.
ZERO_WIDTH_SPACE = "\u200b"


@dataclasses.dataclass(frozen=True)
class Reading:
    """What a network made of each character of a text but the first.

    Attributes:
        text: A `str` of n characters.
        nats: The surprise of the second to the last, `(n - 1,)`.
        expected: The likeliest characters in their places, the likeliest
            first: an array `(n - 1, alternatives)` of `str` objects (NumPy's
            own strings lose a NUL).
        probabilities: Those of `expected`, of the same shape.
    """

    text: str
    nats: np.ndarray
    expected: np.ndarray
    probabilities: np.ndarray

    def __repr__(self):
        return (
            f"Reading({len(self.text):,} characters, "
            f"{self.bits_per_character:.4f} bits per character)"
        )

    @property
    def bits(self):
        """The surprise in bits, `(n - 1,)`."""
        return self.nats / np.log(2)

    @property
    def bits_per_character(self):
        """The mean surprise, as `charrnn.score` gives it."""
        return to_bits(self.nats.mean(dtype=np.float64))

    def running_bits_per_character(self):
        """The mean surprise up to each character, `(n - 1,)`."""
        total = self.bits.cumsum(dtype=np.float64)
        return total / np.arange(1, len(total) + 1)

    def words(self, lines=None):
        """Ranks the words, those with the most surprising character first.

        Spelling mistakes come early: mostly one character of a word is what
        nobody expects. Of 20 that were made at random in 20,000 characters of
        a play, 9 were among the first 20, between names and Latin.

        Args:
            lines: The lines with their ends that places are told by, which
                are the text if joined; those of the text without.

        Returns:
            A list of `Place`.
        """
        return self._ranked(word_spans(self.text), lines)

    def others(self, lines=None):
        """Ranks the characters outside of words, the most surprising first.

        Args:
            lines: As for `words`.

        Returns:
            A list of `Place`.
        """
        ends = [0, *itertools.chain(*word_spans(self.text)), len(self.text)]
        gaps = itertools.chain(*map(range, ends[::2], ends[1::2]))
        return self._ranked(((i, i + 1) for i in gaps), lines)

    def _ranked(self, spans, lines):
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

    def _place(self, start, end, bits, starts):
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
    """A word or a character, and where it stands.

    Attributes:
        line: From 1 on.
        column: Of its first character, from 1 on.
        text: The word.
        worst: The index of its most surprising character.
        bits: That one's surprise.
        expected: What the network held likeliest in its stead.
        probability: How likely.
    """

    line: int
    column: int
    text: str
    worst: int
    bits: float
    expected: str
    probability: float


def word_spans(text):
    r"""Finds the words of a text, in any script.

    A word is letters, with the marks and the joiners that belong to them, and
    with apostrophes between them: as Unicode has it (annex 29), but without
    digits, and without dots, which rather end a sentence.

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
    word = f"{letters}(?:[{BETWEEN_LETTERS}]{letters})*"
    return [match.span() for match in re.finditer(word, text)]


def _belongs_to_a_letter(character):
    """Whether it goes with what is before it: an accent, a joiner."""
    category = unicodedata.category(character)
    if category == "Cf":
        return character != ZERO_WIDTH_SPACE
    return category.startswith("M")


def read_along(
    model, text, alternatives=ALTERNATIVES, watch=iter, vocabulary=None
):
    """Reads a text once, from the zero state, as `charrnn.score` does.

    Args:
        model: A `charrnn.Engine`, what `charrnn.load` takes, or a Keras model.
        text: A `str` of at least two characters.
        alternatives: How many of the likeliest characters to keep.
        watch: A function of an iterable that yields its items again, such as
            `rich.progress.track`.
        vocabulary: The `charrnn.Vocabulary` of a Keras model; all others
            bring their own.

    Returns:
        A `Reading`.

    Raises:
        ValueError: as `charrnn.score` does, or if the text is longer than
            200,000 characters.

    Example:

    >>> from charrnn import Engine, Vocabulary, build_model
    >>> vocabulary = Vocabulary("abcdefgh")
    >>> engine = Engine.from_keras(build_model(vocabulary), vocabulary)
    >>> reading = read_along(engine, "feed")
    >>> reading.bits.shape, reading.expected.shape
    ((3,), (3, 5))
    """
    engine = engine_of(model, vocabulary)
    ids = checked_ids(engine, text)
    if len(ids) > ONE_PASS_CHARACTERS:
        raise ValueError(
            f"Expected a text of at most {ONE_PASS_CHARACTERS:,} characters. "
            f"Received {len(ids):,}. Cut it, or use `charrnn score`."
        )
    characters = np.array(list(engine.vocabulary.characters), object)
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
