"""Compute once what a run's teachers expect after each unit of its text.

What teachers expect depends on the text alone, neither on the student nor on
the step. So it is computed before the first step, and a student's steps take
as long as any network's. It is kept in a file of the run's folder until the
run is complete: 2 bytes for each unit of a small vocabulary at each position,
or some 260 bytes a position (`charrnn.text.student_windows.row_type`).

The text is read in streams, as it is scored: each first reads what comes
before its share, so that its state has forgotten that it began there.

    text      a b c d e f g h i j k l m n o p    (then a, b, c ...)
    stream 0  (n o p) a b c d e f g h
    stream 1                  (f g h) i j k l m n o p
"""

import dataclasses
import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from charrnn.network.engine import Engine
from charrnn.network.fingerprint import fingerprint
from charrnn.scoring.score import STREAMS, WARM_UP_CHARACTERS
from charrnn.system import atomic
from charrnn.text.student_windows import (
    KEPT,
    StudentWindows,
    keeps_all,
    row_type,
)
from charrnn.training import teachers
from charrnn.training.data import Data
from charrnn.training.run_folder import SOFT_TARGETS
from charrnn.training.settings import Settings
from charrnn.twins.fused import fused
from charrnn.twins.twin import Twin

UNITS_PER_PIECE = 64  # of each stream
MAX_LOGITS_PER_PIECE = 1 << 24  # numbers: 64 MiB in float32

Watch = Callable[[Iterable[int]], Iterable[int]]


