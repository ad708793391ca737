"""Train several runs in turns, so that what slows one slows all."""

import sys

from charrnn.commands import train
from charrnn.commands.parser import parsed
from charrnn.training.clock import SETTLED_STEPS, Clock

TURNS = 8  # of each run, in which its training is done
STEADY = 1.25  # times the speed of its slowest turn, a run's fastest may be


class Candidate:
    """One of the cells, and how far its training is.

    Attributes:
        cell: Its name.
        code: The exit code of its training, `None` before the end.
        speeds: Characters a second, of each turn.

    Args:
        cell: As above.
        words: The words of `charrnn train`.
    """

    def __init__(self, cell, words):
        self.cell = cell
        self.words = words
        self.code = None
        self.speeds = []
        self._clock = Clock()
        self._training = self._schedule = None

    def prepare(self, signals):
        """Reads and checks all that its training needs.

        Args:
            signals: The list of `loop.noted_signals`.
        """
        self._training = train.stepwise(
            parsed(self.words), signals, self._clock
        )
        self._advance()

    def take_turn(self, share):
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

    def close(self):
        """Gives up what is not done; a checkpoint may be left."""
        if self._training is not None:
            self._training.close()

    def _is_at(self, share):
        return self._schedule.progress >= share

    def _advance(self):
        try:
            self._schedule = next(self._training)
        except StopIteration as end:
            self.code = end.value


def train_in_turns(candidates):
    """Trains all of them, so that what else the machine does hits all alike.

    Args:
        candidates: A list of `Candidate`.

    Returns:
        The exit code: the highest of theirs.
    """
    signals = []
    try:
        for candidate in candidates:
            print(f"--- {candidate.cell} ---")
            candidate.prepare(signals)
        if all(candidate.code is not None for candidate in candidates):
            return max(candidate.code for candidate in candidates)
        _take_turns(candidates, signals)
    finally:
        for candidate in candidates:
            if candidate.code is None:
                candidate.close()
    _warn_of_speeds(candidates)
    return max(candidate.code or 0 for candidate in candidates)


def _take_turns(candidates, signals):
    """Lets them train, until all are done or a signal asks to stop."""
    from charrnn.training import loop  # here: it takes seconds

    with loop.noted_signals(signals):
        for turn in range(1, TURNS + 1):
            for candidate in candidates:
                if candidate.code is None:
                    print(f"--- {candidate.cell}, turn {turn} of {TURNS} ---")
                # After a signal each stops at its next checkpoint.
                candidate.take_turn(1 if signals else turn / TURNS)


def _warn_of_speeds(candidates):
    """Says so when the machine was not equally fast all the time."""
    wandered = [
        f"{candidate.cell} from {min(candidate.speeds):,.0f} to "
        f"{max(candidate.speeds):,.0f}"
        for candidate in candidates
        if candidate.speeds
        and max(candidate.speeds) > STEADY * min(candidate.speeds)
    ]
    if wandered:
        print(
            "charrnn compare: the speed was not the same in all turns: "
            f"{', '.join(wandered)} characters a second. Something else used "
            "the machine. As they took turns it hit all alike; to compare "
            "them whatever the speed, give --epochs.",
            file=sys.stderr,
        )
