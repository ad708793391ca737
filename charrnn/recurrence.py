"""The fused TensorFlow loops that run the equations there and back."""

import functools

import tensorflow as tf


class Tiles:
    """Divides a layer's weights into tiles of one small product each.

    The units are divided into parts, and each part's columns of a matrix
    into blocks of whole gates:

        part       0           1
        block    0   1       0   1
        gates   i f g o     i f g o     of the part's units

    The parts of a step are independent, so that each core has its own. The
    rows of `U` are divided into the same parts, so that what one part gave
    out is multiplied as it is. Blocks keep a tile so small that oneDNN
    computes its product on one core instead of making both wait.

    Args:
        gates: Gates of a cell.
        units: Units of the layer.
        parts: Parts of the units.
        operands: The `tf.DType` of the products.

    Example:

    >>> tiles = Tiles(gates=4, units=6, parts=2, operands=tf.float32)
    >>> tf.nest.map_structure(lambda w: w.shape, tiles.cut(tf.ones((5, 24))))
    [[TensorShape([5, 12])], [TensorShape([5, 12])]]
    >>> tiles.join(tiles.cut(tf.ones((5, 24)))).shape
    TensorShape([5, 24])
    """

    def __init__(self, gates, units, parts, operands):
        self.gates = gates
        self.sizes = [(units + i) // parts for i in range(parts)]
        tile = gates * self.sizes[-1] ** 2 * operands.size
        divisors = (n for n in range(1, gates) if gates % n == 0)
        self.blocks = next(
            (n for n in divisors if tile <= n * LARGEST_TILE), gates
        )

    def cut(self, weights):
        """Cuts `(rows, gates * units)` into columns, `[part][block]`."""
        rows = weights.shape[0]
        by_gate = tf.reshape(weights, (rows, self.gates, -1))
        return [
            [
                tf.reshape(block, (rows, -1))
                for block in tf.split(part, self.blocks, axis=1)
            ]
            for part in tf.split(by_gate, self.sizes, axis=2)
        ]

    def join(self, columns):
        """Puts columns, `[part][block]`, back together."""
        gates, rows = self.gates // self.blocks, columns[0][0].shape[0]
        by_gate = tf.nest.map_structure(
            lambda block: tf.reshape(block, (rows, gates, -1)), columns
        )
        parts = [tf.concat(part, axis=1) for part in by_gate]
        return tf.reshape(tf.concat(parts, axis=2), (rows, -1))

    def split(self, tensors, axis):
        """Splits tensors along their units, `[part][tensor]`."""
        pieces = [tf.split(tensor, self.sizes, axis) for tensor in tensors]
        return [list(part) for part in zip(*pieces, strict=True)]


LARGEST_TILE = 3 * 2**18  # bytes: it is to fit in a core's own cache


def run(
    equations,
    operands,
    inputs,
    kernel,
    recurrent_kernel,
    bias,
    states,
    parts=1,
):
    """Runs one recurrent layer over all steps.

    With `B` rows, `T` steps, `I` inputs, `H` units and `G` gates:

    Args:
        equations: A class of `charrnn.equations`.
        operands: `"float32"` or `"bfloat16"`: what the matrix products take,
            and what is kept for the gradient. All else is float32.
        inputs: float32, `(B, T, I)`; `B` and `I` must be known.
        kernel: float32, `(I, G H)`.
        recurrent_kernel: float32, `(H, G H)`.
        bias: float32, `(2, G H)`: of the input's product, of the state's.
        states: A list of float32 tensors, `(B, H)` each, `h` first.
        parts: Of the units, for as many cores.

    Returns:
        The outputs `h`, float32 `(B, T, H)`, and a list of the last states.
        Gradients flow from all of them back to all of the tensors.

    Example:

    >>> from charrnn.equations import SimpleRNN
    >>> outputs, (last,) = run(
    ...     SimpleRNN, "float32", tf.ones((2, 5, 3)), tf.ones((3, 4)),
    ...     tf.ones((4, 4)), tf.zeros((2, 4)), [tf.zeros((2, 4))]
    ... )
    >>> outputs.shape, last.shape
    (TensorShape([2, 5, 4]), TensorShape([2, 4]))
    """
    operands = tf.as_dtype(operands)
    tiles = Tiles(equations.gates, states[0].shape[1], parts, operands)

    @tf.custom_gradient
    def layer(inputs, kernel, recurrent_kernel, bias, *states):
        inputs = _swap(tf.cast(inputs, operands))  # (T, B, I)
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
        h = [states[0].stack() for states, _ in arrays]
        h = tf.concat(h, axis=2)  # (T + 1, B, H)

        def gradient(d_outputs, *d_last):
            dx, dp, d_states = _backward_loop(
                equations,
                [_swap(part) for (part,) in tiles.split([d_outputs], axis=2)],
                tiles.split(d_last, axis=1),
                recurrent,
                arrays,
            )
            d_inputs = _map(
                lambda d, w: _over_steps(d, w, transposed=True), dx, kernel
            )
            ones = tf.ones_like(inputs[:, :, :1])
            d_weights = [
                tiles.join(_map(functools.partial(_sum_of_outer, left), right))
                for left, right in (
                    (inputs, dx),
                    (h[:-1], dp),
                    (ones, dx),
                    (ones, dp),
                )
            ]
            return (
                _float(_swap(tf.add_n(_flat(d_inputs)))),
                *d_weights[:2],
                tf.concat(d_weights[2:], axis=0),
                *_whole(d_states),
            )

        return (_float(_swap(h[1:])), *_whole(last)), gradient

    outputs, *last = layer(inputs, kernel, recurrent_kernel, bias, *states)
    return outputs, last


_map, _flat = tf.nest.map_structure, tf.nest.flatten


def _swap(sequence):
    """Makes rows first of steps first, and the other way round."""
    return tf.transpose(sequence, (1, 0, 2))


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
        `tf.TensorArray`: of each state, the first one included, and of what
        is kept.
    """
    steps, operands = tf.shape(projected[0][0])[0], projected[0][0].dtype
    recurrent = _map(_right_factor, recurrent)
    compute = _compiled_forward(equations, operands)
    first = _map(lambda state: tf.cast(state, operands), states)
    arrays = []
    for part in first:
        of_states = [
            _array(steps + 1, state.shape, operands).write(0, state)
            for state in part
        ]
        rows, units = part[0].shape
        of_kept = [_array(steps, (equations.kept * rows, units), operands)]
        arrays.append((of_states, of_kept[: equations.kept]))

    def step(t, hidden, states, arrays):
        results = []
        for j, tiles in enumerate(recurrent):
            x = [block[t] for block in projected[j]]
            p = [_map(_multiply, hidden, block) for block in tiles]
            results.append(compute(x, p, biases[j], states[j]))
        states, rounded, kept = map(list, zip(*results, strict=True))
        arrays = [
            (
                _map(lambda a, value: a.write(t + 1, value), of_states, r),
                _map(lambda a, value: a.write(t, value), of_kept, k),
            )
            for (of_states, of_kept), r, k in zip(
                arrays, rounded, kept, strict=True
            )
        ]
        return t + 1, [part[0] for part in rounded], states, arrays

    hidden = [part[0] for part in first]
    _, _, last, arrays = tf.while_loop(
        lambda t, *_: t < steps, step, (0, hidden, states, arrays)
    )
    return last, arrays


def _backward_loop(equations, d_outputs, d_last, recurrent, arrays):
    """Carries the gradients of the states from the last step to the first.

    Returns:
        The gradients of the inputs' and of the states' products, all steps
        of them, `[part][block]`, and of the first states, `[part][state]`.
    """
    steps, operands = tf.shape(d_outputs[0])[0], recurrent[0][0][0].dtype
    rows, parts = d_last[0][0].shape[0], range(len(d_last))
    dz = [
        [
            [_array(steps, (rows, tile[0].shape[1]), operands) for tile in part]
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
    compute = _compiled_backward(equations, len(recurrent[0][0]))
    nothing = [
        [tf.zeros(part[0].shape, operands)] * len(_flat(tiles))
        for part, tiles in zip(d_last, recurrent, strict=True)
    ]

    one = tf.sign(tf.cast(steps, tf.float32))  # not known to XLA

    def step(t, through_products, gradients, dz):
        results = []
        for k in parts:
            of_states, of_kept = arrays[k]
            results.append(
                compute(
                    d_outputs[k][t],
                    through_products[k],
                    gradients[k],
                    [array.read(t) for array in of_states],
                    [array.read(t + 1) for array in of_states],
                    [array.read(t) for array in of_kept],
                    one,
                )
            )
        values, gradients = map(list, zip(*results, strict=True))
        dz = _map(lambda a, value: a.write(t, value), dz, values)
        dp = [part[-1] for part in values]
        through_products = [
            _flat(_map(_multiply, dp, tiles)) for tiles in recurrent
        ]
        return t - 1, through_products, gradients, dz

    _, through_products, gradients, dz = tf.while_loop(
        lambda t, *_: t >= 0, step, (steps - 1, nothing, d_last, dz)
    )
    for part, products in zip(gradients, through_products, strict=True):
        part[0] += _sum(products)
    dz = _map(lambda array: array.stack(), dz)
    return [part[0] for part in dz], [part[-1] for part in dz], gradients


def _array(steps, shape, dtype):
    """An array that the way there writes and the way back reads."""
    return tf.TensorArray(
        dtype, steps, element_shape=shape, clear_after_read=False
    )


@functools.cache
def _compiled_forward(equations, operands):
    """The arithmetic between two matrix products as one XLA program.

    It returns the new states, the same as operands, and what is kept, below
    one another in one matrix.
    """

    @tf.function(jit_compile=True, autograph=False)
    def compute(x, p, biases, states):
        gates = equations.gates // len(x)
        x = [_float(v) + bias[0] for v, bias in zip(x, biases, strict=True)]
        p = [_sum(v) + bias[1] for v, bias in zip(p, biases, strict=True)]
        x, p = (_flat([tf.split(b, gates, axis=1) for b in v]) for v in (x, p))
        states, kept = equations.forward(x, p, states)
        rounded = [tf.cast(state, operands) for state in states]
        return (
            states,
            rounded,
            [_joined(kept, operands, axis=0)] if kept else [],
        )

    return compute


@functools.cache
def _compiled_backward(equations, blocks):
    """The same for the way back."""

    @tf.function(jit_compile=True, autograph=False)
    def compute(d_output, through_products, gradients, old, new, kept, one):
        operands, size = new[0].dtype, equations.gates // blocks

        def once(value):
            return value / one  # XLA repeats all else wherever it is used

        dh, *others = gradients
        dx, dp, gradients = equations.backward(
            [once(dh + d_output + _sum(through_products)), *others],
            [_float(state) for state in old],
            [_float(state) for state in new],
            tf.split(_float(kept[0]), equations.kept) if kept else [],
            once,
        )
        dz = [
            [
                _joined(d[i : i + size], operands, axis=1)
                for i in range(0, len(d), size)
            ]
            for d in (dx, dp)[: equations.products]
        ]
        return dz, gradients

    return compute


def _joined(matrices, operands, axis):
    """Casts and concatenates.

    As bits, for XLA would concatenate bfloat16 as float32, and then compute
    element by element of the result, asking each time which matrix it is in.
    """
    matrices = [tf.cast(matrix, operands) for matrix in matrices]
    if operands == tf.bfloat16:
        matrices = [tf.bitcast(matrix, tf.uint16) for matrix in matrices]
    joined = tf.bitcast(tf.concat(matrices, axis), operands)
    return tf.stop_gradient(joined)  # bits have no gradient; `run` writes it


def _float(x):
    return tf.cast(x, tf.float32)


def _sum(products):
    return sum(map(_float, products))


def _right_factor(weights, transposed=False):
    """Lays weights out in memory as `_multiply` wants its right factor.

    oneDNN's bfloat16 product is fastest when the weights lie transposed,
    the float32 product when they do not.
    """
    if (weights.dtype == tf.bfloat16) != transposed:
        weights = _transpose(weights)
    return weights


def _multiply(left, right_factor):
    transpose = left.dtype == tf.bfloat16
    return tf.matmul(left, right_factor, transpose_b=transpose)


@tf.function(jit_compile=True, autograph=False)
def _transpose(weights):
    """Transposes in memory: compiled, so that no product takes it over."""
    return tf.transpose(weights)


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
    return _float(tf.matmul(left, right, transpose_a=True))
