"""Run the training steps, and write checkpoints."""

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from charrnn.network.backend import keras
from charrnn.text.windows import Windows
from charrnn.training import checkpoint, engines, variables
from charrnn.training.schedule import Schedule
from charrnn.training.stopping import Stopped

if TYPE_CHECKING:
    from charrnn.training.leading import Leader


def train(
    twin: keras.Model,
    windows: Windows,
    schedule: Schedule,
    callbacks: Sequence[keras.callbacks.Callback],
    steps_per_round: int,
    leader: "Leader | None" = None,
) -> Iterator[None]:
    """Trains until a callback stops it: a `fit` that can start at any step.

    It is a generator, so that other runs can train between two steps. An
    engine may do several steps in one call: callbacks are then called once,
    for the first and the last of them, as with Keras's `steps_per_execution`.

    Args:
        twin: The compiled Keras model.
        windows: The `Windows` to train on.
        schedule: The `Schedule`, the first of the callbacks: training starts
            at its step.
        callbacks: A list of Keras callbacks. A round is an epoch to them.
        steps_per_round: Steps from one validation to the next.
        leader: Takes other processes along.

    Yields:
        `None` after every step, or after the steps of a call.

    Raises:
        FloatingPointError: if the loss is infinite or NaN.
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
    engine = engines.engine(twin, windows, schedule, callbacks, leader)
    twin.stop_training = schedule.step >= total_steps
    hooks.on_train_begin()
    logs: dict[str, float] = {}
    try:
        while not twin.stop_training:
            # A resumed run may start in the middle of a round.
            number, batch = divmod(schedule.step, steps_per_round)
            hooks.on_epoch_begin(number)
            while batch < steps_per_round:
                hooks.on_train_batch_begin(batch)
                losses = engine.train(steps_per_round - batch)
                _note(losses, schedule)
                logs = {"loss": float(np.mean(schedule.losses))}
                batch += len(losses)
                hooks.on_train_batch_end(batch - 1, logs)
                yield
                if twin.stop_training:
                    break
            # Just before the end the round is not closed here: the validation
            # at the end would score nearly the same weights again.
            if twin.stop_training or not schedule.validates_at_the_end():
                hooks.on_epoch_end(number, logs)
    finally:
        hooks.on_train_end(logs)


def _note(losses: Sequence[float], schedule: Schedule) -> None:
    """Adds the losses of a call to those of the round.

    Raises:
        FloatingPointError: if one is infinite or NaN; the schedule then
            stands before its step.
    """
    for i, loss in enumerate(losses):
        if not math.isfinite(loss):
            schedule.step += i
            raise FloatingPointError(f"a loss of {loss}")
        schedule.losses.append(loss / schedule.characters_per_unit)


class Checkpoints(keras.callbacks.Callback):
    """Writes checkpoints, and stops after one if a signal asked for it.

    It must be the last callback, so that all others are done with the step.

    Args:
        folder: The run's folder.
        schedule: The `Schedule`.
        callbacks: The other callbacks. A checkpoint holds the state of those
            with a method `state`.
        facts: A `dict` of what else a checkpoint's state holds.
        seconds: Time from one checkpoint to the next. There is also one at
            the end of a round, unless they would then take over 1 % of the
            time.
        signals: A list like that of `stopping.noted_signals`.
        leader: Takes other processes along.
    """

    def __init__(
        self,
        folder: Path,
        schedule: Schedule,
        callbacks: Sequence[keras.callbacks.Callback],
        facts: dict[str, Any],
        seconds: float,
        signals: list[int],
        leader: "Leader | None" = None,
    ):
        super().__init__()
        self.folder = folder
        self.schedule = schedule
        self.parts = with_state(callbacks)
        self.facts = facts
        self.seconds = seconds
        self.signals = signals
        self.leader = leader
        if leader:
            leader.team.watch.stop_requests = signals

    def on_train_begin(self, logs: Any = None) -> None:
        self.write()  # fails at once if the folder cannot be written to

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        last = batch + 1 == self.params["steps"]
        if last or self.model.stop_training:
            return  # `on_epoch_end` follows
        if self.signals or self._since() >= self.seconds:
            self.write()
        self._stop_if_requested()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        over = self.model.stop_training
        # Checkpoints at the end of rounds take at most 1 % of the time: after
        # one that took a second, the next is due in 100 seconds or, if that is
        # sooner, in `seconds`.
        is_due = self._since() >= min(self.seconds, 100 * self._cost)
        if over or self.signals or is_due:
            self.write(over)
        if not over:
            self._stop_if_requested()

    def write(self, over: bool = False) -> None:
        """Writes a checkpoint now.

        Args:
            over: Whether training has ended.

        Raises:
            FloatingPointError: if a weight is infinite or NaN; the
                checkpoints written before are kept.
        """
        # Everything is read first, then written to a temporary file, which is
        # renamed to the checkpoint's name when it is complete.
        began = time.perf_counter()
        read = self.leader.read if self.leader else variables.values
        arrays = read(self.model)
        if not all(np.isfinite(array).all() for array in arrays):
            raise FloatingPointError("a weight is no finite number")
        states = {name: part.state() for name, part in self.parts.items()}
        state = {**self.facts, "over": over, "parts": states}
        checkpoint.write(self.folder, self.schedule.step, state, arrays)
        self._written = time.perf_counter()
        self._cost = self._written - began

    def _since(self) -> float:
        return time.perf_counter() - self._written

    def _stop_if_requested(self) -> None:
        if self.signals:
            raise Stopped(self.signals[0], self.folder, self.schedule.step)


def with_state(callbacks: Iterable[keras.callbacks.Callback]) -> dict[str, Any]:
    """Finds the callbacks whose state a checkpoint holds.

    Args:
        callbacks: A list of Keras callbacks.

    Returns:
        A `dict` from class name to callback, of those with the methods
        `state` and `restore`.
    """
    return {type(c).__name__: c for c in callbacks if hasattr(c, "state")}


def restore(
    callbacks: Iterable[keras.callbacks.Callback], states: Mapping[str, Any]
) -> None:
    """Restores callbacks from a checkpoint.

    Args:
        callbacks: A list of Keras callbacks.
        states: A `dict` from class name to what `state` returned. A callback
            that is not in it starts from scratch.
    """
    for name, callback in with_state(callbacks).items():
        if name in states:
            callback.restore(states[name])
