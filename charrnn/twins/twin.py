"""The same recurrences computed faster: twins of a model for training."""

import itertools
import warnings

from charrnn.network.backend import cores, keras
from charrnn.network.cells import CELLS
from charrnn.network.loading import keras_model_of
from charrnn.twins.precision import resolve_precision
from charrnn.twins.stateful import stateful, stateful_twin

SMALLEST_GROUP = 8  # rows of a batch that are worth a core of their own
SMALLEST_PART = 128  # units that are


def fused(model, *, batch_size, precision="auto", weight_drop=0.0):
    """Returns a twin that trains a model faster than Keras does.

    The twin has the model's own layers, so after `twin.fit(...)` the model
    is trained and nothing is copied. Only the way its `SimpleRNN`, `LSTM`,
    `GRU` and `Dropout` layers are computed differs: see `Fused`. The twin
    carries its state from batch to batch, as truncated back-propagation
    through time over contiguous streams wants it.

    Where there is no fused path (another backend than TensorFlow, a GPU, a
    layer with settings of its own), stock layers do the work, and a warning
    says so.

    Args:
        model: A `keras.Sequential` over ids of shape `(batch, time)`; or a
            model file, a run's folder, `"shakespeare"` or an engine, of which
            the twin trains a copy, for `charrnn.save(twin, ...)` to save.
        batch_size: Streams per batch.
        precision: Of the operands of the matrix products: `"float32"`,
            `"bfloat16"`, or `"auto"`: bfloat16 where the processor has
            instructions for it. Weights, cell state, gates, loss and
            optimizer are float32 in each case.
        weight_drop: The part of the recurrent weights that is left out, drawn
            anew for every batch, while training (Wan et al. 2013; in
            recurrent layers, Merity et al. 2018). The model has no trace of
            it.

    Returns:
        A `keras.Sequential` that maps ids `(batch_size, time)` to logits
        `(batch_size, time, vocabulary size)`, not yet compiled. It takes no
        other batch size, and is saved as the model.

    Raises:
        ValueError: if the precision is none of the three, if `weight_drop` is
            not from 0 up to, but not, 1, or if it is not 0 where stock layers
            do the work; in training, if it is not 0 where steps are masked.

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
            "Expected a weight_drop from 0 up to, but not, 1. "
            f"Received {weight_drop}."
        )
    reasons = {
        why_not_fused(layer) for layer in model.layers if _is_recurrent(layer)
    } - {None}
    layers = []
    for fits, group in itertools.groupby(model.layers, key=_fits):
        group = [stateful(layer) for layer in group]
        fits = fits and any(map(_is_recurrent, group))
        layers += [Fused(group, precision, weight_drop)] if fits else group
    if _has_many_logits(layers):
        layers[-1] = FusedLogits(layers[-1], precision)
    if reasons and weight_drop:
        raise ValueError(
            f"Expected no weight_drop where {', '.join(sorted(reasons))}. "
            f"Received {weight_drop}."
        )
    if reasons:
        warnings.warn(
            "Stock Keras layers do the training, more slowly: "
            f"{', '.join(sorted(reasons))}.",
            stacklevel=2,
        )
    return stateful_twin(model, batch_size=batch_size, layers=layers)


def _is_recurrent(layer):
    return isinstance(layer, keras.layers.RNN)


def _fits(layer):
    """Whether `Fused` can compute a layer."""
    if isinstance(layer, keras.layers.Dropout):
        return layer.noise_shape is None and layer.rate < 1
    return _is_recurrent(layer) and why_not_fused(layer) is None


def why_not_fused(layer):
    """Says what keeps a recurrent layer from being fused, `None` if nothing.

    Args:
        layer: A Keras recurrent layer.

    Returns:
        A `str`, or `None`.

    Example:

    >>> why_not_fused(keras.layers.LSTM(4, return_sequences=True))
    >>> why_not_fused(keras.layers.GRU(4, reset_after=False))
    'a GRU layer has reset_after=False'
    """
    if keras.backend.backend() != "tensorflow":
        return f"the Keras backend is {keras.backend.backend()}"
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        return "a GPU is there, and cuDNN for it"
    name = type(layer).__name__
    if _equations(layer.cell) is None:
        return f"{name} layers have no fused form"
    if layer.compute_dtype != "float32":
        return f"a {name} layer computes in {layer.compute_dtype}"
    settings = {**layer.get_config(), **layer.cell.get_config()}
    for setting, expected in _EXPECTED.items():
        if settings.get(setting, expected) != expected:
            return f"a {name} layer has {setting}={settings[setting]!r}"
    return None


def _equations(cell):
    """The class in `equations` that computes a Keras cell, or `None`."""
    name = type(cell).__name__
    known = (c for c in CELLS.values() if f"{c.layer}Cell" == name)
    return next((c.equations for c in known), None)


_EXPECTED = {
    "activation": "tanh",
    "recurrent_activation": "sigmoid",
    "reset_after": True,
    "dropout": 0.0,
    "recurrent_dropout": 0.0,
    "go_backwards": False,
    "activity_regularizer": None,
}


@keras.saving.register_keras_serializable(package="charrnn")
class Fused(keras.layers.Layer):
    """Recurrent and dropout layers in a row, computed by fused loops.

    The equations are those of the cells; what differs is how much work a
    step of the loop is. The inputs of all steps are projected in one matrix
    product before the loop. A step is then one matrix product (`h · U`) and
    one compiled kernel for all of the gate arithmetic. Its gradient is
    written by hand: the reverse loop carries only the gradients of the state
    and of the gates; those of the weights are one matrix product each after
    it. The work is divided so that cores rarely wait for one another: the
    units of a step in two parts, the rows of a batch in groups. From layer to
    layer sequences stay as the loops want them: steps first, in the precision
    of the products.

    Args:
        layers: A list of `keras.layers.RNN` with `stateful=True` around a
            `SimpleRNNCell`, `LSTMCell` or `GRUCell`, and of
            `keras.layers.Dropout`.
        precision: `"float32"` or `"bfloat16"`, of the operands of the
            matrix products.
        weight_drop: The part of the recurrent weights left out in training.
        **kwargs: As for any `keras.layers.Layer`.

    Example:

    >>> recurrent = stateful(keras.layers.LSTM(4))
    >>> layer = Fused([recurrent, keras.layers.Dropout(0.5)], "float32")
    >>> layer(keras.ops.ones((2, 3, 5))).shape
    TensorShape([2, 3, 4])

    Source: Appleyard et al. 2016 (the same division of the work on GPUs).
    """

    def __init__(self, layers, precision, weight_drop=0.0, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.layers = layers
        self.precision = precision
        self.weight_drop = weight_drop
        if weight_drop:
            self.seed_generator = keras.random.SeedGenerator()
        self.supports_masking = True
        self.supports_jit = False  # only the kernels are compiled

    @property
    def states(self):
        """What the recurrent layers carry: Keras variables `(B, H)`."""
        recurrent = filter(_is_recurrent, self.layers)
        return [state for layer in recurrent for state in layer.states or ()]

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "layers": [serialize(layer) for layer in self.layers],
            "precision": self.precision,
            "weight_drop": self.weight_drop,
        }

    @classmethod
    def from_config(cls, config):
        layers = map(keras.saving.deserialize_keras_object, config["layers"])
        return cls(**{**config, "layers": list(layers)})

    def build(self, shape):
        for layer in self.layers:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)

    def compute_output_shape(self, shape):
        for layer in self.layers:
            shape = layer.compute_output_shape(shape)
        return shape

    def call(self, sequences, mask=None, training=False):
        if mask is not None:  # the loops know of none
            if training and self.weight_drop:
                raise ValueError(
                    "Expected no mask where there is a weight_drop. Received "
                    f"a mask, and weight_drop={self.weight_drop}."
                )
            for layer in self.layers:
                masked = {"mask": mask} if _is_recurrent(layer) else {}
                sequences = layer(sequences, training=training, **masked)
            return sequences
        import tensorflow as tf

        from charrnn.twins.dropout import dropout

        rows = self.states[0].shape[0]
        x = tf.ensure_shape(sequences, (rows, None, None))
        x = tf.transpose(tf.cast(x, self.precision), (1, 0, 2))
        for layer in self.layers:
            if _is_recurrent(layer):
                x = self._loop(layer, x, training)
            elif training and layer.rate:
                seed = layer.seed_generator.next() % (tf.int32.max - 1)
                x = dropout(x, layer.rate, tf.cast(seed, tf.int32))
        return tf.cast(tf.transpose(x, (1, 0, 2)), tf.float32)

    def _loop(self, layer, x, training):
        """Runs a layer over all steps, and keeps the states it ends with."""
        import tensorflow as tf

        from charrnn.twins import equations, loops

        cell = layer.cell
        of_cell = getattr(equations, _equations(cell))
        recurrent_kernel = tf.convert_to_tensor(cell.recurrent_kernel)
        if training and self.weight_drop:
            recurrent_kernel = keras.random.dropout(
                recurrent_kernel, self.weight_drop, seed=self.seed_generator
            )
        bias = tf.zeros((of_cell.products, recurrent_kernel.shape[1]))
        if cell.bias is not None:
            bias = tf.reshape(cell.bias, bias.shape)
        rows, parts = _division(x.shape[1], cell.units)
        states = [tf.split(state, rows) for state in layer.states]
        outputs, last = zip(
            *(
                loops.run(
                    of_cell,
                    group,
                    tf.convert_to_tensor(cell.kernel),
                    recurrent_kernel,
                    bias,
                    of_group,
                    parts,
                )
                for group, *of_group in zip(
                    tf.split(x, rows, axis=1), *states, strict=True
                )
            ),
            strict=True,
        )
        for state, groups in zip(
            layer.states, zip(*last, strict=True), strict=True
        ):
            state.assign(tf.concat(groups, axis=0))
        return tf.concat(outputs, axis=1)


def _has_many_logits(layers):
    """Whether there are fused loops, and so many logits after them."""
    last = layers[-1]
    if not any(isinstance(layer, Fused) for layer in layers):
        return False
    from charrnn.twins.logits import MANY

    return (
        type(last) is keras.layers.Dense
        and last.units > MANY
        and last.activation is keras.activations.linear
        and last.use_bias
        and last.compute_dtype == "float32"
    )


@keras.saving.register_keras_serializable(package="charrnn")
class FusedLogits(keras.layers.Layer):
    """A dense layer for the logits of many characters.

    Its products take operands in a precision, as those of `Fused` do, and
    `training.loss` computes their cross-entropy in compiled passes.

    Args:
        dense: A `keras.layers.Dense` with a bias and without activation.
        precision: `"float32"` or `"bfloat16"`.
        **kwargs: As for any `keras.layers.Layer`.

    Example:

    >>> layer = FusedLogits(keras.layers.Dense(300), "bfloat16")
    >>> layer(keras.ops.ones((2, 3, 5))).shape
    TensorShape([2, 3, 300])
    """

    def __init__(self, dense, precision, **kwargs):
        super().__init__(**kwargs)
        self.dense = dense
        self.precision = precision
        self.supports_jit = False  # only the kernels are compiled

    def get_config(self):
        return {
            **super().get_config(),
            "dense": keras.saving.serialize_keras_object(self.dense),
            "precision": self.precision,
        }

    @classmethod
    def from_config(cls, config):
        dense = keras.saving.deserialize_keras_object(config["dense"])
        return cls(**{**config, "dense": dense})

    def build(self, shape):
        if not self.dense.built:
            self.dense.build(shape)

    def compute_output_shape(self, shape):
        return (*shape[:-1], self.dense.units)

    def call(self, outputs):
        from charrnn.twins.logits import logits

        kernel, bias = self.dense.kernel, self.dense.bias
        return logits(outputs, kernel, bias, self.precision)


def precision_of(twin):
    """The precision that a twin's matrix products run in.

    Args:
        twin: What `fused` returned.

    Returns:
        `"float32"` or `"bfloat16"`.
    """
    fast = (ly for ly in twin.working_layers() if isinstance(ly, Fused))
    return next((layer.precision for layer in fast), "float32")


def _division(batch_size, units):
    """Divides the work of a layer among the cores.

    Two cores share the units of a step, as each then has half of the weights
    in its cache; more cores, or less units, take rows of the batch instead.

    Returns:
        The sizes of the groups of rows, and into how many parts the units of
        each group are divided.
    """
    parts = 2 if cores() > 1 and units >= 2 * SMALLEST_PART else 1
    groups = min(cores() // parts, batch_size // SMALLEST_GROUP)
    groups = max(1, groups)
    return [(batch_size + i) // groups for i in range(groups)], parts
