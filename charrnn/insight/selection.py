"""Choose which units of a network to show, and name what it reads."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from charrnn.insight.alignment import names_of
from charrnn.network.engine import Engine
from charrnn.network.loading import engine_of
from charrnn.scoring.scan import checked_ids
from charrnn.text.units import UnitVocabulary

if TYPE_CHECKING:
    import keras


def read_short(
    model: "Engine | keras.Sequential | os.PathLike | str",
    text: str | Sequence[int] | np.ndarray,
    vocabulary: UnitVocabulary | None,
    most: int,
) -> tuple[Engine, np.ndarray, tuple[str, ...]]:
    """Checks a model, and a text that is short enough for a picture.

    Args:
        model: As for `charrnn.score`.
        text: As for `charrnn.score`.
        vocabulary: As for `charrnn.score`.
        most: The number of units of text that is allowed.

    Returns:
        `(engine, ids, inputs)`: the ids of the text, `(steps,)`, and a name
        for each.

    Raises:
        ValueError: as `charrnn.score` does, or if the text is too long.

    Example:

    >>> from charrnn import Vocabulary, build_model
    >>> vocabulary = Vocabulary("!Ho")
    >>> model = build_model(vocabulary, units=4, layers=1)
    >>> read_short(model, "Ho!", vocabulary, most=3)[2]
    ('H', 'o', '!')
    """
    engine = engine_of(model, vocabulary)
    ids = checked_ids(engine, text)
    if len(ids) > most:
        raise ValueError(
            f"Expected a text of at most {most:,} {engine.vocabulary.plural} "
            f"for a picture. Received {len(ids):,}. Shorten it."
        )
    return engine, ids, tuple(names_of(engine.vocabulary)[ids])


def most_varying(values: np.ndarray, count: int) -> tuple[int, ...]:
    """Chooses the units whose values vary most over a text.

    Args:
        values: `(steps, units)`.
        count: How many to choose.

    Returns:
        The numbers of those with the largest standard deviation, in ascending
        order; of equal ones, the lower number is preferred.

    Example:

    >>> most_varying(np.array([[0, 1, 5, 0], [0, -1, 7, 9]]), 2)
    (1, 3)
    """
    order = np.argsort(-np.std(values, axis=0), kind="stable")[:count]
    return tuple(sorted(order.tolist()))


def chosen_units(
    values: np.ndarray, units: Sequence[int] | None, count: int
) -> tuple[int, ...]:
    """Checks the units that were asked for, or chooses some.

    Args:
        values: Of a layer over a text, `(steps, units)`.
        units: Their numbers, the first is 0; `None` to choose those that
            vary most.
        count: How many to choose then.

    Returns:
        The numbers.

    Raises:
        ValueError: if the layer has no such unit, or none is asked for.

    Example:

    >>> chosen_units(np.zeros((3, 8)), [7, 2], 4)
    (7, 2)
    """
    if units is None:
        return most_varying(values, count)
    size = values.shape[1]
    wrong = [unit for unit in units if not 0 <= unit < size]
    if wrong or not len(units):
        raise ValueError(
            f"Expected units from 0 to {size - 1}, the units of this layer. "
            f"Received {wrong[0] if wrong else 'none'}."
        )
    return tuple(units)
