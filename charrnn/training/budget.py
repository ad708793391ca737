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

FILES_SECONDS = 1.5  # to write the model and the picture, and to exit Python
BASELINE_SECONDS = 2e-6  # for each character that the n-grams count

# The exact scoring at the end is skipped if it would take more than this share
# of the time limit. The model was already scored in streams, and the two
# figures hardly differ.
MAX_SHARE_SCORED = 1 / 6
# The exact scoring may end late by this share of the time limit.
GRACE = 0.02

# The held-out part is shortened if one validation takes more than this share
# of the time limit.
MAX_SHARE_VALIDATED = 1 / 8
# A validation of the shortened part takes this share of the time limit.
SHARE_OF_SHORTENED_VALIDATION = 1 / 12

# A probe times the scoring for this many seconds.
PROBE_SECONDS = 0.2
# Two probes are at least this many seconds apart.
SECONDS_BETWEEN_PROBES = 2.0
# If the slower of the latest two probes took more than DOUBTFUL_RATIO times as
# long as the other, the scoring is probed again after DOUBT_SECONDS.
DOUBTFUL_RATIO, DOUBT_SECONDS = 1.5, 5.0
# The scoring is probed again when training steps have become faster or slower
# by this factor, because then the machine is more or less busy than before.
CHANGED_SPEED_RATIO = 1.2


class Budget(keras.callbacks.Callback):
    """Ends training in time for the run to finish within its limit.

    It estimates how long the work after the last step takes, and reserves
    that time. It estimates it again after every validation and whenever the
    speed of the steps has changed. Training ends at the time this leaves or
    after `epochs`, whichever comes first, and the learning rate falls with
    the share of time or of steps that is done, whichever is larger.

    Args:
        seconds: From the start of the run to the last file written. `None`
            for no limit: then it only estimates the time left.
        schedule: The `schedule.Schedule` whose `end` is set.
        validation: The `validation.Validation`, whose text is to be scored.
        tell: Called with a line if the held-out part is shortened.
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
        # Once it is set, the held-out part keeps its length: the losses of
        # different texts could not be compared.
        self._planned = False
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
        """Times the scoring, and shortens validation if it takes too long."""
        ending = self.schedule.ending
        synchronize(self.model)
        ending.measure(validation_seconds)
        seconds = ending.validation_seconds()
        most = MAX_SHARE_VALIDATED * (self.seconds or np.inf)
        if not self._planned and seconds > most:
            self._shorten_validation(seconds)
        self._planned = True

    def _set_end(self) -> None:
        """Sets the end of training: the limit less the work after it."""
        if self.seconds is None:
            return
        self.schedule.end = self.seconds - self.schedule.ending.seconds()
        self.model.stop_training |= self.schedule.is_over()

    def _shorten_validation(self, seconds: float) -> None:
        """Cuts the held-out part to a length that is scored in time."""
        ids = self.validation.ids
        limit = self.seconds or np.inf
        kept = max(
            2, int(len(ids) * SHARE_OF_SHORTENED_VALIDATION * limit / seconds)
        )
        self.validation.ids = ids[:kept]
        self._tell(
            f"validation on the first {kept:,} of {len(ids):,} held-out "
            f"{self.validation.vocabulary.plural}: all of them would take too "
            "much of the time"
        )

    def state(self) -> dict[str, Any]:
        """Returns the state for `restore`: whether validation was planned."""
        return {"planned": self._planned}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Resumes from what `state` returned."""
        self._planned = state["planned"]


