"""Import Keras, without what TensorFlow writes to the terminal meanwhile.

TensorFlow 2.21 logs from C++ while it is imported, before it has looked at
any setting that would silence it.
"""

import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path

from charrnn.system.ram import check_address_space

# What TensorFlow maps and reserves before and while it computes. With less
# it does not say so: it aborts, or crashes.
TENSORFLOW_BYTES = 3 * 10**9

BACKENDS = "tensorflow", "jax", "torch"  # that can train


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


def chosen():
    """The backend that Keras is told to use, and where it is told so.

    Returns:
        `(name, place)`.

    Example:

    >>> name, place = chosen()
    """
    if name := os.environ.get("KERAS_BACKEND"):
        return name, f"KERAS_BACKEND={name}"
    path = _settings()
    try:
        name = json.loads(path.read_text(encoding="utf-8"))["backend"]
    except (OSError, ValueError, LookupError, TypeError):
        return "tensorflow", "by default"
    return name, f"in '{path}'"


def explained(error):
    """What it means that Keras cannot be imported.

    Args:
        error: What the import raised.

    Returns:
        An exception to raise instead, or the same.

    Example:

    >>> explained(ModuleNotFoundError("No module", name="keras"))
    ModuleNotFoundError('No module')
    """
    name, place = chosen()
    is_missing = isinstance(error, ModuleNotFoundError)
    missing = error.name if is_missing else None
    if missing is None and name in BACKENDS:
        reason = str(error).removesuffix(".")
        return ValueError(
            f"Keras cannot be imported: {reason}. Correct what '{_settings()}' "
            "sets, or delete that file."
        )
    if name == "tensorflow" or missing in ("keras", "tensorflow"):
        return error
    if missing is None or name not in BACKENDS:
        return ValueError(
            "Expected Keras with a backend that can train: tensorflow, jax or "
            f"torch. Received {name!r} ({place}). Set KERAS_BACKEND=tensorflow."
        )
    return ValueError(
        f"Expected the package {missing}, for Keras is told to compute with "
        f"{name} ({place}). It is not installed here. Run `pip install "
        f"{missing}`, or set KERAS_BACKEND=tensorflow."
    )


def _settings():
    """The file in which the user tells Keras how to compute."""
    home = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    return Path(home) / "keras.json"


def _import():
    """Imports Keras as the user set it up, and TensorFlow."""
    check_address_space(TENSORFLOW_BYTES, "TensorFlow")
    try:
        with silence():
            import keras
            import tensorflow  # feeds the data with any backend
    except (ModuleNotFoundError, ValueError, AttributeError, TypeError) as e:
        raise explained(e) from e
    return keras, tensorflow


keras, tensorflow = _import()


def use_float32():
    """Makes float32 what Keras computes in, for a program of our own.

    `build_model` and the twins are float32 anyhow; the learning rate and the
    metrics follow the `floatx` of the user's keras.json.

    Example:

    >>> use_float32()
    >>> keras.config.floatx()
    'float32'
    """
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


def synchronize(model):
    """Lets the variables of a model inside `fit` be read.

    With the JAX backend, `fit` keeps the values elsewhere between its steps.

    Args:
        model: The Keras model whose `fit` is running.
    """
    if keras.backend.backend() == "jax":
        model.jax_state_sync()


def threads():
    """Returns how many threads a matrix product of Keras may use.

    Example:

    >>> threads() > 0
    True
    """
    if keras.backend.backend() == "torch":
        import torch

        return torch.get_num_threads()
    if keras.backend.backend() == "tensorflow":
        # What a program, or else the user, has set; 0 without either.
        number = tensorflow.config.threading.get_intra_op_parallelism_threads()
        word = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
        number = number or (int(word) if word.isdecimal() else 0)
        return number or cores()
    return cores()


def cores():
    """Returns how many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
