"""Score a text while learning from it: dynamic evaluation.

A text may have names or a style that its model does not know. Here each
segment of the text is first scored and then learnt from, so that what has
occurred is expected later. No character is scored by weights that have learnt
from it. But they have learnt from the text before it, so the result cannot be
compared with a score of fixed weights.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from charrnn.network.backend import keras, require_tensorflow
from charrnn.network.engine import Engine
from charrnn.network.loading import keras_model_of
from charrnn.scoring.scan import checked_ids
from charrnn.scoring.score import Score
from charrnn.text.units import UnitVocabulary
from charrnn.twins.fused import fused
from charrnn.twins.stateful import states
from charrnn.writing.sampler import Sampler

if TYPE_CHECKING:
    import tensorflow as tf

CHARACTERS_PER_UPDATE = 32
LEARNING_RATE = 1e-3
DECAY = 1e-3

# The importance of each weight is measured on this many segments of a text
# that the model writes itself, from its own probabilities.
OWN_TEXT_SEGMENTS = 200
OWN_TEXT_TEMPERATURE = 1.0


def score_adapting(
    model: "Engine | keras.Sequential | os.PathLike | str",
    vocabulary: UnitVocabulary | None,
    text: str | Sequence[int] | np.ndarray,
    *,
    segment: int = CHARACTERS_PER_UPDATE,
    learning_rate: float = LEARNING_RATE,
    decay: float = DECAY,
    watch: Callable[[Iterable], Iterable] = iter,
) -> Score:
    """Scores a text with weights that learn from it.

    Let g be the gradient of a segment's mean loss. After the segment each
    weight w, which was w0 at the start, is updated:

        w += decay * (r / mean r) * (w0 - w) - learning_rate * g / (r + mean r)

    Here r is the root mean square of the weight's gradient over a text that
    the model itself has written. It measures how much the model's predictions
    depend on the weight (the square is its Fisher information). A weight with
    a large r moves less for the same gradient, and is drawn back to its
    initial value more strongly.

    Args:
        model: A `keras.Sequential` as `build_model` returns it, whose weights
            are restored at the end; or anything that `charrnn.load` takes or
            returns.
        vocabulary: The `charrnn.Vocabulary` of a Keras model; `None`
            otherwise: engines and model files contain theirs.
        text: As for `charrnn.score`.
        segment: Number of characters from one update to the next.
        learning_rate: How far weights move; 0 to keep them fixed.
        decay: How strongly they are drawn back to their initial values.
        watch: Wraps the loop over segments, for a progress bar:
            `rich.progress.track`, for example. With two layers of 512 units a
            thousand characters take a second.

    Returns:
        A `Score`, including the characters of a last, shorter segment.

    Raises:
        ValueError: as `charrnn.score` does, or if Keras has another backend
            than TensorFlow.

    Example:

    >>> from charrnn import Vocabulary, build_model
    >>> vocabulary = Vocabulary("abcdefgh")
    >>> model = build_model(vocabulary, units=4, layers=1)
    >>> score_adapting(model, vocabulary, "feedbeef" * 9).characters
    71

    Source: Krause et al. 2018, "Dynamic evaluation of neural sequence
    models". There r comes from the training text, which is not available here.
    """
    require_tensorflow()
    model, vocabulary = keras_model_of(model, vocabulary)
    engine = Engine.from_keras(model, vocabulary)
    ids = checked_ids(engine, text).astype(np.int32)
    learner = _Learner(model, segment, vocabulary.boundary)
    try:
        own = _own_text(engine, OWN_TEXT_SEGMENTS * segment + 1)
        learner.measure(own.astype(np.int32))
        nats = learner.follow(ids, learning_rate, decay, watch)
    finally:
        learner.put_back()
    method = f"adapting after every {segment} {vocabulary.plural}"
    return Score.of(vocabulary, ids[1:], nats, method)


def _own_text(engine: Engine, length: int) -> np.ndarray:
    """Draws a text of a model's own; one of documents has several."""
    sampler = Sampler(engine)
    state = sampler.start(seed=0)
    drawn = []
    for _ in range(length):
        ids, state = sampler.step(state, temperature=OWN_TEXT_TEMPERATURE)
        drawn.append(ids)
    own = np.concatenate(drawn)
    vocabulary = engine.vocabulary
    if vocabulary.boundary is not None:
        return own
    return vocabulary.encode(vocabulary.decode(own))  # words, as they are cut


