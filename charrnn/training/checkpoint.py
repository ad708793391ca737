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
- `array0000`, `array0001`, ...: what `variables` lists of the twin, in its
  order: weights, seeds of dropout, the optimizer's moments and counters, and
  the states that the recurrent layers carry.

Not in it: the text and its batches (a batch is a function of seed and step),
the best model (that is `model.keras`), and callbacks of the user. `run_state`
checks all of it before anything is built on it.
"""

import itertools
import json
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from charrnn.system.atomic import check_regular, replacing
from charrnn.system.terminal import escape_controls
from charrnn.text.sources import CHECKPOINT_NAME

if TYPE_CHECKING:
    import keras

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


def variables(twin: "keras.Model") -> list[Any]:
    """Lists all that training changes: a twin's variables.

    Args:
        twin: A compiled `keras.Sequential` whose optimizer is built.

    Returns:
        A list of Keras variables: weights, seeds of dropout, the optimizer's
        moments, and the states that recurrent layers carry.

    Example:

    >>> from charrnn import build_model, fused, loss, optimizer
    >>> twin = fused(build_model("ab", units=4, layers=1), batch_size=2)
    >>> twin.compile(optimizer(0.01), loss())
    >>> twin.optimizer.build(twin.trainable_variables)
    >>> len(variables(twin)) > len(twin.variables) + len(twin.weights)
    True
    """
    from charrnn.twins.stateful import states  # here: reading needs no Keras

    metrics = {id(variable) for variable in twin.metrics_variables}
    of_model = [v for v in twin.variables if id(v) not in metrics]
    return [*of_model, *twin.optimizer.variables, *states(twin)]


def restore(twin: "keras.Model", arrays: list[np.ndarray]) -> None:
    """Gives a twin's variables the values that a checkpoint holds.

    Args:
        twin: The twin, made as the one that was saved.
        arrays: The values of its `variables`, in their order.

    Raises:
        ValueError: if number, shapes or types are others; nothing is changed.
    """
    own = variables(twin)
    dtypes = [getattr(v.dtype, "name", v.dtype) for v in own]
    shapes = [tuple(v.shape) for v in own]
    arrays = [
        *map(_as_seed, own, arrays),
        *arrays[len(own) :],
    ]
    expected = list(zip(shapes, dtypes, strict=True))
    received = [(array.shape, array.dtype.name) for array in arrays]
    for i, (mine, theirs) in enumerate(
        itertools.zip_longest(expected, received)
    ):
        if mine != theirs:
            raise ValueError(
                f"Expected {mine} as array {i} of the run's checkpoint. "
                f"Received {theirs}. Begin anew with --fresh."
            )
    for variable, array in zip(own, arrays, strict=True):
        variable.assign(array)


def _as_seed(variable: Any, array: np.ndarray) -> np.ndarray:
    """Gives a seed the type that it has with this backend of Keras."""
    if _is_seed(variable) and _is_seed(array):
        return array.astype(getattr(variable.dtype, "name", variable.dtype))
    return array


def restore_changed(
    twin: "keras.Model", arrays: list[np.ndarray], same_streams: bool
) -> None:
    """Does the same for a twin that trains otherwise than the one saved.

    Weights and moments go on. Seeds of dropout do where there are as many as
    before, and else begin anew; so do the states of other streams.

    Args:
        twin: The twin: of the same network, but with another dropout, batch
            size or weight drop.
        arrays: The values of the `variables` of the one that was saved.
        same_streams: Whether it reads the same streams, in the same windows.

    Raises:
        ValueError: if it has another network.
    """
    from charrnn.twins.stateful import states  # here: reading needs no Keras

    carried = {id(state) for state in states(twin)}
    seeds, others = _apart(variables(twin))
    seed_arrays, other_arrays = _apart(arrays)
    if len(seeds) == len(seed_arrays):
        others, other_arrays = others + seeds, other_arrays + seed_arrays
    for variable, array in zip(others, other_arrays, strict=True):
        if same_streams or id(variable) not in carried:
            variable.assign(array)


def _apart(values: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Seeds, the only pairs of whole numbers, and all other values."""
    seeds: list[Any] = []
    others: list[Any] = []
    for value in values:
        (seeds if _is_seed(value) else others).append(value)
    return seeds, others


def _is_seed(value: Any) -> bool:
    return "int" in str(value.dtype) and tuple(value.shape) == (2,)
