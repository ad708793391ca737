"""Add rows and columns to a network's weights for new characters or words."""

from collections.abc import Sequence

import numpy as np

from charrnn.network.layers import StoredLayer
from charrnn.network.shapes import SIZES
from charrnn.text.relatives import Relative

# The share of its probability that an old unit may lose to new ones. The loss
# on any old text then rises by ln(1.009) = 0.009 nats per unit at most.
MAX_SHARE = 0.009


def grown(
    layers: Sequence[StoredLayer],
    relatives: Sequence[Relative],
    counts: np.ndarray,
    place: int | None = None,
) -> list[StoredLayer]:
    """Adds the weights of new units, and leaves all others as they are.

    A new unit's row (of the embedding, or of the kernel that reads one-hot
    vectors) and its column of the logits are the mean of its relatives' ones.
    Its bias follows from its frequency, with limits: see `log_ratios`.

    Args:
        layers: A list of `(class name, settings, arrays)`, as
            `model_file.read` returns it.
        relatives: Of each new unit, as `relatives.relatives` finds them.
        counts: How often each unit, old or new, occurs in the new text.
        place: The id of the first new unit; old ones from there on follow the
            new ones. `None` for new ones at the end.

    Returns:
        A list like `layers`, of a larger network.

    Example:

    >>> rnn = ("SimpleRNN", {"units": 1}, [np.eye(2, 1), np.eye(1), np.ones(1)])
    >>> dense = ("Dense", {"units": 2}, [np.array([[1.0, 2.0]]), np.zeros(2)])
    >>> like_first = Relative(np.array([0]), np.array([1.0]), "similar")
    >>> larger = grown([rnn, dense], [like_first], np.array([5, 3, 1]))
    >>> larger[-1][2][0]
    array([[1., 2., 1.]])
    """
    size = len(counts)
    place = size - len(relatives) if place is None else place
    first = next(i for i, (*_, arrays) in enumerate(layers) if len(arrays))
    result: list[StoredLayer] = []
    for i, (class_name, settings, arrays) in enumerate(layers):
        own = list(arrays)
        if i == first:
            own[0] = _inserted(own[0], _means(own[0], relatives), place)
        if class_name == "Dense":
            columns = _means(own[0].T, relatives)
            bias = _means(own[1], relatives)
            bias += log_ratios(relatives, counts, place).astype(bias.dtype)
            own[0] = _inserted(own[0].T, columns, place).T.copy()
            own[1] = _inserted(own[1], bias, place)
        if class_name in SIZES:
            settings = {**settings, SIZES[class_name]: size}
        result.append((class_name, settings, own))
    return result


def log_ratios(
    relatives: Sequence[Relative], counts: np.ndarray, place: int
) -> np.ndarray:
    """The logarithm of each new unit's probability, relative to its relatives'.

    The ratio r is that of their counts in the new text. But what new units
    take away on old texts is limited. With the mean of its relatives' columns
    and biases, and log r added, a new unit has the probability

        p(new) = r * product of p(c) ** share of c  <=  r * sum of share * p(c)

    where p is relative to the old units' sum. All new units together add at
    most sum of p(c) * loss(c), where loss(c) = sum of r * share over the new
    units. Ratios are reduced until no loss(c) exceeds `MAX_SHARE`.

    Args:
        relatives: Of each new unit.
        counts: How often each unit, old or new, occurs in the new text.
        place: The id of the first new unit.

    Returns:
        Array `(new units,)`.

    Example:

    >>> like = [Relative(np.array([0]), np.array([1.0]), "similar")]
    >>> np.exp(log_ratios(like, np.array([999, 4]), 1))  # (4 + 1) / (999 + 1)
    array([0.005])
    >>> np.exp(log_ratios(like, np.array([999, 99]), 1))  # not 0.1
    array([0.009])
    """
    smoothed = counts + 1.0
    usual = [smoothed[r.ids] @ r.shares for r in relatives]
    ratios = smoothed[place : place + len(relatives)] / usual
    loss = np.zeros(place)
    for relative, ratio in zip(relatives, ratios, strict=True):
        loss[relative.ids] += ratio * relative.shares
    worst = [loss[relative.ids].max() for relative in relatives]
    return np.log(ratios * np.minimum(1, MAX_SHARE / np.array(worst)))


def _means(rows: np.ndarray, relatives: Sequence[Relative]) -> np.ndarray:
    """The mean of the relatives' rows, for each new unit."""
    found = [relative.shares @ rows[relative.ids] for relative in relatives]
    return np.array(found, rows.dtype)


def _inserted(rows: np.ndarray, new: np.ndarray, place: int) -> np.ndarray:
    """Inserts new rows before a place."""
    return np.concatenate([rows[:place], new, rows[place:]])
