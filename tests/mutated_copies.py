"""Generate with mutated copies of model files, and count what becomes of them.

    python tests/mutated_copies.py KINDS COUNT SEED FOLDER MODEL ...

prints a JSON object. KINDS is a part of the kinds' names, such as "HDF5". The
copies depend on the words and on nothing else. Each lies at FOLDER/copy.keras
in turn: if it takes too much memory or time, this process ends, and it stays.
"""

import collections
import faulthandler
import json
import random
import resource
import sys
import traceback
from pathlib import Path

import mutated_hdf5
from attempts import BYTES, attempt, complaint
from packing import members, pack

SECONDS = 10  # until a copy's time is up, on the clock of a busy machine

VALUES = (
    *(None, True, False, -1, 0, 1, 2, 7.0, 0.5, 1e308, float("nan"), 10**30),
    *("", "a", "aa", "\x1b[31m", "\ud800", "LSTM", "tanh", "relu", "../x"),
    *("x" * 100_000, [], {}, [[[[]]]], [1] * 1000, {"class_name": "Lambda"}),
    {"module": "keras.config", "class_name": "function", "config": "floatx"},
)


def flipped(data, rng):
    """Changes one to eight bytes."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        change = rng.choice((1 << rng.randrange(8), rng.randrange(1, 256)))
        data[rng.randrange(len(data))] ^= change
    return bytes(data)


def truncated(data, rng):
    """Leaves out the end."""
    return data[: rng.randrange(len(data))]


def spliced(data, rng):
    """Puts a piece of the data in the place of another."""
    a, b, c, d = (rng.randrange(len(data)) for _ in range(4))
    length = rng.choice((1, 8, 64, 4096))
    kept = rng.choice((c, c + length, max(c, d)))
    return data[:c] + data[a : a + min(length, b + 1)] + data[kept:]


def changed(data, rng):
    """Replaces, removes or doubles an entry somewhere in JSON."""
    value = json.loads(data)
    container, key = rng.choice(list(entries(value)))
    action = rng.choice(("replace", "replace", "remove", "double"))
    if action == "remove":
        del container[key]
    elif action == "double" and isinstance(container, list):
        container.insert(key, container[key])
    else:
        container[key] = rng.choice(VALUES)
    return json.dumps(value)


def entries(value):
    """All places in a JSON value: pairs of a container and a key."""
    if isinstance(value, dict):
        keys = value
    else:
        keys = range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from entries(value[key])


# Of each kind the member that is changed, or None for the whole file. The
# checksums of an archive whose member was changed are right again.
KINDS = {
    "a byte flipped": (None, flipped),
    "truncated": (None, truncated),
    "spliced": (None, spliced),
    "config changed": ("config.json", changed),
    "config flipped": ("config.json", flipped),
    "facts changed": ("charrnn.json", changed),
    "facts flipped": ("charrnn.json", flipped),
    "weights flipped": ("model.weights.h5", flipped),
    "weights truncated": ("model.weights.h5", truncated),
    "weights spliced": ("model.weights.h5", spliced),
    **{
        f"HDF5 {name}": ("model.weights.h5", change)
        for name, change in mutated_hdf5.CHANGES.items()
    },
}


def write_copy(path, model, kind, rng):
    """Writes a mutated copy of a model file."""
    member, mutate = KINDS[kind]
    if member is None:
        path.write_bytes(mutate(model.read_bytes(), rng))
    else:
        contents = members(model)
        pack(path, contents | {member: mutate(contents[member], rng)})


def try_copies(models, kinds, count, seed, folder):
    """Generates with `count` mutated copies, kept in turn at one path."""
    path = folder / "copy.keras"
    attempt(models[0])  # imports what is imported but once
    limit_memory()
    counts = collections.Counter()
    wrong, worst = [], {"seconds": 0, "memory": 0}
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        kind = rng.choice(kinds)
        write_copy(path, rng.choice(models), kind, rng)
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        try:
            report = attempt(path)
        except Exception:
            wrong.append((number, kind, traceback.format_exc()))
            continue
        if complaint(report):
            wrong.append((number, kind, complaint(report), report))
        counts[f"{kind}: {'refused' if report['code'] else 'read'}"] += 1
        worst = {name: max(worst[name], report[name]) for name in worst}
    faulthandler.cancel_dump_traceback_later()
    return {"counts": counts, "wrong": wrong, "worst": worst}


def limit_memory():
    """Lets this process have little more memory than it has."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    limit = pages * resource.getpagesize() + 2 * BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    part, count, seed, folder, *models = sys.argv[1:]
    kinds = [name for name in KINDS if part in name]
    result = try_copies(
        list(map(Path, models)), kinds, int(count), seed, Path(folder)
    )
    print(json.dumps(result, sort_keys=True))
