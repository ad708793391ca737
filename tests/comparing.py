"""Compare twins with what they stand for: their results and gradients."""

import numpy as np
import tensorflow as tf

from charrnn.training.schedule import loss


def assert_close(actual, expected, bound):
    """Equal but for `bound` of the largest magnitude."""
    for a, e in zip(actual, expected, strict=True):
        a, e = np.asarray(a), np.asarray(e)
        assert a.shape == e.shape and a.dtype == e.dtype
        assert np.abs(a - e).max() <= bound * np.abs(e).max()


def traced(network):
    """Logits and gradients of a batch, traced once for any window."""
    spec = tf.TensorSpec((network.batch_size, None), tf.int32)

    @tf.function(input_signature=[spec, spec])
    def logits_and_gradients(ids, targets):
        with tf.GradientTape() as tape:
            logits = network(ids, training=True)
            value = loss()(targets, logits)
        return logits, tape.gradient(value, network.trainable_variables)

    return logits_and_gradients
