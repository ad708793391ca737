"""The same recurrences computed faster: twins of a model for training."""

import os
import warnings

from charrnn.backend import keras
from charrnn.model import stateful, stateful_twin
from charrnn.precision import resolve_precision

SMALLEST_GROUP = 8  # rows of a batch that are worth a core of their own
SMALLEST_PART = 128  # units that are
EQUATIONS = {
    "SimpleRNNCell": "SimpleRNN",
    "LSTMCell": "LSTM",
    "GRUCell": "GRU",
}


def fused(model, *, batch_size, precision="auto"):
    """Returns a twin that trains a model faster than Keras does.

    The twin has the model's own layers, so after `twin.fit(...)` the model
    is trained and nothing is copied. Only the way its `SimpleRNN`, `LSTM`
    and `GRU` layers are computed differs: see `Fused`. The twin carries its
    state from batch to batch, as truncated back-propagation through time
    over contiguous streams wants it.

    Where there is no fused path (another backend than TensorFlow, a GPU, a
    layer with settings of its own), stock layers do the work, and a warning
    says so.

    Args:
        model: A `keras.Sequential` over ids of shape `(batch, time)`.
        batch_size: Streams per batch.
        precision: Of the operands of the matrix products: `"float32"`,
            `"bfloat16"`, or `"auto"`: bfloat16 where the processor has
            instructions for it. Weights, cell state, gates, loss and
            optimizer are float32 in each case.

    Returns:
        A `keras.Sequential` that maps ids `(batch_size, time)` to logits
        `(batch_size, time, vocabulary size)`, not yet compiled.

    Raises:
        ValueError: if the precision is none of the three.

    Example:

    >>> from charrnn.model import build_model
    >>> model = build_model(range(5), units=4, layers=1)
    >>> fast = fused(model, batch_size=2)
    >>> fast.output_shape
    (2, None, 5)
    >>> fast.weights[0] is model.weights[0]
    True
    """
    precision = resolve_precision(precision)
    reasons = set()

    def wrap(layer):
        reason = why_not_fused(layer)
        if reason is None:
            return Fused(layer.cell, precision)
        reasons.add(reason)
        return stateful(layer)

    twin = stateful_twin(model, batch_size=batch_size, wrap=wrap)
    if reasons:
        warnings.warn(
            "Stock Keras layers do the training, more slowly: "
            f"{', '.join(sorted(reasons))}.",
            stacklevel=2,
        )
    return twin


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
    if type(layer.cell).__name__ not in EQUATIONS:
        return f"{name} layers have no fused form"
    if layer.compute_dtype != "float32":
        return f"a {name} layer computes in {layer.compute_dtype}"
    settings = {**layer.get_config(), **layer.cell.get_config()}
    for setting, expected in _EXPECTED.items():
        if settings.get(setting, expected) != expected:
            return f"a {name} layer has {setting}={settings[setting]!r}"
    return None


_EXPECTED = {
    "activation": "tanh",
    "recurrent_activation": "sigmoid",
    "reset_after": True,
    "dropout": 0.0,
    "recurrent_dropout": 0.0,
    "go_backwards": False,
    "activity_regularizer": None,
}


class Fused(keras.layers.RNN):
    """A recurrent layer around a stock cell, computed by a fused loop.

    The equations are those of the cell; what differs is how much work a
    step of the loop is. The inputs of all steps are projected in one matrix
    product before the loop. A step is then one matrix product (`h · U`) and
    one compiled kernel for all of the gate arithmetic. Its gradient is
    written by hand: the reverse loop carries only the gradients of the state
    and of the gates; those of the weights are one matrix product each after
    it. And the work is divided so that cores rarely wait for one another:
    the units of a step in two parts, the rows of a batch in groups.

    Args:
        cell: A `SimpleRNNCell`, `LSTMCell` or `GRUCell` of Keras.
        precision: `"float32"` or `"bfloat16"`, of the operands of the
            matrix products.

    Example:

    >>> layer = Fused(keras.layers.LSTMCell(4), "float32")
    >>> layer(keras.ops.ones((2, 3, 5))).shape
    TensorShape([2, 3, 4])

    Source: Appleyard et al. 2016 (the same division of the work on GPUs).
    """

    def __init__(self, cell, precision, **options):
        options = {"return_sequences": True, "stateful": True, **options}
        super().__init__(cell, **options)
        self.precision = precision
        self.supports_jit = False  # only the gates are compiled

    def get_config(self):
        return {**super().get_config(), "precision": self.precision}

    def inner_loop(self, sequences, initial_state, mask, training=False):
        if mask is not None:
            return super().inner_loop(sequences, initial_state, mask, training)
        import tensorflow as tf

        from charrnn import equations, recurrence

        batch_size = initial_state[0].shape[0]
        cell = self.cell
        no_bias = tf.zeros(cell.recurrent_kernel.shape[1:])
        bias = tf.convert_to_tensor(no_bias if cell.bias is None else cell.bias)
        if len(bias.shape) == 1:  # GRU has one for each of the two products
            bias = tf.stack([bias, no_bias])
        sequences = tf.ensure_shape(sequences, (batch_size, None, None))
        rows, parts = _division(batch_size, cell.units)
        states = zip(*(tf.split(s, rows) for s in initial_state), strict=True)
        results = [
            recurrence.run(
                getattr(equations, EQUATIONS[type(cell).__name__]),
                self.precision,
                group,
                tf.convert_to_tensor(cell.kernel),
                tf.convert_to_tensor(cell.recurrent_kernel),
                bias,
                group_states,
                parts,
            )
            for group, group_states in zip(
                tf.split(sequences, rows), states, strict=True
            )
        ]
        outputs, states = zip(*results, strict=True)
        outputs = tf.concat(outputs, axis=0)
        states = [tf.concat(s, axis=0) for s in zip(*states, strict=True)]
        return outputs[:, -1], outputs, states


def precision_of(twin):
    """The precision that a twin's matrix products run in.

    Args:
        twin: What `fused` returned.

    Returns:
        `"float32"` or `"bfloat16"`.
    """
    fast = (layer for layer in twin.layers if isinstance(layer, Fused))
    return next((layer.precision for layer in fast), "float32")


def _division(batch_size, units):
    """Divides the work of a layer among the cores.

    Two cores share the units of a step, as each then has half of the weights
    in its cache; more cores, or less units, take rows of the batch instead.

    Returns:
        The sizes of the groups of rows, and into how many parts the units of
        each group are divided.
    """
    parts = 2 if _cores() > 1 and units >= 2 * SMALLEST_PART else 1
    groups = min(_cores() // parts, batch_size // SMALLEST_GROUP)
    groups = max(1, groups)
    return [(batch_size + i) // groups for i in range(groups)], parts


def _cores():
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
