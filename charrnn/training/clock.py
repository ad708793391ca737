"""Measure a run's time: in total, per step, and the time left."""

import math
import time
from collections.abc import Callable
from typing import Any

# The mean duration of the latest steps: the weight of a step falls to 1/e in
# this time.
RECENT_SECONDS = 10.0
UNTIMED_STEPS = 3  # the first of a process: they may trace and compile
SETTLED_STEPS = 10  # timed ones, before their mean duration means something

# The time left that is shown follows a new estimate within this time. It rises
# only if the estimate is so many times as long.
SMOOTHING_SECONDS = 15.0
SUDDEN_RISE = 1.25


class Clock:
    """Times a run over pauses, and over the processes it takes.

    Attributes:
        timed_steps: How many steps were timed, and
        timed_seconds: how long they took; the first steps of a process, which
            compile, are left out.

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
        self._before = 0.0  # elapsed when it was last stopped
        self._since: float | None = None  # `now` when it was started
        self._trained_before = 0.0
        self._trained_since: float | None = None
        self._steps = 0  # of this process
        self._last: float | None = None  # elapsed at the end of the step before
        self._recent_steps, self._recent_seconds = 0.0, 0.0
        self.timed_steps, self.timed_seconds = 0, 0.0

    def start(self, since: float | None = None) -> None:
        """Goes on; does nothing if the clock is running.

        Args:
            since: The value of `now` that counts as the start; `None` for
                the present one.
        """
        if self._since is not None:
            return
        self._since = self._now() if since is None else since
        if self._steps:
            self._trained_since = self._since

    def stop(self) -> None:
        """Lets the time that passes until `start` not count."""
        self._trained_before, self._before = self.trained(), self.elapsed()
        self._since = self._trained_since = self._last = None

    def elapsed(self) -> float:
        """Seconds in which the clock was running."""
        if self._since is None:
            return float(self._before)
        return float(self._before + self._now() - self._since)

    def trained(self) -> float:
        """Seconds of these without each process's start and first step."""
        if self._trained_since is None:
            return self._trained_before
        return self._trained_before + self._now() - self._trained_since

    def end_step(self) -> None:
        """Notes that a step is done."""
        elapsed = self.elapsed()
        self._steps += 1
        if self._trained_since is None and self._since is not None:
            self._trained_since = self._now()
        if self._last is not None and self._steps > UNTIMED_STEPS:
            self._add(elapsed - self._last)
        self._last = elapsed

    def since_step(self) -> float | None:
        """Seconds since the latest step; `None` without one before it."""
        return None if self._last is None else self.elapsed() - self._last

    def begin_round(self) -> None:
        """Notes that what was done since the latest step is part of none."""
        self._last = None

    def step_seconds(self) -> float:
        """Mean duration of the latest steps, 0 before any is timed."""
        return self._recent_seconds / (self._recent_steps or 1)

    def is_settled(self) -> bool:
        """Whether enough steps of this process were timed."""
        return self._steps >= UNTIMED_STEPS + SETTLED_STEPS

    def _add(self, seconds: float) -> None:
        """Takes the duration of a step into the means."""
        self.timed_steps += 1
        self.timed_seconds += seconds
        # An exponential average, by time and not by steps: weights that fall
        # alike whether steps take milliseconds or seconds.
        kept = math.exp(-seconds / RECENT_SECONDS)
        self._recent_steps = kept * self._recent_steps + 1
        self._recent_seconds = kept * self._recent_seconds + seconds

    def state(self) -> dict[str, Any]:
        """What `restore` needs to go on from here; JSON can hold it."""
        return {
            "seconds": self.elapsed(),
            "trained": self.trained(),
            "timed": [self.timed_steps, self.timed_seconds],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from what `state` returned, or an earlier version's."""
        self._before = state["seconds"]
        self._trained_before = state.get("trained", state["seconds"])
        self.timed_steps, self.timed_seconds = state["timed"]


class Countdown:
    """Smooths a time left, so that it falls though its estimates waver.

    It follows an estimate slowly, and stands still rather than rise. Only
    when an estimate is far higher than what is shown, as after half of the
    machine was taken away, does it rise at once.

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
        # As a clock would go on from what is shown, and from there a part of
        # the way to the estimate, the longer since the last one the more.
        passed = self._at - before
        falling = self._shown - passed
        followed = 1 - math.exp(-passed / SMOOTHING_SECONDS)
        falling += (estimate - falling) * followed
        self._shown = max(0.0, min(self._shown, falling))
        return self._shown
