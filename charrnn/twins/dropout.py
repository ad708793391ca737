"""Keras's dropout masks, drawn several times as fast.

On TensorFlow a mask is what Philox 4x32-10 makes of a seed: blocks of four
numbers, each a function of its place alone. XLA computes them in vectors, and
writes a byte for each value instead of a number.
"""

import math

import numpy as np
import tensorflow as tf

from charrnn.twins.kernels import as_float, compiled

MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
KEY_STEPS = 0x9E3779B9, 0xBB67AE85
ROUNDS = 10
DIGITS = 23  # of the 32 bits, the lower ones, make a number from 0 to 1


def dropout(x, rate, seed):
    """Drops a part of the values at random and scales up the others.

    What is dropped is what `tf.nn.experimental.stateless_dropout`, and so
    Keras, drops of a sequence whose rows come first.

    Args:
        x: float32 or bfloat16, `(steps, rows, units)`.
        rate: The part to drop, a Python number from 0 up to, but not, 1.
        seed: int32, `(2,)`.

    Returns:
        A tensor like `x`. Its gradient is dropped and scaled up alike.

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
        kept = _mask(x, rate, seed)

        def gradient(d_outputs):
            return _masked(d_outputs, kept, rate)

        return _masked(x, kept, rate), gradient

    return layer(x)


def _mask(x, rate, seed):
    """Draws a mask: uint8, `(rows, steps, units)`, 1 for what is kept."""
    key, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed)
    blocks = _blocks_of_mask(tf.size(x), rate, key, counter)
    values = tf.reshape(tf.bitcast(blocks, tf.uint8), (-1,))
    steps, rows, units = tf.unstack(tf.shape(x))
    return tf.reshape(values[: tf.size(x)], (rows, steps, units))


@compiled
def _blocks_of_mask(size, rate, key, counter):
    """Four bytes of the mask as one number, by four numbers of Philox."""
    block = tf.cast(tf.range((size + 3) // 4), tf.uint64)
    low, high = counter[0] + block, tf.fill(tf.shape(block), counter[1])
    numbers = _philox([*_halves(low), *_halves(high)], _halves(key[0]))
    least = math.ceil(float(np.float32(rate)) * 2**DIGITS)
    mask = tf.zeros_like(numbers[0])
    for place, number in enumerate(numbers):
        digits = tf.cast(number & (2**DIGITS - 1), tf.int32)
        kept = tf.cast(digits >= least, tf.uint32)
        mask |= tf.bitwise.left_shift(kept, tf.cast(8 * place, tf.uint32))
    return mask


def _philox(counter, key):
    """Makes four random numbers of a counter's four words and a key's two."""
    for _ in range(ROUNDS):
        (low_0, high_0), (low_1, high_1) = (
            _halves(tf.cast(word, tf.uint64) * multiplier)
            for word, multiplier in zip(counter[::2], MULTIPLIERS, strict=True)
        )
        counter = [
            high_1 ^ counter[1] ^ key[0],
            low_1,
            high_0 ^ counter[3] ^ key[1],
            low_0,
        ]
        key = [k + step for k, step in zip(key, KEY_STEPS, strict=True)]
    return counter


def _halves(numbers):
    """The lower and the upper 32 of 64 bits."""
    upper = tf.bitwise.right_shift(numbers, tf.cast(32, tf.uint64))
    return tf.cast(numbers & (2**32 - 1), tf.uint32), tf.cast(upper, tf.uint32)


@compiled
def _masked(x, kept, rate):
    """Not one program with the mask: XLA would draw it anew for each byte."""
    kept = tf.transpose(kept, (1, 0, 2))
    scaled = as_float(x) * (1 / (1 - rate))
    return tf.cast(tf.where(kept != 0, scaled, 0), x.dtype)
