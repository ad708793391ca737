"""The fused TensorFlow loops that run the equations there and back."""

import functools

import tensorflow as tf

from charrnn.twins import kernels
from charrnn.twins.kernels import as_float, total
from charrnn.twins.tiles import Tiles


def run(equations, inputs, kernel, recurrent_kernel, bias, states, parts=1):
    """Runs one recurrent layer over all steps.

    With `T` steps, `B` rows, `I` inputs, `H` units and `G` gates:

    Args:
        equations: A class of `charrnn.equations`.
        inputs: float32 or bfloat16, `(T, B, I)`; `B` and `I` must be known.
            Of this kind is what the matrix products take, and what is kept
            for the gradient. All else is float32.
        kernel: float32, `(I, G H)`.
        recurrent_kernel: float32, `(H, G H)`.
        bias: float32, `(1, G H)`; for a GRU `(2, G H)`: of the input's
            product, and of the state's.
        states: A list of float32 tensors, `(B, H)` each, `h` first.
        parts: Of the units, for as many cores.

    Returns:
        The outputs `h`, `(T, B, H)`, of the same kind as the inputs, and a
        list of the last states, float32. Gradients flow from all of them back
        to all of the tensors.

    Example:

    >>> from charrnn.twins.equations import SimpleRNN
    >>> outputs, (last,) = run(
    ...     SimpleRNN, tf.ones((5, 2, 3)), tf.ones((3, 4)),
    ...     tf.ones((4, 4)), tf.zeros((1, 4)), [tf.zeros((2, 4))]
    ... )
    >>> outputs.shape, last.shape
    (TensorShape([5, 2, 4]), TensorShape([2, 4]))
    """
    operands = inputs.dtype
    tiles = Tiles(equations.gates, states[0].shape[1], parts, operands)

    @tf.custom_gradient
    def layer(inputs, kernel, recurrent_kernel, bias, *states):
        kernel = tiles.cut(tf.cast(kernel, operands))
        recurrent = tiles.cut(tf.cast(recurrent_kernel, operands))
        recurrent = _map(lambda w: tf.split(w, tiles.sizes), recurrent)
        last, arrays = _forward_loop(
            equations,
            _map(lambda w: _over_steps(inputs, w), kernel),
            recurrent,
            tiles.cut(bias),
            tiles.split(states, axis=1),
        )
        h = [_stack(states[0]) for states, _ in arrays]
        h = tf.concat(h, axis=2)  # (T + 1, B, H)

        def gradient(d_outputs, *d_last):
            dx, dp, d_states = _backward_loop(
                equations,
                [part for (part,) in tiles.split([d_outputs], axis=2)],
                tiles.split(d_last, axis=1),
                recurrent,
                arrays,
            )
            d_inputs = _map(
                lambda d, w: _over_steps(d, w, transposed=True), dx, kernel
            )
            ones = tf.ones_like(inputs[:, :, :1])
            d_kernel, d_recurrent, *d_bias = (
                tiles.join(_map(functools.partial(_sum_of_outer, left), right))
                for left, right in [
                    (inputs, dx),
                    (h[:-1], dp),
                    (ones, dx),
                    (ones, dp),
                ][: 2 + bias.shape[0]]
            )
            return (
                kernels.rounded_total(_flat(d_inputs)),
                d_kernel,
                d_recurrent,
                tf.concat(d_bias, axis=0),
                *_whole(d_states),
            )

        return (h[1:], *_whole(last)), gradient

    outputs, *last = layer(inputs, kernel, recurrent_kernel, bias, *states)
    return outputs, last


_map, _flat = tf.nest.map_structure, tf.nest.flatten


def _whole(states):
    """Puts the parts of states, `[part][state]`, together."""
    return [tf.concat(parts, axis=1) for parts in zip(*states, strict=True)]


