"""Accept a model in any form: a path, a name, an engine, a Keras model.

Every function of charrnn that takes a model calls `engine_of` or
`keras_model_of`, so all of them accept the same forms.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from charrnn.network import model_file
from charrnn.network.engine import Engine, load
from charrnn.network.layers import is_keras
from charrnn.text.units import UnitVocabulary

if TYPE_CHECKING:
    import keras

# The forms in which a user may pass a model.
Model = Union[Engine, "keras.Sequential", str, "os.PathLike[str]"]

NO_VOCABULARY = (
    "Expected a vocabulary with a Keras model. Received none. Pass "
    "vocabulary=, the charrnn.Vocabulary that it was trained with."
)


def load_model(
    path: Path | str,
) -> tuple["keras.Sequential", UnitVocabulary]:
    """Loads a model file as a Keras model, to train it further or export it.

    No code in the file is run or imported: charrnn reads it as data, and
    builds new layers. To write or score texts, `charrnn.load` is enough, and
    does not need Keras.

    Args:
        path: A `.keras` file that charrnn saved, a run's folder, or
            `"shakespeare"` for the model that comes with charrnn.

    Returns:
        `(model, vocabulary)`: a `keras.Sequential` that maps ids of shape
        `(batch, time)` to logits `(batch, time, len(vocabulary))`, not
        compiled, and the `charrnn.Vocabulary` of the ids.

    Raises:
        ValueError: if it is not such a file; the message says why.
        OSError: if it cannot be read.

    Example:

    >>> model, vocabulary = load_model("shakespeare")
    >>> model(vocabulary.encode("ROMEO:")[None]).shape
    TensorShape([1, 6, 69])
    """
    from charrnn.network.model import rebuild

    contents = model_file.read(path)
    vocabulary = contents["vocabulary"]
    return rebuild(contents["layers"], vocabulary), vocabulary


def save(
    model: Model,
    path: Path | str,
    vocabulary: UnitVocabulary | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Saves a model and its vocabulary in one file, atomically.

    Keras opens the file from version 3.5 on, and `charrnn.load` reads it.

    Args:
        model: The `keras.Sequential`, or its twin; or a `charrnn.Engine`, a
            `.keras` file, a run's folder or `"shakespeare"`.
        path: A file name ending in `.keras`.
        vocabulary: The `charrnn.Vocabulary` of the ids that a Keras model
            reads; all other forms contain theirs.
        facts: More entries for the member `charrnn.json`, such as the split
            of the text and the losses reached: a JSON-serializable `dict`.
            `None` keeps those that an engine or a file already has.

    Raises:
        ValueError: if the name does not end in `.keras`, a vocabulary is
            missing, it and the facts are too large to be read again, or
            `charrnn.load` could not read the model; the message says why. An
            existing file is left intact.
        OSError: if the file cannot be written; an existing one is left intact.

    Example:

    >>> import tempfile
    >>> path = tempfile.mkdtemp() + "/copy.keras"
    >>> save("shakespeare", path)
    >>> load(path)
    Engine(LSTM, 2 layers of 512 units, 69 characters, 3,326,533 parameters)
    """
    if isinstance(model, (str, os.PathLike, Engine)):
        engine = engine_of(model, vocabulary)
        model, vocabulary = engine.to_keras(), engine.vocabulary
        facts = engine.facts if facts is None else facts
    _check_keras(model)
    if vocabulary is None or isinstance(vocabulary, NoVocabulary):
        raise ValueError(NO_VOCABULARY)
    model_file.save(model, path, vocabulary, facts)


def engine_of(
    model: Model,
    vocabulary: UnitVocabulary | None = None,
    *,
    for_text: bool = False,
) -> Engine:
    """Returns the engine of a model in any form.

    Args:
        model: A `charrnn.Engine`; a `.keras` file, a run's folder or the name
            of a model that comes with charrnn, as `charrnn.load` takes it; or
            a Keras model as `build_model` returns it, or its twin, whose
            weights are copied.
        vocabulary: The `charrnn.Vocabulary` of a Keras model; an engine and a
            file have their own. A Keras model without one reads ids, but not
            text.
        for_text: Whether to raise if a Keras model comes without one.

    Returns:
        An `Engine`.

    Raises:
        ValueError: if it is none of these, or has another vocabulary.

    Example:

    >>> from charrnn import build_model
    >>> engine_of(build_model("ab", units=4, layers=1))
    Engine(LSTM, 1 layer of 4 units, 2 characters, 122 parameters)
    """
    if isinstance(model, (str, os.PathLike)):
        model = load(Path(model))
    if isinstance(model, Engine):
        _check_same(vocabulary, model.vocabulary)
        return model
    _check_keras(model)
    if vocabulary is None and for_text:
        raise ValueError(NO_VOCABULARY)
    return Engine.from_keras(model, _or_none(vocabulary, model))


def keras_model_of(
    model: Model, vocabulary: UnitVocabulary | None = None
) -> tuple["keras.Sequential", UnitVocabulary]:
    """Returns a model in any form as a Keras model.

    Args:
        model: As for `engine_of`. A Keras model is returned as it is.
        vocabulary: As for `engine_of`.

    Returns:
        `(model, vocabulary)`: a `keras.Sequential` and its vocabulary.

    Raises:
        ValueError: as `engine_of` does.

    Example:

    >>> from charrnn import build_model
    >>> model = build_model("ab", units=4, layers=1)
    >>> keras_model_of(model)[0] is model
    True
    >>> keras_model_of(engine_of(model))[0].output_shape
    (None, None, 2)
    """
    if isinstance(model, (str, os.PathLike)):
        model, own = load_model(Path(model))
        _check_same(vocabulary, own)
        return model, own
    if isinstance(model, Engine):
        engine = engine_of(model, vocabulary)
        return engine.to_keras(), engine.vocabulary
    _check_keras(model)
    return model, _or_none(vocabulary, model)


def _or_none(vocabulary, model) -> Any:
    """Returns the vocabulary; if there is none, a placeholder of its size."""
    if vocabulary is None:
        return NoVocabulary(model.output_shape[-1])
    return vocabulary


def _check_same(vocabulary, own):
    """Checks that the vocabulary passed, if any, is the model's own."""
    if vocabulary is not None and vocabulary != own:
        raise ValueError(
            "Expected no other vocabulary than the model's own. Received "
            f"one of {len(vocabulary)} {vocabulary.plural}; the model's has "
            f"{len(own)}. Leave it out."
        )


class NoVocabulary:
    """A placeholder for the vocabulary of a Keras model that has none.

    It has a length. Any other use raises an error that says what to pass.

    Args:
        size: Number of its characters.

    Example:

    >>> len(NoVocabulary(65))
    65
    >>> NoVocabulary(65).encode("a")
    Traceback (most recent call last):
    ValueError: Expected a vocabulary with a Keras model. ...
    """

    unit = "character"
    plural = "characters"
    boundary = None

    def __init__(self, size: int):
        self._size = size

    def __len__(self) -> int:
        return self._size

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise ValueError(NO_VOCABULARY)


def _check_keras(model):
    """Checks that something is a Keras model, the last of the forms."""
    if not is_keras(model):
        raise ValueError(
            "Expected a model: a charrnn.Engine, the path of a model file or "
            "of a run's folder, or a Keras model. "
            f"Received {type(model).__name__!r}."
        )
