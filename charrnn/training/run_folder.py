"""Claim and lock a run folder, and move an old run aside."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.system import atomic
from charrnn.text import known_documents
from charrnn.training import checkpoint, run_state
from charrnn.training.places import RUNS, name_of

# The file with what the teachers of a run expect, while it trains.
SOFT_TARGETS = "soft-targets.npy"
# Of a run that trains its own teachers: their folders, and the settings with
# which the run began.
TEACHERS_FOLDER, NOTES = "teachers", "record.json"
# Files of a run that may have been killed before its first checkpoint.
WRITTEN_FIRST = {
    known_documents.NAME, SOFT_TARGETS, TEACHERS_FOLDER, NOTES,
}  # fmt: skip


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keeps other processes from training in a folder at the same time.

    The lock belongs to the process: the system releases it when the process
    ends, in whatever way, so a stale lock cannot be left behind. On Windows,
    and on file systems without locks, other processes are not kept out.

    Args:
        folder: An existing folder.

    Raises:
        ValueError: if another process has the lock.

    Example:

    >>> import tempfile
    >>> with locked(tempfile.mkdtemp()):
    ...     pass
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"Expected a folder of its own for --out. Another process is "
                f"training in '{folder}'. Wait for it, or choose another."
            ) from None
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(descriptor)


def saved(
    folder: Path, say: Callable[[str], None] = print
) -> tuple[dict[str, Any], list[np.ndarray]] | tuple[None, None]:
    """Reads a run's newest undamaged checkpoint.

    Args:
        folder: A folder that this process has locked.
        say: Called with a line about a damaged checkpoint.

    Returns:
        `(state, arrays)`, or `(None, None)` if the folder is empty, or of a
        run that was killed before its first checkpoint.

    Raises:
        ValueError: if the folder holds something other than a run.
    """
    atomic.remove_leftovers(folder)
    found = checkpoint.newest(folder, say, run_state.check)
    if found is None and _others(folder):
        what = "files in it"
        if (folder / "model.keras").exists():
            what = "a model.keras, but no checkpoint to resume from"
        raise ValueError(
            "Expected a new folder for --out, an empty one or a run's. "
            f"'{folder}' has {what}. Choose another; --fresh renames a run's, "
            "--init-from starts from the weights of a model."
        )
    return found or (None, None)


def _others(folder: Path) -> set[str]:
    """What is in a folder besides the first files of a run."""
    return {path.name for path in folder.iterdir()} - WRITTEN_FIRST


def delete_soft_targets(folder: Path) -> None:
    """Deletes the file with what teachers expect, of a run that is complete.

    Windows does not delete a file that is still mapped: it then stays.

    Args:
        folder: The run's folder.
    """
    with contextlib.suppress(OSError):
        (folder / SOFT_TARGETS).unlink()


def is_complete(folder: Path, step: int) -> bool:
    """Whether all files of a run that has ended are there and up to date.

    Args:
        folder: The run's folder.
        step: The step of its newest checkpoint.

    Returns:
        A `bool`: `False` if a file is missing, or if the figures or the
        history are damaged or of another step. The figures are written last.
    """
    names = "model.keras", "samples.txt", "loss.png"
    if not all((folder / name).is_file() for name in names):
        return False
    try:
        for name in ("metrics.json", "history.csv"):
            atomic.check_regular(folder / name)
        metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
        *_, row = (folder / "history.csv").read_text("utf-8").splitlines()
        return metrics["steps"] == step and row.split(",")[0] == str(step)
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return False


def check_same(folder: Path, before: set[str]) -> None:
    """Checks that no other process has trained in a folder since a claim.

    With locks, no other process can.

    Args:
        folder: A folder that this process has claimed.
        before: What `names` returned when it was claimed.

    Raises:
        ValueError: if there are other checkpoints or models now.
    """
    if names(folder) != before:
        raise ValueError(
            f"Another process has trained in '{folder}' meanwhile: it now "
            "has another run's files. Choose another --out."
        )


def names(folder: Path) -> set[str]:
    """Returns the names of a run's checkpoints and of its model.

    Args:
        folder: A `pathlib.Path`.

    Returns:
        A set of `str`.
    """
    found = {path.name for path in checkpoint.paths(folder)}
    return found | {p.name for p in folder.glob("model.keras")}


def check_is_run(folder: Path) -> None:
    """Checks that a folder is empty or a run's, and so may be renamed.

    Args:
        folder: A `pathlib.Path`.

    Raises:
        ValueError: if it holds files but no run's, or if it is the working
            directory or above it.
    """
    if folder.resolve() in [Path.cwd(), *Path.cwd().parents]:
        raise ValueError(
            f"--fresh would rename '{folder}', the folder you are in. Go to "
            "another, and name this one from there."
        )
    atomic.remove_leftovers(folder)
    ours = checkpoint.paths(folder) or (folder / "model.keras").exists()
    if _others(folder) and not ours:
        raise ValueError(
            f"Expected a run's folder to rename for --fresh. '{folder}' has "
            "neither a checkpoint nor a model.keras. Choose another."
        )


def claim(out: Path | None, corpus: list[str] | str) -> tuple[Path, list[Path]]:
    """Makes a run's folder.

    Args:
        out: The folder that was asked for, a `pathlib.Path`; `None` for the
            text's name with the first number that is free.
        corpus: The text to learn, as the user named it, as for
            `charrnn.read`.

    Returns:
        A `pathlib.Path` of an existing folder, and a list of the folders that
        were made: it and those above it, the lowest first.
    """
    if out is not None:
        made = _missing(out)
        _make(out)
        return out, made
    made = _missing(RUNS)
    name = name_of(corpus)
    number = 1
    while True:
        out = RUNS / f"{name}-{number}"
        with contextlib.suppress(FileExistsError):
            out.mkdir(parents=True)  # only one process can make it
            return out, [out, *made]
        number += 1


def unclaim(made: list[Path]) -> None:
    """Deletes the folders that were made for a run, if they are empty.

    Args:
        made: The folders, as `claim` returned them.
    """
    with contextlib.suppress(OSError):  # it is not empty
        for path in made:
            path.rmdir()


def _missing(folder: Path) -> list[Path]:
    """Of a folder and those above it, the missing ones, the lowest first."""
    return [p for p in [folder, *folder.parents] if not p.exists()]


def _make(folder: Path) -> None:
    """Makes a folder and those above it; removes them again on failure."""
    made = []
    try:
        for path in [*reversed(folder.parents), folder]:
            if not path.is_dir():
                path.mkdir()
                made.append(path)
    except OSError:
        for path in reversed(made):
            path.rmdir()
        raise


def move_aside(folder: Path, tell: Callable[[str], None]) -> None:
    """Renames a run's folder to the first free name like `folder-old-1`.

    Args:
        folder: A `pathlib.Path`.
        tell: Called with a line that says where the run is now.
    """
    number = 1
    while True:
        aside = folder.with_name(f"{folder.name}-old-{number}")
        if not aside.exists():
            folder.rename(aside)
            tell(f"the run that was here is now '{aside}'")
            return
        number += 1
