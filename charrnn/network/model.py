"""Build the network: a plain `keras.Sequential` of built-in layers."""

import importlib
from collections.abc import Sequence, Sized
from typing import TYPE_CHECKING, Any

import numpy as np

from charrnn.network.cells import CELLS, cell_of_layer
from charrnn.network.layers import StoredLayer
from charrnn.network.shapes import parameter_count, weight_shapes

if TYPE_CHECKING:
    import keras

ONE_HOT_LIMIT = 256  # more characters than this are embedded
EMBEDDING_DIM = 256
COUNTED = 1_000_000  # characters at once: the ids may be larger than the memory
DTYPE = "float32"  # whatever the floatx of the user's keras.json


def build_model(
    vocabulary: Sized,
    *,
    cell: str = "lstm",
    units: int = 256,
    layers: int = 2,
    dropout: float = 0.3,
    embedding: int | str | None = "auto",
) -> "keras.Sequential":
    """Builds an untrained network that predicts the next character.

    Characters go in as one-hot vectors or through an embedding, pass
    `layers` recurrent layers, each followed by dropout, and come out as one
    logit per character of the vocabulary.

    Args:
        vocabulary: A `charrnn.Vocabulary`, or anything whose `len()` is the
            number of distinct characters.
        cell: `"simple_rnn"` (Elman 1990), `"lstm"` (Hochreiter and
            Schmidhuber 1997; forget gates, Gers et al. 2000), `"gru"` (Cho
            et al. 2014), or any other in `charrnn.network.cells.CELLS`.
        units: Size of each recurrent layer's hidden state.
        layers: Number of recurrent layers.
        dropout: Fraction of each recurrent layer's outputs dropped while
            training (Zaremba et al. 2014).
        embedding: Size of the embedding, `None` for one-hot input, or
            `"auto"`: one-hot for up to 256 characters, else 256.

    Returns:
        A `keras.Sequential` that maps int32 ids of shape `(batch, time)` to
        logits of shape `(batch, time, len(vocabulary))`.

    Raises:
        ValueError: if an argument is out of range.

    Example:

    >>> model = build_model(range(65), cell="gru", units=8, layers=1)
    >>> model.output_shape
    (None, None, 65)
    """
    check_arguments(vocabulary, cell, units, layers, dropout, embedding)
    size = len(vocabulary)
    middle: list[tuple[str, dict[str, Any]]] = []
    for _ in range(layers):
        middle.append((CELLS[cell].layer, {"units": units}))
        middle.append(("Dropout", {"rate": dropout}))
    return _assembled(size, embedding_dim(embedding, size), middle)


def _assembled(size, embedding, middle):
    """Puts layers between those that turn ids into vectors, and the logits.

    Args:
        size: Number of characters in the vocabulary.
        embedding: Size of the embedding, or `None` for one-hot vectors.
        middle: A list of `(class name, settings)`: recurrent and dropout
            layers.
    """
    from charrnn.network.backend import keras  # here: --help needs no Keras

    model = keras.Sequential(name="charrnn")
    model.add(keras.Input((None,), dtype="int32", name="ids"))
    for layer in _input_layers(size, embedding):
        model.add(layer)
    for class_name, settings in middle:
        if class_name == "Dropout":
            model.add(keras.layers.Dropout(settings["rate"], dtype=DTYPE))
        else:
            layer = _layer_class(class_name)
            units = settings["units"]
            model.add(layer(units, return_sequences=True, dtype=DTYPE))
    model.add(keras.layers.Dense(size, name="logits", dtype=DTYPE))
    return model


def _input_layers(size, embedding):
    from charrnn.network.backend import keras

    if embedding is not None:
        return [keras.layers.Embedding(size, embedding, dtype=DTYPE)]
    one_hot = keras.layers.CategoryEncoding(
        size, output_mode="one_hot", name="one_hot", dtype=DTYPE
    )
    # One column a character: without it, CategoryEncoding would take a
    # single character, shape (batch, 1), for a batch without time.
    return [keras.layers.Reshape((-1, 1), dtype=DTYPE), one_hot]


def _layer_class(class_name):
    """Imports a recurrent layer from where the table of cells says it is."""
    cell = cell_of_layer(class_name)
    module = importlib.import_module(cell.module if cell else "keras.layers")
    return getattr(module, class_name)


def begin_with_frequencies(model: "keras.Sequential", ids: np.ndarray) -> None:
    """Sets the bias of the logits to how often each character occurs.

    An untrained network then guesses by frequency, which is what training
    would learn first; the more characters there are, the longer it would
    take. One is added to each count, for characters that do not occur.

    Args:
        model: A `keras.Sequential`, as `build_model` returns it.
        ids: The training text, an integer array `(characters,)`.

    Example:

    >>> model = build_model(range(3), units=4, layers=1)
    >>> begin_with_frequencies(model, np.array([0, 0, 0, 0, 0, 1, 1, 1, 2]))
    >>> np.exp(model.layers[-1].bias.numpy())  # (5 + 1) / (9 + 3), ...
    array([0.5       , 0.33333334, 0.16666667], dtype=float32)
    """
    bias = model.layers[-1].bias
    counts = np.ones(bias.shape[0], np.int64)
    for start in range(0, len(ids), COUNTED):  # NumPy makes each an int64
        piece = ids[start : start + COUNTED]
        counts += np.bincount(piece, minlength=len(counts))
    bias.assign(np.log(counts / counts.sum()))


