"""Tell how training goes: the progress line, samples, history, picture."""

import csv
import io
import signal
import time

import numpy as np
import rich.console
import rich.progress
import rich.text

from charrnn import atomic
from charrnn.backend import keras
from charrnn.picture import BLUE, ORANGE, picture
from charrnn.sampler import Sampler
from charrnn.scoring import to_bits
from charrnn.vocabulary import printable

PLAIN_SECONDS = 30  # between two plain progress lines
LIVE_SECONDS = 0.25  # between two updates of the live one
SAMPLE_CHARACTERS = 300


def reports(out, schedule, validation, *, prompt="", quiet=False):
    """Returns the callbacks that tell how training goes.

    Args:
        out: The run's folder, a `pathlib.Path`.
        schedule: The `training.Schedule`.
        validation: The `training.Validation`.
        prompt: What the samples begin with.
        quiet: Only a line a round on the screen.

    Returns:
        A list: `History`, `Progress` and `Samples`.
    """
    console = _Console(highlight=False)
    return [
        History(out / "history.csv", schedule),
        Progress(console, schedule, quiet),
        Samples(
            console, out / "samples.txt", schedule, validation, prompt, quiet
        ),
    ]


class _Console(rich.console.Console):
    """Leaves it to the signal SIGPIPE to stop training when nobody reads."""

    def on_broken_pipe(self):
        if signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN:
            raise  # the BrokenPipeError that is being handled


class Progress(keras.callbacks.Callback):
    """One live line on a terminal, plain lines elsewhere.

    Args:
        console: A `rich.console.Console`.
        schedule: The `training.Schedule`.
        quiet: Only the lines that close a round.
    """

    def __init__(self, console, schedule, quiet=False):
        super().__init__()
        self.console = console
        self.schedule = schedule
        self.quiet = quiet
        self.live = console.is_terminal and not quiet

    def on_train_begin(self, logs=None):
        self._shown = time.perf_counter()
        self._bar = rich.progress.Progress(
            rich.progress.TextColumn("{task.description}"),
            console=self.console,
            transient=True,
            disable=not self.live,
            refresh_per_second=4,
        )
        self._task = self._bar.add_task("compiling the first step", total=None)
        self._bar.start()

    def on_train_batch_end(self, batch, logs=None):
        wait = LIVE_SECONDS if self.live else PLAIN_SECONDS
        if self.quiet or time.perf_counter() - self._shown < wait:
            return
        self._shown = time.perf_counter()
        line = self._line(float(logs["loss"]))
        if not self.live:
            self.console.print(line, soft_wrap=True)
        self._bar.update(
            self._task,
            description=line,
            completed=self.schedule.step,
            total=self.schedule.total_steps,
        )

    def on_epoch_end(self, epoch, logs=None):
        self.console.print(
            self._line(float(logs["loss"]))
            + f"  validation {_nats_and_bits(logs['val_loss'])}",
            soft_wrap=True,
        )

    def on_train_end(self, logs=None):
        self._bar.stop()

    def _line(self, training_loss):
        schedule = self.schedule
        of_all, left = self._end()
        # It has to fit in 80 columns; on a long run the end may be cut off.
        return (
            f"epoch {schedule.epoch:.2f} step {schedule.step}{of_all}  "
            f"loss {_nats_and_bits(training_loss)}{left}  "
            f"{schedule.characters_per_second / 1000:.1f}k chars/s"
        )

    def _end(self):
        """The number of steps, if it is fixed, and the time left."""
        schedule, of_all = self.schedule, ""
        if schedule.total_steps is not None and schedule.end is None:
            of_all = f"/{schedule.total_steps}"
        seconds = schedule.seconds_left()
        left = "" if seconds is None else f"  {_minutes(seconds)} left"
        return of_all, left


