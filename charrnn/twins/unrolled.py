"""Run a small recurrent layer over a window, without a loop in TensorFlow.

A step of a small layer is mostly the starting of operations. Those of a
`tf.while_loop`, which hand values from one turn to the next and store them,
take as long as the arithmetic. So the graph has the products and the kernels
of every step of the window, one after the other (benchmark: "no loop: the
graph has every step").

In all else it is `loops.py` with less to divide: the units are not cut into
parts, nor the weights into tiles. Of a window whose length is not
known when the graph is built, nothing is unrolled.
"""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from charrnn.twins import loops
from charrnn.twins.equations import Equations
from charrnn.twins.kernels import as_float, compiled
from charrnn.twins.products import (
    multiply,
    over_steps,
    right_factor,
    sum_of_outer,
)

# Building the graph takes 3 to 8 ms for each step of each group of rows. From
# 256 units on, two cores share a layer's units, as only `loops.py` lets them.
MAX_STEPS = 256  # of all groups together
MAX_UNITS = 255

Matrices = Sequence[tf.Tensor]


class _Tape(NamedTuple):
    """What the steps computed.

    Attributes:
        outputs: `h` before the first step and after each, in the precision of
            the products.
        memories: The memory at the same times, float32.
        kept: What `Equations.forward` keeps at each step, as the outputs.
    """

    outputs: list[tf.Tensor]
    memories: list[tf.Tensor]
    kept: list[Matrices]


