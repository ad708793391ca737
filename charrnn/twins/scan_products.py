"""Multiply in a scan of JAX, also what recurrent dropout leaves of the state.

With masks `(G, B, H)`, each gate reads an `h` of its own: see
`recurrent_masks.py`. XLA gets one batched product of all gates.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental.layout import Layout, with_layout_constraint

Array = Any  # a jax.Array


def product(rows: Array, matrix: Array, transposed: bool = False) -> Array:
    """`rows · matrix`, or its transpose, over the last axis, in float32."""
    return jax.lax.dot_general(
        rows,
        matrix.astype(rows.dtype),
        (((rows.ndim - 1,), (int(transposed),)), ((), ())),
        preferred_element_type=jnp.float32,
    )


def outer(left: Array, right: Array) -> Array:
    """The sum of `left' · right` over all steps and rows, in float32."""
    left = left.reshape(-1, left.shape[-1]).T
    if jax.default_backend() == "cpu":
        # Left to choose, XLA does not transpose, and multiplies columns: three
        # times slower in bfloat16.
        left = with_layout_constraint(left, Layout(major_to_minor=(0, 1)))
    return product(left, right.reshape(-1, right.shape[-1]))


def read(h: Array, recurrent: Array, masks: Array | None) -> Array:
    """The product of `h` with `U`, `(..., B, G H)`.

    Args:
        h: `(..., B, H)`.
        recurrent: `U`, `(H, G H)`.
        masks: `(G, B, H)`; `None` if all gates read the whole of `h`.
    """
    if masks is None:
        return product(h, recurrent)
    gates = _by_gate(recurrent, len(masks)).astype(h.dtype)
    left = _masked(h, masks)
    p = _einsum("g...h,hgk->...gk", left, gates)
    return p.reshape(*h.shape[:-1], -1)


def read_back(dp: Array, recurrent: Array, masks: Array | None) -> Array:
    """The gradient of `h` from that of its products, `(B, G H)`."""
    if masks is None:
        return product(dp, recurrent, transposed=True)
    gates = _by_gate(recurrent, len(masks))
    d_left = _einsum("bgk,hgk->gbh", _by_gate(dp, len(masks)), gates)
    return jnp.where(masks, d_left, 0).sum(axis=0)


def outer_of_read(h: Array, dp: Array, masks: Array | None) -> Array:
    """The gradient of `U`, from `h` and `dp` of all steps, `(T, B, ...)`."""
    if masks is None:
        return outer(h, dp)
    d_gates = _einsum(
        "gtbh,tbgk->hgk", _masked(h, masks), _by_gate(dp, len(masks))
    )
    return d_gates.reshape(h.shape[-1], -1)


def _masked(h: Array, masks: Array) -> Array:
    """What each gate reads of `h`: `(G, ..., B, H)`."""
    between = range(1, h.ndim - 1)
    return jnp.where(jnp.expand_dims(masks, tuple(between)), h, 0)


def _by_gate(columns: Array, gates: int) -> Array:
    return columns.reshape(*columns.shape[:-1], gates, -1)


def _einsum(axes: str, left: Array, right: Array) -> Array:
    return jnp.einsum(axes, left, right, preferred_element_type=jnp.float32)
