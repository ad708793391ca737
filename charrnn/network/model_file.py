"""Save and read a model: one .keras file with the vocabulary inside."""

import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from charrnn.network.facts import (
    JSON_LIMIT,
    MEMBER,
    check_facts,
    expect,
    facts_text,
    vocabulary_of,
)
from charrnn.network.layers import StoredLayer, check_layer, check_object
from charrnn.network.portable import CONFIG, make_portable
from charrnn.network.shapes import (
    check_model,
    parameter_count,
    planned_shapes,
)
from charrnn.network.weights import read_arrays
from charrnn.system.archive import member_size, opened, read_member
from charrnn.system.atomic import replacing
from charrnn.system.terminal import escape_controls
from charrnn.text.sources import CHECKPOINT_NAME
from charrnn.text.units import UnitVocabulary

if TYPE_CHECKING:
    import keras

_BUNDLED = Path(__file__).parents[1] / "pretrained"
PRETRAINED = {  # models that come with charrnn, by name
    "shakespeare": _BUNDLED / "shakespeare.keras",
}
WEIGHTS = "model.weights.h5"
LINE_LIMIT = 400  # characters of the reason in a message about a damaged file

# The exceptions that readers of archives, JSON and HDF5 raise on damaged files.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OverflowError,
    ValueError,
    KeyError,
    TypeError,
    RuntimeError,
    OSError,
)


class Contents(TypedDict):
    """The contents of a model file, as `read` returns them."""

    vocabulary: UnitVocabulary
    layers: list[StoredLayer]
    facts: dict[str, Any]


