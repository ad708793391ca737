"""Check the output paths of a verb, and report what was written."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from charrnn.system.terminal import remark
from charrnn.text import sources


class Kind(NamedTuple):
    """A kind of file that a verb writes.

    Attributes:
        begins: The first bytes of each such file.
        suffix: How its name ends.
    """

    begins: bytes
    suffix: str


PNG = Kind(b"\x89PNG", ".png")
SVG = Kind(b"<svg", ".svg")
PAGE = Kind(b"<!doctype html>", ".html")


def check_output(
    flag: str,
    path: Path | None,
    inputs: Mapping[str, Any],
    kind: Kind | None = None,
) -> None:
    """Checks, before any work, that a file can be written and none is lost.

    Args:
        flag: The flag that names the file to write.
        path: That file, or `None` if the flag was not given.
        inputs: The inputs by their names in messages: each a path, a list of
            sources as `charrnn.read` takes them, or `None`.
        kind: The kind of the file. An older file of that kind is replaced,
            other files are not.

    Raises:
        ValueError: if the file is one of the inputs or in an input folder, if
            its folder does not exist, if its name has the wrong suffix, or if
            it would replace a file of another kind.
    """
    if path is None:
        return
    for what, source in inputs.items():
        for other in _paths_of(source):
            _check_apart(flag, path, what, other)
    if not path.parent.is_dir():
        raise ValueError(
            f"Expected {flag} in a folder that exists. There is no "
            f"'{path.parent}'. Make it first, or choose another name."
        )
    if kind is not None:
        _check_kind(flag, path, kind)


def _paths_of(source: Any) -> list:
    """The paths of an input."""
    if isinstance(source, list):
        return sources.expanded(source)
    return [source] if source else []


def _check_kind(flag: str, path: Path, kind: Kind) -> None:
    """Checks the suffix, and that an existing file is of the same kind."""
    if path.suffix.lower() != kind.suffix:
        raise ValueError(
            f"Expected {flag} to end in {kind.suffix}. Received '{path}'."
        )
    if os.path.isfile(path):
        with open(path, "rb") as file:
            begins = file.read(len(kind.begins))
        if begins != kind.begins:
            raise ValueError(
                f"{flag} would overwrite '{path}', which is no "
                f"{kind.suffix} file. Choose another name."
            )


def _check_apart(flag: str, path: Path, what: str, other: Path | str) -> None:
    """Checks that a path is not an input and not inside an input folder."""
    output, given = (Path(os.path.realpath(each)) for each in (path, other))
    if output == given:
        raise ValueError(
            f"{flag} would overwrite {what} '{path}'. Choose another name."
        )
    if given.is_dir() and given in output.parents:
        raise ValueError(
            f"Expected {flag} outside of the folder '{other}', which is "
            f"{what}. Received '{path}'. Choose another name."
        )


def tell_written(path: Path) -> None:
    """Says on standard error that a file was written.

    Args:
        path: The file.
    """
    remark(f"wrote {path}")
