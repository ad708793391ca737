"""Detect whether the held-out end of a text is unlike the rest.

The end is compared with a part of the same length, made of pieces from all
over the text. Each is predicted from the pairs of characters in the rest of
the text. So the only difference is how similar each is to its rest.
"""

import dataclasses
import itertools
import math

import numpy as np

from charrnn.scoring.ngrams import ngrams
from charrnn.scoring.score import standard_error, to_bits

# Longer parts are sampled, in pieces from all over them: pairs need no more.
MAX_TRAINING_CHARACTERS = 360_000
MAX_HELD_OUT_CHARACTERS = 40_000
CHARACTERS_PER_SAMPLED_PIECE = 512

# On fewer characters, no difference is certain.
MIN_HELD_OUT_CHARACTERS = 256

# The part from all over the text is made of pieces of this length.
CHARACTERS_PER_PIECE = 128

# The end is unlike the rest if it costs more than this, 0.4 bits, by at least
# two standard errors. Ordinary texts stay at half of it or less.
MIN_EXCESS_NATS = 0.28
MIN_STANDARD_ERRORS = 2


@dataclasses.dataclass(frozen=True)
class Shift:
    """The loss on the two parts, predicted from pairs of characters.

    Attributes:
        held_out: Nats per character of the end.
        anywhere: Nats per character of the part from all over the text.
        standard_error: Of the difference of the two.
    """

    held_out: float
    anywhere: float
    standard_error: float

    @property
    def excess(self) -> float:
        """The loss on the end minus the other loss, in nats per character."""
        return self.held_out - self.anywhere

    @property
    def is_clear(self) -> bool:
        """Whether the end is so unlike the rest that a loss on it misleads."""
        least = self.excess - MIN_STANDARD_ERRORS * self.standard_error
        return least > MIN_EXCESS_NATS


def measure(
    training: np.ndarray, held_out: np.ndarray, size: int
) -> Shift | None:
    """Compares the end of a text with what comes before it.

    Args:
        training: Ids of the training part, an integer array `(characters,)`.
        held_out: Ids of the part after it, `(characters,)`.
        size: Number of characters in the vocabulary.

    Returns:
        A `Shift`; `None` if the held-out part is too short to compare.

    Example:

    >>> from charrnn import Vocabulary
    >>> vocabulary = Vocabulary("abcd")
    >>> first, second = (vocabulary.encode(t * 999) for t in ("ab", "cd"))
    >>> measure(first, second, 4).is_clear
    True
    >>> measure(first, first[:500], 4).is_clear
    False
    """
    if len(held_out) < MIN_HELD_OUT_CHARACTERS:
        return None
    training = _sample(training, MAX_TRAINING_CHARACTERS)
    held_out = _sample(held_out, MAX_HELD_OUT_CHARACTERS)
    remainder, anywhere = _interleaved(training, held_out)
    end = _nats(training, held_out, size)
    other = _nats(remainder, anywhere, size)
    errors = standard_error(end), standard_error(other)
    return Shift(float(end.mean()), float(other.mean()), math.hypot(*errors))


def advice(shift: Shift, source: str) -> str:
    """Says in one line what is wrong with the split and what to do.

    Args:
        shift: A `Shift` that is clear.
        source: The training text, as the user named it.

    Returns:
        A `str`.

    Example:

    >>> advice(Shift(3.0, 2.0, 0.1), "names.txt")
    'names.txt: the held-out end is unlike the rest: predicted from ...
    """
    end, anywhere = map(to_bits, (shift.held_out, shift.anywhere))
    return (
        f"{source}: the held-out end is unlike the rest: predicted from "
        f"pairs of characters it costs {end:.2f} bits/char, a part taken from "
        f"all over the text {anywhere:.2f}. The losses will say little. "
        "Shuffle the documents or, in a list, the lines (shuf TEXT > "
        "shuffled.txt), or learn from all of it with --validation 0"
    )


def _sample(ids: np.ndarray, most: int) -> np.ndarray:
    """Pieces from all over the ids, at most `most` characters in all."""
    if len(ids) <= most:
        return np.asarray(ids)
    size = CHARACTERS_PER_SAMPLED_PIECE
    last = len(ids) - size
    starts = np.linspace(0, last, most // size).astype(np.int64)
    return np.concatenate([ids[s : s + size] for s in starts])


def _interleaved(
    training: np.ndarray, held_out: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Divides both again in the same ratio, the second part from everywhere."""
    ids = np.concatenate([training, held_out])
    pieces = np.arange(len(ids)) // CHARACTERS_PER_PIECE
    share = len(held_out) / len(ids)
    # Piece k is taken where the running total k * share passes an integer:
    # evenly spread, and exactly the share.
    taken = np.floor((pieces + 1) * share) > np.floor(pieces * share)
    return ids[~taken], ids[taken]


def _nats(training: np.ndarray, held_out: np.ndarray, size: int) -> np.ndarray:
    """Nats of the characters after the first, by pairs: `(characters - 1,)`."""
    _, by_pairs = itertools.islice(ngrams(training, held_out, size), 2)
    return by_pairs
