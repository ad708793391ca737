"""Compute one step of a SimpleRNN, an LSTM or a GRU in NumPy.

Each function reads one character of every sequence. Its arguments:

- `x`: the input, already multiplied by the input weights, plus the bias:
  `(batch, blocks * units)`;
- `state`: a tuple of arrays `(batch, units)`, the hidden state `h` first;
- `U`: the recurrent weights, `(units, blocks * units)`.

Here a block is the columns of one gate or of the candidate, in Keras's order.
(In `charrnn.twins` it is a group of gates.) Each function returns the new
state, a tuple of the same form. `h` is also the output of the layer.
"""

import numpy as np

HALF = np.float32(0.5)

State = tuple[np.ndarray, ...]


def simple_rnn_step(x: np.ndarray, state: State, U: np.ndarray) -> State:
    """Elman 1990: h = tanh(x + h U).

    Args:
        x: Projected input, `(batch, units)`.
        state: `(h,)`.
        U: `(units, units)`.

    Returns:
        The new `(h,)`.

    Example:

    >>> zero, one = np.zeros((1, 1), "f4"), np.ones((1, 1), "f4")
    >>> simple_rnn_step(one, (zero,), one)  # tanh(1)
    (array([[0.7615942]], dtype=float32),)
    """
    (h,) = state
    return (np.tanh(x + h @ U),)


def lstm_step(x: np.ndarray, state: State, U: np.ndarray) -> State:
    """Hochreiter and Schmidhuber 1997, with Gers et al.'s forget gate (2000).

    i, f, o = sigmoid(x + h U)    input, forget and output gate
    g = tanh(x + h U)             candidate
    c = f c + i g
    h = o tanh(c)

    each with its own block of the columns of x and U.

    Args:
        x: Projected input, `(batch, 4 * units)`: blocks i, f, g, o.
        state: `(h, c)`.
        U: `(units, 4 * units)`.

    Returns:
        The new `(h, c)`.

    Example:

    >>> x, U = np.zeros((1, 4), "f4"), np.zeros((1, 4), "f4")
    >>> h, c = np.zeros((1, 1), "f4"), np.ones((1, 1), "f4")
    >>> lstm_step(x, (h, c), U)[1]  # each gate is half open, g is 0
    array([[0.5]], dtype=float32)
    """
    h, c = state
    units = h.shape[-1]
    z = x + h @ U
    # The sigmoid of the candidate's block is computed but not used: one call
    # on the whole array costs less than three on its parts.
    gates = sigmoid(z)
    i, f, o = gates[:, :units], gates[:, units : 2 * units], gates[:, -units:]
    c = f * c + i * np.tanh(z[:, 2 * units : -units])
    return o * np.tanh(c), c


def gru_step(
    x: np.ndarray, state: State, U: np.ndarray, b: np.ndarray
) -> State:
    """Cho et al. 2014, in the form where the reset gate follows U.

    z, r = sigmoid(x + h U + b)       update and reset gate
    g = tanh(x + r (h U + b))         candidate
    h = z h + (1 - z) g

    each with its own block of the columns of x, U and b. Because the reset
    gate comes after the product (Keras's `reset_after`), one product is
    enough for all three.

    Args:
        x: Projected input, `(batch, 3 * units)`: blocks z, r, g.
        state: `(h,)`.
        U: `(units, 3 * units)`.
        b: Bias of the recurrent product, `(3 * units,)`.

    Returns:
        The new `(h,)`.

    Example:

    >>> x, U, b = np.zeros((1, 3), "f4"), np.zeros((1, 3), "f4"), np.zeros(3)
    >>> gru_step(x, (np.ones((1, 1), "f4"),), U, b)  # z is half open, g is 0
    (array([[0.5]]),)
    """
    (h,) = state
    units = h.shape[-1]
    inner = h @ U + b
    gates = sigmoid(x[:, : 2 * units] + inner[:, : 2 * units])
    z, r = gates[:, :units], gates[:, units:]
    candidate = np.tanh(x[:, 2 * units :] + r * inner[:, 2 * units :])
    return (z * h + (1 - z) * candidate,)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), computed from tanh, which is fastest in NumPy.

    Args:
        x: Of any shape.

    Returns:
        An array of the same shape, each value from 0 to 1.

    Example:

    >>> sigmoid(np.zeros(2, "f4"))
    array([0.5, 0.5], dtype=float32)
    """
    y = np.tanh(x * HALF)
    y *= HALF
    y += HALF
    return y
