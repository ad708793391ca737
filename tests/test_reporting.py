"""What training tells: the lines, the history, the samples, the picture."""

import csv
import io
import types

import numpy as np
import pytest
import rich.console

from charrnn import reporting
from charrnn.engine import Engine
from charrnn.vocabulary import Vocabulary


@pytest.fixture
def schedule():
    return types.SimpleNamespace(
        step=30,
        total_steps=120,
        epoch=0.5,
        learning_rate=0.001,
        characters_per_second=12_345.6,
        end=None,
        seconds_left=lambda: 63.0,
        losses=[],
    )


@pytest.fixture
def validation():
    """An engine that writes nothing but the letter b."""
    arrays = [np.zeros((3, 2)), np.zeros((2, 2)), np.zeros(2)]
    dense = [np.zeros((2, 3)), np.array([0.0, 0.0, 50.0])]
    layers = [("SimpleRNN", {}, arrays), ("Dense", {}, dense)]
    engine = Engine(layers, Vocabulary("\nab"))
    return types.SimpleNamespace(engine=engine)


def console(**options):
    options = {"width": 200, "highlight": False, **options}
    return rich.console.Console(file=io.StringIO(), **options)


def test_a_round_closes_with_a_line_of_losses(schedule):
    screen = console(width=40)
    progress = reporting.Progress(screen, schedule)
    progress.on_train_begin()
    progress.on_epoch_end(0, {"loss": np.log(4), "val_loss": np.log(8)})
    progress.on_train_end()
    assert screen.file.getvalue() == (
        "epoch 0.50 step 30/120  loss 1.386 nats 2.00 bits  "
        "1:03 left  12.3k chars/s  validation 2.079 nats 3.00 bits\n"
    )


def test_a_file_gets_plain_lines_now_and_then(schedule, monkeypatch):
    screen = console()
    progress = reporting.Progress(screen, schedule)
    progress.on_train_begin()
    progress.on_train_batch_end(0, {"loss": 1.0})
    assert screen.file.getvalue() == ""
    monkeypatch.setattr(reporting, "PLAIN_SECONDS", 0)
    progress.on_train_batch_end(1, {"loss": 1.0})
    assert screen.file.getvalue().startswith("epoch 0.50 step 30/120")
    assert "\x1b" not in screen.file.getvalue()


def test_quiet_has_no_lines_in_between(schedule, monkeypatch):
    monkeypatch.setattr(reporting, "PLAIN_SECONDS", 0)
    screen = console()
    progress = reporting.Progress(screen, schedule, quiet=True)
    progress.on_train_begin()
    progress.on_train_batch_end(1, {"loss": 1.0})
    assert screen.file.getvalue() == ""


def test_a_terminal_gets_a_live_line(schedule, monkeypatch):
    monkeypatch.setattr(reporting, "LIVE_SECONDS", 0)
    screen = console(force_terminal=True)
    progress = reporting.Progress(screen, schedule)
    progress.on_train_begin()
    progress.on_train_batch_end(1, {"loss": 1.0})
    progress._bar.refresh()
    progress.on_train_end()
    assert "epoch 0.50 step 30/120" in screen.file.getvalue()


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (61, "1:01"), (3723, "1:02:03")]
)
def test_time_left_is_told_in_minutes_and_hours(schedule, seconds, shown):
    schedule.seconds_left = lambda: seconds
    screen = console()
    progress = reporting.Progress(screen, schedule)
    progress.on_train_begin()
    progress.on_epoch_end(0, {"loss": 1.0, "val_loss": 1.0})
    assert f"  {shown} left  " in screen.file.getvalue()


def test_a_number_of_steps_that_follows_from_the_time_is_not_told(schedule):
    schedule.end = 60.0
    progress = reporting.Progress(console(), schedule)
    assert progress._line(1.0).startswith("epoch 0.50 step 30  loss ")
    schedule.seconds_left = lambda: None  # it is not known yet
    assert "left" not in progress._line(1.0)


def test_samples_go_to_the_screen_and_the_file(
    schedule, validation, tmp_path, monkeypatch
):
    monkeypatch.setattr(reporting, "SAMPLE_CHARACTERS", 5)
    path, screen = tmp_path / "samples.txt", console()
    samples = reporting.Samples(screen, path, schedule, validation, "a\n")
    samples.on_epoch_end(0, {"val_loss": 1.25})
    samples.on_epoch_end(1, {"val_loss": 1.0})
    assert screen.file.getvalue() == "a\nbbbbb\n\n" * 2
    assert path.read_text("utf-8") == (
        "--- step 30, validation 1.2500 nats/char ---\na\nbbbbb\n\n"
        "--- step 30, validation 1.0000 nats/char ---\na\nbbbbb\n\n"
    )


def test_quiet_samples_go_to_the_file_only(schedule, validation, tmp_path):
    path, screen = tmp_path / "samples.txt", console()
    samples = reporting.Samples(screen, path, schedule, validation, quiet=True)
    samples.on_epoch_end(0, {"val_loss": 1.25})
    assert screen.file.getvalue() == ""
    assert path.exists()


def test_a_broken_network_writes_no_sample(schedule, validation, tmp_path):
    path, screen = tmp_path / "samples.txt", console()
    samples = reporting.Samples(screen, path, schedule, validation)
    samples.on_epoch_end(0, {"val_loss": np.nan})
    assert screen.file.getvalue() == ""
    assert not path.exists()


def test_the_live_line_fits_a_terminal(schedule):
    schedule.step, schedule.total_steps, schedule.epoch = 1234, 4910, 12.3
    progress = reporting.Progress(console(), schedule)
    assert len(progress._line(2.345)) <= 80


def history_of(schedule, path, losses):
    """A history of one round of steps with the given losses."""
    history = reporting.History(path, schedule)
    history.set_params({"steps": len(losses)})
    for batch, loss in enumerate(losses):
        schedule.losses.append(float(loss))
        history.on_train_batch_end(batch)
    mean = float(np.mean(losses))
    history.on_epoch_end(0, {"loss": mean, "val_loss": 2.5})
    return history


def test_history_has_a_row_a_round(schedule, tmp_path):
    path = tmp_path / "history.csv"
    history = history_of(schedule, path, [3.0, 2.0])
    history.on_epoch_end(1, {"loss": 2.0, "val_loss": 1.5})
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
    assert [float(r["validation_nats_per_char"]) for r in rows] == [2.5, 1.5]
    assert float(rows[0]["training_nats_per_char"]) == 2.5
    assert float(rows[0]["validation_bits_per_char"]) == pytest.approx(
        2.5 / np.log(2)
    )


def test_the_curve_is_the_loss_of_each_step(schedule, tmp_path):
    losses = [4.0, 3.0, 3.5, 1.0]
    history = history_of(schedule, tmp_path / "history.csv", losses)
    assert [loss for _, loss in history.curve] == pytest.approx(losses)


def test_a_long_round_gives_some_fifty_points(schedule, tmp_path):
    losses = np.arange(1000.0)
    history = history_of(schedule, tmp_path / "history.csv", losses)
    assert len(history.curve) == 50
    assert np.mean([loss for _, loss in history.curve]) == np.mean(losses)


def test_the_picture_is_a_png(schedule, tmp_path):
    history = history_of(schedule, tmp_path / "history.csv", [4.0, 3.0])
    reporting.plot_losses(history, tmp_path / "loss.png")
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG\r\n")
