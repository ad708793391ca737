"""Estimate how long the work after the last training step takes."""

import collections
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from charrnn.network.engine import Engine
from charrnn.scoring import baselines, score
from charrnn.training.clock import Countdown
from charrnn.training.schedule import Schedule
from charrnn.training.validation import Validation

FILES_SECONDS = 1.5  # to write the model and the picture, and to exit Python
BASELINE_SECONDS = 2e-6  # for each character that the n-grams count

# The one pass at the end is skipped if it would take more than this share
# of the time limit. The model was already scored in streams, and the two
# figures hardly differ.
MAX_SHARE_SCORED = 1 / 6
# The exact scoring may end late by this share of the time limit.
GRACE = 0.02

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
        # The same, of a validation by `Validation.scorer`.
        self._scorer_cost_ratio: float | None = None
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
        else:
            self._measure_streams(validation_seconds, one_stream)
        clock = self.schedule.clock
        self._measured_at = self._now()
        self._step_seconds = clock.step_seconds() if clock.is_settled() else 0

    def _measure_streams(
        self, validation_seconds: float | None, one_stream: float
    ) -> None:
        """Finds what a character costs in streams, from a validation or not."""
        if validation_seconds is not None:
            streams = validation_seconds / self._characters_read()
            if self.validation.scorer:
                self._scorer_cost_ratio = streams / one_stream
            else:
                self._stream_cost_ratio = streams / one_stream
        if self._stream_cost_ratio is None:
            self._stream_cost_ratio = self._probe(score.STREAMS) / one_stream

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
    #   exact scores in streams      the same; from the probe, if validations
    #                                use the loops of the training
    #   exact score in one stream    from the mean of the latest probes
    #   score of cold windows        as the validation; 200,000 characters
    #   n-grams, files, the picture  constants, times the present slowdown:
    #                                seconds per character over the fastest

    def seconds(self) -> float:
        """Seconds after the last step, the last validation included."""
        if not self._seconds_per_character:
            return 0.0
        return self._last_validation_seconds() + self.scoring_after_validation()

    def scoring_after_validation(self) -> float:
        """Seconds after the last validation; 0 while that is not known."""
        if not self._seconds_per_character:
            return 0.0
        return self._one_pass_seconds() + self._rest_seconds()

    def validation_seconds(self) -> float:
        """Seconds that a validation takes; 0 while that is not known."""
        if self._scorer_cost_ratio is None:
            return self.exact_validation_seconds()
        cost = self._scorer_cost_ratio * self._seconds_per_character
        return self._characters_read() * cost

    def exact_validation_seconds(self) -> float:
        """Seconds that one takes in NumPy; 0 while that is not known."""
        return self._characters_read() * self._seconds_in_streams()

    def _last_validation_seconds(self) -> float:
        """Seconds of the validation at the end."""
        if self.validation.exact_at_end:
            return self.exact_validation_seconds()
        return self.validation_seconds()

    def scoring_seconds(self) -> float | None:
        """How long the exact scoring may take; `None` for no limit."""
        if self.limit is None or not self._seconds_per_character:
            return None
        end = (1 + GRACE) * self.limit - self._rest_seconds()
        return max(0.0, end - self.schedule.elapsed())

    def scores_in_one_pass(self) -> bool:
        """Whether there is time to score the held-out part in one pass."""
        most = MAX_SHARE_SCORED * (self.limit or np.inf)
        seconds = self._seconds_per_character * len(self.validation.ids)
        is_short = len(self.validation.ids) <= score.ONE_PASS_CHARACTERS
        return is_short and seconds <= most

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
        if not self.scores_in_one_pass():
            return 0.0
        return float(np.mean(self._probes)) * len(self.validation.ids)

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
