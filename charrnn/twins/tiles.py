"""Divide a layer's weights into tiles, one small product each."""

import tensorflow as tf

LARGEST_TILE = 3 * 2**18  # bytes: it is to fit in a core's own cache


class Tiles:
    """How the weights of a layer are divided.

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
