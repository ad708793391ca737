"""A training from Python does what the command does, and says no more."""

import asyncio
import csv
import math
import os
import shutil
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
from conftest import SEA
from small_runs import at_step, left_behind

import charrnn
from charrnn.commands import main
from charrnn.network.backend import keras
from charrnn.training import checkpoint, stopping

pytestmark = pytest.mark.usefixtures("quick_ends")

SMALL = {
    "units": 4, "layers": 1, "seq_length": 16, "batch_size": 4, "dropout": 0.1,
    "epochs": 5, "precision": "float32",
}  # fmt: skip


def train(text, out, **settings):
    """Trains a small network, and prints nothing."""
    return charrnn.train(text, out=out, **{**SMALL, "verbose": 0, **settings})


def flags(settings):
    return [f"--{k.replace('_', '-')}={v}" for k, v in settings.items()]


@pytest.fixture(scope="module")
def finished(text, tmp_path_factory):
    """A finished run."""
    return train(text, tmp_path_factory.mktemp("finished") / "run")


def test_it_does_what_the_command_does(text, finished, tmp_path):
    out = tmp_path / "run"
    words = ["train", str(text), "--out", str(out), "--quiet", *flags(SMALL)]
    assert main(words) == 0
    assert left_behind(out) == left_behind(finished.folder)
    for name in ("metrics.json", "loss.png", "history.csv", "samples.txt"):
        assert (out / name).is_file() and (finished.folder / name).is_file()


def test_a_run_holds_its_best_model(text, finished):
    assert finished.model.count_params() == finished.metrics["parameters"]
    assert type(finished.model) is keras.Sequential
    assert finished.vocabulary.characters == "".join(sorted(set(SEA)))
    best = min(row["validation_nats_per_character"] for row in finished.history)
    held_out = SEA[int(0.9 * len(SEA)) :]
    found = charrnn.score(
        finished.model, held_out, vocabulary=finished.vocabulary
    ).nats_per_character
    assert found == pytest.approx(best, abs=1e-3)
    assert finished.metrics["validation_nats_per_character"] == pytest.approx(
        found
    )
    (sample,) = charrnn.Sampler(finished.model, finished.vocabulary).generate(
        "", length=9, seed=1
    )
    assert len(sample.text) == 9
    assert "5.0 epochs" in repr(finished) and len(repr(finished)) < 300


def test_a_run_is_taken_wherever_a_path_is(finished):
    assert charrnn.load(finished).vocabulary == finished.vocabulary
    assert charrnn.score(finished, "the sea").bits_per_character > 0
    opened = charrnn.Run.open(finished)
    assert opened.metrics == finished.metrics
    assert opened.history == finished.history
    for mine, theirs in zip(
        opened.model.get_weights(), finished.model.get_weights(), strict=True
    ):
        assert np.array_equal(mine, theirs)


@pytest.mark.slow
def test_a_run_outlives_its_folder(text, tmp_path):
    run = train(text, tmp_path / "run", epochs=1)
    shutil.rmtree(run.folder)
    assert run.model(np.zeros((1, 2), np.int32)).shape == (1, 2, 16)


@pytest.mark.parametrize("content", ["[1]", "{", '{"a": '])
def test_damaged_figures_are_told(finished, tmp_path, content):
    out = Path(shutil.copytree(finished.folder, tmp_path / "run"))
    (out / "metrics.json").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="damaged"):
        charrnn.Run.open(out)
    (out / "metrics.json").unlink()
    assert charrnn.Run.open(out).metrics == {}
    (out / "model.keras").unlink()
    with pytest.raises(ValueError, match="Expected"):
        charrnn.Run.open(out)


def test_a_finished_run_is_returned_as_it_is(text, finished, capfd):
    before = {p.name: p.stat().st_mtime_ns for p in finished.folder.iterdir()}
    again = charrnn.train(text, out=str(finished.folder), **SMALL)
    assert again.metrics == finished.metrics
    after = {p.name: p.stat().st_mtime_ns for p in finished.folder.iterdir()}
    assert after == before
    printed = capfd.readouterr().out
    assert "is finished. Raise epochs or minutes to continue" in printed
    assert "fresh=True starts from scratch" in printed


