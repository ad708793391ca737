"""SimpleRNN, LSTM and GRU as fused TensorFlow loops, gradients by hand."""

import functools

import tensorflow as tf


class SimpleRNN:
    """`h = tanh(x + p)`, where `x` and `p` are the products (Elman 1990).

    Each of these classes holds the equations of one step. `forward` gets the
    products of the input and of the state with their weights, and returns
    the new states and what `backward` will want besides `h`. `backward` gets
    the gradients of the new states and returns those of `x`, of `p`, and of
    the old states as far as they do not pass through `p`. `x` and `p` are
    lists with one matrix a gate: XLA's code for a matrix in parts is two to
    three times as fast as its code for their concatenation.
    """

    gates, products, kept = 1, 1, 0

    @staticmethod
    def forward(x, p, states):
        return [tf.tanh(x[0] + p[0])], []

    @staticmethod
    def backward(gradients, h_old, h, kept):
        dz = [gradients[0] * (1 - h * h)]
        return dz, dz, [tf.zeros_like(h)]


class LSTM:
    """`c = f c + i g`, `h = o tanh(c)` (Gers et al. 2000)."""

    gates, products, kept = 4, 1, 6

    @staticmethod
    def forward(x, p, states):
        i, f, g, o = (a + b for a, b in zip(x, p, strict=True))
        i, f, g, o = sigmoid(i), sigmoid(f), tf.tanh(g), sigmoid(o)
        _, c_old = states
        c = f * c_old + i * g
        tanh_c = tf.tanh(c)
        return [o * tanh_c, c], [i, f, g, o, c_old, tanh_c]

    @staticmethod
    def backward(gradients, h_old, h, kept):
        (dh, dc), (i, f, g, o, c_old, tanh_c) = gradients, kept
        dc = dc + dh * o * (1 - tanh_c * tanh_c)
        dz = [
            dc * g * i * (1 - i),
            dc * c_old * f * (1 - f),
            dc * i * (1 - g * g),
            dh * tanh_c * o * (1 - o),
        ]
        return dz, dz, [tf.zeros_like(dh), dc * f]


class GRU:
    """`h = z h + (1 - z) tanh(x + r p)` (Cho et al. 2014, reset after)."""

    gates, products, kept = 3, 2, 4

    @staticmethod
    def forward(x, p, states):
        (x_z, x_r, x_g), (p_z, p_r, p_g), (h_old,) = x, p, states
        z, r = sigmoid(x_z + p_z), sigmoid(x_r + p_r)
        g = tf.tanh(x_g + r * p_g)
        return [z * h_old + (1 - z) * g], [z, r, g, p_g]

    @staticmethod
    def backward(gradients, h_old, h, kept):
        (dh,), (z, r, g, p_g) = gradients, kept
        dz = dh * (h_old - g) * z * (1 - z)
        dg = dh * (1 - z) * (1 - g * g)
        dr = dg * p_g * r * (1 - r)
        return [dz, dr, dg], [dz, dr, dg * r], [dh * z]


def sigmoid(x):
    """The logistic function: XLA has better code for tanh than for it."""
    return 0.5 * tf.tanh(0.5 * x) + 0.5


def run(equations, operands, inputs, kernel, recurrent_kernel, bias, states):
    """Runs one recurrent layer over all steps.

    With `T` steps, `B` rows, `I` inputs, `H` units and `G` gates:

    Args:
        equations: `SimpleRNN`, `LSTM` or `GRU`.
        operands: `"float32"` or `"bfloat16"`: what the matrix products take,
            and what is kept for the gradient. All else is float32.
        inputs: float32, `(T, B, I)`; `B` and `I` must be known.
        kernel: float32, `(I, G H)`.
        recurrent_kernel: float32, `(H, G H)`.
        bias: float32, `(2, G H)`: of the input's product, of the state's.
        states: A list of float32 tensors, `(B, H)` each, `h` first.

    Returns:
        The outputs `h`, float32 `(T, B, H)`, and a list of the last states.
        Gradients flow from all of them back to all of the tensors.

    Example:

    >>> outputs, (last,) = run(
    ...     SimpleRNN, "float32", tf.ones((5, 2, 3)), tf.ones((3, 4)),
    ...     tf.ones((4, 4)), tf.zeros((2, 4)), [tf.zeros((2, 4))]
    ... )
    >>> outputs.shape, last.shape
    (TensorShape([5, 2, 4]), TensorShape([2, 4]))
    """
    operands = tf.as_dtype(operands)

    @tf.custom_gradient
    def layer(inputs, kernel, recurrent_kernel, bias, *states):
        inputs = tf.cast(inputs, operands)
        projected = tf.nn.bias_add(
            _over_steps(inputs, _right_factor(kernel, operands)),
            tf.cast(bias[0], operands),
        )
        last, h_array, kept = _forward_loop(
            equations, projected, recurrent_kernel, bias[1], states
        )
        h = h_array.stack()

        def gradient(d_outputs, *d_last):
            dx, dp, d_states = _backward_loop(
                equations, d_outputs, d_last, recurrent_kernel, h_array, kept
            )
            into_inputs = _right_factor(kernel, operands, transposed=True)
            ones = tf.ones_like(inputs[:, :, :1])
            return (
                tf.cast(_over_steps(dx, into_inputs), tf.float32),
                _sum_of_outer(inputs, dx),
                _sum_of_outer(h[:-1], dp),
                tf.concat([_sum_of_outer(ones, d) for d in (dx, dp)], axis=0),
                *d_states,
            )

        return (tf.cast(h[1:], tf.float32), *last), gradient

    outputs, *last = layer(inputs, kernel, recurrent_kernel, bias, *states)
    return outputs, last


