"""Find the files that a user names: paths, folders and globs."""

import collections
import glob
import itertools
import os
import re
import stat
from pathlib import Path

from charrnn.text import catalogue

SUFFIX = ".txt"  # of texts in a folder; capitals count, too
GLOB = re.compile(r"[*?[]")
NAMED = 5  # suffixes that a message names, or texts in a title
# What a run's folder holds: a checkpoint, or two of the others. A checkpoint's
# name has nine digits, more only where nine are too few: a copy has another.
CHECKPOINT = re.compile(r"checkpoint-(\d{9}|[1-9]\d{9,17})\.npz", re.ASCII)
OF_RUNS = {"model.keras", "metrics.json", "samples.txt"}


def title(source):
    """What messages call a text.

    Args:
        source: As for `charrnn.read`.

    Returns:
        A `str`.

    Example:

    >>> title("a.txt"), title("-"), title(["a.txt", "b.txt"])
    ('a.txt', 'standard input', 'a.txt, b.txt')
    """
    names = ["standard input" if n == "-" else n for n in _names(source)]
    if len(names) > NAMED:
        return f"{names[0]} and {len(names) - 1:,} others"
    return ", ".join(names)


def expanded(source):
    """Replaces globs by the files and folders that match, sorted.

    A name with `*`, `?` or `[` that exists is no glob. `**` matches folders
    at any depth, and then files only that are not in a run's folder.

    Args:
        source: As for `charrnn.read`.

    Returns:
        A list of `str`, the sources one by one.

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
            "Expected '-' once at most. Received it "
            f"{names.count('-')} times: standard input can be read only once."
        )
    found = []
    for name in names:
        is_glob = GLOB.search(name) and not os.path.lexists(name)
        found += _matches(name) if is_glob else [name]
    return found


def texts(name, without=()):
    """Finds the files that one name means.

    Args:
        name: A path, a `str`.
        without: Folders whose files are left out, as those of runs are.

    Returns:
        `(paths, left_out)`: a list of `pathlib.Path`, in the order of the
        paths, and a `collections.Counter` of what else the folder holds.

    Raises:
        ValueError: if there is no such file or folder, no text in it, or one
            that is a pipe or a device.
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
    paths, left_out = [path], collections.Counter()
    if path.is_dir():
        paths, left_out = _in_folder(path, without)
    if not paths:
        raise ValueError(_no_texts(path, left_out))
    for path in paths:
        # Looked at before it is opened: to open a FIFO is to wait for a
        # writer.
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError(
                f"Expected a regular file. Received {path}, which is a pipe "
                "or a device. Pass '-' and feed the text to standard input."
            )
    return paths, left_out


def told(left_out):
    """Describes what `texts` left out.

    Args:
        left_out: What `texts` returned.

    Returns:
        A `str`, empty if there was nothing.

    Example:

    >>> told({"run": 2, "hidden": 1, ".md": 1, ".PDF": 3, "": 1})
    '2 runs of charrnn, 1 hidden, 3 .PDF, 1 .md, 1 without a suffix'
    """
    left_out = collections.Counter(left_out)
    first, bare = [], left_out.pop("", 0)
    for kind, one, several in (
        ("run", "run of charrnn", "runs of charrnn"),
        ("hidden", "hidden", "hidden"),
        ("link", "linked folder", "linked folders"),
    ):
        if count := left_out.pop(kind, 0):
            first.append(f"{count:,} {one if count == 1 else several}")
    suffixes = sorted(left_out.items(), key=lambda pair: (-pair[1], pair[0]))
    named = [f"{count:,} {suffix}" for suffix, count in suffixes[:NAMED]]
    if rest := sum(count for _, count in suffixes[NAMED:]):
        named.append(f"{rest:,} with other suffixes")
    if bare:
        named.append(f"{bare:,} without a suffix")
    return ", ".join(first + named)


def is_run(folder):
    """Whether charrnn has made a folder for a run.

    Args:
        folder: A `pathlib.Path`.

    Returns:
        A `bool`.

    Raises:
        OSError: if it cannot be read.

    Example:

    >>> is_run(Path())
    False
    """
    names = os.listdir(folder)
    return len(OF_RUNS.intersection(names)) > 1 or any(
        map(CHECKPOINT.fullmatch, names)
    )


def _names(source):
    if isinstance(source, (list, tuple)):
        return [str(name) for name in source]
    return [str(source)]


def _matches(pattern):
    """What a glob finds."""
    recursive = "**" in pattern
    found = glob.glob(pattern, recursive=recursive)
    if recursive:
        fixed = itertools.takewhile(
            lambda part: not GLOB.search(part), Path(pattern).parts
        )
        base = Path(*fixed)
        found = [
            name
            for name in found
            if os.path.isfile(name) and not any(map(is_run, _above(name, base)))
        ]
    if not found:
        raise ValueError(
            f"Expected files that match {pattern!r}. There are none. Check "
            "the path."
        )
    return sorted(found, key=Path)


def _above(name, base):
    """The folders between a file and the one that a glob begins in."""
    parents = Path(name).parents
    return itertools.takewhile(lambda folder: folder != base, parents)


def _in_folder(folder, without):
    """The texts of a folder, at any depth, and what else is there."""
    if is_run(folder):
        raise ValueError(
            f"Expected a folder of texts. Received '{folder}', the folder of "
            "a run of charrnn. Name a file in it, or another folder."
        )
    without = {os.path.realpath(path) for path in without if path}
    paths, left_out = [], collections.Counter()
    for parent, folders, files in os.walk(folder, onerror=_raise):
        kinds = {
            name: _kind_of_folder(Path(parent, name), without)
            for name in folders
        }
        folders[:] = [name for name, kind in kinds.items() if not kind]
        left_out.update(kind for kind in kinds.values() if kind)
        for name in files:
            if name.startswith("."):
                left_out["hidden"] += 1
            elif Path(name).suffix.lower() == SUFFIX:
                paths.append(Path(parent, name))
            else:
                left_out[Path(name).suffix] += 1
    return sorted(paths), left_out


def _kind_of_folder(path, without):
    """Why a folder is left out; empty if it is not."""
    if path.name.startswith("."):
        return "hidden"
    if path.is_symlink():
        return "link"
    return "run" if os.path.realpath(path) in without or is_run(path) else ""


def _raise(error):
    raise error


def _no_texts(folder, left_out):
    if rest := told(left_out):
        return (
            f"Expected files named *{SUFFIX} in the folder {folder}. It has "
            f"none ({rest} left out). Name the files that are texts."
        )
    return (
        f"Expected files named *{SUFFIX} in the folder {folder}. "
        "Received a folder without any. Name another folder or a file."
    )


def _no_such_text(name):
    import difflib

    names = catalogue.names()
    close = difflib.get_close_matches(name, names, n=1)
    advice = f"Did you mean {close[0]!r}?" if close else "Check the path."
    return (
        "Expected a file, a folder, '-' for standard input, or one of "
        f"{', '.join(names)}. Received {name!r}, and no such file exists. "
        f"{advice}"
    )
