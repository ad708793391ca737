"""Explain which batch size a twin needs when it gets another.

A twin has a state for each row of a batch, so it accepts batches of one size.
TensorFlow's own errors are about shapes in a graph; these say what to do.
"""

import functools
import re
from collections.abc import Callable

from charrnn.network.backend import keras

# TensorFlow's messages about a batch whose size it learns only at run time.
_WRONG_BATCH = re.compile(
    r"Shape of tensor \S* ?\[(\d+),.* is not compatible with expected shape"
    r"|ValueError: Expected batches .* Received a batch of (\d+)"
)


def explaining_batches(method: Callable) -> Callable:
    """Decorates a twin's method to explain errors about the batch size.

    Args:
        method: A method of an object with a `batch_size`.

    Returns:
        The method; it raises the error of `wrong_batch` if TensorFlow reports
        a batch of another size. Other errors are passed on.
    """

    @functools.wraps(method)
    def explaining(self, *args, **kwargs):
        if keras.backend.backend() != "tensorflow":
            return method(self, *args, **kwargs)  # it knows sizes early
        import tensorflow as tf

        try:
            return method(self, *args, **kwargs)
        except tf.errors.OpError as error:
            found = _WRONG_BATCH.search(str(error))
            if found is None:
                raise
            raise wrong_batch(
                self.batch_size, int(found[1] or found[2])
            ) from None

    return explaining


def wrong_batch(size: int, rows: int) -> ValueError:
    """Returns the error for a batch of `rows` sequences instead of `size`.

    Example:

    >>> str(wrong_batch(4, 2)).partition(": ")[0]
    'Expected batches of 4 sequences only'
    """
    return ValueError(
        f"Expected batches of {size} sequences only: the twin carries a "
        f"state for each. Received a batch of {rows}. Make the twin with "
        f"another batch_size, or drop the remainder: x[:len(x) // {size} "
        f"* {size}], or dataset.batch({size}, drop_remainder=True)."
    )
