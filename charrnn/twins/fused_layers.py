"""Keras layers that run a model's own layers in the fused loops."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from charrnn.network.backend import cores, keras
from charrnn.network.cells import CELLS
from charrnn.twins.stateful import stateful

if TYPE_CHECKING:
    import tensorflow as tf

Shape = tuple[int | None, ...]

# A core gets at least this many rows of a batch, or this many units of a
# layer: with fewer, starting its products costs more than computing them.
MIN_ROWS_PER_CORE = 8
MIN_UNITS_PER_CORE = 128


@keras.saving.register_keras_serializable(package="charrnn")
class Fused(keras.layers.Layer):
    """Consecutive recurrent and dropout layers, computed by fused loops.

    The equations are Keras's; see `loops.py`. Between the layers, sequences
    keep the layout of the loops: steps first, in the precision of the products
    (benchmark: "recurrent and dropout layers as one").

    Args:
        layers: A list of `keras.layers.RNN` with `stateful=True` around a
            `SimpleRNNCell`, `LSTMCell` or `GRUCell`, and of
            `keras.layers.Dropout`.
        precision: `"float32"` or `"bfloat16"`, for the operands of the
            matrix products.
        weight_drop: Share of recurrent weights dropped at each training step
            (DropConnect), `0 <= weight_drop < 1`.
        **kwargs: As for any `keras.layers.Layer`.

    Raises:
        ValueError: when called in training, if `weight_drop` is not 0 and
            steps are masked.

    Example:

    >>> from charrnn.twins.stateful import stateful
    >>> recurrent = stateful(keras.layers.LSTM(4))
    >>> layer = Fused([recurrent, keras.layers.Dropout(0.5)], "float32")
    >>> layer(keras.ops.ones((2, 3, 5))).shape
    TensorShape([2, 3, 4])
    """

    def __init__(
        self,
        layers: Sequence[keras.layers.Layer],
        precision: str,
        weight_drop: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.layers = layers
        self.precision = precision
        self.weight_drop = weight_drop
        if weight_drop:
            self.seed_generator = keras.random.SeedGenerator()
        self.supports_masking = True
        self.supports_jit = False  # the kernels are compiled, the loop is not

    @property
    def states(self) -> list[keras.Variable]:
        """The states of the recurrent layers: Keras variables `(B, H)`."""
        recurrent = filter(is_recurrent, self.layers)
        return [state for layer in recurrent for state in layer.states or ()]

    def renewed(self) -> "Fused":
        """Makes the same layer, with states of its own."""
        own = map(stateful, self.layers)
        return type(self)([*own], self.precision, self.weight_drop)

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "layers": [serialize(layer) for layer in self.layers],
            "precision": self.precision,
            "weight_drop": self.weight_drop,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Fused":
        layers = map(keras.saving.deserialize_keras_object, config["layers"])
        return cls(**{**config, "layers": list(layers)})

    def build(self, shape: Shape) -> None:
        for layer in self.layers:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)

    def compute_output_shape(self, shape: Shape) -> Shape:
        for layer in self.layers:
            shape = layer.compute_output_shape(shape)
        return shape

    def call(
        self,
        sequences: "tf.Tensor",
        mask: "tf.Tensor | None" = None,
        training: bool = False,
        starts: "tf.Tensor | None" = None,
    ) -> "tf.Tensor":
        """Computes the outputs, float32, `(B, T, H)`, and new states.

        States are reset before the steps where `starts`, `(B, T)`, is 1.
        """
        if mask is None:
            return self.unmasked(sequences, training, starts)
        return self._masked_call(sequences, mask, training)

    def unmasked(
        self,
        sequences: "tf.Tensor",
        training: bool,
        starts: "tf.Tensor | None",
    ) -> "tf.Tensor":
        """Computes the outputs where no step is masked."""
        import tensorflow as tf

        from charrnn.twins.dropout import dropout

        rows = self.states[0].shape[0]
        x = tf.ensure_shape(sequences, (rows, None, None))
        x = tf.transpose(tf.cast(x, self.precision), (1, 0, 2))  # (T, B, I)
        kept = None if starts is None else 1 - tf.transpose(starts)
        for layer in self.layers:
            if is_recurrent(layer):
                x = self._loop(layer, x, training, kept)
            elif training and layer.rate:
                # The seed from which Keras's Dropout would draw its mask.
                seed = layer.seed_generator.next() % (tf.int32.max - 1)
                x = dropout(x, layer.rate, tf.cast(seed, tf.int32))
        return tf.cast(tf.transpose(x, (1, 0, 2)), tf.float32)

    def _masked_call(self, sequences, mask, training):
        """Leaves masked steps, which the loops do not support, to Keras."""
        if training and self.weight_drop:
            raise ValueError(
                "Expected no mask where there is a weight_drop. Received "
                f"a mask, and weight_drop={self.weight_drop}."
            )
        for layer in self.layers:
            masked = {"mask": mask} if is_recurrent(layer) else {}
            sequences = layer(sequences, training=training, **masked)
        return sequences

    def _loop(self, layer, x, training, kept):
        """Runs a layer over all steps, and stores its final states.

        The rows of a batch are independent. Each group of rows has its own
        loop, and TensorFlow runs the loops in parallel.
        """
        import tensorflow as tf

        from charrnn.twins import equations, loops, unrolled

        cell = layer.cell
        of_cell = getattr(equations, str(equations_of(cell)))
        kernel = tf.convert_to_tensor(cell.kernel)
        recurrent_kernel = tf.convert_to_tensor(
            self.recurrent_kernel(cell, training)
        )
        bias = tf.zeros((of_cell.products, recurrent_kernel.shape[1]))
        if cell.bias is not None:
            bias = tf.reshape(cell.bias, bias.shape)
        weights = kernel, recurrent_kernel, bias
        rows, parts = division(x.shape[1], cell.units)
        small = unrolled.is_small(x.shape[0], len(rows), cell.units)
        run = unrolled.run if small else loops.run
        x = tf.split(x, rows, axis=1)
        states = zip(*(tf.split(s, rows) for s in layer.states), strict=True)
        masks = recurrent_masks(layer) if training else None
        each = x, states, groups_of(kept, rows), groups_of(masks, rows)
        results = [
            run(of_cell, group, *weights, first, parts, *around)
            for group, first, *around in zip(*each, strict=True)
        ]
        outputs, last = zip(*results, strict=True)
        for state, groups in zip(
            layer.states, zip(*last, strict=True), strict=True
        ):
            state.assign(tf.concat(groups, axis=0))
        return tf.concat(outputs, axis=1)

    def recurrent_kernel(
        self, cell: keras.layers.Layer, training: bool
    ) -> "tf.Tensor":
        """Returns `U`; in training, with a share of its weights dropped.

        They are drawn once a batch (Merity et al. 2018, "weight drop"). It
        also has the factor of the units that recurrent dropout leaves.
        """
        recurrent_kernel = cell.recurrent_kernel.value
        if training and (rate := getattr(cell, "recurrent_dropout", 0.0)):
            recurrent_kernel = recurrent_kernel / (1 - rate)
        if not (training and self.weight_drop):
            return recurrent_kernel
        return keras.random.dropout(
            recurrent_kernel, self.weight_drop, seed=self.seed_generator
        )


def recurrent_masks(layer: keras.layers.RNN) -> Any:
    """Draws the masks of a layer's recurrent dropout, as Keras does.

    Keras draws one for each gate once a batch, from the seed of the cell.

    Args:
        layer: A stateful recurrent layer.

    Returns:
        A boolean tensor `(gates, B, H)`, False for what is dropped; `None`
        without recurrent dropout.

    Example:

    >>> layer = keras.layers.LSTM(4, stateful=True, recurrent_dropout=0.5)
    >>> layer.build((2, None, 3))
    >>> recurrent_masks(layer).shape
    TensorShape([4, 2, 4])
    """
    if not getattr(layer.cell, "recurrent_dropout", 0.0):
        return None
    masks = layer.cell.get_recurrent_dropout_mask(layer.states[0].value)
    layer.cell.reset_recurrent_dropout_mask()
    if not isinstance(masks, list):  # a SimpleRNN has one
        masks = [masks]
    return keras.ops.stack(masks) != 0


def is_recurrent(layer: keras.layers.Layer) -> bool:
    """Whether a layer is one of Keras's recurrent layers.

    Example:

    >>> is_recurrent(keras.layers.LSTM(4))
    True
    """
    return isinstance(layer, keras.layers.RNN)


def equations_of(cell: keras.layers.Layer) -> str | None:
    """Names the class in `equations.py` that computes a Keras cell.

    Returns:
        The name, from the table of cells; `None` if there is no fused form.

    Example:

    >>> equations_of(keras.layers.LSTMCell(4))
    'LSTM'
    """
    name = type(cell).__name__
    known = (c for c in CELLS.values() if f"{c.layer}Cell" == name)
    return next((c.equations for c in known), None)


def division(batch_size: int, units: int) -> tuple[list[int], int]:
    """Divides the work of a layer among the cores.

    Two cores share the units of a step: each then reads half of the weights,
    which fits its cache (benchmark: "half of the units for each core").
    Further cores, or all if the units are too few to share, divide the rows of
    the batch instead (benchmark: "a loop of 32 rows for each core").

    Args:
        batch_size: Rows of a batch.
        units: Units of the layer.

    Returns:
        `(sizes, parts)`: the sizes of the groups of rows, and the number of
        parts that the units are divided into.

    Example:

    >>> sizes, parts = division(batch_size=64, units=512)
    >>> sum(sizes)
    64
    """
    parts = 2 if cores() > 1 and units >= 2 * MIN_UNITS_PER_CORE else 1
    groups = min(cores() // parts, batch_size // MIN_ROWS_PER_CORE)
    groups = max(1, groups)
    return [(batch_size + i) // groups for i in range(groups)], parts


def groups_of(values: "tf.Tensor | None", rows: list[int]) -> Sequence[Any]:
    """Splits the second axis into groups of rows; `None` into as many."""
    import tensorflow as tf

    if values is None:
        return [None] * len(rows)
    return tf.split(values, rows, axis=1)
