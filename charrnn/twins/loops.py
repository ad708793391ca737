"""Run a recurrent layer over a window of steps, forward and backward.

This is back-propagation through time, arranged for speed. One call of `run`
computes one layer over one window of T steps:

    before the loop:  x_1 W ... x_T W          one product for all steps
                         |         |
                         v         v
    h_0, c_0 ------> [ step 1 ] -> ... -> [ step T ] ------> h_T, c_T
                         |                    |       carried to the next window
                  tape:  h_1, c_1, gates ...  h_T, c_T, gates
                         |                    |
                         v                    v
    dh_0, dc_0 <---- [ step 1 ] <- ... <- [ step T ] <------ dh_T, dc_T
                         |                    |
                        dz_1      ...        dz_T
                         |                    |
    after the loop:  dx_t = dz_t W'               one product for all steps
                     dW = sum of x_t' dz_t        one product
                     dU = sum of h_(t-1)' dz_t    one product
                     db = sum of dz_t             one product, with ones

dz_t is the gradient with respect to the gates before their activation; `'`
means transposed. The ideas, and the rows of benchmarks/README.md that support
them:

- The loop contains only what depends on the previous step: the product of h
  with `U`, and one compiled kernel for all gates. The gradients of the weights
  are computed after the loop, as one large product each (`deferred.py`;
  Appleyard et al. 2016 divide the work on a GPU in the same way).
- The units of the layer are divided among the cores, and `U` into tiles whose
  products are small (`tiles.py`). In the code, `[part]` indexes the shares of
  the units, one per core; `[block]` the groups of gates within a part; and
  `[part of h]` the input rows of `U`, divided like the parts:

      p[part][block] = sum over k of  h[k] · U[part][block][k]
      h[part], c[part] = kernel(x[part], p[part], c[part])

  Within a step the parts are independent; the next step needs the new h of
  all parts. More parts than there are cores sharing the weights is slower
  (benchmark: "three parts").
- The forward pass stores h, c and the gates after their activation, two gates
  per tensor (`tape.py`; benchmark: "states and gates in two lists"). The
  backward pass recomputes only tanh(c).
- h is rounded to the precision of the products, and is stored in it. The
  memory (c, or h if the cell has no c) is carried from step to step in
  float32, so that its small updates are not rounded away (benchmark: "only
  the memory of a cell carried in float32").
"""

from collections.abc import Sequence

import tensorflow as tf

from charrnn.twins import kernels
from charrnn.twins.backward_start import first_gradients, transposed_tiles
from charrnn.twins.deferred import (
    bias_gradient,
    input_gradient,
    recurrent_gradient,
    weight_gradient,
)
from charrnn.twins.equations import Equations
from charrnn.twins.keeping import Keep
from charrnn.twins.kernels import as_float, masked_total
from charrnn.twins.products import multiply, over_steps, right_factor
from charrnn.twins.recurrent_masks import RecurrentMasks
from charrnn.twins.tape import Tape, gate_storage, new_tape, read, stack, write
from charrnn.twins.tiles import Blocks, Tiles

_map, _flat = tf.nest.map_structure, tf.nest.flatten


