"""End training so that everything is done when the time is over."""

import collections
import time

import numpy as np

from charrnn.network.backend import keras, synchronize
from charrnn.network.engine import Engine
from charrnn.scoring import baselines, score
from charrnn.training.clock import Countdown

FILES_SECONDS = 1.5  # for the model, the picture and leaving Python
BASELINE_SECONDS = 2e-6  # of a character, for the figures to compare with

# More of the time the last, exact scoring shall not take: the model was
# scored in streams already, which differs by far less than one can tell.
MOST_OF_TIME_SCORED = 1 / 6
GRACE = 0.02  # of the time, by which that scoring may be late

# A validation that takes more of the time is shortened, to so much of it.
MOST_OF_TIME_VALIDATED, SHORTENED = 1 / 8, 1 / 12

PROBE_SECONDS = 0.2  # of scoring, to see how fast it is
PROBE_AGAIN_SECONDS = 2.0  # not sooner than that
DOUBTFUL, DOUBT_SECONDS = 1.5, 5.0  # how far apart two are, and how long
CHANGED_SPEED = 1.2  # of the steps: the machine is not what it was


class Budget(keras.callbacks.Callback):
    """Sets the end of training by a time, and knows how much is left.

    It measures what is to be done after the last step, anew after every
    validation and whenever the speed of the steps has changed, and keeps so
    much of the time for it. No number of steps is planned: training ends when
    its time is over, and the learning rate falls with the time.

    Args:
        seconds: From the start of the run to the last file written; `None`
            for no limit, where only the time left is told.
        schedule: The `training.Schedule` whose `end` is set.
        validation: The `validation.Validation`, whose text is to be scored.
    """

    def __init__(self, seconds, schedule, validation):
        super().__init__()
        self.seconds = seconds
        self.schedule = schedule
        self.validation = validation
        self._planned = False  # once it is, losses are compared
        schedule.ending = Ending(schedule, validation, seconds)
        schedule.end = seconds

    def on_train_batch_end(self, batch, logs=None):
        if self.schedule.ending.is_outdated():
            self._plan()
        self._set_end()

    def on_epoch_end(self, epoch, logs=None):
        if not self.model.stop_training:
            self._plan(self.schedule.clock.since_step())
            self._set_end()

    def _plan(self, validation_seconds=None):
        """Measures the scoring, and shortens it where it takes too long."""
        ending = self.schedule.ending
        synchronize(self.model)
        ending.measure(validation_seconds)
        seconds = ending.validation_seconds()
        most = MOST_OF_TIME_VALIDATED * (self.seconds or np.inf)
        if not self._planned and seconds > most:
            self._shorten_validation(seconds)
        self._planned = True

    def _set_end(self):
        """Moves the end to where the rest of the time begins."""
        if self.seconds is None:
            return
        self.schedule.end = self.seconds - self.schedule.ending.seconds()
        self.model.stop_training |= self.schedule.is_over()

    def _shorten_validation(self, seconds):
        """Keeps of a long held-out part what is scored in time."""
        ids = self.validation.ids
        kept = max(2, int(len(ids) * SHORTENED * self.seconds / seconds))
        self.validation.ids = ids[:kept]
        print(
            f"validation on the first {kept:,} of {len(ids):,} held-out "
            "characters: all of them would take too much of the time"
        )

    def state(self):
        """What `restore` needs: whether the text to score is fixed."""
        return {"planned": self._planned}

    def restore(self, state):
        """Goes on from what `state` returned."""
        self._planned = state["planned"]


class Ending:
    """Estimates what is still to be done, and how long that takes.

    Args:
        schedule: The `training.Schedule`.
        validation: The `validation.Validation`.
        seconds: All there are, or `None` for no limit.
        now: A function that returns seconds.
    """

    def __init__(self, schedule, validation, seconds, now=time.perf_counter):
        self.schedule = schedule
        self.validation = validation
        self.limit = seconds
        self._now = now
        self._countdown = Countdown(now)
        self._engine = None
        self._probes = collections.deque(maxlen=2)  # the slower one holds
        self._one = None  # seconds a character, read in one stream
        self._fastest = None  # the least that this was
        self._many = None  # of one in 64 streams, in parts of `_one`
        self._measured_at = None  # by `now`
        self._step_seconds = 0.0  # at that time

    def measure(self, validation_seconds=None):
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

    def is_outdated(self):
        """Whether to measure: never done, in doubt, or the speed changed."""
        if self._measured_at is None:
            return True
        since, clock = self._now() - self._measured_at, self.schedule.clock
        if since < PROBE_AGAIN_SECONDS or not clock.is_settled():
            return False
        if since > DOUBT_SECONDS:
            ratio = max(self._probes) / min(self._probes)
            if ratio > DOUBTFUL:
                return True
        ratio = clock.step_seconds() / (self._step_seconds or np.inf)
        return not 1 / CHANGED_SPEED < ratio < CHANGED_SPEED

    def seconds(self):
        """What comes after the last step takes, the validation included."""
        if self._one is None:
            return 0.0
        scoring_seconds = self.validation_seconds() + self._one_pass_seconds()
        return scoring_seconds + self._rest_seconds()

    def validation_seconds(self):
        """What a validation takes, 0 while that is not known."""
        return self._read() * self._many_seconds()

    def scoring_seconds(self):
        """How long the exact scoring may take; `None` for any time."""
        if self.limit is None or self._one is None:
            return None
        end = (1 + GRACE) * self.limit - self._rest_seconds()
        return max(0.0, end - self.schedule.elapsed())

    def seconds_left(self):
        """Until everything is done, smoothed; `None` while not known."""
        left = np.inf
        if self.limit is not None:
            left = max(0.0, self.limit - self.schedule.elapsed())
        if self.schedule.total_steps is not None and self._step_seconds_known():
            left = min(left, self._by_steps())
        return None if left == np.inf else self._countdown.shown(left)

    def _step_seconds_known(self):
        return self._one is not None and self.schedule.clock.is_settled()

    def _by_steps(self):
        """Seconds until everything is done, if no limit ends the steps."""
        schedule = self.schedule
        steps = max(0, schedule.total_steps - schedule.step)
        of_round = schedule.params["steps"]
        # The last validation belongs to what comes after the last step.
        last = max(schedule.step, schedule.total_steps - 1) // of_round
        validations = last - schedule.step // of_round
        return (
            steps * schedule.step_seconds()
            + validations * self.validation_seconds()
            + self.seconds()
        )

    def _read(self):
        """Characters that a validation reads: streams warm up."""
        return 1.25 * len(self.validation.ids)

    def _many_seconds(self):
        return 0.0 if self._one is None else self._many * self._one

    def _one_pass_seconds(self):
        """What to reserve for the exact scoring, which may be given up."""
        held_out = len(self.validation.ids)
        most = MOST_OF_TIME_SCORED * (self.limit or np.inf)
        if held_out > score.ONE_PASS_CHARACTERS or self._one * held_out > most:
            return 0.0
        return float(np.mean(self._probes)) * held_out

    def _rest_seconds(self):
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

    def _seconds_per_character(self, streams):
        """Times the engine on nonsense, for `PROBE_SECONDS` or more."""
        ids = np.zeros((streams, 16), np.int64)
        self._engine.run(ids)  # the first time is slower
        began, runs = self._now(), 0
        while self._now() - began < PROBE_SECONDS or not runs:
            self._engine.run(ids)
            runs += 1
        return (self._now() - began) / (runs * ids.size)
