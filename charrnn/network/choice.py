"""Choose the backend that Keras computes with, before Keras is imported."""

import importlib.util
import json
import os
import sys
from pathlib import Path

BACKENDS = "tensorflow", "jax", "torch"  # that can train
# The packages with which JAX computes on a GPU.
GPU_PLUGINS = "jax_cuda13_plugin", "jax_cuda12_plugin", "jax_rocm7_plugin"


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


def choose() -> None:
    """Chooses the backend to train with, if the user has not.

    A GPU that JAX sees is used through JAX. Without one, TensorFlow trains;
    where it is not installed, JAX does. A choice of the user is kept: the
    environment variable KERAS_BACKEND, or a backend other than TensorFlow in
    Keras's settings file, into which Keras itself writes TensorFlow. Once
    Keras is imported, its backend cannot change.

    Example:

    >>> choose()  # Keras is imported: this does nothing
    """
    if "keras" in sys.modules or os.environ.get("KERAS_BACKEND"):
        return
    if chosen()[0] == "tensorflow" and _jax_sees_gpu():
        os.environ["KERAS_BACKEND"] = "jax"
    choose_installed()


def trains_on_gpu() -> bool:
    """Whether Keras is set to compute with JAX, and that on a GPU.

    Example:

    >>> trains_on_gpu()
    False
    """
    return chosen()[0] == "jax" and _jax_sees_gpu()


def _jax_sees_gpu() -> bool:
    """Whether JAX is installed with support for a GPU, and finds one."""
    if not (_is_installed("jax") and any(map(_is_installed, GPU_PLUGINS))):
        return False  # without importing JAX, which takes a second
    try:
        import jax

        return jax.default_backend() == "gpu"
    except (ImportError, RuntimeError):  # a driver is missing, or too old
        return False


def choose_installed() -> None:
    """Chooses JAX where the user has not chosen and has no TensorFlow."""
    is_free = not os.environ.get("KERAS_BACKEND")
    if is_free and chosen()[0] == "tensorflow" and _has_only_jax():
        os.environ["KERAS_BACKEND"] = "jax"


def _has_only_jax() -> bool:
    return _is_installed("jax") and not _is_installed("tensorflow")


def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


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