@pytest.mark.parametrize(
    "source",
    [
        "list",
        *(pytest.param(s, marks=pytest.mark.slow) for s in ("path", "glob")),
    ],
)
def test_texts_are_named_as_for_read(text, tmp_path, monkeypatch, source):
    monkeypatch.chdir(tmp_path)
    for name in ("a.txt", "b.txt"):
        shutil.copy(text, tmp_path / name)
    texts = {"path": Path("a.txt"), "list": ["a.txt", Path("b.txt")],
             "glob": "*.txt"}  # fmt: skip
    run = train(texts[source], None, epochs=1)
    assert run.folder.parent == Path("runs")
    characters = run.metrics["split"]["training_characters"]
    assert characters == int(0.9 * len(SEA) * (1 if source == "path" else 2))


# What is printed.


@pytest.mark.slow
def test_nothing_is_printed_when_nothing_is_asked_for(text, tmp_path, capfd):
    train(text, tmp_path / "run", epochs=1, patience=1)
    train(text, tmp_path / "run", epochs=2)  # it goes on
    train(text, tmp_path / "run", epochs=2)  # it is finished
    train(text, tmp_path / "run", epochs=1, fresh=True)
    with pytest.raises(ValueError):
        train(text, tmp_path / "run", units=5)
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    "verbose", [pytest.param(1, marks=pytest.mark.slow), 2]
)
def test_each_line_is_printed_once(text, tmp_path, capfd, verbose):
    train(text, tmp_path / "run", verbose=verbose, prompt="She ")
    printed = capfd.readouterr()
    assert printed.err == ""
    lines = printed.out.splitlines()
    assert sum("distinct" in line for line in lines) == 1
    assert sum(line.startswith("epoch") for line in lines) == 2
    assert sum(line.startswith("validation") for line in lines) == 1
    assert any(line.startswith("She ") for line in lines) == (verbose == 2)
    assert "--" not in printed.out and "\x1b" not in printed.out


# What is wrong.


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"units": 0}, "argument units: 0 is less than 1"),
        ({"units": "8"}, "argument units: invalid whole number value: '8'"),
        ({"units": 2.5}, "argument units: invalid whole number value: 2.5"),
        ({"layers": True}, "argument layers: invalid whole number value"),
        ({"seed": 2**32}, "argument seed: 4294967296 is more than"),
        ({"minutes": -1}, "argument minutes: -1 is not above 0"),
        ({"minutes": math.nan}, "argument minutes: nan is not above 0"),
        ({"dropout": 1.5}, "argument dropout: 1.5 is not from 0 up to"),
        ({"cell": "cnn"}, "argument cell: invalid choice: 'cnn' (choose from"),
        ({"preset": "fast"}, "argument preset: invalid choice: 'fast'"),
        ({"preset": "good", "minutes": 1}, "Leave one out"),
        ({"embedding": "none"}, "argument embedding: invalid size, auto"),
        ({"verbose": 3}, "argument verbose: invalid choice: 3"),
        ({"newline": "crlf"}, "argument newline: invalid choice: 'crlf'"),
        ({"validation": None}, "argument validation: invalid number value"),
        ({"patience": 2, "validation": 0}, "no patience with validation=0"),
        ({"change": True}, "Expected change=True with a run to resume"),
        ({"prompt": "ß"}, "prompt: Expected"),
        ({"batch_size": 3000}, "Expected batch_size times seq_length"),
    ],
)
def test_a_bad_value_names_its_setting(text, tmp_path, settings, message):
    with pytest.raises(ValueError) as error:
        charrnn.train(text, out=tmp_path / "run", **settings)
    said = str(error.value)
    assert message in said
    assert "--" not in said and "\n" not in said
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("epoch", "epochs"), ("rate", ""), ("lr", ""), ("batchsize",
        "batch_size"), ("quiet", "verbose"), ("learning-rate",
        "learning_rate"), ("callback", "callbacks"), ("corpus", ""),
    ],
)  # fmt: skip
def test_an_unknown_setting_is_told_with_the_nearest(text, name, near):
    with pytest.raises(TypeError, match=f"no setting '{name}'") as error:
        charrnn.train(text, **{name: 1})
    assert (near or "batch_size, seq_length") in str(error.value)


