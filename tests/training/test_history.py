"""The table of a run's losses, and their picture."""

import contextlib
import csv
import io
import types

import numpy as np
import pytest

from charrnn.training import history


@pytest.fixture
def schedule():
    return types.SimpleNamespace(
        step=30, epoch=0.5, learning_rate=0.001, losses=[], steps_together=1
    )


def history_of(schedule, path, losses, validation=None):
    """A history of one round of steps with the given losses."""
    kept = history.History(path, schedule)
    kept.set_params({"steps": len(losses)})
    for batch, loss in enumerate(losses):
        schedule.losses.append(float(loss))
        kept.on_train_batch_end(batch)
    mean = float(np.mean(losses))
    validation = {"val_loss": 2.5} if validation is None else validation
    kept.on_epoch_end(0, {"loss": mean, **validation})
    return kept


def test_history_has_a_row_a_round(schedule, tmp_path):
    path = tmp_path / "history.csv"
    kept = history_of(schedule, path, [3.0, 2.0])
    kept.on_epoch_end(1, {"loss": 2.0, "val_loss": 1.5})
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
    assert [float(r["validation_nats_per_character"]) for r in rows] == [
        2.5,
        1.5,
    ]
    assert float(rows[0]["training_nats_per_character"]) == 2.5
    assert float(rows[0]["validation_bits_per_character"]) == pytest.approx(
        2.5 / np.log(2)
    )


def test_the_curve_is_the_loss_of_each_step(schedule, tmp_path):
    losses = [4.0, 3.0, 3.5, 1.0]
    kept = history_of(schedule, tmp_path / "history.csv", losses)
    assert [loss for _, loss in kept.curve] == pytest.approx(losses)


def test_a_long_round_gives_some_fifty_points(schedule, tmp_path):
    losses = np.arange(1000.0)
    kept = history_of(schedule, tmp_path / "history.csv", losses)
    assert len(kept.curve) == 50
    assert np.mean([loss for _, loss in kept.curve]) == np.mean(losses)


def test_a_change_is_told_in_the_next_row_alone(schedule, tmp_path):
    path = tmp_path / "history.csv"
    kept = history_of(schedule, path, [3.0, 2.0])
    again = history.History(path, schedule)
    again.restore({**kept.state(), "changes": "dropout 0.1 to 0.2"})
    again.set_params({"steps": 1})
    for number in (1, 2):
        again.on_epoch_end(number, {"loss": 2.0, "val_loss": 1.5})
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
    told = [row["changes"] for row in rows]
    assert told == ["", "dropout 0.1 to 0.2", ""]


def test_rows_of_earlier_versions_are_kept(schedule, tmp_path):
    path = tmp_path / "history.csv"
    kept = history_of(schedule, path, [3.0, 2.0])
    state = kept.state()
    del state["changes"], state["rows"][0]["changes"]
    kept.restore(state)
    kept.on_epoch_end(1, {"loss": 2.0, "val_loss": 1.5})
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
    assert [row["changes"] for row in rows] == ["", ""]


class Axes:
    """What is drawn on the axes of a picture, by its label."""

    def __init__(self):
        self.drawn = {}
        self.title = None

    def plot(self, *values, label, **options):
        self.drawn[label] = values

    def axhline(self, height, label, **options):
        self.drawn[label] = height

    def set_title(self, title, parse_math):
        assert not parse_math
        self.title = title

    def secondary_yaxis(self, *arguments, **options):
        return self

    def set_xlabel(self, label):
        pass

    set_ylabel = set_xlabel


@pytest.fixture
def axes(monkeypatch):
    axes = Axes()

    @contextlib.contextmanager
    def picture(path):
        yield [axes]

    monkeypatch.setattr(history, "picture", picture)
    return axes


def test_the_picture_marks_the_kept_model_and_the_5_gram(
    schedule, tmp_path, axes
):
    kept = history_of(schedule, tmp_path / "history.csv", [3.0, 2.0])
    schedule.step, schedule.epoch = 60, 1.0
    kept.on_epoch_end(1, {"loss": 1.0, "val_loss": 3.5})
    history.plot_losses(kept, tmp_path / "loss.png", "sea.txt", 30, 2.25)
    assert axes.title == "sea.txt"
    assert axes.drawn["the model that is kept, 2.500"] == (0.5, 2.5, "o")
    assert axes.drawn["5-gram, 2.250"] == 2.25
    assert axes.drawn["validation"][1] == (2.5, 3.5)


def test_a_picture_without_a_held_out_part_has_one_line(
    schedule, tmp_path, axes
):
    kept = history_of(schedule, tmp_path / "history.csv", [3.0], {})
    history.plot_losses(kept, tmp_path / "loss.png", "sea.txt", 30)
    assert list(axes.drawn) == ["training"]


@pytest.mark.parametrize(
    "title",
    ["sea.txt", "$x_1^2$ \\frac", "\u7d05\u6a13\u5922", "a\nb\t", "x" * 300],
)
@pytest.mark.parametrize("losses", [[4.0], [4.0, 3.0]])
def test_the_picture_is_a_png_whatever_the_name(
    schedule, tmp_path, title, losses
):
    kept = history_of(schedule, tmp_path / "history.csv", losses)
    history.plot_losses(kept, tmp_path / "loss.png", title, 30, 2.0)
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG\r\n")
