"""Score a text without a network: n-grams and a compressor, to compare with.

A loss of 1.9 means little by itself. These figures are what counting alone
makes of the same two texts, one to learn from and one to be scored.
"""

import itertools
import lzma

import numpy as np

from charrnn.scoring.score import standard_error, to_bits

MOST_CHARACTERS = 4_000_000  # of the text to learn from: the last ones
MOST_SCORED = 1_000_000  # of the other: the first ones
ENOUGH = 1000  # characters, to tell a bad network from an odd text
LEAST_ORDER = 5  # longer n-grams are tried until one does worse
MOST_ORDER = 20

MORE = "the network needs more training, or more text"

# What xz does, without the frame that rounds sizes to four bytes.
FILTER = {"filters": [{"id": lzma.FILTER_LZMA2, "preset": 6}]}


def measure(training, held_out, vocabulary):
    """Measures all baselines on the same split.

    Args:
        training: Ids to learn from, an integer array `(characters,)`; of a
            long text the last 4,000,000.
        held_out: Ids to score, at least two; the first is context; of a long
            text the first 1,000,000.
        vocabulary: The `charrnn.Vocabulary` of both.

    Returns:
        A `dict` of losses in nats per character: `"unigram"`, `"5-gram"`,
        that of the best order by its name, such as `"7-gram"`, and `"xz"`.

    Example:

    >>> from charrnn import Vocabulary
    >>> vocabulary = Vocabulary("ab")
    >>> ids = vocabulary.encode("ab" * 500)
    >>> losses = measure(ids, ids[:100], vocabulary)
    >>> losses["unigram"] > losses["5-gram"]
    True
    """
    return measure_beside(training, held_out, vocabulary)[0]


def measure_beside(training, held_out, vocabulary, network_nats=None):
    """Measures all baselines, and how surely a network differs from one.

    Args:
        training: As for `measure`, like the next two.
        held_out: Ids to score.
        vocabulary: The `charrnn.Vocabulary` of both.
        network_nats: What a network paid for each of the scored characters,
            `(characters - 1,)`, or for the first of them; or `None`.

    Returns:
        What `measure` returns, and the standard error, in nats, of the
        difference between the network and the 5-gram: `None` without a
        network.
    """
    training = training[-MOST_CHARACTERS:]
    held_out = held_out[:MOST_SCORED]
    losses, error = [], None
    for nats in ngrams(training, held_out, len(vocabulary)):
        losses.append(float(nats.mean()))
        if len(losses) == LEAST_ORDER and network_nats is not None:
            both = min(len(nats), len(network_nats))
            error = standard_error(network_nats[:both] - nats[:both])
        enough = len(losses) > LEAST_ORDER and losses[-1] > losses[-2]
        if enough or len(losses) == MOST_ORDER:
            break
    best = int(np.argmin(losses)) + 1
    by_name = {
        "unigram": losses[0],
        "5-gram": losses[4],
        f"{best}-gram": losses[best - 1],
        "xz": xz(vocabulary.decode(training), vocabulary.decode(held_out)),
    }
    return by_name, error


def shown(losses, nats, characters, error=None, reason=MORE):
    """Says what `measure` returned, and who did better, in bits.

    Args:
        losses: Nats per character, by name.
        nats: That of a network on the same text.
        characters: Length of that text.
        error: The standard error of the difference to the 5-gram, in nats;
            without it nothing is said of fewer than 1,000 characters.
        reason: Why a network may be worse than the 5-gram, and what to do.

    Returns:
        A `str`; of two lines where the network is worse than the 5-gram.

    Example:

    >>> shown({"5-gram": 2.0794415, "xz": 2.7725887}, 1.9, 5000)
    'to compare  5-gram 3.00, xz 4.00 bits/char'
    """
    bits = (f"{name} {_figure(value)}" for name, value in losses.items())
    line = f"to compare  {', '.join(bits)} bits/char"
    difference = nats - losses["5-gram"]
    if difference <= 0 or (characters < ENOUGH and error is None):
        return line
    line += "\nwarning     the 5-gram, which only counts, does better"
    if characters < ENOUGH:
        line += f", by {_uncertain(difference, error)} of {characters:,}"
        line += " characters"
        if difference < 2 * error:
            return f"{line}: that may be chance"
    return f"{line}: {reason}"