def _forward_loop(equations, projected, recurrent_kernel, bias, states):
    """Computes the states of all steps, one after the other.

    Returns:
        The last states; a `tf.TensorArray` of `h`, the first one included,
        `(T + 1, B, H)`; a list of those of what is kept, `(T, B, H)` each.
    """
    steps, operands = tf.shape(projected)[0], projected.dtype
    by_state = _right_factor(recurrent_kernel, operands)
    compute = _compiled_forward(equations, operands)
    projected = tf.TensorArray(operands, steps).unstack(projected)
    first = tf.cast(states[0], operands)
    h = _array(operands, steps + 1, first.shape).write(0, first)
    kept = [_array(operands, steps, first.shape) for _ in range(equations.kept)]

    def step(t, hidden, states, h, kept):
        product = by_state(hidden)
        hidden, states, values = compute(
            projected.read(t), product, bias, states
        )
        kept = [a.write(t, v) for a, v in zip(kept, values, strict=True)]
        return t + 1, hidden, states, h.write(t + 1, hidden), kept

    _, _, last, h, kept = tf.while_loop(
        lambda t, *_: t < steps, step, (0, first, list(states), h, kept)
    )
    return last, h, kept


def _backward_loop(equations, d_outputs, d_last, recurrent_kernel, h, kept):
    """Carries the gradients of the states from the last step to the first.

    Returns:
        The gradients of the inputs' and of the states' products, each
        `(T, B, G H)`, and a list of those of the first states.
    """
    steps, operands = tf.shape(d_outputs)[0], h.dtype
    rows, units = d_last[0].shape
    into_state = _right_factor(recurrent_kernel, operands, transposed=True)
    compute = _compiled_backward(equations)
    d_outputs = tf.TensorArray(tf.float32, steps).unstack(d_outputs)
    shape = (rows, equations.gates * units)
    arrays = [_array(operands, steps, shape) for _ in range(equations.products)]

    def step(t, through_product, gradients, arrays):
        dz, gradients = compute(
            d_outputs.read(t),
            through_product,
            gradients,
            h.read(t),
            h.read(t + 1),
            [array.read(t) for array in kept],
        )
        arrays = [a.write(t, d) for a, d in zip(arrays, dz, strict=True)]
        return t - 1, into_state(dz[-1]), gradients, arrays

    nothing = tf.zeros((rows, units), operands)
    _, through_product, gradients, arrays = tf.while_loop(
        lambda t, *_: t >= 0, step, (steps - 1, nothing, list(d_last), arrays)
    )
    gradients[0] += tf.cast(through_product, tf.float32)
    dz = [array.stack() for array in arrays]
    return dz[0], dz[-1], gradients


def _join(gates):
    """Puts the gates side by side, `(B, G H)`."""
    stacked = tf.stack(gates, axis=1)
    return tf.reshape(stacked, (stacked.shape[0], -1))


def _array(dtype, size, shape):
    """An array that the way there writes and the way back reads."""
    return tf.TensorArray(
        dtype, size, element_shape=shape, clear_after_read=False
    )


@functools.cache
def _compiled_forward(equations, operands):
    """The arithmetic between two matrix products as one XLA kernel."""

    @tf.function(jit_compile=True)
    def compute(x, p, bias, states):
        x, p = tf.cast(x, tf.float32), tf.cast(p, tf.float32)
        if equations is GRU:
            p += bias
        x, p = (tf.split(value, equations.gates, axis=1) for value in (x, p))
        states, kept = equations.forward(x, p, states)
        kept = [tf.cast(value, operands) for value in kept]
        return tf.cast(states[0], operands), states, kept

    return compute


@functools.cache
def _compiled_backward(equations):
    """The same for the way back."""

    @tf.function(jit_compile=True)
    def compute(d_output, through_product, gradients, h_old, h, kept):
        operands = through_product.dtype
        to_float = functools.partial(tf.cast, dtype=tf.float32)
        dh, *others = gradients
        dx, dp, gradients = equations.backward(
            [dh + d_output + to_float(through_product), *others],
            to_float(h_old),
            to_float(h),
            [to_float(value) for value in kept],
        )
        both = [dx, dp][: equations.products]
        return [tf.cast(_join(d), operands) for d in both], gradients

    return compute


def _right_factor(weights, operands, transposed=False):
    """Prepares weights for being multiplied from the left many times.

    oneDNN's bfloat16 product is fastest when the weights lie transposed in
    memory, the float32 product when they do not.

    Returns:
        A function of a matrix that returns its product with the weights.
    """
    weights = tf.cast(weights, operands)
    lie_transposed = operands == tf.bfloat16
    if lie_transposed != transposed:
        weights = _transpose(weights)
    return functools.partial(tf.matmul, b=weights, transpose_b=lie_transposed)


@tf.function(jit_compile=True)
def _transpose(weights):
    """Transposes in memory: compiled, so that no product takes it over."""
    return tf.transpose(weights)


def _over_steps(sequence, multiply):
    """Multiplies all rows of all steps at once."""
    steps, (rows, columns) = tf.shape(sequence)[0], sequence.shape[1:]
    product = multiply(tf.reshape(sequence, (-1, columns)))
    return tf.reshape(product, (steps, rows, product.shape[-1]))


def _sum_of_outer(left, right):
    """Sums the outer products of two sequences' rows, in one product."""
    left = tf.reshape(left, (-1, left.shape[-1]))
    right = tf.reshape(right, (-1, right.shape[-1]))
    return tf.cast(tf.matmul(left, right, transpose_a=True), tf.float32)
