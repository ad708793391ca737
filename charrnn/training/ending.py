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

# A model that was not the last is scored again if that ends late by at most
# this share of the time limit.
GRACE = 0.04

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
        self._seconds_per_character = 0.0  # 0 while it is not known
        self._fastest = 0.0  # the lowest `_seconds_per_character` so far
        # Seconds per character of a validation, divided by those of a probe: a
        # ratio without a unit. A slower machine slows both alike, so only
        # `_seconds_per_character` is measured again. By NumPy, and by
        # `Validation.scorer`.
        self._cost_ratio = 1.0
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
        self._probes.append(self._probe())
        now = self._seconds_per_character = max(self._probes)
        self._fastest = min(now, self._fastest or now)
        if validation_seconds is not None and len(self.validation.ids):
            ratio = validation_seconds / (self._characters_read() * now)
            if self.validation.scorer:
                self._scorer_cost_ratio = ratio
            else:
                self._cost_ratio = ratio
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
    #   exact score in streams       from the previous validation, or from a
    #                                probe, if the training's loops made that
    #   score of cold windows        the same; 200,000 characters
    #   n-grams, files, the picture  constants, times the present slowdown:
    #                                seconds per character over the fastest

    def seconds(self) -> float:
        """Seconds after the last step, the last validation included."""
        return self.exact_seconds() + self.after_validation()

    def exact_seconds(self) -> float:
        """Seconds that the exact score takes; 0 while that is not known."""
        return self._exact_characters_read() * self._seconds_in_streams()

    def after_validation(self) -> float:
        """Seconds after the last validation; 0 while that is not known."""
        if not self._seconds_per_character:
            return 0.0
        cold = min(len(self.validation.ids), score.ONE_PASS_CHARACTERS)
        counted = min(
            self.schedule.characters, baselines.MAX_TRAINING_CHARACTERS
        )
        slowdown = self._seconds_per_character / self._fastest
        own = FILES_SECONDS
        if len(self.validation.ids):
            own += BASELINE_SECONDS * counted
        return cold * self._seconds_in_streams() + own * slowdown

    def validation_seconds(self) -> float:
        """Seconds that a validation takes; 0 while that is not known."""
        ratio = self._cost_ratio
        if self._scorer_cost_ratio is not None:
            ratio = self._scorer_cost_ratio
        return self._characters_read() * ratio * self._seconds_per_character

    def has_time_to_score(self) -> bool:
        """Whether there is time for another exact score."""
        if self.limit is None:
            return True
        late = (1 + GRACE) * self.limit
        return self.schedule.elapsed() + self.seconds() <= late

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

    def _exact_characters_read(self) -> float:
        """The same of the exact score, which warms up for longer."""
        characters = len(self.validation.ids)
        if not characters:
            return 0.0
        if characters > score.ONE_PASS_CHARACTERS:
            return self._characters_read()
        streams = score.exact_streams(characters)
        length = characters / streams + score.EXACT_WARM_UP_CHARACTERS
        return max(streams, score.FEW_STREAMS) * length

    def _seconds_in_streams(self) -> float:
        """Seconds per character that NumPy scores."""
        return self._cost_ratio * self._seconds_per_character

    def _probe(self) -> float:
        """Times the engine on dummy input, in seconds per character."""
        ids = np.zeros((score.STREAMS, 16), np.int64)
        self._engine.run(ids)  # the first time is slower
        began, runs = self._now(), 0
        while self._now() - began < PROBE_SECONDS or not runs:
            self._engine.run(ids)
            runs += 1
        return (self._now() - began) / (runs * ids.size)
