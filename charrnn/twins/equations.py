"""Compute one training step of SimpleRNN, LSTM or GRU, and its gradient.

These are the textbook equations, element by element. The matrix products
around them are in `loops.py`, which runs them for every step; `kernels.py`
compiles them. `tests/twins/test_bptt.py` derives the same gradients in NumPy.

A step of `B` rows and `H` units computes, from matrices `(B, H)`, one per gate:

    x       the input's product with W, plus bias
    p       the product of the previous output h with U
    memory  the other value carried between steps: c in an LSTM, else h

`forward` returns the new states, the memory last, and the matrices that
`backward` needs in addition to the memory. Their number, `kept`, is even,
because `kernels.py` stores them in pairs.

`backward` is the chain rule for that step. It gets `dh`, the gradient of the
loss with respect to the new h along every path except the memory; `d_memory`,
the gradient with respect to the new memory; the memory before and after the
step; and the matrices that `forward` kept. It returns the gradients of `x`, of
`p` and of the old memory, the last without the part that flows through `p`.
`once(value)` returns the value, but stops XLA from recomputing it in every
kernel that uses it.

They are written in `keras.ops`, for the loops of TensorFlow (`loops.py`) and
for those of JAX (`scans.py`).
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol

from charrnn.network.backend import keras

Tensor = Any  # of TensorFlow or of JAX
Matrices = Sequence[Tensor]
Step = tuple[list[Tensor], list[Tensor]]  # the states, what is kept
Gradients = tuple[list[Tensor], list[Tensor], Tensor]
Once = Callable[[Tensor], Tensor]


class Equations(Protocol):
    """The interface of a cell to the loops, as the classes below implement it.

    Attributes:
        gates: Number of gates, the candidate included: 4 for an LSTM, of
            which `Cell.gates` in `charrnn/network/cells.py` names 3.
        products: 2 if the gradients of `x` and of `p` differ, otherwise 1.
            It is also the number of biases.
        kept: Number of matrices that `forward` keeps for `backward`; even.
    """

    gates: ClassVar[int]
    products: ClassVar[int]
    kept: ClassVar[int]

    @staticmethod
    def forward(x: Matrices, p: Matrices, memory: Tensor) -> Step:
        """Returns the new states, the memory last, and what is kept."""

    @staticmethod
    def backward(
        dh: Tensor,
        d_memory: Tensor,
        old: Tensor,
        new: Tensor,
        kept: Matrices,
        once: Once,
    ) -> Gradients:
        """Returns the gradients of `x`, of `p` and of the old memory."""


class SimpleRNN:
    """`h = tanh(x + p)` (Elman 1990).

    Example:

    >>> one = keras.ops.ones(1)
    >>> [h], kept = SimpleRNN.forward([one], [-one], memory=one)
    >>> float(h[0])
    0.0
    """

    gates, products, kept = 1, 1, 0

    @staticmethod
    def forward(x: Matrices, p: Matrices, memory: Tensor) -> Step:
        return [keras.ops.tanh(x[0] + p[0])], []

    @staticmethod
    def backward(
        dh: Tensor,
        d_memory: Tensor,
        old: Tensor,
        new: Tensor,
        kept: Matrices,
        once: Once,
    ) -> Gradients:
        dz = [(dh + d_memory) * (1 - new * new)]  # tanh' = 1 - tanh^2
        return dz, dz, keras.ops.zeros_like(dh)  # h reaches h only through p


class LSTM:
    """`c = f c + i g`, `h = o tanh(c)`.

    The cell of Hochreiter and Schmidhuber 1997 with the forget gate of Gers
    et al. 2000, and without peepholes, as in Keras.

    Example:

    >>> zeros = [keras.ops.zeros(1)] * 4
    >>> (h, c), kept = LSTM.forward(zeros, zeros, memory=keras.ops.ones(1))
    >>> float(c[0])  # the gates are half open: half of c is forgotten
    0.5
    """

    gates, products, kept = 4, 1, 4

    @staticmethod
    def forward(x: Matrices, p: Matrices, memory: Tensor) -> Step:
        i, f, g, o = (a + b for a, b in zip(x, p, strict=True))
        i, f, g, o = sigmoid(i), sigmoid(f), keras.ops.tanh(g), sigmoid(o)
        c = f * memory + i * g
        return [o * keras.ops.tanh(c), c], [i, f, g, o]

    @staticmethod
    def backward(
        dh: Tensor,
        d_memory: Tensor,
        old: Tensor,
        new: Tensor,
        kept: Matrices,
        once: Once,
    ) -> Gradients:
        i, f, g, o = kept
        tanh_c = keras.ops.tanh(new)  # recomputed: c is stored anyway
        # c gets its gradient from the next step and, through tanh, from h.
        dc = once(d_memory + dh * o * (1 - tanh_c * tanh_c))
        dz = [  # with sigmoid' = sigmoid (1 - sigmoid), tanh' = 1 - tanh^2
            dc * g * i * (1 - i),
            dc * old * f * (1 - f),
            dc * i * (1 - g * g),
            dh * tanh_c * o * (1 - o),
        ]
        return dz, dz, dc * f


class GRU:
    """`h = z h + (1 - z) g`, `g = tanh(x + r p)`.

    The cell of Cho et al. 2014 in the variant that Keras calls `reset_after`
    and cuDNN computes: the reset gate `r` multiplies the product with `U`
    instead of its input. One product then serves all three gates, but in the
    candidate `g` the gradients of `x` and of `p` differ by the factor `r`.

    Example:

    >>> zeros = [keras.ops.zeros(1)] * 3
    >>> [h], kept = GRU.forward(zeros, zeros, memory=keras.ops.ones(1))
    >>> float(h[0])  # z is half open, and the candidate is 0
    0.5
    """

    gates, products, kept = 3, 2, 4

    @staticmethod
    def forward(x: Matrices, p: Matrices, memory: Tensor) -> Step:
        (x_z, x_r, x_g), (p_z, p_r, p_g) = x, p
        z, r = sigmoid(x_z + p_z), sigmoid(x_r + p_r)
        g = keras.ops.tanh(x_g + r * p_g)
        return [z * memory + (1 - z) * g], [z, r, g, p_g]

    @staticmethod
    def backward(
        dh: Tensor,
        d_memory: Tensor,
        old: Tensor,
        new: Tensor,
        kept: Matrices,
        once: Once,
    ) -> Gradients:
        z, r, g, p_g = kept
        dh = once(dh + d_memory)  # the memory is h itself
        dz = dh * (old - g) * z * (1 - z)
        dg = dh * (1 - z) * (1 - g * g)
        dr = dg * p_g * r * (1 - r)
        return [dz, dr, dg], [dz, dr, dg * r], dh * z


def sigmoid(x: Tensor) -> Tensor:
    """The logistic function, computed from tanh, for which XLA is faster.

    Example:

    >>> float(sigmoid(keras.ops.zeros(())))
    0.5
    """
    return 0.5 * keras.ops.tanh(0.5 * x) + 0.5
