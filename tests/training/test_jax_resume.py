"""A run on JAX that is killed or stopped ends as if nothing had happened."""

import importlib.util
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tiny_run import ROOT, SEA

from charrnn.training import checkpoint

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("jax") is None, reason="needs jax"
    ),
]
KILLED = Path(__file__).parents[1] / "killed.py"
SMALL = [
    "--units=8", "--layers=2", "--seq-length=16", "--batch-size=4",
    "--epochs=6", "--dropout=0.2", "--weight-drop=0.1", "--quiet",
    "--checkpoint-seconds=0.05", "--recurrent-dropout=0.1",
]  # fmt: skip
JAX = {
    **os.environ,
    "KERAS_BACKEND": "jax",
    "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
    "PYTHONPATH": os.pathsep.join(
        [str(ROOT), os.environ.get("PYTHONPATH", "")]
    ),
}


def program(text, out, *words):
    return [
        sys.executable,
        *words,
        "train",
        str(text),
        "--out",
        str(out),
        *SMALL,
    ]


def train(text, out, *words):
    """Trains in a process of its own; returns the finished process."""
    words = map(str, words or ["-m", "charrnn"])
    return subprocess.run(
        program(text, out, *words), env=JAX, capture_output=True, text=True
    )


def arrays_of(out):
    return checkpoint.newest(out)[1]


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "sea.txt"
    path.write_text(SEA, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def whole(text, tmp_path_factory):
    """What a run that nobody disturbs leaves behind."""
    out = tmp_path_factory.mktemp("whole") / "run"
    done = train(text, out)
    assert done.returncode == 0, done.stderr
    assert ", with JAX on " in done.stdout
    return arrays_of(out)


def assert_same_end(out, whole):
    for own, expected in zip(arrays_of(out), whole, strict=True):
        np.testing.assert_array_equal(own, expected)


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(("step", 5), marks=pytest.mark.slow),
        pytest.param(("checkpoint", 4), marks=pytest.mark.reliability),
    ],
)
def test_killed_it_goes_on_to_the_bit(text, tmp_path, whole, moment):
    out = tmp_path / "run"
    killed = train(text, out, KILLED, *moment)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert 0 < checkpoint.newest(out)[0]["parts"]["Schedule"]["step"]
    assert train(text, out).returncode == 0
    assert_same_end(out, whole)


@pytest.mark.slow
def test_a_signal_ends_with_a_checkpoint(text, tmp_path, whole):
    out = tmp_path / "run"
    process = subprocess.Popen(
        program(text, out, "-m", "charrnn"),
        env=JAX, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    while len(checkpoint.paths(out) if out.exists() else ()) < 2:
        time.sleep(0.01)
    process.terminate()
    printed, _ = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert f"train {text} --out {out}" in printed.splitlines()[-1]
    assert train(text, out).returncode == 0
    assert_same_end(out, whole)


@pytest.mark.reliability
@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_time_again_and_again(text, tmp_path, whole, seed):
    out, times = tmp_path / "run", random.Random(seed)
    for _ in range(3):
        process = subprocess.Popen(
            program(text, out, "-m", "charrnn"),
            env=JAX, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        for line in process.stdout:
            if line.startswith("lstm"):
                break
        time.sleep(times.uniform(0, 8))
        process.kill()
        process.communicate()
    assert train(text, out).returncode == 0
    assert_same_end(out, whole)