def write(
    path: Path,
    engines: Sequence[Engine],
    ids: np.ndarray,
    *,
    precision: str,
    watch: Watch = iter,
) -> None:
    """Writes what teachers expect after each unit of a text: their mean.

    Args:
        path: The file to write, a `.npy` of `row_type`.
        engines: The teachers, of one vocabulary. Their dropout is off.
        ids: The text, `(n,)`; it is circular, as in `Windows`.
        precision: That of the matrix products, as for `charrnn.fused`.
        watch: Iterates over the pieces, to show progress.

    Raises:
        ValueError: if the disk has no room for it.
        OSError: if it cannot be written.

    Example:

    >>> import tempfile
    >>> from charrnn import load
    >>> path = Path(tempfile.mkdtemp(), "rows.npy")
    >>> ids = np.arange(40) % 69
    >>> write(path, [load("shakespeare")], ids, precision="float32")
    >>> read(path, 40, 69)["probabilities"].shape
    (40, 69)
    """
    units = len(engines[0].vocabulary)
    dtype = row_type(units)
    _check_room(path.parent, len(ids) * dtype.itemsize)
    streams = int(np.clip(len(ids) // (4 * WARM_UP_CHARACTERS), 1, STREAMS))
    twins = [_twin(engine, streams, precision) for engine in engines]
    bounds = np.arange(streams + 1) * len(ids) // streams
    with atomic.replacing(path) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file,
            {
                "descr": np.lib.format.dtype_to_descr(dtype),
                "fortran_order": False,
                "shape": ids.shape,
            },
        )
        offset = file.tell()
        for starts, rows in _pieces(twins, ids, bounds, dtype, watch):
            _write_rows(file, offset, starts, bounds[1:], rows)


def _check_room(folder: Path, needed: int) -> None:
    """Checks that a file will fit on the disk."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise ValueError(
            f"Expected {needed / 2**30:,.1f} GiB of free disk space in "
            f"'{folder}', for what the teachers expect. Received "
            f"{free / 2**30:,.1f} GiB. Free some, or choose another --out."
        )


def _twin(teacher: Engine, streams: int, precision: str) -> Twin:
    """A teacher's twin, which computes as fast as in training."""
    return fused(
        teacher.to_keras(),
        batch_size=streams,
        precision=precision,
        boundary=teacher.vocabulary.boundary,
    )


def _pieces(
    twins: Sequence[Twin],
    ids: np.ndarray,
    bounds: np.ndarray,
    dtype: np.dtype,
    watch: Watch,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields where each stream's piece begins, and its rows.

    Positions may lie before or behind the share of a stream.
    """
    streams, units = len(bounds) - 1, twins[0].output_shape[-1]
    fitting = MAX_LOGITS_PER_PIECE // (streams * units)
    length = max(1, min(UNITS_PER_PIECE, fitting))
    warm_up = -(-WARM_UP_CHARACTERS // length) * length
    longest = int(np.diff(bounds).max())
    for first in watch(range(-warm_up, longest, length)):
        starts = bounds[:-1] + first
        places = (starts[:, None] + np.arange(length)) % len(ids)
        inputs = ids[places].astype(np.int32)
        logits = [twin.predict_on_batch(inputs) for twin in twins]
        if first >= 0:
            yield starts, _rows(_mean(logits), dtype)


def _mean(logits: Sequence[np.ndarray]) -> np.ndarray:
    """The mean of the teachers' probabilities."""
    total = np.zeros(logits[0].shape, np.float32)
    for each in logits:
        p = np.exp(each - each.max(-1, keepdims=True))
        total += p / p.sum(-1, keepdims=True)
    return total / len(logits)


def _rows(p: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Rows of probabilities `(streams, length, units)`."""
    rows = np.empty(p.shape[:-1], dtype)
    if keeps_all(p.shape[-1]):
        rows["probabilities"] = p
        return rows
    ids = np.argpartition(p, -KEPT, axis=-1)[..., -KEPT:]
    likeliest = np.take_along_axis(p, ids, axis=-1)
    rows["ids"] = ids
    rows["probabilities"][..., :-1] = likeliest
    rows["probabilities"][..., -1] = np.maximum(0, 1 - likeliest.sum(-1))
    return rows


def _write_rows(
    file: BinaryIO,
    offset: int,
    starts: np.ndarray,
    ends: np.ndarray,
    rows: np.ndarray,
) -> None:
    """Writes the rows that belong to the streams' own shares."""
    for start, end, own in zip(starts, ends, rows, strict=True):
        file.seek(offset + int(start) * own.dtype.itemsize)
        file.write(own[: end - start].tobytes())


def read(path: Path, count: int, units: int) -> np.ndarray:
    """Maps a file that `write` made into memory.

    Args:
        path: The file.
        count: The length of the text.
        units: The size of the vocabulary.

    Returns:
        An array `(count,)` of `row_type`, which reads from the file.

    Raises:
        ValueError: if it is no such file, or of another text.
        OSError: if it cannot be read.
    """
    atomic.check_regular(path)
    rows = np.load(path, mmap_mode="r", allow_pickle=False)
    if rows.shape != (count,) or rows.dtype != row_type(units):
        raise ValueError(
            f"Expected {count:,} rows for {units:,} units in '{path}'. "
            f"Received {rows.shape} of {rows.dtype}."
        )
    return rows


def prepared(
    folder: Path,
    settings: Settings,
    data: Data,
    tell: Callable[[str], None],
    watch: Watch = iter,
) -> tuple[Settings, StudentWindows]:
    """Finds the file of a run, or makes it.

    Args:
        folder: The run's folder.
        settings: The `Settings`, with the digest of the file if there was one.
        data: The `Data`, with the teachers of a new run.
        tell: Called with lines about it.
        watch: As for `write`.

    Returns:
        The `Settings` with the digest of the file, and the windows to train
        on.

    Raises:
        ValueError: if a file is lost, and a teacher as well, or another now.
        OSError: if something cannot be read or written.
    """
    path, units = folder / SOFT_TARGETS, len(data.vocabulary)
    if not _is_kept(path, settings.soft_targets_sha256):
        engines = data.teachers or _read_again(settings, path)
        tell(_announced(engines, data, path))
        write(
            path,
            engines,
            data.windows.ids,
            precision=settings.precision,
            watch=watch,
        )
        sha256 = _digest(path)
        if settings.soft_targets_sha256 not in (None, sha256):
            tell(
                "what the teachers expect differs in its last bits from what "
                "the run began with, so it does not resume to the bit"
            )
        settings = dataclasses.replace(settings, soft_targets_sha256=sha256)
    rows = read(path, len(data.windows.ids), units)
    return settings, StudentWindows(data.windows, rows)


def _is_kept(path: Path, sha256: str | None) -> bool:
    """Whether the file of a run is there and whole."""
    return bool(sha256) and path.is_file() and _digest(path) == sha256


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_again(settings: Settings, path: Path) -> list[Engine]:
    """The teachers of a run whose file is lost; raises if one has changed."""
    names = settings.teachers or []
    try:
        engines = teachers.read(names)
        for name, engine, known in zip(
            names, engines, settings.teacher_fingerprints or [], strict=True
        ):
            if fingerprint(engine) != known:
                raise ValueError(f"'{name}' has changed since the run began.")
    except (ValueError, OSError) as error:
        raise ValueError(
            f"Expected the run's '{path}', with what its teachers expect, or "
            f"the teachers to compute it again. {error} Put one of them back, "
            "or begin anew with --fresh."
        ) from error
    return engines


def _announced(engines: Sequence[Engine], data: Data, path: Path) -> str:
    """The line about the work that begins."""
    ids, vocabulary = data.windows.ids, data.vocabulary
    size = len(ids) * row_type(len(vocabulary)).itemsize / 2**20
    count = f"{len(engines)} teachers read" if engines[1:] else "teacher reads"
    return (
        f"the {count} {len(ids):,} {vocabulary.plural}, once: '{path}', "
        f"{size:,.0f} MiB until the run is complete"
    )
