"""Read the messages of an object header in an HDF5 file.

Each group and each array of an HDF5 file has an object header: a block of
consecutive messages that contain its shape, its type and the address of its
values. A message may continue the header in another block.
"""

import struct
from collections.abc import Iterator
from typing import Any

MAX_MESSAGES = 100  # in an object header; those that Keras writes have six

# Types of header messages.
DATASPACE = 0x01
DATATYPE = 0x03
LAYOUT = 0x08
CONTINUATION = 0x10
SYMBOL_TABLE = 0x11
_ONCE = {DATASPACE, DATATYPE, LAYOUT, SYMBOL_TABLE}
# Null, old fill value, fill value, attribute, modification times.
_SKIPPED = {0x00, 0x04, 0x05, 0x0C, 0x0E, 0x12}
_KNOWN = _ONCE | _SKIPPED | {CONTINUATION}

_SHARED = 2  # the flag of a message that is stored elsewhere


def read_messages(
    data: memoryview, header: int, path: str
) -> dict[int, memoryview]:
    """Reads an object header.

    Args:
        data: The bytes of the whole file.
        header: The header's offset in it.
        path: Of the object, for messages.

    Returns:
        A `dict` from type of message to contents.

    Raises:
        ValueError: if the header is damaged, or has messages that Keras does
            not write.
    """
    version, size = unpack("<B7xI", data, header)
    if version != 1:
        raise stored_otherwise(path)
    blocks, found = [(header + 16, size)], []
    for start, size in blocks:  # a continuation appends one meanwhile
        for kind, contents in _block(data, start, size, path):
            found.append((kind, contents))
            # Blocks may form a cycle: this limit ends it.
            at_most(MAX_MESSAGES, len(found), f"messages about {path}")
            if kind == CONTINUATION:
                start_and_size: Any = unpack("<QQ", contents)
                blocks.append(start_and_size)
    kinds = [kind for kind, _ in found if kind in _ONCE]
    if len(kinds) > len(set(kinds)):
        raise stored_otherwise(path)
    return dict(found)


def _block(
    data: memoryview, start: int, size: int, path: str
) -> Iterator[tuple[int, memoryview]]:
    """Reads the messages of a block: pairs of type and contents."""
    end = start + size
    while start < end:
        kind, size, flags = unpack("<HHB", data, start)
        start += 8 + size
        if kind not in _KNOWN or flags & _SHARED or start > end:
            raise stored_otherwise(path)
        yield kind, data[start - size : start]


def unpack(form: str, data: memoryview, start: int = 0) -> tuple[Any, ...]:
    """Unpacks numbers after checking that all of their bytes exist.

    Args:
        form: As for `struct.unpack`.
        data: The bytes.
        start: Where to begin in them.

    Returns:
        The result of `struct.unpack_from`.

    Raises:
        ValueError: if the data is too short.

    Example:

    >>> unpack("<HB", memoryview(bytes([1, 1, 7])))
    (257, 7)
    """
    size = struct.calcsize(form)
    if start + size > len(data):
        raise ValueError(
            f"Expected {size} bytes at offset {start:,} of HDF5. "
            f"Received {len(data):,} bytes in all."
        )
    return struct.unpack_from(form, data, start)


def check_begins(data: memoryview, address: int, signature: bytes) -> None:
    """Checks that a structure begins with its signature.

    Args:
        data: The bytes of the whole file.
        address: The structure's offset in it.
        signature: The bytes expected there.

    Raises:
        ValueError: if there are other bytes.
    """
    received = bytes(data[address : address + len(signature)])
    if received != signature:
        raise ValueError(
            f"Expected {signature!r} at {address:,} of an HDF5 file. "
            f"Received {received!r}."
        )


def at_most(limit: int, received: int, what: str) -> None:
    """Checks a number that bounds the work of the reader.

    Args:
        limit: The maximum that is accepted.
        received: The number in the file.
        what: The name of the things counted, for the message.

    Raises:
        ValueError: if the number is larger than the limit.
    """
    if received > limit:
        raise ValueError(
            f"Expected at most {limit:,} {what} of an HDF5 file. "
            f"Received {received:,}."
        )


def stored_otherwise(path: str) -> ValueError:
    """The error for structures that HDF5 allows but Keras does not write."""
    return ValueError(
        "Expected weights stored plainly in the model file. Received "
        f"{path or '/'} stored elsewhere or packed, or not as Keras does."
    )
