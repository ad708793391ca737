"""Look up a name in a group of an HDF5 file: in its B-tree and heap.

A group is a folder inside the file. Its names are stored in a local heap; a
B-tree, ordered by name, leads to the symbol table nodes, each with up to eight
entries that point to object headers.
"""

from charrnn.network.hdf5_headers import at_most, check_begins, unpack

MAX_LEVELS = 8  # of a B-tree; two are enough for 256 names
MAX_FREE_BLOCKS = 100  # of a heap; Keras leaves one

_MAX_LINKS = 2 * 4  # in a symbol table node, as the superblock says
_MAX_CHILDREN = 2 * 16  # of a node of a B-tree
UNDEFINED = 0xFFFF_FFFF_FFFF_FFFF  # the address of a missing structure
_LAST_FREE = {1, UNDEFINED}  # instead of the offset of a next free block


class Group:
    """The names of a group.

    Args:
        data: The bytes of the whole file.
        tree: The offset of the B-tree's root.
        heap: The offset of the local heap.

    Raises:
        ValueError: if the heap is damaged.
    """

    def __init__(self, data: memoryview, tree: int, heap: int):
        self._data, self._tree = data, tree
        check_begins(data, heap, b"HEAP\0")
        size, free, self._names = unpack("<3Q", data, heap + 8)
        self._end = self._names + size
        at_most(len(data), self._end, "bytes up to the end of a heap")
        self._check_free(free)

    def link(self, name: bytes) -> tuple[int, int] | None:
        """Looks a name up.

        Args:
            name: In UTF-8.

        Returns:
            `(kind, header)`: the kind of link (0 and 1 are of an object in
            this file) and the offset of the object's header; `None` if the
            group has no such name.

        Raises:
            ValueError: if the B-tree is damaged.
        """
        [level] = unpack("<B", self._data, self._tree + 5)
        at_most(MAX_LEVELS, level + 1, "levels of a B-tree")
        node: int | None = self._tree
        for expected in range(level, -1, -1):
            if node is not None:
                node = self._child(node, expected, name)
        return None if node is None else self._entry(node, name)

    def _child(self, node, level, name):
        """Finds the child of a B-tree's node under which a name must be."""
        # Each level must be lower than the last, so no cycle is followed.
        check_begins(self._data, node, b"TREE\0" + bytes([level]))
        [count] = unpack("<H", self._data, node + 6)
        at_most(_MAX_CHILDREN, count, "children of a node")
        # There is a key before and after each child; the one after is the
        # child's last name.
        _, *rest = unpack(f"<{2 * count + 1}Q", self._data, node + 24)
        for child, last in zip(rest[::2], rest[1::2], strict=True):
            if name <= self._name(last, len(name)):
                return child
        return None

    def _entry(self, node, name):
        """Looks a name up in a symbol table node."""
        check_begins(self._data, node, b"SNOD\1")
        [count] = unpack("<H", self._data, node + 6)
        at_most(_MAX_LINKS, count, "links in a node")
        for i in range(count):
            start, header, kind = unpack("<QQI", self._data, node + 8 + 40 * i)
            if name == self._name(start, len(name)):
                return kind, header
        return None

    def _name(self, start, length):
        """A name in the heap, or enough of it to compare it with another.

        At most one byte more than the length of the other name is read: a
        hostile file may have names of any length.
        """
        end = min(self._names + start + length + 1, self._end)
        return bytes(self._data[self._names + start : end]).split(b"\0")[0]

    def _check_free(self, block):
        """Checks that the list of the heap's free blocks ends.

        The HDF5 library, with which Keras may open the same file, follows the
        list without limit.
        """
        names = self._data[self._names : self._end]
        for _ in range(MAX_FREE_BLOCKS):
            if block in _LAST_FREE:
                return
            block, _ = unpack("<QQ", names, block)
        raise ValueError(
            f"Expected at most {MAX_FREE_BLOCKS} free blocks in a heap of an "
            "HDF5 file. Received more."
        )
