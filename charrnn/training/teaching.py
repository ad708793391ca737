"""Plan the teachers of a run: their time, their folders, their figures."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from charrnn.system import atomic
from charrnn.training.figures import VALIDATION_LOSS, read_metrics
from charrnn.training.rules import (
    MAX_TEACHERS,
    STUDENT_EPOCHS,
    STUDENT_UNITS,
    TEACHERS,
    TEACHERS_SHARE,
)
from charrnn.training.run_folder import NOTES, TEACHERS_FOLDER
from charrnn.training.settings import KINDS, given_in_python

# A run's seed gives each of its teachers one of its own; those of two runs
# with different seeds differ, too.
SEEDS_APART = 1000
# Seconds between the last figures of a part and the start of the next, which
# no clock counts.
BETWEEN = 3.0
# A pass of the student is planned to take this much longer than a teacher's:
# it has more weights, and its targets are read from a file.
SLOWER = 1.15 * STUDENT_UNITS**2


def minutes_of_teacher(
    minutes: float | None, seconds: Sequence[float]
) -> float | None:
    """Plans the next teacher, by the time that those before it took.

    Three teachers share about half of the time. If they need less, as each
    stops after its passes over the text, more are trained, as long as enough
    is left for the student.

    Args:
        minutes: The time limit of all parts; `None` for no limit.
        seconds: What each of the teachers so far took.

    Returns:
        The time limit of the next teacher, infinite without a limit; `None`
        if it is the student's turn.

    Example:

    >>> round(minutes_of_teacher(90, []), 1)
    16.5
    >>> minutes_of_teacher(90, [990, 990, 990]) is None
    True
    >>> minutes_of_teacher(90, [600, 600, 600]) is None
    False
    """
    if minutes is None:
        return math.inf if len(seconds) < TEACHERS else None
    limit = TEACHERS_SHARE * minutes / TEACHERS
    if len(seconds) < TEACHERS:
        return limit
    longest = max(seconds)
    left = 60 * minutes_left(minutes, seconds)
    needed = longest + STUDENT_EPOCHS * SLOWER * longest
    return limit if len(seconds) < MAX_TEACHERS and left >= needed else None


def minutes_left(minutes: float, seconds: Sequence[float]) -> float:
    """The minutes that some teachers left of a time limit.

    Args:
        minutes: The time limit of all parts.
        seconds: What each of the teachers took.

    Returns:
        A number of minutes.

    Example:

    >>> minutes_left(90, [600, 600])
    69.9
    """
    return minutes - (sum(seconds) + BETWEEN * len(seconds)) / 60


def seed_of(seed: int, number: int) -> int:
    """The seed of a teacher.

    Args:
        seed: That of the run.
        number: The teacher's number, from 1.

    Returns:
        A seed.

    Example:

    >>> seed_of(1, 2), seed_of(2, 2)
    (2002, 3002)
    """
    return (SEEDS_APART * (seed + 1) + number) % 2**32


def folder_of(folder: Path, number: int) -> Path:
    """The folder of a teacher, in the folder of its run."""
    return folder / TEACHERS_FOLDER / str(number)


def described(folder: Path, minutes: float | None) -> str:
    """Says which teacher a folder is that of, and how many there will be.

    Args:
        folder: What `folder_of` returned.
        minutes: The time limit of all parts; `None` for no limit.

    Returns:
        A `str`.

    Example:

    >>> described(folder_of(Path("run"), 2), 90)
    'teacher 2 of 3 to 5'
    """
    most = f" to {MAX_TEACHERS}" if minutes is not None else ""
    return f"teacher {folder.name} of {TEACHERS}{most}"


def finished(folder: Path) -> list[Path]:
    """Finds the finished teachers of a run.

    Args:
        folder: The run's folder.

    Returns:
        Their folders, in the order of their numbers.
    """
    paths = (folder / TEACHERS_FOLDER).glob("[0-9]*")
    done = [path for path in paths if path.name.isdecimal()]
    return sorted(filter(is_finished, done), key=lambda path: int(path.name))


def is_finished(folder: Path) -> bool:
    """Whether a teacher is trained and measured: its figures come last."""
    names = "model.keras", "metrics.json"
    return all((folder / name).is_file() for name in names)


def figures(folder: Path) -> dict[str, Any]:
    """Reads the figures of a finished teacher, or of the student.

    Raises:
        ValueError: if their file is damaged.
    """
    try:
        found = read_metrics(folder)
        loss = found[VALIDATION_LOSS]
        numbers = found["train_seconds"], 0 if loss is None else loss
        if all(math.isfinite(number) for number in numbers):
            return found
    except (ValueError, LookupError, TypeError, RecursionError):
        pass
    raise ValueError(
        f"Expected the figures of a finished run in "
        f"'{folder / 'metrics.json'}'. The file is "
        f"damaged. Delete the folder '{folder}' to train it again."
    )


def has_notes(folder: Path) -> bool:
    """Whether a folder is that of a run that trains teachers first."""
    return (folder / NOTES).is_file()


def write_notes(folder: Path, given: Mapping[str, Any]) -> None:
    """Notes the settings with which a run begins, unless it has begun.

    Args:
        folder: The run's folder.
        given: The settings that the user gave.
    """
    if not has_notes(folder):
        noted = {name: v for name, v in given.items() if name in KINDS}
        text = json.dumps(noted, indent=1)
        atomic.write_text(folder / NOTES, text + "\n")


def read_notes(folder: Path) -> dict[str, Any]:
    """Reads the settings with which a run began; none for a new run.

    Args:
        folder: The run's folder.

    Returns:
        The settings that the user gave then.

    Raises:
        ValueError: if the file is damaged.
    """
    if not has_notes(folder):
        return {}
    try:
        return given_in_python(json.loads((folder / NOTES).read_text("utf-8")))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"Expected the settings of a run in '{folder / NOTES}'. The file "
            f"is damaged ({error}). Choose another --out, or add --fresh."
        ) from None
