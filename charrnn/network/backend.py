"""Import Keras without TensorFlow's startup messages.

Modules that need Keras import it from here: `from charrnn.network.backend
import keras`. TensorFlow 2.21 logs from C++ while it is imported, before it
reads any setting that would silence it.
"""

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from charrnn.system.ram import check_address_space

# The address space that TensorFlow maps and reserves. Under a lower limit
# (`ulimit -v`), it aborts or crashes without saying why, so we check first.
TENSORFLOW_BYTES = 3 * 10**9

BACKENDS = "tensorflow", "jax", "torch"  # that can train


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Discards output to standard error, also from C++.

    If the block raises, the output is printed after all: it may say why.

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


def chosen() -> tuple[str, str]:
    """Finds which backend Keras is set to use, and where that is set.

    Returns:
        `(name, place)`, such as `("jax", "KERAS_BACKEND=jax")`.

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


def explained(error: Exception) -> Exception:
    """Makes an error that says why Keras cannot be imported, and what to do.

    Args:
        error: The exception that the import raised.

    Returns:
        An exception to raise instead, or the same one.

    Example:

    >>> explained(ModuleNotFoundError("No module", name="keras"))
    ModuleNotFoundError('No module')
    """
    name, place = chosen()
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
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
        f"Expected the package {missing}, because Keras is set to compute with "
        f"{name} ({place}). It is not installed here. Run `pip install "
        f"{missing}`, or set KERAS_BACKEND=tensorflow."
    )


def _settings():
    """The user's settings file of Keras."""
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


def use_float32() -> None:
    """Makes Keras compute in float32, whatever the user's keras.json says.

    This is for our own programs: the library does not change the setting.
    `build_model` and the twins set float32 themselves, but Keras keeps the
    learning rate and the metrics in its `floatx`.

    Example:

    >>> use_float32()
    >>> keras.config.floatx()
    'float32'
    """
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


def synchronize(model: Any) -> None:
    """Updates the variables of a model inside `fit`, so that they can be read.

    With the JAX backend, `fit` keeps the values elsewhere between its steps.

    Args:
        model: The Keras model whose `fit` is running.
    """
    if keras.backend.backend() == "jax":
        model.jax_state_sync()


def threads() -> int:
    """Returns the number of threads that a matrix product of Keras may use.

    Example:

    >>> threads() > 0
    True
    """
    if keras.backend.backend() == "torch":
        import torch

        return torch.get_num_threads()
    if keras.backend.backend() == "tensorflow":
        # TensorFlow returns the number that the program has set (0: none), but
        # not the one in the user's environment variable.
        number = tensorflow.config.threading.get_intra_op_parallelism_threads()
        word = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
        number = number or (int(word) if word.isdecimal() else 0)
        return number or cores()
    return cores()


def cores() -> int:
    """Returns the number of processor cores that this process may use.

    Example:

    >>> cores() > 0
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def require_tensorflow() -> None:
    """Checks that Keras computes with TensorFlow.

    Raises:
        ValueError: if it computes with another backend.

    Example:

    >>> require_tensorflow()
    """
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise ValueError(
            "Expected Keras with the TensorFlow backend. Received "
            f"{backend}. Set KERAS_BACKEND=tensorflow."
        )
