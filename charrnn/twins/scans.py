"""Run a recurrent layer over a window of steps in JAX, forward and backward.

The counterpart of `loops.py`, with the same equations in the same order: the
inputs' products for all steps before the loop; in the loop only what depends
on the previous step, one product and the gates; the gradients of the weights
after it, as one large product each. XLA fuses and schedules the rest, so the
units are not divided into tiles here.

Left to itself, JAX would differentiate the loop step by step, and add the
gradient of a whole matrix to a sum at each step.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from charrnn.twins.equations import Equations
from charrnn.twins.scan_products import (
    outer,
    outer_of_read,
    product,
    read,
    read_back,
)

Array = Any  # a jax.Array
Saved = tuple[Any, ...]

# Where kernels are short, as on a GPU, a loop that stores little is faster: it
# stores the states alone, and the gates of all steps are computed again.
RECOMPUTED = {"gpu"}

# Time steps that XLA compiles into one turn of its loop. More take longer to
# compile, and pay where starting a kernel takes as long as running it.
UNROLLED = {"cpu": 1, "gpu": 4}


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def run(
    equations: type[Equations],
    inputs: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array,
    states: list[Array],
    kept: Array | None = None,
    masks: Array | None = None,
) -> tuple[Array, list[Array]]:
    """Runs one recurrent layer over all steps.

    With `T` steps, `B` rows, `I` inputs, `H` units and `G` gates (the
    candidate counted as one):

    Args:
        equations: A class of `charrnn.twins.equations`.
        inputs: `(T, B, I)`. Their type, float32 or bfloat16, is the precision
            of the matrix products and of the values stored for the gradient.
            Everything else is float32.
        kernel: `W`, float32, `(I, G H)`.
        recurrent_kernel: `U`, float32, `(H, G H)`.
        bias: float32, `(1, G H)`; for a GRU `(2, G H)`: one for the input's
            product, one for the state's.
        states: The initial states, float32, `(B, H)` each, `h` first.
        kept: 1 where a row's states are kept before a step, 0 where they are
            reset, float32, `(T, B)`. `None` keeps all.
        masks: Recurrent dropout: False where the product of a gate does not
            read a unit of `h`, `(G, B, H)`. `None` drops nothing.

    Returns:
        The outputs `h`, `(T, B, H)`, of the inputs' type, and a list of the
        final states, float32. Gradients flow from all of these to all of the
        arrays passed in.
    """
    arrays = inputs, kernel, recurrent_kernel, bias, states, kept, masks
    results, _ = _forward(equations, *arrays)
    return results


def _forward(
    equations: type[Equations],
    inputs: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array,
    states: list[Array],
    kept: Array | None,
    masks: Array | None,
) -> tuple[tuple[Array, list[Array]], Saved]:
    """Computes what `run` returns, and what `_backward` needs."""
    operands, gates = inputs.dtype, equations.gates
    projected = (product(inputs, kernel) + bias[0]).astype(operands)
    recurrent = recurrent_kernel.astype(operands)

    def step(carried, values):
        x, factor = values
        h, memory = [_times(state, factor) for state in carried]
        p = read(h, recurrent, masks)
        if equations.products == 2:
            p = p + bias[1]
        new, gates_kept = equations.forward(
            _gates(_float(x), gates), _gates(p, gates), memory
        )
        h, memory = new[0].astype(operands), new[-1]
        stored = [value.astype(operands) for value in gates_kept]
        if _recomputes():
            stored = []
        return (h, memory), _packed((h, memory.astype(operands), stored))

    first = states[0].astype(operands), states[-1]
    (h, memory), packed = jax.lax.scan(
        step, first, (projected, kept), unroll=_unrolled()
    )
    outputs, memories, stored = _unpacked(packed, operands)
    last = [_float(h), memory] if len(states) > 1 else [memory]
    saved = (
        inputs, kernel, recurrent_kernel, bias, states, kept, masks,
        outputs, memories, stored,
    )  # fmt: skip
    return (outputs, last), saved


def _backward(
    equations: type[Equations],
    saved: Saved,
    gradients: tuple[Array, list[Array]],
) -> tuple[Array, Array, Array, Array, list[Array], None, None]:
    """Computes the gradients of all arrays that `run` was given."""
    inputs, kernel, recurrent_kernel, bias, states, kept, masks, *tape = saved
    h, memories, stored = tape
    d_outputs, d_last = gradients
    operands = inputs.dtype
    old = _times(_before(states[-1], memories), kept)
    h_old = _times(_before(states[0], h), kept)
    if _recomputes():
        weights = kernel, recurrent_kernel, bias
        stored = _gates_again(equations, inputs, h_old, old, masks, *weights)
    dx, dp, d_states = _backward_loop(
        equations, recurrent_kernel.astype(operands), masks, d_last,
        (d_outputs, old, memories, stored, kept),
    )  # fmt: skip
    d_inputs = product(dx, kernel, transposed=True).astype(operands)
    d_bias = jnp.stack([_sum(dx), _sum(dp)][: equations.products])
    return (
        d_inputs,
        outer(inputs, dx),
        outer_of_read(h_old, dp, masks),
        d_bias.reshape(bias.shape),
        d_states,
        None,
        None,
    )


run.defvjp(_forward, _backward)


def _backward_loop(
    equations: type[Equations],
    recurrent: Array,
    masks: Array | None,
    d_last: Sequence[Array],
    tape: tuple[Any, ...],
) -> tuple[Array, Array, list[Array]]:
    """Carries the gradients of the states from the last step to the first.

    Args:
        equations: A class of `charrnn.twins.equations`.
        recurrent: `U`, in the precision of the products.
        masks: As for `run`.
        d_last: The gradients of the final states.
        tape: For all steps: the gradient of the outputs, the memory before
            and after, what `forward` kept, and the `kept` of `run`.

    Returns:
        The gradients of the inputs' products and of the states' products at
        all steps, `(T, B, G H)` each, and of the initial states.
    """
    separate = len(d_last) > 1  # the memory is c, not h

    def step(carried, values):
        d_hidden, d_memory = carried
        d_output, old, new, gates, factor = values
        dx, dp, d_memory = equations.backward(
            d_hidden + _float(d_output),
            d_memory,
            _float(old),
            _float(new),
            [_float(gate) for gate in gates],
            lambda value: value,  # XLA chooses what it computes twice
        )
        together = [
            jnp.concatenate(part, axis=-1).astype(recurrent.dtype)
            for part in (dx, dp)[: equations.products]
        ]
        d_hidden = read_back(together[-1], recurrent, masks)
        d_states = _times(d_hidden, factor), _times(d_memory, factor)
        return d_states, _packed(together)

    hidden = d_last[0] if separate else jnp.zeros_like(d_last[0])
    (d_hidden, d_memory), packed = jax.lax.scan(
        step,
        (hidden, d_last[-1]),
        tape,
        reverse=True,
        unroll=_unrolled(),
    )
    dz = _unpacked(packed, recurrent.dtype)
    d_first = [d_hidden, d_memory] if separate else [d_hidden + d_memory]
    return dz[0], dz[-1], d_first


def _gates_again(
    equations: type[Equations],
    inputs: Array,
    h_old: Array,
    old: Array,
    masks: Array | None,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array,
) -> list[Array]:
    """Computes what `forward` kept, for all steps at once."""
    x = product(inputs, kernel) + bias[0]
    p = read(h_old, recurrent_kernel, masks)
    if equations.products == 2:
        p = p + bias[1]
    gates = equations.gates
    _, kept = equations.forward(_gates(x, gates), _gates(p, gates), _float(old))
    return [value.astype(inputs.dtype) for value in kept]


def _recomputes() -> bool:
    return jax.default_backend() in RECOMPUTED


def _unrolled() -> int:
    return UNROLLED.get(jax.default_backend(), 1)


def _packed(tree: Any) -> Any:
    """What a step of a loop stores: of bfloat16 the bits, on a CPU.

    There XLA computes all that is bfloat16 in float32: to write one step into
    a sequence, it would convert the whole sequence there and back.
    """

    def bits(value):
        if value.dtype == jnp.bfloat16 and jax.default_backend() == "cpu":
            return jax.lax.bitcast_convert_type(value, jnp.uint16)
        return value

    return jax.tree.map(bits, tree)


def _unpacked(tree: Any, precision: Any) -> Any:
    """The values of what `_packed` returned."""

    def values(value):
        if value.dtype == jnp.uint16:
            return jax.lax.bitcast_convert_type(value, precision)
        return value

    return jax.tree.map(values, tree)


def _before(first: Array, sequence: Array) -> Array:
    """The values before each step: the first, then all but the last."""
    return jnp.concatenate([first[None].astype(sequence.dtype), sequence[:-1]])


def _times(states: Array, factors: Array | None) -> Array:
    """Keeps or resets the states of each row."""
    if factors is None:
        return states
    return states * factors[..., None].astype(states.dtype)


def _gates(columns: Array, count: int) -> list[Array]:
    return jnp.split(columns, count, axis=-1)


def _sum(gradients: Array) -> Array:
    return jnp.sum(_float(gradients), axis=(0, 1))


def _float(value: Array) -> Array:
    return value.astype(jnp.float32)
