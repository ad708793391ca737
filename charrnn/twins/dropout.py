"""Draw Keras's dropout masks, several times faster.

A twin must drop the same values as stock Keras, so that both train alike. On
TensorFlow, Keras's masks come from Philox 4x32-10, a stateless random number
generator: block `n` of four numbers is a function of the seed and of `n`
alone. So all blocks can be computed in parallel, and XLA vectorizes this
(benchmark: "dropout's random numbers by XLA"). XLA's own random operation took
ten times as long, so Philox is implemented here.

A mask takes one byte per value, a quarter of the random number.
"""

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from charrnn.twins.kernels import as_float, compiled

# The constants of Philox 4x32-10 (Salmon et al. 2011, section 4).
PHILOX_MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
PHILOX_KEY_STEPS = 0x9E3779B9, 0xBB67AE85
PHILOX_ROUNDS = 10
# TensorFlow makes a number from 0 to 1 from the lower 23 of 32 random bits:
# the fraction of a float32 has 23.
RANDOM_BITS = 23


def dropout(x: tf.Tensor, rate: float, seed: tf.Tensor) -> tf.Tensor:
    """Sets a share of the values to zero and scales the others up.

    The values are those that `tf.nn.experimental.stateless_dropout`, and so
    `keras.layers.Dropout`, drops from the same sequence with rows first.

    Args:
        x: float32 or bfloat16, `(steps, rows, units)`.
        rate: The share to drop, a Python number, `0 <= rate < 1`.
        seed: int32, `(2,)`.

    Returns:
        A tensor like `x`. Its gradient is masked and scaled in the same way.

    Example:

    >>> x, seed = tf.ones((2, 3, 5)), tf.constant([1, 2])
    >>> ours = tf.transpose(dropout(x, 0.3, seed), (1, 0, 2))
    >>> keras = tf.nn.experimental.stateless_dropout(
    ...     tf.ones((3, 2, 5)), 0.3, seed=seed
    ... )
    >>> bool(tf.reduce_all(ours == keras))
    True

    Source: Srivastava et al. 2014; Salmon et al. 2011 (Philox).
    """

    @tf.custom_gradient
    def layer(x):
        mask = _mask(x, rate, seed)

        def gradient(d_outputs):
            return _masked(d_outputs, mask, rate)

        return _masked(x, mask, rate), gradient

    return layer(x)


def _mask(x: tf.Tensor, rate: float, seed: tf.Tensor) -> tf.Tensor:
    """Draws a mask: uint8, `(rows, steps, units)`, 1 for what is kept."""
    key, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed)
    blocks = _mask_blocks(tf.size(x), rate, key, counter)
    values = tf.reshape(tf.bitcast(blocks, tf.uint8), (-1,))
    steps, rows, units = tf.unstack(tf.shape(x))
    return tf.reshape(values[: tf.size(x)], (rows, steps, units))


@compiled
def _mask_blocks(
    size: tf.Tensor, rate: float, key: tf.Tensor, counter: tf.Tensor
) -> tf.Tensor:
    """Draws a block of Philox for every four values of a mask.

    Returns:
        uint32, `(ceil(size / 4),)`: four mask bytes in each.
    """
    block = tf.cast(tf.range((size + 3) // 4), tf.uint64)
    low, high = counter[0] + block, tf.fill(tf.shape(block), counter[1])
    numbers = _philox([*_halves(low), *_halves(high)], _halves(key[0]))
    # A number u from 0 to 1 is kept if u >= rate, here without the division.
    threshold = math.ceil(float(np.float32(rate)) * 2**RANDOM_BITS)
    mask = tf.zeros_like(numbers[0])
    for place, number in enumerate(numbers):
        bits = tf.cast(number & (2**RANDOM_BITS - 1), tf.int32)
        kept = tf.cast(bits >= threshold, tf.uint32)
        mask |= tf.bitwise.left_shift(kept, tf.cast(8 * place, tf.uint32))
    return mask


def _philox(
    counter: Sequence[tf.Tensor], key: Sequence[tf.Tensor]
) -> Sequence[tf.Tensor]:
    """Encrypts a counter of four 32-bit words with a key of two.

    The result is four random numbers: each round multiplies, which mixes bits
    upwards, and crosses the halves of the products, which brings them down.
    """
    for _ in range(PHILOX_ROUNDS):
        (low_0, high_0), (low_1, high_1) = (
            _halves(tf.cast(word, tf.uint64) * multiplier)
            for word, multiplier in zip(
                counter[::2], PHILOX_MULTIPLIERS, strict=True
            )
        )
        counter = [
            high_1 ^ counter[1] ^ key[0],
            low_1,
            high_0 ^ counter[3] ^ key[1],
            low_0,
        ]
        key = [
            word + step
            for word, step in zip(key, PHILOX_KEY_STEPS, strict=True)
        ]
    return counter


def _halves(numbers: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The lower and the upper 32 of 64 bits."""
    upper = tf.bitwise.right_shift(numbers, tf.cast(32, tf.uint64))
    return tf.cast(numbers & (2**32 - 1), tf.uint32), tf.cast(upper, tf.uint32)


@compiled
def _masked(x: tf.Tensor, mask: tf.Tensor, rate: float) -> tf.Tensor:
    """Applies a mask.

    Compiled separately: if it were compiled together with the mask, XLA would
    draw a whole block of four numbers for each byte of the mask.
    """
    mask = tf.transpose(mask, (1, 0, 2))  # (steps, rows, units)
    scaled = as_float(x) * (1 / (1 - rate))
    return tf.cast(tf.where(mask != 0, scaled, 0), x.dtype)
