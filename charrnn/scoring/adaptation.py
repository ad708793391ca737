"""Score a text while learning from it: dynamic evaluation.

A text tells more than its model knows: new names, a style. Here every piece
of it is first scored, and then learnt from, so that what is told once is
expected later. No character is scored by weights that have seen it; but they
have seen the text before it, so that the result is not comparable with one of
fixed weights.
"""

import numpy as np

from charrnn.network.backend import keras, require_tensorflow
from charrnn.network.engine import Engine
from charrnn.network.loading import keras_model_of
from charrnn.scoring.scan import checked_ids
from charrnn.scoring.score import Score
from charrnn.twins.stateful import states
from charrnn.twins.twin import fused
from charrnn.writing.sampler import Sampler

SEGMENT = 32  # characters from one update to the next
LEARNING_RATE = 1e-3
DECAY = 1e-3
SAMPLED = 200  # segments of the model's own text, to find the scales
TEMPERATURE = 1.0  # of that text: the model's own probabilities


def score_adapting(
    model,
    vocabulary,
    text,
    *,
    segment=SEGMENT,
    learning_rate=LEARNING_RATE,
    decay=DECAY,
    watch=iter,
):
    """Scores a text with weights that follow it.

    After each segment with the gradient g of its mean loss every weight w,
    which began as w0, moves:

        w += decay * (r / mean r) * (w0 - w) - learning_rate * g / (r + mean r)

    where r is the root of the mean square of the weight's gradient, taken
    over a text that the model itself has written: it says how much the model
    depends on the weight (its Fisher information). Weights that matter move
    less for the same gradient, and are drawn back more strongly.

    Args:
        model: A `keras.Sequential` as `build_model` makes it. Its weights
            are the same before and after. Or what `charrnn.load` takes or
            returns.
        vocabulary: The `charrnn.Vocabulary` of a Keras model's ids; `None`
            for all others, which bring their own.
        text: As for `charrnn.score`.
        segment: Characters from one update to the next.
        learning_rate: How far weights follow; 0 for not at all.
        decay: How strongly they are drawn back.
        watch: A function of the list of segments that yields them again,
            such as `rich.progress.track`: two layers of 512 units take a
            second for a thousand characters.

    Returns:
        A `Score`. The characters behind the last whole segment are scored,
        too.

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
    models", with the scale taken from the model instead of its training text.
    """
    require_tensorflow()
    model, vocabulary = keras_model_of(model, vocabulary)
    engine = Engine.from_keras(model, vocabulary)
    ids = checked_ids(engine, text).astype(np.int32)
    learner = _Learner(model, segment)
    try:
        (own,) = Sampler(engine).generate(
            "", length=SAMPLED * segment + 1, temperature=TEMPERATURE, seed=0
        )
        learner.measure(vocabulary.encode(own.text).astype(np.int32))
        nats = learner.follow(ids, learning_rate, decay, watch)
    finally:
        learner.put_back()
    return Score(nats, f"adapting after every {segment} characters")


class _Learner:
    """A model's twin for one stream, with the gradients of every segment."""

    def __init__(self, model, segment):
        import tensorflow as tf

        self._segment = segment
        self._twin = fused(model, batch_size=1, precision="float32")
        self._weights = self._twin.trainable_variables
        self._prior = [tf.identity(w) for w in self._weights]
        self._squares = [tf.Variable(tf.zeros_like(w)) for w in self._prior]
        self._loss = keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, reduction="none", dtype="float32"
        )
        self._measured = tf.function(self._measure_segment)
        self._followed = tf.function(self._follow_segment)

    def measure(self, ids):
        """Finds how much each weight matters for a text."""
        import tensorflow as tf

        segments = self._segments(ids)
        for inputs, targets in segments:
            self._measured(inputs, targets)
        self._roots = [tf.sqrt(s / len(segments)) for s in self._squares]
        total = sum(float(tf.reduce_sum(root)) for root in self._roots)
        self._mean = total / sum(int(tf.size(root)) for root in self._roots)

    def follow(self, ids, learning_rate, decay, watch):
        """Scores a text, and learns from every segment: (characters - 1,)."""
        import tensorflow as tf

        rate = tf.constant(learning_rate, tf.float32)
        pull = tf.constant(decay, tf.float32)
        nats = [
            self._followed(inputs, targets, rate, pull).numpy()
            for inputs, targets in watch(self._segments(ids))
        ]
        return np.concatenate(nats, axis=1)[0]

    def put_back(self):
        """Gives the model the weights that it had."""
        for weight, prior in zip(self._weights, self._prior, strict=True):
            weight.assign(prior)

    def _segments(self, ids):
        """Pairs of inputs and targets (1, segment); the last may be short."""
        for state in states(self._twin):
            state.assign(np.zeros(state.shape))
        starts = range(0, len(ids) - 1, self._segment)
        pieces = [ids[None, s : s + self._segment + 1] for s in starts]
        return [(piece[:, :-1], piece[:, 1:]) for piece in pieces]

    def _gradients(self, inputs, targets):
        import tensorflow as tf

        with tf.GradientTape() as tape:
            nats = self._loss(targets, self._twin(inputs, training=False))
            mean = tf.reduce_mean(nats)
        gradients = tape.gradient(mean, [w.value for w in self._weights])
        return nats, [tf.convert_to_tensor(g) for g in gradients]

    def _measure_segment(self, inputs, targets):
        _, gradients = self._gradients(inputs, targets)
        for square, gradient in zip(self._squares, gradients, strict=True):
            square.assign_add(gradient * gradient)

    def _follow_segment(self, inputs, targets, rate, pull):
        import tensorflow as tf

        nats, gradients = self._gradients(inputs, targets)
        for weight, prior, root, gradient in zip(
            self._weights, self._prior, self._roots, gradients, strict=True
        ):
            back = tf.minimum(pull * root / self._mean, 1.0)
            step = rate * gradient / (root + self._mean)
            weight.assign_add(back * (prior - weight) - step)
        return nats
