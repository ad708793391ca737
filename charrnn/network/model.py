"""Build the network: a plain `keras.Sequential` of built-in layers."""

import importlib
from collections.abc import Sequence, Sized
from typing import TYPE_CHECKING

import numpy as np

from charrnn.network.arguments import check_arguments, embedding_dim
from charrnn.network.cells import CELLS, Cell, cell_of_layer
from charrnn.network.layers import StoredLayer
from charrnn.text.units import counts_of

if TYPE_CHECKING:
    import keras

DTYPE = "float32"  # regardless of floatx in the user's keras.json


def build_model(
    vocabulary: Sized,
    *,
    cell: str = "lstm",
    units: int = 256,
    layers: int = 2,
    dropout: float = 0.3,
    embedding: int | str | None = "auto",
    recurrent_dropout: float = 0.0,
) -> "keras.Sequential":
    """Builds an untrained network that predicts the next character.

    Characters enter as one-hot vectors or through an embedding and pass
    through `layers` recurrent layers, each followed by dropout. The output is
    one logit per character of the vocabulary.

    Args:
        vocabulary: A `charrnn.Vocabulary`, or anything whose `len()` is the
            number of distinct characters.
        cell: `"simple_rnn"` (Elman 1990), `"lstm"` (Hochreiter and
            Schmidhuber 1997; forget gates, Gers et al. 2000), `"gru"` (Cho
            et al. 2014), or any other key of `charrnn.network.cells.CELLS`.
        units: Size of each recurrent layer's hidden state.
        layers: Number of recurrent layers.
        dropout: Fraction of each recurrent layer's outputs dropped while
            training (Zaremba et al. 2014).
        embedding: Size of the embedding, `None` for one-hot input, or
            `"auto"`: one-hot for up to 256 characters, else 256.
        recurrent_dropout: Fraction of the previous outputs that each gate
            does not read while training, the same ones at every step of a
            batch (Gal and Ghahramani 2016).

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
    check_arguments(
        vocabulary, cell, units, layers, dropout, embedding, recurrent_dropout
    )
    from charrnn.network.backend import keras  # here: --help needs no Keras

    size = len(vocabulary)
    model = _model_of_vectors(size, embedding_dim(embedding, size))
    for _ in range(layers):
        model.add(_recurrent(CELLS[cell], units, recurrent_dropout))
        model.add(keras.layers.Dropout(dropout, dtype=DTYPE))
    model.add(_logits(size))
    return model


def _model_of_vectors(size, embedding):
    """Begins a model: ids of shape (batch, time) become vectors."""
    from charrnn.network.backend import keras

    model = keras.Sequential(name="charrnn")
    model.add(keras.Input((None,), dtype="int32", name="ids"))
    if embedding is not None:
        model.add(keras.layers.Embedding(size, embedding, dtype=DTYPE))
        return model
    # Adds an axis: without it, CategoryEncoding would take a single character,
    # shape (batch, 1), for a batch without a time axis.
    model.add(keras.layers.Reshape((-1, 1), dtype=DTYPE))
    model.add(
        keras.layers.CategoryEncoding(
            size, output_mode="one_hot", name="one_hot", dtype=DTYPE
        )
    )
    return model


def _recurrent(cell: Cell, units: int, dropout: float):
    """Makes a recurrent layer, from Keras or the module the table names."""
    layer = getattr(importlib.import_module(cell.module), cell.layer)
    options = {"return_sequences": True, "dtype": DTYPE}
    if dropout and cell.has_recurrent_dropout:
        options["recurrent_dropout"] = dropout
    return layer(units, **options)


def _logits(size):
    from charrnn.network.backend import keras

    return keras.layers.Dense(size, name="logits", dtype=DTYPE)


def begin_with_frequencies(model: "keras.Sequential", ids: np.ndarray) -> None:
    """Sets the bias of the logits to the log frequency of each character.

    The untrained network then predicts characters by their frequency. Training
    would learn that first anyway, and take longer the more characters there
    are. One is added to each count, for characters that do not occur.

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
    counts = 1 + counts_of(ids, bias.shape[0])
    bias.assign(np.log(counts / counts.sum()))


def rebuild(
    layers: Sequence[StoredLayer], vocabulary: Sized
) -> "keras.Sequential":
    """Makes a Keras model from the contents of a model file.

    Only sizes and rates of dropout are taken from the settings. Initializers,
    regularizers and names are Keras's defaults.

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
    from charrnn.network.backend import keras

    size = len(vocabulary)
    known = {class_name: settings for class_name, settings, _ in layers}
    embedding = known.get("Embedding", {}).get("output_dim")
    model = _model_of_vectors(size, embedding)
    for class_name, settings, _ in layers:
        if cell := cell_of_layer(class_name):
            dropout = settings.get("recurrent_dropout", 0.0)
            model.add(_recurrent(cell, settings["units"], dropout))
        elif class_name == "Dropout":
            model.add(keras.layers.Dropout(settings["rate"], dtype=DTYPE))
    model.add(_logits(size))
    model.set_weights([array for *_, arrays in layers for array in arrays])
    return model