def run(
    equations: type[Equations],
    inputs: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor,
    states: Sequence[tf.Tensor],
    parts: int = 1,
    *masks: tf.Tensor | None,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Runs one recurrent layer over all steps.

    A layer whose states are masked is left to `loops.run`.

    Args:
        equations: A class of `charrnn.twins.equations`.
        inputs: `(T, B, I)`, as for `loops.run`; `T` must be known.
        kernel: `W`, float32, `(I, G H)`.
        recurrent_kernel: `U`, float32, `(H, G H)`.
        bias: float32, `(products, G H)`.
        states: The initial states, float32, `(B, H)` each, `h` first.
        parts: For `loops.run` only.
        *masks: The further arguments of `loops.run`.

    Returns:
        The outputs `h`, `(T, B, H)`, and the final states: those of
        `loops.run`, but for rounding.

    Example:

    >>> from charrnn.twins.equations import SimpleRNN
    >>> outputs, (last,) = run(
    ...     SimpleRNN, tf.ones((5, 2, 3)), tf.ones((3, 4)),
    ...     tf.ones((4, 4)), tf.zeros((1, 4)), [tf.zeros((2, 4))]
    ... )
    >>> outputs.shape, last.shape
    (TensorShape([5, 2, 4]), TensorShape([2, 4]))
    """
    weights = kernel, recurrent_kernel, bias
    if any(mask is not None for mask in masks):
        return loops.run(equations, inputs, *weights, states, parts, *masks)

    # As in `loops.run`, TensorFlow sees one operation with its gradient.
    @tf.custom_gradient
    def layer(inputs, kernel, recurrent_kernel, bias, *states):
        kernel = tf.cast(kernel, inputs.dtype)
        recurrent = tf.cast(recurrent_kernel, inputs.dtype)
        last, tape = _forward(
            equations, over_steps(inputs, kernel), recurrent, bias, states
        )
        h = tf.stack(tape.outputs)  # (T + 1, B, H)

        def gradient(d_outputs, *d_last):
            dz, d_states = _backward(
                equations, d_outputs, d_last, recurrent, tape
            )
            dx, dp, ones = dz[0], dz[-1], tf.ones_like(inputs[:, :, :1])
            return (
                over_steps(dx, kernel, transposed=True),
                sum_of_outer(inputs, dx),
                sum_of_outer(h[:-1], dp),
                tf.concat([sum_of_outer(ones, d) for d in dz], axis=0),
                *d_states,
            )

        return (h[1:], *last), gradient

    outputs, *last = layer(inputs, *weights, *states)
    return outputs, last


def is_small(steps: int | None, groups: int, units: int) -> bool:
    """Whether the steps of a layer are worth having in the graph.

    Args:
        steps: Steps of a window; `None` if not known.
        groups: Number of groups of rows that are run separately.
        units: Units of the layer.

    Example:

    >>> is_small(64, 2, 128), is_small(None, 2, 128), is_small(64, 2, 512)
    (True, False, False)
    """
    return 1 <= groups * (steps or 0) <= MAX_STEPS and units <= MAX_UNITS


def _forward(
    equations: type[Equations],
    projected: tf.Tensor,
    recurrent: tf.Tensor,
    bias: tf.Tensor,
    states: Sequence[tf.Tensor],
) -> tuple[list[tf.Tensor], _Tape]:
    """Computes the states of all steps, from the first to the last.

    Args:
        equations: A class of `charrnn.twins.equations`.
        projected: The inputs' products with `W`, `(T, B, G H)`.
        recurrent: `U`, in the precision of the products.
        bias: float32, `(products, G H)`.
        states: The initial states.

    Returns:
        The final states, float32, and the tape.
    """
    compute, factor = _compiled_forward(equations), right_factor(recurrent)
    first, memory = tf.cast(states[0], recurrent.dtype), states[-1]
    tape = _Tape([first], [memory], [])
    for x in tf.unstack(projected):
        p = multiply(tape.outputs[-1], factor)
        h, memory, kept = compute(x, p, bias, tape.memories[-1])
        tape.outputs.append(h)
        tape.memories.append(memory)
        tape.kept.append(kept)
    last = [as_float(tape.outputs[-1]), tape.memories[-1]]
    return last[-len(states) :], tape


def _backward(
    equations: type[Equations],
    d_outputs: tf.Tensor,
    d_last: Sequence[tf.Tensor],
    recurrent: tf.Tensor,
    tape: _Tape,
) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
    """Carries the gradients of the states from the last step to the first.

    Returns:
        The gradients of the inputs' products and, if they differ, of the
        states' products at all steps, `(T, B, G H)`, and those of the initial
        states.
    """
    separate = len(d_last) > 1  # the memory is c, not h
    compute = _compiled_backward(equations, recurrent.dtype)
    factor = right_factor(recurrent, transposed=True)
    d_memory = d_last[-1]
    d_hidden = d_last[0] if separate else tf.zeros_like(d_memory)
    d_hidden = tf.cast(d_hidden, recurrent.dtype)
    steps = zip(
        tf.unstack(d_outputs),
        tape.memories[:-1],
        tape.memories[1:],
        tape.kept,
        strict=True,
    )
    dz = []
    for d_output, *values in reversed(list(steps)):
        of_step, d_memory = compute(d_output, d_hidden, d_memory, *values)
        d_hidden = multiply(of_step[-1], factor)
        dz.append(of_step)
    d_h = as_float(d_hidden)
    d_states = [d_h, d_memory] if separate else [d_h + d_memory]
    return [tf.stack(d[::-1]) for d in zip(*dz, strict=True)], d_states


@functools.cache
def _compiled_forward(equations: type[Equations]) -> Callable:
    """The gates and the states of a step.

    Returns:
        A function of the products of the input and of the previous output,
        the biases, and the memory. It returns `h` in the precision of the
        products, the memory, and what is kept.
    """

    @compiled
    def compute(x, p, bias, memory):
        operands, x, p = p.dtype, as_float(x) + bias[0], as_float(p)
        if equations.products == 2:
            p = p + bias[1]
        states, kept = equations.forward(
            _gates(x, equations), _gates(p, equations), memory
        )
        kept = [tf.cast(value, operands) for value in kept]
        return tf.cast(states[0], operands), states[-1], kept

    return compute


@functools.cache
def _compiled_backward(
    equations: type[Equations], operands: tf.DType
) -> Callable:
    """The gradients of a step.

    Returns:
        A function of the gradients of the output, of `h` through the next
        step and of the memory, the memory before and after the step, and what
        is kept. It returns the gradients of `x` and, if they differ, of `p`,
        and that of the memory before the step.
    """

    @compiled
    def compute(d_output, d_hidden, d_memory, old, new, kept):
        dx, dp, d_memory = equations.backward(
            as_float(d_output) + as_float(d_hidden),
            d_memory,
            old,
            new,
            [as_float(value) for value in kept],
            lambda value: value,  # so few values may be computed twice
        )
        each = (dx, dp)[: equations.products]
        return [tf.cast(tf.concat(d, axis=1), operands) for d in each], d_memory

    return compute


def _gates(columns: tf.Tensor, equations: type[Equations]) -> list[tf.Tensor]:
    return tf.split(columns, equations.gates, axis=1)
