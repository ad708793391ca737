"""A model file opens in every Keras from 3.5 on, and predicts the same.

Each version is installed in a virtual environment of its own, with Keras's
NumPy backend, which needs the fewest packages.
"""

import contextlib
import itertools
import os
import subprocess
import tempfile
import venv
from pathlib import Path

import numpy as np
import pytest

from charrnn.network import model_file
from charrnn.network.backend import keras
from charrnn.network.cells import CELLS
from charrnn.network.model import build_model
from charrnn.text.vocabulary import Vocabulary
from charrnn.training import schedule
from charrnn.twins.fused import fused

VOCABULARY = Vocabulary("\n abcdefgé文")
IDS = np.random.default_rng(1).integers(len(VOCABULARY), size=(2, 9))
VERSIONS = ["keras==3.5.0", "keras==3.10.0", "keras==3.13.2", "keras"]
OPEN = """
import pathlib

import keras
import numpy as np

ids = np.load("ids.npy")
for path in pathlib.Path().glob("*.keras"):
    model = keras.saving.load_model(path)
    np.save(path.with_suffix(".out.npy"), np.asarray(model(ids)))
print(keras.__version__)
"""


def random_model(**network):
    model = build_model(VOCABULARY, units=6, dropout=0.2, **network)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 0.7, w.shape) for w in model.weights])
    return model


def compiled_model():
    """A model that holds its optimizer, as one that was trained without us."""
    model = random_model(cell="lstm")
    model.compile(schedule.optimizer(0.01), schedule.loss())
    model.fit(IDS, IDS, verbose=0)
    return model


def model_with_settings():
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(len(VOCABULARY), 3),
            keras.layers.GRU(
                4,
                return_sequences=True,
                recurrent_dropout=0.1,
                kernel_initializer="he_normal",
                kernel_regularizer=keras.regularizers.L2(0.1),
                recurrent_constraint=keras.constraints.MaxNorm(2),
            ),
            keras.layers.Dense(len(VOCABULARY)),
        ]
    )
    return model


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder of model files, and the logits of each by its name."""
    folder = tmp_path_factory.mktemp("saved")
    models = {
        f"{cell} {layers} {embedding}": random_model(
            cell=cell, layers=layers, embedding=embedding
        )
        for cell, layers, embedding in itertools.product(
            CELLS, (1, 2), (None, 3)
        )
    }
    models["compiled"] = compiled_model()
    models["settings"] = model_with_settings()
    logits = {name: np.asarray(model(IDS)) for name, model in models.items()}
    for name, model in models.items():
        model_file.save(model, folder / f"{name}.keras", VOCABULARY)
    twin = fused(models["gru 2 None"], batch_size=4)
    twin.save(folder / "twin.keras")
    logits["twin"] = logits["gru 2 None"]
    np.save(folder / "ids.npy", IDS)
    return folder, logits


@contextlib.contextmanager
def environment_with(*requirements):
    """The Python of a new virtual environment, or the test is skipped."""
    with tempfile.TemporaryDirectory() as folder:  # hundreds of megabytes
        venv.create(folder, with_pip=True)
        scripts = "Scripts" if os.name == "nt" else "bin"
        python = Path(folder) / scripts / "python"
        result = subprocess.run(
            [python, "-I", "-m", "pip", "install", "--quiet", *requirements],
            capture_output=True,
            text=True,
        )
        if result.returncode:
            lines = result.stderr.strip().splitlines() or ["pip failed"]
            pytest.skip(f"no {' '.join(requirements)} to be had: {lines[-1]}")
        yield python


@pytest.mark.reliability
@pytest.mark.parametrize("keras_version", VERSIONS)
def test_a_file_opens_in_older_and_newer_keras(saved, keras_version, tmp_path):
    folder, logits = saved
    settings = {"KERAS_BACKEND": "numpy", "KERAS_HOME": str(tmp_path)}
    # Keras's NumPy backend borrows some functions from JAX.
    with environment_with(keras_version, "jax") as python:
        result = subprocess.run(
            [python, "-I", "-c", OPEN],
            cwd=folder,
            env=os.environ | settings,
            capture_output=True,
            text=True,
        )
    assert result.returncode == 0, result.stderr
    _, _, version = keras_version.partition("==")
    assert result.stdout.strip().startswith(version)
    for name, expected in logits.items():
        received = np.load(folder / f"{name}.out.npy")
        np.testing.assert_allclose(received, expected, rtol=0, atol=1e-5)
        (folder / f"{name}.out.npy").unlink()  # of this version only
