"""Write and read checkpoints, from which a run resumes exactly.

A checkpoint is `checkpoint-STEP.npz` in the run's folder; the two newest are
kept. It is a NumPy archive, not compressed, of these members:

- `json`: UTF-8 bytes of `{"format": 1, "state": {...}}`. The state has
  - `settings`: all of `charrnn.Settings`, with the digest of the text;
  - `vocabulary`: what the ids stand for;
  - `over`: whether training has ended;
  - `parts`: what each callback needs, by its class's name: `Schedule` (step,
    epoch, seconds, losses since the last validation, ...), `Validation`,
    `SaveBest` (the lowest loss and its step), `History` (the rows of
    history.csv), `Samples`, `Budget`.
- `array0000`, `array0001`, ...: what `variables.py` lists of the twin, in its
  order: weights, seeds of dropout, the optimizer's moments and counters, and
  the states that the recurrent layers carry.

Not in it: the text and its batches (a batch is a function of seed and step),
the best model (that is `model.keras`), and callbacks of the user. `run_state`
checks all of it before anything is built on it.
"""

import json
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.system.atomic import check_regular, replacing
from charrnn.system.terminal import escape_controls
from charrnn.text.sources import CHECKPOINT_NAME

FORMAT = 1
KEPT = 2  # the newest; the older one is for when the newest is damaged
LINE_LIMIT = 200  # characters of what is told about a damaged one

# What the readers of archives, arrays and JSON raise on a damaged file.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RuntimeError,  # an encrypted member; too deep JSON; another compression
    ArithmeticError,
    MemoryError,
    EOFError,
    OSError,
)


def write(
    folder: Path, step: int, state: dict[str, Any], arrays: list[np.ndarray]
) -> None:
    """Writes a checkpoint, whole or not at all, and deletes the third newest.

    Args:
        folder: The run's folder, a `pathlib.Path`.
        step: Training steps done.
        state: What is not an array; a `dict` that JSON can hold.
        arrays: A list of NumPy arrays.

    Raises:
        OSError: if it cannot be written; the older ones are then intact.

    Example:

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> write(folder, 7, {"best": 1.5}, [np.arange(3)])
    >>> newest(folder)
    ({'best': 1.5}, [array([0, 1, 2])])
    """
    text = json.dumps({"format": FORMAT, "state": state})
    members: dict[str, Any] = dict(
        zip(_names(len(arrays)), arrays, strict=True)
    )
    members["json"] = np.frombuffer(text.encode("utf-8"), np.uint8)
    with replacing(folder / f"checkpoint-{step:09}.npz") as temporary:
        np.savez(temporary, **members)
    for path in paths(folder)[KEPT:]:
        path.unlink()


def paths(folder: Path) -> list[Path]:
    """Lists the checkpoints in a folder, the newest first.

    Only a name that `write` gives is one. A copy under another, such as
    `checkpoint-best.npz`, is the user's own: neither read nor deleted.

    Args:
        folder: A `pathlib.Path`.

    Returns:
        A list of `pathlib.Path`.

    Example:

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name in "000000078", "000000234", "best-so-far":
    ...     (folder / f"checkpoint-{name}.npz").touch()
    >>> [path.name for path in paths(folder)]
    ['checkpoint-000000234.npz', 'checkpoint-000000078.npz']
    """
    matches = (
        CHECKPOINT_NAME.fullmatch(path.name) for path in folder.iterdir()
    )
    steps = sorted((int(m[1]), m[0]) for m in matches if m)
    return [folder / name for _, name in reversed(steps)]


def newest(
    folder: Path,
    say: Callable[[str], None] = print,
    check: Callable[
        [dict[str, Any], list[np.ndarray]], None
    ] = lambda state, arrays: None,
) -> tuple[dict[str, Any], list[np.ndarray]] | None:
    """Reads the newest checkpoint that is whole.

    Args:
        folder: The run's folder.
        say: A function that is given a line about each damaged one.
        check: A function of state and arrays that raises a `ValueError` if a
            run cannot go on from them: the checkpoint is then damaged, too.

    Returns:
        `(state, arrays)` as they were written, or `None` without a
        checkpoint.

    Raises:
        ValueError: if there are checkpoints, but all are damaged.
        PermissionError: if one may not be read.
    """
    found = paths(folder)
    for path in found:
        try:
            state, arrays = _read(path)
            check(state, arrays)
            return state, arrays
        except PermissionError:
            raise  # it may be sound
        except DAMAGE as error:
            reason = escape_controls(" ".join(str(error).split()))[:LINE_LIMIT]
            reason = reason.rstrip(".") or type(error).__name__
            say(f"'{path}' is damaged ({reason}): it is left out")
    if found:
        raise ValueError(
            f"Expected a whole checkpoint in '{folder}'. All of its "
            f"{len(found)} are damaged. Begin anew with --fresh."
        )
    return None


def _read(path: Path) -> tuple[dict[str, Any], list[np.ndarray]]:
    check_regular(path)
    with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
        _check_stored(archive.zip.infolist(), path.stat().st_size)
        text = archive["json"].tobytes().decode("utf-8")
        contents = json.loads(text)
        if not isinstance(contents, dict) or contents.get("format") != FORMAT:
            raise ValueError(f"Expected format {FORMAT}. Received another.")
        state = contents.get("state")
        if not isinstance(state, dict):
            raise ValueError("Expected a state. Received none.")
        names = _names(len(archive.files) - 1)
        if {*names, "json"} != set(archive.files):
            raise ValueError(
                "Expected arrays named array0000 and so on. Received others."
            )
        return state, [archive[name] for name in names]


def _check_stored(members: list[zipfile.ZipInfo], size: int) -> None:
    """Checks that an archive takes no more memory than disk."""
    packed = any(member.compress_type for member in members)
    if packed or sum(member.file_size for member in members) > size:
        raise ValueError("Expected stored arrays. Received packed ones.")


def _names(count: int) -> list[str]:
    """What arrays are called in a checkpoint, in their order."""
    return [f"array{i:04}" for i in range(count)]
