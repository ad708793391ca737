"""Score a text without a network: n-grams and a compressor, to compare with.

A loss of 1.9 means little by itself. These figures say what counting alone
reaches on the same two texts, one to learn from and one to be scored.
"""

import itertools
import lzma
from collections.abc import Iterator

import numpy as np

from charrnn.scoring.score import standard_error, to_bits
from charrnn.text.vocabulary import Vocabulary

# Of longer texts a part is used, to bound time and memory: the last
# characters to learn from, which stand next to the text that is scored, and
# the first of that one.
MAX_TRAINING_CHARACTERS = 4_000_000
MAX_SCORED_CHARACTERS = 1_000_000

# Orders up to the first are always measured, then longer ones until one does
# worse than the one before it.
MIN_ORDER = 5
MAX_ORDER = 20

# On fewer characters a network may do worse than the 5-gram by chance.
MIN_CHARACTERS_TO_WARN = 1000

NEEDS_MORE = "the network needs more training, or more text"

# The compression that the xz program uses by default, as a raw stream: its
# file format would round sizes up to a multiple of four bytes.
XZ_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6}]

MAX_DISCOUNTED_COUNT = 3  # n-grams counted more often share one discount
DEFAULT_DISCOUNTS = (0, 0.5, 1, 1.5)  # where the text is too short for others


def measure(
    training: np.ndarray, held_out: np.ndarray, vocabulary: Vocabulary
) -> dict[str, float]:
    """Measures all baselines on the same split.

    Args:
        training: Ids to learn from, an integer array `(characters,)`. Of a
            longer text the last 4,000,000 are used.
        held_out: Ids to score, at least two; the first is context. Of a
            longer text the first 1,000,000 are used.
        vocabulary: The `charrnn.Vocabulary` of both.

    Returns:
        A `dict` of losses in nats per character: `"unigram"`, `"5-gram"`,
        the best order, such as `"7-gram"`, and `"xz"`.

    Example:

    >>> from charrnn import Vocabulary
    >>> vocabulary = Vocabulary("ab")
    >>> ids = vocabulary.encode("ab" * 500)
    >>> losses = measure(ids, ids[:100], vocabulary)
    >>> losses["unigram"] > losses["5-gram"]
    True
    """
    return measure_beside(training, held_out, vocabulary)[0]


def measure_beside(
    training: np.ndarray,
    held_out: np.ndarray,
    vocabulary: Vocabulary,
    network_nats: np.ndarray | None = None,
) -> tuple[dict[str, float], float | None]:
    """Measures all baselines, and how certain a network's lead over one is.

    Args:
        training: As for `measure`, like the next two.
        held_out: Ids to score.
        vocabulary: The `charrnn.Vocabulary` of both.
        network_nats: A network's surprise at each of the scored characters,
            `(characters - 1,)`, or at the first of them; or `None`.

    Returns:
        `(losses, error)`: what `measure` returns, and the standard error, in
        nats, of the difference between the network and the 5-gram; `None`
        without a network.

    Example:

    >>> ids = np.tile([0, 1], 500)
    >>> _, error = measure_beside(ids, ids[:100], Vocabulary("ab"))
    >>> error is None
    True
    """
    training = training[-MAX_TRAINING_CHARACTERS:]
    held_out = held_out[:MAX_SCORED_CHARACTERS]
    losses: list[float] = []
    error = None
    for nats in ngrams(training, held_out, len(vocabulary)):
        losses.append(float(nats.mean()))
        if len(losses) == MIN_ORDER and network_nats is not None:
            # Both find the same characters hard: the difference character
            # by character is far more certain than the two losses are.
            both = min(len(nats), len(network_nats))
            error = standard_error(network_nats[:both] - nats[:both])
        enough = len(losses) > MIN_ORDER and losses[-1] > losses[-2]
        if enough or len(losses) == MAX_ORDER:
            break
    best = int(np.argmin(losses)) + 1
    by_name = {
        "unigram": losses[0],
        "5-gram": losses[4],
        f"{best}-gram": losses[best - 1],
        "xz": xz(vocabulary.decode(training), vocabulary.decode(held_out)),
    }
    return by_name, error


