"""Take a model in any form: a path, a name, an engine, a Keras model."""

import os

from charrnn.network.engine import Engine, load

NO_VOCABULARY = (
    "Expected a vocabulary with a Keras model. Received none. Pass "
    "vocabulary=, the charrnn.Vocabulary that it was trained with."
)


def engine_of(model, vocabulary=None, *, for_text=False):
    """The engine of whatever a user may call a model.

    Args:
        model: A `charrnn.Engine`; a `.keras` file, a run's folder or the name
            of a model that comes with charrnn, as `charrnn.load` takes it; or
            a Keras model as `build_model` makes it, whose weights are copied.
        vocabulary: The `charrnn.Vocabulary` of a Keras model; an engine and a
            file have their own. A Keras model without one reads ids, but no
            text.
        for_text: Whether a Keras model without one is an error at once.

    Returns:
        An `Engine`.

    Raises:
        ValueError: if it is none of these, or brings another vocabulary.

    Example:

    >>> from charrnn import build_model
    >>> engine_of(build_model("ab", units=4, layers=1))
    Engine(LSTM, 1 layer of 4 units, 2 characters, 122 parameters)
    """
    if isinstance(model, (str, os.PathLike)):
        model = load(model)
    if isinstance(model, Engine):
        if vocabulary is not None and vocabulary != model.vocabulary:
            raise ValueError(
                "Expected no other vocabulary than the model's own. Received "
                f"one of {len(vocabulary)} characters beside the model's "
                f"{len(model.vocabulary)}. Leave it out."
            )
        return model
    check_keras(model)
    if vocabulary is None and for_text:
        raise ValueError(NO_VOCABULARY)
    if vocabulary is None:
        vocabulary = NoVocabulary(model.output_shape[-1])
    return Engine.from_keras(model, vocabulary)


def keras_model_of(model, vocabulary=None):
    """A Keras model of whatever a user may call a model.

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
    if isinstance(model, (str, os.PathLike, Engine)):
        engine = engine_of(model, vocabulary)
        return engine.to_keras(), engine.vocabulary
    check_keras(model)
    return model, vocabulary or NoVocabulary(model.output_shape[-1])


def check_keras(model):
    """Checks that something is a Keras model.

    Raises:
        ValueError: saying what was expected instead.

    Example:

    >>> check_keras(7)
    Traceback (most recent call last):
    ValueError: Expected a model: a charrnn.Engine, ... Received 'int'.
    """
    if not hasattr(model, "layers") or not hasattr(model, "get_weights"):
        raise ValueError(
            "Expected a model: a charrnn.Engine, the path of a model file or "
            "of a run's folder, or a Keras model. "
            f"Received {type(model).__name__!r}."
        )


class NoVocabulary:
    """Stands for the vocabulary of a Keras model that came without one.

    Args:
        size: Number of its characters.

    Example:

    >>> len(NoVocabulary(65))
    65
    """

    def __init__(self, size):
        self._size = size

    def __len__(self):
        return self._size

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        raise ValueError(NO_VOCABULARY)
