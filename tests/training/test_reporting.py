"""What training tells: the lines and the samples."""

import io
import types

import numpy as np
import pytest
import rich.console

from charrnn.network.engine import Engine
from charrnn.text.vocabulary import Vocabulary
from charrnn.training import reporting


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
    screen = console(width=111)
    progress = reporting.Progress(screen, schedule)
    progress.on_train_begin()
    progress.on_epoch_end(0, {"loss": np.log(4), "val_loss": np.log(8)})
    progress.on_train_end()
    assert screen.file.getvalue() == (
        "epoch 0.50 step 30/120  loss 1.386 nats 2.00 bits  "
        "1:03 left  12.3k chars/s  validation 2.079 nats 3.00 bits\n"
    )


@pytest.mark.parametrize("width", [21, 40, 60, 80, 100, 200])
@pytest.mark.parametrize("force_terminal", [True, False])
@pytest.mark.parametrize("validation", [{"val_loss": 1.436}, {}])
def test_no_line_is_wider_than_the_terminal(
    schedule, width, force_terminal, validation
):
    schedule.step, schedule.total_steps, schedule.epoch = 123_456, 654_321, 12.3
    schedule.step_seconds = lambda: 1.5
    options = {"force_terminal": force_terminal, "color_system": None}
    screen = console(width=width, **options)
    progress = reporting.Progress(screen, schedule, quiet=True)
    progress.on_train_begin()
    progress.on_epoch_end(0, {"loss": 1.276, **validation})
    (line,) = screen.file.getvalue().splitlines()
    assert len(line) <= width
    told = "validation 1.436 nats" if validation else "loss 1.276 nats"
    assert told in line
    if width >= 80:  # what matters most is there
        assert line.startswith("epoch 12.30")
        assert "loss 1.276 nats" in line
        assert "left" in line


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


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0, ""), (2.2, ""), (41.0, "  0:41 left to score the model")],
)
def test_no_time_is_left_after_the_last_step_but_to_score(
    schedule, seconds, shown
):
    schedule.ending = types.SimpleNamespace(after_validation=lambda: seconds)
    progress = reporting.Progress(console(), schedule)
    progress.set_model(types.SimpleNamespace(stop_training=True))
    assert progress._end() == ("/120", shown)
    progress.model.stop_training = False
    assert progress._end()[1].endswith(" left")


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
