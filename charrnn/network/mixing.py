"""Average or multiply the probabilities that several models predict."""

from collections.abc import Sequence

import numpy as np

AVERAGE, PRODUCT = "average", "product"
WAYS = (AVERAGE, PRODUCT)
MIN_WEIGHT = -100  # far below any that is of use
MIN_SHARE = 0.1  # of the likeliest unit, for a unit that a contrast favours

# The weight of a model: one for the whole text, or those at the beginning and
# at the end of a text along which it moves.
Weight = float | tuple[float, float]


def normalized(
    weights: Sequence[Weight] | None, count: int, by: str
) -> np.ndarray:
    """Checks the weights of models, and divides them by their sum.

    Args:
        weights: One for each model; `None` for equal ones.
        count: Number of models.
        by: One of `WAYS`. A product also takes negative weights, which are
            divided by the sum of the others.

    Returns:
        Float64 array of shape `(2, models)`: those at the beginning and those
        at the end, which are the same if they do not move.

    Raises:
        ValueError: if there are not as many, one is not finite or below
            `MIN_WEIGHT`, or negative although the models are averaged, or none
            is above 0.

    Example:

    >>> normalized([3, 1], 2, "average").tolist()
    [[0.75, 0.25], [0.75, 0.25]]
    >>> normalized([1, (-0.3, 0)], 2, "product").tolist()
    [[1.0, -0.3], [1.0, 0.0]]
    """
    if by not in WAYS:
        raise ValueError(
            f"Expected models mixed by one of {', '.join(WAYS)}. Received "
            f"{by!r}."
        )
    given = [1.0] * count if weights is None else list(weights)
    if len(given) != count:
        raise ValueError(
            f"Expected a weight for each of {count} models. Received "
            f"{len(given)}."
        )
    ends = [w if isinstance(w, tuple) else (w, w) for w in given]
    table = np.array(ends, np.float64).reshape(count, 2).T
    _check(table, by)
    with np.errstate(over="ignore"):  # such a weight is refused
        table /= table.max(axis=1, keepdims=True)  # so that no sum overflows
        table /= np.maximum(table, 0).sum(axis=1, keepdims=True)
    if (table < MIN_WEIGHT).any():
        raise ValueError(
            f"Expected weights of at least {MIN_WEIGHT} times the sum of those "
            f"above 0. Received {_listed(table)} times it."
        )
    return table


def _check(table: np.ndarray, by: str) -> None:
    """Checks the weights `(2, models)`."""
    if not np.isfinite(table).all():
        raise ValueError(
            f"Expected weights that are finite. Received {_listed(table)}."
        )
    if by == AVERAGE and (table < 0).any():
        raise ValueError(
            "Expected weights of at least 0 to average. Received "
            f"{_listed(table)}. A product takes negative weights."
        )
    if (table.max(axis=1) <= 0).any():
        raise ValueError(
            "Expected a weight above 0 at each place of the text. Received "
            f"{_listed(table)}."
        )


def _listed(table: np.ndarray) -> str:
    """The weights, as they were given."""
    return ", ".join(
        f"{begin:g}" if begin == end else f"{begin:g}>{end:g}"
        for begin, end in table.T.tolist()
    )


def average(
    predictions: Sequence[np.ndarray], weights: Sequence[np.ndarray]
) -> np.ndarray:
    """Averages probabilities.

    Args:
        predictions: For each model the logarithms of its probabilities,
            `(..., vocabulary size)`.
        weights: For each model a weight of at least 0, of a shape that fits;
            together they are 1.

    Returns:
        The logarithms of the averages, of the same shape.

    Example:

    >>> p = average([np.log([0.5, 0.5]), np.log([0.1, 0.9])], [0.5, 0.5])
    >>> np.exp(p).round(6).tolist()
    [0.3, 0.7]
    """
    with np.errstate(divide="ignore"):  # the logarithm of 0
        terms = [
            np.log(weight) + prediction
            for weight, prediction in zip(weights, predictions, strict=True)
        ]
        # With the largest subtracted first, no exponential underflows.
        top = np.maximum.reduce(terms)
        top = np.where(np.isneginf(top), 0, top)
        return np.log(sum(np.exp(term - top) for term in terms)) + top


def product(
    predictions: Sequence[np.ndarray], weights: Sequence[np.ndarray]
) -> np.ndarray:
    """Multiplies probabilities, each raised to the power of its weight.

    Negative weights make likelier what their models do not expect. That would
    be mostly what nobody expects, such as misspellings. So a unit that is less
    than `MIN_SHARE` times as likely as the likeliest, according to the models
    of positive weights, gains no more than any unit above that.

    Args:
        predictions: For each model the logarithms of its probabilities, all
            finite, `(..., vocabulary size)`.
        weights: As for `average`; they may also be negative.

    Returns:
        The logarithms of the products, scaled so that their exponentials add
        up to 1.

    Example:

    >>> log_p, log_q = np.log([0.5, 0.49, 0.01]), np.log([0.6, 0.3, 0.1])
    >>> p = product([log_p, log_q], [1, -1])
    >>> np.exp(p).round(3).tolist()
    [0.336, 0.658, 0.007]

    Source: Hinton 2002, "Training products of experts by minimizing
    contrastive divergence"; with negative weights, Li et al. 2023,
    "Contrastive decoding: open-ended text generation as optimization".
    """
    wanted, gain = (
        sum(
            limit(weight, 0) * prediction
            for weight, prediction in zip(weights, predictions, strict=True)
        )
        for limit in (np.maximum, np.minimum)
    )
    top = wanted.max(-1, keepdims=True)
    is_plausible = wanted >= top + np.log(MIN_SHARE)
    least = np.where(is_plausible, gain, np.inf).min(-1, keepdims=True)
    gain = np.where(is_plausible, gain, np.minimum(gain, least))
    return log_probabilities(wanted + gain)


def log_probabilities(logits: np.ndarray) -> np.ndarray:
    """Scales logits so that their exponentials add up to 1.

    Args:
        logits: Float array of shape `(..., vocabulary size)`.

    Returns:
        Float64 array of the same shape.

    Example:

    >>> np.exp(log_probabilities(np.zeros(4))).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    logits = logits.astype(np.float64)
    logits -= logits.max(-1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
    return logits
