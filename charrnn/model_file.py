"""Save and read a model: one .keras file with the vocabulary inside."""

import io
import json
import zipfile
import zlib
from pathlib import Path

import numpy as np

from charrnn.atomic import replacing
from charrnn.vocabulary import Vocabulary

FORMAT = 1
MEMBER = "charrnn.json"  # the extra member; Keras ignores it
MEMBER_LIMIT = 64 << 20  # bytes of JSON: the weights are bound by the file

# What the readers of archives, JSON and HDF5 raise on a damaged file.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RuntimeError,
    OSError,
)

# What a layer's settings must be for the engine to compute the same.
_RNN_SETTINGS = {
    "return_sequences": True,
    "go_backwards": False,
    "use_bias": True,
    "activation": "tanh",
}
_SETTINGS = {
    "InputLayer": {},
    "Reshape": {"target_shape": [-1, 1]},
    "CategoryEncoding": {"output_mode": "one_hot"},
    "Embedding": {"mask_zero": False},
    "SimpleRNN": _RNN_SETTINGS,
    "LSTM": _RNN_SETTINGS | {"recurrent_activation": "sigmoid"},
    "GRU": _RNN_SETTINGS
    | {"recurrent_activation": "sigmoid", "reset_after": True},
    "Dropout": {},
    "Dense": {"activation": "linear", "use_bias": True},
}


def save(model, path, vocabulary, facts=None):
    """Saves a model and its vocabulary in one file, whole or not at all.

    Args:
        model: The `keras.Sequential`.
        path: A file name ending in `.keras`.
        vocabulary: The `charrnn.Vocabulary` of the ids that it reads.
        facts: More entries for the member `charrnn.json`, such as the split
            of the text and the losses reached; a `dict` that JSON can hold.

    Raises:
        ValueError: if the name does not end in `.keras`.
        OSError: if the file cannot be written; an old one is then intact.

    Example:

    >>> import tempfile
    >>> from charrnn.model import build_model
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
    member = {
        **(facts or {}),
        "format": FORMAT,
        "unit": "character",
        "vocabulary": {"characters": vocabulary.characters},
    }
    with replacing(path) as temporary:
        model.save(temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(MEMBER, json.dumps(member, indent=1))


def read(path):
    """Reads a model file as data: nothing in it is run or imported.

    Args:
        path: A `.keras` file, or a run's folder with a `model.keras`.

    Returns:
        A `dict` with `vocabulary` (a `charrnn.Vocabulary`), `layers` (a list
        of `(class name, settings, arrays)`, the arrays float32 in Keras's
        order) and `facts` (the whole member `charrnn.json`).

    Raises:
        ValueError: if the file is not a model that charrnn made, saying why.
        OSError: if it cannot be read.
    """
    path = model_path(path)
    file = io.BytesIO(path.read_bytes())
    try:
        with zipfile.ZipFile(file) as archive:
            facts = _read_facts(archive)
            config = _read_json(archive, "config.json")
            weights = _member(
                archive, "model.weights.h5", file.getbuffer().nbytes
            )
        layers = _read_layers(config, io.BytesIO(weights))
        vocabulary = Vocabulary(facts["vocabulary"]["characters"])
    except DAMAGE as error:
        reason = " ".join(str(error).split())
        if isinstance(error, LookupError):
            reason = f"{reason} is missing"
        raise ValueError(
            f"Expected a model that charrnn saved. '{path}' is not one, or "
            f"is damaged: {reason}"
        ) from error
    return {"vocabulary": vocabulary, "layers": layers, "facts": facts}


def model_path(path):
    """Finds the model file: the path itself, or a run's `model.keras`.

    Args:
        path: A file or a folder.

    Returns:
        A `pathlib.Path` of a regular file.

    Raises:
        ValueError: if there is none, saying where it was looked for.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "model.keras"
    if not path.is_file():
        raise ValueError(
            f"Expected a model file or a run's folder. There is no '{path}'. "
            "`python train.py TEXT` makes one, in runs/."
        )
    return path


def check_layer(class_name, settings):
    """Checks that a layer is one that charrnn builds, set as charrnn does.

    Args:
        class_name: Such as `"LSTM"`.
        settings: The layer's Keras config, a `dict`.

    Raises:
        ValueError: naming the layer or the setting that is not supported.

    Example:

    >>> check_layer("Dropout", {"rate": 0.2})
    """
    if class_name not in _SETTINGS:
        raise ValueError(
            f"Expected only layers among {sorted(_SETTINGS)}. "
            f"Received {class_name!r}."
        )
    for name, expected in _SETTINGS[class_name].items():
        received = settings.get(name)
        if isinstance(received, tuple):  # in memory; a list in the file
            received = list(received)
        if received != expected:
            raise ValueError(
                f"Expected {class_name} with {name}={expected!r}. "
                f"Received {received!r}."
            )


def _read_facts(archive):
    if MEMBER not in archive.namelist():
        raise ValueError(
            f"it has no {MEMBER}. If Keras saved it again, "
            "charrnn.save(model, path, vocabulary) keeps the vocabulary."
        )
    facts = _read_json(archive, MEMBER)
    if facts["format"] != FORMAT:
        raise ValueError(
            f"Expected format {FORMAT}. Received {facts['format']!r}. If a "
            "newer charrnn made it, update charrnn."
        )
    if not isinstance(facts["vocabulary"]["characters"], str):
        raise ValueError(
            "Expected the characters of the vocabulary as one string. "
            f"Received {facts['vocabulary']['characters']!r}."
        )
    return facts


def _read_json(archive, name):
    return json.loads(_member(archive, name, MEMBER_LIMIT))


def _member(archive, name, limit):
    """Reads a member of the archive that is not larger than `limit`."""
    size = archive.getinfo(name).file_size
    if size > limit:
        raise ValueError(
            f"Expected {name} of at most {limit:,} bytes. Received {size:,}."
        )
    return archive.read(name)


def _read_layers(config, file):
    """Pairs the layers of a Keras config with their stored arrays."""
    import h5py  # here: only reading a file needs it

    layers, counts = [], {}
    with h5py.File(file, "r") as weights:
        for layer in config["config"]["layers"]:
            class_name, settings = layer["class_name"], layer["config"]
            check_layer(class_name, settings)
            count = counts[class_name] = counts.get(class_name, -1) + 1
            name = _SNAKE_CASE.get(class_name, class_name.lower())
            group = weights["layers"].get(f"{name}_{count}" if count else name)
            layers.append((class_name, settings, _read_arrays(group)))
    return layers


# Keras names a layer's group after its class, numbered from the second on.
_SNAKE_CASE = {
    "CategoryEncoding": "category_encoding",
    "SimpleRNN": "simple_rnn",
}


def _read_arrays(group):
    """Reads a layer's arrays in Keras's order; none for a missing group."""
    if group is None:
        return []
    stored = group["cell/vars"] if "cell" in group else group["vars"]
    arrays = [stored[str(i)] for i in range(len(stored))]
    for array in arrays:
        # A declared shape costs no bytes: believe only what is in the file.
        stored_inside = array.id.get_storage_size() == array.nbytes
        if array.external or array.is_virtual or not stored_inside:
            raise ValueError(
                "Expected weights stored plainly in the model file. "
                f"Received {array.name} stored elsewhere or packed."
            )
    return [np.asarray(array, dtype=np.float32) for array in arrays]
