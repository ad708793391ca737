"""Several processes train one run, as one would."""

import importlib.util
import json
import random
import shutil
import signal
import time

import hanging
import numpy as np
import pytest
import several
from tiny_run import SEA

from charrnn.training import checkpoint
from charrnn.training.figures import read_history

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="JAX is not installed"
)
SCRIPT = (several.__file__,)
FLAGS = [
    "--units=8", "--layers=1", "--seq-length=16", "--batch-size=4",
    "--dropout=0", "--precision=float32", "--quiet",
    "--validation=0.7",  # in two streams, one for each process
]  # fmt: skip
EPOCHS = "--epochs=1.5"  # 50 steps


@pytest.fixture(scope="module")
def sea(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "sea.txt"
    path.write_text(3 * SEA, encoding="utf-8")
    return path


def train(folder, sea, processes, stop=0, *flags):
    """Trains for 50 steps, or to a stop; returns the losses."""
    losses = folder.with_suffix(f".{processes}.json")
    words = [losses, stop, sea, *FLAGS, EPOCHS, "--out", folder, *flags]
    if processes == 1:
        started = [several.start_one([*SCRIPT, *words])]
    else:
        started = several.start(words, processes, SCRIPT)
    for code, out, err in several.results(started):
        assert (code, out, err) == (0, "", ""), err
    return json.loads(losses.read_text("utf-8"))


@pytest.fixture(scope="module")
def of_one(sea, tmp_path_factory):
    folder = tmp_path_factory.mktemp("one") / "run"
    return folder, train(folder, sea, 1)


@pytest.fixture(scope="module")
def of_two(sea, tmp_path_factory):
    folder = tmp_path_factory.mktemp("two") / "run"
    return folder, train(folder, sea, 2)


def metrics(folder):
    return json.loads((folder / "metrics.json").read_text("utf-8"))


@pytest.mark.slow
def test_two_processes_have_the_losses_of_one(of_one, of_two):
    (alone, one), (together, two) = of_one, of_two
    assert len(one) == len(two) == 50
    assert one == pytest.approx(two, abs=1e-6)
    name = "validation_nats_per_character"
    for row_of_one, row_of_two in zip(
        read_history(alone), read_history(together), strict=True
    ):
        assert row_of_one[name] == pytest.approx(row_of_two[name], abs=1e-6)


@pytest.mark.slow
def test_the_run_says_how_many_processes_trained_it(of_one, of_two):
    assert metrics(of_one[0])["processes"] == 1
    assert metrics(of_two[0])["processes"] == 2


@pytest.mark.parametrize(
    "then",
    [
        pytest.param(2, marks=pytest.mark.slow),
        pytest.param(1, marks=pytest.mark.reliability),
    ],
)
def test_a_run_of_two_resumes_on(of_two, sea, tmp_path, then):
    whole, losses = of_two
    folder = tmp_path / "run"
    first = train(folder, sea, 2, 20)
    again = train(folder, sea, then)
    assert first == losses[: len(first)]
    assert again == pytest.approx(losses, abs=0 if then == 2 else 1e-6)
    _, expected = checkpoint.newest(whole)
    _, received = checkpoint.newest(folder)
    for one, two in zip(expected, received, strict=True):
        if then == 2:
            assert one.tobytes() == two.tobytes()
        else:
            np.testing.assert_allclose(one, two, atol=1e-5)


@pytest.mark.parametrize(
    "victim",
    [
        pytest.param(0, marks=pytest.mark.slow),
        pytest.param(1, marks=pytest.mark.reliability),
    ],
)
def test_a_killed_process_ends_the_others_and_the_run_goes_on(
    sea, tmp_path, victim, of_two
):
    folder = tmp_path / "run"
    long = [sea, *FLAGS, "--epochs=100000", "--checkpoint-seconds=1"]
    started = several.start([*long, "--out", folder])
    wait_for_checkpoints(folder, 2)
    started[victim].kill()
    began = time.monotonic()
    code, _, err = several.results(started)[1 - victim]
    assert time.monotonic() - began < 60
    assert code == 1
    assert f"process {victim} of 2" in err
    assert f"--out '{folder}'" in err
    assert err.count("\n") == 1
    before = checkpoint.paths(folder)[0].name
    started = several.start([*long, "--out", folder])
    wait_for_checkpoints(folder, 2, newer_than=before)
    for process in started:
        process.send_signal(signal.SIGTERM)
    (code, out, err), (other, silent, quiet) = several.results(started)
    assert (code, err) == (143, "")
    assert "resuming after step" in out
    assert (other, silent, quiet) == (0, "", "")


def wait_for_checkpoints(folder, count, newer_than=""):
    """Waits until a run has written checkpoints."""
    for _ in range(2400):
        if folder.exists():
            names = [p.name for p in checkpoint.paths(folder)]
            if sum(name > newer_than for name in names) >= count:
                return
        time.sleep(0.1)
    raise AssertionError("no checkpoint in four minutes")


@pytest.mark.reliability
def test_a_stopped_process_ends_the_other_within_a_minute(sea, tmp_path):
    folder = tmp_path / "run"
    long = [sea, *FLAGS, "--epochs=100000", "--checkpoint-seconds=1"]
    started = several.start([*long, "--out", folder])
    wait_for_checkpoints(folder, 2)
    began = time.monotonic()
    started[1].send_signal(signal.SIGSTOP)
    code, _, err = several.result_of(started[0], 240)
    several.stop(started)
    assert time.monotonic() - began < 60
    assert (code, err.count("\n")) == (1, 1)
    assert "process 1 of 2 does not answer any more" in err


@pytest.mark.parametrize(
    "victim",
    [
        pytest.param(0, marks=pytest.mark.reliability),
        pytest.param(1, marks=pytest.mark.slow),
    ],
)
def test_a_training_loop_that_hangs_ends_all_processes(sea, tmp_path, victim):
    words = [sea, *FLAGS, "--epochs=100000", "--checkpoint-seconds=1"]
    words += ["--out", tmp_path / "run"]
    script = (hanging.__file__,)
    started = several.start(words, script=script, HANGING=str(victim))
    for code, _, err in several.results(started):
        assert (code, err.count("\n")) == (1, 1)
        assert f"process {victim} of 2 hangs. To resume from" in err


@pytest.mark.reliability
def test_a_run_that_is_killed_many_times_ends_with_the_same_weights(
    sea, tmp_path
):
    long = [sea, *FLAGS, "--epochs=1000", "--checkpoint-seconds=0"]
    whole, folder = tmp_path / "whole", tmp_path / "run"
    several.results(several.start([*long, "--out", whole]))
    draws = random.Random(1)
    newest = ""
    for _ in range(10):
        started = several.start([*long, "--out", folder])
        wait_for_checkpoints(folder, 1, newest)
        time.sleep(draws.random())
        started[draws.randrange(2)].kill()
        several.results(started)
        newest = checkpoint.paths(folder)[0].name
    several.results(several.start([*long, "--out", folder]))
    _, expected = checkpoint.newest(whole)
    _, received = checkpoint.newest(folder)
    for one, two in zip(expected, received, strict=True):
        assert one.tobytes() == two.tobytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--units=9"], "--units 8 of process 0, and --units 9 of process 1"),
        (["--processes=3"], "--processes 2 of process 0, and --processes 3"),
        (["no such.txt"], "bytes of process 0, and the text no such.txt"),
        (["--fresh"], "and --fresh True of process 1"),
    ],
)
def test_processes_that_differ_do_not_begin(sea, tmp_path, flags, words):
    folder = tmp_path / "run"
    address = f"127.0.0.1:{several.free_port()}"
    same = ["-m", "charrnn", "train", *FLAGS, "--out", folder]
    same += ["--coordinator", address, "--processes=2"]
    other = [sea, *flags] if flags[0].startswith("-") else flags
    started = [
        several.start_one([*same, "--process=0", sea]),
        several.start_one([*same, "--process=1", *other]),
    ]
    for code, out, err in several.results(started):
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert words in err
    assert not folder.exists()


@pytest.mark.slow
def test_nobody_at_the_coordinators_address_is_told(sea, tmp_path):
    address = f"127.0.0.1:{several.free_port()}"
    flags = ["--coordinator", address, "--processes=2", "--process=1"]
    flags += ["--join-seconds=2", "--out", tmp_path / "run"]
    started = several.start_one(["-m", "charrnn", "train", sea, *flags])
    ((code, out, err),) = several.results([started])
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"process 0 cannot be reached at {address}, after 2 seconds" in err


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("mpirun"), reason="mpirun is missing")
def test_mpirun_starts_a_run(sea, tmp_path, of_two):
    mpirun = [
        "mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to",
        "none", "-n", "2",
    ]  # fmt: skip
    losses, folder = tmp_path / "losses.json", tmp_path / "run"
    words = [losses, 0, sea, *FLAGS, EPOCHS, "--out", folder]
    code = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"
    started = several.start_one(
        ["-c", code, *mpirun, several.sys.executable, *SCRIPT, *words]
    )
    ((code, _, err),) = several.results([started])
    assert code == 0, err
    assert json.loads(losses.read_text("utf-8")) == of_two[1]
