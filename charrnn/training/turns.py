"""Train several runs in turns, so that a busy machine slows all alike."""

from collections.abc import Callable, Generator, Sequence
from typing import Any

from charrnn.training.clock import SETTLED_STEPS, Clock
from charrnn.training.stopping import noted_signals

TURNS = 8  # the number of turns in which a run is trained
# A run's speed is steady if its fastest turn is faster than its slowest by no
# more than this factor.
MAX_STEADY_RATIO = 1.25

# A training: it yields its schedule after every step, and returns an exit code.
Training = Generator[Any, None, int]


class Candidate:
    """One of the runs, and its progress.

    Attributes:
        name: The name of the run.
        code: The exit code that its training returned; `None` until it ends.
        speeds: Characters per second in each turn.

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
        """Trains until a share of the training is done.

        Args:
            share: From 0 to 1; with 1, the run is also finished and measured.
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
        """Abandons the training; its checkpoints stay."""
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
    """Trains all runs, so that other load on the machine slows all alike.

    Args:
        candidates: The runs.
        tell: Called with a line when a turn begins.

    Returns:
        The highest of their exit codes.
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
    """Trains the runs until all are done or a signal asks to stop."""
    with noted_signals(signals):
        for turn in range(1, TURNS + 1):
            for candidate in candidates:
                if candidate.code is None:
                    tell(f"--- {candidate.name}, turn {turn} of {TURNS} ---")
                # After a signal each stops at its next checkpoint.
                candidate.take_turn(1 if signals else turn / TURNS)


def unsteady(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Finds the runs whose speed changed from turn to turn.

    Args:
        candidates: The runs, after training.

    Returns:
        A list of these runs.
    """
    return [
        candidate
        for candidate in candidates
        if candidate.speeds
        and max(candidate.speeds) > MAX_STEADY_RATIO * min(candidate.speeds)
    ]
