"""Score a text with n-grams: by counts of what followed what.

No dictionaries are used: the n-grams of each order are numbered, and counts
are arrays indexed by these numbers.
"""

import itertools
from collections.abc import Iterator

import numpy as np

MAX_DISCOUNTED_COUNT = 3  # n-grams counted more often share one discount
DEFAULT_DISCOUNTS = (0, 0.5, 1, 1.5)  # if the text is too short to estimate any


def ngrams(
    training: np.ndarray,
    held_out: np.ndarray,
    size: int,
    boundary: int | None = None,
) -> Iterator[np.ndarray]:
    """Scores a text with n-grams of increasing order.

    This is interpolated modified Kneser-Ney smoothing. With h for the n - 1
    characters before c, which are its context,

        p(c | h) = (count(h c) - D) / count(h)
                   + (sum of all D in h) / count(h) * p(c | h[1:])

    A discount D is subtracted from each count, and the sum of all discounts is
    distributed as the next lower order predicts. Lower orders use other
    counts: not how often an n-gram occurs, but after how many different
    characters. So a letter that is frequent after only one other, as u after
    q, is unlikely after a character that it has never followed. The lowest
    order is mixed with equal probabilities.

    Args:
        training: Ids to learn from, an integer array `(characters,)`.
        held_out: Ids to score, `(characters,)`; the first is context.
        size: Number of characters in the vocabulary.
        boundary: The id that begins and ends documents, of which each is the
            only context of its characters; `None` for an endless text.

    Yields:
        For n = 1, 2, ..., endlessly: the nats of each character after the
        first, `(characters - 1,)`.

    Example:

    >>> training, held_out = np.array([0, 1, 0, 1, 0, 1]), np.array([0, 1])
    >>> unigram, bigram = itertools.islice(ngrams(training, held_out, 2), 2)
    >>> bool(bigram[0] < unigram[0])
    True

    Source: Chen and Goodman 1999, "An empirical study of smoothing techniques
    for language modeling", equations 26 and 27.
    """
    border = len(training)
    scored = slice(border + 1, None)
    lower = np.full(len(held_out) - 1, 1 / size)
    # The context of each character by its number: a unigram's is empty.
    contexts = np.zeros(border + len(held_out), np.int64)
    ids = np.concatenate([training, held_out])
    numbered = _numbered(ids, border, size, boundary)
    for grams, longer in itertools.pairwise(numbered):
        contexts[grams == 0] = 0  # no n-gram, no context
        # For the highest order: how often each n-gram occurs.
        counts = _count(grams[:border], grams.max() + 1)
        yield -np.log(_interpolate(grams, contexts, counts, lower, scored))
        # For a lower order: the number of different characters that it
        # follows, which is that of different longer n-grams that end in it.
        end_of = np.zeros(longer.max() + 1, np.int64)
        end_of[longer[:border]] = grams[:border]
        end_of[0] = 0
        counts = _count(end_of, len(counts))
        if boundary is not None:
            # Nothing precedes the beginning of a document: it counts as often
            # as it occurs.
            first = grams[:border][longer[:border] == 0]
            counts += _count(first, len(counts))
        lower = _interpolate(grams, contexts, counts, lower, scored)
        # An n-gram is the context of the character after it.
        contexts = np.concatenate([[0], grams[:-1]])


def _numbered(
    ids: np.ndarray, border: int, size: int, boundary: int | None
) -> Iterator[np.ndarray]:
    """Numbers the n-grams that end at each character, for n = 1, 2, ...

    Yields:
        Arrays `(characters,)`: equal n-grams have equal numbers. The number is
        0 if the n-gram would begin before its text or its document. What ends
        a document is still part of it.
    """
    starts = np.flatnonzero(ids == (-1 if boundary is None else boundary))
    grams = ids.astype(np.int64) + 1
    for n in itertools.count(2):
        yield grams
        # An n-gram is the pair of the (n-1)-gram one character earlier and
        # the last character. The pairs are renumbered from 0 at each order,
        # so they never overflow an integer.
        grams = np.concatenate([[0], grams[:-1] * size + ids[1:]])
        for start in (0, border):
            grams[start : start + n - 1] = -1
        for after in range(1, n - 1):
            places = starts + after
            grams[places[places < len(grams)]] = -1
        grams = np.unique(grams, return_inverse=True)[1]


def _count(grams: np.ndarray, size: int) -> np.ndarray:
    """How often each n-gram occurs, by its number; number 0 is no n-gram."""
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
        lower: The next lower order's probabilities of the scored characters.
        scored: Which characters are scored.

    Returns:
        An array of the shape of `lower`, with the values of `lower` in
        contexts that were never seen.
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
    """The discounts of counts 0, 1, 2, and 3 or more: `(4,)`.

    If n1, n2, ... are the numbers of n-grams that occur once, twice, ..., then
    D(k) = k - (k + 1) * n1 / (n1 + 2 n2) * n(k+1) / n(k), by equation 26.
    """
    frequency = np.bincount(np.minimum(counts, 5), minlength=6)[1:5]
    if not frequency.all():  # too few n-grams to estimate them
        return np.array(DEFAULT_DISCOUNTS)
    once, twice = frequency[:2]
    numbers = np.arange(1, 4)
    ratios = frequency[1:] / frequency[:-1]
    estimates = numbers - (numbers + 1) * once / (once + 2 * twice) * ratios
    # For some texts, estimates are below 0 or above the count.
    return np.append(0, np.clip(estimates, 0.1, numbers - 0.1))
