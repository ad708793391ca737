"""Compute what a step keeps inside, and its gradient, in NumPy.

For each kind of cell there are two functions, which the table of cells names:

- `..._parts(x, before, U)` computes all values inside a step: the gates, the
  candidate and the new states, by name;
- `..._gradient(parts, before, d_state, U)` is one step of back-propagation
  through time: from the gradients at the new states to those at `x` and at the
  states before.

The arguments are those of `charrnn.network.steps`, where the equations are,
and `d_state` is a tuple of gradients, like a state. Rows are independent of
each other: they may be texts, or the steps of one text.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from charrnn.network.steps import State, sigmoid

Parts = Mapping[str, np.ndarray]

# The change of central differences: its square is the relative error.
SMALL = 1e-5


def simple_rnn_parts(
    x: np.ndarray, before: State, U: np.ndarray
) -> dict[str, np.ndarray]:
    """The output of a SimpleRNN, which has nothing else inside.

    Args:
        x: Projected input, `(rows, units)`.
        before: `(h,)`, the state before.
        U: `(units, units)`.

    Returns:
        `h`, `(rows, units)`.

    Example:

    >>> zero = np.zeros((1, 1))
    >>> simple_rnn_parts(zero, (zero,), zero)
    {'h': array([[0.]])}
    """
    return {"h": np.tanh(x + before[0] @ U)}


def simple_rnn_gradient(
    parts: Parts, before: State, d_state: State, U: np.ndarray
) -> tuple[np.ndarray, State]:
    """The gradient of one step of a SimpleRNN.

    Args:
        parts: As `simple_rnn_parts` returns them.
        before: `(h,)`, the state before.
        d_state: The gradient at the new `(h,)`.
        U: `(units, units)`.

    Returns:
        `(d_x, d_before)`: the gradients at `x`, `(rows, units)`, and at the
        state before.

    Example:

    >>> one = np.ones((1, 1))
    >>> simple_rnn_gradient({"h": 0 * one}, (one,), (one,), 2 * one)
    (array([[1.]]), (array([[2.]]),))
    """
    d_x = d_state[0] * (1 - parts["h"] ** 2)
    return d_x, (d_x @ U.T,)


def lstm_parts(
    x: np.ndarray, before: State, U: np.ndarray
) -> dict[str, np.ndarray]:
    """The gates, the candidate, the cell state and the output of an LSTM.

    Args:
        x: Projected input, `(rows, 4 * units)`.
        before: `(h, c)`, the state before.
        U: `(units, 4 * units)`.

    Returns:
        `"input gate"`, `"forget gate"`, `"output gate"`, `"candidate"`, `"c"`
        and `"h"`, each `(rows, units)`.

    Example:

    >>> one, x = np.ones((1, 1)), np.zeros((1, 4))
    >>> lstm_parts(x, (one, one), 0 * x)["c"]  # each gate is half open
    array([[0.5]])
    """
    h, c = before
    i, f, g, o = np.split(x + h @ U, 4, axis=-1)
    i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
    c = f * c + i * g
    return {
        "input gate": i, "forget gate": f, "output gate": o,
        "candidate": g, "c": c, "h": o * np.tanh(c),
    }  # fmt: skip


def lstm_gradient(
    parts: Parts, before: State, d_state: State, U: np.ndarray
) -> tuple[np.ndarray, State]:
    """The gradient of one step of an LSTM.

    Args:
        parts: As `lstm_parts` returns them.
        before: `(h, c)`, the state before.
        d_state: The gradients at the new `(h, c)`.
        U: `(units, 4 * units)`.

    Returns:
        `(d_x, d_before)`: the gradients at `x`, `(rows, 4 * units)`, and at
        the states before.

    Example:

    >>> one, x = np.ones((1, 1)), np.zeros((1, 4))
    >>> parts = lstm_parts(x, (one, one), 0 * x)
    >>> _, (d_h, d_c) = lstm_gradient(parts, (one, one), (0 * one, one), 0 * x)
    >>> d_c  # c = f c + i g, and f is half open
    array([[0.5]])
    """
    names = "input gate", "forget gate", "candidate", "output gate"
    i, f, g, o = (parts[name] for name in names)
    d_h, d_c = d_state
    squashed = np.tanh(parts["c"])
    d_c = d_c + d_h * o * (1 - squashed**2)
    d_x = np.concatenate(
        [
            d_c * g * i * (1 - i),
            d_c * before[1] * f * (1 - f),
            d_c * i * (1 - g**2),
            d_h * squashed * o * (1 - o),
        ],
        axis=-1,
    )
    return d_x, (d_x @ U.T, d_c * f)


def gru_parts(
    x: np.ndarray, before: State, U: np.ndarray, b: np.ndarray
) -> dict[str, np.ndarray]:
    """The gates, the candidate and the output of a GRU.

    Args:
        x: Projected input, `(rows, 3 * units)`.
        before: `(h,)`, the state before.
        U: `(units, 3 * units)`.
        b: Bias of the recurrent product, `(3 * units,)`.

    Returns:
        `"update gate"`, `"reset gate"`, `"candidate"` and `"h"`, each
        `(rows, units)`.

    Example:

    >>> one, x = np.ones((1, 1)), np.zeros((1, 3))
    >>> gru_parts(x, (one,), 0 * x, x[0])["h"]  # the update gate is half open
    array([[0.5]])
    """
    (h,) = before
    units = h.shape[-1]
    inner = h @ U + b
    z, r = np.split(sigmoid((x + inner)[..., : 2 * units]), 2, axis=-1)
    g = np.tanh(x[..., 2 * units :] + r * inner[..., 2 * units :])
    return {
        "update gate": z, "reset gate": r,
        "candidate": g, "h": z * h + (1 - z) * g,
    }  # fmt: skip


def gru_gradient(
    parts: Parts,
    before: State,
    d_state: State,
    U: np.ndarray,
    b: np.ndarray,
) -> tuple[np.ndarray, State]:
    """The gradient of one step of a GRU.

    Args:
        parts: As `gru_parts` returns them.
        before: `(h,)`, the state before.
        d_state: The gradient at the new `(h,)`.
        U: `(units, 3 * units)`.
        b: Bias of the recurrent product, `(3 * units,)`.

    Returns:
        `(d_x, d_before)`: the gradients at `x`, `(rows, 3 * units)`, and at
        the state before.

    Example:

    >>> one, x = np.ones((1, 1)), np.zeros((1, 3))
    >>> parts = gru_parts(x, (one,), 0 * x, x[0])
    >>> gru_gradient(parts, (one,), (one,), 0 * x, x[0])[1]
    (array([[0.5]]),)
    """
    z, r, g = (parts[n] for n in ("update gate", "reset gate", "candidate"))
    (h,), (d_h,) = before, d_state
    units = h.shape[-1]
    product = h @ U[:, 2 * units :] + b[2 * units :]
    d_g = d_h * (1 - z) * (1 - g**2)
    d_z = d_h * (h - g) * z * (1 - z)
    d_r = d_g * product * r * (1 - r)
    d_x = np.concatenate([d_z, d_r, d_g], axis=-1)
    d_inner = np.concatenate([d_z, d_r, d_g * r], axis=-1)
    return d_x, (d_h * z + d_inner @ U.T,)


def numeric_gradient(
    step: Callable[..., State],
    x: np.ndarray,
    before: State,
    d_state: State,
    weights: Sequence[np.ndarray],
) -> tuple[np.ndarray, State]:
    """The gradient of a step of any cell, from central differences.

    Args:
        step: Of the cell, as `charrnn.network.steps` describes it.
        x: Projected input, `(rows, columns)`.
        before: The state before.
        d_state: The gradients at the new state.
        weights: What the step takes besides: U, and perhaps a bias.

    Returns:
        `(d_x, d_before)`: as the gradient of a cell of the table, in float64.

    Example:

    >>> from charrnn.network.steps import simple_rnn_step
    >>> zero, one = np.zeros((1, 1)), np.ones((1, 1))
    >>> d_x, _ = numeric_gradient(simple_rnn_step, zero, (zero,), (one,), [one])
    >>> d_x.round(6)
    array([[1.]])
    """
    given = [np.asarray(array, np.float64) for array in (x, *before)]
    weights = [np.asarray(array, np.float64) for array in weights]

    def weighed(arrays):
        after = step(arrays[0], tuple(arrays[1:]), *weights)
        parts = zip(after, d_state, strict=True)
        return sum((new * d).sum(-1) for new, d in parts)

    found = [np.empty(array.shape) for array in given]
    for number, array in enumerate(given):
        for column in range(array.shape[-1]):
            both = []
            for change in (SMALL, -SMALL):
                changed = array.copy()
                changed[..., column] += change
                rest = given[:number], given[number + 1 :]
                both.append(weighed([*rest[0], changed, *rest[1]]))
            found[number][..., column] = (both[0] - both[1]) / (2 * SMALL)
    d_x, *d_before = found
    return d_x, tuple(d_before)
