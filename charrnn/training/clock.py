"""Measure a run's time: in total, per step, and the time left."""

import math
import time
from collections.abc import Callable
from typing import Any

# In the mean duration of the latest steps, the weight of a step falls to 1/e
# in this time.
RECENT_SECONDS = 10.0
# The first steps of a process are not timed: they may trace and compile.
UNTIMED_STEPS = 3
SETTLED_STEPS = 10  # timed steps that make their mean duration reliable

# The time left that is shown follows a new estimate with this time constant.
SMOOTHING_SECONDS = 15.0
# It rises only if the estimate is longer by this factor.
SUDDEN_RISE = 1.25


class Clock:
    """Times a run, which may pause and may take several processes.

    Attributes:
        timed_steps: The number of steps that were timed. The first steps of a
            process, which compile, are left out.
        timed_seconds: The seconds that they took.

    Args:
        now: A function that returns seconds.

    Example:

    >>> seconds = iter(range(100))
    >>> clock = Clock(lambda: next(seconds))
    >>> clock.start()
    >>> clock.elapsed()
    1.0
    >>> clock.stop()
    >>> clock.elapsed()
    2.0
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter):
        self._now = now
        self._before = 0.0  # `elapsed()` when it was last stopped
        self._since: float | None = None  # `now()` when it was last started
        self._trained_before = 0.0
        self._trained_since: float | None = None
        self._steps = 0  # of this process
        self._last: float | None = None  # `elapsed()` after the latest step
        self._recent_steps, self._recent_seconds = 0.0, 0.0
        self.timed_steps, self.timed_seconds = 0, 0.0

    def start(self) -> None:
        """Starts or resumes the clock; does nothing if it is running."""
        if self._since is not None:
            return
        self._since = self._now()
        if self._steps:
            self._trained_since = self._since

    def stop(self) -> None:
        """Pauses the clock until `start` is called."""
        self._trained_before, self._before = self.trained(), self.elapsed()
        self._since = self._trained_since = self._last = None

    def elapsed(self) -> float:
        """Seconds that the clock has run."""
        if self._since is None:
            return float(self._before)
        return float(self._before + self._now() - self._since)

    def trained(self) -> float:
        """`elapsed()` without each process's start-up and first step."""
        if self._trained_since is None:
            return self._trained_before
        return self._trained_before + self._now() - self._trained_since

    def end_step(self, steps: int = 1) -> None:
        """Records the end of a step, or of several that end together."""
        elapsed = self.elapsed()
        if self._trained_since is None and self._since is not None:
            self._trained_since = self._now()
        if self._last is not None and self._steps >= UNTIMED_STEPS:
            self._add(elapsed - self._last, steps)
        self._steps += steps
        self._last = elapsed

    def since_step(self) -> float | None:
        """Seconds since the latest step; `None` if there is none to count."""
        return None if self._last is None else self.elapsed() - self._last

    def begin_round(self) -> None:
        """Leaves the time since the latest step out of the next step's."""
        self._last = None

    def step_seconds(self) -> float:
        """Mean duration of the latest steps, 0 before any is timed."""
        return self._recent_seconds / (self._recent_steps or 1)

    def is_settled(self) -> bool:
        """Whether enough steps of this process were timed."""
        return self._steps >= UNTIMED_STEPS + SETTLED_STEPS

    def _add(self, seconds: float, steps: int) -> None:
        """Adds the duration of some steps to the means."""
        self.timed_steps += steps
        self.timed_seconds += seconds
        # An exponential average over time, not over steps: the weights fall at
        # the same rate whether steps take milliseconds or seconds.
        kept = math.exp(-seconds / RECENT_SECONDS)
        self._recent_steps = kept * self._recent_steps + steps
        self._recent_seconds = kept * self._recent_seconds + seconds

    def state(self) -> dict[str, Any]:
        """Returns the state for `restore`; JSON can hold it."""
        return {
            "seconds": self.elapsed(),
            "trained": self.trained(),
            "timed": [self.timed_steps, self.timed_seconds],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Resumes from what `state` returned, in this or an older version."""
        self._before = state["seconds"]
        self._trained_before = state.get("trained", state["seconds"])
        self.timed_steps, self.timed_seconds = state["timed"]


class Countdown:
    """Smooths the time left, so that it falls although estimates fluctuate.

    It follows the estimates slowly, and stands still rather than rise. Only
    if an estimate is far above the time shown, as when another program takes
    half of the machine, does it rise, at once.

    Args:
        now: A function that returns seconds.

    Example:

    >>> seconds = iter([0, 10])
    >>> countdown = Countdown(lambda: next(seconds))
    >>> countdown.shown(100)
    100.0
    >>> 90 < countdown.shown(100) < 100
    True
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter):
        self._now = now
        self._shown: float | None = None
        self._at = 0.0

    def shown(self, estimate: float) -> float:
        """Takes a new estimate.

        Args:
            estimate: Seconds.

        Returns:
            The seconds to show.
        """
        before, self._at = self._at, self._now()
        if self._shown is None or estimate > (
            SUDDEN_RISE * self._shown + SMOOTHING_SECONDS
        ):
            self._shown = float(estimate)
            return self._shown
        # Count down the time that has passed, then move part of the way to the
        # estimate: the more time has passed, the larger the part.
        passed = self._at - before
        falling = self._shown - passed
        followed = 1 - math.exp(-passed / SMOOTHING_SECONDS)
        falling += (estimate - falling) * followed
        self._shown = max(0.0, min(self._shown, falling))
        return self._shown
