"""Reset the state of a row before each document, exactly.

A row of a batch reads one document after another. The boundary between two is
a unit of its own, and before a layer reads it, the row's state becomes zero:

    ids       A  n  n  |  B  o  b  |  E  v          | is the boundary
    starts    0  0  0  1  0  0  0  1  0  0
    state     h  h  h  0  h  h  h  0  h  h          before the step

So each document is computed as if it were alone, and no window is padded. The
mask depends on the ids alone. Fused loops take it as it is; stock layers get it
as one more input of their cells.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from charrnn.network.backend import keras
from charrnn.twins.fused_layers import Fused, is_recurrent
from charrnn.twins.stateful import renewed


@keras.saving.register_keras_serializable(package="charrnn")
class Resetting(keras.layers.Layer):
    """A model's layers without the last, with a state that is reset.

    Args:
        layers: The layers of a twin, from the one that reads ids to the one
            before the logits: recurrent layers are stateful or in `Fused`.
        boundary: The id before which the state is reset.
        **kwargs: As for any `keras.layers.Layer`.

    Example:

    >>> from charrnn.twins.stateful import stateful
    >>> layers = [keras.layers.Embedding(5, 3), keras.layers.SimpleRNN(4)]
    >>> layer = Resetting(map(stateful, layers), boundary=4)
    >>> layer(keras.ops.ones((2, 6), "int32")).shape
    TensorShape([2, 6, 4])
    """

    def __init__(
        self,
        layers: Sequence[keras.layers.Layer],
        boundary: int,
        **kwargs: Any,
    ):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.layers = list(map(_with_starts, layers))
        self.boundary = boundary
        self.supports_jit = all(layer.supports_jit for layer in self.layers)

    @property
    def states(self) -> list[keras.Variable]:
        """The states of the recurrent layers: Keras variables `(B, H)`."""
        return [
            state
            for layer in self.layers
            for state in getattr(layer, "states", None) or ()
        ]

    def renewed(self) -> "Resetting":
        """Makes the same layer, with states of its own."""
        return Resetting([*map(renewed, self.layers)], self.boundary)

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "layers": [serialize(layer) for layer in self.layers],
            "boundary": self.boundary,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Resetting":
        layers = map(keras.saving.deserialize_keras_object, config["layers"])
        return cls(**{**config, "layers": list(layers)})

    def build(self, shape: tuple[int | None, ...]) -> None:
        for layer in self.layers:
            wider = _is_stock(layer)
            if not layer.built:
                layer.build((*shape[:-1], wider + (shape[-1] or 0)))
            shape = layer.compute_output_shape(shape)

    def compute_output_shape(
        self, shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        for layer in self.layers:
            shape = layer.compute_output_shape(shape)
        return shape

    def call(self, ids: Any, training: bool = False) -> Any:
        """Computes the outputs of the last layer, `(B, T, H)`, of ids."""
        starts = keras.ops.cast(ids == self.boundary, "float32")
        x = ids
        for layer in self.layers:
            if isinstance(layer, Fused):
                x = layer(x, starts=starts, training=training)
            elif _is_stock(layer):
                x = keras.ops.concatenate([x, starts[..., None]], axis=-1)
                with drawn_masks(layer.cell.cell, x[:, 0, :-1], layer.states):
                    x = layer(x, training=training)
            else:
                x = layer(x, training=training) if _drops(layer) else layer(x)
        return x


@keras.saving.register_keras_serializable(package="charrnn")
class ResettingCell(keras.layers.Layer):
    """A cell with one more input: whether to reset the state before a step.

    Args:
        cell: A Keras cell.
        **kwargs: As for any `keras.layers.Layer`.

    Example:

    >>> cell = ResettingCell(keras.layers.SimpleRNNCell(4))
    >>> cell.build((2, 3 + 1))
    >>> inputs, state = keras.ops.ones((2, 4)), keras.ops.ones((2, 4))
    >>> output, _ = cell(inputs, [state])
    >>> output.shape
    TensorShape([2, 4])
    """

    def __init__(self, cell: keras.layers.Layer, **kwargs: Any):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.cell = cell
        self.state_size = cell.state_size
        self.output_size = cell.output_size

    def get_config(self) -> dict[str, Any]:
        cell = keras.saving.serialize_keras_object(self.cell)
        return {**super().get_config(), "cell": cell}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "ResettingCell":
        cell = keras.saving.deserialize_keras_object(config.pop("cell"))
        return cls(cell, **config)

    def build(self, shape: tuple[int | None, ...]) -> None:
        if not self.cell.built:
            self.cell.build((*shape[:-1], (shape[-1] or 0) - 1))

    def call(
        self, inputs: Any, states: Sequence[Any], training: bool = False
    ) -> Any:
        """Computes a step of inputs `(B, I + 1)`."""
        kept = 1 - inputs[:, -1:]
        states = [state * kept for state in states]
        return self.cell(inputs[:, :-1], states, training=training)

    def get_initial_state(self, batch_size: int | None = None) -> Any:
        """The cell's own."""
        return self.cell.get_initial_state(batch_size=batch_size)


@contextlib.contextmanager
def drawn_masks(
    cell: keras.layers.Layer, inputs: Any, states: Sequence[Any]
) -> Iterator[None]:
    """Draws a cell's masks of dropout before its layer's loop, as Keras does.

    Keras does so only for a cell that its layer has directly. Drawn in the
    loop, they would be tensors of the loop, of no use after it.

    Args:
        cell: A Keras cell.
        inputs: Of one step, `(B, I)`.
        states: Of its layer, `(B, H)` each, `h` first.

    Example:

    >>> cell = keras.layers.GRUCell(4, recurrent_dropout=0.5)
    >>> ones = keras.ops.ones((2, 4))
    >>> with drawn_masks(cell, ones, [ones]):
    ...     len(cell.get_recurrent_dropout_mask(ones))
    3
    """
    if not hasattr(cell, "get_recurrent_dropout_mask"):
        yield
        return
    cell.get_dropout_mask(inputs)
    cell.get_recurrent_dropout_mask(keras.ops.convert_to_tensor(states[0]))
    try:
        yield
    finally:
        cell.reset_dropout_mask()
        cell.reset_recurrent_dropout_mask()


def _with_starts(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Gives a stock recurrent layer a cell that resets its state."""
    if not is_recurrent(layer) or isinstance(layer.cell, ResettingCell):
        return layer
    return keras.layers.RNN(
        ResettingCell(layer.cell),
        return_sequences=True,
        stateful=True,
        dtype=layer.dtype_policy,
    )


def _is_stock(layer: keras.layers.Layer) -> bool:
    return is_recurrent(layer)


def _drops(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.Dropout)
