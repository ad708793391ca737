"""Record a run's losses as a table and as a plot."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.network.backend import keras
from charrnn.scoring.score import to_bits
from charrnn.system import atomic
from charrnn.system.palette import BLUE, GREEN, ORANGE, PURPLE
from charrnn.system.plotting import picture
from charrnn.training.figures import with_full_names
from charrnn.training.schedule import Schedule

TITLE_CHARACTERS = 60


class History(keras.callbacks.Callback):
    """Records the losses, in `history.csv` and for the picture.

    Attributes:
        rows: A `dict` for every round, with the columns of `history.csv`. The
            validation losses are `None` if nothing is held out.
        curve: Points `(epoch, training loss)`, about 50 per round.

    Args:
        path: The path of `history.csv`.
        schedule: The `Schedule`.
    """

    def __init__(self, path: Path, schedule: Schedule):
        super().__init__()
        self.path = path
        self.schedule = schedule
        self.rows: list[dict[str, Any]] = []
        self.curve: list[tuple[float, float]] = []
        self._changes = ""  # since the last row

    def note(self, changes: str) -> None:
        """Sets the words with which the next row describes a change."""
        self._changes = changes

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        newest = max(1, self.params["steps"] // 50)
        before = batch + 1 - self.schedule.steps_together
        if (batch + 1) // newest > before // newest:
            loss = float(np.mean(self.schedule.losses[-newest:]))
            self.curve.append((self.schedule.epoch, loss))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        schedule = self.schedule
        nats = logs.get("val_loss")
        self.rows.append(
            {
                "step": schedule.step,
                "epoch": round(schedule.epoch, 4),
                "learning_rate": schedule.learning_rate,
                "training_nats_per_character": float(logs["loss"]),
                "validation_nats_per_character": nats,
                "validation_bits_per_character": nats and to_bits(nats),
                "changes": self._changes,
            }
        )
        self._changes = ""
        self._write()

    def _write(self) -> None:
        table = io.StringIO(newline="")
        writer = csv.DictWriter(table, self.rows[-1], lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        atomic.write_text(self.path, table.getvalue())

    def state(self) -> dict[str, Any]:
        """Returns the state for `restore`: all rows and points so far."""
        return {
            "rows": self.rows,
            "curve": self.curve,
            "changes": self._changes,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Resumes from what `state` returned."""
        self.rows = with_full_names(state["rows"])
        self.curve = state["curve"]
        self._changes = state.get("changes", "")  # older checkpoints lack it
        if self.rows:
            self._write()  # the file may be missing


def plot_losses(
    history: History,
    path: Path,
    title: str,
    kept_step: int | None = None,
    five_gram: float | None = None,
) -> None:
    """Draws the losses over the epochs.

    Args:
        history: A `History` with at least one row.
        path: The `.png` file.
        title: The name of the text.
        kept_step: The step of the saved model, which is marked.
        five_gram: The loss of a 5-gram, in nats per character, or `None`.
    """
    in_bits = (lambda nats: nats / np.log(2), lambda bits: bits * np.log(2))
    with picture(path) as [axes]:
        axes.plot(
            *zip(*history.curve, strict=True), color=BLUE, label="training"
        )
        _plot_validation(axes, history.rows, kept_step)
        if five_gram is not None:
            axes.axhline(
                five_gram, color=GREEN, linestyle="--",
                label=f"5-gram, {five_gram:.3f}",
            )  # fmt: skip
        axes.set_title(_drawable(title), parse_math=False)
        axes.set_xlabel("epochs (passes over the training text)")
        axes.set_ylabel("loss (nats per character)")
        bits_axis = axes.secondary_yaxis("right", functions=in_bits)
        bits_axis.set_ylabel("bits per character")


def _plot_validation(
    axes: Any, rows: list[dict[str, Any]], kept_step: int | None
) -> None:
    """Draws the validation losses, and marks that of the kept model."""
    points = {
        row["step"]: (row["epoch"], row["validation_nats_per_character"])
        for row in rows
        if row["validation_nats_per_character"] is not None
    }
    if points:
        axes.plot(
            *zip(*points.values(), strict=True), "o-",
            color=ORANGE, label="validation",
        )  # fmt: skip
    if kept_step in points:
        epoch, nats = points[kept_step]
        axes.plot(
            epoch, nats, "o", markersize=11, markerfacecolor="none",
            markeredgewidth=2, color=PURPLE,
            label=f"the model that is kept, {nats:.3f}",
        )  # fmt: skip


def _drawable(text: str) -> str:
    """Shortens a text to one line, and replaces what the font lacks by "?"."""
    from matplotlib import font_manager  # here: it takes a second to import

    path = font_manager.findfont(font_manager.FontProperties())
    font = font_manager.get_font(path)
    known = (c if font.get_char_index(ord(c)) else "?" for c in text)
    short = "".join(known)
    if len(short) > TITLE_CHARACTERS:
        short = short[: TITLE_CHARACTERS - 3] + "..."
    return short
