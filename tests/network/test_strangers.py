"""A model file from a stranger is sound, or is refused: cheaply, in a line."""

import io
import itertools
import json
import os
import pickle
import re
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from pathlib import Path

import h5py
import mutated_hdf5
import numpy as np
import pytest
from attempts import commands, complaint
from mutated_copies import KINDS
from packing import config_of, facts_of, members, pack, rewrite

import charrnn
from charrnn.commands import main
from charrnn.network import model_file
from charrnn.network.backend import keras
from charrnn.network.model import build_model
from charrnn.system import archive
from charrnn.text.byte_vocabulary import ByteVocabulary
from charrnn.text.document_vocabulary import DocumentVocabulary
from charrnn.text.vocabulary import Vocabulary
from charrnn.text.word_vocabulary import WordVocabulary

CHARACTERS = "\n\x9babc"  # one of them begins a command to a terminal
# Each word but the last begins another.
WORDS = [*CHARACTERS, "ab", "abc", "abca", "a\x9bb"]
UNITS = 6
FUNCTION = {
    "module": "keras.config",
    "class_name": "function",
    "config": "set_floatx",
    "registered_name": "set_floatx",
}


def save_model(path, vocabulary=None, **arguments):
    """Saves a small model; returns its path."""
    vocabulary = vocabulary or Vocabulary(CHARACTERS)
    keras.utils.set_random_seed(1)
    model = build_model(vocabulary, units=UNITS, layers=1, **arguments)
    model_file.save(model, path, vocabulary)
    return path


# How strangers' files are made: each function changes a good one. It has an
# Embedding, an LSTM, a Dropout and a Dense layer.


def layers_of(config):
    return config["config"]["layers"]


def change_config(path, change):
    config = config_of(path)
    change(config)
    rewrite(path, config=json.dumps(config))


def add_layer(class_name, module="keras.layers", registered=None, **settings):
    """Makes a function that adds a layer before the last one."""
    layer = {
        "module": module,
        "class_name": class_name,
        "config": settings,
        "registered_name": registered,
    }
    return lambda path: change_config(
        path, lambda config: layers_of(config).insert(-1, layer)
    )


def set_in_layer(index, **settings):
    return lambda path: change_config(
        path, lambda config: layers_of(config)[index]["config"].update(settings)
    )


def set_in_config(**entries):
    return lambda path: change_config(
        path, lambda config: config.update(entries)
    )


def set_characters(characters):
    def change(path):
        facts = facts_of(path) | {"vocabulary": {"characters": characters}}
        rewrite(path, charrnn=json.dumps(facts))

    return change


def set_facts(**entries):
    """Replaces entries of the metadata; `None` removes one."""

    def change(path):
        facts = facts_of(path) | entries
        kept = {name: v for name, v in facts.items() if v is not None}
        rewrite(path, charrnn=json.dumps(kept))

    return change


def set_words(words):
    return set_facts(vocabulary={"words": words})


def many_words(count, length):
    """Distinct words of one length, spelled with a, b and c."""
    letters = itertools.product("abc", repeat=length)
    return ["".join(word) for word in itertools.islice(letters, count)]


def change_weights(path, change):
    file = io.BytesIO(members(path)["model.weights.h5"])
    with h5py.File(file, "r+") as weights:
        change(weights)
    rewrite(path, model=file.getvalue())


def set_weight(value):
    def change(weights):
        weights["layers/lstm/cell/vars/1"][2, 3] = value

    return lambda path: change_weights(path, change)


def put(make, name="0", place="layers/dense/vars"):
    """Replaces an entry of the weights by what `make(group, name)` puts."""

    def change(weights):
        group = weights[place]
        if name in group:
            del group[name]
        make(group, name)

    return lambda path: change_weights(path, change)


def external_data(group, name):
    """The weights are bytes of another file."""
    group.create_dataset(name, (UNITS, 5), "f4", external="/etc/passwd")


