"""Train several runs in turns, so that a busy machine slows all alike."""

from collections.abc import Callable, Generator, Sequence
from typing import Any

from charrnn.training.clock import SETTLED_STEPS, Clock
from charrnn.training.stopping import noted_signals

TURNS = 8  # of each run, in which its training is done
# A run's speed is steady if that of its fastest turn is no more than so many
# times that of its slowest.
MAX_STEADY_RATIO = 1.25

# A training that yields its schedule after every step, and returns a code.
Training = Generator[Any, None, int]


class Candidate:
    """One of the runs, and how far its training is.

    Attributes:
        name: What it is called.
        code: What its training returned, `None` before the end.
        speeds: Characters a second, of each turn.

    Args:
        name: As above.
        start: A function of a list of signals, as `stopping.noted_signals`
            yields it, and the run's `clock.Clock`. It returns the training.
    """

    def __init__(
        self, name: str, start: Callable[[list[int], Clock], Training]
    ):
        self.name = name
        self.code: int | None = None
        self.speeds: list[float] = []
        self._start = start
        self._clock = Clock()
        self._training: Any = None  # a `Training`, once it is prepared
        self._schedule: Any = None

    def prepare(self, signals: list[int]) -> None:
        """Reads and checks all that its training needs.

        Args:
            signals: The list of `stopping.noted_signals`.
        """
        self._training = self._start(signals, self._clock)
        self._advance()

    def take_turn(self, share: float) -> None:
        """Trains until so much of the training is done.

        Args:
            share: From 0 to 1; with 1 it is measured, too.
        """
        if self.code is not None or (share < 1 and self._is_at(share)):
            return
        steps, seconds = self._clock.timed_steps, self._clock.timed_seconds
        self._clock.start()
        self._advance()
        while self.code is None and not (share < 1 and self._is_at(share)):
            self._advance()
        self._clock.stop()
        steps = self._clock.timed_steps - steps
        if steps >= SETTLED_STEPS:
            seconds = self._clock.timed_seconds - seconds
            self.speeds.append(steps * self._schedule.step_characters / seconds)

    def close(self) -> None:
        """Gives up what is not done; a checkpoint may be left."""
        if self._training is not None:
            self._training.close()

    def _is_at(self, share: float) -> bool:
        return self._schedule.progress >= share

    def _advance(self) -> None:
        try:
            self._schedule = next(self._training)
        except StopIteration as end:
            self.code = end.value


def train_in_turns(
    candidates: Sequence[Candidate], tell: Callable[[str], None]
) -> int:
    """Trains all of them, so that what else the machine does hits all alike.

    Args:
        candidates: The runs.
        tell: A function that is given a line when a turn begins.

    Returns:
        The highest of their codes.
    """
    signals: list[int] = []
    try:
        for candidate in candidates:
            tell(f"--- {candidate.name} ---")
            candidate.prepare(signals)
        if any(candidate.code is None for candidate in candidates):
            _take_turns(candidates, signals, tell)
    finally:
        for candidate in candidates:
            if candidate.code is None:
                candidate.close()
    return max(candidate.code or 0 for candidate in candidates)


def _take_turns(
    candidates: Sequence[Candidate],
    signals: list[int],
    tell: Callable[[str], None],
) -> None:
    """Lets them train, until all are done or a signal asks to stop."""
    with noted_signals(signals):
        for turn in range(1, TURNS + 1):
            for candidate in candidates:
                if candidate.code is None:
                    tell(f"--- {candidate.name}, turn {turn} of {TURNS} ---")
                # After a signal each stops at its next checkpoint.
                candidate.take_turn(1 if signals else turn / TURNS)


def unsteady(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The runs for which the machine was not equally fast all the time.

    Args:
        candidates: The runs, when all are trained.

    Returns:
        A list of those of them whose speed was not the same in all turns.
    """
    return [
        candidate
        for candidate in candidates
        if candidate.speeds
        and max(candidate.speeds) > MAX_STEADY_RATIO * min(candidate.speeds)
    ]
