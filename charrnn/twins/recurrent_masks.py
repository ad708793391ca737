"""Drop units of the state before the products of a step: recurrent dropout.

Keras draws a mask for each gate once a batch, and multiplies the previous
output `h` by it at every step, before the product with the gate's columns of
`U` (Gal and Ghahramani 2016):

    p[gate] = (h * mask[gate]) · U[gate]        with the same masks at all steps

So the gates of a step have different left factors: each gate is a block of its
own, as `tiles.py` calls it. The masks here only drop; `Fused` scales the units
that are left by scaling `U`.
"""

from collections.abc import Sequence

import tensorflow as tf

from charrnn.twins import kernels
from charrnn.twins.keeping import Keep

Masks = list[tf.Tensor] | None  # for each gate, (B, units of a part)


class RecurrentMasks:
    """The masks of a layer, divided like its units.

    Args:
        masks: True where the product of a gate reads a unit of `h`, False
            where the unit is dropped, `(G, B, H)`; `None` to drop nothing.
        sizes: Units of each part.

    Attributes:
        of_part: For each part a list of masks, one per gate; or `None`.

    Example:

    >>> masks = RecurrentMasks(tf.fill((4, 2, 6), True), [3, 3])
    >>> len(masks.of_part), len(masks.of_part[0]), masks.of_part[0][0].shape
    (2, 4, TensorShape([2, 3]))
    """

    of_part: list[Masks]

    def __init__(self, masks: tf.Tensor | None, sizes: Sequence[int]):
        self._all = masks
        if masks is None:
            self.of_part = [None] * len(sizes)
        else:
            parts = tf.split(masks, sizes, axis=2)
            self.of_part = [tf.unstack(part) for part in parts]

    @property
    def used(self) -> bool:
        """Whether anything is dropped."""
        return self._all is not None

    def left_factors(self, hidden: Sequence[tf.Tensor]) -> list[list]:
        """The left factors of the first step's products, `[part][gate]`.

        Args:
            hidden: `h`, `[part]`.
        """
        pairs = zip(hidden, self.of_part, strict=True)
        return [kernels.masked(h, masks) for h, masks in pairs]

    def from_each(self, h: tf.Tensor, keep: Keep) -> list[tf.Tensor]:
        """The left factors of all steps, `(T, B, H)`, one per gate or one.

        Args:
            h: The outputs before each step, `(T, B, H)`.
            keep: Where states are kept.
        """
        h = keep.before_each(h)
        if self._all is None:
            return [h]
        return [kernels.dropped(h, mask) for mask in tf.unstack(self._all)]
