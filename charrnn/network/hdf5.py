"""Read arrays from HDF5 files, in the one layout that Keras writes.

The HDF5 library follows any pointer in a file: a damaged file can crash it,
keep it in a loop, or make it take all memory. This reader is Python and NumPy.
It looks up paths and never lists what a file contains, so its work is bounded
by fixed limits, whatever the file says.

Keras writes through h5py, whose default is the oldest version of each part of
a file. These parts of the HDF5 File Format Specification are read, with 64-bit
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

from charrnn.network.hdf5_groups import UNDEFINED, Group
from charrnn.network.hdf5_headers import (
    DATASPACE,
    DATATYPE,
    LAYOUT,
    SYMBOL_TABLE,
    read_messages,
    stored_otherwise,
    unpack,
)

MAX_RANK = 32

# The only versions, sizes of addresses and nodes, and flags that are accepted.
_SUPERBLOCK = b"\x89HDF\r\n\x1a\n" + struct.pack(
    "<BBBxBBBxHHI", 0, 0, 0, 0, 8, 8, 4, 16, 0
)

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
        path: Its path in the file, such as `"/layers/dense/vars/0"`.
        shape: Its shape, as the file states it.
        address: The offset of its first byte in the file.
        size: The number of bytes stored.
    """

    path: str
    shape: tuple[int, ...]
    address: int
    size: int


class File:
    """An HDF5 file, whose arrays are found by their paths.

    Args:
        data: The bytes of the whole file.

    Raises:
        ValueError: if the file does not begin like those that Keras writes.

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
        self._groups: dict[str, Group] = {}

    def find(self, path: str) -> Array:
        """Finds an array without reading its values.

        Args:
            path: Names from the root, a slash before each.

        Returns:
            An `Array`. Its shape is not checked: it may exceed the file.

        Raises:
            ValueError: if there is none, or it is not plain float32.
        """
        messages = read_messages(self._data, self._header(path), path)
        if not {DATASPACE, DATATYPE, LAYOUT} <= messages.keys():
            raise ValueError(f"Expected an array {path}. Received none.")
        if messages[LAYOUT][:2] != b"\3\1":  # version 3, contiguous
            raise stored_otherwise(path)
        address, size = unpack("<QQ", messages[LAYOUT], 2)
        if messages[DATATYPE][: len(_FLOAT32)] != _FLOAT32:
            raise ValueError(
                "Expected float32 weights. Received "
                f"{_type_name(messages[DATATYPE])} in {path}."
            )
        shape = _shape(messages[DATASPACE], path)
        return Array(path, shape, address, size)

    def read(self, array: Array) -> np.ndarray:
        """Reads the values of an array.

        Args:
            array: The result of `find`.

        Returns:
            A float32 array, read-only: it is a view of the file's bytes.

        Raises:
            ValueError: if the file does not contain them all.
        """
        count = math.prod(array.shape)
        end = array.address + array.size
        if array.size != 4 * count or end > len(self._data):
            raise stored_otherwise(array.path)
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
        base, _, end, driver, _, root = unpack("<6Q", self._data, 24)
        if base != 0 or driver != UNDEFINED or end > len(self._data):
            raise ValueError(
                f"Expected a whole HDF5 file of {end:,} bytes. "
                f"Received {len(self._data):,}, which begin at {base:,}."
            )
        return root

    def _header(self, path):
        """The address of the object header of a group or an array."""
        if path not in self._headers:
            parent, _, name = path.rpartition("/")
            found = self._group(parent).link(name.encode("utf-8"))
            if not found:
                raise ValueError(
                    f"Expected {name!r} in the group {parent or '/'}. "
                    "Received none."
                )
            kind, address = found
            if kind > 1:  # 0 and 1 are of an object in this file
                raise ValueError(
                    f"Expected {path} itself. Received a link to another place."
                )
            self._headers[path] = address
        return self._headers[path]

    def _group(self, path):
        if path not in self._groups:
            messages = read_messages(self._data, self._header(path), path)
            if SYMBOL_TABLE not in messages:
                raise ValueError(
                    f"Expected a group {path or '/'} as Keras stores it. "
                    "Received something else."
                )
            tree, heap = unpack("<QQ", messages[SYMBOL_TABLE])
            self._groups[path] = Group(self._data, tree, heap)
        return self._groups[path]


def _shape(dataspace, path):
    """The shape in a dataspace message."""
    version, rank = unpack("<BB", dataspace)
    if version != 1 or rank > MAX_RANK:
        raise stored_otherwise(path)
    return unpack(f"<{rank}Q", dataspace, 8)


def _type_name(datatype):
    """The type in a datatype message, named about as NumPy does."""
    kind, bits, size = unpack("<BB2xI", datatype)
    name = {0: "int", 1: "float"}.get(kind & 15)
    if name is None:
        return f"HDF5's class {kind & 15} of types, {size:,} bytes"
    order = "big-endian " if bits & 1 else ""
    return f"{order}{name}{8 * size}"
