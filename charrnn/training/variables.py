"""Read and restore all that training changes: a twin's variables."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from charrnn.network.backend import keras, to_numpy
from charrnn.twins.stateful import states


def variables(twin: keras.Model) -> list[Any]:
    """Lists all that training changes: a twin's variables.

    Args:
        twin: A compiled `keras.Sequential` whose optimizer is built.

    Returns:
        A list of Keras variables: weights, seeds of dropout, the optimizer's
        moments, and the states that recurrent layers carry.

    Example:

    >>> from charrnn import build_model, fused, loss, optimizer
    >>> twin = fused(build_model("ab", units=4, layers=1), batch_size=2)
    >>> twin.compile(optimizer(0.01), loss())
    >>> twin.optimizer.build(twin.trainable_variables)
    >>> len(variables(twin)) > len(twin.variables) + len(twin.weights)
    True
    """
    metrics = {id(variable) for variable in twin.metrics_variables}
    of_model = [v for v in twin.variables if id(v) not in metrics]
    return [*of_model, *twin.optimizer.variables, *states(twin)]


def values(twin: keras.Model) -> list[np.ndarray]:
    """Reads the values of `variables`, wherever their parts are.

    If other processes have parts of the states, all must call it.

    Args:
        twin: As for `variables`.

    Returns:
        A list of NumPy arrays, in the same order.
    """
    return [to_numpy(variable) for variable in variables(twin)]


def restore(twin: keras.Model, arrays: list[np.ndarray]) -> None:
    """Gives a twin's variables the values that a checkpoint holds.

    Args:
        twin: The twin, made as the one that was saved.
        arrays: The values of its `variables`, in their order.

    Raises:
        ValueError: if number, shapes or types are others; nothing is changed.
    """
    own = variables(twin)
    dtypes = [getattr(v.dtype, "name", v.dtype) for v in own]
    shapes = [tuple(v.shape) for v in own]
    arrays = [
        *map(_as_whole_number, own, arrays),
        *arrays[len(own) :],
    ]
    expected = list(zip(shapes, dtypes, strict=True))
    received = [(array.shape, array.dtype.name) for array in arrays]
    for i, (mine, theirs) in enumerate(
        itertools.zip_longest(expected, received)
    ):
        if mine != theirs:
            raise ValueError(
                f"Expected {mine} as array {i} of the run's checkpoint. "
                f"Received {theirs}. Begin anew with --fresh."
            )
    for variable, array in zip(own, arrays, strict=True):
        variable.assign(array)


def _as_whole_number(variable: Any, array: np.ndarray) -> np.ndarray:
    """Gives seeds and counters the type that this backend of Keras has."""
    if "int" in str(variable.dtype) and "int" in str(array.dtype):
        return array.astype(getattr(variable.dtype, "name", variable.dtype))
    return array


def restore_changed(
    twin: keras.Model, arrays: list[np.ndarray], same_streams: bool
) -> None:
    """Does the same for a twin that trains otherwise than the one saved.

    Weights and moments go on. Seeds of dropout do where there are as many as
    before, and else begin anew; so do the states of other streams.

    Args:
        twin: The twin: of the same network, but with another dropout, batch
            size or weight drop.
        arrays: The values of the `variables` of the one that was saved.
        same_streams: Whether it reads the same streams, in the same windows.

    Raises:
        ValueError: if it has another network.
    """
    carried = {id(state) for state in states(twin)}
    seeds, others = _apart(variables(twin))
    seed_arrays, other_arrays = _apart(arrays)
    if len(seeds) == len(seed_arrays):
        others, other_arrays = others + seeds, other_arrays + seed_arrays
    for variable, array in zip(others, other_arrays, strict=True):
        if same_streams or id(variable) not in carried:
            variable.assign(array)


def _apart(values: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Seeds, the only pairs of whole numbers, and all other values."""
    seeds: list[Any] = []
    others: list[Any] = []
    for value in values:
        (seeds if _is_seed(value) else others).append(value)
    return seeds, others


def _is_seed(value: Any) -> bool:
    return "int" in str(value.dtype) and tuple(value.shape) == (2,)
