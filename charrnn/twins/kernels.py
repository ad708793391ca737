"""Compile what stands between two matrix products into one program each."""

import functools

import tensorflow as tf

compiled = functools.partial(tf.function, jit_compile=True, autograph=False)


@functools.cache
def forward(equations, operands):
    """Compiles the gates and the states of a step.

    Args:
        equations: A class of `charrnn.equations`.
        operands: The `tf.DType` of the products, and of what is kept.

    Returns:
        A function of `x` `[block]`, `p` `[block][part of h]`, the biases
        `[block]` and the float32 memory. It returns the new memory, the new
        states as operands, and what is kept, two matrices each as one: more
        in one would be a kernel that XLA cuts for several cores, to wait for
        one another.
    """

    @compiled
    def compute(x, p, biases, memory):
        gates = equations.gates // len(x)
        x = [as_float(v) + bias[0] for v, bias in zip(x, biases, strict=True)]
        p = [total(v) for v in p]
        if equations.products == 2:
            p = [v + bias[1] for v, bias in zip(p, biases, strict=True)]
        x, p = (
            tf.nest.flatten([tf.split(block, gates, axis=1) for block in v])
            for v in (x, p)
        )
        states, kept = equations.forward(x, p, memory)
        rounded = [tf.cast(state, operands) for state in states]
        pairs = [kept[i : i + 2] for i in range(0, len(kept), 2)]
        kept = [_joined(pair, operands, axis=0) for pair in pairs]
        return states[-1], rounded, kept

    return compute


@functools.cache
def backward(equations, blocks):
    """Compiles the gradients of a step.

    Args:
        equations: A class of `charrnn.equations`.
        blocks: Into how many its gates are divided.

    Returns:
        A function of the gradients of `h`, by the output and by the products
        of the step after, and of the memory; of the memory before and after
        the step; of what is kept; and of a one. It returns the gradients of
        `x` and, if they differ, of `p`, `[product][block]`, and of the memory
        before.
    """

    @compiled
    def compute(d_output, d_products, d_memory, old, new, kept, one):
        operands, size = new.dtype, equations.gates // blocks

        def once(value):
            return value / one  # XLA repeats all else wherever it is used

        dx, dp, d_memory = equations.backward(
            once(as_float(d_output) + total(d_products)),
            d_memory,
            as_float(old),
            as_float(new),
            tf.nest.flatten([tf.split(as_float(pair), 2) for pair in kept]),
            once,
        )
        dz = [
            [
                _joined(d[i : i + size], operands, axis=1)
                for i in range(0, len(d), size)
            ]
            for d in (dx, dp)[: equations.products]
        ]
        return dz, d_memory

    return compute


def _joined(matrices, operands, axis):
    """Casts and concatenates.

    As bits, for XLA would concatenate bfloat16 as float32, and then compute
    element by element of the result, asking each time which matrix it is in.
    """
    matrices = [tf.cast(matrix, operands) for matrix in matrices]
    if operands == tf.bfloat16:
        matrices = [tf.bitcast(matrix, tf.uint16) for matrix in matrices]
    joined = tf.bitcast(tf.concat(matrices, axis), operands)
    return tf.stop_gradient(joined)  # bits have no gradient; `run` writes it


@compiled
def rounded_total(products):
    """Adds products up in float32, and rounds once, in one pass over all."""
    return tf.cast(total(products), products[0].dtype)


@compiled
def transpose(weights):
    """Transposes in memory: compiled, so that no product takes it over."""
    return tf.transpose(weights)


def total(products):
    """Adds products up in float32."""
    return sum(map(as_float, products))


def as_float(x):
    """Casts to float32."""
    return tf.cast(x, tf.float32)
