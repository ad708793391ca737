"""A kind of cell of one's own, added as the README says, works everywhere."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import charrnn

PACKAGE = Path(charrnn.__file__).parent

# The README's recipe: what is inserted after what in which module. (The
# minimal gated unit of Zhou et al. 2016: one gate and a candidate.)
RECIPE = {
    "network/model.py": ("CELLS = {", '"mgu": "MinimalGatedUnit", '),
    "network/layers.py": [
        ("GATES = {", '"MinimalGatedUnit": 2, '),
        ("OWN_LAYERS = {", '"MinimalGatedUnit": "charrnn.mgu"'),
    ],
    "network/engine.py": [
        ("STEPS = {", '"MinimalGatedUnit": mgu_step, '),
        (
            "HALF = np.float32(0.5)\n",
            """
def mgu_step(x, state, U):
    (h,) = state
    n = h.shape[-1]
    f = sigmoid(x[:, :n] + h @ U[:, :n])
    return ((1 - f) * h + f * np.tanh(x[:, n:] + (f * h) @ U[:, n:]),)
""",
        ),
    ],
}
LAYER = """
from keras import layers, ops


class MinimalGatedUnitCell(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = self.output_size = units

    def build(self, shape):
        n = self.units
        self.kernel = self.add_weight(shape=(shape[-1], 2 * n))
        self.recurrent_kernel = self.add_weight(shape=(n, 2 * n))
        self.bias = self.add_weight(shape=(2 * n,), initializer="zeros")

    def call(self, inputs, states, training=False):
        h, n = states[0], self.units
        x, U = inputs @ self.kernel + self.bias, self.recurrent_kernel
        f = ops.sigmoid(x[:, :n] + h @ U[:, :n])
        new = (1 - f) * h + f * ops.tanh(x[:, n:] + (f * h) @ U[:, n:])
        return new, [new]

    def get_initial_state(self, batch_size=None):
        return [ops.zeros((batch_size, self.units), self.compute_dtype)]


class MinimalGatedUnit(layers.RNN):
    def __init__(self, units, **kwargs):
        super().__init__(MinimalGatedUnitCell(units), **kwargs)

    def get_config(self):
        config = super().get_config()
        del config["cell"]
        return {**config, "units": self.cell.units}

    @classmethod
    def from_config(cls, config):
        return cls(**config)
"""
AGREE = """
import numpy, charrnn, charrnn.mgu
from charrnn.network.backend import keras
model = keras.saving.load_model(
    "compared/mgu/model.keras", custom_objects=vars(charrnn.mgu), compile=False
)
engine = charrnn.load("compared/mgu")
ids = numpy.arange(40).reshape(2, 20) % len(engine.vocabulary)
print(abs(model(ids).numpy() - engine.run(ids)[0]).max())
"""


@pytest.fixture(scope="module")
def fork(tmp_path_factory):
    """A copy of the package, with the recipe followed in its source."""
    folder = tmp_path_factory.mktemp("fork")
    skipped = shutil.ignore_patterns("pretrained", "__pycache__")
    shutil.copytree(PACKAGE, folder / "charrnn", ignore=skipped)
    for name, edits in RECIPE.items():
        path = folder / "charrnn" / name
        code = path.read_text("utf-8")
        for after, inserted in [edits] if type(edits) is tuple else edits:
            assert code.count(after) == 1
            code = code.replace(after, after + inserted)
        path.write_text(code, encoding="utf-8")
    (folder / "charrnn/mgu.py").write_text(LAYER, encoding="utf-8")
    text = folder / "sea.txt"
    text.write_text("a ship at sea, a sea of ships\n" * 60, encoding="utf-8")
    return folder


def run(folder, *words):
    result = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return result


def test_a_cell_of_ones_own_is_trained_scored_and_compared(fork):
    words = ["compare", "sea.txt", "--cells", "mgu", "--out", "compared"]
    sizes = ["--units", "8", "--layers", "1", "--epochs", "1", "--json"]
    result = run(fork, "-m", "charrnn", *words, *sizes)
    assert "layers have no fused form" in result.stderr
    [row] = json.loads(result.stdout)
    assert row["cell"] == "mgu"
    assert 0 < row["validation_bits_per_char"] < 5
    assert (fork / "compared/compared.png").exists()
    assert float(run(fork, "-c", AGREE).stdout) < 1e-5


@pytest.mark.reliability
def test_a_cell_of_ones_own_gets_settings_and_gradients(fork):
    words = ["train", "sea.txt", "--cell", "mgu", "--out", "mgu", "--quiet"]
    result = run(fork, "-m", "charrnn", *words, "--epochs", "3")
    assert "mgu, 2 x" in result.stdout
    score = run(fork, "-m", "charrnn", "score", "mgu", "sea.txt", "--json")
    assert 0 < json.loads(score.stdout)[0]["bits_per_character"] < 4
    words = ["gradients", "sea.txt", "--units", "4", "--steps", "2", "--json"]
    more = ["--lags", "10", "--plot", "norms.png"]
    rows = json.loads(run(fork, "-m", "charrnn", *words, *more).stdout)
    assert {"mgu", "lstm"} <= {row["cell"] for row in rows}
