"""Fused layers take what Keras's take, and divide the work among cores."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from charrnn.network.cells import CELLS
from charrnn.twins import fused_layers
from charrnn.twins.fused_layers import Fused, division
from charrnn.twins.stateful import stateful


def layers_of(cell, **settings):
    layer = getattr(keras.layers, CELLS[cell].layer)(
        5, return_sequences=True, **settings
    )
    return [stateful(layer), keras.layers.Dropout(0.5, seed=1)]


def states_and_gradients(layers, compute, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = compute(x)
        total = tf.reduce_sum(outputs**2)
    sources = [x, *layers[0].trainable_variables]
    return [outputs, *layers[0].states, *tape.gradient(total, sources)]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_a_layer_may_have_no_bias_and_mask_its_steps(cell, masked):
    """Masked steps are left to Keras, in the same twin."""
    keras.utils.set_random_seed(1)
    layers = recurrent, dropout = layers_of(cell, use_bias=False)
    fast = Fused(layers, "float32")
    generator = np.random.default_rng(1)
    x = tf.constant(generator.normal(size=(4, 7, 3)), tf.float32)
    mask = tf.constant(generator.random((4, 7)) < 0.7) if masked else None
    fast.build(x.shape)
    before = [tf.random.stateless_normal((4, 5), (1, i)) for i in range(2)]
    results = []
    for compute in (
        lambda x: fast(x, mask=mask, training=True),
        lambda x: dropout(recurrent(x, mask=mask), training=True),
    ):
        dropout.seed_generator.state.assign([1, 2])
        for state, value in zip(recurrent.states, before, strict=False):
            state.assign(value)
        results.append(
            [np.array(a) for a in states_and_gradients(layers, compute, x)]
        )
    for ours, theirs in zip(*results, strict=True):
        bound = 1e-5 * np.abs(theirs).max()
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=bound)


def test_steps_that_drop_weights_cannot_be_masked():
    fast = Fused(layers_of("lstm"), "float32", weight_drop=0.5)
    x, mask = tf.ones((4, 7, 3)), tf.ones((4, 7), tf.bool)
    fast(x, mask=mask)
    with pytest.raises(ValueError, match="no mask .* weight_drop"):
        fast(x, mask=mask, training=True)


def test_a_fused_layer_has_a_configuration():
    layer = Fused(layers_of("lstm"), "bfloat16", weight_drop=0.2, name="fast")
    other = Fused.from_config(layer.get_config())
    assert other.get_config() == layer.get_config()
    assert other(np.ones((2, 4, 3), "float32")).shape == (2, 4, 5)


@pytest.mark.parametrize(
    ("batch_size", "units", "cores", "sizes", "parts"),
    [
        (64, 512, 2, [64], 2),
        (64, 100, 2, [32, 32], 1),
        (33, 100, 2, [16, 17], 1),
        (64, 512, 1, [64], 1),
        (16, 512, 8, [8, 8], 2),
        (7, 100, 4, [7], 1),
    ],
)
def test_units_and_rows_are_divided_among_the_cores(
    monkeypatch, batch_size, units, cores, sizes, parts
):
    monkeypatch.setattr(fused_layers, "cores", lambda: cores)
    assert division(batch_size, units) == (sizes, parts)
