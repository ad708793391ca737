"""Find the files that a user names: paths, folders and globs."""

import collections
import glob
import itertools
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from charrnn.text import catalogue

Source: TypeAlias = str | Path | Sequence[str | Path]  # what names a text

TEXT_SUFFIX = ".txt"  # of texts in a folder, in capitals as well
GLOB_CHARACTER = re.compile(r"[*?[]")
MAX_NAMED = 5  # texts in a title; suffixes in a message
# A folder is a run's if it has a checkpoint, or two of these files. The number
# has nine digits, or more if nine are too few: a copy has another name.
CHECKPOINT_NAME = re.compile(r"checkpoint-(\d{9}|[1-9]\d{9,17})\.npz", re.ASCII)
RUN_FILES = {"model.keras", "metrics.json", "samples.txt"}


def title(source: Source) -> str:
    """Returns the name of a text in messages.

    Args:
        source: As for `charrnn.read`.

    Returns:
        The names of its sources, or the first one of many.

    Example:

    >>> title("a.txt"), title("-"), title(["a.txt", "b.txt"])
    ('a.txt', 'standard input', 'a.txt, b.txt')
    """
    names = ["standard input" if n == "-" else n for n in _names(source)]
    if len(names) > MAX_NAMED:
        return f"{names[0]} and {len(names) - 1:,} others"
    return ", ".join(names)


def expanded(source: Source) -> list[str]:
    """Replaces globs by the files and folders that match, sorted.

    An existing name with `*`, `?` or `[` is not a glob. A glob with `**`
    matches at any depth, but only files, and none in a run's folder.

    Args:
        source: As for `charrnn.read`.

    Returns:
        The sources one by one.

    Raises:
        ValueError: if nothing matches, there is no source, or "-" occurs
            twice.

    Example:

    >>> expanded(["a.txt", "-"])
    ['a.txt', '-']
    """
    names = _names(source)
    if not names:
        raise ValueError(
            "Expected at least one text. Received an empty list. Name a file."
        )
    if names.count("-") > 1:
        raise ValueError(
            "Expected '-' at most once. Received it "
            f"{names.count('-')} times. Standard input can be read only once."
        )
    found = []
    for name in names:
        is_glob = GLOB_CHARACTER.search(name) and not os.path.lexists(name)
        found += _matches(name) if is_glob else [name]
    return found


def texts(
    name: str, without: Iterable[str | Path | None] = ()
) -> tuple[list[Path], collections.Counter[str]]:
    """Finds the files that one name means.

    Args:
        name: The path of a file or a folder.
        without: Folders to skip, in addition to those of runs.

    Returns:
        `(paths, left_out)`: the files, sorted by their paths, and the number
        of things of each kind that were left out of the folder: "run",
        "hidden", "link", or the suffix of files that are not texts.

    Raises:
        ValueError: if there is no such file or folder, the folder has no
            text in it, or a file is a pipe or a device.
        OSError: if a folder cannot be read.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for file in ("a.TXT", "b.md", "._a.TXT"):
    ...         _ = Path(folder, file).write_text("text", encoding="utf-8")
    ...     paths, left_out = texts(folder)
    >>> [path.name for path in paths], dict(sorted(left_out.items()))
    (['a.TXT'], {'.md': 1, 'hidden': 1})
    """
    path = Path(name)
    if not name or not path.exists():
        raise ValueError(_no_such_text(name))
    paths = [path]
    left_out: collections.Counter[str] = collections.Counter()
    if path.is_dir():
        paths, left_out = _in_folder(path, without)
    if not paths:
        raise ValueError(_no_texts(path, left_out))
    for path in paths:
        # Checked before it is opened: opening a FIFO waits for a writer.
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError(
                f"Expected a regular file. Received {path}, which is a pipe "
                "or a device. Pass '-' and feed the text to standard input."
            )
    return paths, left_out


def told(left_out: Mapping[str, int]) -> str:
    """Describes what `texts` left out.

    Args:
        left_out: The number of each kind, as `texts` returns it.

    Returns:
        The description, empty if nothing was left out.

    Example:

    >>> told({"run": 2, "hidden": 1, ".md": 1, ".PDF": 3, "": 1})
    '2 runs of charrnn, 1 hidden, 3 .PDF, 1 .md, 1 without a suffix'
    """
    by_suffix = collections.Counter(left_out)
    parts, bare = [], by_suffix.pop("", 0)
    for kind, one, several in (
        ("run", "run of charrnn", "runs of charrnn"),
        ("hidden", "hidden", "hidden"),
        ("link", "linked folder", "linked folders"),
    ):
        if count := by_suffix.pop(kind, 0):
            parts.append(f"{count:,} {one if count == 1 else several}")
    suffixes = sorted(by_suffix.items(), key=lambda pair: (-pair[1], pair[0]))
    parts += [f"{count:,} {suffix}" for suffix, count in suffixes[:MAX_NAMED]]
    if rest := sum(count for _, count in suffixes[MAX_NAMED:]):
        parts.append(f"{rest:,} with other suffixes")
    if bare:
        parts.append(f"{bare:,} without a suffix")
    return ", ".join(parts)


