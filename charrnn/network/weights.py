"""Read a network's weights from the HDF5 file that Keras stores them in."""

import collections
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from charrnn.network.cells import cell_of_layer
from charrnn.network.hdf5 import File
from charrnn.network.shapes import Shapes, check_shapes

# The largest absolute value of a weight that is accepted: float32 can hold sums
# of products of two such weights.
MAX_WEIGHT = 1e15

# Where Keras inserts an underscore into a class name: before a capital that is
# followed by a lower-case letter, or that follows one.
_WORD_BEGINS = re.compile("(?<=.)(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])")


def read_arrays(
    data: bytes,
    layers: Sequence[tuple[str, Mapping[str, Any]]],
    shapes: Sequence[Shapes],
    size: int,
) -> list[list[np.ndarray]]:
    """Reads the arrays of all layers, and checks them against the settings.

    A file of a few bytes can claim any shape, so the values of an array are
    read only if its shape is the expected one and the file has all its bytes.

    Args:
        data: The file's `bytes`.
        layers: A list of `(class name, settings)`.
        shapes: For each layer the shapes of its arrays, as
            `charrnn.network.shapes.planned_shapes` gives them.
        size: Number of characters in the vocabulary.

    Returns:
        For each layer a list of float32 arrays, in Keras's order. They are
        views of `data`, and read-only.

    Raises:
        ValueError: if the arrays differ from those expected, are stored in
            another way, or are not finite.

    Example:

    >>> import h5py, io, numpy
    >>> file = io.BytesIO()
    >>> with h5py.File(file, "w") as root:
    ...     group = root.create_group("layers/dense/vars")
    ...     group["0"] = numpy.ones((2, 3), "f4")
    ...     group["1"] = numpy.ones(3, "f4")
    >>> [[kernel, bias]] = read_arrays(
    ...     file.getvalue(),
    ...     [("Dense", {"units": 3})],
    ...     [[(2, 3), (3,)]],
    ...     size=3,
    ... )
    >>> bias
    array([1., 1., 1.], dtype=float32)
    """
    names = [class_name for class_name, _ in layers]
    file = File(data)
    return [
        _read_layer(file, name, place, expected, size) if expected else []
        for name, place, expected in zip(
            names, _places(names), shapes, strict=True
        )
    ]


def _places(class_names):
    """Yields where Keras stores each layer: by class, the second with _1."""
    counts: collections.Counter[str] = collections.Counter()
    for class_name in class_names:
        place = f"/layers/{_WORD_BEGINS.sub('_', class_name).lower()}"
        if counts[class_name]:
            place += f"_{counts[class_name]}"
        counts[class_name] += 1
        is_recurrent = cell_of_layer(class_name) is not None
        yield f"{place}/cell/vars" if is_recurrent else f"{place}/vars"


def _read_layer(file, class_name, place, expected, size):
    stored = [file.find(f"{place}/{i}") for i in range(len(expected))]
    received = [array.shape for array in stored]
    check_shapes(class_name, expected, received, size)
    arrays = list(map(file.read, stored))
    for array, values in zip(stored, arrays, strict=True):
        _check_finite(values, array.path)
    return arrays


def _check_finite(array, name):
    if not (array.min() >= -MAX_WEIGHT and array.max() <= MAX_WEIGHT):  # or NaN
        raise ValueError(
            f"Expected finite weights, none beyond {MAX_WEIGHT:g}. "
            f"Received {array.min()} to {array.max()} in {name}."
        )
