"""A machine of which a test says how fast it is, and a run on it.

The loop, the schedule and the budget are the real ones; what takes time only
moves a clock.
"""

import types

import numpy as np

from charrnn.network.backend import keras
from charrnn.scoring import baselines, score
from charrnn.text.vocabulary import Vocabulary
from charrnn.training import budget, ending, loop
from charrnn.training.clock import Clock
from charrnn.training.schedule import Schedule

PIECE = 0.02  # seconds of work in which the machine's speed is constant


class Machine:
    """A clock, and work that takes longer while the machine is busy.

    Args:
        slowness: A function of the time: how many seconds a second of work
            takes.
    """

    def __init__(self, slowness=lambda time: 1.0):
        self.time = 0.0
        self.slowness = slowness

    def now(self):
        return self.time

    def work(self, seconds):
        while seconds > 0:
            piece = min(PIECE, seconds)
            self.time += piece * self.slowness(self.time)
            seconds -= piece


class HeldOut:
    """What a budget reads of a `Validation`."""

    network, vocabulary = None, Vocabulary("ab")

    def __init__(self, characters, scorer):
        self.ids = np.zeros(characters, np.uint8)
        self.scorer = scorer


class Run(keras.callbacks.Callback):
    """A run of training on such a machine, of a text of a million characters.

    Args:
        machine: The `Machine`.
        seconds: The `Budget`'s, or `None`.
        total_steps: The most there are.
        start: Seconds of work before the first step.
        compiling: What the first steps take more than others, in seconds.
        step: Seconds of work of a step; may be a function of its number.
        steps_per_round: As for `loop.train`.
        many: Characters a second that are scored in 64 streams.
        held_out: Characters that are scored.
        loops: Characters a second that the loops of the training score;
            `None` to score the rounds in 64 streams of NumPy.
    """

    def __init__(
        self, machine, seconds, total_steps=None, *, start=3.0,
        compiling=(5.0,), step=0.05, steps_per_round=500, many=60_000,
        held_out=100_000, loops=None,
    ):  # fmt: skip
        super().__init__()
        self.machine = machine
        self.seconds_of_step = step if callable(step) else lambda _: step
        self.compiling = compiling
        self.steps_per_round = steps_per_round
        self.speed = many
        windows = types.SimpleNamespace(
            ids=range(1_000_000), steps_per_epoch=500, batch_size=32,
            seq_length=64, dataset=lambda step: self,
        )  # fmt: skip
        self.windows = windows
        self.loops = loops
        self.validation = HeldOut(held_out, scorer=loops)
        clock = Clock(machine.now)
        clock.start()
        machine.work(start)
        self.schedule = Schedule(windows, 0.01, total_steps, clock)
        self.budget = budget.Budget(seconds, self.schedule, self.validation)
        estimate = ending.Ending(
            self.schedule, self.validation, seconds, machine.now
        )
        estimate._probe = self._probe
        estimate._engine = self
        self.schedule.ending = estimate
        self.left = []  # (time, seconds left, step)
        self.rates = []

    def as_numpy_iterator(self):
        return iter(lambda: (), None)

    def train_on_batch(self):
        step = self.schedule.step
        extra = self.compiling[step] if step < len(self.compiling) else 0.0
        self.machine.work(extra + self.seconds_of_step(step))
        return 1.0

    def _probe(self):
        before = self.machine.time
        self.machine.work(ending.PROBE_SECONDS)
        slow = (self.machine.time - before) / ending.PROBE_SECONDS
        return slow / self.speed

    def on_train_batch_end(self, batch, logs=None):
        self.left.append((self.machine.time, self.schedule.seconds_left()))
        self.rates.append(self.schedule.learning_rate)

    def on_epoch_end(self, epoch, logs=None):
        self.validations += 1
        exact = self.stop_training
        speed = self.loops if self.loops and not exact else self.speed
        characters = len(self.validation.ids)
        read = 1.25 * characters
        if exact and characters <= score.ONE_PASS_CHARACTERS:
            rows = score.exact_streams(characters)
            length = characters / rows + score.EXACT_WARM_UP_CHARACTERS
            read = max(rows, score.FEW_STREAMS) * length
        self.machine.work(read / speed)

    def train(self):
        """Trains until the prompt would be back."""
        self.validations = 0
        self.stop_training = False
        self.optimizer = types.SimpleNamespace(learning_rate=0.0)
        callbacks = [self.schedule, self, self.budget]
        for _ in loop.train(
            self, self.windows, self.schedule, callbacks, self.steps_per_round
        ):
            pass
        self.trained = self.machine.time
        self._finish()

    def _finish(self):
        """What `metrics.measure` does, with the time that it takes."""
        characters = len(self.validation.ids)
        self.scores_again = self.schedule.ending.has_time_to_score()
        cold = min(characters, score.ONE_PASS_CHARACTERS)
        self.machine.work(cold / self.speed)
        counted = min(
            self.schedule.characters, baselines.MAX_TRAINING_CHARACTERS
        )
        self.machine.work(0.7 * ending.BASELINE_SECONDS * counted)
        self.machine.work(0.7 * ending.FILES_SECONDS)
