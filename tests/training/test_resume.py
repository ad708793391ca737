"""A run that is killed and taken up again ends as if nothing had happened."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import SEA
from small_runs import SMALL, at_step, files_of, left_behind

import charrnn
from charrnn.commands import main
from charrnn.network import model_file
from charrnn.training import checkpoint, run_folder

pytestmark = pytest.mark.usefixtures("quick_ends")

ROOT = Path(charrnn.__file__).parent.parent
KILLED = Path(__file__).parents[1] / "killed.py"
KILLS = "runs killed by SIGKILL and taken up again"
SAME = "of these ended the same to the bit, nothing lost"
OFTEN = "--checkpoint-seconds=0.05"
CELLS = ["lstm", "gru", "simple_rnn"]


@pytest.fixture(scope="module")
def uninterrupted(text, tmp_path_factory):
    """A function of flags that returns what a whole run leaves behind."""
    known = {}

    def run(*flags):
        if flags not in known:
            out = tmp_path_factory.mktemp("whole") / "run"
            assert main(command(text, out, *flags)) == 0
            known[flags] = left_behind(out)
        return known[flags]

    return run


@pytest.fixture(scope="module")
def stopped(text, tmp_path_factory):
    """What Ctrl-C after step 130 leaves: the second of three rounds."""
    out = tmp_path_factory.mktemp("stopped") / "run"
    with pytest.MonkeyPatch.context() as monkeypatch:
        at_step(monkeypatch, 130, interrupt)
        assert main(command(text, out, OFTEN)) == 130
    return out


@pytest.fixture
def interrupted(stopped, tmp_path):
    """A copy of it, free to be changed."""
    return Path(shutil.copytree(stopped, tmp_path / "interrupted"))


def interrupt(_):
    os.kill(os.getpid(), signal.SIGINT)


def command(text, out, *flags):
    return ["train", str(text), "--out", str(out), *SMALL, *flags]


def train_to_its_death(text, out, moment, *flags):
    """Trains in a process of its own, which kills itself at a moment."""
    program = map(str, [KILLED, *moment])
    return subprocess.run(
        [sys.executable, *program, *command(text, out, *flags)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )


def assert_same_end(out, expected):
    names = {path.name for path in out.iterdir()}
    assert names >= {"model.keras", "metrics.json", "loss.png"}
    assert not [name for name in names if name.startswith(".")]
    assert left_behind(out) == expected


MOMENTS = [
    ("step", 1), ("step", 50), ("step", 150), ("step", 296),
    ("checkpoint", 1), ("checkpoint", 2), ("checkpoint", 7),
    ("validation", 1), ("validation", 2), ("validation", 3),
    ("model", 1), ("model", 2), ("history", 2), ("samples", 2),
    ("metrics", 1), ("loss", 1),
]  # fmt: skip


@pytest.mark.slow
def test_a_killed_run_goes_on_as_if_nothing_had_happened(
    text, tmp_path, uninterrupted, tally, capfd
):
    moment, expected = ("model", 2), uninterrupted()
    capfd.readouterr()
    check_killed(text, tmp_path / "run", expected, tally, moment)
    assert capfd.readouterr().err == ""


@pytest.mark.reliability
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda m: f"{m[0]}-{m[1]}")
@pytest.mark.parametrize("cell", CELLS)
def test_killed_at_every_moment(
    text, tmp_path, uninterrupted, tally, cell, moment
):
    flags = (f"--cell={cell}", "--layers=2", "--patience=2", OFTEN)
    expected = uninterrupted(*flags)
    check_killed(text, tmp_path / "run", expected, tally, moment, *flags)


def check_killed(text, out, expected, tally, moment, *flags):
    tally[KILLS] += 1
    killed = train_to_its_death(text, out, moment, *flags)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert main(command(text, out, *flags)) == 0
    assert_same_end(out, expected)
    tally[SAME] += 1


@pytest.mark.reliability
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("cell", CELLS)
def test_killed_at_any_time_again_and_again(
    text, tmp_path, uninterrupted, tally, cell, seed
):
    """The time is drawn: often it is in the middle of a write."""
    out, times, kills = tmp_path / "run", random.Random(seed), 0
    flags = (f"--cell={cell}", "--layers=2", OFTEN)
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-m", "charrnn", *command(text, out, *flags)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        for line in process.stdout:
            if line.startswith(("lstm", "gru", "simple_rnn")):
                break  # from here on it builds, compiles, trains, writes
        time.sleep(times.uniform(0, 6))
        process.kill()
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
    tally[KILLS] += kills
    assert main(command(text, out, *flags)) == 0
    assert_same_end(out, uninterrupted(*flags))
    tally[SAME] += kills


@pytest.mark.slow
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.reliability),
    ],
)
def test_a_signal_ends_with_a_checkpoint_and_says_how_to_go_on(
    text, tmp_path, capsys, monkeypatch, uninterrupted, number
):
    out = tmp_path / "run"
    at_step(monkeypatch, 130, lambda _: os.kill(os.getpid(), number))
    words = command(text, out)
    assert main(words) == 128 + number
    printed = capsys.readouterr().out
    assert f"train {text} --out {out}" in printed.splitlines()[-1]
    state, _ = checkpoint.newest(out)
    assert state["parts"]["Schedule"]["step"] == 130
    monkeypatch.undo()
    assert main(["train", str(text), "--out", str(out)]) == 0
    assert "resuming after step 130" in capsys.readouterr().out
    assert_same_end(out, uninterrupted())


@pytest.mark.slow
def test_a_run_with_nothing_held_out_goes_on_to_the_bit(
    text, tmp_path, monkeypatch, uninterrupted
):
    out = tmp_path / "run"
    at_step(monkeypatch, 130, interrupt)
    words = command(text, out, "--validation=0")
    assert main(words) == 130
    assert model_file.read(out)["facts"]["metrics"] == {"step": 130}
    monkeypatch.undo()
    assert main(words) == 0
    assert_same_end(out, uninterrupted("--validation=0"))


@pytest.fixture(scope="module")
def finished(text, tmp_path_factory):
    out = tmp_path_factory.mktemp("finished") / "run"
    assert main(command(text, out)) == 0
    return out


def test_a_finished_run_says_so(text, finished, capsys):
    before = left_behind(finished)
    assert main(["train", str(text), "--out", str(finished)]) == 0
    assert "is finished" in capsys.readouterr().out
    assert left_behind(finished) == before


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--units=16", "--units 8, as in the run"),
        ("--cell=gru", "--cell lstm"),
        ("--learning-rate=0.5", "--learning-rate 0.02"),
        ("--seed=2", "--seed 1"),
    ],
)
def test_other_settings_than_the_runs_are_refused(
    text, finished, capsys, flag, message
):
    before = left_behind(finished)
    words = ["train", str(text), "--out", str(finished), flag]
    assert main(words) == 2
    error = capsys.readouterr().err
    assert message in error
    assert flag.split("=")[1] in error
    assert left_behind(finished) == before


@pytest.mark.parametrize("other", [SEA[:-1], SEA[::-1], SEA + "ß"])
def test_another_text_than_the_runs_is_refused(
    tmp_path, finished, capsys, other
):
    path = tmp_path / "other.txt"
    path.write_text(other, encoding="utf-8")
    for more in ([], ["--epochs=20"]):
        words = ["train", str(path), "--out", str(finished), *more]
        assert main(words) == 2
        (error,) = capsys.readouterr().err.splitlines()
        assert "--fresh" in error


def test_an_end_before_what_is_done_is_refused(text, interrupted, capsys):
    out = interrupted
    before = files_of(out)
    for end in ("--epochs=1", "--minutes=0.0001"):
        assert main(["train", str(text), "--out", str(out), end]) == 2
        assert "Give more --epochs" in capsys.readouterr().err
        assert files_of(out) == before


@pytest.mark.slow
def test_ctrl_c_leaves_a_model_that_is_there(text, tmp_path, monkeypatch):
    """It may be newer than the checkpoint that the run goes on from."""
    out = tmp_path / "run"
    at_step(monkeypatch, 20, interrupt)
    assert main(command(text, out)) == 130
    (out / "model.keras").write_bytes(b"better")
    monkeypatch.undo()
    at_step(monkeypatch, 40, interrupt)
    assert main(["train", str(text), "--out", str(out)]) == 130
    assert (out / "model.keras").read_bytes() == b"better"


@pytest.mark.slow
def test_more_epochs_go_on(text, tmp_path, capsys):
    out = tmp_path / "run"
    words = ["train", str(text), "--out", str(out), *SMALL]
    assert main([*words, "--epochs=3"]) == 0
    assert main([*words, "--epochs=6"]) == 0
    assert "resuming after step" in capsys.readouterr().out
    metrics = json.loads((out / "metrics.json").read_text("utf-8"))
    assert metrics["epochs"] == pytest.approx(6, abs=0.02)


@pytest.mark.slow
def test_a_deleted_model_of_a_finished_run_is_made_again(
    text, tmp_path, capsys
):
    out = tmp_path / "run"
    words = ["train", str(text), "--out", str(out), *SMALL, "--epochs=1"]
    assert main(words) == 0
    (out / "model.keras").unlink()
    capsys.readouterr()
    assert main(words) == 0
    assert "saving the last weights" in capsys.readouterr().out
    assert charrnn.load(out)
    assert main(words) == 0
    assert "is finished" in capsys.readouterr().out


@pytest.mark.slow
def test_too_little_time_is_told_and_more_goes_on(text, tmp_path, capsys):
    out = tmp_path / "run"
    words = ["train", str(text), "--out", str(out), "--units=8", "--layers=1"]
    words += ["--quiet", "--learning-rate=1e-9"]
    assert main([*words, "--minutes=0.01"]) == 1
    error = capsys.readouterr().err
    assert "has hardly trained: 1 step in" in error
    assert f"--minutes 3 {text} --out {out}\n" in error
    assert charrnn.load(out)
    metrics = json.loads((out / "metrics.json").read_text("utf-8"))
    assert metrics["steps"] == 1
    more = metrics["train_seconds"] / 60 + 0.05
    main([*words, f"--minutes={more}"])
    assert "resuming after step 1" in capsys.readouterr().out


@pytest.mark.slow
def test_fresh_moves_the_old_run_aside(text, tmp_path):
    out = tmp_path / "run"
    words = ["train", str(text), "--out", str(out), *SMALL, "--epochs=1"]
    assert main(words) == 0
    before = left_behind(out)
    assert main([*words, "--units=4", "--fresh"]) == 0
    assert left_behind(tmp_path / "run-old-1") == before
    assert left_behind(out)["weights"] != before["weights"]


def test_fresh_leaves_somebodys_folder_alone(text, tmp_path, capsys):
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    words = ["train", str(text), "--out", str(tmp_path), "--fresh"]
    assert main(words) == 2
    assert "neither a checkpoint" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_two_processes_cannot_use_one_folder(text, tmp_path, capsys):
    pytest.importorskip("fcntl")
    holder = subprocess.Popen(
        [sys.executable, "-c",
         "import sys, time; from charrnn.training import run_folder\n"
         "with run_folder.locked(sys.argv[1]): print('locked'); time.sleep(60)",
         str(tmp_path)],
        cwd=ROOT, stdout=subprocess.PIPE, env={**os.environ,
        "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    with holder:
        holder.stdout.readline()
        words = ["train", str(text), "--out", str(tmp_path), *SMALL]
        assert main(words) == 2
        assert "Another process" in capsys.readouterr().err
        holder.kill()
    with run_folder.locked(tmp_path):  # its lock died with it
        pass


@pytest.mark.slow
def test_a_deleted_model_is_made_again(text, interrupted):
    out = interrupted
    (out / "model.keras").unlink()
    (out / "history.csv").unlink()
    assert main(["train", str(text), "--out", str(out)]) == 0
    assert charrnn.load(out)
    history = (out / "history.csv").read_text("utf-8")
    assert len(history.splitlines()) == 4  # all three rounds


def test_a_damaged_checkpoint_is_left_out(text, interrupted, capsys):
    out = interrupted
    newest, older = checkpoint.paths(out)
    newest.write_bytes(newest.read_bytes()[:-1000])
    state, _ = checkpoint.newest(out)
    assert f"'{newest}' is damaged" in capsys.readouterr().out
    step = int(re.search(r"\d+", older.name)[0])
    assert state["parts"]["Schedule"]["step"] == step
    older.write_bytes(b"")
    assert main(["train", str(text), "--out", str(out)]) == 2
    assert "--fresh" in capsys.readouterr().err


@pytest.mark.slow
def test_a_loss_that_is_not_finite_overwrites_nothing(
    text, tmp_path, monkeypatch, capsys
):
    out = tmp_path / "run"
    kept = {}

    def spoil(schedule):
        kept.update(files_of(out))
        weights = schedule.model.trainable_variables[0]
        weights.assign(weights * np.nan)

    at_step(monkeypatch, 150, spoil)
    assert main(command(text, out)) == 1
    assert "--learning-rate" in capsys.readouterr().err
    after = files_of(out)
    assert {name: after[name] for name in kept} == kept
    assert charrnn.load(out)


@pytest.mark.slow
def test_a_full_disk_leaves_the_old_files(text, tmp_path, monkeypatch, capsys):
    out = tmp_path / "run"
    kept = {}
    write = np.savez

    def savez(path, **arrays):
        write(path, **arrays)
        if kept:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", savez)
    at_step(monkeypatch, 150, lambda _: kept.update(files_of(out)))
    assert main(command(text, out, "--checkpoint-seconds=0")) == 2
    error = capsys.readouterr().err
    assert re.search(rf"left on device: '{out}/[^']+'. Free some", error)
    assert files_of(out) == kept


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told_at_once(
    text, tmp_path, capsys
):
    tmp_path.chmod(0o500)
    words = ["train", str(text), "--out", str(tmp_path / "run"), *SMALL]
    assert main(words) == 2
    assert "Permission denied" in capsys.readouterr().err
    tmp_path.chmod(0o700)
