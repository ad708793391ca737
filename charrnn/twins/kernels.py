"""Compile the element-wise work of a step, between two matrix products.

TensorFlow starts an operation for every `+` and `tanh`; XLA compiles
everything between the products of a step into a few loops over memory. The
products stay outside, because XLA's own are slower than oneDNN's (benchmark:
"products inside XLA"). In `[block]`, a block is a group of gates within a part
of the units, as in `tiles.py`. Three habits of XLA on CPUs shape the code:

- It splits a kernel that touches more than 512 KB across threads, which then
  have to synchronise. So matrices are concatenated in pairs and no further
  (benchmark: "gates kept in pairs").
- It computes a concatenation element by element, choosing the source for
  each. So gates stay separate matrices (benchmark: "gates as separate
  matrices"), and matrices that must be concatenated are joined as bits, which
  XLA copies (benchmark: "gradients of the gates concatenated as bits").
- It recomputes a cheap value in every kernel that uses it. `once` prevents
  that (benchmark: "computed once").
"""

import functools
from collections.abc import Callable, Sequence

import tensorflow as tf

from charrnn.twins.equations import Equations

compiled = functools.partial(tf.function, jit_compile=True, autograph=False)


@functools.cache
def forward(equations: type[Equations], operands: tf.DType) -> Callable:
    """Compiles the gates and the states of a step, for one part of the units.

    Args:
        equations: A class of `charrnn.twins.equations`.
        operands: The `tf.DType` of the products, and of the values kept for
            the gradient.

    Returns:
        A function of

        - `x`, the input's products, `[block]`,
        - `p`, the products of the previous output, `[block][part of h]`,
          which are summed here,
        - the biases, `[block]`, each `(products, columns)`,
        - the memory, float32, `(B, units of the part)`,
        - the factors of `keeping.Keep` before the step, or `None`,
        - the masks of recurrent dropout, a list, one per gate, or `None`.

        It returns the new memory in float32, the new states in the type of
        the operands, the matrices kept for the gradient, in pairs: each
        tensor is two of them, concatenated along their rows; and with masks
        the left factors of the next products, one for each mask.

    Example:

    >>> from charrnn.twins.equations import SimpleRNN
    >>> zeros, ones = tf.zeros((2, 3)), tf.ones((2, 3))
    >>> step = forward(SimpleRNN, tf.bfloat16)
    >>> h, [operand], kept, _ = step([ones], [[-ones]], [zeros[:1]], zeros)
    >>> float(h[0, 0]), operand.dtype.name, kept
    (0.0, 'bfloat16', [])
    """

    @compiled
    def compute(x, p, biases, memory, kept_before=None, masks=None):
        gates = equations.gates // len(x)  # of a block
        x = [as_float(v) + bias[0] for v, bias in zip(x, biases, strict=True)]
        p = [total(v) for v in p]
        both = equations.products == 2  # a GRU has a bias on both sides of `r`
        if both and kept_before is None:
            p = [v + bias[1] for v, bias in zip(p, biases, strict=True)]
        x, p = _split(x, gates), _split(p, gates)
        if kept_before is not None:
            # Gate by gate: XLA would take twice as long for whole blocks.
            p, memory = [v * kept_before for v in p], memory * kept_before
            if both:
                own = _split([bias[1:] for bias in biases], gates)
                p = [v + bias for v, bias in zip(p, own, strict=True)]
        states, kept = equations.forward(x, p, memory)
        rounded = [tf.cast(state, operands) for state in states]
        pairs = [kept[i : i + 2] for i in range(0, len(kept), 2)]
        kept = [_joined(pair, operands, axis=0) for pair in pairs]
        left_factors = masked(rounded[0], masks) if masks else []
        return states[-1], rounded, kept, left_factors

    return compute


def _split(blocks: Sequence[tf.Tensor], gates: int) -> list[tf.Tensor]:
    """Splits blocks into their gates."""
    return tf.nest.flatten([tf.split(b, gates, axis=1) for b in blocks])


