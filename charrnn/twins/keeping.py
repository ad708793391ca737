"""Keep or reset the state of each row before each step of a loop."""

import tensorflow as tf


class Keep:
    """Where a loop keeps its states, as factors: 1 to keep, 0 to reset.

    A product of the state's row with a matrix is zero where the state is, so
    the loop does not touch the state itself: its compiled kernels multiply the
    products by the factors.

    Args:
        kept: 1 where a row's states are kept before a step, 0 where they are
            reset, float32, `(T, B)`; `None` to keep all, without any factors.

    Example:

    >>> keep = Keep(tf.constant([[1.0, 0.0]]))
    >>> keep[0].numpy().tolist(), keep[1].numpy().tolist()
    ([[1.0], [0.0]], [[1.0], [1.0]])
    >>> Keep(None)[0] is None
    True
    """

    def __init__(self, kept: tf.Tensor | None) -> None:
        self._factors: tf.Tensor | None = None
        if kept is not None:
            factors = kept[:, :, tf.newaxis]
            # Nothing comes after the last step.
            last = tf.ones_like(factors[:1])
            self._factors = tf.concat([factors, last], axis=0)  # (T + 1, B, 1)

    def __getitem__(self, t: tf.Tensor | int) -> tf.Tensor | None:
        """The factors before step `t`, `(B, 1)`; `None` if all are 1."""
        return None if self._factors is None else self._factors[t]

    def around(
        self, t: tf.Tensor | int
    ) -> tuple[tf.Tensor | None, tf.Tensor | None]:
        """The factors before step `t` and after it."""
        return self[t], self[t + 1]

    def before_each(self, sequence: tf.Tensor) -> tf.Tensor:
        """Resets states `(T, B, H)`, those before each step."""
        if self._factors is None:
            return sequence
        return sequence * tf.cast(self._factors[:-1], sequence.dtype)

    def before_all(self, gradient: tf.Tensor) -> tf.Tensor:
        """Resets the gradient of the initial state, `(B, H)`."""
        return gradient if self._factors is None else gradient * self[0]
