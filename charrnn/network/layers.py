"""Know the networks that charrnn builds: layers, settings, weights' shapes."""

import math
import re

GATES = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}  # side by side in the weights

# Recurrent layers that Keras does not have: class name and module.
OWN_LAYERS = {}

# What a layer's settings must be for the engine to compute the same.
_SEQUENCES = {"return_sequences": True, "go_backwards": False}
_RNN_SETTINGS = _SEQUENCES | {"use_bias": True, "activation": "tanh"}
_SETTINGS = dict.fromkeys(OWN_LAYERS, _SEQUENCES) | {
    "InputLayer": {},
    "Reshape": {"target_shape": [-1, 1]},
    "CategoryEncoding": {"output_mode": "one_hot"},
    "Embedding": {"mask_zero": False},
    "SimpleRNN": _RNN_SETTINGS,
    "LSTM": _RNN_SETTINGS | {"recurrent_activation": "sigmoid"},
    "GRU": _RNN_SETTINGS
    | {"recurrent_activation": "sigmoid", "reset_after": True},
    "Dropout": {},
    "Dense": {"activation": "linear", "use_bias": True},
}

# The setting that must be the size of the vocabulary, and that which is the
# width of a layer's outputs.
_SIZES = {
    "CategoryEncoding": "num_tokens",
    "Embedding": "input_dim",
    "Dense": "units",
}
_WIDTHS = dict.fromkeys([*GATES, "Dense"], "units") | {
    "Embedding": "output_dim"
}

_ANYWHERE = {"InputLayer", "Dropout"}  # they compute nothing after training
_ORDER = re.compile(
    f"((Reshape )?CategoryEncoding |Embedding )?(({'|'.join(GATES)}) )+Dense"
)

# The classes that a Keras config may name: a function is none of them.
_CLASSES = re.compile(
    r"keras\.(Sequential|DTypePolicy"
    rf"|layers\.({'|'.join(_SETTINGS)})"
    r"|(initializers|regularizers|constraints|losses|metrics"
    r"|optimizers(\.schedules)?)\.[A-Z]\w*)"
    + "".join(
        "|" + re.escape(f"{module}.{name}")
        for name, module in OWN_LAYERS.items()
    ),
    re.ASCII,
)


def check_layer(class_name, settings):
    """Checks that a layer is one that charrnn builds, set as charrnn does.

    Args:
        class_name: Such as `"LSTM"`.
        settings: The layer's Keras config, a `dict`.

    Raises:
        ValueError: naming the layer or the setting that is not supported.

    Example:

    >>> check_layer("Dropout", {"rate": 0.2})
    """
    check_class(class_name)
    for name, expected in _SETTINGS[class_name].items():
        received = settings.get(name)
        if isinstance(received, tuple):  # in memory; a list in the file
            received = list(received)
        if received != expected:
            raise ValueError(
                f"Expected {class_name} with {name}={expected!r}. "
                f"Received {received!r}."
            )


def check_class(class_name):
    """Checks that a layer is of a class that charrnn builds.

    Args:
        class_name: Such as `"LSTM"`.

    Raises:
        ValueError: naming the class that is not supported.

    Example:

    >>> check_class("LSTM")
    """
    if class_name not in _SETTINGS:
        raise ValueError(
            f"Expected only layers among {sorted(_SETTINGS)}. "
            f"Received {class_name!r}."
        )