class _Learner:
    """Follows a text with a model's weights, a segment at a time.

    The segments go through the model's fused twin, which shares its weights
    and carries its state from one segment to the next.
    """

    def __init__(
        self, model: "keras.Sequential", segment: int, boundary: int | None
    ) -> None:
        import tensorflow as tf

        self._segment = segment
        self._twin = fused(
            model, batch_size=1, precision="float32", boundary=boundary
        )
        self._weights = self._twin.trainable_variables
        self._prior = [tf.identity(w) for w in self._weights]
        self._squares = [tf.Variable(tf.zeros_like(w)) for w in self._prior]
        self._loss = keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, reduction="none", dtype="float32"
        )
        self._measured = tf.function(self._measure_segment)
        self._followed = tf.function(self._follow_segment)

    def measure(self, ids: np.ndarray) -> None:
        """Measures r, the root mean square of each weight's gradient."""
        import tensorflow as tf

        segments = self._segments(ids)
        for inputs, targets in segments:
            self._measured(inputs, targets)
        self._roots = [tf.sqrt(s / len(segments)) for s in self._squares]
        total = sum(float(tf.reduce_sum(root)) for root in self._roots)
        self._mean = total / sum(int(tf.size(root)) for root in self._roots)

    def follow(
        self,
        ids: np.ndarray,
        learning_rate: float,
        decay: float,
        watch: Callable[[Iterable], Iterable],
    ) -> np.ndarray:
        """Scores a text and learns from every segment: `(characters - 1,)`."""
        import tensorflow as tf

        # As tensors: for other Python numbers the function is recompiled.

        rate = tf.constant(learning_rate, tf.float32)
        pull = tf.constant(decay, tf.float32)
        nats = [
            self._followed(inputs, targets, rate, pull).numpy()
            for inputs, targets in watch(self._segments(ids))
        ]
        return np.concatenate(nats, axis=1)[0]

    def put_back(self) -> None:
        """Restores the model's initial weights."""
        for weight, prior in zip(self._weights, self._prior, strict=True):
            weight.assign(prior)

    def _segments(self, ids: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Pairs of inputs and targets (1, segment), from the zero state on.

        The last pair may be shorter.
        """
        for state in states(self._twin):
            state.assign(np.zeros(state.shape))
        starts = range(0, len(ids) - 1, self._segment)
        pieces = [ids[None, s : s + self._segment + 1] for s in starts]
        return [(piece[:, :-1], piece[:, 1:]) for piece in pieces]

    def _gradients(
        self, inputs: "tf.Tensor", targets: "tf.Tensor"
    ) -> tuple["tf.Tensor", list["tf.Tensor"]]:
        """The nats of a segment, and the gradients of their mean."""
        import tensorflow as tf

        with tf.GradientTape() as tape:
            nats = self._loss(targets, self._twin(inputs, training=False))
            mean = tf.reduce_mean(nats)
        gradients = tape.gradient(mean, [w.value for w in self._weights])
        return nats, [tf.convert_to_tensor(g) for g in gradients]

    def _measure_segment(
        self, inputs: "tf.Tensor", targets: "tf.Tensor"
    ) -> None:
        _, gradients = self._gradients(inputs, targets)
        for square, gradient in zip(self._squares, gradients, strict=True):
            square.assign_add(gradient * gradient)

    def _follow_segment(
        self,
        inputs: "tf.Tensor",
        targets: "tf.Tensor",
        rate: "tf.Tensor",
        pull: "tf.Tensor",
    ) -> "tf.Tensor":
        import tensorflow as tf

        # The nats come from the weights before the update.

        nats, gradients = self._gradients(inputs, targets)
        for weight, prior, root, gradient in zip(
            self._weights, self._prior, self._roots, gradients, strict=True
        ):
            # At most back to the initial value, not beyond it.
            back = tf.minimum(pull * root / self._mean, 1.0)
            step = rate * gradient / (root + self._mean)
            weight.assign_add(back * (prior - weight) - step)
        return nats
