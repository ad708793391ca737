"""The reader of HDF5 gives what h5py gives, or refuses; it never wanders."""

import io
import random

import h5py
import numpy as np
import pytest
from mutated_hdf5 import metadata_flipped
from packing import members

from charrnn.network import model_file
from charrnn.network.hdf5 import File


def stored(fill, **options):
    """The bytes of an HDF5 file that `fill(root)` fills."""
    file = io.BytesIO()
    with h5py.File(file, "w", **options) as root:
        fill(root)
    return file.getvalue()


def array(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape).astype("f4")


def check_same(data):
    """Checks all arrays of a file against h5py; returns their number."""
    file, found = File(data), {}

    def visit(name, thing):
        if isinstance(thing, h5py.Dataset):
            found[name] = thing[()]

    with h5py.File(io.BytesIO(data)) as root:
        root.visititems(visit)
    for name, values in found.items():
        array = file.find(f"/{name}")
        assert array.shape == values.shape
        np.testing.assert_array_equal(file.read(array), values)
    return len(found)


# What is read.


@pytest.mark.parametrize("shape", [(), (1,), (7,), (2, 3), (2, 1, 4), (1,) * 9])
def test_an_array_has_its_shape_and_values(shape):
    assert (
        check_same(
            stored(lambda root: root.create_dataset("a", data=array(*shape)))
        )
        == 1
    )


@pytest.mark.parametrize("count", [1, 8, 9, 100, 600])
def test_each_of_many_names_is_found(count):
    """Beyond 8 names a B-tree has several leaves, beyond 256 two levels."""
    names = [f"{'x' * (i % 5)}{i}" for i in range(count)]
    random.Random(1).shuffle(names)

    def fill(root):
        for name in names:
            root[f"layers/{name}"] = array(2)

    data = stored(fill)
    assert check_same(data) == count
    for name in ("", "0x", "x", "xxxxxx", "é", "\U0010ffff"):
        with pytest.raises(ValueError, match="Received none"):
            File(data).find(f"/layers/{name}")


def test_the_weights_of_the_model_that_comes_along_are_the_same():
    path = model_file.PRETRAINED["shakespeare"]
    assert check_same(members(path)["model.weights.h5"]) == 8


def test_names_that_begin_alike_are_told_apart():
    def fill(root):
        for name in ("var", "vars", "vars0", "v", "va"):
            root[name] = array(len(name))

    assert check_same(stored(fill)) == 5


def test_attributes_do_not_matter():
    def fill(root):
        for name in ("a/b", "c"):
            root[name] = array(3)
            for thing in (root[name], root):
                for i in range(20):
                    thing.attrs[f"{name}{i}"] = "text" * i

    assert check_same(stored(fill)) == 2


def test_a_file_that_was_changed_is_read():
    def fill(root):
        for i in range(40):
            root[f"group/{i}"] = array(5)
        for i in range(0, 40, 3):
            del root[f"group/{i}"]
        root["group/new"] = array(6)

    assert check_same(stored(fill)) == 27


def test_extreme_values_keep_their_bits():
    bits = np.array([0, 1 << 31, 1, 0x7F80_0000, 0x7FC0_0001, 0xFFFF_FFFF])
    values = bits.astype("u4").view("f4")
    data = stored(lambda root: root.create_dataset("a", data=values))
    file = File(data)
    read = file.read(file.find("/a"))
    np.testing.assert_array_equal(read.view("u4"), bits)


def test_nothing_is_copied():
    data = stored(lambda root: root.create_dataset("a", data=array(3)))
    file = File(data)
    values = file.read(file.find("/a"))
    assert not values.flags.writeable
    assert np.shares_memory(values, np.frombuffer(data, np.uint8))


# What is refused.


def plain(root):
    root["a"] = array(6, 5)


def dataset(data=None, **options):
    if data is None and "shape" not in options:
        data = array(6, 5)
    return lambda root: root.create_dataset("a", data=data, **options)


def named_type(root):
    root["type"] = np.dtype("f4")
    root.create_dataset("a", (6, 5), root["type"])


OTHERWISE = {
    "chunks": dataset(chunks=(3, 5)),
    "deflated": dataset(compression="gzip"),
    "shuffled": dataset(shuffle=True),
    "checksums": dataset(fletcher32=True),
    "to be extended": dataset(maxshape=(None, 5)),
    "nowhere": dataset(shape=(6, 5)),
    "without a shape": dataset(h5py.Empty("f4")),
    "without elements": dataset(array(0, 5)),
    "a type of its own": named_type,
    "another byte order": dataset(array(6, 5).astype(">f4")),
    "half the precision": dataset(array(6, 5).astype("f2")),
    "twice the precision": dataset(array(6, 5).astype("f8")),
    "integers": dataset(np.ones((6, 5), "i4")),
    "booleans": dataset(np.ones((6, 5), bool)),
    "complex numbers": dataset(np.ones((6, 5), "c8")),
    "text": dataset("text"),
    "records": dataset(np.ones(3, [("x", "f4"), ("y", "f4")])),
    "references": dataset(shape=(2,), dtype=h5py.ref_dtype),
    "a group": lambda root: root.create_group("a"),
    "nothing": lambda root: None,
    "a soft link": lambda root: root.update(
        {"b": array(1), "a": h5py.SoftLink("/b")}
    ),
    "an external link": lambda root: root.update(
        {"a": h5py.ExternalLink("x", "y")}
    ),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_what_is_stored_otherwise_is_refused(name):
    data = stored(OTHERWISE[name])
    with pytest.raises(ValueError, match=r"^Expected .*Received") as caught:
        file = File(data)
        file.read(file.find("/a"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"libver": "latest"},
        {"libver": "v108"},
        {"track_order": True},
        {"userblock_size": 512},
        {"fs_strategy": "page"},
    ],
    ids=str,
)
def test_another_layout_of_the_file_is_refused(options):
    with pytest.raises(ValueError, match="Expected"):
        File(stored(plain, **options)).find("/a")


@pytest.mark.parametrize("size", [0, 8, 23, 24, 71, 72, 95, 96, 200])
def test_a_beginning_is_refused(size):
    data = stored(plain)[:size]
    with pytest.raises(ValueError, match="Expected"):
        File(data).find("/a")


def test_a_path_through_an_array_is_refused():
    with pytest.raises(ValueError, match="Expected a group /a"):
        File(stored(plain)).find("/a/b")


def test_bytes_at_random_are_refused_or_read():
    rng = random.Random("hdf5")
    data = stored(plain)
    for _ in range(500):
        try:
            file = File(metadata_flipped(data, rng))
            file.read(file.find("/a"))
        except ValueError as error:
            assert str(error).startswith("Expected")
