"""Compute the gradients of a layer's weights and inputs after its loop.

The backward loop returns the gradients of the gates, `dz`, at all steps. The
other gradients follow from them in large products, one per tile of a matrix,
so none of them need be computed step by step. In `[block]`, a block is a group
of gates: see `tiles.py`.
"""

import functools
from collections.abc import Sequence

import tensorflow as tf

from charrnn.twins import kernels
from charrnn.twins.products import over_steps, sum_of_outer
from charrnn.twins.tiles import Blocks, Tiles

_map, _flat = tf.nest.map_structure, tf.nest.flatten


def input_gradient(dx: Blocks, kernel: Blocks) -> tf.Tensor:
    """Computes `dx_t = dz_t W'` of all steps, with `'` for transposition.

    Args:
        dx: The gradients of the inputs' products, `(T, B, columns)`,
            `[part][block]`.
        kernel: The tiles of `W`, `[part][block]`.

    Returns:
        `(T, B, I)`, summed over parts and blocks.

    Example:

    >>> input_gradient([[tf.ones((5, 2, 4))]], [[tf.ones((3, 4))]]).shape
    TensorShape([5, 2, 3])
    """
    products = _map(lambda d, w: over_steps(d, w, transposed=True), dx, kernel)
    return kernels.rounded_total(_flat(products))


def weight_gradient(tiles: Tiles, sequence: tf.Tensor, dz: Blocks) -> tf.Tensor:
    """Computes the sum of `x_t' dz_t` over all steps and rows.

    Args:
        tiles: How the matrix is divided.
        sequence: The left factor of the matrix, `(T, B, I)`: the inputs for
            `W`, `h` before each step for `U`, ones for a bias.
        dz: The gradients of the products, `(T, B, columns)`, `[part][block]`.

    Returns:
        The gradient of the matrix, float32, `(I, G H)`.

    Example:

    >>> tiles = Tiles(gates=1, units=4, parts=1, operands=tf.float32)
    >>> dz = [[tf.ones((5, 2, 4))]]
    >>> weight_gradient(tiles, tf.ones((5, 2, 3)), dz).shape
    TensorShape([3, 4])
    """
    return tiles.join(_map(functools.partial(sum_of_outer, sequence), dz))


def recurrent_gradient(
    tiles: Tiles, factors: Sequence[tf.Tensor], dz: Blocks
) -> tf.Tensor:
    """Computes the gradient of `U`.

    Args:
        tiles: How the matrix is divided.
        factors: The left factors of its products, `(T, B, H)`: one, or one
            for each gate.
        dz: As for `weight_gradient`.

    Returns:
        float32, `(H, G H)`.

    Example:

    >>> tiles = Tiles(2, units=4, parts=1, operands=tf.float32, by_gate=True)
    >>> dz = [[tf.ones((5, 2, 4)), tf.ones((5, 2, 4))]]
    >>> recurrent_gradient(tiles, [tf.ones((5, 2, 4))] * 2, dz).shape
    TensorShape([4, 8])
    """
    if len(factors) == 1:
        return weight_gradient(tiles, factors[0], dz)
    return tiles.join([list(map(sum_of_outer, factors, part)) for part in dz])


def bias_gradient(
    tiles: Tiles, inputs: tf.Tensor, gradients: list[Blocks]
) -> tf.Tensor:
    """Computes the gradient of each bias, as a product with ones.

    Summing in the loop instead is no faster (benchmark: "bias gradients
    summed in the loop").

    Args:
        tiles: How the weights are divided.
        inputs: The inputs of the layer, `(T, B, I)`.
        gradients: For each bias, the gradients of the products that it was
            added to, `[part][block]`.

    Returns:
        float32, `(biases, G H)`.

    Example:

    >>> tiles = Tiles(gates=1, units=4, parts=1, operands=tf.float32)
    >>> dz = [[tf.ones((5, 2, 4))]]
    >>> bias_gradient(tiles, tf.ones((5, 2, 3)), [dz, dz]).shape
    TensorShape([2, 4])
    """
    ones = tf.ones_like(inputs[:, :, :1])
    rows = [weight_gradient(tiles, ones, dz) for dz in gradients]
    return tf.concat(rows, axis=0)