def run(
    equations: type[Equations],
    inputs: tf.Tensor,
    kernel: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    bias: tf.Tensor,
    states: Sequence[tf.Tensor],
    parts: int = 1,
    kept: tf.Tensor | None = None,
    masks: tf.Tensor | None = None,
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Runs one recurrent layer over all steps.

    With `T` steps, `B` rows, `I` inputs, `H` units and `G` gates (the
    candidate counted as one):

    Args:
        equations: A class of `charrnn.twins.equations`.
        inputs: `(T, B, I)`; `B` and `I` must be known. Their type, float32
            or bfloat16, is the precision of the matrix products and of the
            values stored for the gradient. Everything else is float32.
        kernel: `W`, float32, `(I, G H)`.
        recurrent_kernel: `U`, float32, `(H, G H)`.
        bias: float32, `(1, G H)`; for a GRU `(2, G H)`: one for the input's
            product, one for the state's.
        states: The initial states, float32, `(B, H)` each, `h` first.
        parts: Number of parts that the units are divided into, one per core.
        kept: 1 where a row's states are kept before a step, 0 where they are
            reset, float32, `(T, B)`. `None` keeps all.
        masks: Recurrent dropout: False where the product of a gate does not
            read a unit of `h`, `(G, B, H)`. `None` drops nothing.

    Returns:
        The outputs `h`, `(T, B, H)`, of the inputs' type, and a list of the
        final states, float32. Gradients flow from all of these to all of the
        tensors passed in.

    Example:

    >>> from charrnn.twins.equations import SimpleRNN
    >>> outputs, (last,) = run(
    ...     SimpleRNN, tf.ones((5, 2, 3)), tf.ones((3, 4)),
    ...     tf.ones((4, 4)), tf.zeros((1, 4)), [tf.zeros((2, 4))]
    ... )
    >>> outputs.shape, last.shape
    (TensorShape([5, 2, 4]), TensorShape([2, 4]))
    """
    operands, units = inputs.dtype, states[0].shape[1]
    tiles = Tiles(equations.gates, units, parts, operands, masks is not None)
    keep, drop = Keep(kept), RecurrentMasks(masks, tiles.sizes)

    # TensorFlow sees only the result of `layer` and its hand-written
    # gradient: it neither records nor differentiates the steps.
    @tf.custom_gradient
    def layer(inputs, kernel, recurrent_kernel, bias, *states):
        kernel = tiles.cut(tf.cast(kernel, operands))
        recurrent = tiles.cut_twice(tf.cast(recurrent_kernel, operands))
        projected = _map(lambda w: over_steps(inputs, w), kernel)
        first = tiles.split(states, axis=1)
        last, tape = _forward_loop(
            equations, projected, recurrent, tiles.cut(bias), first, keep, drop
        )
        h = tf.concat([stack(part.states[0]) for part in tape], axis=2)

        def gradient(d_outputs, *d_last):
            d_h = tf.split(d_outputs, tiles.sizes, axis=2)
            d_end = tiles.split(d_last, axis=1)
            dx, dp, d_states = _backward_loop(
                equations, d_h, d_end, recurrent, tape, keep, drop
            )
            return (
                input_gradient(dx, kernel),
                weight_gradient(tiles, inputs, dx),
                recurrent_gradient(tiles, drop.from_each(h[:-1], keep), dp),
                bias_gradient(tiles, inputs, [dx, dp][: equations.products]),
                *tiles.merge(d_states),
            )

        return (h[1:], *tiles.merge(last)), gradient  # h is (T + 1, B, H)

    outputs, *last = layer(inputs, kernel, recurrent_kernel, bias, *states)
    return outputs, last


def _forward_loop(
    equations: type[Equations],
    projected: Blocks,
    recurrent: list[Blocks],
    biases: Blocks,
    states: list[list[tf.Tensor]],
    keep: Keep,
    drop: RecurrentMasks,
) -> tuple[list[list[tf.Tensor]], list[Tape]]:
    """Computes the states of all steps, from the first to the last.

    Here a block is a group of gates: see `tiles.py`.

    Args:
        equations: A class of `charrnn.twins.equations`.
        projected: The inputs' products with `W`, `[part][block]`.
        recurrent: The tiles of `U`, `[part][block][part of h]`.
        biases: `[part][block]`.
        states: The initial states, `[part][state]`.
        keep: Where states are kept.
        drop: What the products of a step do not read.

    Returns:
        The final states, `[part][state]`, and the tape of each part.
    """
    steps, operands = tf.shape(projected[0][0])[0], projected[0][0].dtype
    recurrent = _map(right_factor, recurrent)
    compute = kernels.forward(equations, operands)
    first = _map(lambda state: tf.cast(state, operands), states)
    tape = [new_tape(equations, part, steps) for part in first]

    def step(t, hidden, memories, tape):
        results = []
        for j, tiles in enumerate(recurrent):
            x = [block[t] for block in projected[j]]
            p = [
                _map(multiply, [h[b % len(h)] for h in hidden], block)
                for b, block in enumerate(tiles)
            ]
            around = keep[t], drop.of_part[j]
            results.append(compute(x, p, biases[j], memories[j], *around))
        memories, rounded, kept, masked = map(list, zip(*results, strict=True))
        tape = [
            part.write(t, *values)
            for part, *values in zip(tape, rounded, kept, strict=True)
        ]
        hidden = masked if drop.used else [part[:1] for part in rounded]
        return t + 1, hidden, memories, tape

    # h, or what each gate reads of it, as operands of the products
    hidden = drop.left_factors([part[0] for part in first])
    memories = [part[-1] for part in states]  # c (or h if no c), in float32
    _, hidden, memories, tape = tf.while_loop(
        lambda t, *_: t < steps, step, (0, hidden, memories, tape)
    )
    h = [as_float(read(part.states[0], steps)) for part in tape]
    last = zip(h, memories, strict=True)
    # [h, c] for an LSTM; for other cells the memory, which is h not rounded.
    return [list(part)[-len(states[0]) :] for part in last], tape


def _backward_loop(
    equations: type[Equations],
    d_outputs: list[tf.Tensor],
    d_last: list[list[tf.Tensor]],
    recurrent: list[Blocks],
    tape: list[Tape],
    keep: Keep,
    drop: RecurrentMasks,
) -> tuple[Blocks, Blocks, list[list[tf.Tensor]]]:
    """Carries the gradients of the states from the last step to the first.

    Args:
        equations: A class of `charrnn.twins.equations`.
        d_outputs: The gradients of the outputs, `(T, B, units)`, `[part]`.
        d_last: The gradients of the final states, `[part][state]`.
        recurrent: The tiles of `U`, `[part][block][part of h]`.
        tape: What `_forward_loop` stored, `[part]`.
        keep: Where states are kept.
        drop: What the products of a step do not read.

    Returns:
        The gradients of the inputs' products and of the states' products at
        all steps, `[part][block]` each, and of the initial states,
        `[part][state]`.
    """
    steps = tf.shape(d_outputs[0])[0]
    separate = len(d_last[0]) > 1  # the memory is c, not h
    compute = kernels.backward(equations, len(recurrent[0]))
    dz = gate_storage(equations, recurrent, d_last[0][0].shape[0], steps)
    back = transposed_tiles(recurrent)
    d_outputs, d_hidden = first_gradients(d_outputs, d_last, back, drop.used)
    one = tf.sign(tf.cast(steps, tf.float32))  # 1, but XLA cannot infer it

    def step(t, d_hidden, d_memories, dz):
        kept = keep.around(t)
        results = [
            compute(d_h[t], products, d_memory, *own.read(t), one, *kept, masks)
            for d_h, products, d_memory, own, masks in zip(
                d_outputs, d_hidden, d_memories, tape, drop.of_part, strict=True
            )
        ]
        values, d_memories = map(list, zip(*results, strict=True))
        dz = _map(lambda storage, v: write(storage, t, v), dz, values)
        dp = [part[-1] for part in values]
        # The gradient that reaches the previous step's h through the products
        # of this step, not yet summed: the previous step's kernel sums it.
        d_hidden = [_flat(_map(multiply, dp, tiles)) for tiles in back]
        return t - 1, d_hidden, d_memories, dz

    _, d_hidden, d_memories, dz = tf.while_loop(
        lambda t, *_: t >= 0,
        step,
        (steps - 1, d_hidden, [part[-1] for part in d_last], dz),
    )
    d_h = map(masked_total, d_hidden, drop.of_part)
    pairs = zip(map(keep.before_all, d_h), d_memories, strict=True)
    d_first = [[h, c] if separate else [h + c] for h, c in pairs]
    dz = _map(stack, dz)
    return [part[0] for part in dz], [part[-1] for part in dz], d_first
