"""Open each part of a text: a file, standard input, or a corpus."""

import contextlib
import dataclasses
import functools
import io
import sys
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from charrnn.system import ram
from charrnn.text import catalogue, decoding, sources

MAX_BYTES_IN_RAM = 1 << 26  # of standard input; a larger one goes to the disk


@dataclasses.dataclass(frozen=True)
class Part:
    """A part of a text, which can be read any number of times.

    Attributes:
        title: Its name in messages.
        encoding: The encoding of its bytes.
        size: Its size in bytes.
        open_again: Opens it at its start, as a binary file in a `with`.
        path: The file, if it is one.
    """

    title: str
    encoding: str
    size: int
    open_again: Callable[[], contextlib.AbstractContextManager[IO[bytes]]]
    path: Path | None = None


def parts_of(
    name: str,
    encoding: str,
    without: tuple = (),
    say: Callable[[str], Any] | None = None,
) -> list[Part]:
    """Finds the parts that one name means.

    Args:
        name: A path, the name of a corpus, or "-" for standard input.
        encoding: The encoding of files and standard input.
        without: Paths of folders to skip when reading a folder.
        say: Called with a line about how many files of a folder are read.

    Returns:
        The parts, those of a folder in the order of their paths.

    Raises:
        ValueError: if there is no such text, or it does not fit into the
            machine's RAM.
        OSError: if it cannot be read.

    Example:

    >>> [part.title for part in parts_of("python", "utf-8")]
    ['python']
    """
    if name == "-":
        return [_standard_input(encoding)]
    if name in catalogue.names() and not Path(name).is_file():
        data = catalogue.corpus_text(name, say).encode()
        open_again = functools.partial(io.BytesIO, data)
        return [Part(name, "utf-8", len(data), open_again)]
    paths, left_out = sources.texts(name, without)
    if say and Path(name).is_dir():
        what = "file" if len(paths) == 1 else "files"
        rest = f"; left out: {sources.told(left_out)}" if left_out else ""
        say(f"{name}: {len(paths):,} {what} read{rest}")
    return [_file(path, encoding) for path in paths]


def check_ram(size: int, title: str) -> None:
    """Checks that a text of a given size fits into the machine's RAM.

    Args:
        size: Number of bytes.
        title: The name of the text in the message.

    Raises:
        ValueError: if it does not fit.

    Example:

    >>> check_ram(100, "notes.txt")
    """
    ram.check_fits(size, f"the text in {title}", "Use a part of it.")


def _file(path: Path, encoding: str) -> Part:
    open_again = functools.partial(_opened, path)
    return Part(str(path), encoding, path.stat().st_size, open_again, path)


def _opened(path: Path) -> IO[bytes]:
    return path.open("rb")


def _standard_input(encoding: str) -> Part:
    """Copies standard input, which can be read only once, to a file.

    A large file is on the disk, without a name. It is deleted together with
    the part.
    """
    file = tempfile.SpooledTemporaryFile(max_size=MAX_BYTES_IN_RAM)
    try:
        while data := sys.stdin.buffer.read(decoding.BYTES_PER_PIECE):
            file.write(data)
            check_ram(file.tell(), "standard input")  # it may be endless
    except BaseException:
        file.close()
        raise
    open_again = functools.partial(_rewound, file)
    part = Part("standard input", encoding, file.tell(), open_again)
    weakref.finalize(part, file.close)
    return part


def _rewound(file: IO[bytes]) -> contextlib.AbstractContextManager[IO[bytes]]:
    """Rewinds a file; a `with` block does not close it."""
    file.seek(0)
    return contextlib.nullcontext(file)
