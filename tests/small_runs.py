"""Small runs: their flags, a way to act at a step, what they leave behind."""

import hashlib

import numpy as np
import pytest

from charrnn.network import model_file
from charrnn.training import checkpoint
from charrnn.training.schedule import Schedule

# Three rounds of 100 steps, the last one cut short.
SMALL = [
    "--units=8", "--layers=1", "--seq-length=16", "--batch-size=4",
    "--epochs=9", "--checkpoint-seconds=0.5", "--quiet", "--weight-drop=0.1",
    "--recurrent-dropout=0.1",
]  # fmt: skip


def left_behind(out):
    """What has to be the same to the bit: variables, files, the model."""
    state, arrays = checkpoint.newest(out, say=pytest.fail)
    model = model_file.read(out)
    weights = [array for *_, layer in model["layers"] for array in layer]
    return {
        "step": state["parts"]["Schedule"]["step"],
        "variables": [digest(array) for array in arrays],
        "weights": [digest(array) for array in weights],
        "metrics": model["facts"]["metrics"],
        "history": (out / "history.csv").read_text("utf-8"),
        "samples": (out / "samples.txt").read_text("utf-8"),
    }


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array)).hexdigest()


def at_step(monkeypatch, step, act):
    """Does something after a step of training."""
    count = Schedule.on_train_batch_end

    def on_train_batch_end(self, batch, logs=None):
        count(self, batch, logs)
        if self.step == step:
            act(self)

    monkeypatch.setattr(Schedule, "on_train_batch_end", on_train_batch_end)


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}
