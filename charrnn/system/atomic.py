"""Write a file whole or not at all."""

import contextlib
import os
import re
from pathlib import Path


@contextlib.contextmanager
def replacing(path):
    """Yields a temporary path whose file takes the place of `path` at the end.

    A program killed in between, or a full disk, leaves the old file as it
    was: the new one is flushed to the disk before it is renamed. The
    temporary name keeps the suffix of `path`, since Keras looks at it.

    Args:
        path: The file to write, a `str` or a `pathlib.Path`.

    Yields:
        A `pathlib.Path` in the same folder, to be written and closed.

    Raises:
        OSError: if the folder is not writable or the disk is full.
        ValueError: if `path` is a folder or a device, which a file would
            destroy. Of a symbolic link the target is replaced.

    Example:

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "note.txt"
    >>> with replacing(target) as temporary:
    ...     _ = temporary.write_text("whole", encoding="utf-8")
    >>> target.read_text(encoding="utf-8")
    'whole'
    """
    path = Path(os.path.realpath(path))  # resolve() fails at a loop of links
    if path.exists() and not path.is_file():
        raise ValueError(
            f"Expected the name of a file to write. '{path}' is a folder or "
            "a device. Choose another name."
        )
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        _flush_to_disk(temporary)
        os.replace(temporary, path)
    except OSError as error:
        if error.errno is None or error.filename not in (None, str(temporary)):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)
    if os.name == "posix":  # the new name, too, must outlive a power cut
        _flush_to_disk(path.parent)


def write_text(path, text):
    """Writes `text` as UTF-8, with its line ends as they are, atomically.

    Args:
        path: The file to write.
        text: A `str`.

    Raises:
        OSError: if the folder is not writable or the disk is full.

    Example:

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "note.txt"
    >>> write_text(target, "café")
    >>> target.read_bytes()
    b'caf\\xc3\\xa9'
    """
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))


def remove_leftovers(folder):
    """Deletes what killed processes were in the middle of writing.

    Args:
        folder: A folder that no other process is writing to.
    """
    for path in Path(folder).iterdir():
        if re.fullmatch(r"\.[\w-]+\.\d+\.tmp\.\w+", path.name):
            path.unlink()


def _flush_to_disk(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
