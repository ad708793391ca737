"""Keras is imported whatever its settings are, or it is said what to change."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow

import charrnn
from charrnn.commands import entry
from charrnn.network import backend
from charrnn.network.backend import keras, use_float32

ROOT = Path(charrnn.__file__).parent.parent
TRAIN = """
import sys
from charrnn.commands import main
sys.exit(main(sys.argv[1:]))
"""


def words(folder, out):
    return [
        *("train", str(folder / "sea.txt"), "--out", str(out), "--quiet"),
        *("--epochs", "0.1", "--units", "4", "--layers", "1"),
    ]


def train(folder, settings, **environment):
    """Trains with a keras.json of one's own."""
    (folder / "keras.json").write_text(settings, encoding="utf-8")
    text = folder / "sea.txt"
    text.write_text("a ship at sea, a sea of ships\n" * 30, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-c", TRAIN, *words(folder, folder / "run")],
        cwd=ROOT,
        env={**os.environ, "KERAS_HOME": str(folder), **environment},
        capture_output=True,
        text=True,
    )


SETTINGS = {
    "floatx": "float16",
    "epsilon": 0.5,
    "image_data_format": "channels_first",
}


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({"PYTHONWARNINGS": "error"}, marks=pytest.mark.slow),
        pytest.param({"PYTHONOPTIMIZE": "2"}, marks=pytest.mark.reliability),
    ],
)
def test_keras_json_and_pythons_own_settings_change_nothing(
    tmp_path, environment
):
    """A model is float32, no warning is an error, no check is an assert."""
    result = train(tmp_path, json.dumps(SETTINGS), **environment)
    assert result.returncode == 0, result.stderr
    plain = tmp_path / "plain"
    assert entry.main(words(tmp_path, plain)) == 0
    theirs, ours = (
        [layer.kernel.tobytes() for layer in charrnn.load(run).layers]
        for run in (tmp_path / "run", plain)
    )
    assert theirs == ours


@pytest.mark.parametrize("settings", ["[]", '{"floatx": "bfloat16"}'])
def test_settings_that_keras_refuses_are_named(tmp_path, settings):
    result = train(tmp_path, settings)
    assert result.returncode == 2
    told = result.stderr.splitlines()[-1]
    assert told.startswith("charrnn train: Keras cannot be imported: ")
    assert str(tmp_path) in told


@pytest.mark.slow
def test_a_built_model_ignores_floatx():
    keras.config.set_floatx("float64")
    try:
        model = charrnn.build_model("abc", units=4, layers=1)
        twin = charrnn.fused(model, batch_size=2)
        twin.compile(charrnn.optimizer(0.01), charrnn.loss())
        twin.train_on_batch(np.array([[0, 1]] * 2), np.array([[1, 2]] * 2))
        logits = model(np.array([[0, 1, 2]]))
    finally:
        use_float32()
    assert {w.dtype for w in [*model.weights, *twin.weights]} == {"float32"}
    assert logits.dtype == "float32"


@pytest.mark.skipif(os.name == "nt", reason="no limits of this kind there")
@pytest.mark.parametrize("size", ["60000", "100000", "1500000"])
def test_a_limit_of_memory_is_one_line(tmp_path, size):
    (tmp_path / "sea.txt").write_text("ship at sea\n" * 50, encoding="utf-8")
    command = f"ulimit -v {size}; exec '{sys.executable}' -m charrnn train "
    result = subprocess.run(
        ["sh", "-c", command + f"'{tmp_path}/sea.txt' --out '{tmp_path}/run'"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert "memory" in result.stderr or "ulimit -v" in result.stderr


def import_of_keras(**environment):
    """What importing Keras through charrnn says at the end, if it fails."""
    result = subprocess.run(
        [sys.executable, "-c", "import charrnn.network.backend"],
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
        f"ValueError: Expected the package {package}, because Keras is set "
        f"to compute with {package} (KERAS_BACKEND={package}). It is not "
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


@pytest.mark.parametrize(
    ("program", "user", "expected"), [(0, None, 3), (0, "5", 5), (2, "5", 2)]
)
def test_threads_are_those_that_tensorflow_uses(
    monkeypatch, program, user, expected
):
    monkeypatch.setattr(backend, "cores", lambda: 3)
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    if user:
        monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", user)
    monkeypatch.setattr(
        tensorflow.config.threading,
        "get_intra_op_parallelism_threads",
        lambda: program,
    )
    assert backend.threads() == expected


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="the system has no affinity"
)
def test_cores_are_those_the_process_may_use():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert backend.cores() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert backend.cores() == len(before)


@pytest.mark.parametrize("load", [0.0, 1e6])
@pytest.mark.parametrize("verb", ["train", "compare"])
def test_numpy_trains_with_one_thread_whatever_the_load(
    monkeypatch, verb, load
):
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(os, "getloadavg", lambda: (load, load, load))
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    entry._share_the_machine(verb)
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"


@pytest.mark.parametrize(("load", "expected"), [(0.0, None), (1e6, "1")])
def test_numpy_reads_with_one_thread_on_a_busy_machine(
    monkeypatch, load, expected
):
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(os, "getloadavg", lambda: (load, load, load))
    entry._share_the_machine("generate")
    assert os.environ.get("OPENBLAS_NUM_THREADS") == expected


def test_what_the_user_has_set_holds(monkeypatch):
    monkeypatch.setattr(os, "environ", {"OPENBLAS_NUM_THREADS": "7"})
    entry._share_the_machine("train")
    assert os.environ["OPENBLAS_NUM_THREADS"] == "7"


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs jax")
def test_tensorflow_is_imported_without_jax_which_can_follow():
    program = (
        "import sys; from charrnn.network.backend import keras; "
        "assert 'tensorflow' in sys.modules; assert 'jax' not in sys.modules; "
        "import jax; print(jax.numpy.ones(2).sum())"
    )
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "2.0\n", done.stderr
