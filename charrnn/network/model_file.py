"""Save and read a model: one .keras file with the vocabulary inside."""

import json
import zipfile
import zlib
from pathlib import Path

from charrnn.network import layers as network
from charrnn.network import shapes as weight_shapes
from charrnn.network.portable import CONFIG, make_portable
from charrnn.network.weights import read_arrays
from charrnn.system.archive import member_size, opened, read_member
from charrnn.system.atomic import replacing
from charrnn.system.terminal import escape_controls
from charrnn.text.corpus import normalize_text
from charrnn.text.normal_form import form_of
from charrnn.text.sources import CHECKPOINT_NAME
from charrnn.text.vocabulary import Vocabulary

FORMAT = 1
_BUNDLED = Path(__file__).parents[1] / "pretrained"
PRETRAINED = {  # models that come with charrnn, by their names
    "shakespeare": _BUNDLED / "shakespeare.keras",
}
MEMBER = "charrnn.json"  # the extra member; Keras ignores it
WEIGHTS = "model.weights.h5"
JSON_LIMIT = 2 << 20  # bytes: room for all characters that Unicode assigns
LINE_LIMIT = 400  # characters of what is told about a damaged file

# What the readers of archives, JSON and HDF5 raise on a damaged file.
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


def save(model, path, vocabulary, facts=None):
    """Saves a model and its vocabulary in one file, whole or not at all.

    Args:
        model: The `keras.Sequential`, or its twin.
        path: A file name ending in `.keras`.
        vocabulary: The `charrnn.Vocabulary` of the ids that it reads.
        facts: More entries for the member `charrnn.json`, such as the split
            of the text and the losses reached; a `dict` that JSON can hold.

    Keras opens the file from version 3.5 on. Nothing is written that
    `charrnn.load` would refuse.

    Raises:
        ValueError: if the name does not end in `.keras`, the vocabulary and
            the facts are too large to be read again, or the model is none
            that `charrnn.load` reads, saying why; an old file is then intact.
        OSError: if the file cannot be written; an old one is then intact.

    Example:

    >>> import tempfile
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
    if not isinstance(vocabulary, Vocabulary):
        raise ValueError(
            "Expected a charrnn.Vocabulary. "
            f"Received {type(vocabulary).__name__!r}."
        )
    weight_shapes.check_model(model, len(vocabulary))
    facts = _facts_text(vocabulary, facts or {})
    with replacing(path) as temporary:
        model.save(temporary)
        make_portable(temporary, {MEMBER: facts})
        _check_that_we_can_read(temporary)


def _facts_text(vocabulary, facts):
    """The member `charrnn.json`."""
    member = {
        **facts,
        "format": FORMAT,
        "unit": "character",
        "vocabulary": {"characters": vocabulary.characters},
    }
    text = json.dumps(member, indent=1)
    if len(text) > JSON_LIMIT:
        raise ValueError(
            f"Expected a vocabulary and facts of at most {JSON_LIMIT:,} bytes "
            f"of JSON. Received {len(text):,}."
        )
    return text


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
    """What a reader says about a file, in one line."""
    line = escape_controls(" ".join(str(error).split()))[:LINE_LIMIT]
    return line or type(error).__name__


def read(path):
    """Reads a model file as data: nothing in it is run, imported or fetched.

    SECURITY.md tells what is refused, and the limits.

    Args:
        path: A `.keras` file, or a run's folder with a `model.keras`.

    Returns:
        A `dict` with `vocabulary` (a `charrnn.Vocabulary`), `layers` (a list
        of `(class name, settings, arrays)`, the arrays float32 in Keras's
        order) and `facts` (the whole member `charrnn.json`).

    Raises:
        ValueError: if the file is not a model that charrnn made, saying why
            in one line.
        OSError: if it cannot be opened.
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