class Samples(keras.callbacks.Callback):
    """Writes a sample after every round, to the terminal and to a file.

    Args:
        console: A `rich.console.Console`.
        path: The file `samples.txt`.
        schedule: The `training.Schedule`, for the step.
        validation: The `training.Validation`, whose engine writes.
        prompt: What the samples begin with.
        quiet: To the file only.
    """

    def __init__(
        self, console, path, schedule, validation, prompt="", quiet=False
    ):
        super().__init__()
        self.console = console
        self.path = path
        self.schedule = schedule
        self.validation = validation
        self.prompt = prompt
        self.quiet = quiet
        self.text = ""

    def on_epoch_end(self, epoch, logs=None):
        if not np.isfinite(logs["val_loss"]):
            return  # nothing can be drawn from such a network
        (sample,) = Sampler(self.validation.engine).generate(
            self.prompt,
            length=SAMPLE_CHARACTERS,
            temperature=0.8,
        )
        text = self.prompt + sample.text
        heading = (
            f"step {self.schedule.step}, validation {logs['val_loss']:.4f}"
        )
        self.text += f"--- {heading} nats/char ---\n{text}\n\n"
        atomic.write_text(self.path, self.text)
        if not self.quiet:
            shown = rich.text.Text(printable(self.prompt), style="bold")
            shown.append(printable(sample.text), style="not bold cyan")
            self.console.print(shown, end="\n\n", soft_wrap=True)

    def state(self):
        """What `restore` needs: the samples so far."""
        return {"text": self.text}

    def restore(self, state):
        """Goes on from what `state` returned."""
        self.text = state["text"]
        if self.text:
            atomic.write_text(self.path, self.text)  # it may be missing


class History(keras.callbacks.Callback):
    """Keeps the losses, in `history.csv` and for the picture.

    Attributes:
        rows: A `dict` for every round, the columns of `history.csv`.
        curve: Points `(epoch, training loss)`, about 50 a round.

    Args:
        path: The file.
        schedule: The `training.Schedule`.
    """

    def __init__(self, path, schedule):
        super().__init__()
        self.path = path
        self.schedule = schedule
        self.rows = []
        self.curve = []

    def on_train_batch_end(self, batch, logs=None):
        newest = max(1, self.params["steps"] // 50)
        if (batch + 1) % newest == 0:
            loss = float(np.mean(self.schedule.losses[-newest:]))
            self.curve.append((self.schedule.epoch, loss))

    def on_epoch_end(self, epoch, logs=None):
        schedule = self.schedule
        self.rows.append(
            {
                "step": schedule.step,
                "epoch": round(schedule.epoch, 4),
                "learning_rate": schedule.learning_rate,
                "training_nats_per_char": float(logs["loss"]),
                "validation_nats_per_char": logs["val_loss"],
                "validation_bits_per_char": to_bits(logs["val_loss"]),
            }
        )
        self._write()

    def _write(self):
        table = io.StringIO(newline="")
        writer = csv.DictWriter(table, self.rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        atomic.write_text(self.path, table.getvalue())

    def state(self):
        """What `restore` needs: all rows and points so far."""
        return {"rows": self.rows, "curve": self.curve}

    def restore(self, state):
        """Goes on from what `state` returned."""
        self.rows, self.curve = state["rows"], state["curve"]
        if self.rows:
            self._write()  # it may be missing


def plot_losses(history, path):
    """Draws the two losses over the epochs.

    Args:
        history: A `History` with at least one row.
        path: The `.png` file.
    """
    rows = history.rows
    validation = [
        (row["epoch"], row["validation_nats_per_char"]) for row in rows
    ]
    end = validation[-1][1]
    curve = zip(*history.curve, strict=True)
    in_bits = (lambda nats: nats / np.log(2), lambda bits: bits * np.log(2))
    with picture(path) as [axes]:
        axes.plot(*curve, color=BLUE, label="training")
        axes.plot(
            *zip(*validation, strict=True), "o-",
            color=ORANGE, label=f"validation, {end:.3f} at the end",
        )  # fmt: skip
        axes.set_xlabel("epochs (passes over the training text)")
        axes.set_ylabel("loss (nats per character)")
        bits_axis = axes.secondary_yaxis("right", functions=in_bits)
        bits_axis.set_ylabel("bits per character")


def _nats_and_bits(nats):
    return f"{nats:.3f} nats {to_bits(nats):.2f} bits"


def _minutes(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}"
    return f"{minutes}:{seconds:02}"
