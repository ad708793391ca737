"""Make a twin of a model that trains it faster: the function `fused`."""

import itertools
import warnings

from charrnn.network.backend import keras
from charrnn.network.loading import Model, keras_model_of
from charrnn.twins.fused_layers import Fused, equations_of, is_recurrent
from charrnn.twins.fused_logits import FusedLogits
from charrnn.twins.precision import resolve_precision
from charrnn.twins.resets import Resetting
from charrnn.twins.stateful import stateful, stateful_twin
from charrnn.twins.twin import Twin


def fused(
    model: Model,
    *,
    batch_size: int,
    precision: str = "auto",
    weight_drop: float = 0.0,
    boundary: int | None = None,
) -> Twin:
    """Returns a twin that trains a model faster than Keras does.

    The twin shares the model's own layers and weights, so `twin.fit(...)`
    trains the model, and nothing is copied. It only computes the `SimpleRNN`,
    `LSTM`, `GRU` and `Dropout` layers in another way: see
    `charrnn/twins/loops.py`. The twin carries its state from batch to batch,
    as truncated back-propagation through time over contiguous streams
    requires.

    With the JAX backend the same is done by `charrnn/twins/scans.py`. Where
    there is no fused path (PyTorch's backend, TensorFlow with a GPU, a layer
    with unusual settings), stock Keras layers are used, with a warning.

    Args:
        model: A `keras.Sequential` over ids of shape `(batch, time)`; or a
            model file, a run's folder, `"shakespeare"` or an engine. Of those
            the twin trains a copy, which `charrnn.save(twin, ...)` saves.
        batch_size: Streams per batch.
        precision: Of the operands of the matrix products: `"float32"`,
            `"bfloat16"`, or `"auto"`, which means bfloat16 if the processor
            has instructions for it, otherwise float32. Weights, cell state,
            gates, loss and optimizer are always float32.
        weight_drop: Share of recurrent weights dropped at each training step
            (DropConnect, Wan et al. 2013; in recurrent layers, Merity et al.
            2018). The model itself keeps all of its weights.
        boundary: The id before which the state of a row is reset: that of a
            `charrnn.DocumentVocabulary`. `None` never resets it.

    Returns:
        A `Twin`: a `keras.Sequential` that maps ids `(batch_size, time)` to
        logits `(batch_size, time, vocabulary size)`, not yet compiled. It
        accepts no other batch size. Saving the twin saves the model.

    Raises:
        ValueError: if the precision is none of the three; if `weight_drop`
            is not within `0 <= weight_drop < 1`; if it is not 0 and stock
            layers are used; in training, if it is not 0 and steps are masked.

    Example:

    >>> from charrnn.network.model import build_model
    >>> model = build_model(range(5), units=4, layers=1)
    >>> fast = fused(model, batch_size=2)
    >>> fast.output_shape
    (2, None, 5)
    >>> fast.weights[0] is model.weights[0]
    True
    """
    model, _ = keras_model_of(model)
    precision = resolve_precision(precision)
    if not 0 <= weight_drop < 1:
        raise ValueError(
            "Expected a weight_drop from 0 up to, but not including, 1. "
            f"Received {weight_drop}."
        )
    _report_stock_layers(model, weight_drop)
    layers = _fused_where_possible(model, precision, weight_drop)
    if boundary is not None:
        layers = [Resetting(layers[:-1], boundary), layers[-1]]
    return stateful_twin(model, batch_size=batch_size, layers=layers)


def _report_stock_layers(model: keras.Sequential, weight_drop: float) -> None:
    """Warns of layers that are not fused; raises if weights are to be dropped.

    A stock layer cannot drop recurrent weights.
    """
    reasons = {
        reason
        for layer in model.layers
        if is_recurrent(layer) and (reason := why_not_fused(layer))
    }
    if not reasons:
        return
    if weight_drop:
        raise ValueError(
            f"Expected no weight_drop where {', '.join(sorted(reasons))}. "
            f"Received {weight_drop}."
        )
    warnings.warn(
        "Stock Keras layers do the training, more slowly: "
        f"{', '.join(sorted(reasons))}.",
        stacklevel=3,
    )