@functools.cache
def backward(equations: type[Equations], blocks: int) -> Callable:
    """Compiles the gradients of a step, for one part of the units.

    Args:
        equations: A class of `charrnn.twins.equations`.
        blocks: Number of blocks that the gates of a part are divided into.

    Returns:
        A function of

        - the gradient of the output `h`,
        - the gradients of `h` through the products of the next step, a list
          to be summed,
        - the gradient of the memory, float32,
        - the memory before and after the step,
        - the matrices that `forward` kept,
        - the number 1, which XLA must not be able to infer: see `once`,
        - the factors of `keeping.Keep` before the step and after it, or `None`,
        - the masks of recurrent dropout, as for `forward`.

        It returns the gradients of `x` and, if they differ, of `p`,
        `[product][block]`, and that of the memory before the step.

    Example:

    >>> from charrnn.twins.equations import SimpleRNN
    >>> zeros, ones = tf.zeros((2, 3)), tf.ones((2, 3))
    >>> step = backward(SimpleRNN, blocks=1)
    >>> [[dx]], _ = step(ones, [zeros], zeros, zeros, zeros, [], tf.ones(()))
    >>> float(dx[0, 0])  # tanh' is 1 where h is 0
    1.0
    """

    @compiled
    def compute(
        d_output, d_products, d_memory, old, new, kept, one,
        kept_before=None, kept_after=None, masks=None,
    ):  # fmt: skip
        operands, size = new.dtype, equations.gates // blocks
        old, d_hidden = as_float(old), masked_total(d_products, masks)
        if kept_before is not None:
            old, d_hidden = old * kept_before, d_hidden * kept_after

        def once(value):
            # XLA recomputes cheap operations. A division by an unknown number
            # is too expensive for that, and a division by 1 changes no bit.
            return value / one

        dx, dp, d_memory = equations.backward(
            once(as_float(d_output) + d_hidden),
            d_memory,
            old,
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
        if kept_before is not None:
            d_memory = d_memory * kept_before
        return dz, d_memory

    return compute


def _joined(
    matrices: Sequence[tf.Tensor], operands: tf.DType, axis: int
) -> tf.Tensor:
    """Casts and concatenates.

    bfloat16 is concatenated as bits. Otherwise XLA would do it as float32,
    choosing the source matrix for each element of the result.
    """
    matrices = [tf.cast(matrix, operands) for matrix in matrices]
    if operands == tf.bfloat16:
        matrices = [tf.bitcast(matrix, tf.uint16) for matrix in matrices]
    joined = tf.bitcast(tf.concat(matrices, axis), operands)
    # Bits have no gradient, and need none: `loops.run` defines its own.
    return tf.stop_gradient(joined)


@compiled
def rounded_total(products: Sequence[tf.Tensor]) -> tf.Tensor:
    """Sums in float32 and rounds once, in one pass over the memory.

    Example:

    >>> float(rounded_total([tf.ones(2, tf.bfloat16)] * 3)[0])
    3.0
    """
    return tf.cast(total(products), products[0].dtype)


@compiled
def transpose(weights: tf.Tensor) -> tf.Tensor:
    """Transposes in memory.

    Compiled, because TensorFlow's optimizer would turn its own `transpose`
    into an argument of the product that follows.

    Example:

    >>> transpose(tf.ones((2, 3))).shape
    TensorShape([3, 2])
    """
    return tf.transpose(weights)


def total(products: Sequence[tf.Tensor]) -> tf.Tensor:
    """Sums in float32.

    Example:

    >>> total([tf.ones(2, tf.bfloat16)] * 3).dtype
    tf.float32
    """
    return sum(map(as_float, products))


def masked_total(
    products: Sequence[tf.Tensor], masks: Sequence[tf.Tensor] | None
) -> tf.Tensor:
    """Sums the gradients of left factors to that of `h`, in float32.

    Args:
        products: `[part][gate]`, flat; without masks, in any order.
        masks: For each gate, True where it reads a unit of `h`; or `None`.

    Example:

    >>> masks = [tf.constant([True, True]), tf.constant([True, False])]
    >>> masked_total([tf.ones(2)] * 4, masks).numpy().tolist()
    [4.0, 2.0]
    """
    if masks is None:
        return total(products)
    gates = len(masks)
    of_gates = [total(products[gate::gates]) for gate in range(gates)]
    return sum(map(dropped, of_gates, masks))


def masked(h: tf.Tensor, masks: Sequence[tf.Tensor] | None) -> list[tf.Tensor]:
    """The left factors that have `h`: one for each mask, or `h` alone.

    Example:

    >>> len(masked(tf.ones(2), None)), len(masked(tf.ones(2), [True, False]))
    (1, 2)
    """
    if masks is None:
        return [h]
    return [dropped(h, mask) for mask in masks]


def dropped(h: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Sets to zero what a mask drops.

    Example:

    >>> dropped(tf.ones(2), tf.constant([True, False])).numpy().tolist()
    [1.0, 0.0]
    """
    return tf.where(mask, h, tf.zeros((), h.dtype))


def as_float(x: tf.Tensor) -> tf.Tensor:
    """Casts to float32.

    Example:

    >>> as_float(tf.ones(2, tf.bfloat16)).dtype
    tf.float32
    """
    return tf.cast(x, tf.float32)
