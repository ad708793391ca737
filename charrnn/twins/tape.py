"""Store the results of each time step in a loop that TensorFlow runs.

There are two kinds of storage, each faster for one use:

- A `tf.TensorArray` keeps the tensors of the steps as they are. Nothing is
  copied, unless they are stacked into one tensor after the loop.
- One tensor for all steps, written in place, avoids that copy, which may not
  fit in the cache (benchmark: "stacked after a loop written in place"). It is
  used for float32 only: TensorFlow writes bfloat16 in place value by value,
  which takes longer than the copy.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from charrnn.twins.equations import Equations
from charrnn.twins.tiles import Blocks

Storage = Any  # a tf.TensorArray, or a tensor (T, ...) written in place


class Tape(NamedTuple):
    """The values that the steps of one part of the units computed.

    Attributes:
        states: A storage for each state, `h` first, with `T + 1` entries:
            entry 0 is the state before the first step.
        kept: A storage for each pair of the other matrices that the gradient
            needs, with `T` entries.
    """

    states: list[Storage]
    kept: list[Storage]

    def write(
        self,
        t: tf.Tensor,
        states: Sequence[tf.Tensor],
        kept: Sequence[tf.Tensor],
    ) -> "Tape":
        """Stores what step `t` computed; the loop has to carry the result."""
        return Tape(
            [
                write(s, t + 1, v)
                for s, v in zip(self.states, states, strict=True)
            ],
            [write(s, t, v) for s, v in zip(self.kept, kept, strict=True)],
        )

    def read(
        self, t: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor]]:
        """Returns the memory before and after step `t`, and what it kept."""
        memory = self.states[-1]
        kept = [read(storage, t) for storage in self.kept]
        return read(memory, t), read(memory, t + 1), kept


def new_tape(
    equations: type[Equations], first: Sequence[tf.Tensor], steps: tf.Tensor
) -> Tape:
    """Makes the tape of one part of the units, with its initial states.

    Args:
        equations: A class of `charrnn.twins.equations`.
        first: The states before the first step, `(B, units)` each, `h` first,
            in the precision in which they are to be stored.
        steps: How many steps will be stored, an integer tensor.

    Returns:
        A `Tape`.

    Example:

    >>> from charrnn.twins.equations import GRU
    >>> tape = new_tape(GRU, [tf.ones((2, 3))], 5)
    >>> read(tape.states[0], 0).shape, len(tape.kept)  # two pairs of gates
    (TensorShape([2, 3]), 2)
    """
    h, *others = first
    (rows, units), dtype = h.shape, h.dtype
    states = [stackable(steps + 1, (rows, units), dtype)]
    for _ in others:  # c, in an LSTM, is read step by step only
        states.append(_array(steps + 1, (rows, units), dtype))
    states = [write(s, 0, v) for s, v in zip(states, first, strict=True)]
    kept = [  # in pairs, as `kernels.forward` returns it
        _array(steps, (2 * rows, units), dtype)
        for _ in range(equations.kept // 2)
    ]
    return Tape(states, kept)


def gate_storage(
    equations: type[Equations],
    recurrent: list[Blocks],
    rows: int,
    steps: tf.Tensor,
) -> list[list[list[Storage]]]:
    """Makes the storages for the gates' gradients at all steps.

    Here a block is a group of gates: see `tiles.py`.

    Args:
        equations: A class of `charrnn.twins.equations`.
        recurrent: The tiles of `U`, `[part][block][part of h]`.
        rows: Rows of a batch.
        steps: How many steps will be stored, an integer tensor.

    Returns:
        Storages, `[part][product][block]`, with `steps` entries.

    Example:

    >>> from charrnn.twins.equations import GRU
    >>> [of_part] = gate_storage(GRU, [[[tf.ones((4, 12))]]], 2, 5)
    >>> [stack(block).shape for [block] in of_part]
    [TensorShape([5, 2, 12]), TensorShape([5, 2, 12])]
    """
    return [
        [
            [
                stackable(steps, (rows, tile[0].shape[1]), tile[0].dtype)
                for tile in part
            ]
            for _ in range(equations.products)
        ]
        for part in recurrent
    ]


def stackable(
    steps: tf.Tensor, shape: tuple[int, int], dtype: tf.DType
) -> Storage:
    """Makes a storage that is to be stacked after the loop.

    Args:
        steps: How many entries it has, an integer tensor.
        shape: The shape of an entry.
        dtype: The `tf.DType` of an entry.

    Example:

    >>> stack(write(stackable(1, (2, 3), tf.float32), 0, tf.ones((2, 3)))).shape
    TensorShape([1, 2, 3])
    """
    if dtype != tf.float32:
        return _array(steps, shape, dtype)
    return tf.ensure_shape(
        tf.raw_ops.Empty(shape=(steps, *shape), dtype=dtype), (None, *shape)
    )


def _array(
    steps: tf.Tensor, shape: tuple[int, int], dtype: tf.DType
) -> tf.TensorArray:
    return tf.TensorArray(
        dtype, steps, element_shape=shape, clear_after_read=False
    )


def write(storage: Storage, t: tf.Tensor, value: tf.Tensor) -> Storage:
    """Stores an entry; returns the storage, which replaces the one given."""
    if isinstance(storage, tf.TensorArray):
        return storage.write(t, value)
    place = tf.reshape(t, (1,))
    return tf.raw_ops.InplaceUpdate(x=storage, i=place, v=value[tf.newaxis])


def read(storage: Storage, t: tf.Tensor) -> tf.Tensor:
    """Returns entry `t`."""
    if isinstance(storage, tf.TensorArray):
        return storage.read(t)
    return storage[t]


def stack(storage: Storage) -> tf.Tensor:
    """Returns all entries as one tensor, the steps first."""
    if isinstance(storage, tf.TensorArray):
        return storage.stack()
    return storage