def _fused_where_possible(
    model: keras.Sequential, precision: str, weight_drop: float
) -> list[keras.layers.Layer]:
    """The layers of a twin: consecutive layers that can be fused become one."""
    layers: list[keras.layers.Layer] = []
    for fits, run in itertools.groupby(model.layers, key=_fits):
        group = [stateful(layer) for layer in run]
        if fits and any(map(is_recurrent, group)):
            group = [_fused_layer()(group, precision, weight_drop)]
        layers += group
    if _has_many_logits(layers):
        layers[-1] = FusedLogits(layers[-1], precision)
    return layers


def _fused_layer() -> type[Fused]:
    """The class of the fused layers, for Keras's backend."""
    if keras.backend.backend() == "tensorflow":
        return Fused
    from charrnn.twins.scanned_layers import Scanned

    return Scanned


def _fits(layer: keras.layers.Layer) -> bool:
    """Whether `Fused` can compute a layer."""
    if isinstance(layer, keras.layers.Dropout):
        return layer.noise_shape is None and layer.rate < 1
    return is_recurrent(layer) and why_not_fused(layer) is None


def why_not_fused(layer: keras.layers.RNN) -> str | None:
    """Returns the reason why a recurrent layer cannot be fused, if any.

    Args:
        layer: A Keras recurrent layer.

    Returns:
        A clause that completes "not fused, because ..."; `None` if the layer
        can be fused.

    Example:

    >>> why_not_fused(keras.layers.LSTM(4, return_sequences=True))
    >>> why_not_fused(keras.layers.GRU(4, reset_after=False))
    'a GRU layer has reset_after=False'
    """
    backend = keras.backend.backend()
    if backend not in ("tensorflow", "jax"):
        return f"the Keras backend is {backend}"
    if backend == "tensorflow" and _tensorflow_sees_gpu():
        return (
            "there is a GPU, for which Keras's LSTM and GRU layers use cuDNN; "
            "KERAS_BACKEND=jax does many steps in one call there"
        )
    name = type(layer).__name__
    if equations_of(layer.cell) is None:
        return f"{name} layers have no fused form"
    if layer.compute_dtype != "float32":
        return f"a {name} layer computes in {layer.compute_dtype}"
    settings = {**layer.get_config(), **layer.cell.get_config()}
    if settings.get("recurrent_dropout", 0.0) >= 1:
        return f"a {name} layer has recurrent_dropout=1"
    for setting, expected in _FUSED_SETTINGS.items():
        if settings.get(setting, expected) != expected:
            return f"a {name} layer has {setting}={settings[setting]!r}"
    return None


def _tensorflow_sees_gpu() -> bool:
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


# The settings that the fused loops implement. cuDNN requires the same.
_FUSED_SETTINGS = {
    "activation": "tanh",
    "recurrent_activation": "sigmoid",
    "reset_after": True,
    "dropout": 0.0,
    "go_backwards": False,
    "activity_regularizer": None,
}


def _has_many_logits(layers: list[keras.layers.Layer]) -> bool:
    """Whether a twin has fused loops, and enough logits to be worth fusing."""
    last = layers[-1]
    if not any(type(layer) is Fused for layer in layers):
        return False
    from charrnn.twins.logits import MAX_STOCK_CHARACTERS

    return (
        type(last) is keras.layers.Dense
        and last.units > MAX_STOCK_CHARACTERS
        and last.activation is keras.activations.linear
        and last.use_bias
        and last.compute_dtype == "float32"
    )


def precision_of(twin: Twin) -> str:
    """Returns the precision of a twin's matrix products.

    Args:
        twin: What `fused` returned.

    Returns:
        `"float32"` or `"bfloat16"`.

    Example:

    >>> from charrnn.network.model import build_model
    >>> model = build_model(range(5), units=4, layers=1)
    >>> precision_of(fused(model, batch_size=2, precision="bfloat16"))
    'bfloat16'
    """
    layers = twin.working_layers()
    if isinstance(layers[0], Resetting):
        layers = layers[0].layers
    fast = (layer for layer in layers if isinstance(layer, Fused))
    return next((layer.precision for layer in fast), "float32")