def model_path(path):
    """Finds the model file: the path itself, or a run's `model.keras`.

    Args:
        path: A file, a folder, or a name in `PRETRAINED`.

    Returns:
        A `pathlib.Path` of a regular file.

    Raises:
        ValueError: if there is none, saying where it was looked for.
    """
    path = Path(path)
    folder = path
    if folder.is_dir():
        path = folder / "model.keras"
    if not path.exists() and str(path) in PRETRAINED:
        path = PRETRAINED[str(path)]
    if not path.exists():
        if any(CHECKPOINT_NAME.fullmatch(there.name) for there in _in(folder)):
            raise ValueError(
                f"Expected a model in '{folder}'. The run there has saved "
                "none yet. Wait for its first validation, or go on with it."
            )
        inside = sorted(folder.glob("*/model.keras"))
        inside = inside or sorted(folder.glob("*/*/model.keras"))
        hint = "`python train.py TEXT` makes one, in runs/."
        if inside:
            hint = f"Did you mean '{inside[0].parent}'?"
        raise ValueError(
            "Expected a model file or a run's folder. There is no "
            f"'{path}'. {hint}"
        )
    if not path.is_file():  # to open a pipe is to wait for a writer
        raise ValueError(
            f"Expected a model file. '{path}' is a folder, a pipe or a device."
        )
    return path


def _in(folder):
    """What is in a folder, if it is one."""
    return folder.iterdir() if folder.is_dir() else ()


def text_form(facts):
    """Tells how a model's text was read: with which line ends and normal form.

    Where it was read as it was, its characters may tell the normal form.

    Args:
        facts: As `read` returns them.

    Returns:
        A `dict` with the arguments of `charrnn.text.corpus.normalize_text`.

    Raises:
        ValueError: if that is not what the facts tell.

    Example:

    >>> text_form({"text": {"name": "my.txt", "newline": "keep"}})
    {'newline': 'keep', 'normalize': None}
    """
    text = _expect(facts.get("text", {}), dict, "text")
    normalize = text.get("normalize")
    if normalize is None and "vocabulary" in facts:
        normalize = form_of(facts["vocabulary"]["characters"])
    return {"newline": text.get("newline", "lf"), "normalize": normalize}


def training_characters(facts):
    """Tells how much of its text, from the start, a model was trained on.

    Args:
        facts: As `read` returns them.

    Returns:
        An `int`, or `None` if the file does not tell.

    Raises:
        ValueError: if what it tells is no number.

    Example:

    >>> training_characters({"split": {"training_characters": 1_003_854}})
    1003854
    """
    split = _expect(facts.get("split", {}), dict, "split")
    if "training_characters" not in split:
        return None
    return _expect(split["training_characters"], int, "training_characters")


def _read(file):
    with opened(file) as archive:
        facts = _read_facts(archive)
        vocabulary = Vocabulary(facts["vocabulary"]["characters"])
        layers = _read_config(archive)
        shapes = weight_shapes.planned_shapes(layers, len(vocabulary))
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
    if facts.get("format") != FORMAT:
        raise ValueError(
            f"Expected format {FORMAT}. Received {facts.get('format')!r}. If "
            "a newer charrnn made it, update charrnn."
        )
    vocabulary = _expect(facts.get("vocabulary"), dict, "vocabulary")
    _expect(vocabulary.get("characters"), str, "characters")
    normalize_text("", **text_form(facts))
    return facts


def _read_config(archive):
    """Reads the layers of a Keras config: a list of (class name, settings)."""
    config = _read_json(archive, CONFIG, network.check_object)
    if config.get("class_name") != "Sequential":
        raise ValueError(
            "Expected a keras.Sequential. "
            f"Received {config.get('class_name')!r}."
        )
    settings = _expect(config.get("config"), dict, "config")
    layers = []
    for layer in _expect(settings.get("layers"), list, "layers"):
        _expect(layer, dict, "layer")
        class_name = _expect(layer.get("class_name"), str, "class_name")
        settings = _expect(layer.get("config"), dict, "config")
        network.check_layer(class_name, settings)
        layers.append((class_name, settings))
    return layers


def _check_parameters(archive, shapes):
    """Checks that the file is large enough for what its settings announce."""
    parameters = weight_shapes.parameter_count(shapes)
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
    return _expect(value, dict, name)


def _expect(value, kind, name):
    """Returns a value from JSON, if it is of the kind it must be."""
    if not isinstance(value, kind):
        raise ValueError(
            f"Expected {name} to be a {kind.__name__}. Received {value!r}."
        )
    return value
