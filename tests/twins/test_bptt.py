"""Back-propagation through time, by hand, gives the gradients of Keras.

The network of this file, for a batch of texts whose characters are ids:

    x_t = one-hot vector of character t
    h_t = cell(x_t W + h_(t-1) U + b)
    y_t = h_t V + d                                 the logits
    L   = mean of -ln softmax(y_t)[character t + 1]

`forward` keeps what every step computed; `backward` walks the steps from the
last to the first. It multiplies the gradient that reaches a step, dL/dh_t, by
the derivative of the step, adds what the step owes to the shared W, U and b,
and hands the rest, dL/dh_(t-1), to the step before. Everything is float64.
"""

import numpy as np
import pytest

from charrnn.network.backend import keras
from charrnn.network.model import build_model
from charrnn.twins.stateful import stateful_twin

CHARACTERS, UNITS, BATCH, TIME = 5, 4, 3, 7
GATES = {"simple_rnn": 1, "lstm": 4}  # blocks of columns in W, U and b
STATES = {"simple_rnn": 1, "lstm": 2}  # h; h and c
NAMES = ("W", "U", "b", "V", "d")


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def simple_rnn_forward(x, state, W, U, b):
    """h_t = tanh(x_t W + h_(t-1) U + b)"""
    (h,) = state
    outputs, tape = [], []
    for x_t in x:
        h_before = h
        h = np.tanh(x_t @ W + h_before @ U + b)
        outputs.append(h)
        tape.append((x_t, h_before, h))
    return np.stack(outputs), tape


def simple_rnn_backward(d_outputs, tape, U):
    """dL/dh_t comes from the logits of step t and from step t + 1."""
    d_h = 0
    d_W, d_U, d_b = 0, 0, 0
    for t in reversed(range(len(tape))):
        x_t, h_before, h = tape[t]
        d_h = d_h + d_outputs[t]
        d_a = d_h * (1 - h**2)  # tanh' = 1 - tanh^2
        d_W = d_W + x_t.T @ d_a
        d_U = d_U + h_before.T @ d_a
        d_b = d_b + d_a.sum(axis=0)
        d_h = d_a @ U.T
    return d_W, d_U, d_b


def lstm_forward(x, state, W, U, b):
    """c_t = f c_(t-1) + i g,  h_t = o tanh(c_t)"""
    h, c = state
    outputs, tape = [], []
    for x_t in x:
        h_before, c_before = h, c
        a = x_t @ W + h_before @ U + b
        a_i, a_f, a_g, a_o = np.split(a, 4, axis=1)
        i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o)
        g = np.tanh(a_g)
        c = f * c_before + i * g
        h = o * np.tanh(c)
        outputs.append(h)
        tape.append((x_t, h_before, c_before, i, f, g, o, c))
    return np.stack(outputs), tape


def lstm_backward(d_outputs, tape, U):
    """Two gradients travel back: that of h, and that of c past the gates."""
    d_h, d_c = 0, 0
    d_W, d_U, d_b = 0, 0, 0
    for t in reversed(range(len(tape))):
        x_t, h_before, c_before, i, f, g, o, c = tape[t]
        d_h = d_h + d_outputs[t]
        d_o = d_h * np.tanh(c)
        d_c = d_c + d_h * o * (1 - np.tanh(c) ** 2)
        d_i, d_g, d_f = d_c * g, d_c * i, d_c * c_before
        d_a = np.concatenate(
            [
                d_i * i * (1 - i),  # sigmoid' = sigmoid (1 - sigmoid)
                d_f * f * (1 - f),
                d_g * (1 - g**2),
                d_o * o * (1 - o),
            ],
            axis=1,
        )
        d_W = d_W + x_t.T @ d_a
        d_U = d_U + h_before.T @ d_a
        d_b = d_b + d_a.sum(axis=0)
        d_h = d_a @ U.T
        d_c = d_c * f
    return d_W, d_U, d_b


FORWARD = {"simple_rnn": simple_rnn_forward, "lstm": lstm_forward}
BACKWARD = {"simple_rnn": simple_rnn_backward, "lstm": lstm_backward}


def loss_by_hand(cell, weights, x, targets, state):
    """The mean cross-entropy, and what `gradients_by_hand` needs of it."""
    W, U, b, V, d = weights
    h, tape = FORWARD[cell](x, state, W, U, b)
    y = h @ V + d  # (time, batch, characters)
    p = np.exp(y) / np.exp(y).sum(axis=-1, keepdims=True)
    loss = -np.log((p * targets).sum(axis=-1)).mean()
    return loss, h, p, tape


