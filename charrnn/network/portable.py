"""Make a Keras model's config readable by older versions of Keras."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

from charrnn.network.layers import check_object

CONFIG = "config.json"  # the member of a .keras file

# Settings that Keras added from 3.6 to 3.15, and the values with which they
# have no effect. Keras 3.5 refuses a file that has them.
_ADDED = {
    "input_axes": None,
    "output_axes": None,
    "quantization_config": None,
    "optional": False,
}


def make_portable(
    path: Path | str, extra: Mapping[str, str] | None = None
) -> None:
    """Makes a file that Keras has just saved portable, in place.

    Args:
        path: A `.keras` file.
        extra: More members to write; a `dict` from name to text.
    """
    members: dict[str, str | bytes] = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            members[name] = archive.read(name)
    members[CONFIG] = portable(members[CONFIG])
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**members, **(extra or {})}.items():
            archive.writestr(name, data)


def portable(config: str | bytes) -> str:
    """Removes what prevents a saved model from being opened elsewhere.

    It removes settings that Keras added after 3.5, if their value has no
    effect, and the arguments of `compile`, if they name the user's own
    functions, which the file does not contain. A network that needs a newer
    Keras still needs it.

    Args:
        config: The text of `config.json` in a `.keras` file.

    Returns:
        The new text.

    Example:

    >>> portable('{"seed": 1, "input_axes": null, "output_axes": [1]}')
    '{"seed": 1, "output_axes": [1]}'
    """
    parsed = json.loads(config, object_hook=_without_additions)
    compiled = json.dumps(parsed.get("compile_config"))
    try:
        json.loads(compiled, object_hook=check_object)
    except ValueError:
        del parsed["compile_config"]
    return json.dumps(parsed)


def _without_additions(value):
    return {
        name: setting
        for name, setting in value.items()
        if name not in _ADDED or setting is not _ADDED[name]
    }
