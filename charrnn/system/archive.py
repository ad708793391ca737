"""Read a zip archive that a stranger may have made, within limits."""

import contextlib
import os
import re
import zipfile

FILE_LIMIT = 2 << 30  # bytes: half a billion weights
TABLE_LIMIT = 1 << 16  # bytes of the table of contents, at the file's end
COUNT_LIMIT = 100  # members
NAME_LIMIT = 255  # characters
RATIO_LIMIT = 20  # bytes unpacked from one

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# Neither absolute nor with a "..": no part begins with a dot.
_NAME = re.compile(r"(\w[\w.-]*/)*(\w[\w.-]*)?", re.ASCII)


@contextlib.contextmanager
def opened(file):
    """Opens an archive after a look at its sizes and names.

    Args:
        file: A binary file, open for reading.

    Yields:
        A `zipfile.ZipFile`.

    Raises:
        ValueError: if it is no archive, or beyond the limits.
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
    _at_most(FILE_LIMIT, size, "bytes")
    _check_end(file, size)
    with zipfile.ZipFile(file) as archive:
        _check_members(archive.infolist(), size)
        yield archive


def read_member(archive, name, limit=FILE_LIMIT):
    """Reads a member, and no more of it than the archive promised.

    Args:
        archive: A `zipfile.ZipFile`, as `opened` gives it.
        name: Of the member.
        limit: Bytes at most.

    Returns:
        The `bytes`.

    Raises:
        ValueError: if there is no such member, or it is larger than `limit`,
            or its data end early.
        zipfile.BadZipFile: if it is damaged.
    """
    size = member_size(archive, name)
    _at_most(limit, size, f"bytes in {name}")
    with archive.open(name) as member:
        data = member.read(size)  # the size may be a lie: there may be more
    if len(data) < size:
        raise ValueError(
            f"Expected {size:,} bytes in {name}. Received {len(data):,}."
        )
    return data


def member_size(archive, name):
    """The size of a member in bytes, before it is read.

    Args:
        archive: A `zipfile.ZipFile`.
        name: Of the member.

    Returns:
        An `int`.

    Raises:
        ValueError: if there is no such member.
    """
    if name not in archive.namelist():
        raise ValueError(
            f"Expected a member {name}. "
            f"Received {', '.join(archive.namelist()) or 'none'}."
        )
    return archive.getinfo(name).file_size


def _check_end(file, size):
    """Checks the last record, before `ZipFile` reads the table it tells of."""
    file.seek(max(0, size - 42))
    tail = file.read()
    end, before = tail[-22:], tail[-42:-38]
    whole = len(end) == 22 and end.startswith(b"PK\5\6")
    comment = end[-2:] != b"\0\0"  # its length: the record could be elsewhere
    large = before == b"PK\6\7"  # another record holds, for larger archives
    if not whole or comment or large:
        file.seek(0)
        raise ValueError(
            "Expected a whole zip archive, without a comment. "
            f"Received {size:,} bytes that begin with {file.read(8)!r}."
        )
    table = int.from_bytes(end[12:16], "little")
    _at_most(TABLE_LIMIT, table, "bytes in the table of contents")


def _check_members(members, size):
    names = [member.filename for member in members]
    _at_most(COUNT_LIMIT, len(names), "members")
    for name in names:
        _at_most(NAME_LIMIT, len(name), "characters in a member's name")
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
    packed = sum(member.compress_size for member in members)
    _at_most(size, packed, "bytes in all members")
    for member in members:
        if member.compress_type not in _METHODS:
            raise ValueError(
                f"Expected {member.filename} stored or deflated. Received "
                f"compression method {member.compress_type}."
            )
        _at_most(
            RATIO_LIMIT * member.compress_size,
            member.file_size,
            f"bytes unpacked from the {member.compress_size:,} of "
            f"{member.filename}",
        )


def _at_most(limit, received, what):
    if received > limit:
        raise ValueError(
            f"Expected at most {limit:,} {what}. Received {received:,}."
        )
