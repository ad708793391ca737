"""Recurrent dropout: Keras's masks, in the fused loops."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from comparing import assert_close, traced

from charrnn.network.cells import CELLS
from charrnn.network.model import build_model
from charrnn.twins import equations, loops
from charrnn.twins.fused import fused
from charrnn.twins.fused_layers import Fused, recurrent_masks
from charrnn.twins.stateful import stateful_twin, states

CHARACTERS = 7
# As in test_fused.py: a bfloat16 operand is rounded to 8 bits.
BOUNDS = {"float32": 1e-5, "bfloat16": 0.06}


def model_of(cell, layers=2, units=9, **settings):
    keras.utils.set_random_seed(3)
    model = build_model(
        range(CHARACTERS), cell=cell, units=units, layers=layers, **settings
    )
    random = np.random.default_rng(1)
    model.set_weights(
        [random.normal(0, 0.4, w.shape) for w in model.get_weights()]
    )
    return model


def normal(*shapes):
    random = np.random.default_rng(0)
    return [
        tf.constant(random.normal(0, 0.5, shape), tf.float32)
        for shape in shapes
    ]


def by_definition(x, weights, first, masks):
    """An LSTM as in the textbook, each gate with its own `h`."""
    kernel, recurrent, bias = (tf.split(w, 4, axis=-1) for w in weights)
    h, c = first
    outputs = []
    for x_t in tf.unstack(x):
        i, f, g, o = (
            x_t @ w + (h * m) @ u + b
            for w, u, b, m in zip(kernel, recurrent, bias, masks, strict=True)
        )
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        h = tf.sigmoid(o) * tf.tanh(c)
        outputs.append(h)
    return tf.stack(outputs), [h, c]


@pytest.mark.slow
def test_each_gate_of_an_lstm_reads_what_its_mask_leaves():
    """Outputs, last states and all gradients, in two parts."""
    x, *rest = normal((3, 4, 2), (2, 20), (5, 20), (1, 20), (4, 5), (4, 5))
    weights, first = rest[:3], rest[3:]
    masks = tf.constant(np.random.default_rng(2).random((4, 4, 5)) < 0.6)
    results = []
    for compute in (
        lambda: by_definition(x, weights, first, tf.cast(masks, tf.float32)),
        lambda: loops.run(
            equations.LSTM, x, *weights, first, parts=2, masks=masks
        ),
    ):
        with tf.GradientTape() as tape:
            tape.watch([x, *rest])
            outputs, last = compute()
            total = sum(
                tf.reduce_sum(tf.sin(v) * (n + 1))
                for n, v in enumerate([outputs, *last])
            )
        results.append([outputs, *last, *tape.gradient(total, [x, *rest])])
    assert_close(results[1], results[0], 1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "batch_size", "precision"),
    [
        ("lstm", 16, "float32"),
        ("lstm", 2, "bfloat16"),
        ("gru", 2, "float32"),
        ("simple_rnn", 16, "float32"),
    ],
)
def test_a_twin_computes_what_stock_keras_does_from_the_same_seeds(
    cell, batch_size, precision
):
    """Two layers and windows of several lengths, with the states carried."""
    model = model_of(cell, dropout=0.2, recurrent_dropout=0.3)
    twin = fused(model, batch_size=batch_size, precision=precision)
    stock = stateful_twin(model, batch_size=batch_size)
    assert any(isinstance(layer, Fused) for layer in twin.working_layers())
    ours, theirs, bound = traced(twin), traced(stock), BOUNDS[precision]
    seeds = model.non_trainable_variables
    random = np.random.default_rng(4)
    for steps in (1, 9, 2):
        ids = random.integers(0, CHARACTERS, (batch_size, steps + 1), "int32")
        window = tf.constant(ids[:, :-1]), tf.constant(ids[:, 1:])
        before = [seed.numpy() for seed in seeds]
        logits, gradients = ours(*window)
        after = [seed.numpy() for seed in seeds]
        for seed, value in zip(seeds, before, strict=True):
            seed.assign(value)
        expected, expected_gradients = theirs(*window)
        assert_close(seeds, after, 0)
        assert_close([logits], [expected], bound)
        assert_close(gradients, expected_gradients, bound)
        assert_close(states(twin), states(stock), bound)


@pytest.mark.parametrize(("cell", "gates"), [("lstm", 4), ("simple_rnn", 1)])
def test_masks_differ_from_gate_to_gate_and_from_batch_to_batch(cell, gates):
    layer = getattr(keras.layers, CELLS[cell].layer)(
        50, stateful=True, recurrent_dropout=0.25
    )
    layer.build((8, None, 3))
    masks = [np.asarray(recurrent_masks(layer)) for _ in range(2)]
    assert masks[0].shape == (gates, 8, 50)
    assert 0.6 < np.mean(masks) < 0.9
    distinct = {mask.tobytes() for batch in masks for mask in batch}
    assert len(distinct) == 2 * gates


def test_nothing_is_dropped_but_in_training():
    model = model_of("gru", layers=1, recurrent_dropout=0.5)
    twin = fused(model, batch_size=2, precision="float32")
    seeds = [seed.numpy() for seed in model.non_trainable_variables]
    ids = np.array([[0, 1, 2], [3, 4, 5]])
    logits = twin(ids)
    for variable, value in zip(
        model.non_trainable_variables, seeds, strict=True
    ):
        assert (variable.numpy() == value).all()
    assert_close([logits], [model(ids)], 1e-5)
