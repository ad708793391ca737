"""`dropout` drops what Keras drops."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from charrnn.twins.dropout import dropout


def swapped(sequence):
    return tf.transpose(sequence, (1, 0, 2))


def outputs_and_gradient(drop, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = drop(x)
    return outputs, tape.gradient(outputs, x, x)


RATES = 0.1, 0.48, 0.5, 0.9
SHAPES = (1, 1, 1), (3, 2, 5), (7, 4, 64)
DTYPES = tf.float32, tf.bfloat16
# Every rate, shape and dtype once at least: a mask depends on rate and size,
# not on what it is applied to.
FAST = set(zip(DTYPES * 2, SHAPES + SHAPES[-1:], RATES, strict=True))


@pytest.mark.parametrize(
    ("dtype", "shape", "rate"),
    [
        pytest.param(*case, marks=() if case in FAST else pytest.mark.slow)
        for case in itertools.product(DTYPES, SHAPES, RATES)
    ],
)
def test_values_and_gradients_are_those_of_keras_to_the_bit(dtype, shape, rate):
    x = tf.cast(tf.random.stateless_normal(shape, (1, 2)), dtype)
    layer = keras.layers.Dropout(rate, seed=2**31 - 3)
    for _ in range(3):
        seed = layer.seed_generator.state.numpy()
        seed = tf.constant(seed % (2**31 - 2), tf.int32)
        ours = outputs_and_gradient(lambda x, s=seed: dropout(x, rate, s), x)
        theirs = outputs_and_gradient(
            lambda x: swapped(layer(swapped(x), training=True)),
            tf.cast(x, tf.float32),
        )
        for a, b in zip(ours, theirs, strict=True):
            assert a.dtype == dtype
            np.testing.assert_array_equal(a, tf.cast(b, dtype))


def test_the_size_may_be_unknown_when_traced():
    @tf.function(input_signature=[tf.TensorSpec((None, 3, 5))])
    def traced(x):
        return dropout(x, 0.4, tf.constant([1, 2]))

    for steps in (1, 6):
        x = tf.ones((steps, 3, 5))
        np.testing.assert_array_equal(
            traced(x), dropout(x, 0.4, tf.constant([1, 2]))
        )