def virtual_data(group, name):
    layout = h5py.VirtualLayout((UNITS, 5), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "weights", (UNITS, 5))
    group.create_virtual_dataset(name, layout)


def declared_only(shape, **options):
    """A shape for which no bytes are stored."""
    return lambda group, name: group.create_dataset(
        name, shape, "f4", **options
    )


def link(target):
    def make(group, name):
        group[name] = target

    return make


def array_of(values, dtype="f4"):
    return lambda group, name: group.create_dataset(
        name, data=np.asarray(values, dtype)
    )


def nested_lengths(group, name):
    """Arrays of arrays of arrays, whose lengths are anywhere in the file."""
    kind = h5py.vlen_dtype(h5py.vlen_dtype(h5py.vlen_dtype(np.int8)))
    group.create_dataset(name, (UNITS, 5), kind)


def newer_group(group, name):
    """A group that keeps its links in a fractal heap."""
    made = group.create_group(name, track_order=True)
    for i in range(50):
        made[str(i)] = np.ones((UNITS, 5), "f4")


def packed_group(group, name):
    """A group whose names, 256 MB, are packed into less than 1 MB."""
    settings = h5py.h5p.create(h5py.h5p.GROUP_CREATE)
    settings.set_link_creation_order(h5py.h5p.CRT_ORDER_TRACKED)
    # h5py has no method for it: seen as a dataset's, they have a filter.
    of_dataset = h5py.h5p.PropDCID(settings.id)
    of_dataset.set_deflate(9)
    made = h5py.h5g.create(group.id, name.encode(), gcpl=settings)
    long, target = "a" * 60_000, h5py.SoftLink("/")
    for i in range((256 << 20) // len(long)):
        h5py.Group(made)[f"{i}{long}"] = target


def filtered_heap(path):
    """A group in a heap that tells of filters, and not what they are."""
    put(newer_group, "vars", "layers/dense")(path)
    data = bytearray(members(path)["model.weights.h5"])
    heap = data.index(b"FRHP")
    data[heap + 7 : heap + 10] = struct.pack("<HB", 20, 0)  # length, flags
    rewrite(path, model=bytes(data))


def newest_layout(path):
    file = io.BytesIO()
    with h5py.File(file, "w", libver="latest") as root:
        group = root.create_group("layers/dense/vars")
        group["0"] = np.ones((UNITS, 50), "f4")
    rewrite(path, model=file.getvalue())


def set_fields(kind, *values):
    """Sets fields, told by offset, size and value at an address."""

    def change(path):
        data = bytearray(members(path)["model.weights.h5"])
        for address, _ in mutated_hdf5.structures(bytes(data), kind):
            for offset, size, value in values:
                start = address + offset
                field = value(address).to_bytes(size, "little")
                data[start : start + size] = field
        rewrite(path, model=bytes(data))

    return change


def free_itself(path):
    """Lets the free blocks of all heaps follow themselves."""
    data = bytearray(members(path)["model.weights.h5"])
    for heap, _ in mutated_hdf5.structures(bytes(data), "heap"):
        [(block, size), _] = mutated_hdf5.free(data, heap)
        data[block : block + size] = data[heap + 16 : heap + 24]
    rewrite(path, model=bytes(data))


class Intruder:
    """Leaves a trace when it is unpickled."""

    def __reduce__(self):
        return exec, ("open('trace', 'w')",)


def write(data):
    return lambda path: path.write_bytes(data)


def add_member(name, data=b"", **options):
    def change(path):
        with zipfile.ZipFile(path, "a") as file:
            file.writestr(name, data, **options)

    return change


def pack_bomb(path, claim=None):
    """Packs 256 MB of zeros as the config, and may lie about their size."""
    contents = members(path)
    del contents["config.json"]
    pack(path, contents)
    block = bytes(1 << 20)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        with file.open("config.json", "w") as member:
            for _ in range(256):
                member.write(block)
        info = file.getinfo("config.json")
    if claim:
        sizes = "<LLL"
        honest = struct.pack(
            sizes, info.CRC, info.compress_size, info.file_size
        )
        lie = struct.pack(
            sizes, zlib.crc32(bytes(claim)), info.compress_size, claim
        )
        path.write_bytes(path.read_bytes().replace(honest, lie))


def replace_by(make):
    def change(path):
        path.unlink()
        make(path)

    return change


def duplicate(path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        add_member("config.json", b"{}")(path)


def comment(path):
    with zipfile.ZipFile(path, "a") as file:
        file.comment = b"PK\5\6"


def table_of_another_form(path):
    """Tells that another, larger table of contents holds."""
    data = path.read_bytes()
    large = struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1)
    path.write_bytes(data[:-22] + large + data[-22:])


def half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def many_members(count, length):
    def change(path):
        names = (f"{number:0{length}}" for number in range(count))
        pack(path, members(path) | dict.fromkeys(names, b""))

    return change


def hdf5_only(path):
    path.write_bytes(members(path)["model.weights.h5"])


BOMB = 20_000_000
HOSTILE = {
    # Classes and functions that Keras would import, run or fetch with.
    "Lambda": (
        add_layer("Lambda", function="print(1)"),
        r"Received 'keras\.layers\.Lambda'",
    ),
    "TFSMLayer": (
        add_layer("TFSMLayer", filepath="/tmp/saved"),
        r"Received 'keras\.layers\.TFSMLayer'",
    ),
    "StringLookup with a path": (
        add_layer("StringLookup", vocabulary="/etc/passwd"),
        r"Received 'keras\.layers\.StringLookup'",
    ),
    "registered class": (
        add_layer("Layer", "stranger", "stranger>Layer"),
        r"Received 'stranger\.Layer', registered as 'stranger>Layer'",
    ),
    "LSTM of another package": (
        add_layer("LSTM", "keras.layers", "stranger>LSTM"),
        r"registered as 'stranger>LSTM'",
    ),
    "function as activation": (
        set_in_layer(2, activation=FUNCTION),
        r"Received 'keras\.config\.function'",
    ),
    "function as initializer": (
        set_in_layer(2, kernel_initializer=FUNCTION),
        r"Received 'keras\.config\.function'",
    ),
    "function as loss": (
        set_in_config(compile_config={"loss": FUNCTION}),
        r"Received 'keras\.config\.function'",
    ),
    "function of another module": (
        set_in_layer(2, activation={**FUNCTION, "module": "keras.losses"}),
        r"Received 'keras\.losses\.function'",
    ),
    "functional model": (
        set_in_config(class_name="Functional"),
        r"Received 'keras\.Functional'",
    ),
    "activation": (
        set_in_layer(2, activation="relu"),
        r"LSTM with activation='tanh'\. Received 'relu'",
    ),
    # Sizes in the config.
    "embedding of many": (
        set_in_layer(1, input_dim=BOMB),
        r"input_dim=5 in a network with a vocabulary of 5\. Received 20000000",
    ),
    "wide embedding": (
        set_in_layer(1, output_dim=BOMB),
        r"bytes or more for 5[\d,]+ parameters",
    ),
    "many units": (
        set_in_layer(2, units=BOMB),
        r"bytes or more for [\d,]+ parameters\. Received [\d,]+ in model",
    ),
    "number beyond all": (set_in_layer(2, units=10**4000), r"limit|parameters"),
    "units below one": (set_in_layer(2, units=-1), r"Received -1"),
    "units in words": (set_in_layer(2, units="6"), r"Received '6'"),
    "units as a truth": (set_in_layer(2, units=True), r"Received True"),
    "other units": (
        set_in_layer(2, units=UNITS - 1),
        r"LSTM weights of shapes .* Received",
    ),
    "more characters": (set_characters(CHARACTERS + "d"), r"a vocabulary of 6"),
    "fewer characters": (set_characters(CHARACTERS[:-1]), r"a vocabulary of 4"),
    "characters twice": (
        set_characters("abb\x9b\n"),
        r"'b' .* more than once",
    ),
    # Weights.
    "not a number": (set_weight(np.nan), r"Expected finite weights"),
    "infinite": (set_weight(-np.inf), r"Expected finite weights"),
    "nearly infinite": (set_weight(1e30), r"Expected finite weights"),
    "declared in chunks": (
        put(declared_only((1 << 20, 1 << 20), chunks=(1024, 1024))),
        r"stored elsewhere or packed",
    ),
    "declared": (
        put(declared_only((1 << 20, 1 << 20))),
        r"Dense weights of shapes \[\(6, 5\), .*Received \[\(1048576,",
    ),
    "never written": (
        put(declared_only((UNITS, 5))),
        r"stored elsewhere or packed",
    ),
    "compressed": (
        put(declared_only((UNITS, 5), compression="gzip")),
        r"stored elsewhere or packed",
    ),
    "external data": (put(external_data), r"stored elsewhere or packed"),
    "virtual data": (put(virtual_data), r"stored elsewhere or packed"),
    "external link": (
        put(link(h5py.ExternalLink("/etc/passwd", "/weights"))),
        r"/layers/dense/vars stored elsewhere",
    ),
    "soft link": (
        put(link(h5py.SoftLink("/layers/dense/vars/1"))),
        r"Received a link to",
    ),
    "external group": (
        put(
            link(h5py.ExternalLink("other.h5", "/vars")), "vars", "layers/dense"
        ),
        r"/layers/dense stored elsewhere",
    ),
    "text as weights": (
        put(array_of([["a" * 4] * 5] * UNITS, "S4")),
        r"Expected float32 weights\. Received HDF5's class 3",
    ),
    "a group as weights": (
        put(lambda group, name: group.create_group(name)),
        r"Expected an array /layers/dense/vars/0",
    ),
    "weights as a group": (
        put(array_of([1.0]), "vars", "layers/dense"),
        r"Expected a group /layers/dense/vars",
    ),
    "big-endian": (
        put(array_of(np.ones((UNITS, 5)), ">f4")),
        r"Received big-endian float32",
    ),
    "nested lengths": (put(nested_lengths), r"Received HDF5's class 9"),
    "newer group": (
        put(newer_group, "vars", "layers/dense"),
        r"/layers/dense/vars stored elsewhere",
    ),
    "packed group": (
        put(packed_group, "vars", "layers/dense"),
        r"/layers/dense/vars stored elsewhere or packed",
    ),
    "filtered heap": (filtered_heap, r"/layers/dense/vars stored elsewhere"),
    "newest layout": (newest_layout, r"in the layout that Keras writes"),
    # Pointers in circles: where nodes, blocks and names lie.
    "tree below itself": (
        set_fields("tree", (5, 1, lambda _: 1), (32, 8, lambda tree: tree)),
        r"Expected b'TREE\\x00\\x00' at [\d,]+",
    ),
    "tree of 256 levels": (
        set_fields("tree", (5, 1, lambda _: 255), (32, 8, lambda tree: tree)),
        r"at most 8 levels of a B-tree",
    ),
    "children of a tree": (
        set_fields("tree", (6, 2, lambda _: 65_535)),
        r"at most 32 children of a node",
    ),
    "links of a node": (
        set_fields("symbol", (6, 2, lambda _: 65_535)),
        r"at most 8 links in a node",
    ),
    "free blocks in a circle": (free_itself, r"at most 100 free blocks"),
    "header that goes on in itself": (
        set_fields(
            "continuation",
            (8, 8, lambda message: message),
            (16, 8, lambda _: 24),
        ),
        r"at most 100 messages about",
    ),
    "heap without an end": (
        set_fields("heap", (8, 8, lambda _: 2**64 - 1)),
        r"bytes up to the end of a heap",
    ),
    # Archives.
    "bomb": (pack_bomb, r"Expected at most [\d,]+ bytes unpacked from"),
    "bomb that lies": (
        lambda path: pack_bomb(path, 1000),
        r"Expected JSON in config\.json",
    ),
    "path out of the folder": (
        add_member("assets/../../evil.txt"),
        r"Expected plain names",
    ),
    "absolute path": (add_member("/etc/passwd"), r"Expected plain names"),
    "path of Windows": (add_member(r"..\evil.txt"), r"Expected plain names"),
    "drive of Windows": (add_member("C:evil.txt"), r"Expected plain names"),
    "control characters": (add_member("\x1b[31m"), r"Expected plain names"),
    "long name": (add_member("a" * 1000), r"255 characters in a member's name"),
    "member twice": (duplicate, r"'config\.json' more than once"),
    "many members": (many_members(101, 3), r"at most 100 members"),
    "large table": (many_members(2000, 4), r"bytes in the table of contents"),
    "other compression": (
        add_member("more.txt", b"text", compress_type=zipfile.ZIP_BZIP2),
        r"Received compression method 12",
    ),
    "large JSON": (
        lambda path: rewrite(path, config=b" " * (5 << 20)),
        r"at most 4,194,304 bytes in config\.json",
    ),
    "deep JSON": (
        lambda path: rewrite(path, config=b"[" * 1_000_000),
        r"JSON in config\.json\. Received maximum recursion depth",
    ),
    "deep and whole JSON": (
        lambda path: rewrite(path, charrnn=b"[" * 50_000 + b"]" * 50_000),
        r"Expected (JSON in )?charrnn\.json",
    ),
    "a million objects": (
        lambda path: rewrite(path, config=f"[{'{},' * 690_000}{{}}]"),
        r"Expected config\.json to be a dict",
    ),
    "comment": (comment, r"Expected a whole zip archive, without a comment"),
    "another table": (table_of_another_form, r"Expected a whole zip archive"),
    "truncated": (half, r"Expected a whole zip archive.*begin with b'PK"),
    # No archives.
    "pickle": (write(pickle.dumps(Intruder())), r"begin with b'\\x80"),
    "HDF5": (hdf5_only, r"begin with b'\\x89HDF"),
    "empty": (write(b""), r"Received 0 bytes"),
    "text": (write(b"To be, or not to be"), r"Received 19 bytes"),
    "folder": (replace_by(Path.mkdir), r"There is no '.*model\.keras'"),
    "pipe": (replace_by(os.mkfifo), r"a folder, a pipe or a device"),
    "device": (
        replace_by(lambda path: path.symlink_to("/dev/zero")),
        r"a folder, a pipe or a device",
    ),
    "too large": (
        lambda path: os.truncate(path, archive.MAX_FILE_BYTES + 1),
        r"at most 2,147,483,648 bytes\. Received 2,147,483,649",
    ),
}


# The same for a model of words, with what is wrong in its vocabulary.
HOSTILE_WORDS = {
    "more words": (set_words([*WORDS, "cab"]), r"a vocabulary of 10\."),
    "fewer words": (set_words(WORDS[:-1]), r"a vocabulary of 8\."),
    "too many words": (
        set_words([*CHARACTERS, *many_words(1 << 17, 11)]),
        r"at most 131,072 words\. Received 131,077",
    ),
    "words of too many bytes": (
        set_words([*CHARACTERS, *many_words(33_000, 64)]),
        r"at most 2,097,152 bytes in all\. Received 2,112,0",
    ),
    "long word": (
        set_words([*WORDS[:-1], "a" * 65]),
        r"1 to 64 characters\. Received one of 65\.",
    ),
    "very long word": (
        set_words([*WORDS[:-1], "a" * 1_000_000]),
        r"Received one of 1,000,000\.",
    ),
    "empty word": (set_words([*WORDS[:-1], ""]), r"Received one of 0\."),
    "word twice": (
        set_words([*WORDS[:-1], "ab"]),
        r"distinct words\. Received 'ab' more than once",
    ),
    "character twice": (
        set_words([*WORDS[:4], "b", *WORDS[5:]]),
        r"'b' .* more than once",
    ),
    "character after a word": (
        set_words([*WORDS[:4], "ab", "c", *WORDS[6:]]),
        r"before all others",
    ),
    "character that is missing": (
        set_words([*WORDS[:-1], "abd"]),
        r"own characters\. Received 'd' \(U\+0064\) in 'abd'",
    ),
    "control character that is missing": (
        set_words([*WORDS[:-1], "a\x1b[31m\n"]),
        r"Received '\\x1b' \(U\+001B\) in 'a\\x1b\[31m\\n'",
    ),
    "half of a surrogate pair": (
        set_words([*WORDS[:4], "\ud800", *WORDS[5:]]),
        r"U\+D800\), half of a surrogate pair",
    ),
    "half of a surrogate pair in a word": (
        set_words([*WORDS[:-1], "a\udfff"]),
        r"own characters\. Received '\\udfff'",
    ),
    "no words": (set_words([]), r"at least one character"),
    "no characters": (set_words(["ab", "abc"]), r"at least one character"),
    "numbers as words": (
        set_words([*WORDS[:-1], 7]),
        r"words that are text\. Received 7",
    ),
    "lists as words": (
        set_words([*WORDS[:-1], [WORDS] * 900]),
        r"words that are text\. Received \[\[",
    ),
    "words in a text": (
        set_words("".join(WORDS)),
        r"Expected words to be a list",
    ),
    "words by number": (
        set_words(dict(enumerate(WORDS))),
        r"Expected words to be a list",
    ),
    "words that are null": (set_words(None), r"Expected words to be a list"),
    "characters instead": (
        set_facts(vocabulary={"characters": CHARACTERS}),
        r"Expected words to be a list",
    ),
    "list as vocabulary": (
        set_facts(vocabulary=WORDS),
        r"Expected vocabulary to be a dict",
    ),
    "unit of characters": (
        set_facts(unit="character"),
        r"Expected characters to be a str",
    ),
    "unit of bytes": (set_facts(unit="byte"), r"a vocabulary of 256\."),
    "no unit": (set_facts(unit=None), r"Expected characters to be a str"),
    "other unit": (set_facts(unit="syllable"), r"Expected a unit among"),
    "list as unit": (set_facts(unit=["word"]), r"Expected a unit among"),
    "earlier format": (set_facts(format=1), r"Expected format [2-9]"),
}


TESTS = Path(__file__).parents[1]
VERBS = list(commands("model.keras"))  # that read a model file


def run_apart(script, *words, **options):
    """Runs a script of this folder in a fresh process; returns its lines."""
    if not Path("/proc/self/status").exists():
        pytest.skip("it is Linux that tells the most memory of a process")
    result = subprocess.run(
        [
            *(sys.executable, "-X", "faulthandler"),
            *("-W", "error::RuntimeWarning"),
            *map(str, [TESTS / script, *words]),
        ],
        env={**os.environ, "PYTHONPATH": str(TESTS.parent)},
        capture_output=True,
        encoding="utf-8",
        **options,
    )
    assert result.returncode == 0, result.stderr
    return list(map(json.loads, result.stdout.splitlines()))


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("good") / "m.keras", embedding=3)


