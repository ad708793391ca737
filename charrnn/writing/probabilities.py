"""Turn logits into the probabilities used for sampling."""

from typing import TypedDict

import numpy as np

# Sampling at a lower temperature is greedy: logits divided by it overflow.
MIN_TEMPERATURE = 1e-9

# One number, or two: of a word's first letter, and of the rest.
Temperature = float | tuple[float, ...]


class Filters(TypedDict, total=False):
    """The keyword arguments of `probabilities`, all optional.

    `Sampler` passes them on, so they are documented in one place. It also
    takes two temperatures, `(0.4, 0.9)`: of the first letter of each word, and
    of the rest.
    """

    temperature: Temperature
    top_k: int | None
    top_p: float | None
    min_p: float | None


def probabilities(
    logits: np.ndarray,
    temperature: Temperature | np.ndarray = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
) -> np.ndarray:
    """Turns logits into the probabilities that characters are drawn with.

    The filters are applied in the order of the arguments. Each of them sees
    the distribution left by the one before it, scaled to a sum of 1.

    Args:
        logits: Float array of shape `(..., vocabulary size)`.
        temperature: Divides the logits. Below 1, likely characters become
            even likelier; 0 leaves only the likeliest. An array with a last
            axis of 1 gives each distribution its own.
        top_k: Keep the k likeliest characters; `None` keeps all. Of equally
            likely ones those with the lower ids are kept.
        top_p: Keep the smallest set of likeliest characters whose
            probabilities add up to at least `top_p` (nucleus sampling);
            `None` keeps all.
        min_p: Keep characters at least `min_p` times as likely as the
            likeliest; `None` keeps all.

    Returns:
        Float64 array of the shape of `logits`; the last axis adds up to 1.

    Raises:
        ValueError: if an argument is out of range.

    Example:

    >>> probabilities(np.log([0.5, 0.3, 0.2]), top_k=2).round(3)
    array([0.625, 0.375, 0.   ])

    Source: Holtzman et al. 2020, "The curious case of neural text
    degeneration" (top_p); Nguyen et al. 2024, "Turning up the heat: min-p
    sampling for creative and coherent LLM outputs" (min_p).
    """
    check_filters(temperature, top_k, top_p, min_p)
    logits = np.asarray(logits, dtype=np.float64)
    if isinstance(temperature, tuple):
        raise ValueError(
            "Expected one temperature, or a state that `Sampler.start` was "
            f"given two for. Received {temperature!r}."
        )
    if isinstance(temperature, np.ndarray):
        p = _each_softmax(logits, temperature)
    elif temperature < MIN_TEMPERATURE:
        return _greedy(logits)
    else:
        p = _softmax(logits, temperature)
    if top_k is not None:
        p = _keep(p, _rank(p) < top_k)
    if top_p is not None:
        # A character belongs to the nucleus if the likelier ones do not yet
        # add up to top_p: the one that reaches it is kept.
        p = _keep(p, _sum_of_likelier(p) < top_p)
    if min_p is not None:
        p = _keep(p, p >= min_p * p.max(-1, keepdims=True))
    return p


def without(left_out: int | None, logits: np.ndarray) -> np.ndarray:
    """Excludes a character, such as the stand-in for rare ones.

    Args:
        left_out: Its id; `None` leaves the logits as they are.
        logits: Float array of shape `(..., vocabulary size)`.

    Returns:
        The logits, minus infinity for that character.

    Example:

    >>> probabilities(without(1, np.zeros(3)))
    array([0.5, 0. , 0.5])
    """
    if left_out is None:
        return logits
    others = np.arange(logits.shape[-1]) != left_out
    return np.where(others, logits, -np.inf)


