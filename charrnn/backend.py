"""Import Keras, without what TensorFlow writes to the terminal meanwhile.

TensorFlow 2.21 logs from C++ while it is imported, before it has looked at
any setting that would silence it.
"""

import contextlib
import os
import sys
import tempfile


@contextlib.contextmanager
def silence():
    """Holds back what is written to the error output, C++ code's too.

    If the block fails, the held-back text is written after all.

    Example:

    >>> with silence():
    ...     _ = os.write(2, b"oneDNN custom operations are on")
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except Exception:
            held_back.seek(0)
            os.write(terminal, held_back.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


with silence():
    import keras as keras
    import tensorflow  # noqa: F401  # feeds the data with any backend


def synchronize(model):
    """Lets the variables of a model inside `fit` be read.

    With the JAX backend, `fit` keeps the values elsewhere between its steps.

    Args:
        model: The Keras model whose `fit` is running.
    """
    if keras.backend.backend() == "jax":
        model.jax_state_sync()


def require_tensorflow():
    """Checks that Keras computes with TensorFlow.

    Raises:
        ValueError: if it has another backend.

    Example:

    >>> require_tensorflow()
    """
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise ValueError(
            "Expected Keras with the TensorFlow backend. Received "
            f"{backend}. Set KERAS_BACKEND=tensorflow."
        )