@pytest.fixture(scope="module")
def good_words(tmp_path_factory):
    path = tmp_path_factory.mktemp("words") / "m.keras"
    return save_model(path, WordVocabulary(WORDS), embedding=3)


@pytest.fixture(scope="module")
def reports(good, good_words, tmp_path_factory):
    """What each verb makes of each file, by name and verb."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "text.txt").write_text(CHARACTERS * 99, encoding="utf-8")
    names = [*HOSTILE, *HOSTILE_WORDS]
    paths = {name: folder / f"{i}.keras" for i, name in enumerate(names)}
    for name, path in paths.items():
        of_words = name in HOSTILE_WORDS
        path.write_bytes((good_words if of_words else good).read_bytes())
        (HOSTILE | HOSTILE_WORDS)[name][0](path)
    before = set(folder.rglob("*"))
    reports = run_apart(
        "attempts.py", good, *paths.values(), cwd=folder, timeout=300
    )
    assert set(folder.rglob("*")) == before  # nothing ran that leaves a trace
    keys = [(name, verb) for name in paths for verb in VERBS]
    return dict(zip(keys, reports, strict=True))


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", [*HOSTILE, *HOSTILE_WORDS])
def test_a_hostile_file_is_refused_in_a_line(reports, name, verb):
    report = reports[name, verb]
    assert (report["verb"], report["code"]) == (verb, 2)
    assert complaint(report) is None, report
    expected = (HOSTILE | HOSTILE_WORDS)[name][1]
    assert re.search(expected, report["error"]), report["error"]


@pytest.mark.parametrize("embedding", [None, 3])
@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_the_file_that_was_changed_is_read(tmp_path, cell, embedding):
    """What is refused is refused for its change."""
    path = save_model(tmp_path / "m.keras", cell=cell, embedding=embedding)
    put(array_of(np.ones((UNITS, 5))))(path)
    set_in_layer(-1, name="another")(path)
    add_member("assets/more.txt", b"text")(path)
    assert main(["generate", "--model", str(path), "--length", "3"]) == 0


def test_words_that_begin_others_are_read_by_every_verb(
    good_words, tmp_path, capsys
):
    """What is refused is refused for its change."""
    path = tmp_path / "m.keras"
    path.write_bytes(good_words.read_bytes())
    (tmp_path / "text.txt").write_text("abcab\x9bb\nca" * 99, encoding="utf-8")
    for verb, words in commands(path).items():
        if verb not in ("train", "adapt"):  # slow
            assert main(list(map(str, words))) == 0, verb
    words = commands(path)["generate"]
    assert main([*map(str, words), "--prompt", "cab"]) == 0
    capsys.readouterr()


def test_what_cannot_adapt_is_refused_before_tensorflow_is_imported(
    tmp_path, monkeypatch, capsys
):
    characters = "\ufffd"
    model = keras.Sequential([keras.Input((None,), dtype="int32")])
    model.add(keras.layers.Embedding(1, 3))
    model.add(keras.layers.LSTM(3, return_sequences=True))
    model.add(keras.layers.Dense(1))
    path, text = tmp_path / "m.keras", tmp_path / "text.txt"
    model_file.save(model, path, Vocabulary(characters))
    text.write_text(characters * 9, encoding="utf-8")
    monkeypatch.setitem(sys.modules, "charrnn.scoring.adaptation", None)
    assert main(["score", str(path), str(text), "--adapt"]) == 2
    assert "charrnn score: Expected" in capsys.readouterr().err


@pytest.mark.slow
def test_a_compiled_model_is_read(tmp_path):
    path = tmp_path / "m.keras"
    vocabulary = Vocabulary(CHARACTERS)
    model = build_model(vocabulary, units=UNITS)
    rate = keras.optimizers.schedules.CosineDecay(0.01, 100)
    model.compile(
        keras.optimizers.AdamW(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy()],
    )
    model.fit(np.zeros((2, 3), int), np.zeros((2, 3), int), verbose=0)
    model_file.save(model, path, vocabulary)
    assert charrnn.load(path).parameters == model.count_params()


def test_a_packed_model_is_read(good, tmp_path):
    path = tmp_path / "packed.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members(good).items():
            packed.writestr(name, data)
    assert charrnn.load(path).parameters == charrnn.load(good).parameters


def test_what_cannot_be_read_again_is_not_saved(tmp_path):
    facts = {"note": "x" * model_file.JSON_LIMIT}
    model = build_model(Vocabulary("ab"), units=2)
    with pytest.raises(ValueError, match="at most 4,194,304 bytes of JSON"):
        model_file.save(model, tmp_path / "m.keras", Vocabulary("ab"), facts)
    assert list(tmp_path.iterdir()) == []


def test_finding_a_double_character_takes_no_time():
    characters = "".join(map(chr, range(0xE000, 0xE000 + 500_000)))
    start = time.process_time()
    with pytest.raises(ValueError, match="more than once"):
        Vocabulary(characters + characters[-1])
    assert time.process_time() - start < 5


# Mutated copies.


@pytest.fixture(scope="module")
def small_models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    return [
        save_model(folder / "lstm.keras", cell="lstm", embedding=3),
        save_model(folder / "gru.keras", cell="gru", embedding=None),
        save_model(folder / "words.keras", WordVocabulary(WORDS), embedding=3),
        save_model(folder / "bytes.keras", ByteVocabulary(), embedding=3),
        save_model(
            folder / "documents.keras",
            DocumentVocabulary(Vocabulary(CHARACTERS), "\n%\n"),
            embedding=3,
        ),
    ]


def check_copies(models, kinds, count, seed, folder):
    """Checks what generating with mutated copies comes to; returns it."""
    words = [kinds, count, seed, folder, *models]
    [result] = run_apart("mutated_copies.py", *words, timeout=3600)
    assert result["wrong"] == []
    assert sum(result["counts"].values()) == count
    return result


def test_hundreds_of_mutated_copies_are_read_or_refused(small_models, tmp_path):
    result = check_copies(small_models, "", 600, "few", tmp_path)
    for kind in KINDS:
        assert result["counts"][f"{kind}: refused"] > 0
    assert result["counts"]["facts changed: read"] > 0  # such as a note


@pytest.mark.reliability
@pytest.mark.parametrize(
    ("kinds", "count"),
    [
        ("", 10_000),
        ("HDF5 metadata", 100_000),
        *((f"HDF5 {name}", 10_000) for name in mutated_hdf5.KINDS),
    ],
)
def test_thousands_of_mutated_copies_are_read_or_refused(
    small_models, kinds, count, tmp_path, tally
):
    result = check_copies(small_models, kinds, count, "many", tmp_path)
    for name, number in sorted(result["counts"].items()):
        tally[f"mutated copies, {name}"] += number
    seconds, memory = result["worst"]["seconds"], result["worst"]["memory"]
    worst = f"at worst {seconds:.3f} s and {memory / 2**20:.1f} MB more"
    tally[f"mutated copies of {kinds or 'all kinds'}, {worst}"] = count


# What a terminal would obey.


PLACES = pytest.mark.parametrize("place", ["terminal", "pipe"])


def check_output(words, place, monkeypatch, capsys):
    """Checks that an escape sequence reaches a pipe, but no terminal."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: place == "terminal")
    assert main(list(map(str, words))) == 0
    output = capsys.readouterr().out
    assert ("\x9b" in output) == (place == "pipe")
    escaped = r"\x9b" in output or r"\u009b" in output  # JSON has its own
    assert escaped == (place == "terminal")


@PLACES
@pytest.mark.parametrize("option", ["--count=1", "--count=2", "--json"])
def test_what_is_drawn_does_not_command_a_terminal(
    good, option, place, monkeypatch, capsys
):
    options = ["--length=200", "--temperature=9", "--seed=1", option]
    words = ["generate", "--model", good, *options]
    check_output(words, place, monkeypatch, capsys)


@PLACES
@pytest.mark.parametrize("option", ["--lines", "--json"])
def test_what_is_scored_does_not_command_a_terminal(
    good, option, place, tmp_path, monkeypatch, capsys
):
    path = tmp_path / "a\x9bb.txt"
    path.write_text("abc\x9babc\n", encoding="utf-8")
    check_output(["score", good, path, option], place, monkeypatch, capsys)


def test_a_file_gets_the_text_as_it_is(good, tmp_path):
    out = tmp_path / "out.txt"
    words = ["--length=200", "--temperature=9", "--seed=1", "--out", str(out)]
    assert main(["generate", "--model", str(good), *words]) == 0
    assert "\x9b" in out.read_text("utf-8")