def check_filters(
    temperature: Temperature | np.ndarray = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
) -> None:
    """Checks the arguments of `probabilities`, without any logits.

    Raises:
        ValueError: if one is out of range.

    Example:

    >>> check_filters(top_p=1.5)
    Traceback (most recent call last):
    ValueError: Expected top_p above 0 and up to 1. Received 1.5. ...
    """
    _check_temperature(temperature)
    if top_k is not None and top_k < 1:
        raise ValueError(
            f"Expected top_k of at least 1. Received {top_k!r}. "
            "Leave it out to keep all characters."
        )
    for name, share in (("top_p", top_p), ("min_p", min_p)):
        if share is not None and not 0 < share <= 1:
            raise ValueError(
                f"Expected {name} above 0 and up to 1. Received {share!r}. "
                "Leave it out to keep all characters."
            )


def _check_temperature(temperature: Temperature | np.ndarray) -> None:
    if isinstance(temperature, np.ndarray):
        return  # made from one that was checked
    if isinstance(temperature, tuple):
        if len(temperature) != 2:
            raise ValueError(
                "Expected one temperature or two: of a word's first letter, "
                f"and of the rest. Received {len(temperature)}."
            )
        for each in temperature:
            _check_temperature(each)
    elif not 0 <= temperature < np.inf:
        raise ValueError(
            "Expected a temperature of 0 (greedy) or above. "
            f"Received {temperature!r}."
        )


def surprise(logits: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """The surprise of characters, -ln p, in nats.

    Args:
        logits: Float array of shape `(..., vocabulary size)`.
        ids: Integers of shape `(...)`: the characters that occurred.

    Returns:
        Float array of shape `(...)`.

    Example:

    >>> surprise(np.zeros((1, 8)), np.array([3])) / np.log(2)
    array([3.])
    """
    # -ln softmax(logits)[id] = ln(sum(exp(logits))) - logits[id]
    rows = logits.reshape(-1, logits.shape[-1])
    of_ids = rows[np.arange(len(rows)), ids.ravel()]
    return log_total(logits) - of_ids.reshape(ids.shape)


def log_total(logits: np.ndarray) -> np.ndarray:
    """The logarithm of the sum of exponentials.

    Args:
        logits: Float array of shape `(..., vocabulary size)`.

    Returns:
        Float array of shape `(...)`.

    Example:

    >>> log_total(np.log([0.25, 0.75])).round(6) + 0
    np.float64(0.0)
    """
    # With the largest logit subtracted first, no exponential overflows.
    top = logits.max(-1, keepdims=True)
    return np.log(np.exp(logits - top).sum(-1)) + top[..., 0]


def _greedy(logits: np.ndarray) -> np.ndarray:
    """All of the probability for the likeliest."""
    likeliest = logits.argmax(-1)[..., None]
    return (np.arange(logits.shape[-1]) == likeliest).astype(float)


def _each_softmax(logits: np.ndarray, temperatures: np.ndarray) -> np.ndarray:
    """As `_softmax`, or greedy, with a temperature for each distribution."""
    is_greedy = temperatures < MIN_TEMPERATURE
    p = _softmax(logits, np.where(is_greedy, 1.0, temperatures))
    return np.where(is_greedy, _greedy(logits), p)


def _softmax(logits: np.ndarray, temperature: float | np.ndarray) -> np.ndarray:
    p = np.exp((logits - logits.max(-1, keepdims=True)) / temperature)
    p /= p.sum(-1, keepdims=True)
    return p


def _rank(p: np.ndarray) -> np.ndarray:
    """The rank of each probability: 0 for the highest; ties by id."""
    # Sorting the order again inverts it: from "which id has this rank" to
    # "which rank has this id".
    order = np.argsort(-p, axis=-1, kind="stable")
    return np.argsort(order, axis=-1)


def _sum_of_likelier(p: np.ndarray) -> np.ndarray:
    """For each character, the sum of the probabilities that rank above it."""
    order = np.argsort(-p, axis=-1, kind="stable")
    ranked = np.take_along_axis(p, order, -1)
    before = ranked.cumsum(-1) - ranked
    result = np.empty_like(p)
    np.put_along_axis(result, order, before, -1)
    return result


def _keep(p: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Sets the other probabilities to 0 and scales the rest to a sum of 1."""
    p = np.where(mask, p, 0.0)
    return p / p.sum(-1, keepdims=True)
