"""Write a network as a folder that needs nothing but NumPy."""

import importlib.resources
import json
from pathlib import Path

import numpy as np

from charrnn.exports.contents import arrays_of, described
from charrnn.network.engine import Engine
from charrnn.system import atomic

SCRIPT = "sample.py"  # a module of this room, which imports no other


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
    script = importlib.resources.files("charrnn.exports") / SCRIPT
    with atomic.replacing_folder(path) as folder:
        np.savez(folder / "model.npz", allow_pickle=False, **arrays)
        text = json.dumps(about, indent=1)
        (folder / "model.json").write_text(text, encoding="utf-8")
        (folder / SCRIPT).write_bytes(script.read_bytes())