def save(
    model: "keras.Sequential",
    path: Path | str,
    vocabulary: UnitVocabulary,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Saves a model and its vocabulary in one file, atomically.

    Keras opens the file from version 3.5 on. Nothing is written that
    `charrnn.load` would refuse. `charrnn.save` also accepts other forms of
    models.

    Args:
        model: The `keras.Sequential`, or its twin.
        path: A file name ending in `.keras`.
        vocabulary: The `charrnn.Vocabulary` of the ids that it reads, or a
            `WordVocabulary` or `ByteVocabulary`.
        facts: More entries for the member `charrnn.json`, such as the split
            of the text and the losses reached: a JSON-serializable `dict`.

    Raises:
        ValueError: if the name does not end in `.keras`, the vocabulary and
            the facts are too large to be read again, or `charrnn.load` could
            not read the model. An existing file is left intact.
        OSError: if the file cannot be written; an existing one is left intact.

    Example:

    >>> import tempfile
    >>> from charrnn import Vocabulary
    >>> from charrnn.network.model import build_model
    >>> vocabulary = Vocabulary("abc")
    >>> path = Path(tempfile.mkdtemp()) / "model.keras"
    >>> save(build_model(vocabulary, units=4), path, vocabulary)
    >>> read(path)["vocabulary"]
    Vocabulary('abc')
    """
    if Path(path).suffix != ".keras":
        raise ValueError(
            f"Expected a file name ending in '.keras'. Received '{path}'."
        )
    if not isinstance(vocabulary, UnitVocabulary):
        raise ValueError(
            "Expected a charrnn.Vocabulary. "
            f"Received {type(vocabulary).__name__!r}."
        )
    check_model(model, len(vocabulary))
    member = facts_text(vocabulary, facts or {})
    with replacing(path) as temporary:
        model.save(temporary)
        make_portable(temporary, {MEMBER: member})
        _check_that_we_can_read(temporary)


def _check_that_we_can_read(path):
    with path.open("rb") as file:
        try:
            _read(file)
        except DAMAGE as error:
            raise ValueError(
                "Expected a model that charrnn.load can read. Nothing was "
                f"saved: {_reason(error)}"
            ) from error


def _reason(error):
    """A reader's error in one line."""
    line = escape_controls(" ".join(str(error).split()))[:LINE_LIMIT]
    return line or type(error).__name__


def read(path: Path | str) -> Contents:
    """Reads a model file as data: nothing in it is run, imported or fetched.

    SECURITY.md describes what is refused, and the limits.

    Args:
        path: A `.keras` file, or a run's folder with a `model.keras`.

    Returns:
        A `dict` with `vocabulary` (a `charrnn.Vocabulary`), `layers` (a list
        of `(class name, settings, arrays)`, the arrays float32 in Keras's
        order) and `facts` (the whole member `charrnn.json`).

    Raises:
        ValueError: if the file is not a model that charrnn made; the message
            says why in one line.
        OSError: if it cannot be opened.

    Example:

    >>> contents = read("shakespeare")
    >>> [class_name for class_name, *_ in contents["layers"]][-2:]
    ['Dropout', 'Dense']
    """
    path = model_path(path)
    with path.open("rb") as file:
        try:
            return _read(file)
        except DAMAGE as error:
            raise ValueError(
                f"Expected a model that charrnn saved. '{path}' is not one, "
                f"or is damaged: {_reason(error)}"
            ) from error


def model_path(path: Path | str) -> Path:
    """Finds the model file: the path itself, or a run's `model.keras`.

    Args:
        path: A file, a folder, or a name in `PRETRAINED`.

    Returns:
        A `pathlib.Path` of a regular file.

    Raises:
        ValueError: if there is none; the message has the path that was tried.

    Example:

    >>> model_path("shakespeare").name
    'shakespeare.keras'
    """
    folder = Path(path)
    file = folder / "model.keras" if folder.is_dir() else folder
    if file.is_file():
        return file
    if file.exists():  # opening a pipe would wait for a writer
        raise ValueError(
            f"Expected a model file. '{file}' is a folder, a pipe or a device."
        )
    if any(CHECKPOINT_NAME.fullmatch(there.name) for there in _in(folder)):
        raise ValueError(
            f"Expected a model in '{folder}'. The run there has saved "
            "none yet. Wait for its first validation, or go on with it."
        )
    if str(folder) in PRETRAINED:  # a folder of texts may have that name, too
        return PRETRAINED[str(folder)]
    raise ValueError(
        "Expected a model file or a run's folder. There is no "
        f"'{file}'. {_hint(folder)}"
    )


def _in(folder: Path) -> Iterable[Path]:
    """The contents of a path, if it is a folder."""
    return folder.iterdir() if folder.is_dir() else ()


def _hint(folder):
    """Advice if there is no model: names one in a subfolder, if any."""
    inside = sorted(folder.glob("*/model.keras"))
    inside = inside or sorted(folder.glob("*/*/model.keras"))
    if inside:
        return f"Did you mean '{inside[0].parent}'?"
    return "`python train.py TEXT` makes one, in runs/."


def _read(file):
    with opened(file) as archive:
        facts = _read_facts(archive)
        vocabulary = vocabulary_of(facts)
        layers = _read_config(archive)
        shapes = planned_shapes(layers, len(vocabulary))
        _check_parameters(archive, shapes)
        weights = read_member(archive, WEIGHTS)
    arrays = read_arrays(weights, layers, shapes, len(vocabulary))
    layers = [(*layer, own) for layer, own in zip(layers, arrays, strict=True)]
    return {"vocabulary": vocabulary, "layers": layers, "facts": facts}


def _read_facts(archive):
    if MEMBER not in archive.namelist():
        raise ValueError(
            f"it has no {MEMBER}. If Keras saved it again, "
            "charrnn.save(model, path, vocabulary) keeps the vocabulary."
        )
    facts = _read_json(archive, MEMBER)
    check_facts(facts)
    return facts


def _read_config(archive):
    """Reads the layers of a Keras config: a list of (class name, settings)."""
    config = _read_json(archive, CONFIG, check_object)
    if config.get("class_name") != "Sequential":
        raise ValueError(
            "Expected a keras.Sequential. "
            f"Received {config.get('class_name')!r}."
        )
    settings = expect(config.get("config"), dict, "config")
    layers = []
    for layer in expect(settings.get("layers"), list, "layers"):
        expect(layer, dict, "layer")
        class_name = expect(layer.get("class_name"), str, "class_name")
        settings = expect(layer.get("config"), dict, "config")
        check_layer(class_name, settings)
        layers.append((class_name, settings))
    return layers


def _check_parameters(archive, shapes):
    """Checks that the file is large enough for the declared parameters."""
    parameters = parameter_count(shapes)
    expected, received = 4 * parameters, member_size(archive, WEIGHTS)
    if received < expected:
        raise ValueError(
            f"Expected {expected:,} bytes or more for {parameters:,} "
            f"parameters. Received {received:,} in {WEIGHTS}."
        )


def _read_json(archive, name, check_object=None):
    data = read_member(archive, name, JSON_LIMIT)
    try:
        value = json.loads(data, object_hook=check_object)
    except (json.JSONDecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(
            f"Expected JSON in {name}. Received {error}"
        ) from error
    return expect(value, dict, name)
