"""Locate run folders: their place, their names, the newest."""

import os
from pathlib import Path

from charrnn.text import sources

RUNS = Path("runs")  # the parent folder of runs without --out


def newest_run(folder: Path | str = RUNS) -> Path | None:
    """Finds the run whose model was written last.

    Args:
        folder: The folder that holds the runs.

    Returns:
        The run's folder; `None` if there is no run.
    """
    models = [
        path
        for depth in ("*", "*/*")  # `charrnn compare` makes a folder of runs
        for path in Path(folder).glob(f"{depth}/model.keras")
        if path.is_file()
    ]
    newest = max(models, key=lambda path: path.stat().st_mtime, default=None)
    return newest and newest.parent


def name_of(corpus: list[str] | str) -> str:
    """Names a run after its text.

    Args:
        corpus: As for `claim`.

    Returns:
        A `str`: the first file's or folder's name, without its suffix.

    Example:

    >>> name_of("texts/emma.txt"), name_of(["emma.txt", "persuasion.txt"])
    ('emma', 'emma-etc')
    """
    first, *others = sources.expanded(corpus)
    name = "stdin" if first == "-" else Path(first).resolve().stem
    return f"{name or 'text'}-etc" if others else name or "text"


def exists(folder: Path) -> bool:
    """Whether a folder is there.

    Args:
        folder: A `pathlib.Path`.

    Raises:
        ValueError: if it, or a folder above it, is a file or a broken link.
    """
    for path in [folder, *folder.parents]:
        if path.exists() and not path.is_dir():
            raise ValueError(
                f"Expected a folder for --out. '{path}' is a file."
            )
        if path.is_symlink() and not path.exists():
            raise ValueError(
                f"Expected a folder for --out. '{path}' is a link to "
                f"'{os.readlink(path)}', which is not there. Make that folder, "
                "or remove the link."
            )
    return folder.exists()


def existing(folder: Path) -> Path:
    """Finds the nearest folder that exists: a folder or one above it.

    Args:
        folder: A `pathlib.Path`.

    Returns:
        A `pathlib.Path`.
    """
    above = (path for path in [folder, *folder.parents] if path.is_dir())
    return next(above, Path())
