"""Read arrays from HDF5 files of the layout that Keras writes, and no other.

The HDF5 library follows whatever pointers a file holds: a damaged file can
crash it, keep it in a loop, or make it take all memory. This reader is Python
and NumPy. It looks up paths and never lists what a file contains, so its work
is bounded by the limits below and not by what the file says.

Keras writes through h5py, whose default is the oldest version of each part of
a file. Of the HDF5 File Format Specification this much is read, with 64-bit
addresses that count from byte 0 of the file:

* superblock, version 0;
* groups: a B-tree, version 1, over symbol table nodes, with the names in a
  local heap, whose list of free blocks must be sound;
* object headers, version 1, with continuation blocks, and in them the messages
  dataspace (version 1), datatype (IEEE float32, little-endian), data layout
  (version 3, contiguous) and symbol table.

Attributes, fill values and modification times are skipped. Anything else is
refused: other versions, links to other places, chunks, filters, data in other
files, shared messages.
"""

import dataclasses
import math
import struct

import numpy as np

MAX_MESSAGES = 100  # in an object header; those that Keras writes have six
MAX_LEVELS = 8  # of a B-tree; two are enough for 256 names
MAX_FREE_BLOCKS = 100  # of a heap; Keras leaves one
MAX_RANK = 32

# Versions, sizes of addresses and nodes, flags: the only ones that are read.
_SUPERBLOCK = b"\x89HDF\r\n\x1a\n" + struct.pack(
    "<BBBxBBBxHHI", 0, 0, 0, 0, 8, 8, 4, 16, 0
)
_MAX_LINKS = 2 * 4  # in a symbol table node, as the superblock says
_MAX_CHILDREN = 2 * 16  # of a node of a B-tree
_UNDEFINED = 0xFFFF_FFFF_FFFF_FFFF  # the address of what is not there
_LAST_FREE = {1, _UNDEFINED}  # instead of the offset of a next free block

# Types of header messages.
_DATASPACE = 0x01
_DATATYPE = 0x03
_LAYOUT = 0x08
_CONTINUATION = 0x10
_SYMBOL_TABLE = 0x11
_READ_ONCE = {_DATASPACE, _DATATYPE, _LAYOUT, _SYMBOL_TABLE}
# Nothing, old fill value, fill value, attribute, modification times.
_SKIPPED = {0x00, 0x04, 0x05, 0x0C, 0x0E, 0x12}
_KNOWN = _READ_ONCE | _SKIPPED | {_CONTINUATION}

# Floating point (class 1, version 1), little-endian, sign in bit 31; of
# 4 bytes, 32 bits; exponent of 8 bits from bit 23, mantissa of 23 from bit 0;
# bias 127.
_FLOAT32 = struct.pack(
    "<BBBBIHHBBBBI", 0x11, 0x20, 31, 0, 4, 0, 32, 23, 8, 0, 23, 127
)


@dataclasses.dataclass(frozen=True)
class Array:
    """A float32 array in a file, before its values are read.

    Attributes:
        path: Where it is, such as `"/layers/dense/vars/0"`.
        shape: Its shape, as the file tells it.
        address: The offset of its first byte in the file.
        size: The bytes that are stored.
    """

    path: str
    shape: tuple[int, ...]
    address: int
    size: int


