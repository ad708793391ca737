"""Generate with mutated copies of model files, and count what becomes of them.

    python tests/mutated_copies.py COUNT SEED MODEL ...

prints a JSON object. The copies depend on the seed and on nothing else.
"""

import collections
import json
import random
import sys
import tempfile
import traceback
from pathlib import Path

from attempts import attempt, complaint
from packing import members, pack

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
}


def write_copy(path, model, kind, rng):
    """Writes a mutated copy of a model file."""
    member, mutate = KINDS[kind]
    if member is None:
        path.write_bytes(mutate(model.read_bytes(), rng))
    else:
        contents = members(model)
        pack(path, contents | {member: mutate(contents[member], rng)})


def try_copies(models, count, seed, folder):
    """Generates with `count` mutated copies, kept in turn at one path."""
    path = folder / "copy.keras"
    attempt(models[0])  # imports what is imported but once
    counts = collections.Counter()
    wrong, worst = [], {"seconds": 0, "memory": 0}
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        kind = rng.choice(list(KINDS))
        write_copy(path, rng.choice(models), kind, rng)
        try:
            report = attempt(path)
        except Exception:
            wrong.append((number, kind, traceback.format_exc()))
            continue
        if complaint(report):
            wrong.append((number, kind, complaint(report), report))
        counts[f"{kind}: {'refused' if report['code'] else 'read'}"] += 1
        worst = {name: max(worst[name], report[name]) for name in worst}
    return {"counts": counts, "wrong": wrong, "worst": worst}


if __name__ == "__main__":
    count, seed, *models = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        result = try_copies(
            list(map(Path, models)), int(count), seed, Path(folder)
        )
    print(json.dumps(result, sort_keys=True))