def comparison(
    losses: dict[str, float],
    nats_per_character: float,
    characters: int,
    error: float | None = None,
    reason: str = NEEDS_MORE,
) -> str:
    """Puts a network's loss beside the baselines, in words and in bits.

    Args:
        losses: Nats per character by name, as `measure` returns them.
        nats_per_character: The network's loss on the same text.
        characters: Length of that text.
        error: The standard error of the difference to the 5-gram, in nats.
            Without it there is no warning on fewer than 1,000 characters.
        reason: Why the network may be worse than the 5-gram, and what to do.

    Returns:
        One line; a second one warns if the network does worse than the
        5-gram.

    Example:

    >>> comparison({"5-gram": 2.0794415, "xz": 2.7725887}, 1.9, 5000)
    'to compare  5-gram 3.00, xz 4.00 bits/char'
    """
    bits = (f"{name} {_figure(value)}" for name, value in losses.items())
    line = f"to compare  {', '.join(bits)} bits/char"
    difference = nats_per_character - losses["5-gram"]
    if difference <= 0:
        return line
    warning = "warning     the 5-gram, which only counts, does better"
    if characters >= MIN_CHARACTERS_TO_WARN:
        return f"{line}\n{warning}: {reason}"
    if error is None:
        return line
    warning += f", by {_uncertain(difference, error)} of {characters:,}"
    warning += " characters"
    if difference < 2 * error:
        reason = "that may be chance"
    return f"{line}\n{warning}: {reason}"


def _uncertain(nats: float, error: float) -> str:
    """A difference with its standard error, in bits."""
    bits = f"{to_bits(nats):.2f}"
    if np.isfinite(error):
        bits += f" \u00b1 {to_bits(error):.2f}"
    return f"{bits} bits/char"


def _figure(nats: float) -> str:
    """Bits with two decimals; what is more than 0 is never written as 0."""
    bits = to_bits(nats)
    return "< 0.01" if 0 < bits < 0.005 else f"{bits:.2f}"


def ngrams(
    training: np.ndarray, held_out: np.ndarray, size: int
) -> Iterator[np.ndarray]:
    """Scores a text with n-grams of ever higher order.

    This is interpolated modified Kneser-Ney smoothing. With h for the n - 1
    characters before c, which are its context,

        p(c | h) = (count(h c) - D) / count(h)
                   + (sum of all D in h) / count(h) * p(c | h[1:])

    Each count gives up a discount D, and what all of them give up is shared
    out as the next lower order expects. There the counts are other ones: not
    how often an n-gram occurs but after how many different characters. A
    letter that is frequent after a single other one, as u after q, is not
    likely after a character that it was never seen with. The lowest order is
    mixed with equal probabilities.

    Args:
        training: Ids to learn from, an integer array `(characters,)`.
        held_out: Ids to score, `(characters,)`; the first is context.
        size: Number of characters in the vocabulary.

    Yields:
        For n = 1, 2, ... without end: the nats of each character after the
        first, `(characters - 1,)`.

    Example:

    >>> training, held_out = np.array([0, 1, 0, 1, 0, 1]), np.array([0, 1])
    >>> unigram, bigram = itertools.islice(ngrams(training, held_out, 2), 2)
    >>> bool(bigram[0] < unigram[0])
    True

    Source: Chen and Goodman 1999, "An empirical study of smoothing techniques
    for language modeling", equations 26 and 27.
    """
    boundary = len(training)
    scored = slice(boundary + 1, None)
    lower = np.full(len(held_out) - 1, 1 / size)
    # The context of each character by its number: a unigram's is empty.
    contexts = np.zeros(boundary + len(held_out), np.int64)
    numbered = _numbered(np.concatenate([training, held_out]), boundary, size)
    for grams, longer in itertools.pairwise(numbered):
        # As the highest order: how often each n-gram occurs.
        counts = _count(grams[:boundary], grams.max() + 1)
        yield -np.log(_interpolate(grams, contexts, counts, lower, scored))
        # As a lower order: how many different characters it comes after,
        # which is the number of different longer n-grams that end in it.
        end_of = np.zeros(longer.max() + 1, np.int64)
        end_of[longer[:boundary]] = grams[:boundary]
        end_of[0] = 0
        counts = _count(end_of, len(counts))
        lower = _interpolate(grams, contexts, counts, lower, scored)
        # An n-gram is the context of the character after it.
        contexts = np.concatenate([[0], grams[:-1]])


