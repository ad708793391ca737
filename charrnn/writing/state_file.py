"""Save and read a state: a JSON file, bound to the model by its hash."""

import base64
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from charrnn.network.engine import Engine
from charrnn.network.fingerprint import fingerprint
from charrnn.network.loading import engine_of
from charrnn.system.atomic import write_text
from charrnn.system.terminal import escape_controls
from charrnn.text.words import LONGEST_CUT
from charrnn.writing.prompts import MAX_KEPT_CHARACTERS, check_one_sample
from charrnn.writing.state import State

if TYPE_CHECKING:
    import keras

FORMAT = "charrnn state 1"
MAX_VALUE = 1e15  # of a number, as of a model's weights
MAX_TEXT_BYTES = 1 << 17  # of all entries that are not arrays
MAX_BYTES_PER_NUMBER = 12  # a float64 in base64 takes 11
MAX_SHOWN = 200  # characters of a stranger's text in a message

# What readers of JSON and base64 raise on a damaged file.
DAMAGE = ValueError, KeyError, TypeError, AttributeError, RecursionError


def save_state(
    state: State,
    path: Path | str,
    model: "Engine | keras.Sequential | os.PathLike | str",
) -> None:
    """Saves a state, to go on from it at another time.

    Args:
        state: A `State` of one sample, such as `charrnn.prime` returns. Its
            constraints are not saved, nor are its random numbers.
        path: The file, which is replaced.
        model: The model that made the state.

    Raises:
        ValueError: if the state has several samples, or is of another model.
        OSError: if the file cannot be written.

    Example:

    >>> import tempfile
    >>> from charrnn import Sampler, prime
    >>> path = tempfile.mkdtemp() + "/play.state"
    >>> save_state(prime("shakespeare", "ROMEO:"), path, "shakespeare")
    >>> state = load_state(path, "shakespeare")
    >>> len(Sampler("shakespeare").generate(state=state, length=5)[0].text)
    5
    """
    check_one_sample(state)
    engine = engine_of(model, for_text=True)
    shapes = [[a.shape for a in layer] for layer in state.recurrent]
    if shapes != [[a.shape for a in s] for s in engine.zero_state(1)]:
        raise ValueError(
            "Expected a state of this model. Received one of other sizes."
        )
    value = {
        "format": FORMAT,
        "model": fingerprint(engine),
        "made_with": repr(engine),
        "rest": state.rest,
        "read": state.read,
        "logits": _text_of(state.logits),
        "recurrent": [
            [_text_of(a) for a in layer] for layer in state.recurrent
        ],
    }
    write_text(path, json.dumps(value, indent=1) + "\n")


def load_state(
    path: Path | str,
    model: "Engine | keras.Sequential | os.PathLike | str",
) -> State:
    """Reads a state that `save_state` saved, and checks it.

    Args:
        path: The file.
        model: The model that made the state, or a copy of it.

    Returns:
        A `State` of one sample, for the argument `state` of
        `Sampler.generate`.

    Raises:
        ValueError: if the file is not a state, is damaged, or was saved with
            another model; the message says so in one line.
        OSError: if it cannot be read.
    """
    path = Path(path)
    engine = engine_of(model, for_text=True)
    _check_is_file(path)
    try:
        value = _json_of(path, engine)
        is_of_model = value["model"] == fingerprint(engine)
        if is_of_model:
            return _state_of(value, engine)
    except DAMAGE as error:
        raise ValueError(
            f"Expected a state that charrnn saved. '{path}' is not one, or is "
            f"damaged: {_reason(error)}"
        ) from error
    raise ValueError(
        f"Expected a state of this model, {_network(repr(engine))}. '{path}' "
        f"was saved with another, {_network(value.get('made_with'))}. Use that "
        "model, or save a state of this one."
    )


def _check_is_file(path: Path) -> None:
    """Checks that there is a file: opening a pipe could block."""
    if not path.is_file():
        what = "is a folder, a pipe or a device"
        if not path.exists():
            what = "does not exist. Check the path"
        raise ValueError(
            f"Expected a file with a state that charrnn saved. '{path}' {what}."
        )


def _network(shown: object) -> str:
    """A network's description, without the name of the class around it."""
    return re.sub(r"\A\w+\((.*)\)\Z", r"\1", _in_a_line(shown))


def _reason(error: Exception) -> str:
    """Says in a line what is wrong with a file."""
    if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)):
        return "it is not JSON"
    if isinstance(error, KeyError):
        return f"it has no {_in_a_line(error)}"
    return _in_a_line(error)


def _in_a_line(what: object) -> str:
    """An error or a stranger's text in one line."""
    line = escape_controls(" ".join(str(what).split()))[:MAX_SHOWN]
    return line or type(what).__name__


def _json_of(path: Path, engine: Engine) -> dict[str, Any]:
    """Reads the file, unless it is larger than a state of the model is."""
    arrays = [array for layer in engine.zero_state(1) for array in layer]
    numbers = sum(array.size for array in arrays) + len(engine.vocabulary)
    limit = MAX_TEXT_BYTES + MAX_BYTES_PER_NUMBER * numbers
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"Expected at most {limit:,} bytes. Received more.")
    value = json.loads(data.decode("utf-8"))
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise ValueError(f"Expected JSON with the format {FORMAT!r}.")
    return value


def _state_of(value: dict[str, Any], engine: Engine) -> State:
    """Makes the state, and checks every part of it."""
    vacant = np.empty((1, len(engine.vocabulary)), np.float32)
    logits = _array_of(value["logits"], vacant, may_exclude=True)
    expected = engine.zero_state(1)
    texts = value["recurrent"]
    if [len(own) for own in texts] != [len(layer) for layer in expected]:
        raise ValueError("Expected the states of other layers.")
    recurrent = [
        tuple(_array_of(text, like) for text, like in zip(*pair, strict=True))
        for pair in zip(texts, expected, strict=True)
    ]
    rest = _checked_text(value["rest"], LONGEST_CUT, engine)
    read = _checked_text(value["read"], MAX_KEPT_CHARACTERS, engine)
    return State(recurrent, logits, 0, np.arange(1), rest=rest, read=read)


def _text_of(array: np.ndarray) -> str:
    """An array's bytes in base64, the lowest byte of a number first."""
    little = array.astype(array.dtype.newbyteorder("<"))
    return base64.b64encode(little.tobytes()).decode("ascii")


def _array_of(
    text: Any, like: np.ndarray, may_exclude: bool = False
) -> np.ndarray:
    """Reads an array of a known shape and type.

    Logits may exclude units, with minus infinity, but not all of them.
    """
    data = base64.b64decode(text, validate=True)
    if len(data) != like.nbytes:
        raise ValueError(
            f"Expected an array of {like.nbytes:,} bytes. Received "
            f"{len(data):,}."
        )
    array = np.frombuffer(data, like.dtype.newbyteorder("<")).astype(like.dtype)
    is_sound = np.abs(array) <= MAX_VALUE
    if may_exclude and is_sound.any():
        is_sound |= np.isneginf(array)
    if not is_sound.all():
        raise ValueError(
            f"Expected finite numbers from -{MAX_VALUE:g} to {MAX_VALUE:g}."
        )
    return array.reshape(like.shape)


def _checked_text(value: Any, limit: int, engine: Engine) -> str:
    """Checks a text of the model's characters."""
    if not isinstance(value, str) or len(value) > limit:
        raise ValueError(f"Expected a text of at most {limit:,} characters.")
    engine.vocabulary.inner.encode(value)
    return value
