"""Run the training steps, and write checkpoints."""

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.network.backend import keras
from charrnn.text.windows import Windows
from charrnn.training import checkpoint
from charrnn.training.schedule import Schedule
from charrnn.training.stopping import Stopped


def train(
    twin: keras.Model,
    windows: Windows,
    schedule: Schedule,
    callbacks: Sequence[keras.callbacks.Callback],
    steps_per_round: int,
) -> Iterator[None]:
    """Trains until a callback ends it: a `fit` that can begin at any step.

    It is a generator, so that others can be trained in between.

    Args:
        twin: The compiled Keras model.
        windows: The `Windows` to train on.
        schedule: The `Schedule`, the first of the callbacks: its step is the
            one to begin with.
        callbacks: A list of Keras callbacks. A round is their epoch.
        steps_per_round: Steps from one validation to the next.

    Yields:
        `None` after every step.

    Raises:
        FloatingPointError: if the loss is no finite number.
    """
    total_steps = schedule.total_steps or math.inf
    hooks = keras.callbacks.CallbackList(
        callbacks,
        model=twin,
        steps=steps_per_round,
        epochs=schedule.total_steps
        and math.ceil(schedule.total_steps / steps_per_round),
        verbose=0,
    )
    batches = windows.dataset(schedule.step).as_numpy_iterator()
    twin.stop_training = schedule.step >= total_steps
    hooks.on_train_begin()
    logs: dict[str, float] = {}
    try:
        while not twin.stop_training:
            # A run that goes on may be in the middle of a round.
            number, first = divmod(schedule.step, steps_per_round)
            hooks.on_epoch_begin(number)
            for batch in range(first, steps_per_round):
                hooks.on_train_batch_begin(batch)
                loss = float(twin.train_on_batch(*next(batches)))
                if not math.isfinite(loss):
                    raise FloatingPointError(f"a loss of {loss}")
                schedule.losses.append(loss / schedule.characters_per_unit)
                logs = {"loss": float(np.mean(schedule.losses))}
                hooks.on_train_batch_end(batch, logs)
                yield
                if twin.stop_training:
                    break
            # Just before the end the round goes on instead: the validation
            # that ends training would score nearly the same weights again.
            if twin.stop_training or not schedule.validates_at_the_end():
                hooks.on_epoch_end(number, logs)
    finally:
        hooks.on_train_end(logs)


class Checkpoints(keras.callbacks.Callback):
    """Writes checkpoints, and stops after one when a signal asks for it.

    It comes last of the callbacks, so that all others have done their part.

    Args:
        folder: The run's folder.
        schedule: The `Schedule`.
        callbacks: The others, of which those with a `state()` are kept.
        facts: What else the checkpoint's state holds; a `dict`.
        seconds: From one to the next. There is one at the end of a round,
            too, unless they would then take over 1 % of the time.
        signals: The list of `stopping.noted_signals` or its like.
    """

    def __init__(
        self,
        folder: Path,
        schedule: Schedule,
        callbacks: Sequence[keras.callbacks.Callback],
        facts: dict[str, Any],
        seconds: float,
        signals: list[int],
    ):
        super().__init__()
        self.folder = folder
        self.schedule = schedule
        self.parts = with_state(callbacks)
        self.facts = facts
        self.seconds = seconds
        self.signals = signals

    def on_train_begin(self, logs: Any = None) -> None:
        self.write()  # says at once if the folder cannot be written

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        last = batch + 1 == self.params["steps"]
        if last or self.model.stop_training:
            return  # the end of the round belongs to it
        if self.signals or self._since() >= self.seconds:
            self.write()
        self._obey()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        over = self.model.stop_training
        # One that took a second is worth it after a hundred: 1 % of the time.
        rare = self._since() >= min(self.seconds, 100 * self._cost)
        if over or self.signals or rare:
            self.write(over)
        if not over:
            self._obey()

    def write(self, over: bool = False) -> None:
        """Writes a checkpoint now.

        Args:
            over: Whether training has come to its end.

        Raises:
            FloatingPointError: if a weight is no finite number; the
                checkpoints written before stay.
        """
        # First all is read, then all is written: to a file of another name,
        # which takes the checkpoint's name when it is whole.
        began = time.perf_counter()
        arrays = [
            keras.ops.convert_to_numpy(variable)
            for variable in checkpoint.variables(self.model)
        ]
        if not all(np.isfinite(array).all() for array in arrays):
            raise FloatingPointError("a weight is no finite number")
        states = {name: part.state() for name, part in self.parts.items()}
        state = {**self.facts, "over": over, "parts": states}
        checkpoint.write(self.folder, self.schedule.step, state, arrays)
        self._written = time.perf_counter()
        self._cost = self._written - began

    def _since(self) -> float:
        return time.perf_counter() - self._written

    def _obey(self) -> None:
        if self.signals:
            raise Stopped(self.signals[0], self.folder, self.schedule.step)


def with_state(callbacks: Iterable[keras.callbacks.Callback]) -> dict[str, Any]:
    """Finds the callbacks that have something to go on from.

    Args:
        callbacks: A list of Keras callbacks.

    Returns:
        A `dict` of those with the methods `state` and `restore`, by class.
    """
    return {type(c).__name__: c for c in callbacks if hasattr(c, "state")}


def restore(
    callbacks: Iterable[keras.callbacks.Callback], states: Mapping[str, Any]
) -> None:
    """Lets callbacks go on from where a checkpoint has them.

    Args:
        callbacks: A list of Keras callbacks.
        states: A `dict` of what their `state` returned, by class; one that
            is not in it begins anew.
    """
    for name, callback in with_state(callbacks).items():
        if name in states:
            callback.restore(states[name])
