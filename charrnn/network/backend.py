"""Import Keras and its backend without their startup messages.

Modules that need Keras import it from here: `from charrnn.network.backend
import keras`. TensorFlow 2.21 logs from C++ while it is imported, before it
reads any setting that would silence it. With another backend nothing imports
TensorFlow, which need not be installed.
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np

from charrnn.network.choice import choose_installed, chosen, explained
from charrnn.system.ram import check_address_space

# The address space that TensorFlow maps and reserves. Under a lower limit
# (`ulimit -v`), it aborts or crashes without saying why, so we check first.
TENSORFLOW_BYTES = 3 * 10**9


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


@contextlib.contextmanager
def _without_jax() -> Iterator[None]:
    """Makes JAX look as if it were not installed, for TensorFlow.

    TensorFlow Lite imports it if it can, for a converter that nothing here
    uses: a seventh of the time that importing Keras takes.
    """
    if chosen()[0] != "tensorflow" or "jax" in sys.modules:
        yield
        return
    sys.modules["jax"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.modules.pop("jax", None)


def _import():
    """Imports Keras as the user set it up, with its backend."""
    choose_installed()
    if chosen()[0] == "tensorflow":
        check_address_space(TENSORFLOW_BYTES, "TensorFlow")
    try:
        with silence(), _without_jax():
            import keras
    except (ModuleNotFoundError, ValueError, AttributeError, TypeError) as e:
        raise explained(e) from e
    return keras


keras = _import()


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


def set_random_seed(seed: int) -> None:
    """Seeds Python, NumPy and Keras, without a message.

    Keras seeds TensorFlow as well where it is installed, and imports it for
    that, whatever the backend.

    Args:
        seed: A whole number.

    Example:

    >>> set_random_seed(1)
    """
    with silence():
        keras.utils.set_random_seed(seed)


def synchronize(model: Any) -> None:
    """Updates the variables of a model inside `fit`, so that they can be read.

    With the JAX backend, `fit` keeps the values elsewhere between its steps.

    Args:
        model: The Keras model whose `fit` is running.
    """
    if keras.backend.backend() == "jax":
        model.jax_state_sync()


def to_numpy(variable: Any) -> np.ndarray:
    """Returns the value of a variable, wherever its parts are.

    If another process has a part of it, all processes must call this.

    Args:
        variable: A Keras variable.

    Example:

    >>> to_numpy(keras.Variable([1.0, 2.0]))
    array([1., 2.], dtype=float32)
    """
    value = variable.value
    if keras.backend.backend() == "jax" and not (
        value.is_fully_addressable or value.is_fully_replicated
    ):
        from jax.experimental import multihost_utils

        value = multihost_utils.process_allgather(value, tiled=True)
    return keras.ops.convert_to_numpy(value)


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
        import tensorflow

        # TensorFlow returns the number that the program has set (0: none), but
        # not the one in the user's environment variable.
        number = tensorflow.config.threading.get_intra_op_parallelism_threads()
        word = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
        number = number or (int(word) if word.isdecimal() else 0)
        return number or cores()
    return cores()


def devices() -> list[str]:
    """Lists the devices that Keras computes on, by their names.

    Example:

    >>> len(devices()) > 0
    True
    """
    if keras.backend.backend() == "jax":
        import jax

        return [device.device_kind for device in jax.devices()]
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        gpus = tensorflow.config.list_physical_devices("GPU")
        return [_gpu_name(gpu) for gpu in gpus] or ["cpu"]
    import torch

    count = torch.cuda.device_count()
    return [torch.cuda.get_device_name(i) for i in range(count)] or ["cpu"]


def processes() -> int:
    """Returns the number of processes that train together.

    Example:

    >>> processes()
    1
    """
    if keras.backend.backend() != "jax":
        return 1
    import jax

    return jax.process_count()


def told() -> str:
    """Names what computes; nothing for TensorFlow on a CPU, the usual.

    Returns:
        Words to append to a line, such as `", with JAX on 2 x NVIDIA H100"`.

    Example:

    >>> told()
    ''
    """
    name, found = keras.backend.backend(), devices()
    if name == "tensorflow" and found == ["cpu"]:
        return ""
    names = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
    count = f"{len(found)} x " if len(found) > 1 else ""
    words = f", with {names[name]} on {count}{found[0]}"
    if processes() > 1:
        words += f" in {processes()} processes"
    return words


def _gpu_name(gpu: Any) -> str:
    import tensorflow

    details = tensorflow.config.experimental.get_device_details(gpu)
    return details.get("device_name", "GPU")


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
