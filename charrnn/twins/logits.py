"""Compute logits and cross-entropy faster for large vocabularies.

A text in Chinese has thousands of distinct characters. The logits of a batch,
`(B, T, V)`, are then by far its largest tensor, and take most of the time of a
step. Three ideas, measured under "Many characters" in benchmarks/README.md:

- The products take bfloat16 operands, if that is the twin's precision.
- Rounding the gradient and summing it for the bias take one pass together.
- Softmax, logarithm and gradient are fused into two passes over the logits.
"""

import tensorflow as tf

from charrnn.text.student_windows import MIN_REST
from charrnn.twins.kernels import as_float, compiled

# Up to this number of distinct characters, stock Keras is about as fast.
MAX_STOCK_CHARACTERS = 256


def logits(
    outputs: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, precision: str
) -> tf.Tensor:
    """Computes `outputs · kernel + bias` in a given precision.

    With `B` rows, `T` steps, `H` units and `V` characters:

    Args:
        outputs: float32, `(B, T, H)`: what the last recurrent layer returns.
        kernel: float32, `(H, V)`.
        bias: float32, `(V,)`.
        precision: `"float32"` or `"bfloat16"`, for the operands of the three
            matrix products, forward and backward.

    Returns:
        float32, `(B, T, V)`.

    Example:

    >>> logits(tf.ones((1, 2, 3)), tf.ones((3, 4)), tf.ones(4), "float32")[0, 0]
    <tf.Tensor: shape=(4,), dtype=float32, numpy=array([4., 4., 4., 4.]...)>
    """
    units, characters = kernel.shape

    @tf.custom_gradient
    def layer(outputs, kernel, bias):
        rows = tf.cast(tf.reshape(outputs, (-1, units)), precision)  # (B T, H)
        columns = tf.cast(kernel, precision)
        result = _add(tf.matmul(rows, columns), bias)

        def gradient(d_result):
            d_result = tf.reshape(d_result, (-1, characters))  # (B T, V)
            d_result, d_bias = _rounded_and_summed(d_result, precision)
            d_rows = tf.matmul(d_result, columns, transpose_b=True)
            d_kernel = tf.matmul(rows, d_result, transpose_a=True)
            d_outputs = tf.reshape(as_float(d_rows), tf.shape(outputs))
            return d_outputs, as_float(d_kernel), d_bias

        shape = tf.concat([tf.shape(outputs)[:-1], [characters]], axis=0)
        return tf.reshape(result, shape), gradient

    return layer(*map(tf.convert_to_tensor, (outputs, kernel, bias)))


@tf.custom_gradient
def cross_entropy(logits: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
    """Computes -ln p of each id, in nats.

    TensorFlow's own operation reads the logits four times in the forward
    pass and writes them twice; this one reads them twice. The gradient
    recomputes the probabilities instead of keeping them.

    Args:
        logits: float32, `(B, T, V)`.
        ids: int32, `(B, T)`.

    Returns:
        float32, `(B, T)`.

    Example:

    >>> nats = cross_entropy(tf.zeros((1, 1, 8)), tf.constant([[3]]))
    >>> round(float(nats[0, 0]), 4)  # ln 8
    2.0794
    """
    losses, log_totals = _losses(logits, ids)

    def gradient(d_losses):
        return _d_logits(logits, ids, log_totals, d_losses), None

    return losses, gradient


def distillation(
    logits: tf.Tensor,
    ids: tf.Tensor,
    likeliest: tf.Tensor,
    expected: tf.Tensor,
    weight: float,
) -> tf.Tensor:
    """The loss of a student that knows the likeliest of many units only.

    Args:
        logits: float32, `(B, T, V)`.
        ids: int32, `(B, T)`: of the text.
        likeliest: int32, `(B, T, K)`: different ids.
        expected: float32, `(B, T, K + 1)`: the teachers' probabilities of
            these, and of all other ids together.
        weight: The teachers' share of the gradient, from 0 to 1.

    Returns:
        float32, `(B, T)`: the cross-entropy with the text, in nats. Its
        gradient is that of the whole loss.

    Example:

    >>> q = tf.constant([[[0.5, 0.25, 0.25]]])
    >>> both = tf.constant([[3]]), tf.constant([[[1, 2]]])
    >>> nats = distillation(tf.zeros((1, 1, 8)), *both, q, 0.9)
    >>> round(float(nats[0, 0]), 4)  # ln 8
    2.0794
    """

    @tf.custom_gradient
    def loss(logits):
        losses, log_totals = _losses(logits, ids)

        def gradient(d_losses):
            return _d_distillation(
                logits, log_totals, ids, likeliest, expected, weight, d_losses
            )

        return losses, gradient

    return loss(logits)


@compiled
def _add(products: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    """Casts to float32 and adds the bias in one pass."""
    return as_float(products) + bias


def _rounded_and_summed(
    d_logits: tf.Tensor, precision: str
) -> tuple[tf.Tensor, tf.Tensor]:
    """The gradient as an operand, `(B T, V)`, and the bias's, `(V,)`."""
    if precision == "float32":  # the product is faster than a reduction
        ones = tf.ones((1, tf.shape(d_logits)[0]))
        return d_logits, tf.matmul(ones, d_logits)[0]
    return _cast_and_summed(d_logits, precision)


@compiled
def _cast_and_summed(d_logits, precision):
    return tf.cast(d_logits, precision), tf.reduce_sum(d_logits, axis=0)


@compiled
def _losses(logits, ids):
    """-ln p = ln sum_v exp(logit_v) - logit_id, and the logarithm of the sum.

    The highest logit is subtracted first, so that no exponential overflows.
    """
    highest = tf.reduce_max(logits, axis=-1, keepdims=True)
    totals = tf.reduce_sum(tf.exp(logits - highest), axis=-1)
    log_totals = tf.math.log(totals) + highest[..., 0]
    return log_totals - tf.gather(logits, ids, batch_dims=2), log_totals


@compiled
def _d_logits(logits, ids, log_totals, d_losses):
    """The gradient of softmax and logarithm together: p - target."""
    probabilities = tf.exp(logits - log_totals[..., tf.newaxis])
    targets = tf.one_hot(ids, logits.shape[-1])
    return (probabilities - targets) * d_losses[..., tf.newaxis]


@compiled
def _d_distillation(
    logits, log_totals, ids, likeliest, expected, weight, d_losses
):
    """The gradient: p - (weight x the teachers' + (1 - weight) x the text's).

    Among all other ids than the likeliest, the teachers are taken to agree
    with the student.
    """
    p = tf.exp(logits - log_totals[..., tf.newaxis])
    own = tf.gather(p, likeliest, batch_dims=2)  # (B, T, K)
    rest = 1 - tf.reduce_sum(own, axis=-1, keepdims=True)
    ratio = weight * expected[..., -1:] / tf.maximum(rest, MIN_REST)
    updates = own * ratio - weight * expected[..., :-1]
    d_logits = p * (1 - ratio) - (1 - weight) * tf.one_hot(ids, p.shape[-1])
    d_logits *= d_losses[..., tf.newaxis]
    updates *= d_losses[..., tf.newaxis]
    shape, count = tf.shape(p), likeliest.shape[-1]
    rows = tf.repeat(tf.range(shape[0] * shape[1]), count)
    places = tf.stack([rows, tf.reshape(likeliest, [-1])], axis=-1)
    flat = tf.reshape(d_logits, (-1, shape[-1]))
    flat = tf.tensor_scatter_nd_add(flat, places, tf.reshape(updates, [-1]))
    return tf.reshape(flat, shape)
