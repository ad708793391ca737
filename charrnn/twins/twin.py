"""The base of all twins: a model's own layers, computed another way."""

import math
import sys
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.network.backend import keras
from charrnn.network.portable import make_portable
from charrnn.system.atomic import replacing
from charrnn.twins.batch_size import explaining_batches, wrong_batch


@keras.saving.register_keras_serializable(package="charrnn")
class Twin(keras.Sequential):
    """A model's own layers, computed in another way.

    Training it trains the model. In everything else it acts as the model:
    `layers` and the configuration are the model's, and so are the files that
    `save`, `save_weights` and Keras's `ModelCheckpoint` write. Only files of
    weights have the optimizer's moments.

    Args:
        model: A `keras.Sequential` over ids.
        layers: The layers that compute, with the model's variables.
        batch_size: Sequences per batch, each with a state of its own.
        seq_length: Characters per sequence; `None` for any number.

    Attributes:
        batch_size: As above.

    Raises:
        ValueError: when called, fitted, evaluated or asked to predict with
            another batch size.

    Example:

    >>> from charrnn.network.model import build_model
    >>> model = build_model(range(5), units=4, layers=1)
    >>> twin = Twin(model, model.layers, batch_size=2)
    >>> [layer.name for layer in twin.layers] == [
    ...     layer.name for layer in model.layers
    ... ]
    True
    """

    def __init__(
        self,
        model: keras.Sequential,
        layers: Iterable[keras.layers.Layer],
        batch_size: int,
        seq_length: int | None = None,
    ):
        super().__init__(name="charrnn_stateful")
        # In a function: Keras would count the model itself as a layer.
        self._model = lambda: model
        self.batch_size = batch_size
        shape = (batch_size, seq_length)
        self.add(keras.Input(batch_shape=shape, dtype="int32", name="ids"))
        for layer in layers:
            self.add(layer)

    @property
    def model(self) -> keras.Sequential:
        """The model that it trains."""
        return self._model()

    @property
    def layers(self) -> list[keras.layers.Layer]:
        return self._model().layers

    def working_layers(self) -> list[keras.layers.Layer]:
        """The layers that compute; a `Fused` layer contains several."""
        return super().layers

    @property
    def non_trainable_variables(self) -> list[keras.Variable]:
        """Those of the model and, with JAX, the states.

        JAX's functions are pure: `fit` carries only the variables in this
        list from step to step.
        """
        variables = super().non_trainable_variables
        if keras.backend.backend() != "jax":
            return variables
        return [*variables, *self.states]

    @property
    def states(self) -> list[keras.Variable]:
        """The states that the layers carry: variables `(batch_size, units)`."""
        return [
            state
            for layer in self.working_layers()
            for state in getattr(layer, "states", None) or ()
        ]

    def get_config(self) -> dict[str, Any]:
        return self._model().get_config()

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict | None = None
    ) -> keras.Sequential:
        """Makes a plain model, because a twin is saved as one."""
        return keras.Sequential.from_config(config, custom_objects)

    def save(self, filepath: str | Path, *args: Any, **kwargs: Any) -> None:
        """Saves the model, not compiled, atomically.

        Args:
            filepath: The name of a `.keras` file. Other formats are left to
                Keras.
            *args: Passed on to `keras.Model.save` for other formats.
            **kwargs: The same.

        Raises:
            OSError: if the file cannot be written; an existing one is kept.
        """
        if not str(filepath).endswith(".keras"):
            self._model().save(filepath, *args, **kwargs)
            return
        with replacing(filepath) as temporary:
            self._model().save(temporary)
            make_portable(temporary)

    def export(self, *args: Any, **kwargs: Any) -> Any:
        """Exports the model, as `keras.Model.export` does."""
        return self._model().export(*args, **kwargs)

    @explaining_batches
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        *args: Any,
        shuffle: bool = False,
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """Trains the model, as `keras.Model.fit` does.

        Batches are read in order unless `shuffle=True`, because the state is
        carried from each to the next.
        """
        held_out = kwargs.get("validation_split")
        batch_size = self._batch_size_of(x, batch_size, held_out)
        if "validation_data" in kwargs:  # `fit` evaluates a copy of it
            kwargs["validation_data"] = self._checked(kwargs["validation_data"])
        kwargs["shuffle"] = shuffle
        return super().fit(self._checked(x), y, batch_size, *args, **kwargs)

    @explaining_batches
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        batch_size = self._batch_size_of(x, batch_size)
        x = self._checked(x)
        return super().evaluate(x, y, batch_size, *args, **kwargs)

    @explaining_batches
    def predict(
        self, x: Any, batch_size: int | None = None, *args: Any, **kwargs: Any
    ) -> np.ndarray:
        batch_size = self._batch_size_of(x, batch_size)
        return super().predict(self._checked(x), batch_size, *args, **kwargs)

    def __call__(self, ids: Any, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(self._sized(ids), *args, **kwargs)

    def _sized(self, ids):
        """Returns the ids; raises if the batch is known to have another size.

        If the size is not known yet, TensorFlow checks it at run time.
        """
        rows = ids.shape[0]
        if rows is not None and rows != self.batch_size:
            raise wrong_batch(self.batch_size, rows)
        tf = sys.modules.get("tensorflow")
        if rows is None and tf is not None and tf.is_tensor(ids):
            ids = tf.ensure_shape(ids, (self.batch_size, *ids.shape[1:]))
        return ids

    def _checked(self, data):
        """Returns the same data, with a check of each batch's size.

        Without it the loss may fail first, with a less helpful message.
        """
        size = getattr(data, "batch_size", None)  # of charrnn.Windows
        if size not in (None, self.batch_size):
            raise wrong_batch(self.batch_size, size)
        if isinstance(data, types.GeneratorType):
            return (self._sized_batch(batch) for batch in data)
        tf = sys.modules.get("tensorflow")
        if tf is not None and isinstance(data, tf.data.Dataset):
            specs = tf.nest.flatten(data.element_spec)
            if any(spec.shape.as_list()[:1] == [None] for spec in specs):
                return data.map(lambda *batch: self._sized_batch(batch))
        return data

    def _sized_batch(self, batch):
        """Checks the arrays of a batch: inputs, and targets if there are."""
        if not isinstance(batch, tuple):
            return self._sized(batch)
        inputs, *others = map(self._sized, batch)
        return (inputs, *others) if others else inputs

    def _batch_size_of(self, x, batch_size, held_out=None):
        """The batch size to pass on to Keras for arrays.

        Datasets and generators come in batches already.
        """
        if not hasattr(x, "shape"):
            return batch_size
        if batch_size not in (None, self.batch_size):
            raise wrong_batch(self.batch_size, batch_size)
        first = math.floor(x.shape[0] * (1 - (held_out or 0)))
        for rows in (first, x.shape[0] - first):
            if left := rows % self.batch_size:
                raise wrong_batch(self.batch_size, left)
        return self.batch_size
