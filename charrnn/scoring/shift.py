"""Tell whether the end of a text, which is held out, is unlike the rest.

The end is compared with a part of the same length that is taken from all over
the text. Both are predicted from pairs of characters counted in what remains,
so that neither has an advantage but that of being like the remainder.
"""

import dataclasses
import itertools
import math

import numpy as np

from charrnn.scoring import baselines, score

MOST_CHARACTERS = 360_000  # counted, in pieces from all over the text
MOST_HELD_OUT = 40_000
SAMPLED_PIECE = 512  # characters
PIECE = 128  # characters of a piece of the part from all over the text
FEWEST_HELD_OUT = 256  # in fewer there is nothing to be seen
CLEAR_NATS = 0.28  # 0.4 bits: ordinary texts have half of it or less
ERRORS = 2  # standard errors that the difference must lie above that


@dataclasses.dataclass(frozen=True)
class Shift:
    """What the two parts cost, predicted from pairs of characters.

    Attributes:
        held_out: Nats per character of the end.
        anywhere: Nats per character of the part from all over the text.
        standard_error: Of the difference of the two.
    """

    held_out: float
    anywhere: float
    standard_error: float

    @property
    def excess(self):
        """How many nats per character more the end costs."""
        return self.held_out - self.anywhere

    @property
    def is_clear(self):
        """Whether the end is so unlike the rest that a loss on it misleads."""
        return self.excess - ERRORS * self.standard_error > CLEAR_NATS


def measure(training, held_out, size):
    """Compares the end of a text with what comes before it.

    Args:
        training: Ids of the training part, an integer array `(characters,)`.
        held_out: Ids of the part after it, `(characters,)`.
        size: Number of characters in the vocabulary.

    Returns:
        A `Shift`, or `None` where the held-out part is too short to tell.

    Example:

    >>> from charrnn import Vocabulary
    >>> vocabulary = Vocabulary("abcd")
    >>> first, second = (vocabulary.encode(t * 999) for t in ("ab", "cd"))
    >>> measure(first, second, 4).is_clear
    True
    >>> measure(first, first[:500], 4).is_clear
    False
    """
    if len(held_out) < FEWEST_HELD_OUT:
        return None
    training = _sample(training, MOST_CHARACTERS)
    held_out = _sample(held_out, MOST_HELD_OUT)
    remainder, anywhere = _interleaved(training, held_out)
    end = _nats(training, held_out, size)
    other = _nats(remainder, anywhere, size)
    errors = score.standard_error(end), score.standard_error(other)
    return Shift(float(end.mean()), float(other.mean()), math.hypot(*errors))


def advice(shift, source):
    """Says in a line what is wrong with the split and what to do.

    Args:
        shift: A `Shift` that is clear.
        source: What is learnt, as the user named it.

    Returns:
        A `str`.
    """
    end, anywhere = map(score.to_bits, (shift.held_out, shift.anywhere))
    return (
        f"{source}: the end, held out to validate on, is unlike the rest: "
        f"predicted from pairs of characters it costs {end:.2f} bits/char, a "
        f"part taken from all over the text {anywhere:.2f}. The losses will "
        "say little. Shuffle the documents or, in a list, the lines (shuf "
        "TEXT > shuffled.txt), or learn from all of it with --validation 0"
    )


def _sample(ids, most):
    """Pieces from all over the ids, no more characters than `most`."""
    if len(ids) <= most:
        return np.asarray(ids)
    last = len(ids) - SAMPLED_PIECE
    starts = np.linspace(0, last, most // SAMPLED_PIECE).astype(np.int64)
    return np.concatenate([ids[s : s + SAMPLED_PIECE] for s in starts])


def _interleaved(training, held_out):
    """Divides both anew, so that the second part comes from everywhere."""
    ids = np.concatenate([training, held_out])
    pieces = np.arange(len(ids)) // PIECE
    share = len(held_out) / len(ids)
    taken = np.floor((pieces + 1) * share) > np.floor(pieces * share)
    return ids[~taken], ids[taken]


def _nats(training, held_out, size):
    """Nats of the characters after the first, by pairs: `(characters - 1,)`."""
    _, by_pairs = itertools.islice(
        baselines.ngrams(training, held_out, size), 2
    )
    return by_pairs
