"""One step of each cell is the textbook's equation, and what Keras computes."""

import math

import numpy as np
import pytest

from charrnn.network import steps
from charrnn.network.backend import keras
from charrnn.network.cells import CELLS
from charrnn.network.shapes import weight_shapes

UNITS, BATCH = 6, 3


# The equations of the textbook, one unit at a time.


def sigmoid(a):
    return 1 / (1 + math.exp(-a))


def weighted(vector, weights, j):
    """Unit j's sum of its weighted inputs."""
    return sum(value * weights[k][j] for k, value in enumerate(vector))


def textbook_simple_rnn(x, state, W, U, b):
    (h,) = state
    return [
        [
            math.tanh(weighted(x, W, j) + weighted(h, U, j) + b[j])
            for j in range(len(h))
        ]
    ]


def textbook_lstm(x, state, W, U, b):
    h, c = state
    units = len(h)
    new_h, new_c = [], []
    for j in range(units):
        # Unit j's columns: input gate, forget gate, candidate, output gate.
        a_i, a_f, a_g, a_o = (
            weighted(x, W, k) + weighted(h, U, k) + b[k]
            for k in (j, j + units, j + 2 * units, j + 3 * units)
        )
        kept = sigmoid(a_f) * c[j]
        written = sigmoid(a_i) * math.tanh(a_g)
        new_c.append(kept + written)
        new_h.append(sigmoid(a_o) * math.tanh(new_c[j]))
    return [new_h, new_c]


def textbook_gru(x, state, W, U, b):
    (h,) = state
    units = len(h)
    new_h = []
    for j in range(units):
        # Unit j's columns: update gate, reset gate, candidate.
        from_x = [
            weighted(x, W, k) + b[0][k] for k in (j, j + units, j + 2 * units)
        ]
        from_h = [
            weighted(h, U, k) + b[1][k] for k in (j, j + units, j + 2 * units)
        ]
        z = sigmoid(from_x[0] + from_h[0])
        r = sigmoid(from_x[1] + from_h[1])
        candidate = math.tanh(from_x[2] + r * from_h[2])
        new_h.append(z * h[j] + (1 - z) * candidate)
    return [new_h]


TEXTBOOK = {
    "simple_rnn": textbook_simple_rnn,
    "lstm": textbook_lstm,
    "gru": textbook_gru,
}


def engine_step(cell, x, state, W, U, b):
    """The engine's step, fed as the engine feeds it: x W + b comes first."""
    step = CELLS[cell].step
    if CELLS[cell].has_recurrent_bias:
        return step(x @ W + b[0], state, U, b[1])
    return step(x @ W + b, state, U)


@pytest.fixture(params=CELLS)
def cell(request):
    return request.param


@pytest.fixture
def cell_weights(cell):
    """W, U and b of a cell with 5 inputs."""
    rng = np.random.default_rng(1)
    shapes = weight_shapes(CELLS[cell].layer, 5, UNITS)
    return [rng.normal(0, 1, shape) for shape in shapes]


@pytest.fixture
def cell_state(cell):
    rng = np.random.default_rng(2)
    arrays = len(CELLS[cell].states)
    return tuple(rng.normal(0, 1, (arrays, BATCH, UNITS)))


def test_one_step_is_the_textbook_equation(cell, cell_weights, cell_state):
    x = np.random.default_rng(3).normal(0, 1, (BATCH, 5))
    new_state = engine_step(cell, x, cell_state, *cell_weights)
    weights = [array.tolist() for array in cell_weights]
    for row in range(BATCH):
        expected = TEXTBOOK[cell](
            x[row].tolist(),
            [array[row].tolist() for array in cell_state],
            *weights,
        )
        ours = [array[row] for array in new_state]
        np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-12)


def test_steps_equal_those_of_the_keras_cell(cell, cell_weights, cell_state):
    keras_cell = getattr(keras.layers, f"{CELLS[cell].layer}Cell")(UNITS)
    keras_cell.build((BATCH, 5))
    keras_cell.set_weights(cell_weights)
    x = np.random.default_rng(4).normal(0, 1, (5, BATCH, 5))
    ours, theirs = cell_state, [np.float32(array) for array in cell_state]
    for x_t in x:
        ours = engine_step(cell, x_t, ours, *cell_weights)
        _, theirs = keras_cell(np.float32(x_t), theirs)
        np.testing.assert_allclose(ours, np.stack(theirs), rtol=0, atol=2e-6)


def test_sigmoid_of_large_numbers_is_0_or_1():
    values = np.array([-1e4, -200, 0, 200, 1e4], np.float32)
    expected = [0, 0, 0.5, 1, 1]
    np.testing.assert_array_equal(steps.sigmoid(values), expected)