class File:
    """The arrays of an HDF5 file, to be found by their paths.

    Args:
        data: The bytes of the whole file.

    Raises:
        ValueError: if the file does not begin as those that Keras writes.

    Example:

    >>> import h5py, io
    >>> stored = io.BytesIO()
    >>> with h5py.File(stored, "w") as root:
    ...     root["vars/0"] = np.array([1, 2], "f4")
    >>> file = File(stored.getvalue())
    >>> array = file.find("/vars/0")
    >>> array.shape
    (2,)
    >>> file.read(array)
    array([1., 2.], dtype=float32)
    """

    def __init__(self, data: bytes):
        self._data = memoryview(data)
        self._headers = {"": self._root()}  # addresses, by path
        self._groups: dict[str, tuple[int, int, int]] = {}

    def find(self, path: str) -> Array:
        """Finds an array without reading its values.

        Args:
            path: Names from the root, a slash before each.

        Returns:
            An `Array`. Its shape may be larger than the file.

        Raises:
            ValueError: if there is none, or it is not plain float32.
        """
        messages = self._messages(self._header(path), path)
        if not {_DATASPACE, _DATATYPE, _LAYOUT} <= messages.keys():
            raise ValueError(f"Expected an array {path}. Received none.")
        if messages[_LAYOUT][:2] != b"\3\1":  # version 3, contiguous
            raise _stored_otherwise(path)
        address, size = _unpack("<QQ", messages[_LAYOUT], 2)
        if messages[_DATATYPE][: len(_FLOAT32)] != _FLOAT32:
            raise ValueError(
                "Expected float32 weights. Received "
                f"{_type_name(messages[_DATATYPE])} in {path}."
            )
        shape = _shape(messages[_DATASPACE], path)
        return Array(path, shape, address, size)

    def read(self, array: Array) -> np.ndarray:
        """Reads the values of an array.

        Args:
            array: What `find` returned.

        Returns:
            A float32 array, read-only: it is a view of the file's bytes.

        Raises:
            ValueError: if they are not all in the file.
        """
        count = math.prod(array.shape)
        end = array.address + array.size
        if array.size != 4 * count or end > len(self._data):
            raise _stored_otherwise(array.path)
        values = np.frombuffer(self._data, "<f4", count, array.address)
        return values.reshape(array.shape)

    def _root(self):
        """Checks the superblock; returns the address of the root's header."""
        begin = bytes(self._data[: len(_SUPERBLOCK)])
        if begin != _SUPERBLOCK:
            raise ValueError(
                "Expected weights in HDF5, in the layout that Keras writes. "
                f"Received a file that begins with {begin!r}."
            )
        base, _, end, driver, _, root = _unpack("<6Q", self._data, 24)
        if base != 0 or driver != _UNDEFINED or end > len(self._data):
            raise ValueError(
                f"Expected a whole HDF5 file of {end:,} bytes. "
                f"Received {len(self._data):,}, which begin at {base:,}."
            )
        return root

    def _header(self, path):
        """The address of the object header of a group or an array."""
        if path not in self._headers:
            parent, _, name = path.rpartition("/")
            kind, address = self._link(parent, name.encode("utf-8"))
            if kind > 1:  # 0 and 1 are of an object in this file
                raise ValueError(
                    f"Expected {path} itself. Received a link to another place."
                )
            self._headers[path] = address
        return self._headers[path]

    def _group(self, path):
        """Where a group's B-tree is, and where its names begin and end."""
        if path not in self._groups:
            messages = self._messages(self._header(path), path)
            if _SYMBOL_TABLE not in messages:
                raise ValueError(
                    f"Expected a group {path or '/'} as Keras stores it. "
                    "Received something else."
                )
            tree, heap = _unpack("<QQ", messages[_SYMBOL_TABLE])
            self._check_begins(heap, b"HEAP\0")
            size, free, names = _unpack("<3Q", self._data, heap + 8)
            end = names + size
            _at_most(len(self._data), end, "bytes up to the end of a heap")
            self._check_free(free, names, end)
            self._groups[path] = tree, names, end
        return self._groups[path]

    def _check_free(self, block, start, end):
        """Checks the list of a heap's free blocks: it must come to an end."""
        names = self._data[start:end]
        for _ in range(MAX_FREE_BLOCKS):
            if block in _LAST_FREE:
                return
            block, _ = _unpack("<QQ", names, block)
        raise ValueError(
            f"Expected at most {MAX_FREE_BLOCKS} free blocks in a heap of an "
            "HDF5 file. Received more."
        )

    def _link(self, path, name):
        """Looks a name up in a group: the kind of link, and its target."""
        node, *names = self._group(path)
        [level] = _unpack("<B", self._data, node + 5)
        _at_most(MAX_LEVELS, level + 1, "levels of a B-tree")
        for expected in range(level, -1, -1):
            if node is not None:
                node = self._child(node, expected, names, name)
        found = node and self._entry(node, names, name)
        if not found:
            raise ValueError(
                f"Expected {name.decode()!r} in the group {path or '/'}. "
                "Received none."
            )
        return found

    def _child(self, node, level, names, name):
        """Finds the child of a B-tree's node under which a name must be."""
        # Each level is lower than the last: no node is below itself.
        self._check_begins(node, b"TREE\0" + bytes([level]))
        [count] = _unpack("<H", self._data, node + 6)
        _at_most(_MAX_CHILDREN, count, "children of a node")
        # A key stands before and after each child: its last name.
        _, *rest = _unpack(f"<{2 * count + 1}Q", self._data, node + 24)
        for child, last in zip(rest[::2], rest[1::2], strict=True):
            if name <= self._name(last, names, len(name)):
                return child
        return None

    def _entry(self, node, names, name):
        """Looks a name up in a symbol table node."""
        self._check_begins(node, b"SNOD\1")
        [count] = _unpack("<H", self._data, node + 6)
        _at_most(_MAX_LINKS, count, "links in a node")
        for i in range(count):
            start, header, kind = _unpack("<QQI", self._data, node + 8 + 40 * i)
            if name == self._name(start, names, len(name)):
                return kind, header
        return None

    def _name(self, start, names, length):
        """A name in a local heap, or as much of it as tells it from others."""
        first, end = names
        end = min(first + start + length + 1, end)
        return bytes(self._data[first + start : end]).split(b"\0")[0]

    def _messages(self, header, path):
        """Reads an object header: a `dict` from type of message to contents."""
        version, size = _unpack("<B7xI", self._data, header)
        if version != 1:
            raise _stored_otherwise(path)
        blocks, messages = [(header + 16, size)], []
        for start, size in blocks:  # a continuation adds one
            for kind, contents in self._block(start, size, path):
                messages.append((kind, contents))
                _at_most(MAX_MESSAGES, len(messages), f"messages about {path}")
                if kind == _CONTINUATION:
                    blocks.append(_unpack("<QQ", contents))
        kinds = [kind for kind, _ in messages if kind in _READ_ONCE]
        if len(kinds) > len(set(kinds)):
            raise _stored_otherwise(path)
        return dict(messages)

    def _block(self, start, size, path):
        """Reads the messages of a block: pairs of type and contents."""
        end = start + size
        while start < end:
            kind, size, flags = _unpack("<HHB", self._data, start)
            shared = flags & 2
            start += 8 + size
            if kind not in _KNOWN or shared or start > end:
                raise _stored_otherwise(path)
            yield kind, self._data[start - size : start]

    def _check_begins(self, address, signature):
        received = bytes(self._data[address : address + len(signature)])
        if received != signature:
            raise ValueError(
                f"Expected {signature!r} at {address:,} of an HDF5 file. "
                f"Received {received!r}."
            )


