"""Check where an export goes, and find its kind from its ending."""

import os
from collections.abc import Mapping
from pathlib import Path

FOLDER = ""  # the ending of a folder

# What an exported folder may have inside, so that it may be replaced.
FOLDER_FILES = {"model.npz", "model.json", "sample.py", "__pycache__"}


def ending(out: Path | str, known: Mapping[str, str]) -> str:
    """Finds the kind of an export.

    Args:
        out: Where it goes: a file's name, or that of a folder, which has no
            ending, exists already, or ends in a slash.
        known: The known endings, and a few words about each.

    Returns:
        One of the known endings; `FOLDER` for a folder.

    Raises:
        ValueError: if the name is empty, begins with a dot, or ends in another
            way.

    Example:

    >>> known = {".html": "a page", FOLDER: "a folder"}
    >>> ending("friend.html", known), ending("model/", known)
    ('.html', '')
    """
    name = os.fspath(out)
    if name in ("", "-"):
        raise ValueError(
            f"Expected the name of a file or a folder. Received {name!r}."
        )
    if name.endswith(("/", os.sep)) or os.path.isdir(name):
        return FOLDER
    suffix = Path(name).suffix.lower()
    last = Path(name).name.lower()
    if last in known:
        raise ValueError(
            f"Expected a name before the ending, such as 'tales{last}'. "
            f"Received '{name}'."
        )
    if suffix not in known or last.startswith("."):
        kinds = ", ".join(f"{e} ({known[e]})" for e in known if e != FOLDER)
        raise ValueError(
            f"Expected a name that ends in {kinds}, or in a slash "
            f"({known[FOLDER]}). Received '{name}'."
        )
    return suffix


def check(
    path: Path, kind: str, model: Path | None = None, force: bool = False
) -> None:
    """Checks, before any work, that an export can be written.

    Args:
        path: Where it goes.
        kind: What `ending` returned.
        model: The model's file, if it is one.
        force: Whether to replace an earlier export.

    Raises:
        ValueError: if the export would replace the model or something else,
            or there is no folder to write it in.

    Example:

    >>> check(Path("new-page.html"), ".html")
    """
    if model is not None and path.exists() and path.samefile(model):
        raise ValueError(
            f"The export would overwrite the model '{path}'. Choose another "
            "name."
        )
    if not path.parent.is_dir():
        raise ValueError(
            f"Expected a folder that exists. There is no '{path.parent}'. "
            "Make it first, or choose another name."
        )
    if kind == FOLDER:
        _check_folder(path, force)
    elif path.exists() and not path.is_file():
        raise ValueError(
            f"Expected the name of a file to write. '{path}' is a device or a "
            "pipe. Choose another name."
        )
    elif path.exists() and not force:
        raise ValueError(_there_already(path))


def _check_folder(path: Path, force: bool) -> None:
    """Checks that a folder is new, empty, or an earlier export to replace."""
    if not os.path.lexists(path):
        return
    if not path.is_dir():
        raise ValueError(
            f"Expected the name of a folder. '{path}' is a file. Choose "
            "another name."
        )
    inside = {there.name for there in path.iterdir()}
    if not inside <= FOLDER_FILES:
        other = min(inside - FOLDER_FILES)
        raise ValueError(
            f"Expected a new folder, or one that was exported. '{path}' has "
            f"{other!r} in it. Choose another name."
        )
    if inside and not force:
        raise ValueError(_there_already(path))


def _there_already(path: Path) -> str:
    return (
        f"'{path}' is there already. Choose another name, or replace it with "
        "--force (force=True in Python)."
    )
