"""Compute the shapes of a network's weights from its layers' settings."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from charrnn.network.cells import cell_of_layer
from charrnn.network.layers import check_order, layers_of_keras

if TYPE_CHECKING:
    import keras

Shapes = list[tuple[int, ...]]  # of one layer's arrays, in Keras's order

# The setting that must equal the size of the vocabulary, and the setting for
# the width of a layer's outputs. A recurrent layer's width is its units.
SIZES = {
    "CategoryEncoding": "num_tokens",
    "Embedding": "input_dim",
    "Dense": "units",
}
_WIDTHS = {"Embedding": "output_dim", "Dense": "units"}


def weight_shapes(class_name: str, inputs: int, outputs: int) -> Shapes:
    """The shapes of a layer's arrays, in Keras's order.

    Args:
        class_name: Such as `"LSTM"`.
        inputs: Width of the inputs, their last axis.
        outputs: Width of the outputs.

    Returns:
        A list of tuples, empty for a layer without weights.

    Example:

    >>> weight_shapes("LSTM", inputs=65, outputs=8)
    [(65, 32), (8, 32), (32,)]
    """
    if class_name == "Embedding":
        return [(inputs, outputs)]
    if class_name == "Dense":
        return [(inputs, outputs), (outputs,)]
    cell = cell_of_layer(class_name)
    if cell is None:
        return []
    columns = len(cell.blocks) * outputs
    bias = (2, columns) if cell.has_recurrent_bias else (columns,)
    return [(inputs, columns), (outputs, columns), bias]


def planned_shapes(
    layers: Sequence[tuple[str, Mapping[str, Any]]], size: int
) -> list[Shapes]:
    """Finds the shapes of all weights from the settings alone.

    Args:
        layers: A list of `(class name, settings)` in the order of the
            `keras.Sequential`.
        size: Number of characters in the vocabulary.

    Returns:
        For each layer the list of its shapes, as from `weight_shapes`.

    Raises:
        ValueError: if the layers fit neither each other nor the vocabulary.

    Example:

    >>> lstm, dense = ("LSTM", {"units": 8}), ("Dense", {"units": 65})
    >>> planned_shapes([lstm, dense], 65)
    [[(65, 32), (8, 32), (32,)], [(8, 65), (65,)]]
    """
    check_order([class_name for class_name, _ in layers])
    shapes, width = [], size
    for class_name, settings in layers:
        _check_size(class_name, settings, size)
        outputs = _width(class_name, settings, width)
        shapes.append(weight_shapes(class_name, width, outputs))
        width = outputs
    return shapes


def parameter_count(shapes: Sequence[Shapes]) -> int:
    """Counts the numbers in all weights.

    Args:
        shapes: As `planned_shapes` returns them.

    Returns:
        An `int`.

    Example:

    >>> parameter_count([[(65, 32), (8, 32), (32,)], [(8, 65), (65,)]])
    2953
    """
    return sum(math.prod(shape) for own in shapes for shape in own)


def check_shapes(
    class_name: str, expected: Shapes, received: Shapes, size: int
) -> None:
    """Checks the shapes of a layer's arrays.

    Args:
        class_name: Such as `"LSTM"`, for the message.
        expected: The shapes from `weight_shapes`.
        received: The shapes of the arrays.
        size: Number of characters in the vocabulary, for the message.

    Raises:
        ValueError: if they differ; the message has both.

    Example:

    >>> check_shapes("Dense", [(8, 65), (65,)], [(8, 65), (65,)], 65)
    """
    if received != expected:
        raise ValueError(
            f"Expected {class_name} weights of shapes {expected} in a network "
            f"with a vocabulary of {size}. Received {received}."
        )


def check_arrays(
    layers: Sequence[tuple[str, Sequence[np.ndarray]]], size: int
) -> None:
    """Checks that weights fit the vocabulary and each other.

    Args:
        layers: A list of `(class name, arrays)`, of all layers with weights.
        size: Number of characters in the vocabulary.

    Raises:
        ValueError: as `check_shapes` does.

    Example:

    >>> rnn = [np.ones((3, 2)), np.ones((2, 2)), np.ones(2)]
    >>> dense = [np.ones((2, 3)), np.ones(3)]
    >>> check_arrays([("SimpleRNN", rnn), ("Dense", dense)], 3)
    """
    width = size
    for class_name, arrays in layers:
        outputs = size
        if class_name != "Dense":
            cell = cell_of_layer(class_name)
            columns = np.atleast_1d(arrays[0]).shape[-1]
            outputs = columns // (len(cell.blocks) if cell else 1)
        expected = weight_shapes(class_name, width, outputs)
        received = [array.shape for array in arrays]
        check_shapes(class_name, expected, received, size)
        width = outputs


def _check_size(class_name, settings, size):
    if class_name not in SIZES:
        return
    name = SIZES[class_name]
    if settings.get(name) != size:
        raise ValueError(
            f"Expected {class_name} with {name}={size} in a network with "
            f"a vocabulary of {size}. Received {settings.get(name)!r}."
        )


def _width(class_name, settings, inputs):
    """The width of a layer's outputs; if not set, that of its inputs."""
    is_recurrent = cell_of_layer(class_name) is not None
    name = "units" if is_recurrent else _WIDTHS.get(class_name)
    if name is None:
        return inputs
    width = settings.get(name)
    if type(width) is not int or width < 1:  # True is an int to isinstance
        raise ValueError(
            f"Expected {class_name} with {name} a whole number of at least "
            f"1. Received {width!r}."
        )
    return width


def check_model(model: "keras.Sequential", size: int) -> None:
    """Checks that a Keras model is one that charrnn can save and load.

    Args:
        model: A `keras.Sequential`, or anything to be checked.
        size: Number of characters in the vocabulary.

    Raises:
        ValueError: if it is another kind of model, or its layers do not fit
            each other and the vocabulary.

    Example:

    >>> from charrnn.network.model import build_model
    >>> check_model(build_model("abc", units=4), 3)
    """
    if all(kind.__name__ != "Sequential" for kind in type(model).__mro__):
        raise ValueError(
            "Expected a keras.Sequential, as charrnn.build_model makes it. "
            f"Received {type(model).__name__!r}."
        )
    if not model.built:
        raise ValueError(
            "Expected a model that has weights. Received one that is not "
            "built yet. Begin it with keras.Input((None,), dtype='int32')."
        )
    planned_shapes(layers_of_keras(model), size)
