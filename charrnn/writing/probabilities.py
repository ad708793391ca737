"""Turn logits into probabilities, and those into repeatable draws."""

import numpy as np

COLDEST = 1e-9  # temperatures below are greedy: a division would overflow


def probabilities(logits, temperature=1.0, top_k=None, top_p=None, min_p=None):
    """Turns logits into the probabilities that characters are drawn with.

    The filters apply one after another, in the order of the arguments, each
    to what the one before has left.

    Args:
        logits: Float array of shape `(..., vocabulary size)`.
        temperature: Divides the logits; below 1 the likely become likelier,
            0 leaves only the likeliest.
        top_k: Keep the k likeliest characters; `None` for all.
        top_p: Keep the smallest set of likeliest characters whose
            probabilities add up to at least `top_p` (nucleus sampling,
            Holtzman et al. 2020); `None` for all.
        min_p: Keep characters at least `min_p` times as likely as the
            likeliest (Nguyen et al. 2024); `None` for all.

    Returns:
        Float64 array of the shape of `logits`; the last axis adds up to 1.

    Raises:
        ValueError: if an argument is out of range.

    Example:

    >>> probabilities(np.log([0.5, 0.3, 0.2]), top_k=2).round(3)
    array([0.625, 0.375, 0.   ])
    """
    _check(temperature, top_k, top_p, min_p)
    logits = np.asarray(logits, dtype=np.float64)
    if temperature < COLDEST:
        likeliest = logits.argmax(-1)[..., None]
        return (np.arange(logits.shape[-1]) == likeliest).astype(float)
    p = _softmax(logits, temperature)
    if top_k is not None:
        p = _keep(p, _rank(p) < top_k)
    if top_p is not None:
        p = _keep(p, _likelier(p) < top_p)
    if min_p is not None:
        p = _keep(p, p >= min_p * p.max(-1, keepdims=True))
    return p


def uniforms(seed, sample, start, count):
    """The random numbers of a sample, addressed by position.

    Args:
        seed: An integer of up to 64 bits.
        sample: Index of the sample.
        start: Position of the first number.
        count: How many.

    Returns:
        Float64 array of shape `(count,)` in [0, 1): position by position the
        same whatever else is drawn, and in however many calls.

    Example:

    >>> bool((uniforms(7, 0, 0, 9)[5:] == uniforms(7, 0, 5, 4)).all())
    True

    Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"
    (Philox: four numbers of 64 bits for each value of a counter).
    """
    key = np.array([seed % 2**64, sample], np.uint64)
    philox = np.random.Philox(key=key)
    philox.advance(start // 4)
    numbers = np.random.Generator(philox).random(start % 4 + count)
    return numbers[start % 4 :]


def surprise(logits, ids):
    """The surprise of characters: -ln p, in nats.

    Args:
        logits: Float array of shape `(..., vocabulary size)`.
        ids: Integers of shape `(...)`.

    Returns:
        Float array of shape `(...)`.

    Example:

    >>> surprise(np.zeros((1, 8)), np.array([3])) / np.log(2)
    array([3.])
    """
    top = logits.max(-1, keepdims=True)
    total = np.log(np.exp(logits - top).sum(-1)) + top[..., 0]
    rows = logits.reshape(-1, logits.shape[-1])
    of_ids = rows[np.arange(len(rows)), ids.ravel()]
    return total - of_ids.reshape(ids.shape)


def _softmax(logits, temperature):
    p = np.exp((logits - logits.max(-1, keepdims=True)) / temperature)
    p /= p.sum(-1, keepdims=True)
    return p


def _rank(p):
    """The place of each probability, 0 for the highest; ties by id."""
    order = np.argsort(-p, axis=-1, kind="stable")
    return np.argsort(order, axis=-1)


def _likelier(p):
    """The sum of all probabilities that rank before each."""
    order = np.argsort(-p, axis=-1, kind="stable")
    ranked = np.take_along_axis(p, order, -1)
    before = ranked.cumsum(-1) - ranked
    result = np.empty_like(p)
    np.put_along_axis(result, order, before, -1)
    return result


def _keep(p, mask):
    p = np.where(mask, p, 0.0)
    return p / p.sum(-1, keepdims=True)


def _check(temperature, top_k, top_p, min_p):
    if not 0 <= temperature < np.inf:
        raise ValueError(
            "Expected a temperature of 0 (greedy) or above. "
            f"Received {temperature!r}."
        )
    if top_k is not None and top_k < 1:
        raise ValueError(
            f"Expected top_k of at least 1. Received {top_k!r}. "
            "Leave it out to keep all characters."
        )
    for name, share in (("top_p", top_p), ("min_p", min_p)):
        if share is not None and not 0 < share <= 1:
            raise ValueError(
                f"Expected {name} above 0 and up to 1. Received {share!r}. "
                f"Leave it out to keep all characters."
            )