@pytest.mark.slow
def test_numbers_of_numpy_are_numbers(text, tmp_path):
    run = train(
        text, tmp_path / "run", units=np.int64(3), epochs=np.float32(1),
        dropout=0, embedding=None, minutes=None, normalize=None,
    )  # fmt: skip
    assert run.metrics["network"]["units"] == 3


def test_another_setting_is_refused_in_words_of_python(text, finished):
    with pytest.raises(ValueError) as error:
        train(text, finished.folder, learning_rate=0.5)
    said = str(error.value)
    assert "Expected learning_rate=" in said
    assert "add change=True" in said and "fresh=True" in said
    assert "init_from='" in said
    assert "--" not in said


def test_no_text_is_a_type_error_or_a_value_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TypeError, match="a path, the name of a corpus"):
        charrnn.train(7)
    with pytest.raises(ValueError):
        charrnn.train("no-such.txt")
    with pytest.raises(ValueError):
        charrnn.train([])


def test_a_training_that_diverges_raises(text, tmp_path, capfd, monkeypatch):
    def spoil(schedule):
        first = schedule.model.trainable_variables[0]
        first.assign(first * np.nan)

    at_step(monkeypatch, 3, spoil)
    with pytest.raises(FloatingPointError, match="at step 4") as error:
        train(text, tmp_path / "run")
    assert "Try a lower learning_rate than" in str(error.value)
    assert "with fresh=True" in str(error.value)
    assert "--" not in str(error.value)
    assert capfd.readouterr().err == ""


@pytest.mark.slow
def test_an_error_of_a_callback_comes_through(text, tmp_path):
    def fail(epoch, logs):
        raise ValueError

    failing = keras.callbacks.LambdaCallback(on_epoch_end=fail)
    with pytest.raises(ValueError):
        train(text, tmp_path / "run", callbacks=[failing])