def is_run(folder: Path) -> bool:
    """Whether a folder is that of a run of charrnn.

    Args:
        folder: Its path.

    Returns:
        Whether it has a checkpoint, or two other files of a run.

    Raises:
        OSError: if the folder cannot be read.

    Example:

    >>> is_run(Path())
    False
    """
    names = os.listdir(folder)
    return len(RUN_FILES.intersection(names)) > 1 or any(
        map(CHECKPOINT_NAME.fullmatch, names)
    )


def _names(source: Source) -> list[str]:
    if isinstance(source, str | Path):
        return [str(source)]
    return [str(name) for name in source]


def _matches(pattern: str) -> list[str]:
    """Finds what a glob matches."""
    recursive = "**" in pattern
    found = glob.glob(pattern, recursive=recursive)
    if recursive:
        # The folder before the first part with a wildcard was named by the
        # user, so it is read even if it is a run's.
        named = itertools.takewhile(
            lambda part: not GLOB_CHARACTER.search(part), Path(pattern).parts
        )
        base = Path(*named)
        found = [
            name
            for name in found
            if os.path.isfile(name) and not any(map(is_run, _above(name, base)))
        ]
    if not found:
        raise ValueError(
            f"Expected files that match {pattern!r}. Received none. Check "
            "the path."
        )
    return sorted(found, key=Path)


def _above(name: str, base: Path) -> Iterator[Path]:
    """Yields the folders between a file and the one a glob begins in."""
    parents = Path(name).parents
    return itertools.takewhile(lambda folder: folder != base, parents)


def _in_folder(
    folder: Path, without: Iterable[str | Path | None]
) -> tuple[list[Path], collections.Counter[str]]:
    """Finds a folder's texts, at any depth, and counts everything else."""
    if is_run(folder):
        raise ValueError(
            f"Expected a folder of texts. Received '{folder}', the folder of "
            "a run of charrnn. Name a file in it, or another folder."
        )
    excluded = {os.path.realpath(path) for path in without if path}
    paths: list[Path] = []
    left_out: collections.Counter[str] = collections.Counter()
    for parent, folders, files in os.walk(folder, onerror=_raise):
        reasons = {
            name: _reason_to_leave_out(Path(parent, name), excluded)
            for name in folders
        }
        folders[:] = [name for name, reason in reasons.items() if not reason]
        left_out.update(reason for reason in reasons.values() if reason)
        for name in files:
            if name.startswith("."):
                left_out["hidden"] += 1
            elif Path(name).suffix.lower() == TEXT_SUFFIX:
                paths.append(Path(parent, name))
            else:
                left_out[Path(name).suffix] += 1
    return sorted(paths), left_out


def _reason_to_leave_out(path: Path, excluded: set[str]) -> str:
    """Returns in a word why a folder is left out; empty if it is read."""
    if path.name.startswith("."):
        return "hidden"
    if path.is_symlink():
        return "link"
    return "run" if os.path.realpath(path) in excluded or is_run(path) else ""


def _raise(error: OSError) -> None:
    raise error


def _no_texts(folder: Path, left_out: Mapping[str, int]) -> str:
    if rest := told(left_out):
        return (
            f"Expected files named *{TEXT_SUFFIX} in the folder {folder}. "
            f"Received none ({rest} left out). Name the files that are texts."
        )
    return (
        f"Expected files named *{TEXT_SUFFIX} in the folder {folder}. "
        "Received a folder without any. Name another folder or a file."
    )


def _no_such_text(name: str) -> str:
    import difflib

    names = catalogue.names()
    close = difflib.get_close_matches(name, names, n=1)
    advice = f"Did you mean {close[0]!r}?" if close else "Check the path."
    return (
        "Expected a file, a folder, '-' for standard input, or one of "
        f"{', '.join(names)}. Received {name!r}, and no such file exists. "
        f"{advice}"
    )
