"""Stop training early enough to finish within the time limit."""

import collections
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from charrnn.network.backend import keras, synchronize
from charrnn.network.engine import Engine
from charrnn.scoring import baselines, score
from charrnn.system.terminal import say
from charrnn.training.clock import Countdown
from charrnn.training.schedule import Schedule
from charrnn.training.validation import Validation

FILES_SECONDS = 1.5  # to write the model and the picture, and to leave Python
BASELINE_SECONDS = 2e-6  # for each character that the n-grams count

# The exact scoring at the end may take this share of the time. Where it would
# take more it is left out: the model was scored in streams already, and the
# difference is far below what matters.
MAX_SHARE_SCORED = 1 / 6
GRACE = 0.02  # share of the time by which that scoring may be late

# A validation that would take more than the first share of the time is made
# shorter, so that it takes the second.
MAX_SHARE_VALIDATED = 1 / 8
SHARE_OF_SHORTENED_VALIDATION = 1 / 12

# The speed of scoring is measured by a probe, not more often than every two
# seconds. Two probes that are this far apart (as a ratio) leave it in doubt
# for five seconds, then there is another one. There is one, too, when the
# speed of the steps has changed by this ratio: the machine is not what it was.
PROBE_SECONDS = 0.2
SECONDS_BETWEEN_PROBES = 2.0
DOUBTFUL_RATIO, DOUBT_SECONDS = 1.5, 5.0
CHANGED_SPEED_RATIO = 1.2


