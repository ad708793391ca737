"""Find files that would be read twice.

A text that is read twice is learnt twice. And if its second copy is in the
held-out part, the validation loss is too low.
"""

import collections
import hashlib
import os
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path

SAMPLE_BYTES = 1 << 12  # from a file's start; files that differ there differ
BLOCK_BYTES = 1 << 20  # read at a time


def check_read_once(names: Sequence[str]) -> None:
    """Checks that no file is named twice, under whatever names.

    Args:
        names: Paths, and names of corpora.

    Raises:
        ValueError: if two of them are the same file, even through links.

    Example:

    >>> check_read_once(["shakespeare", "python"])
    """
    seen: dict[Hashable, str] = {}
    for name in names:
        identity = _identity(name)
        if identity in seen:
            first = seen[identity]
            received = f"'{name}' twice"
            if first != name:
                received = f"one file as '{first}' and as '{name}'"
            raise ValueError(
                f"Expected each text once. Received {received}. Leave one "
                "out: a text that is learnt twice may be held out as well."
            )
        seen[identity] = name


def copies(paths: Sequence[Path]) -> list[tuple[Path, Path]]:
    """Finds files with the same content, ignoring empty ones.

    Only files of the same size and beginning are read to the end.

    Args:
        paths: Files that can be read.

    Returns:
        A list of `(first, copy)`, for each file that equals an earlier one.

    Raises:
        OSError: if a file cannot be read.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = [Path(folder, name) for name in ("a.txt", "b.txt", "c.txt")]
    ...     for path, text in zip(paths, ("one", "two", "one")):
    ...         _ = path.write_text(text, encoding="utf-8")
    ...     [(first.name, copy.name) for first, copy in copies(paths)]
    [('a.txt', 'c.txt')]
    """
    groups = [[path for path in paths if _size(path)]]
    for key in (_size, _digest_of_start, _digest):
        groups = [part for group in groups for part in _divided(group, key)]
    found = [(first, copy) for first, *rest in groups for copy in rest]
    places = {path: place for place, path in enumerate(paths)}
    return sorted(found, key=lambda pair: places[pair[1]])


def _divided(
    paths: list[Path], key: Callable[[Path], Hashable]
) -> list[list[Path]]:
    """Groups paths by a key, and drops groups of one."""
    groups: dict[Hashable, list[Path]] = collections.defaultdict(list)
    for path in paths:
        groups[key(path)].append(path)
    return [group for group in groups.values() if len(group) > 1]


def _identity(name: str) -> Hashable:
    """Returns a value that is equal for all names of the same file."""
    try:
        status = os.stat(name)
    except (OSError, ValueError):
        return name  # of a corpus, or of standard input
    if status.st_ino == 0:  # a file system without such numbers
        return os.path.realpath(name)
    return status.st_dev, status.st_ino


def _size(path: Path) -> int:
    return path.stat().st_size


def _digest_of_start(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.sha256(file.read(SAMPLE_BYTES)).digest()


def _digest(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(BLOCK_BYTES):
            digest.update(data)
    return digest.digest()
