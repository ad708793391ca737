"""Score rows of text with the layers of a twin, in its precision.

While a network trains, its held-out text is scored again and again. Where
training multiplies in bfloat16, or on a GPU, its own loops score faster than
the NumPy engine does. The layers here have the variables of the twin, but
states of their own, so that training is not disturbed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from charrnn.network.backend import keras
from charrnn.twins.stateful import renewed
from charrnn.twins.twin import Twin

if TYPE_CHECKING:
    import jax
    import tensorflow as tf

Score = Callable[[Iterable[np.ndarray]], Iterator[np.ndarray]]


class Surprise(keras.layers.Layer):
    """The layers of a twin, from ids to the surprise of the ids that follow.

    Args:
        layers: Layers as `Twin.working_layers` returns them, from ids to
            logits.
        **kwargs: As for any `keras.layers.Layer`.

    Example:

    >>> layer = Surprise([keras.layers.Embedding(8, 8, "zeros")])
    >>> nats = layer(keras.ops.ones((2, 6), "int32"))
    >>> nats.shape, round(float(nats[0, 0]), 4)  # ln 8
    (TensorShape([2, 5]), 2.0794)
    """

    def __init__(self, layers: Sequence[keras.layers.Layer], **kwargs: Any):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.layers = layers

    @property
    def states(self) -> list[keras.Variable]:
        """The states of the recurrent layers: Keras variables `(B, H)`."""
        return [
            state
            for layer in self.layers
            for state in getattr(layer, "states", None) or ()
        ]

    def build(self, shape: tuple[int | None, ...]) -> None:
        for layer in self.layers:
            if not layer.built:
                layer.build(shape)
            shape = layer.compute_output_shape(shape)

    def call(self, windows: "tf.Tensor | jax.Array") -> Any:
        """Computes the surprise of ids in nats, from the states carried.

        Args:
            windows: Ids, int32, `(B, T + 1)`.

        Returns:
            float32, `(B, T)`: of each id but the first of each row.
        """
        x = windows[:, :-1]
        for layer in self.layers:
            x = layer(x)
        return keras.losses.sparse_categorical_crossentropy(
            windows[:, 1:], x, from_logits=True
        )


def scorer(twin: Twin, rows: int) -> Score:
    """Makes a function that scores rows of text with a twin's layers.

    Args:
        twin: From `charrnn.fused`, with TensorFlow or JAX.
        rows: Number of rows.

    Returns:
        A function of windows, `(rows, T + 1)` each, the last id of one being
        the first of the next. It yields the surprise of the ids of each but
        the first, in nats, `(rows, T)`. It begins in the zero state, and is
        compiled anew for each `T`.

    Example:

    >>> from charrnn import build_model, fused
    >>> twin = fused(build_model(range(5), units=4, layers=1), batch_size=2)
    >>> windows = np.zeros((3, 7), np.int32), np.zeros((3, 7), np.int32)
    >>> [nats.shape for nats in scorer(twin, rows=3)(windows)]
    [(3, 6), (3, 6)]
    """
    layer = Surprise([*map(renewed, twin.working_layers())])
    layer.build((rows, None))
    if keras.backend.backend() == "jax":
        return _with_jax(layer, twin)
    return _with_tensorflow(layer)


def _with_tensorflow(layer: Surprise) -> Score:
    import tensorflow as tf

    compute = tf.function(layer, autograph=False)

    def score(windows: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        for state in layer.states:
            state.assign(keras.ops.zeros_like(state))
        for window in windows:
            yield compute(tf.constant(window, tf.int32)).numpy()

    return score


def _with_jax(layer: Surprise, twin: Twin) -> Score:
    import jax
    import jax.numpy as jnp

    carried = {id(state) for state in twin.states}
    variables = [v for v in twin.variables if id(v) not in carried]

    @jax.jit
    def compute(values, states, window):
        mapping = [
            *zip(variables, values, strict=True),
            *zip(layer.states, states, strict=True),
        ]
        with keras.StatelessScope(state_mapping=mapping) as scope:
            nats = layer(window)
        return nats, [scope.get_current_value(v) for v in layer.states]

    def score(windows: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        values = [variable.value for variable in variables]
        states = [jnp.zeros(state.shape) for state in layer.states]
        for window in windows:
            nats, states = compute(values, states, np.asarray(window, np.int32))
            yield np.asarray(nats)

    return score
