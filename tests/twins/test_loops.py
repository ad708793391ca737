"""The loops compute what Keras's layers do, however the work is divided."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from comparing import assert_close

from charrnn.network.cells import CELLS
from charrnn.twins import equations, loops, tiles

# As in test_fused.py: a bfloat16 operand is rounded to 8 bits.
BOUNDS = {"float32": 1e-5, "bfloat16": 0.06}

each_cell = pytest.mark.parametrize("cell", CELLS)


def results_and_gradients(compute, sources):
    """Outputs and last states, and the gradients of a function of both."""
    with tf.GradientTape() as tape:
        tape.watch(sources)
        outputs, last = compute()
        outputs = tf.cast(outputs, tf.float32)
        total = tf.reduce_sum(outputs**2) + sum(
            tf.reduce_sum(tf.sin(state)) for state in last
        )
    return [outputs, *last, *tape.gradient(total, sources)]


def normal(*shapes):
    generator = np.random.default_rng(0)
    return [
        tf.constant(generator.normal(size=shape), tf.float32)
        for shape in shapes
    ]


@each_cell
def test_gradients_flow_to_states_and_inputs(cell):
    layer = getattr(keras.layers, CELLS[cell].layer)(
        5, return_sequences=True, return_state=True
    )
    number_of_states = 2 if cell == "lstm" else 1
    x, *first = normal((18, 4, 3), *[(18, 5)] * number_of_states)
    layer.build(x.shape)
    weights = [variable.value for variable in layer.trainable_variables]
    for variable, value in zip(
        weights, normal(*(v.shape for v in weights)), strict=True
    ):
        variable.assign(value)

    def ours():
        kernel, recurrent_kernel, bias = map(tf.convert_to_tensor, weights)
        outputs, last = loops.run(
            getattr(equations, CELLS[cell].equations),
            tf.transpose(x, (1, 0, 2)),
            kernel,
            recurrent_kernel,
            tf.reshape(bias, (-1, kernel.shape[1])),
            first,
        )
        return tf.transpose(outputs, (1, 0, 2)), last

    def keras_own():
        outputs, *last = layer(x, initial_state=first)
        return outputs, last

    sources = [x, *first, *weights]
    assert_close(
        results_and_gradients(ours, sources),
        results_and_gradients(keras_own, sources),
        1e-5,
    )


FEW, MANY = (2, 10**6), (3, 64)  # parts, and bytes of a tile
FAST = {
    ("simple_rnn", "bfloat16", *MANY),
    ("lstm", "float32", *MANY),
    ("gru", "bfloat16", *FEW),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "precision", "parts", "max_tile_bytes"),
    [
        pytest.param(*case, marks=() if case in FAST else pytest.mark.slow)
        for case in [
            (cell, precision, *division)
            for cell in CELLS
            for precision in BOUNDS
            for division in (FEW, MANY)
        ]
    ],
)
def test_tiles_change_nothing(
    monkeypatch, cell, precision, parts, max_tile_bytes
):
    """Parts of unequal size, and a block for each gate."""
    monkeypatch.setattr(tiles, "MAX_TILE_BYTES", max_tile_bytes)
    of_cell = getattr(equations, CELLS[cell].equations)
    columns = 7 * of_cell.gates
    tensors = normal(
        (9, 4, 3),
        (3, columns),
        (7, columns),
        (of_cell.products, columns),
        *[(4, 7)] * (2 if cell == "lstm" else 1),
    )
    tensors[0] = tf.cast(tensors[0], precision)
    results = [
        results_and_gradients(
            lambda p=p: loops.run(of_cell, *tensors[:4], tensors[4:], p),
            tensors,
        )
        for p in (1, parts)
    ]
    assert_close(*results, BOUNDS[precision])
