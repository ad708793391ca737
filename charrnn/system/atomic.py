"""Write a file, or a folder of files, whole or not at all."""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yields a temporary path; the file written there replaces `path`.

    The temporary file is flushed to the disk and then renamed, so the old
    file stays as it was if the program is killed or the disk is full. If
    `path` is a symbolic link, its target is replaced.

    Args:
        path: The file to write.

    Yields:
        A path in the same folder, to be written and closed. It has the suffix
        of `path`, because Keras chooses a format by it.

    Raises:
        OSError: if the folder is not writable or the disk is full.
        ValueError: if `path` is a folder or a device.

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
            f"Expected the name of a file to write. Received '{path}', which "
            "is a folder or a device. Choose another name."
        )
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        _flush_to_disk(temporary)
        os.replace(temporary, path)
    except OSError as error:
        # The user knows `path`, not the temporary name.
        if error.errno is None or error.filename not in (None, str(temporary)):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)
    if os.name == "posix":  # the renaming must survive a power cut, too
        _flush_to_disk(path.parent)


def write_text(path: str | Path, text: str) -> None:
    """Writes a text as UTF-8, whole or not at all; line ends stay as they are.

    Args:
        path: The file to write.
        text: The content.

    Raises:
        OSError, ValueError: as `replacing` does.

    Example:

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "note.txt"
    >>> write_text(target, "café")
    >>> target.read_bytes()
    b'caf\\xc3\\xa9'
    """
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))


@contextlib.contextmanager
def replacing_folder(path: str | Path) -> Iterator[Path]:
    """Yields a temporary folder, which then replaces `path`.

    Args:
        path: The folder to make. If it exists, it must have only files, or
            folders of files, that may be deleted.

    Yields:
        A new folder beside it.

    Raises:
        OSError: if the folder cannot be made. One that was there stays.

    Example:

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "notes"
    >>> with replacing_folder(target) as temporary:
    ...     _ = (temporary / "one.txt").write_text("1", encoding="utf-8")
    >>> [path.name for path in target.iterdir()]
    ['one.txt']
    """
    path = Path(os.path.realpath(path))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    before = path.with_name(f".{path.name}.{os.getpid()}.old")
    try:
        temporary.mkdir()
        yield temporary
        for written in temporary.iterdir():
            _flush_to_disk(written)
        if path.exists():
            os.rename(path, before)
        os.rename(temporary, path)
    except OSError as error:
        if str(temporary) not in str(error.filename):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        if before.exists() and not path.exists():
            os.rename(before, path)
        for left in (temporary, before):
            shutil.rmtree(left, ignore_errors=True)
    if os.name == "posix":  # as in `replacing`
        for folder in (path, path.parent):
            _flush_to_disk(folder)


def check_regular(path: Path) -> None:
    """Checks that a path is a regular file: opening a pipe could block.

    Args:
        path: The path to be read.

    Raises:
        ValueError: if it is something else, or does not exist.

    Example:

    >>> check_regular(Path(__file__))
    """
    if not path.is_file():
        raise ValueError(
            f"Expected a file '{path.name}'. Received a folder, a pipe or a "
            "device, or nothing."
        )


def remove_leftovers(folder: str | Path) -> None:
    """Deletes the temporary files that killed processes left behind.

    Args:
        folder: A folder that no other process is writing to.

    Raises:
        OSError: if the folder cannot be read, or a file cannot be deleted.

    Example:

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("note.txt", ".note.1234.tmp.txt"):
    ...     (folder / name).touch()
    >>> remove_leftovers(folder)
    >>> [path.name for path in folder.iterdir()]
    ['note.txt']
    """
    for path in Path(folder).iterdir():
        if re.fullmatch(r"\.[\w-]+\.\d+\.tmp\.\w+", path.name):
            path.unlink()


def _flush_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
