"""Check that a network has only layers and settings that charrnn builds."""

import re
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from charrnn.network.cells import CELLS, cell_of_layer

if TYPE_CHECKING:
    import keras

# A layer as a model file has it: class name, settings, arrays in Keras's order.
StoredLayer = tuple[str, Mapping[str, Any], Sequence[np.ndarray]]

# The settings that a layer must have for the engine to compute the same. The
# table of cells has more for each recurrent layer.
_RECURRENT = {"return_sequences": True, "go_backwards": False}
_OTHERS: dict[str, dict[str, Any]] = {
    "InputLayer": {},
    "Reshape": {"target_shape": [-1, 1]},
    "CategoryEncoding": {"output_mode": "one_hot"},
    "Embedding": {"mask_zero": False},
    "Dropout": {},
    "Dense": {"activation": "linear", "use_bias": True},
}

# The settings that say how much is dropped in training, if a layer has them.
_RATES = {"rate", "recurrent_dropout"}

_ANYWHERE = {"InputLayer", "Dropout"}  # they compute nothing after training

# The classes, other than layers, that a Keras config may name. No functions.
_CLASSES = re.compile(
    r"keras\.(Sequential|DTypePolicy"
    r"|(initializers|regularizers|constraints|losses|metrics"
    r"|optimizers(\.schedules)?)\.[A-Z]\w*)",
    re.ASCII,
)


def check_layer(class_name: str, settings: Mapping[str, Any]) -> None:
    """Checks that a layer and its settings are those that charrnn builds.

    Args:
        class_name: Such as `"LSTM"`.
        settings: The layer's Keras config, a `dict`.

    Raises:
        ValueError: if the layer or a setting is not supported.

    Example:

    >>> check_layer("Dropout", {"rate": 0.2})
    """
    check_class(class_name)
    cell = cell_of_layer(class_name)
    wanted = {**_RECURRENT, **cell.settings} if cell else _OTHERS[class_name]
    for name, expected in wanted.items():
        received = settings.get(name)
        if isinstance(received, tuple):  # in memory; a list in the file
            received = list(received)
        if received != expected:
            raise ValueError(
                f"Expected {class_name} with {name}={expected!r}. "
                f"Received {received!r}."
            )
    for name in _RATES & settings.keys():
        rate = settings[name]
        is_number = isinstance(rate, Real) and not isinstance(rate, bool)
        if not (is_number and 0 <= rate <= 1):
            raise ValueError(
                f"Expected {class_name} with {name} from 0 to 1. "
                f"Received {rate!r}."
            )


def check_class(class_name: str) -> None:
    """Checks that a layer is of a class that charrnn builds.

    Args:
        class_name: Such as `"LSTM"`.

    Raises:
        ValueError: if the class is not supported.

    Example:

    >>> check_class("LSTM")
    """
    if class_name not in _layers():
        raise ValueError(
            f"Expected only layers among {_layers()}. Received {class_name!r}."
        )


def layers_of_keras(
    model: "keras.Sequential",
) -> list[tuple[str, dict[str, Any]]]:
    """Checks and lists the layers of a Keras model.

    Args:
        model: A `keras.Sequential`.

    Returns:
        A list of `(class name, settings)`.

    Raises:
        ValueError: as `check_layer` does.

    Example:

    >>> from charrnn.network.model import build_model
    >>> [name for name, _ in layers_of_keras(build_model("ab", layers=1))]
    ['Reshape', 'CategoryEncoding', 'LSTM', 'Dropout', 'Dense']
    """
    layers = []
    for layer in model.layers:
        class_name = type(layer).__name__
        check_class(class_name)  # a layer of another class may have no config
        settings = layer.get_config()
        check_layer(class_name, settings)
        layers.append((class_name, settings))
    return layers


def is_keras(model: object) -> bool:
    """Whether something is a Keras model, found out without importing Keras.

    Args:
        model: Anything.

    Returns:
        A `bool`.

    Example:

    >>> from charrnn.network.model import build_model
    >>> is_keras(build_model("ab", units=4)), is_keras("model.keras")
    (True, False)
    """
    return hasattr(model, "layers") and hasattr(model, "get_weights")


def check_object(value: dict[str, Any]) -> dict[str, Any]:
    """Checks that an object of a Keras config names no class but Keras's own.

    Keras imports everything that a config names, including functions and other
    packages. charrnn imports nothing, and refuses a file that would make Keras
    do so.

    Args:
        value: A `dict`, as the `json` module returns it.

    Returns:
        The same `dict`, so that `json.loads(text, object_hook=check_object)`
        checks a whole config.

    Raises:
        ValueError: if it names a class that charrnn does not allow.

    Example:

    >>> check_object({"module": "keras.initializers", "class_name": "Zeros"})
    {'module': 'keras.initializers', 'class_name': 'Zeros'}
    """
    if "class_name" not in value:
        return value
    name = f"{value.get('module')}.{value['class_name']}"
    package = value.get("registered_name")
    if not (_is_of_keras(name, package) or _is_own(name, package)):
        raise ValueError(
            "Expected only classes of Keras's own, and of its layers "
            f"{', '.join(_layers())}. Received {name!r}"
            + (f", registered as {package!r}." if package else ".")
        )
    return value


def _is_of_keras(name, package):
    """Whether this is one of the classes of Keras that a config may name."""
    layers = {f"keras.layers.{layer}" for layer in _OTHERS}
    layers |= {f"{c.module}.{c.layer}" for c in CELLS.values()}
    allowed = name in layers or _CLASSES.fullmatch(name)
    return bool(package is None and allowed)


def _is_own(name, package):
    """Whether it is the layer, or its cell, of an entry that a user added.

    Keras registers it under the class's name, after a package name if the
    class is decorated with `register_keras_serializable`.
    """
    if not isinstance(package, str):
        return False
    for cell in CELLS.values():
        for class_name in (cell.layer, f"{cell.layer}Cell"):
            is_class = name == f"{cell.module}.{class_name}"
            if is_class and package.rpartition(">")[2] == class_name:
                return cell.module != "keras.layers"
    return False


def check_order(class_names: Sequence[str]) -> None:
    """Checks the order of the layers: input, recurrent ones, logits.

    Args:
        class_names: Of all layers, in the order of the `keras.Sequential`.

    Raises:
        ValueError: if the engine cannot compute these layers in this order.

    Example:

    >>> check_order(["Embedding", "LSTM", "Dropout", "LSTM", "Dense"])
    """
    names = [name for name in class_names if name not in _ANYWHERE]
    recurrent = "|".join(re.escape(cell.layer) for cell in CELLS.values())
    order = f"((Reshape )?CategoryEncoding |Embedding )?(({recurrent}) )+Dense"
    if not re.fullmatch(order, " ".join(names)):
        raise ValueError(
            "Expected recurrent layers, after one CategoryEncoding or "
            "Embedding at most, and a Dense layer at the end. "
            f"Received {', '.join(names) or 'no layer'}."
        )


def _layers():
    """The class names of all layers that charrnn builds."""
    return sorted([*_OTHERS, *(cell.layer for cell in CELLS.values())])
