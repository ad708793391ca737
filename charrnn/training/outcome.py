"""How a training session ended."""

import dataclasses
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from charrnn.training.settings import Settings

if TYPE_CHECKING:
    from charrnn.training.finish import Untrained

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
class Outcome:
    """How a session ended.

    Attributes:
        folder: The run's folder.
        settings: The run's settings, given or chosen.
        has_trained: Whether a model was trained and measured; `False` if the
            run was already finished.
        untrained: A `finish.Untrained` if the network has learnt nothing.
    """

    folder: Path
    settings: Settings
    has_trained: bool
    untrained: "Untrained | None" = None
