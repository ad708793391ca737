"""Report progress during training: the progress line and samples."""

import signal
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import rich.console
import rich.progress
import rich.text

from charrnn.network.backend import keras
from charrnn.network.engine import Engine
from charrnn.scoring.score import to_bits
from charrnn.system import atomic
from charrnn.system.terminal import escape_controls
from charrnn.training.history import History
from charrnn.training.schedule import Schedule
from charrnn.training.validation import Validation
from charrnn.writing.sampler import Sampler

PLAIN_SECONDS = 30  # between two plain progress lines
LIVE_SECONDS = 0.25  # between two updates of the live one
SCORING_SECONDS = 3  # after the last step; a shorter time is not told
SAMPLE_CHARACTERS = 300
SAMPLE_DOCUMENTS = 10  # at most: together they are cut to that length


def reports(
    out: Path,
    schedule: Schedule,
    validation: Validation,
    *,
    prompt: str = "",
    quiet: bool = False,
    silent: bool = False,
) -> list[keras.callbacks.Callback]:
    """Returns the callbacks that report progress.

    Args:
        out: The run's folder, a `pathlib.Path`.
        schedule: The `Schedule`.
        validation: The `validation.Validation`.
        prompt: The text that samples begin with.
        quiet: Whether to print only one line per round.
        silent: Whether to print nothing.

    Returns:
        A list: `History`, `Progress` and `Samples`.
    """
    # Plain lines are enough in a notebook, too.
    console = _Console(highlight=False, quiet=silent, force_jupyter=False)
    return [
        History(out / "history.csv", schedule),
        Progress(console, schedule, quiet),
        Samples(
            console, out / "samples.txt", schedule, validation, prompt, quiet
        ),
    ]


class _Console(rich.console.Console):
    """Leaves a closed pipe to SIGPIPE's handler, which stops training."""

    def on_broken_pipe(self) -> None:
        if signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN:
            raise  # the BrokenPipeError that is being handled


class Progress(keras.callbacks.Callback):
    """Shows one live line on a terminal, and prints plain lines elsewhere.

    Args:
        console: A `rich.console.Console`.
        schedule: The `Schedule`.
        quiet: Whether to print only the line at the end of each round.
    """

    def __init__(
        self,
        console: rich.console.Console,
        schedule: Schedule,
        quiet: bool = False,
    ):
        super().__init__()
        self.console = console
        self.schedule = schedule
        self.quiet = quiet
        self.live = console.is_terminal and not quiet

    def on_train_begin(self, logs: Any = None) -> None:
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

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
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

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        line = self._line(float(logs["loss"]), logs.get("val_loss"))
        self.console.print(line, style="bold", soft_wrap=True)

    def on_train_end(self, logs: Any = None) -> None:
        self._bar.stop()

    def _line(
        self, training_loss: float, validation_loss: float | None = None
    ) -> str:
        """The progress line, cut to the console's width."""
        schedule = self.schedule
        of_all, left = self._end()
        speed = f"  {schedule.characters_per_second / 1000:.1f}k chars/s"
        parts = [  # a part with a higher number is left out first
            (3, f"  epoch {schedule.epoch:.2f}"),
            (6, f" step {schedule.step}{of_all}"),
            (1, f"  loss {training_loss:.3f} nats"),
            (7, f" {to_bits(training_loss):.2f} bits"),
            (4, left),
            (8, speed),
        ]
        if validation_loss is not None:
            parts += [
                (0, f"  validation {validation_loss:.3f} nats"),
                (5, f" {to_bits(validation_loss):.2f} bits"),
            ]
        return fitted(parts, self.console.width)

    def _end(self) -> tuple[str, str]:
        """The number of steps, if it is fixed, and the time left."""
        schedule, of_all = self.schedule, ""
        if schedule.total_steps is not None and schedule.end is None:
            of_all = f"/{schedule.total_steps}"
        if getattr(self.model, "stop_training", False):
            seconds = schedule.ending.after_validation()
            left = f"  {_minutes(seconds)} left to score the model"
            return of_all, left if seconds >= SCORING_SECONDS else ""
        seconds = schedule.seconds_left()
        left = "" if seconds is None else f"  {_minutes(seconds)} left"
        return of_all, left


def fitted(parts: Iterable[tuple[int, str]], width: int) -> str:
    """Joins the most important parts of a line that fit in a width.

    Args:
        parts: Pairs of a number, the lower the more important, and a text
            with the space before it.
        width: Maximum number of characters.

    Returns:
        A `str`; the most important part is always in it.

    Example:

    >>> fitted([(1, "  loss 1.9"), (2, "  0:30 left")], 21)
    'loss 1.9  0:30 left'
    >>> fitted([(1, "  loss 1.9"), (2, "  0:30 left")], 18)
    'loss 1.9'
    """
    parts = list(parts)
    while True:
        line = "".join(text for _, text in parts).lstrip(" ")
        if len(line) <= width or len(parts) == 1:
            return line
        parts.remove(max(parts))


class Samples(keras.callbacks.Callback):
    """Writes a sample after every round, to the terminal and to a file.

    Args:
        console: A `rich.console.Console`.
        path: The path of `samples.txt`.
        schedule: The `Schedule`, for the step.
        validation: The `validation.Validation`, whose engine writes.
        prompt: The text that samples begin with.
        quiet: Whether to write to the file only.
    """

    def __init__(
        self,
        console: rich.console.Console,
        path: Path,
        schedule: Schedule,
        validation: Validation,
        prompt: str = "",
        quiet: bool = False,
    ):
        super().__init__()
        self.console = console
        self.path = path
        self.schedule = schedule
        self.validation = validation
        self.prompt = prompt
        self.quiet = quiet
        self.text = ""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        loss = logs.get("val_loss")
        if not np.isfinite(logs["loss"] if loss is None else loss):
            return  # such a network has no probabilities to sample from
        text = self._written(self.validation.engine)
        heading = f"step {self.schedule.step}"
        if loss is not None:
            heading += f", validation {loss:.4f} nats/char"
        self.text += f"--- {heading} ---\n{self.prompt}{text}\n\n"
        atomic.write_text(self.path, self.text)
        self._show(text)

    def show_kept(self, engine: Engine, heading: str) -> None:
        """Prints a sample of the saved model.

        Args:
            engine: The model's `charrnn.Engine`.
            heading: The line above the sample.
        """
        if not self.quiet:
            self.console.print(heading, style="bold", soft_wrap=True)
        self._show(self._written(engine))

    def _written(self, engine: Any) -> str:
        sampler = Sampler(engine)
        vocabulary = sampler.vocabulary
        count = SAMPLE_DOCUMENTS if vocabulary.end else 1
        samples = sampler.generate(
            self.prompt, length=SAMPLE_CHARACTERS, count=count, temperature=0.8
        )
        between = f"{vocabulary.end}{self.prompt}"
        text = between.join(sample.text for sample in samples)
        return vocabulary.shown(text[:SAMPLE_CHARACTERS])

    def _show(self, text: str) -> None:
        # Bold, not a colour: that might be hard to read on the background.
        if not self.quiet:
            shown = rich.text.Text(escape_controls(self.prompt), style="bold")
            shown.append(escape_controls(text), style="not bold")
            self.console.print(shown, end="\n\n", soft_wrap=True)

    def state(self) -> dict[str, Any]:
        """Returns the state for `restore`: the samples so far."""
        return {"text": self.text}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Resumes from what `state` returned."""
        self.text = state["text"]
        if self.text:
            atomic.write_text(self.path, self.text)  # the file may be missing


def _minutes(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}"
    return f"{minutes}:{seconds:02}"
