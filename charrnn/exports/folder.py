"""Write a network as a folder that needs nothing but NumPy."""

import importlib.resources
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.exports.contents import arrays_of, described
from charrnn.network.engine import Engine
from charrnn.system import atomic

SCRIPT = "sample.py"  # a module of this room, which imports no other

# A section of the script, between `# [word]` and `# [/word]`.
_SECTION = re.compile(
    r"^ *# \[(\w+)\]\n(.*?)^ *# \[/\1\]\n", re.MULTILINE | re.DOTALL
)


def write(engine: Engine, path: Path, weights: str, title: str) -> None:
    """Writes a folder: weights, what they mean, and a program that runs them.

    `model.npz` has the arrays of `contents.arrays_of`, `model.json` the entries
    of `contents.described`. `sample.py` writes and scores texts.

    Args:
        engine: The model.
        path: The folder. If it exists, it is replaced.
        weights: The type in which they are stored, as for `arrays_of`.
        title: Not used: the folder's name is its title.

    Raises:
        ValueError: as `arrays_of` and `described` do.
        OSError: if the folder cannot be written.

    Example:

    >>> import tempfile
    >>> from charrnn import load
    >>> path = Path(tempfile.mkdtemp()) / "shakespeare"
    >>> write(load("shakespeare"), path, "float16", "")
    >>> sorted(file.name for file in path.iterdir())
    ['model.json', 'model.npz', 'sample.py']
    """
    arrays, about = arrays_of(engine, weights), described(engine)
    with atomic.replacing_folder(path) as folder:
        np.savez(folder / "model.npz", allow_pickle=False, **arrays)
        text = json.dumps(about, indent=1)
        (folder / "model.json").write_text(text, encoding="utf-8")
        (folder / SCRIPT).write_text(script(about), encoding="utf-8")


def script(about: Mapping[str, Any]) -> str:
    """The program of a folder.

    It is short enough to be read from top to bottom, because it has only those
    sections of `sample.py` that the model needs: of the cells, its own; what
    is about words, bytes or documents only if the model has them.

    Args:
        about: What `described` returned.

    Returns:
        Python.

    Example:

    >>> about = {"cells": ["GRU"], "unit": "character", "boundary": None}
    >>> program = script(about)
    >>> "def gru(" in program, "def lstm(" in program
    (True, False)
    """
    needed = {about["unit"], *about["cells"]}
    if about["boundary"] is not None:
        needed.add("documents")
    source = importlib.resources.files("charrnn.exports") / SCRIPT
    program = _SECTION.sub(
        lambda section: section[2] if section[1] in needed else "",
        source.read_text(encoding="utf-8"),
    )
    return re.sub("\n{4,}", "\n\n\n", program)  # two blank lines at most