def _forward_loop(equations, projected, recurrent, biases, states):
    """Computes the states of all steps, one after the other.

    Args:
        equations: As above.
        projected: The inputs' products, `[part][block]`.
        recurrent: The tiles of `U`, `[part][block][part of h]`.
        biases: `[part][block]`.
        states: The first ones, `[part][state]`.

    Returns:
        The last states, `[part][state]`, and for each part two lists of
        arrays: of each state, the first one included, and of what is kept.
    """
    steps, operands = tf.shape(projected[0][0])[0], projected[0][0].dtype
    recurrent = _map(_right_factor, recurrent)
    compute = kernels.forward(equations, operands)
    first = _map(lambda state: tf.cast(state, operands), states)
    arrays = []
    for part in first:
        rows, units = part[0].shape
        of_states = [_rows(steps + 1, (rows, units), operands)]
        for _ in part[1:]:  # c, where there is one, is not stacked
            of_states.append(_array(steps + 1, (rows, units), operands))
        of_states = _map(lambda a, state: _write(a, 0, state), of_states, part)
        of_kept = [  # in pairs, as `kernels.forward` returns it
            _array(steps, (2 * rows, units), operands)
            for _ in range(equations.kept // 2)
        ]
        arrays.append((of_states, of_kept))

    def step(t, hidden, memories, arrays):
        results = []
        for j, tiles in enumerate(recurrent):
            x = [block[t] for block in projected[j]]
            p = [_map(_multiply, hidden, block) for block in tiles]
            results.append(compute(x, p, biases[j], memories[j]))
        memories, rounded, kept = map(list, zip(*results, strict=True))
        arrays = [
            (
                _map(lambda a, value: _write(a, t + 1, value), of_states, r),
                _map(lambda a, value: _write(a, t, value), of_kept, k),
            )
            for (of_states, of_kept), r, k in zip(
                arrays, rounded, kept, strict=True
            )
        ]
        return t + 1, [part[0] for part in rounded], memories, arrays

    hidden = [part[0] for part in first]
    memories = [part[-1] for part in states]
    _, hidden, memories, arrays = tf.while_loop(
        lambda t, *_: t < steps, step, (0, hidden, memories, arrays)
    )
    last = zip(_map(as_float, hidden), memories, strict=True)
    return [list(part)[-len(states[0]) :] for part in last], arrays


def _backward_loop(equations, d_outputs, d_last, recurrent, arrays):
    """Carries the gradients of the states from the last step to the first.

    Returns:
        The gradients of the inputs' and of the states' products, all steps
        of them, `[part][block]`, and of the first states, `[part][state]`.
    """
    steps, operands = tf.shape(d_outputs[0])[0], recurrent[0][0][0].dtype
    rows, parts = d_last[0][0].shape[0], range(len(d_last))
    separate = len(d_last[0]) > 1  # the memory is not h
    dz = [
        [
            [_rows(steps, (rows, tile[0].shape[1]), operands) for tile in part]
            for _ in range(equations.products)
        ]
        for part in recurrent
    ]
    recurrent = [  # [part of h][part][block]
        [
            [_right_factor(tile[k], transposed=True) for tile in part]
            for part in recurrent
        ]
        for k in parts
    ]
    compute = kernels.backward(equations, len(recurrent[0][0]))
    d_hidden = []  # by the products of the step after
    for part, tiles in zip(d_last, recurrent, strict=True):
        nothing = tf.zeros(part[0].shape, operands)
        last = tf.cast(part[0], operands) if separate else nothing
        d_hidden.append([last] + [nothing] * (len(_flat(tiles)) - 1))

    one = tf.sign(tf.cast(steps, tf.float32))  # not known to XLA

    def step(t, d_hidden, d_memories, dz):
        results = []
        for k in parts:
            of_states, of_kept = arrays[k]
            results.append(
                compute(
                    d_outputs[k][t],
                    d_hidden[k],
                    d_memories[k],
                    _read(of_states[-1], t),
                    _read(of_states[-1], t + 1),
                    [_read(array, t) for array in of_kept],
                    one,
                )
            )
        values, d_memories = map(list, zip(*results, strict=True))
        dz = _map(lambda d, value: _write(d, t, value), dz, values)
        dp = [part[-1] for part in values]
        d_hidden = [_flat(_map(_multiply, dp, tiles)) for tiles in recurrent]
        return t - 1, d_hidden, d_memories, dz

    _, d_hidden, d_memories, dz = tf.while_loop(
        lambda t, *_: t >= 0,
        step,
        (steps - 1, d_hidden, [part[-1] for part in d_last], dz),
    )
    d_first = [
        [total(products), memory] if separate else [total(products) + memory]
        for products, memory in zip(d_hidden, d_memories, strict=True)
    ]
    dz = _map(_stack, dz)
    return [part[0] for part in dz], [part[-1] for part in dz], d_first


def _array(steps, shape, dtype):
    """An array of tensors."""
    return tf.TensorArray(
        dtype, steps, element_shape=shape, clear_after_read=False
    )


def _rows(steps, shape, dtype):
    """The same, to be stacked: of float32 as one tensor, written in place.

    That saves a copy of what may not fit in the cache. TensorFlow would write
    bfloat16 in place value by value, which takes longer than the copy.
    """
    if dtype != tf.float32:
        return _array(steps, shape, dtype)
    return tf.ensure_shape(
        tf.raw_ops.Empty(shape=(steps, *shape), dtype=dtype), (None, *shape)
    )


def _write(array, t, value):
    if isinstance(array, tf.TensorArray):
        return array.write(t, value)
    place = tf.reshape(t, (1,))
    return tf.raw_ops.InplaceUpdate(x=array, i=place, v=value[tf.newaxis])


def _read(array, t):
    return array.read(t) if isinstance(array, tf.TensorArray) else array[t]


def _stack(array):
    return array.stack() if isinstance(array, tf.TensorArray) else array


def _right_factor(weights, transposed=False):
    """Lays weights out in memory as `_multiply` wants its right factor.

    oneDNN's bfloat16 product is fastest when the weights lie transposed,
    the float32 product when they do not.
    """
    if (weights.dtype == tf.bfloat16) != transposed:
        weights = kernels.transpose(weights)
    return weights


def _multiply(left, right_factor):
    transpose = left.dtype == tf.bfloat16
    return tf.matmul(left, right_factor, transpose_b=transpose)


def _over_steps(sequence, weights, transposed=False):
    """Multiplies all rows of all steps at once."""
    steps, (rows, columns) = tf.shape(sequence)[0], sequence.shape[1:]
    product = _multiply(
        tf.reshape(sequence, (-1, columns)), _right_factor(weights, transposed)
    )
    return tf.reshape(product, (steps, rows, product.shape[-1]))


def _sum_of_outer(left, right):
    """Sums the outer products of two sequences' rows, in one product."""
    left = tf.reshape(left, (-1, left.shape[-1]))
    right = tf.reshape(right, (-1, right.shape[-1]))
    return as_float(tf.matmul(left, right, transpose_a=True))