def check_model(model, size):
    """Checks that a Keras model is one that charrnn can save and load.

    Args:
        model: What should be a `keras.Sequential`.
        size: Number of characters in the vocabulary.

    Raises:
        ValueError: if it is another kind of model, or its layers do not fit
            together or the vocabulary.

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
    layers = []
    for layer in model.layers:
        class_name = type(layer).__name__
        check_class(class_name)  # others may have no config at all
        settings = layer.get_config()
        check_layer(class_name, settings)
        layers.append((class_name, settings))
    planned_shapes(layers, size)


def check_object(value):
    """Checks an object of a Keras config: it names a class of Keras, if any.

    Keras imports what a config names, functions and other packages too.
    charrnn imports nothing, and refuses a file that would have Keras do so.

    Args:
        value: A `dict`, as JSON gives it.

    Returns:
        The same `dict`, as `json.loads(text, object_hook=check_object)` wants
        it to check a whole config.

    Raises:
        ValueError: naming what is none of the classes that charrnn allows.

    Example:

    >>> check_object({"module": "keras.initializers", "class_name": "Zeros"})
    {'module': 'keras.initializers', 'class_name': 'Zeros'}
    """
    if "class_name" not in value:
        return value
    name = f"{value.get('module')}.{value['class_name']}"
    package = value.get("registered_name")
    known = (None, package if package in OWN_LAYERS else None)
    if not _CLASSES.fullmatch(name) or package not in known:
        raise ValueError(
            "Expected only classes of Keras's own, and of its layers "
            f"{', '.join(sorted(_SETTINGS))}. Received {name!r}"
            + (f", registered as {package!r}." if package else ".")
        )
    return value


def check_order(class_names):
    """Checks the order of the layers: input, recurrent ones, logits.

    Args:
        class_names: Of all layers, in the order of the `keras.Sequential`.

    Raises:
        ValueError: if there is no way for the engine to compute that.

    Example:

    >>> check_order(["Embedding", "LSTM", "Dropout", "LSTM", "Dense"])
    """
    names = [name for name in class_names if name not in _ANYWHERE]
    if not _ORDER.fullmatch(" ".join(names)):
        raise ValueError(
            "Expected recurrent layers, after one CategoryEncoding or "
            "Embedding at most, and a Dense layer at the end. "
            f"Received {', '.join(names) or 'no layer'}."
        )


def weight_shapes(class_name, inputs, outputs):
    """The shapes of a layer's arrays, in Keras's order.

    Args:
        class_name: Such as `"LSTM"`.
        inputs: Width of what goes in, the last axis.
        outputs: Width of what comes out.

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
    if class_name not in GATES:
        return []
    columns = GATES[class_name] * outputs
    bias = (2, columns) if class_name == "GRU" else (columns,)
    return [(inputs, columns), (outputs, columns), bias]


def planned_shapes(layers, size):
    """Finds the shapes of all weights from the settings alone.

    Args:
        layers: A list of `(class name, settings)` in the order of the
            `keras.Sequential`.
        size: Number of characters in the vocabulary.

    Returns:
        For each layer the list of its shapes, as `weight_shapes` gives it.

    Raises:
        ValueError: if the layers do not fit together or the vocabulary.

    Example:

    >>> lstm, dense = ("LSTM", {"units": 8}), ("Dense", {"units": 65})
    >>> planned_shapes([lstm, dense], 65)
    [[(65, 32), (8, 32), (32,)], [(8, 65), (65,)]]
    """
    check_order([class_name for class_name, _ in layers])
    shapes, width = [], size
    for class_name, settings in layers:
        _check_size(class_name, settings, size)
        outputs = width
        if class_name in _WIDTHS:
            outputs = _width(class_name, settings)
        shapes.append(weight_shapes(class_name, width, outputs))
        width = outputs
    return shapes


def parameter_count(shapes):
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


def check_shapes(class_name, expected, received, size):
    """Checks the shapes of a layer's arrays.

    Args:
        class_name: Such as `"LSTM"`, for the message.
        expected: As `weight_shapes` gives them.
        received: The same for the arrays at hand.
        size: Number of characters in the vocabulary, for the message.

    Raises:
        ValueError: naming both, if they differ.

    Example:

    >>> check_shapes("Dense", [(8, 65), (65,)], [(8, 65), (65,)], 65)
    """
    if received != expected:
        raise ValueError(
            f"Expected {class_name} weights of shapes {expected} in a network "
            f"for {size} characters. Received {received}."
        )


def _check_size(class_name, settings, size):
    if class_name not in _SIZES:
        return
    name = _SIZES[class_name]
    if settings.get(name) != size:
        raise ValueError(
            f"Expected {class_name} with {name}={size} in a network for "
            f"{size} characters. Received {settings.get(name)!r}."
        )


def _width(class_name, settings):
    name = _WIDTHS[class_name]
    width = settings.get(name)
    if type(width) is not int or width < 1:  # True is an int to isinstance
        raise ValueError(
            f"Expected {class_name} with {name} a whole number of at least "
            f"1. Received {width!r}."
        )
    return width
