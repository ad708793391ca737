"""Carry states from batch to batch: the twin that trains a model."""

import functools
import math
import re
import types

from charrnn.network.backend import keras
from charrnn.network.loading import keras_model_of
from charrnn.network.portable import make_portable
from charrnn.system.atomic import replacing

# What TensorFlow says of a batch whose size it learns only when it runs.
_WRONG_BATCH = re.compile(
    r"Shape of tensor \S* ?\[(\d+),.* is not compatible with expected shape"
    r"|ValueError: Expected batches .* Received a batch of (\d+)"
)


def _explaining_batches(method):
    """Says in a ValueError what TensorFlow found wrong with a batch."""

    @functools.wraps(method)
    def explaining(self, *args, **kwargs):
        import tensorflow as tf

        try:
            return method(self, *args, **kwargs)
        except tf.errors.OpError as error:
            found = _WRONG_BATCH.search(str(error))
            if found is None:
                raise
            raise self._wrong_batch(found[1] or found[2]) from None

    return explaining


@keras.saving.register_keras_serializable(package="charrnn")
class Twin(keras.Sequential):
    """A model's own layers, computed in another way.

    To train it is to train the model. For everything else it stands for the
    model: `layers` are the model's, and so are the configuration, the file
    that `save` writes (and with it Keras's `ModelCheckpoint`), and the weights
    that `save_weights` writes and `load_weights` reads. An optimizer's moments
    are in a file of weights only.

    Args:
        model: A `keras.Sequential` over ids.
        layers: Those that do the work, with the model's variables.
        batch_size: Sequences per batch, each with a state of its own.
        seq_length: Characters per sequence; `None` for any number.

    Example:

    >>> from charrnn.network.model import build_model
    >>> model = build_model(range(5), units=4, layers=1)
    >>> twin = stateful_twin(model, batch_size=2)
    >>> [layer.name for layer in twin.layers] == [
    ...     layer.name for layer in model.layers
    ... ]
    True
    """

    def __init__(self, model, layers, batch_size, seq_length=None):
        super().__init__(name="charrnn_stateful")
        self._model = lambda: model  # Keras would take it for a layer
        self.batch_size = batch_size
        shape = (batch_size, seq_length)
        self.add(keras.Input(batch_shape=shape, dtype="int32", name="ids"))
        for layer in layers:
            self.add(layer)

    @property
    def layers(self):
        return self._model().layers

    def working_layers(self):
        """The layers that do the work; others may be within them."""
        return super().layers

    def get_config(self):
        return self._model().get_config()

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Makes a model: what a twin is saved as."""
        return keras.Sequential.from_config(config, custom_objects)

    def save(self, filepath, *args, **kwargs):
        """Saves the model, not compiled, whole or not at all.

        Args:
            filepath: The name of a `.keras` file.
            *args: As for `keras.Model.save`, like all that follow.
            **kwargs: See there.
        """
        if not str(filepath).endswith(".keras"):
            self._model().save(filepath, *args, **kwargs)
            return
        with replacing(filepath) as temporary:
            self._model().save(temporary)
            make_portable(temporary)

    def export(self, *args, **kwargs):
        """Exports the model, as `keras.Model.export` does."""
        return self._model().export(*args, **kwargs)

    @_explaining_batches
    def fit(
        self, x=None, y=None, batch_size=None, *args, shuffle=False, **kwargs
    ):
        """Trains the model, as `keras.Model.fit` does.

        Batches are read in order unless `shuffle=True` is asked for: a state
        is carried from each to the next.
        """
        held_out = kwargs.get("validation_split")
        batch_size = self._batch_size_of(x, batch_size, held_out)
        if "validation_data" in kwargs:  # a copy of it goes to evaluate
            kwargs["validation_data"] = self._checked(kwargs["validation_data"])
        kwargs["shuffle"] = shuffle
        return super().fit(self._checked(x), y, batch_size, *args, **kwargs)

    @_explaining_batches
    def evaluate(self, x=None, y=None, batch_size=None, *args, **kwargs):
        batch_size = self._batch_size_of(x, batch_size)
        x = self._checked(x)
        return super().evaluate(x, y, batch_size, *args, **kwargs)

    @_explaining_batches
    def predict(self, x, batch_size=None, *args, **kwargs):
        batch_size = self._batch_size_of(x, batch_size)
        return super().predict(self._checked(x), batch_size, *args, **kwargs)

    def __call__(self, ids, *args, **kwargs):
        return super().__call__(self._sized(ids), *args, **kwargs)

    def _sized(self, ids):
        """The same ids, or an error where the batch is another, if known."""
        import tensorflow as tf

        rows = ids.shape[0]
        if rows is not None and rows != self.batch_size:
            raise self._wrong_batch(rows)
        if rows is None and tf.is_tensor(ids):  # TensorFlow will check it
            ids = tf.ensure_shape(ids, (self.batch_size, *ids.shape[1:]))
        return ids

    def _checked(self, data):
        """The same data; a batch is checked as it comes from them.

        Later on, the loss may fail first, with a message of its own.
        """
        import tensorflow as tf

        size = getattr(data, "batch_size", None)  # of charrnn.Windows
        if size not in (None, self.batch_size):
            raise self._wrong_batch(size)
        if isinstance(data, types.GeneratorType):
            return (self._sized_batch(batch) for batch in data)
        if isinstance(data, tf.data.Dataset):
            specs = tf.nest.flatten(data.element_spec)
            if any(spec.shape.as_list()[:1] == [None] for spec in specs):
                return data.map(lambda *batch: self._sized_batch(batch))
        return data

    def _sized_batch(self, batch):
        """Checks the arrays of a batch: inputs, and mostly targets."""
        if not isinstance(batch, tuple):
            return self._sized(batch)
        inputs, *others = map(self._sized, batch)
        return (inputs, *others) if others else inputs

    def _batch_size_of(self, x, batch_size, held_out=None):
        """The batch size for arrays; data of other kinds bring their own."""
        if not hasattr(x, "shape"):
            return batch_size
        if batch_size not in (None, self.batch_size):
            raise self._wrong_batch(batch_size)
        first = math.floor(x.shape[0] * (1 - (held_out or 0)))
        for rows in (first, x.shape[0] - first):
            if left := rows % self.batch_size:
                raise self._wrong_batch(left)
        return self.batch_size

    def _wrong_batch(self, rows):
        size = self.batch_size
        return ValueError(
            f"Expected batches of {size} sequences only: the twin carries a "
            f"state for each. Received a batch of {rows}. Make the twin with "
            f"another batch_size, or drop the remainder: x[:len(x) // {size} "
            f"* {size}], or dataset.batch({size}, drop_remainder=True)."
        )


def stateful_twin(model, *, batch_size, seq_length=None, layers=None):
    """Wraps a model's own layers in a twin that carries its state.

    The twin's recurrent layers run the model's own cells, so both have the
    same variables: after `twin.fit(...)` the model is trained, and nothing
    is copied. From batch to batch the twin continues where it stopped, as
    truncated back-propagation through time wants it, while the model stays
    stateless, for any batch size. `charrnn.fused` makes the same twin with
    faster layers.

    Args:
        model: A `keras.Sequential` over ids, as `build_model` returns it, or
            what else `charrnn.fused` takes.
        batch_size: Streams per batch.
        seq_length: Characters per window; `None` for windows of any length.
        layers: The layers that do the work; `None` for the model's, the
            recurrent ones made stateful.

    Returns:
        A `Twin`: a `keras.Sequential` that maps ids of shape
        `(batch_size, seq_length)` to logits of shape
        `(batch_size, seq_length, vocabulary size)`. It takes no other batch
        size, and is saved as the model.

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


def stateful(layer):
    """Wraps a recurrent layer's own cell in a layer that keeps its state.

    Args:
        layer: A Keras layer.

    Returns:
        A `keras.layers.RNN`; any other layer as it is.
    """
    if not isinstance(layer, keras.layers.RNN):
        return layer
    return keras.layers.RNN(
        layer.cell,
        return_sequences=True,
        stateful=True,
        dtype=layer.dtype_policy,
    )


def states(twin):
    """Lists the states that a twin's recurrent layers carry.

    Args:
        twin: What `stateful_twin` or `charrnn.fused` returned.

    Returns:
        A list of Keras variables of shape `(batch_size, units)`.

    Example:

    >>> from charrnn.network.model import build_model
    >>> model = build_model(range(5), units=4, layers=1)
    >>> len(states(stateful_twin(model, batch_size=2)))  # an LSTM has two
    2
    """
    return [
        state
        for layer in twin.working_layers()
        for state in getattr(layer, "states", None) or ()
    ]
