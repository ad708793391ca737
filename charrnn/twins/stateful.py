"""Carry states from batch to batch: the twin that trains a model.

The text is cut into `B` streams, one per row of the batch. A batch holds the
next window of every stream, so each row of the next batch starts from the
state that the row ended with; gradients stop between batches. That is
truncated back-propagation through time. A model is stateless, and takes any
batch; its twin carries the state, for one batch size:

    model    Embedding -> LSTM(cell)                    -> Dense
    twin     Embedding -> RNN(same cell, stateful=True) -> same Dense
"""

from collections.abc import Iterable

from charrnn.network.backend import keras
from charrnn.network.loading import Model, keras_model_of
from charrnn.twins.twin import Twin


def stateful_twin(
    model: Model,
    *,
    batch_size: int,
    seq_length: int | None = None,
    layers: Iterable[keras.layers.Layer] | None = None,
) -> Twin:
    """Wraps a model's own layers in a twin that carries its state.

    The twin's recurrent layers run the model's own cells, so both have the
    same variables: after `twin.fit(...)` the model is trained, and nothing
    is copied. The twin continues each batch where the last one stopped, as
    truncated back-propagation through time requires (Williams and Peng
    1990), while the model stays stateless, for any batch size.
    `charrnn.fused` makes the same twin with faster layers.

    Args:
        model: A `keras.Sequential` over ids, as `build_model` returns it, or
            anything else that `charrnn.fused` takes.
        batch_size: Streams per batch.
        seq_length: Characters per window; `None` for windows of any length.
        layers: The layers that compute; `None` for the model's own, with the
            recurrent ones made stateful.

    Returns:
        A `Twin`: a `keras.Sequential` that maps ids of shape
        `(batch_size, seq_length)` to logits of shape
        `(batch_size, seq_length, vocabulary size)`. It accepts no other batch
        size. Saving the twin saves the model.

    Example:

    >>> from charrnn.network.model import build_model
    >>> model = build_model(range(5), units=4, layers=1)
    >>> twin = stateful_twin(model, batch_size=2, seq_length=3)
    >>> twin.output_shape
    (2, 3, 5)
    >>> twin.weights[0] is model.weights[0]
    True
    """
    model, _ = keras_model_of(model)
    layers = layers or map(stateful, model.layers)
    return Twin(model, layers, batch_size, seq_length)


def stateful(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Wraps a recurrent layer's own cell in a layer that keeps its state.

    An LSTM or GRU layer stays one, for only those reach cuDNN on a GPU.

    Args:
        layer: A Keras layer.

    Returns:
        A `keras.layers.RNN`; any other layer as it is.

    Example:

    >>> layer = keras.layers.LSTM(4)
    >>> copy = stateful(layer)
    >>> copy.cell is layer.cell, type(copy).__name__
    (True, 'LSTM')
    """
    if not isinstance(layer, keras.layers.RNN):
        return layer
    if type(layer) in (keras.layers.LSTM, keras.layers.GRU):
        return _sharing_cell(layer)
    return keras.layers.RNN(
        layer.cell,
        return_sequences=True,
        stateful=True,
        dtype=layer.dtype_policy,
    )


def _sharing_cell(layer: keras.layers.RNN) -> keras.layers.RNN:
    """Makes a stateful layer of the same class, with the same cell."""
    config = layer.get_config()
    config.update(return_sequences=True, return_state=False, stateful=True)
    copy = type(layer).from_config(config)
    # Its own cell would stay among the copy's variables: it has a seed.
    copy._layers.remove(copy.cell)
    copy.cell = layer.cell
    copy.input_spec = None  # as a `keras.layers.RNN`
    return copy


def resized(twin: Twin, batch_size: int) -> Twin:
    """Makes a twin of the same model for another batch size.

    Args:
        twin: From `stateful_twin` or `charrnn.fused`.
        batch_size: Sequences per batch of the new one.

    Returns:
        A `Twin` that computes in the same way, with the same variables and
        with states of its own. It is not compiled.

    Example:

    >>> from charrnn.network.model import build_model
    >>> model = build_model(range(5), units=4, layers=1)
    >>> resized(stateful_twin(model, batch_size=6), 2).output_shape
    (2, None, 5)
    """
    layers = map(renewed, twin.working_layers())
    return Twin(twin.model, layers, batch_size)


def renewed(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Makes a twin's layer anew, with states of its own.

    Args:
        layer: A layer that `Twin.working_layers` lists.

    Returns:
        A layer with the same variables, except for the states.
    """
    return layer.renewed() if hasattr(layer, "renewed") else stateful(layer)


def states(twin: Twin) -> list[keras.Variable]:
    """Lists the states that a twin's recurrent layers carry.

    Args:
        twin: A twin, from `stateful_twin` or `charrnn.fused`.

    Returns:
        A list of Keras variables of shape `(batch_size, units)`.

    Example:

    >>> from charrnn.network.model import build_model
    >>> model = build_model(range(5), units=4, layers=1)
    >>> len(states(stateful_twin(model, batch_size=2)))  # an LSTM has two
    2
    """
    return twin.states
