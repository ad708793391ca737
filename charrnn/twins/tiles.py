"""Divide a layer's weights into tiles that fit one core's cache.

oneDNN computes a large product on all cores, which then wait for one another
at every time step. Small independent products run side by side instead:

- Units are divided into parts, one per core, so that a core reads only its
  share of the weights (benchmark: "half of the units for each core").
- A part's gates are divided into blocks until a tile is so small that oneDNN
  leaves its product to one core (benchmark: "products small enough for one
  core each").
"""

from collections.abc import Sequence

import tensorflow as tf

# The largest tile, in bytes, whose product oneDNN computes on one core; it
# fits the core's own (L2) cache.
MAX_TILE_BYTES = 3 * 2**18

Blocks = list[list[tf.Tensor]]  # [part][block]


class Tiles:
    """How the weights of a layer are divided.

    The columns of a matrix are ordered by gate, then by unit. They are divided
    by units into parts, and each part by gates into blocks. Here a block is a
    group of gates (in `charrnn.network` it is the columns of one gate). For an
    LSTM with two parts of two blocks:

        part         0             1
        block     0     1       0     1
        gates    i f   g o     i f   g o     each for the units of the part

    The rows of `U` correspond to the units of the previous step, so they are
    divided into the same parts: the output of each part is multiplied without
    first concatenating `h`.

    Args:
        gates: Number of gates of the cell, the candidate included.
        units: Number of units of the layer.
        parts: Number of parts that the units are divided into.
        operands: The `tf.DType` of the products.
        by_gate: Whether each gate is a block of its own, however small.

    Attributes:
        sizes: Units of each part.
        blocks: Blocks of each part, a divisor of `gates`.

    Example:

    >>> tiles = Tiles(gates=4, units=6, parts=2, operands=tf.float32)
    >>> tf.nest.map_structure(lambda w: w.shape, tiles.cut(tf.ones((5, 24))))
    [[TensorShape([5, 12])], [TensorShape([5, 12])]]
    >>> tiles.join(tiles.cut(tf.ones((5, 24)))).shape
    TensorShape([5, 24])
    """

    sizes: list[int]
    blocks: int

    def __init__(
        self,
        gates: int,
        units: int,
        parts: int,
        operands: tf.DType,
        by_gate: bool = False,
    ):
        self.gates = gates
        self.sizes = [(units + i) // parts for i in range(parts)]
        # All gates of a tile of `U` whose rows and columns are the units of
        # the largest part.
        tile_bytes = gates * self.sizes[-1] ** 2 * operands.size
        divisors = (n for n in range(1, gates) if gates % n == 0)
        fitting = (n for n in divisors if tile_bytes <= n * MAX_TILE_BYTES)
        self.blocks = gates if by_gate else next(fitting, gates)

    def cut(self, weights: tf.Tensor) -> Blocks:
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

    def cut_twice(self, weights: tf.Tensor) -> list[Blocks]:
        """Cuts `U` into columns and rows, `[part][block][part of h]`."""
        return tf.nest.map_structure(
            lambda columns: tf.split(columns, self.sizes), self.cut(weights)
        )

    def join(self, columns: Blocks) -> tf.Tensor:
        """Puts columns, `[part][block]`, back together."""
        gates, rows = self.gates // self.blocks, columns[0][0].shape[0]
        by_gate = tf.nest.map_structure(
            lambda block: tf.reshape(block, (rows, gates, -1)), columns
        )
        parts = [tf.concat(part, axis=1) for part in by_gate]
        return tf.reshape(tf.concat(parts, axis=2), (rows, -1))

    def split(self, tensors: Sequence[tf.Tensor], axis: int) -> Blocks:
        """Splits tensors along their units, `[part][tensor]`."""
        pieces = [tf.split(tensor, self.sizes, axis) for tensor in tensors]
        return [list(part) for part in zip(*pieces, strict=True)]

    @staticmethod
    def merge(tensors: Blocks) -> list[tf.Tensor]:
        """Puts tensors `(rows, units)`, `[part][tensor]`, back together."""
        return [tf.concat(t, axis=1) for t in zip(*tensors, strict=True)]
