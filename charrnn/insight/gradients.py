"""Measure how far back a loss reaches: its gradient at earlier states."""

import dataclasses
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from charrnn.network.backend import keras, require_tensorflow
from charrnn.network.engine import Engine
from charrnn.network.loading import keras_model_of

if TYPE_CHECKING:
    import tensorflow as tf

# Smaller norms have underflowed in float32; the fitted line ignores them.
MIN_NORM = 1e-30


@dataclasses.dataclass(frozen=True)
class Decay:
    """How the gradient of a loss decays with the lag.

    Attributes:
        norms: The Euclidean norm of d loss(t) / d h(t - k), averaged over
            texts, for k = 0, 1, ...: `(lags,)`.
    """

    norms: np.ndarray

    @property
    def slope(self) -> float:
        """The change of the norm's logarithm from one lag to the next.

        It is the slope of a line fitted to the logarithms by least squares;
        minus infinity if fewer than two norms are above zero.
        """
        logarithms = np.log(self.norms[self.norms > MIN_NORM])
        if len(logarithms) < 2:
            return -np.inf
        return float(np.polyfit(np.arange(len(logarithms)), logarithms, 1)[0])

    @property
    def half_life(self) -> float:
        """The number of characters (words, bytes) in which the norm halves.

        It is computed from the slope.

        Infinity if it does not fall.
        """
        return np.log(2) / -self.slope if self.slope < 0 else np.inf


def gradient_decay(
    model: "Engine | keras.Sequential | os.PathLike | str",
    ids: Sequence[Sequence[int]] | np.ndarray,
    lags: int | None = None,
) -> Decay:
    """Measures how far back the loss of the last unit of a text reaches.

    h(t) is the output of the recurrent layer. The gradient flows through
    everything that h(t - k) influences later, including an LSTM's cell state.
    The cell state at t - k itself is held fixed.

    Args:
        model: A `keras.Sequential` with one recurrent layer, as `build_model`
            returns it, or anything that `charrnn.load` takes or returns.
        ids: Of texts of the same length, integers `(texts, characters)`. All
            but the last character are read, from the zero state.
        lags: The largest k; `None` for the largest possible,
            `characters - 2`. The largest lags reach back to the beginning of
            the texts, where states are not yet typical.

    Returns:
        A `Decay`.

    Raises:
        ValueError: if the model has not exactly one recurrent layer, or
            Keras does not run on TensorFlow.

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


def state_gradients(
    model: "Engine | keras.Sequential | os.PathLike | str",
    ids: Sequence[Sequence[int]] | np.ndarray,
) -> np.ndarray:
    """The gradients of the last character's loss at all earlier states.

    Args:
        model: As for `gradient_decay`.
        ids: As for `gradient_decay`.

    Returns:
        Array `(lags, texts, units)`: d loss(t) / d h(t - k).

    Raises:
        ValueError: as `gradient_decay` does.

    Example:

    >>> from charrnn import build_model
    >>> model = build_model("ab", units=4, layers=1)
    >>> state_gradients(model, np.zeros((2, 11), np.int32)).shape
    (10, 2, 4)
    """
    require_tensorflow()
    import tensorflow as tf

    model, _ = keras_model_of(model)
    before, layer, after = _divided(model)
    ids = np.asarray(ids)
    with tf.GradientTape() as tape:
        outputs = _outputs(before, layer, ids[:, :-1], tape)
        logits = outputs[-1]
        for each in after:
            logits = each(logits)
        # The texts are independent, so the gradients of the sum are those of
        # each text's own loss.
        loss = tf.reduce_sum(
            keras.ops.sparse_categorical_crossentropy(
                ids[:, -1], logits, from_logits=True
            )
        )
    return np.stack(tape.gradient(loss, outputs)[::-1])


def _divided(
    model: "keras.Sequential",
) -> tuple[list, "keras.layers.RNN", list]:
    """The layers before the recurrent one, that one, and those after it."""
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
    layers = model.layers
    return layers[:place], layers[place], layers[place + 1 :]


def _outputs(
    before: list,
    layer: "keras.layers.RNN",
    ids: np.ndarray,
    tape: "tf.GradientTape",
) -> list["tf.Tensor"]:
    """The outputs of the recurrent layer at each step, watched by the tape.

    Runs the steps one by one, because Keras's own loop hides the states
    between them, which the gradients are taken at.
    """
    inputs = ids
    for each in before:
        inputs = each(inputs)
    outputs = []
    states = layer.get_initial_state(len(ids))
    for t in range(ids.shape[1]):
        _, states = layer.cell(inputs[:, t], states)
        tape.watch(states[0])
        outputs.append(states[0])
    return outputs
