"""The equations of SimpleRNN, LSTM and GRU, with their gradients by hand.

Each class holds one step of its cell. What goes from step to step besides the
product `p` of `h` is the memory: `c` in an LSTM, `h` itself in the others.
`forward` gets the products of the input and of the state with their weights,
`x` and `p`, lists with one matrix a gate, and the memory. It returns the new
states, the memory last, and the matrices that `backward` will want besides
the memory, an even number of them. `backward` gets the gradients of `h` (where
it is an output or in a product) and of the new memory; the memory before and
after the step; and what was kept. It returns the gradients of `x`, of `p`, and
of the old memory where it is not in `p`. `once` makes a value be computed once
and not anew in each result that it is part of.
"""

import tensorflow as tf


class SimpleRNN:
    """`h = tanh(x + p)` (Elman 1990)."""

    gates, products, kept = 1, 1, 0

    @staticmethod
    def forward(x, p, memory):
        return [tf.tanh(x[0] + p[0])], []

    @staticmethod
    def backward(dh, d_memory, old, new, kept, once):
        dz = [(dh + d_memory) * (1 - new * new)]
        return dz, dz, tf.zeros_like(dh)


class LSTM:
    """`c = f c + i g`, `h = o tanh(c)` (Gers et al. 2000)."""

    gates, products, kept = 4, 1, 4

    @staticmethod
    def forward(x, p, memory):
        i, f, g, o = (a + b for a, b in zip(x, p, strict=True))
        i, f, g, o = sigmoid(i), sigmoid(f), tf.tanh(g), sigmoid(o)
        c = f * memory + i * g
        return [o * tf.tanh(c), c], [i, f, g, o]

    @staticmethod
    def backward(dh, d_memory, old, new, kept, once):
        i, f, g, o = kept
        tanh_c = tf.tanh(new)
        dc = once(d_memory + dh * o * (1 - tanh_c * tanh_c))
        dz = [
            dc * g * i * (1 - i),
            dc * old * f * (1 - f),
            dc * i * (1 - g * g),
            dh * tanh_c * o * (1 - o),
        ]
        return dz, dz, dc * f


class GRU:
    """`h = z h + (1 - z) tanh(x + r p)` (Cho et al. 2014, reset after)."""

    gates, products, kept = 3, 2, 4

    @staticmethod
    def forward(x, p, memory):
        (x_z, x_r, x_g), (p_z, p_r, p_g) = x, p
        z, r = sigmoid(x_z + p_z), sigmoid(x_r + p_r)
        g = tf.tanh(x_g + r * p_g)
        return [z * memory + (1 - z) * g], [z, r, g, p_g]

    @staticmethod
    def backward(dh, d_memory, old, new, kept, once):
        z, r, g, p_g = kept
        dh = once(dh + d_memory)
        dz = dh * (old - g) * z * (1 - z)
        dg = dh * (1 - z) * (1 - g * g)
        dr = dg * p_g * r * (1 - r)
        return [dz, dr, dg], [dz, dr, dg * r], dh * z


def sigmoid(x):
    """The logistic function: XLA has better code for tanh than for it."""
    return 0.5 * tf.tanh(0.5 * x) + 0.5