def gradients_by_hand(cell, weights, x, targets, state):
    """dL/dW, dL/dU, dL/db, dL/dV and dL/dd."""
    _, U, _, V, _ = weights
    _, h, p, tape = loss_by_hand(cell, weights, x, targets, state)
    d_y = (p - targets) / (TIME * BATCH)  # softmax and logarithm together
    d_V = np.einsum("tbu,tbc->uc", h, d_y)
    d_d = d_y.sum(axis=(0, 1))
    d_outputs = d_y @ V.T
    return *BACKWARD[cell](d_outputs, tape, U), d_V, d_d


def gradients_by_differences(cell, weights, x, targets, state, step=1e-5):
    """(L(w + step) - L(w - step)) / (2 step), for one weight at a time."""

    def loss():
        return loss_by_hand(cell, weights, x, targets, state)[0]

    gradients = []
    for array in weights:
        gradient = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            weight = array[place]
            array[place] = weight + step
            above = loss()
            array[place] = weight - step
            below = loss()
            array[place] = weight
            gradient[place] = (above - below) / (2 * step)
        gradients.append(gradient)
    return gradients


def gradients_by_keras(cell, weights, ids, state):
    """The gradients with which `fit` would train the model's stateful twin."""
    import tensorflow as tf  # here: charrnn.backend has kept its log quiet

    model = build_model(
        range(CHARACTERS), cell=cell, units=UNITS, layers=1, dropout=0
    )
    model.set_weights(weights)
    twin = stateful_twin(model, batch_size=BATCH, seq_length=TIME)
    (layer,) = [
        ly for ly in twin.working_layers() if isinstance(ly, keras.layers.RNN)
    ]
    for variable, value in zip(layer.states, state, strict=True):
        variable.assign(value)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with tf.GradientTape() as tape:
        value = loss(ids[:, 1:], twin(ids[:, :-1], training=True))
    variables = [v.value for v in model.trainable_variables]
    gradients = tape.gradient(value, variables)
    return float(value), [np.asarray(g) for g in gradients]


@pytest.fixture(params=["simple_rnn", "lstm"])
def cell(request):
    return request.param


@pytest.fixture(params=["zero state", "carried state"])
def problem(request, cell):
    """Random weights, texts and initial state; one-hot `x` and `targets`."""
    rng = np.random.default_rng(7)
    columns = GATES[cell] * UNITS
    shapes = [
        (CHARACTERS, columns),  # W
        (UNITS, columns),  # U
        (columns,),  # b
        (UNITS, CHARACTERS),  # V
        (CHARACTERS,),  # d
    ]
    weights = [rng.normal(0, 1.5, shape) for shape in shapes]
    ids = rng.integers(CHARACTERS, size=(BATCH, TIME + 1))
    one_hot = np.eye(CHARACTERS)[ids.T]  # (time + 1, batch, characters)
    state = rng.normal(0, 0.7, (STATES[cell], BATCH, UNITS))
    if request.param == "zero state":
        state = np.zeros_like(state)
    return weights, ids, one_hot[:-1], one_hot[1:], state


def test_gradients_by_hand_equal_central_differences(cell, problem):
    weights, _, x, targets, state = problem
    by_hand = gradients_by_hand(cell, weights, x, targets, state)
    measured = gradients_by_differences(cell, weights, x, targets, state)
    for name, ours, theirs in zip(NAMES, by_hand, measured, strict=True):
        np.testing.assert_allclose(
            ours, theirs, rtol=0, atol=1e-8, err_msg=name
        )


def test_gradients_by_hand_equal_those_of_keras(cell, problem):
    weights, ids, x, targets, state = problem
    by_hand = gradients_by_hand(cell, weights, x, targets, state)
    loss, by_keras = gradients_by_keras(cell, weights, ids, state)
    expected = loss_by_hand(cell, weights, x, targets, state)[0]
    assert loss == pytest.approx(expected, abs=1e-5)
    for name, ours, theirs in zip(NAMES, by_hand, by_keras, strict=True):
        assert np.abs(ours).max() > 1e-2, f"{name}: too small to compare"
        np.testing.assert_allclose(
            ours, theirs, rtol=0, atol=1e-5, err_msg=name
        )
