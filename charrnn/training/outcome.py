"""How a training session ended."""

import dataclasses
from collections.abc import Generator
from pathlib import Path
from typing import Any, TypeVar

from charrnn.training.settings import Settings

Result = TypeVar("Result")


def result_of(training: Generator[Any, None, Result]) -> Result:
    """Runs a training that is a generator to its end.

    Args:
        training: As `Session.steps` returns it.

    Returns:
        What the generator returns.

    Example:

    >>> def count():
    ...     yield 1
    ...     return "done"
    >>> result_of(count())
    'done'
    """
    while True:
        try:
            next(training)
        except StopIteration as end:
            return end.value


@dataclasses.dataclass(frozen=True)
class Untrained:
    """The figures of a run that was too short to learn anything.

    Attributes:
        steps: The number of training steps.
        seconds: The time of the whole run.
        seconds_before_first_step: The part of it before a step was done.
        minutes: The run's time limit.
    """

    steps: int
    seconds: float
    seconds_before_first_step: float
    minutes: float


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a session ended.

    Attributes:
        folder: The run's folder.
        settings: The run's settings, given or chosen.
        has_trained: Whether a model was trained and measured; `False` if the
            run was already finished.
        untrained: An `Untrained` if the network has learnt nothing.
    """

    folder: Path
    settings: Settings
    has_trained: bool
    untrained: Untrained | None = None
