"""Damage what an HDF5 file says about its arrays, and not the arrays.

Nearly all bytes of a model are weights, and a changed weight is a weight.
Here each change is to a B-tree, a heap, a symbol table node or an object
header.
"""

import functools
import io
import re
import struct

import h5py

# Fields of structures that begin with a signature: offset and size.
SIGNED = {
    "tree": (b"TREE", [(5, 1), (6, 2), (24, 8), (32, 8), (40, 8)]),
    "symbol": (
        b"SNOD",
        [(4, 1), (6, 2), *((8 + 8 * i, 8) for i in range(10))],
    ),
    "heap": (b"HEAP", [(4, 1), (8, 8), (16, 8), (24, 8)]),
}
HEADER = [(0, 1), (2, 2), (8, 4)]
MESSAGE = [(0, 2), (2, 2), (4, 1)]  # and the words of its contents
CONTINUATION = 0x10
KINDS = (*SIGNED, "header", "message", "continuation")


@functools.cache
def arrays(data):
    """Where the arrays of an HDF5 file begin and end."""
    found = []

    def visit(_, thing):
        if isinstance(thing, h5py.Dataset):
            start = thing.id.get_offset()
            found.append((start, start + thing.id.get_storage_size()))

    with h5py.File(io.BytesIO(data)) as root:
        root.visititems(visit)
    return sorted(found)


@functools.cache
def metadata(data):
    """The offsets of all bytes of an HDF5 file outside its arrays."""
    kept, here = [], 0
    for start, end in [*arrays(data), (len(data), len(data))]:
        kept.extend(range(here, start))
        here = end
    return kept


@functools.cache
def headers(data):
    """The addresses of all object headers."""
    found = set()
    with h5py.File(io.BytesIO(data)) as root:
        found.add(h5py.h5o.get_info(root.id).addr)
        root.visititems(
            lambda _, thing: found.add(h5py.h5o.get_info(thing.id).addr)
        )
    return sorted(found)


def messages(data, header):
    """The messages of an object header: address, type and size of each."""
    [size] = struct.unpack_from("<I", data, header + 8)
    blocks = [(header + 16, size)]
    for start, size in blocks:
        end = start + size
        while start < end:
            kind, length = struct.unpack_from("<HH", data, start)
            yield start, kind, length
            if kind == CONTINUATION:
                blocks.append(struct.unpack_from("<QQ", data, start + 8))
            start += 8 + length


@functools.cache
def structures(data, kind):
    """All structures of a kind: the address and the fields of each."""
    if kind in SIGNED:
        signature, fields = SIGNED[kind]
        starts = [match.start() for match in re.finditer(signature, data)]
        found = [(start, placed(start, fields)) for start in starts]
        if kind == "heap":
            found = [(s, fields + free(data, s)) for s, fields in found]
        return found
    if kind == "header":
        return [(start, placed(start, HEADER)) for start in headers(data)]
    return [
        (start, placed(start, [*MESSAGE, *words(length)]))
        for header in headers(data)
        for start, number, length in messages(data, header)
        if (number == CONTINUATION) == (kind == "continuation")
    ]


def placed(start, fields):
    """Fields of a structure, with their offsets in the file."""
    return [(start + offset, size) for offset, size in fields]


def words(length):
    """The first words of a message, as fields."""
    return [(8 + offset, 8) for offset in range(0, min(length, 32), 8)]


def free(data, heap):
    """The fields of a heap's first free block."""
    offset, segment = struct.unpack_from("<QQ", data, heap + 16)
    return placed(segment + offset, [(0, 8), (8, 8)]) if offset > 1 else []


@functools.cache
def addresses(data):
    """Where structures begin: what a pointer could point to instead."""
    signed = (match.start() for match in re.finditer(b"TREE|SNOD|HEAP", data))
    return [*signed, *headers(data)]


def metadata_flipped(data, rng):
    """Changes one to eight bytes outside the arrays."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        change = rng.choice((1 << rng.randrange(8), rng.randrange(1, 256)))
        changed[rng.choice(metadata(data))] ^= change
    return bytes(changed)


def structure_changed(kind, data, rng):
    """Changes one to three fields of a structure."""
    changed = bytearray(data)
    address, fields = rng.choice(structures(data, kind))
    values = [int.from_bytes(data[a : a + n], "little") for a, n in fields]
    for start, size in rng.sample(fields, rng.choice((1, 1, 2, 3))):
        old = int.from_bytes(data[start : start + size], "little")
        choices = numbers(old, rng)
        if size == 8:
            others = rng.choices(addresses(data), k=8)
            choices += [*[address] * 4, *others, *values, *far(data, rng)]
        value = rng.choice(choices) % (1 << 8 * size)
        changed[start : start + size] = value.to_bytes(size, "little")
    return bytes(changed)


def numbers(old, rng):
    """Numbers that a reader may count to."""
    near = [old + 1, old - 1, old + 8, old - 8, 2 * old]
    return [*near, 0, 1, 2, 3, -1, -2, -8, rng.randrange(1 << 16)]


def far(data, rng):
    """Places in the file and beyond its end."""
    size = len(data)
    return [rng.randrange(size), size - 1, size, 1 << 32, 1 << 62, 1 << 63]


CHANGES = {
    "metadata flipped": metadata_flipped,
    **{f"{k} changed": functools.partial(structure_changed, k) for k in KINDS},
}