def _numbered(
    ids: np.ndarray, boundary: int, size: int
) -> Iterator[np.ndarray]:
    """Numbers the n-grams that end at each character, for n = 1, 2, ...

    Yields:
        Arrays `(characters,)`: equal n-grams have equal numbers, and 0 stands
        where an n-gram would begin before its text.
    """
    grams = ids.astype(np.int64) + 1
    for n in itertools.count(2):
        yield grams
        # An n-gram is the pair of the (n-1)-gram one character earlier and
        # the last character. Numbered anew at each order, from 0 on, the
        # pairs never outgrow an integer.
        grams = np.concatenate([[0], grams[:-1] * size + ids[1:]])
        for start in (0, boundary):
            grams[start : start + n - 1] = -1
        grams = np.unique(grams, return_inverse=True)[1]


def _count(grams: np.ndarray, size: int) -> np.ndarray:
    """How often each n-gram occurs, by its number; 0, which is none, never."""
    counts = np.bincount(grams, minlength=size)
    counts[0] = 0
    return counts


def _interpolate(
    grams: np.ndarray,
    contexts: np.ndarray,
    counts: np.ndarray,
    lower: np.ndarray,
    scored: slice,
) -> np.ndarray:
    """Probabilities of the scored characters in their contexts.

    Args:
        grams: Number of the n-gram that ends at each character.
        contexts: Number of that n-gram's context.
        counts: Of each n-gram, by its number.
        lower: What the next lower order expects of the scored characters.
        scored: Which characters are scored.

    Returns:
        An array of the shape of `lower`. In a context that was never seen it
        is what the lower order expects.
    """
    taken = _discounts(counts)[np.minimum(counts, MAX_DISCOUNTED_COUNT)]
    context = np.zeros(len(counts), np.int64)  # of each n-gram
    context[grams] = contexts
    size = contexts.max() + 1
    totals = np.bincount(context, counts, size)
    rest = np.bincount(context, taken, size)
    gram, context = grams[scored], contexts[scored]
    known = totals[context] > 0
    gram, context = gram[known], context[known]
    probabilities = lower.copy()
    probabilities[known] = (
        counts[gram] - taken[gram] + rest[context] * lower[known]
    ) / totals[context]
    return probabilities


def _discounts(counts: np.ndarray) -> np.ndarray:
    """What to take from a count of 0, 1, 2, and of 3 or more: `(4,)`.

    With n1, n2, ... for the number of n-grams that occur once, twice, ..., it
    is D(k) = k - (k + 1) * n1 / (n1 + 2 n2) * n(k+1) / n(k), equation 26.
    """
    frequency = np.bincount(np.minimum(counts, 5), minlength=6)[1:5]
    if not frequency.all():  # too few n-grams to estimate them
        return np.array(DEFAULT_DISCOUNTS)
    once, twice = frequency[:2]
    numbers = np.arange(1, 4)
    ratios = frequency[1:] / frequency[:-1]
    estimates = numbers - (numbers + 1) * once / (once + 2 * twice) * ratios
    # Some texts give estimates below 0, or of more than there is to take.
    return np.append(0, np.clip(estimates, 0.1, numbers - 0.1))


def xz(training: str, held_out: str) -> float:
    """Scores a text by the bytes that it adds to a compressed file.

    Args:
        training: The text before it, a `str`.
        held_out: A `str`.

    Returns:
        Nats per character. A file grows by whole bytes; a text that adds
        none is counted as one byte.

    Example:

    >>> xz("to be or not to be, " * 50, "to be or not to be, " * 50) < 0.1
    True
    """
    both, before = (
        len(
            lzma.compress(
                text.encode("utf-8"), lzma.FORMAT_RAW, filters=XZ_FILTERS
            )
        )
        for text in (training + held_out, training)
    )
    added = max(1, both - before)
    return float(added * 8 * np.log(2) / len(held_out))
