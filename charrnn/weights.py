"""Read a network's arrays from the HDF5 file in which Keras stores them."""

import collections
import re

import h5py
import numpy as np

from charrnn.network import GATES, check_shapes

LARGEST = 1e15  # a float32 can hold sums of products of two such weights

_WORD_BEGINS = re.compile("(?<=[a-z])(?=[A-Z])")


def read_arrays(file, layers, shapes, size):
    """Reads the arrays of all layers, if they are what the settings say.

    A shape costs no bytes, and HDF5 can refer to other files: no array is
    read before its shape is the one expected and its bytes are in this file.

    Args:
        file: A binary file, open for reading.
        layers: A list of `(class name, settings)`.
        shapes: For each layer the shapes of its arrays, as
            `network.planned_shapes` gives them.
        size: Number of characters in the vocabulary.

    Returns:
        For each layer a list of float32 arrays, in Keras's order.

    Raises:
        ValueError: if the arrays are others, or elsewhere, or not finite.
        OSError, KeyError, RuntimeError: if h5py cannot read the file.

    Example:

    >>> import io
    >>> file = io.BytesIO()
    >>> with h5py.File(file, "w") as root:
    ...     group = root.create_group("layers/dense/vars")
    ...     group["0"], group["1"] = np.ones((2, 3), "f4"), np.ones(3, "f4")
    >>> [[kernel, bias]] = read_arrays(
    ...     file, [("Dense", {"units": 3})], [[(2, 3), (3,)]], size=3
    ... )
    >>> bias
    array([1., 1., 1.], dtype=float32)
    """
    names = [class_name for class_name, _ in layers]
    with h5py.File(file, "r") as root:
        return [
            _read_layer(root, name, place, expected, size) if expected else []
            for name, place, expected in zip(
                names, _places(names), shapes, strict=True
            )
        ]


def _places(class_names):
    """Where Keras stores each layer: by class, numbered from the second on."""
    counts = collections.Counter()
    for class_name in class_names:
        place = f"layers/{_WORD_BEGINS.sub('_', class_name).lower()}"
        if counts[class_name]:
            place += f"_{counts[class_name]}"
        counts[class_name] += 1
        yield f"{place}/cell/vars" if class_name in GATES else f"{place}/vars"


def _read_layer(root, class_name, place, expected, size):
    group = _opened(root, place)
    stored = [_opened(group, str(i)) for i in range(len(expected))]
    for array in stored:
        _check_kind(array)
    received = [array.shape for array in stored]
    check_shapes(class_name, expected, received, size)
    arrays = []
    for array in stored:
        if array.id.get_storage_size() != array.nbytes:
            raise _stored_elsewhere(array)
        arrays.append(array[()])
        _check_finite(arrays[-1], array.name)
    return arrays


def _opened(group, place):
    """Opens what is at a place, without following a link out of the file."""
    for name in place.split("/"):
        if not isinstance(group, h5py.Group):
            raise ValueError(f"Expected a group {group.name}. Received data.")
        link = group.id.links.get_info(name.encode())
        if link.type != h5py.h5l.TYPE_HARD:
            raise ValueError(
                f"Expected {name} in {group.name} itself. Received a link to "
                "somewhere else."
            )
        group = group[name]
    return group


def _check_kind(array):
    """Checks how an array is stored, before its shape is asked for."""
    if not isinstance(array, h5py.Dataset):
        raise ValueError(f"Expected an array {array.name}. Received none.")
    stored = array.id.get_create_plist()
    contiguous = stored.get_layout() == h5py.h5d.CONTIGUOUS
    if not contiguous or stored.get_external_count():
        raise _stored_elsewhere(array)
    if array.dtype != np.float32:
        raise ValueError(
            f"Expected float32 weights. Received {array.dtype} in {array.name}."
        )


def _stored_elsewhere(array):
    return ValueError(
        "Expected weights stored plainly in the model file. "
        f"Received {array.name} stored elsewhere or packed."
    )


def _check_finite(array, name):
    if not (array.min() >= -LARGEST and array.max() <= LARGEST):  # or NaN
        raise ValueError(
            f"Expected finite weights, none beyond {LARGEST:g}. "
            f"Received {array.min()} to {array.max()} in {name}."
        )
