"""Multiply matrices in the memory layout that is fastest in oneDNN."""

import tensorflow as tf

from charrnn.twins import kernels
from charrnn.twins.kernels import as_float


def right_factor(weights: tf.Tensor, transposed: bool = False) -> tf.Tensor:
    """Lays weights out in memory as the right factor of `multiply`.

    oneDNN's bfloat16 product is fastest if the weights are stored transposed,
    the float32 product if they are not. For a loop, do this once, before it.

    Args:
        weights: `(I, J)`, float32 or bfloat16.
        transposed: Whether to multiply by the transposed weights.

    Returns:
        For bfloat16 the transposed right factor, for float32 the right factor.

    Example:

    >>> right_factor(tf.ones((2, 3), tf.bfloat16)).shape
    TensorShape([3, 2])
    """
    if (weights.dtype == tf.bfloat16) != transposed:
        weights = kernels.transpose(weights)
    return weights


def multiply(left: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Multiplies by a matrix that `right_factor` returned.

    Example:

    >>> factor = right_factor(tf.ones((2, 3), tf.bfloat16))
    >>> multiply(tf.ones((1, 2), tf.bfloat16), factor).shape
    TensorShape([1, 3])
    """
    transpose = left.dtype == tf.bfloat16
    return tf.matmul(left, factor, transpose_b=transpose)


def over_steps(
    sequence: tf.Tensor, weights: tf.Tensor, transposed: bool = False
) -> tf.Tensor:
    """Multiplies all rows of all steps by weights, in one product.

    Args:
        sequence: `(T, B, I)`.
        weights: `(I, J)`, or `(J, I)` if `transposed`.
        transposed: Whether to multiply by the transposed weights.

    Returns:
        `(T, B, J)`.

    Example:

    >>> over_steps(tf.ones((5, 2, 3)), tf.ones((3, 4))).shape
    TensorShape([5, 2, 4])
    """
    steps, (rows, columns) = tf.shape(sequence)[0], sequence.shape[1:]
    product = multiply(
        tf.reshape(sequence, (-1, columns)), right_factor(weights, transposed)
    )
    return tf.reshape(product, (steps, rows, product.shape[-1]))


def sum_of_outer(left: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """Sums the outer products of all rows of all steps, in one product.

    This adds up the gradient of a weight matrix over a window.

    Args:
        left: `(T, B, I)`.
        right: `(T, B, J)`.

    Returns:
        float32, `(I, J)`.

    Example:

    >>> float(sum_of_outer(tf.ones((5, 2, 3)), tf.ones((5, 2, 4)))[0, 0])
    10.0
    """
    left = tf.reshape(left, (-1, left.shape[-1]))
    right = tf.reshape(right, (-1, right.shape[-1]))
    return as_float(tf.matmul(left, right, transpose_a=True))
