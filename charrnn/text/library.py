"""Read the source code of Python's standard library as one text."""

import os
import sysconfig
from collections.abc import Iterator
from pathlib import Path

# Folders of the library that hold tests, programs, installed packages or
# tables of numbers.
FOLDERS_LEFT_OUT = {
    "dist-packages",
    "encodings",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "site-packages",
    "test",
    "tests",
    "turtledemo",
}


def library_folder() -> Path:
    """Returns the folder of this Python's standard library.

    Returns:
        The path of its folder.

    Example:

    >>> (library_folder() / "os.py").is_file()
    True
    """
    return Path(sysconfig.get_path("stdlib"))


def library_text(folder: Path) -> str:
    """Joins the modules of a standard library that are plain ASCII.

    Tests, installed packages and bundled programs are left out.

    Args:
        folder: Where the library is.

    Returns:
        The modules in the order of their paths, each ending in a newline.

    Raises:
        ValueError: if the folder holds no such module.

    Example:

    >>> "class OrderedDict" in library_text(library_folder())
    True
    """
    sources = [path.read_bytes() for path in sorted(_modules(folder))]
    texts = [source.decode() for source in sources if source.isascii()]
    text = "".join(f"{text.rstrip()}\n" for text in texts if text.strip())
    if not text:
        raise ValueError(
            f"Expected Python modules in {folder}. Received none. Use a "
            "Python that has its library in files."
        )
    return text


def _modules(folder: Path) -> Iterator[Path]:
    """Yields the paths of the modules, except those about this build."""
    for parent, folders, files in os.walk(folder):
        folders[:] = set(folders) - FOLDERS_LEFT_OUT
        for file in files:
            if file.endswith(".py") and not file.startswith("_sysconfigdata"):
                yield Path(parent, file)
