"""Prepare a backward loop: its products, and the gradients it begins with."""

import tensorflow as tf

from charrnn.twins.products import right_factor
from charrnn.twins.tiles import Blocks


def transposed_tiles(recurrent: list[Blocks]) -> list[Blocks]:
    """Lays out the tiles of `U` as right factors of the gates' gradients.

    Args:
        recurrent: The tiles of `U`, `[part][block][part of h]`.

    Returns:
        The tiles transposed, `[part of h][part][block]`.

    Example:

    >>> transposed_tiles([[[tf.ones((3, 2))]]])[0][0][0].shape
    TensorShape([2, 3])
    """
    return [
        [
            [right_factor(tile[k], transposed=True) for tile in part]
            for part in recurrent
        ]
        for k in range(len(recurrent))
    ]


def first_gradients(
    d_outputs: list[tf.Tensor],
    d_last: list[list[tf.Tensor]],
    back: list[Blocks],
    masked: bool,
) -> tuple[list[tf.Tensor], list[list[tf.Tensor]]]:
    """The gradients with which the loop begins.

    The last step has no next step: its h gets only the gradients of the output
    and of the final state. If h is itself the memory, the loop carries the
    latter already. Otherwise it takes the place of one of the products of the
    next step, or, as the loop masks these, is added to that of the output.

    Args:
        d_outputs: The gradients of the outputs, `(T, B, units)`, `[part]`.
        d_last: The gradients of the final states, `[part][state]`.
        back: What `transposed_tiles` returned.
        masked: Whether there is recurrent dropout.

    Returns:
        The gradients of the outputs, and those of h, a list for each part: one
        tensor per product of a step, because the number of a loop's variables
        cannot change.

    Example:

    >>> ones = tf.ones((1, 2, 3))
    >>> state, tiles = [[ones[0], ones[0]]], [[[tf.ones((4, 3))] * 2]]
    >>> for masked in (False, True):
    ...     [outputs], [h] = first_gradients([ones], state, tiles, masked)
    ...     print(float(outputs[0, 0, 0]), [float(d[0, 0]) for d in h])
    1.0 [1.0, 0.0]
    2.0 [0.0, 0.0]
    """
    separate = len(d_last[0]) > 1  # the memory is c, not h
    if separate and masked:
        d_outputs = list(map(_with_last, d_outputs, d_last))
    products = []
    for (d_h, *_), tiles in zip(d_last, back, strict=True):
        factors = tf.nest.flatten(tiles)
        nothing = tf.zeros(d_h.shape, factors[0].dtype)
        has_own = separate and not masked
        first = tf.cast(d_h, nothing.dtype) if has_own else nothing
        products.append([first] + [nothing] * (len(factors) - 1))
    return d_outputs, products


def _with_last(d_outputs, d_last):
    """Adds the gradient of the last h to that of the last output."""
    last = d_outputs[-1:] + tf.cast(d_last[0], d_outputs.dtype)
    return tf.concat([d_outputs[:-1], last], axis=0)
