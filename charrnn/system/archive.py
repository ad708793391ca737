"""Read an untrusted zip archive within fixed limits."""

import contextlib
import os
import re
import zipfile
from collections.abc import Iterator
from typing import IO

MAX_FILE_BYTES = 2 << 30  # half a billion weights
MAX_TABLE_BYTES = 1 << 16  # the table of contents, at the end of the file
MAX_MEMBERS = 100
MAX_NAME_CHARACTERS = 255
MAX_UNPACKED_PER_PACKED_BYTE = 20

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# A relative path of which no part begins with a dot: no "..", no hidden file.
_NAME = re.compile(r"(\w[\w.-]*/)*(\w[\w.-]*)?", re.ASCII)


@contextlib.contextmanager
def opened(file: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """Opens an archive, and checks its sizes and names before any is used.

    Args:
        file: A binary file, open for reading.

    Yields:
        The archive, open for reading.

    Raises:
        ValueError: if it is not a zip archive, or exceeds a limit.
        zipfile.BadZipFile: if it is damaged.

    Example:

    >>> import io
    >>> file = io.BytesIO()
    >>> with zipfile.ZipFile(file, "w") as archive:
    ...     archive.writestr("a.txt", "some text")
    >>> with opened(file) as archive:
    ...     read_member(archive, "a.txt", limit=100)
    b'some text'
    """
    size = file.seek(0, os.SEEK_END)
    _at_most(MAX_FILE_BYTES, size, "bytes")
    _check_end(file, size)
    with zipfile.ZipFile(file) as archive:
        _check_members(archive.infolist(), size)
        yield archive


def read_member(
    archive: zipfile.ZipFile, name: str, limit: int = MAX_FILE_BYTES
) -> bytes:
    """Reads a member: exactly as many bytes as the table of contents states.

    Args:
        archive: An archive, as `opened` yields it.
        name: The member's name.
        limit: Maximum number of bytes.

    Returns:
        The unpacked bytes.

    Raises:
        ValueError: if there is no such member, or it is larger than `limit`,
            or its data ends early.
        zipfile.BadZipFile: if it is damaged.

    Example:

    >>> import io
    >>> archive = zipfile.ZipFile(io.BytesIO(), "w")
    >>> archive.writestr("a.txt", "some text")
    >>> read_member(archive, "a.txt", limit=100)
    b'some text'
    """
    size = member_size(archive, name)
    _at_most(limit, size, f"bytes in {name}")
    with archive.open(name) as member:
        data = member.read(size)  # the table may be wrong: there may be more
    if len(data) < size:
        raise ValueError(
            f"Expected {size:,} bytes in {name}. Received {len(data):,}."
        )
    return data


def member_size(archive: zipfile.ZipFile, name: str) -> int:
    """Returns the size of a member in bytes, before it is read.

    Args:
        archive: An archive, as `opened` yields it.
        name: The member's name.

    Returns:
        Its size in bytes, as the table of contents states it.

    Raises:
        ValueError: if there is no such member.

    Example:

    >>> import io
    >>> archive = zipfile.ZipFile(io.BytesIO(), "w")
    >>> archive.writestr("a.txt", "some text")
    >>> member_size(archive, "a.txt")
    9
    """
    if name not in archive.namelist():
        raise ValueError(
            f"Expected a member {name}. "
            f"Received {', '.join(archive.namelist()) or 'none'}."
        )
    return archive.getinfo(name).file_size


def _check_end(file: IO[bytes], size: int) -> None:
    """Checks the last record, before `ZipFile` reads the table it refers to.

    The last 22 bytes are the "end of central directory" record, unless a
    comment follows it. In a zip64 archive, a record of 20 bytes precedes it
    and refers to larger tables.
    """
    file.seek(max(0, size - 42))
    tail = file.read()
    end, before = tail[-22:], tail[-42:-38]
    is_whole = len(end) == 22 and end.startswith(b"PK\5\6")
    has_comment = end[-2:] != b"\0\0"  # the comment's length
    is_zip64 = before == b"PK\6\7"
    if not is_whole or has_comment or is_zip64:
        file.seek(0)
        raise ValueError(
            "Expected a whole zip archive, without a comment. "
            f"Received {size:,} bytes that begin with {file.read(8)!r}."
        )
    table = int.from_bytes(end[12:16], "little")
    _at_most(MAX_TABLE_BYTES, table, "bytes in the table of contents")


def _check_members(members: list[zipfile.ZipInfo], size: int) -> None:
    _check_names([member.filename for member in members])
    # Members that overlap would unpack the same bytes many times.
    packed = sum(member.compress_size for member in members)
    _at_most(size, packed, "bytes in all members")
    for member in members:
        if member.compress_type not in _METHODS:
            raise ValueError(
                f"Expected {member.filename} stored or deflated. Received "
                f"compression method {member.compress_type}."
            )
        _at_most(
            MAX_UNPACKED_PER_PACKED_BYTE * member.compress_size,
            member.file_size,
            f"bytes unpacked from the {member.compress_size:,} of "
            f"{member.filename}",
        )


def _check_names(names: list[str]) -> None:
    _at_most(MAX_MEMBERS, len(names), "members")
    for name in names:
        _at_most(
            MAX_NAME_CHARACTERS, len(name), "characters in a member's name"
        )
        if not _NAME.fullmatch(name):
            raise ValueError(
                "Expected plain names of members, in folders of the archive "
                f"at most. Received {name!r}."
            )
        if names.count(name) > 1:
            raise ValueError(
                f"Expected members of different names. Received {name!r} "
                "more than once."
            )


def _at_most(limit: int, received: int, what: str) -> None:
    if received > limit:
        raise ValueError(
            f"Expected at most {limit:,} {what}. Received {received:,}."
        )
