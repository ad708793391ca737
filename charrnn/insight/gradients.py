"""Measure how far back a loss reaches: its gradient at earlier states."""

import dataclasses

import numpy as np

from charrnn.network.backend import keras, require_tensorflow
from charrnn.network.loading import keras_model_of


@dataclasses.dataclass(frozen=True)
class Decay:
    """How the gradient of a loss falls with the lag.

    Attributes:
        norms: Of d loss(t) / d h(t - k) for k = 0, 1, ..., `(lags,)`: means
            over texts of the Euclidean norm.
    """

    norms: np.ndarray

    @property
    def slope(self):
        """Change of the norm's logarithm from one lag to the next.

        That of a straight line fitted to the logarithms by least squares, as
        far as the norms are numbers above zero.
        """
        logarithms = np.log(self.norms[self.norms > 1e-30])
        if len(logarithms) < 2:
            return -np.inf
        return float(np.polyfit(np.arange(len(logarithms)), logarithms, 1)[0])

    @property
    def half_life(self):
        """Characters after which the norm is half, by the slope.

        Infinity if it does not fall.
        """
        return np.log(2) / -self.slope if self.slope < 0 else np.inf


def gradient_decay(model, ids, lags=None):
    """Measures how far back the loss of the last character reaches.

    h(t) is what the recurrent layer puts out. An LSTM has its cell state
    besides; of that what h(t - k) changes counts, not what it holds already.

    Args:
        model: A `keras.Sequential` with one recurrent layer, as `build_model`
            makes it, or what `charrnn.load` takes or returns.
        ids: Of texts of one length, integers `(texts, characters)`. All but
            the last character are read, from the zero state.
        lags: The largest k; `None` for all, `characters - 2`. The state is
            not yet what it is later where the texts begin.

    Returns:
        A `Decay`.

    Raises:
        ValueError: if there are more recurrent layers, or Keras has another
            backend than TensorFlow.

    Example:

    >>> from charrnn import build_model
    >>> model = build_model("ab", units=4, layers=1)
    >>> gradient_decay(model, np.zeros((2, 11), np.int32)).norms.shape
    (10,)

    Source: Bengio, Simard and Frasconi 1994, "Learning long-term dependencies
    with gradient descent is difficult"; Pascanu, Mikolov and Bengio 2013,
    section 2.
    """
    gradients = state_gradients(model, ids).astype(np.float64)
    norms = np.linalg.norm(gradients, axis=-1).mean(1)
    return Decay(norms if lags is None else norms[: lags + 1])


def state_gradients(model, ids):
    """The gradients themselves.

    Args:
        model: As for `gradient_decay`.
        ids: As for `gradient_decay`.

    Returns:
        Array `(lags, texts, units)`: d loss(t) / d h(t - k).

    Raises:
        ValueError: as `gradient_decay` does.
    """
    require_tensorflow()
    model, _ = keras_model_of(model)
    places = [
        i
        for i, layer in enumerate(model.layers)
        if isinstance(layer, keras.layers.RNN)
    ]
    if len(places) != 1:
        raise ValueError(
            "Expected a model with one recurrent layer. Received one with "
            f"{len(places)}."
        )
    (place,) = places
    import tensorflow as tf

    ids = np.asarray(ids)
    before, layer, after = (
        model.layers[:place], model.layers[place], model.layers[place + 1 :],
    )  # fmt: skip
    inputs = ids[:, :-1]
    for each in before:
        inputs = each(inputs)
    outputs = []
    with tf.GradientTape() as tape:
        states = layer.get_initial_state(len(ids))
        for t in range(ids.shape[1] - 1):
            _, states = layer.cell(inputs[:, t], states)
            output = states[0]
            tape.watch(output)
            outputs.append(output)
        logits = outputs[-1]
        for each in after:
            logits = each(logits)
        loss = tf.reduce_sum(
            keras.ops.sparse_categorical_crossentropy(
                ids[:, -1], logits, from_logits=True
            )
        )
    return np.stack(tape.gradient(loss, outputs)[::-1])
