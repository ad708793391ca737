"""The logits of many characters are those of Keras, and so is their loss."""

import tracemalloc

import keras
import numpy as np
import pytest
import tensorflow as tf

from charrnn.network.model import begin_with_frequencies, build_model
from charrnn.text.units import COUNTED
from charrnn.training.schedule import loss, optimizer
from charrnn.twins.fused import fused
from charrnn.twins.fused_logits import FusedLogits
from charrnn.twins.logits import MAX_STOCK_CHARACTERS, cross_entropy, logits

# Of the largest value; a bfloat16 operand is rounded to 8 bits.
BOUNDS = {"float32": 1e-5, "bfloat16": 0.02}
CHARACTERS = MAX_STOCK_CHARACTERS + 44


def draws(*shape):
    generator = np.random.default_rng(len(shape))
    return tf.constant(generator.normal(size=shape), tf.float32)


def with_gradients(compute, *inputs):
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = compute(*inputs)
        total = tf.reduce_sum(value * draws(*value.shape))
    return [value, *tape.gradient(total, inputs)]


def assert_close(actual, expected, bound):
    for a, e in zip(actual, expected, strict=True):
        np.testing.assert_allclose(a, e, rtol=0, atol=bound * np.abs(e).max())


@pytest.mark.parametrize("precision", BOUNDS)
def test_logits_and_their_gradients_are_those_of_a_dense_layer(precision):
    inputs = draws(3, 5, 8), draws(8, CHARACTERS), draws(CHARACTERS)
    assert_close(
        with_gradients(lambda *i: logits(*i, precision), *inputs),
        with_gradients(lambda x, kernel, b: x @ kernel + b, *inputs),
        BOUNDS[precision],
    )


@pytest.mark.parametrize("size", [1.0, 1e3, 1e30])
def test_the_cross_entropy_is_that_of_keras_however_large_the_logits(size):
    ids = np.arange(15).reshape(3, 5)
    stock = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction=None
    )
    assert_close(
        with_gradients(lambda x: cross_entropy(x, ids), size * draws(3, 5, 20)),
        with_gradients(lambda x: stock(ids, x), size * draws(3, 5, 20)),
        1e-5,
    )


@pytest.mark.parametrize(
    "characters",
    [
        pytest.param(MAX_STOCK_CHARACTERS, marks=pytest.mark.slow),
        MAX_STOCK_CHARACTERS + 1,
    ],
)
def test_a_twin_learns_what_keras_does_from_few_and_many_characters(characters):
    ids = np.random.default_rng(1).integers(0, characters, (4, 13), "int32")
    stock = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    learnt = []
    for twin_of, loss_of in [(None, stock), (fused, loss())]:
        keras.utils.set_random_seed(1)
        model = build_model(range(characters), units=8, layers=1, dropout=0.0)
        network = model
        if twin_of:
            network = twin_of(model, batch_size=4, precision="float32")
            many = isinstance(network.working_layers()[-1], FusedLogits)
            assert many == (characters > MAX_STOCK_CHARACTERS)
        network.compile(optimizer(0.01), loss_of, run_eagerly=True)
        value = float(network.train_on_batch(ids[:, :-1], ids[:, 1:]))
        learnt.append([np.array([value]), *model.get_weights()])
    assert_close(*learnt, 1e-3)


def test_few_characters_are_left_to_keras():
    model = build_model(range(MAX_STOCK_CHARACTERS), units=4, layers=1)
    last = fused(model, batch_size=4).working_layers()[-1]
    assert last is model.layers[-1]


def test_a_new_network_guesses_by_frequency():
    model = build_model(range(3), units=4, layers=1)
    ids = np.array([0] * 97 + [1])  # nothing is impossible, not even 2
    begin_with_frequencies(model, ids)
    chances = np.exp(model.layers[-1].bias.numpy())
    np.testing.assert_allclose(chances, [98 / 101, 2 / 101, 1 / 101], rtol=1e-6)


def test_frequencies_of_a_long_text_are_counted_in_little_memory():
    model = build_model(range(3), units=4, layers=1)
    ids = np.zeros(8 * COUNTED + 7, np.uint8)
    ids[::2] = 1
    tracemalloc.start()
    begin_with_frequencies(model, ids)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * COUNTED  # all at once would take 64
    counts = 1 + np.bincount(ids, minlength=3)
    np.testing.assert_allclose(
        np.exp(model.layers[-1].bias.numpy()), counts / counts.sum(), rtol=1e-6
    )
