"""A Keras that cannot compute here says which package or setting to change."""

import os
import subprocess
import sys

import pytest


def import_of_keras(**environment):
    """What importing Keras through charrnn says at the end, if it fails."""
    result = subprocess.run(
        [sys.executable, "-c", "import charrnn.backend"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    return result.stderr.strip().splitlines()[-1] if result.returncode else ""


@pytest.fixture
def without(tmp_path, monkeypatch):
    """Makes the import of a package fail, as if it were not installed."""

    def without(package):
        (tmp_path / f"{package}.py").write_text(
            f"raise ModuleNotFoundError('No module', name={package!r})",
            encoding="utf-8",
        )
        monkeypatch.setenv(
            "PYTHONPATH",
            os.pathsep.join(filter(None, [str(tmp_path), *sys.path])),
        )

    return without


@pytest.mark.parametrize("package", ["jax", "torch"])
def test_a_missing_backend_is_named_and_how_to_get_it(package, without):
    without(package)
    assert import_of_keras(KERAS_BACKEND=package) == (
        f"ValueError: Expected the package {package}, for Keras is told to "
        f"compute with {package} (KERAS_BACKEND={package}). It is not "
        f"installed here. Run `pip install {package}`, or set "
        "KERAS_BACKEND=tensorflow."
    )


def test_the_file_that_names_the_backend_is_named(without, tmp_path):
    without("jax")
    path = tmp_path / "keras.json"
    path.write_text('{"backend": "jax"}', encoding="utf-8")
    said = import_of_keras(KERAS_HOME=str(tmp_path), KERAS_BACKEND="")
    assert f"compute with jax (in '{path}')" in said


@pytest.mark.parametrize("name", ["abacus", "numpy"])
def test_a_backend_that_cannot_train_is_named(name, without):
    without("scipy")  # what Keras's NumPy backend begins with
    assert import_of_keras(KERAS_BACKEND=name) == (
        "ValueError: Expected Keras with a backend that can train: "
        f"tensorflow, jax or torch. Received '{name}' (KERAS_BACKEND={name}). "
        "Set KERAS_BACKEND=tensorflow."
    )