class Ending:
    """Estimates how long the work that is still to be done takes.

    Args:
        schedule: The `Schedule`.
        validation: The `validation.Validation`.
        seconds: The run's time limit, or `None` for no limit.
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
        # Seconds per character of the latest two probes. The slower one
        # counts: it is better to end too early than too late.
        self._probes: collections.deque[float] = collections.deque(maxlen=2)
        # Of scoring in one stream; 0 while it is not known.
        self._seconds_per_character = 0.0
        self._fastest = 0.0  # the lowest `_seconds_per_character` so far
        # Seconds per character in 64 streams, divided by those in one stream:
        # a ratio without a unit. A slower machine slows both alike, so only
        # `_seconds_per_character` is measured again.
        self._stream_cost_ratio: float | None = None
        self._measured_at: float | None = None  # by `now`
        self._step_seconds = 0.0  # at that time

    def measure(self, validation_seconds: float | None = None) -> None:
        """Times the scoring at the machine's present speed; takes 0.2 s.

        Args:
            validation_seconds: How long the validation just done took, with
                all other work at the end of a round.
        """
        if self._engine is None:
            self._engine = Engine.from_keras(
                self.validation.network, self.validation.vocabulary
            )
        self._probes.append(self._probe(1))
        one_stream = self._seconds_per_character = max(self._probes)
        self._fastest = min(one_stream, self._fastest or one_stream)
        if not len(self.validation.ids):
            self._stream_cost_ratio = 0.0
        elif validation_seconds is not None:
            streams = validation_seconds / self._characters_read()
            self._stream_cost_ratio = streams / one_stream
        elif self._stream_cost_ratio is None:
            self._stream_cost_ratio = self._probe(score.STREAMS) / one_stream
        clock = self.schedule.clock
        self._measured_at = self._now()
        self._step_seconds = clock.step_seconds() if clock.is_settled() else 0

    def is_outdated(self) -> bool:
        """Whether to measure: not done yet, in doubt, or the speed changed."""
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

    # The work after the last step, and how its duration is estimated:
    #
    #   validation in 64 streams     from the previous one, or from a probe
    #   exact score in one stream    from the mean of the latest probes
    #   score of cold windows        as the validation; 200,000 characters
    #   n-grams, files, the picture  constants, times the present slowdown:
    #                                seconds per character over the fastest

    def seconds(self) -> float:
        """Seconds after the last step, the last validation included."""
        if not self._seconds_per_character:
            return 0.0
        return self.validation_seconds() + self.scoring_after_validation()

    def scoring_after_validation(self) -> float:
        """Seconds after the last validation; 0 while that is not known."""
        if not self._seconds_per_character:
            return 0.0
        return self._one_pass_seconds() + self._rest_seconds()

    def validation_seconds(self) -> float:
        """Seconds that a validation takes; 0 while that is not known."""
        return self._characters_read() * self._seconds_in_streams()

    def scoring_seconds(self) -> float | None:
        """How long the exact scoring may take; `None` for no limit."""
        if self.limit is None or not self._seconds_per_character:
            return None
        end = (1 + GRACE) * self.limit - self._rest_seconds()
        return max(0.0, end - self.schedule.elapsed())

    def seconds_left(self) -> float | None:
        """Seconds until the run ends, smoothed; `None` while not known."""
        left = np.inf
        if self.limit is not None:
            left = max(0.0, self.limit - self.schedule.elapsed())
        known = self._seconds_per_character and self.schedule.clock.is_settled()
        if self.schedule.total_steps is not None and known:
            left = min(left, self._by_steps())
        return None if left == np.inf else self._countdown.shown(left)

    def _by_steps(self) -> float:
        """Seconds until the run ends if all steps are done."""
        schedule = self.schedule
        total_steps = schedule.total_steps or 0
        steps = max(0, total_steps - schedule.step)
        of_round = schedule.params["steps"]
        # The last validation is part of `seconds()`.
        last = max(schedule.step, total_steps - 1) // of_round
        validations = last - schedule.step // of_round
        return (
            steps * schedule.step_seconds()
            + validations * self.validation_seconds()
            + self.seconds()
        )

    def _characters_read(self) -> float:
        """Characters that a validation reads: each stream warms up first."""
        return 1.25 * len(self.validation.ids)

    def _seconds_in_streams(self) -> float:
        """Seconds per character when 64 streams are scored at once."""
        return (self._stream_cost_ratio or 0.0) * self._seconds_per_character

    def _one_pass_seconds(self) -> float:
        """Seconds to reserve for the exact scoring; 0 if it is skipped."""
        held_out = len(self.validation.ids)
        most = MAX_SHARE_SCORED * (self.limit or np.inf)
        too_long = self._seconds_per_character * held_out > most
        if held_out > score.ONE_PASS_CHARACTERS or too_long:
            return 0.0
        return float(np.mean(self._probes)) * held_out

    def _rest_seconds(self) -> float:
        """Seconds of the work after the held-out part is scored."""
        cold = min(len(self.validation.ids), score.ONE_PASS_CHARACTERS)
        counted = min(
            self.schedule.characters, baselines.MAX_TRAINING_CHARACTERS
        )
        slowdown = self._seconds_per_character / self._fastest
        own = FILES_SECONDS
        if len(self.validation.ids):
            own += BASELINE_SECONDS * counted
        return cold * self._seconds_in_streams() + own * slowdown

    def _probe(self, streams: int) -> float:
        """Times the engine on dummy input, in seconds per character."""
        ids = np.zeros((streams, 16), np.int64)
        self._engine.run(ids)  # the first time is slower
        began, runs = self._now(), 0
        while self._now() - began < PROBE_SECONDS or not runs:
            self._engine.run(ids)
            runs += 1
        return (self._now() - began) / (runs * ids.size)
