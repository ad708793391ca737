"""Take model files apart and put them together again."""

import json
import zipfile


def members(path):
    """The members of an archive: a `dict` from name to bytes."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path, contents):
    """Writes an archive from what `members` returns."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)


def rewrite(path, **changes):
    """Replaces members, named without their suffix; `None` drops one."""
    contents = {
        name: changes.get(name.split(".")[0], data)
        for name, data in members(path).items()
    }
    pack(path, {n: data for n, data in contents.items() if data is not None})


def facts_of(path):
    return json.loads(members(path)["charrnn.json"])


def config_of(path):
    return json.loads(members(path)["config.json"])