def test_a_folder_that_cannot_be_made_is_an_os_error(text, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises((OSError, ValueError)):
        train(text, tmp_path / "file" / "run")


# Callbacks.


class Recorder(keras.callbacks.Callback):
    """Notes each hook that is called, and what it sees."""

    def __init__(self):
        super().__init__()
        self.hooks, self.rounds = [], []

    def on_train_begin(self, logs=None):
        self.hooks.append("train_begin")
        assert self.model.optimizer is not None
        assert self.params["steps"] > 0 and self.params["epochs"] >= 1

    def on_epoch_begin(self, epoch, logs=None):
        self.hooks.append(f"epoch_begin {epoch}")

    def on_train_batch_begin(self, batch, logs=None):
        self.hooks.append(f"batch_begin {batch}")

    def on_train_batch_end(self, batch, logs=None):
        self.hooks.append(f"batch_end {batch}")
        assert math.isfinite(logs["loss"])

    def on_epoch_end(self, epoch, logs=None):
        self.hooks.append(f"epoch_end {epoch}")
        self.rounds.append(dict(logs))

    def on_train_end(self, logs=None):
        self.hooks.append("train_end")


@pytest.mark.slow
def test_callbacks_see_what_keras_shows_them(text, tmp_path):
    recorder, lines = Recorder(), []
    table = tmp_path / "log.csv"
    run = train(
        text, tmp_path / "run", epochs=4,
        callbacks=[
            recorder,
            keras.callbacks.CSVLogger(table),
            keras.callbacks.LambdaCallback(
                on_epoch_end=lambda epoch, logs: lines.append((epoch, logs))
            ),
        ],
    )  # fmt: skip
    steps = run.metrics["steps"]
    (row,) = run.history[-1:]
    assert recorder.hooks[:3] == ["train_begin", "epoch_begin 0",
                                  "batch_begin 0"]  # fmt: skip
    assert recorder.hooks[-2:] == ["epoch_end 1", "train_end"]
    assert sum("batch_end" in hook for hook in recorder.hooks) == steps
    assert [epoch for epoch, _ in lines] == [0, 1]
    assert recorder.rounds[-1] == {
        "loss": row["training_nats_per_character"],
        "val_loss": row["validation_nats_per_character"],
    }
    with open(table, encoding="utf-8", newline="") as file:
        logged = list(csv.DictReader(file))
    assert [float(r["val_loss"]) for r in logged] == pytest.approx(
        [r["validation_nats_per_character"] for r in run.history]
    )


@pytest.mark.slow
def test_early_stopping_ends_the_run(text, tmp_path):
    stop = keras.callbacks.EarlyStopping(patience=1, min_delta=100)
    run = train(text, tmp_path / "run", epochs=40, callbacks=[stop])
    assert [row["step"] for row in run.history] == [100, 200]
    state, _ = checkpoint.newest(run.folder)
    assert state["over"]
    again = train(text, run.folder, epochs=40, callbacks=[stop])
    assert again.metrics == run.metrics


@pytest.mark.slow
def test_a_callback_may_stop_after_a_step(text, tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training |= batch == 6

    run = train(text, tmp_path / "run", epochs=40, callbacks=[Stop()])
    assert run.metrics["steps"] == 7
    assert run.history[-1]["step"] == 7


@pytest.mark.slow
def test_callbacks_with_a_state_of_their_own_are_left_alone(text, tmp_path):
    own = keras.callbacks.Callback()
    own.state = {1: "not JSON's"}
    train(text, tmp_path / "run", epochs=1, callbacks=[own])


@pytest.mark.slow
def test_tensorboard_writes_the_losses(text, tmp_path, capfd):
    pytest.importorskip("tensorboard")
    board = keras.callbacks.TensorBoard(str(tmp_path / "board"))
    train(text, tmp_path / "run", epochs=1, callbacks=[board])
    assert list((tmp_path / "board").rglob("events.*"))
    assert capfd.readouterr().err == ""


# Stopping.


def interrupt(_):
    signal.raise_signal(signal.SIGINT)


@pytest.mark.slow
def test_an_interrupted_run_goes_on_to_the_same_end(
    text, tmp_path, monkeypatch, finished
):
    out = tmp_path / "run"
    at_step(monkeypatch, 90, interrupt)
    with pytest.raises(KeyboardInterrupt) as error:
        train(text, out)
    assert isinstance(error.value, stopping.Stopped)
    assert (error.value.folder, error.value.step) == (out, 90)
    assert str(out) in str(error.value)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    opened = charrnn.Run.open(out)
    assert opened.metrics == {} and "not finished" in repr(opened)
    monkeypatch.undo()
    run = train(text, out)
    assert left_behind(run.folder) == left_behind(finished.folder)


@pytest.mark.slow
def test_a_second_interrupt_does_not_wait(text, tmp_path, monkeypatch):
    at_step(monkeypatch, 3, lambda _: [interrupt(_) for _ in range(2)])
    with pytest.raises(KeyboardInterrupt) as error:
        train(text, tmp_path / "run")
    assert not isinstance(error.value, stopping.Stopped)
    assert charrnn.train  # the process lives
    monkeypatch.undo()
    assert train(text, tmp_path / "run").metrics["epochs"] == 5


@pytest.mark.slow
def test_handlers_of_others_are_left_alone(text, tmp_path, monkeypatch):
    noted = []
    before = signal.signal(signal.SIGINT, lambda *_: noted.append("theirs"))
    try:
        at_step(monkeypatch, 3, interrupt)
        train(text, tmp_path / "run", epochs=1)
    finally:
        signal.signal(signal.SIGINT, before)
    assert noted == ["theirs"]


@pytest.mark.slow
def test_a_thread_trains(text, tmp_path):
    runs = []
    thread = threading.Thread(
        target=lambda: runs.append(train(text, tmp_path / "run", epochs=1))
    )
    thread.start()
    thread.join()
    assert runs[0].metrics["steps"] > 0


def test_a_notebook_trains(text, tmp_path, capfd):
    """Its event loop runs, and listens to the signals of the process."""

    async def cell():
        loop = asyncio.get_running_loop()
        if os.name == "posix":
            loop.add_signal_handler(signal.SIGTERM, lambda: None)
        return train(text, tmp_path / "run", epochs=1, verbose=1)

    assert asyncio.run(cell()).metrics["steps"] > 0
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) == len(set(lines)) and len(lines) > 3
