"""Read a text with a network: what surprised it, and what it expected."""

import bisect
import dataclasses
import re

import numpy as np

from charrnn.loading import engine_of
from charrnn.sampling import surprise
from charrnn.scoring import ONE_PASS_LIMIT, checked_ids, scan, to_bits

ALTERNATIVES = 5

# Letters of any script, and apostrophes between them.
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


@dataclasses.dataclass(frozen=True)
class Reading:
    """What a network made of each character of a text but the first.

    Attributes:
        text: A `str` of n characters.
        nats: The surprise of the second to the last, `(n - 1,)`.
        expected: The likeliest characters in their places, the likeliest
            first: an array `(n - 1, alternatives)` of strings.
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

    def words(self):
        """Ranks the words, those with the most surprising character first.

        Spelling mistakes come early: mostly one character of a word is what
        nobody expects. Of 20 that were made at random in 20,000 characters of
        a play, 9 were among the first 20, between names and Latin.

        Returns:
            A list of `Place`.
        """
        return self._ranked(WORD.finditer(self.text))

    def others(self):
        """Ranks the characters outside of words, the most surprising first.

        Returns:
            A list of `Place`.
        """
        spaces = WORD.sub(lambda word: "\0" * len(word[0]), self.text)
        return self._ranked(re.finditer(r"[^\0]", spaces))

    def _ranked(self, matches):
        # The first character is context: it cannot be surprising.
        bits = np.concatenate([[-np.inf], self.bits])
        ends = [i for i, character in enumerate(self.text) if character == "\n"]
        places = [
            self._place(match.start(), match.end(), bits, ends)
            for match in matches
            if match.end() > 1
        ]
        return sorted(places, key=lambda place: -place.bits)

    def _place(self, start, end, bits, ends):
        worst = start + int(bits[start:end].argmax())
        line = bisect.bisect_left(ends, start)
        return Place(
            line=line + 1,
            column=start - (ends[line - 1] if line else -1),
            text=self.text[start:end],
            worst=worst - start,
            bits=float(bits[worst]),
            expected=str(self.expected[worst - 1, 0]),
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
    if len(ids) > ONE_PASS_LIMIT:
        raise ValueError(
            f"Expected a text of at most {ONE_PASS_LIMIT:,} characters. "
            f"Received {len(ids):,}. Cut it, or use `charrnn score`."
        )
    characters = np.array(list(engine.vocabulary.characters))
    count = min(alternatives, len(characters))
    nats = np.empty(len(ids) - 1, np.float32)
    expected = np.empty((len(ids) - 1, count), characters.dtype)
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