def parameters_of(
    characters: int,
    cell: str,
    units: int,
    layers: int,
    embedding: int | str | None = "auto",
) -> int:
    """Counts the parameters of a network without building it.

    Args:
        characters: Number of characters in the vocabulary.
        cell: As for `build_model`, like all that follow.
        units: Size of each recurrent layer.
        layers: Number of recurrent layers.
        embedding: Size of the embedding, `None` or `"auto"`.

    Returns:
        An `int`.

    Example:

    >>> build_model(range(65), units=8).count_params()
    3497
    >>> parameters_of(65, "lstm", units=8, layers=2)
    3497
    """
    name, embedding = CELLS[cell].layer, embedding_dim(embedding, characters)
    shapes = [
        weight_shapes("Embedding", characters, embedding) if embedding else [],
        weight_shapes(name, embedding or characters, units),
        weight_shapes("Dense", units, characters),
    ]
    further = weight_shapes(name, units, units)  # each but the first layer
    return parameter_count(shapes) + (layers - 1) * parameter_count([further])


def embedding_dim(embedding: int | str | None, characters: int) -> int | None:
    """The size of the embedding, or `None`, where it was `"auto"`."""
    if not isinstance(embedding, str):
        return embedding
    return None if characters <= ONE_HOT_LIMIT else EMBEDDING_DIM


def rebuild(
    layers: Sequence[StoredLayer], vocabulary: Sized
) -> "keras.Sequential":
    """Makes a Keras model of what a model file holds.

    Only what charrnn knows of the settings is taken over: sizes, and the rate
    of each dropout. Initializers, regularizers and names are Keras's own.

    Args:
        layers: A list of `(class name, settings, arrays)`, as
            `model_file.read` returns it.
        vocabulary: The `charrnn.Vocabulary` of its ids.

    Returns:
        A `keras.Sequential` with the same layers and these weights, not
        compiled.

    Example:

    >>> lstm = [np.ones((3, 8)), np.ones((2, 8)), np.ones(8)]
    >>> dense = [np.ones((2, 3)), np.ones(3)]
    >>> layers = [
    ...     ("LSTM", {"units": 2}, lstm),
    ...     ("Dense", {"units": 3}, dense),
    ... ]
    >>> rebuild(layers, "abc").output_shape
    (None, None, 3)
    """
    settings = {class_name: own for class_name, own, _ in layers}
    middle = [
        (class_name, own)
        for class_name, own, _ in layers
        if class_name == "Dropout" or cell_of_layer(class_name)
    ]
    embedding = settings.get("Embedding", {}).get("output_dim")
    model = _assembled(len(vocabulary), embedding, middle)
    model.set_weights([array for *_, arrays in layers for array in arrays])
    return model


def check_arguments(
    vocabulary: Sized,
    cell: str,
    units: int,
    layers: int,
    dropout: float,
    embedding: int | str | None,
) -> None:
    """Checks the arguments of `build_model` without importing Keras.

    Raises:
        ValueError: naming the first one that is out of range.

    Example:

    >>> check_arguments("abc", "lstm", 8, 2, 0.5, None)
    """
    if cell not in CELLS:
        raise ValueError(
            f"Expected a cell among {sorted(CELLS)}. Received {cell!r}."
        )
    check_size(vocabulary)
    sizes: dict[str, Any] = {"units": units, "layers": layers}
    if embedding not in (None, "auto"):
        sizes["embedding"] = embedding
    for name, size in sizes.items():
        if not isinstance(size, int) or size < 1:
            raise ValueError(
                f"Expected {name} to be a whole number of at least 1. "
                f"Received {size!r}."
            )
    if not isinstance(dropout, (int, float)) or not 0 <= dropout < 1:
        raise ValueError(
            "Expected a dropout from 0 up to, but not, 1. "
            f"Received {dropout!r}."
        )


def check_size(vocabulary: Sized) -> None:
    """Checks that there is something to predict.

    Args:
        vocabulary: A `Vocabulary`, or a `str` of distinct characters.

    Raises:
        ValueError: if it has one character only.

    Example:

    >>> check_size("ab")
    """
    if len(vocabulary) < 2:
        raise ValueError(
            "Expected at least 2 distinct characters: there is nothing to "
            f"predict in a text of {len(vocabulary)}."
        )


def network_of(layers: Sequence[StoredLayer]) -> dict[str, Any]:
    """Finds the arguments of `build_model` that make given layers.

    Args:
        layers: A list of `(class name, settings, arrays)`, as
            `model_file.read` returns it.

    Returns:
        A `dict` of the keyword arguments of `build_model`.

    Raises:
        ValueError: if its recurrent layers are not all of a kind and a size.

    Example:

    >>> layers = [
    ...     ("CategoryEncoding", {"num_tokens": 5}, []),
    ...     ("GRU", {"units": 8}, []),
    ...     ("Dropout", {"rate": 0.1}, []),
    ...     ("Dense", {"units": 5}, []),
    ... ]
    >>> network_of(layers)["units"], network_of(layers)["embedding"]
    (8, None)
    """
    names = {cell.layer: name for name, cell in CELLS.items()}
    recurrent = [(n, s) for n, s, _ in layers if n in names]
    settings = {n: s for n, s, _ in layers}
    kinds = {(class_name, own["units"]) for class_name, own in recurrent}
    if len(kinds) > 1:
        raise ValueError(
            "Expected recurrent layers of one kind and one size. "
            f"Received {sorted(kinds)}."
        )
    [(class_name, units)] = kinds
    return {
        "cell": names[class_name],
        "units": units,
        "layers": len(recurrent),
        "dropout": settings.get("Dropout", {}).get("rate", 0.0),
        "embedding": settings.get("Embedding", {}).get("output_dim"),
    }