def _uncertain(nats, error):
    """A difference with its standard error, in bits."""
    bits = f"{to_bits(nats):.2f}"
    if np.isfinite(error):
        bits += f" \u00b1 {to_bits(error):.2f}"
    return f"{bits} bits/char"


def _figure(nats):
    """Bits with two decimals, which never say 0 of what is more."""
    bits = to_bits(nats)
    return "< 0.01" if 0 < bits < 0.005 else f"{bits:.2f}"


def ngrams(training, held_out, size):
    """Scores a text with n-grams of ever higher order.

    An n-gram knows the n - 1 characters before. What it counted is discounted
    and the rest given to what the (n-1)-gram expects, which counts in how many
    different contexts a character was seen, not how often (modified
    Kneser-Ney smoothing, interpolated down to equal chances).

    Args:
        training: Ids to learn from, an integer array `(characters,)`.
        held_out: Ids to score, `(characters,)`; the first is context.
        size: Number of characters in the vocabulary.

    Yields:
        For n = 1, 2, ... without end: an array `(characters - 1,)` of nats.

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
    contexts = np.zeros(boundary + len(held_out), np.int64)  # the empty one
    numbered = _numbered(np.concatenate([training, held_out]), boundary, size)
    for grams, longer in itertools.pairwise(numbered):
        counts = _count(grams[:boundary], grams.max() + 1)
        yield -np.log(_interpolate(grams, contexts, counts, lower, scored))
        end_of = np.zeros(longer.max() + 1, np.int64)  # each longer n-gram
        end_of[longer[:boundary]] = grams[:boundary]
        end_of[0] = 0
        counts = _count(end_of, len(counts))
        lower = _interpolate(grams, contexts, counts, lower, scored)
        contexts = np.concatenate([[0], grams[:-1]])


def _numbered(ids, boundary, size):
    """Numbers the n-grams that end at each character, for n = 1, 2, ...

    Yields:
        Arrays `(characters,)`: the same number for the same n-gram, and 0
        where it would begin before its text.
    """
    grams = ids.astype(np.int64) + 1
    for n in itertools.count(2):
        yield grams
        grams = np.concatenate([[0], grams[:-1] * size + ids[1:]])
        for start in (0, boundary):
            grams[start : start + n - 1] = -1
        grams = np.unique(grams, return_inverse=True)[1]


def _count(grams, size):
    """How often each n-gram occurs, by its number; never that which is none."""
    counts = np.bincount(grams, minlength=size)
    counts[0] = 0
    return counts


def _interpolate(grams, contexts, counts, lower, scored):
    """Probabilities of the scored characters in their contexts."""
    taken = _discounts(counts)[np.minimum(counts, 3)]
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


def _discounts(counts):
    """What to take from a count of 0, 1, 2, and of 3 or more: `(4,)`."""
    frequency = np.bincount(np.minimum(counts, 5), minlength=6)[1:5]
    if not frequency.all():  # too few n-grams to estimate them
        return np.array([0, 0.5, 1, 1.5])
    once, twice = frequency[:2]
    numbers = np.arange(1, 4)
    ratios = frequency[1:] / frequency[:-1]
    estimates = numbers - (numbers + 1) * once / (once + 2 * twice) * ratios
    return np.append(0, np.clip(estimates, 0.1, numbers - 0.1))


def xz(training, held_out):
    """Scores a text by what it adds to a compressed file.

    Args:
        training: The text before it, a `str`.
        held_out: A `str`.

    Returns:
        Nats per character. A file grows by whole bytes: what adds less than
        one counts as one.

    Example:

    >>> xz("to be or not to be, " * 50, "to be or not to be, " * 50) < 0.1
    True
    """
    both, before = (
        len(lzma.compress(text.encode("utf-8"), lzma.FORMAT_RAW, **FILTER))
        for text in (training + held_out, training)
    )
    added = max(1, both - before)
    return float(added * 8 * np.log(2) / len(held_out))