def _shape(dataspace, path):
    """The shape that a dataspace message tells."""
    version, rank = _unpack("<BB", dataspace)
    if version != 1 or rank > MAX_RANK:
        raise _stored_otherwise(path)
    return _unpack(f"<{rank}Q", dataspace, 8)


def _type_name(datatype):
    """What a datatype message tells, as NumPy would call it, or nearly."""
    kind, bits, size = _unpack("<BB2xI", datatype)
    name = {0: "int", 1: "float"}.get(kind & 15)
    if name is None:
        return f"HDF5's class {kind & 15} of types, {size:,} bytes"
    order = "big-endian " if bits & 1 else ""
    return f"{order}{name}{8 * size}"


def _unpack(form, data, start=0):
    """Unpacks what a `struct` format tells, if it is all there."""
    size = struct.calcsize(form)
    if start + size > len(data):
        raise ValueError(
            f"Expected {size} bytes at offset {start:,} of HDF5. "
            f"Received {len(data):,} bytes in all."
        )
    return struct.unpack_from(form, data, start)


def _at_most(limit, received, what):
    if received > limit:
        raise ValueError(
            f"Expected at most {limit:,} {what} of an HDF5 file. "
            f"Received {received:,}."
        )


def _stored_otherwise(path):
    return ValueError(
        "Expected weights stored plainly in the model file. Received "
        f"{path or '/'} stored elsewhere or packed, or not as Keras does."
    )