class Budget(keras.callbacks.Callback):
    """Sets the end of training by a time, and knows how much is left.

    It measures what is to be done after the last step, anew after every
    validation and whenever the speed of the steps has changed, and keeps so
    much of the time for it. No number of steps is planned: training ends when
    its time is over, and the learning rate falls with the time.

    Args:
        seconds: From the start of the run to the last file written; `None`
            for no limit, where only the time left is told.
        schedule: The `schedule.Schedule` whose `end` is set.
        validation: The `validation.Validation`, whose text is to be scored.
        tell: A function that is given a line where the text is shortened.
    """

    def __init__(
        self,
        seconds: float | None,
        schedule: Schedule,
        validation: Validation,
        tell: Callable[[str], None] = say,
    ):
        super().__init__()
        self._tell = tell
        self.seconds = seconds
        self.schedule = schedule
        self.validation = validation
        self._planned = False  # once it is, losses are compared
        schedule.ending = Ending(schedule, validation, seconds)
        schedule.end = seconds

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.schedule.ending.is_outdated():
            self._plan()
        self._set_end()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if not self.model.stop_training:
            self._plan(self.schedule.clock.since_step())
            self._set_end()

    def _plan(self, validation_seconds: float | None = None) -> None:
        """Measures the scoring, and shortens it where it takes too long."""
        ending = self.schedule.ending
        synchronize(self.model)
        ending.measure(validation_seconds)
        seconds = ending.validation_seconds()
        most = MAX_SHARE_VALIDATED * (self.seconds or np.inf)
        if not self._planned and seconds > most:
            self._shorten_validation(seconds)
        self._planned = True

    def _set_end(self) -> None:
        """Moves the end to where the rest of the time begins."""
        if self.seconds is None:
            return
        self.schedule.end = self.seconds - self.schedule.ending.seconds()
        self.model.stop_training |= self.schedule.is_over()

    def _shorten_validation(self, seconds: float) -> None:
        """Keeps of a long held-out part what is scored in time."""
        ids = self.validation.ids
        limit = self.seconds or np.inf
        kept = max(
            2, int(len(ids) * SHARE_OF_SHORTENED_VALIDATION * limit / seconds)
        )
        self.validation.ids = ids[:kept]
        self._tell(
            f"validation on the first {kept:,} of {len(ids):,} held-out "
            "characters: all of them would take too much of the time"
        )

    def state(self) -> dict[str, Any]:
        """What `restore` needs: whether the text to score is fixed."""
        return {"planned": self._planned}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from what `state` returned."""
        self._planned = state["planned"]


class Ending:
    """Estimates what is still to be done, and how long that takes.

    Args:
        schedule: The `Schedule`.
        validation: The `validation.Validation`.
        seconds: All there are, or `None` for no limit.
        now: A function that returns seconds.
    """

    def __init__(
        self,
        schedule: Schedule,
        validation: Validation,
        seconds: float | None,
        now: Callable[[], float] = time.perf_counter,
    ):
        self.schedule = schedule
        self.validation = validation
        self.limit = seconds
        self._now = now
        self._countdown = Countdown(now)
        self._engine: Any = None
        # The latest two measurements of `_one`, of which the slower one holds:
        # it is better to end too early than too late.
        self._probes: collections.deque[float] = collections.deque(maxlen=2)
        self._one = 0.0  # seconds a character, in one stream; 0: not known
        self._fastest = 0.0  # the least that `_one` was
        # Seconds a character in 64 streams, in parts of `_one`. When the
        # machine becomes slower, both do, and only `_one` is measured anew.
        self._many: float | None = None
        self._measured_at: float | None = None  # by `now`
        self._step_seconds = 0.0  # at that time

    def measure(self, validation_seconds: float | None = None) -> None:
        """Times the scoring as the machine is now: in a fifth of a second.

        Args:
            validation_seconds: What a validation has just taken, with all
                that is done at the end of a round.
        """
        if self._engine is None:
            self._engine = Engine.from_keras(
                self.validation.network, self.validation.vocabulary
            )
        self._probes.append(self._seconds_per_character(1))
        self._one = max(self._probes)
        self._fastest = min(self._one, self._fastest or self._one)
        if not len(self.validation.ids):
            self._many = 0.0
        elif validation_seconds is not None:
            self._many = validation_seconds / self._read() / self._one
        elif self._many is None:
            many = self._seconds_per_character(score.STREAMS)
            self._many = many / self._one
        clock = self.schedule.clock
        self._measured_at = self._now()
        self._step_seconds = clock.step_seconds() if clock.is_settled() else 0

    def is_outdated(self) -> bool:
        """Whether to measure: never done, in doubt, or the speed changed."""
        if self._measured_at is None:
            return True
        since, clock = self._now() - self._measured_at, self.schedule.clock
        if since < SECONDS_BETWEEN_PROBES or not clock.is_settled():
            return False
        if since > DOUBT_SECONDS:
            ratio = max(self._probes) / min(self._probes)
            if ratio > DOUBTFUL_RATIO:
                return True
        ratio = clock.step_seconds() / (self._step_seconds or np.inf)
        return not 1 / CHANGED_SPEED_RATIO < ratio < CHANGED_SPEED_RATIO

    # What comes after the last step, and what its duration is known from:
    #
    #   validation in 64 streams     measured: the one before, or a probe
    #   exact score in one stream    measured: a probe, the mean of the latest
    #   score of cold windows        as the validation; 200,000 characters
    #   n-grams, files, the picture  constants, times how much slower than at
    #                                its best the machine scores now

    def seconds(self) -> float:
        """What comes after the last step takes, the validation included."""
        if not self._one:
            return 0.0
        scoring_seconds = self.validation_seconds() + self._one_pass_seconds()
        return scoring_seconds + self._rest_seconds()

    def validation_seconds(self) -> float:
        """What a validation takes, 0 while that is not known."""
        return self._read() * self._many_seconds()

    def scoring_seconds(self) -> float | None:
        """How long the exact scoring may take; `None` for any time."""
        if self.limit is None or not self._one:
            return None
        end = (1 + GRACE) * self.limit - self._rest_seconds()
        return max(0.0, end - self.schedule.elapsed())

    def seconds_left(self) -> float | None:
        """Until everything is done, smoothed; `None` while not known."""
        left = np.inf
        if self.limit is not None:
            left = max(0.0, self.limit - self.schedule.elapsed())
        if self.schedule.total_steps is not None and self._step_seconds_known():
            left = min(left, self._by_steps())
        return None if left == np.inf else self._countdown.shown(left)

    def _step_seconds_known(self) -> bool:
        return self._one > 0 and self.schedule.clock.is_settled()

    def _by_steps(self) -> float:
        """Seconds until everything is done, if no limit ends the steps."""
        schedule = self.schedule
        total_steps = schedule.total_steps or 0
        steps = max(0, total_steps - schedule.step)
        of_round = schedule.params["steps"]
        # The last validation belongs to what comes after the last step.
        last = max(schedule.step, total_steps - 1) // of_round
        validations = last - schedule.step // of_round
        return (
            steps * schedule.step_seconds()
            + validations * self.validation_seconds()
            + self.seconds()
        )

    def _read(self) -> float:
        """Characters that a validation reads: each stream warms up first."""
        return 1.25 * len(self.validation.ids)

    def _many_seconds(self) -> float:
        """Seconds a character that is read in 64 streams."""
        return (self._many or 0.0) * self._one

    def _one_pass_seconds(self) -> float:
        """What to reserve for the exact scoring, which may be given up."""
        held_out = len(self.validation.ids)
        most = MAX_SHARE_SCORED * (self.limit or np.inf)
        if held_out > score.ONE_PASS_CHARACTERS or self._one * held_out > most:
            return 0.0
        return float(np.mean(self._probes)) * held_out

    def _rest_seconds(self) -> float:
        """What is left when the held-out part is scored."""
        cold = min(len(self.validation.ids), score.ONE_PASS_CHARACTERS)
        counted = min(
            self.schedule.characters, baselines.MAX_TRAINING_CHARACTERS
        )
        busy = self._one / self._fastest
        own = FILES_SECONDS
        if len(self.validation.ids):
            own += BASELINE_SECONDS * counted
        return cold * self._many_seconds() + own * busy

    def _seconds_per_character(self, streams: int) -> float:
        """Times the engine on nonsense, for `PROBE_SECONDS` or more."""
        ids = np.zeros((streams, 16), np.int64)
        self._engine.run(ids)  # the first time is slower
        began, runs = self._now(), 0
        while self._now() - began < PROBE_SECONDS or not runs:
            self._engine.run(ids)
            runs += 1
        return (self._now() - began) / (runs * ids.size)
