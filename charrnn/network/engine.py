"""Run the same network in NumPy: layer by layer, step by step."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from charrnn.network import model_file
from charrnn.network.cells import cell_of_layer
from charrnn.network.layers import (
    StoredLayer,
    check_order,
    is_keras,
    layers_of_keras,
)
from charrnn.network.recurrent import (
    IGNORE_SPURIOUS_INVALID,
    NetworkState,
    RecurrentLayer,
    describe,
    matmul,
    note_activations,
    run_layers,
    step_layers,
)
from charrnn.network.shapes import check_arrays
from charrnn.text.vocabulary import UnitVocabulary, check_ids

if TYPE_CHECKING:
    import keras

Ids = Sequence[Any] | np.ndarray  # integers: anything that NumPy takes

# Up to this size `read` computes the logits at every position, so that the
# last equal `run`'s bit for bit (BLAS rounds the product of a single row in
# another order). The extra cost is negligible.
MAX_SPARE_LOGITS = 1 << 18


class Engine:
    """A network and its vocabulary. State is explicit: passed in and returned.

    If the vocabulary has a boundary, the state is reset before it is read.

    `charrnn.load(path)` makes one of a file, `from_keras` of a Keras model.

    Args:
        layers: A list of `(class name, settings, arrays)` in Keras's order.
        vocabulary: The `charrnn.Vocabulary` of the ids.
        facts: What the model file records about its text and training.

    Attributes:
        vocabulary: As given.
        facts: As given; `{}` without any.
        parameters: The number of weights.
        layers: The recurrent layers, a list of `RecurrentLayer`.

    Raises:
        ValueError: if the layers fit neither each other nor the vocabulary.

    Example:

    >>> from charrnn import Vocabulary, build_model
    >>> vocabulary = Vocabulary("abc")
    >>> model = build_model(vocabulary, units=4, layers=2)
    >>> engine = Engine.from_keras(model, vocabulary)
    >>> engine.step([0, 2], engine.zero_state(2))[0].shape
    (2, 3)
    >>> engine.run([[0, 1, 2, 0], [1, 1, 1, 1]])[0].shape
    (2, 4, 3)
    """

    def __init__(
        self,
        layers: Sequence[StoredLayer],
        vocabulary: UnitVocabulary,
        facts: Mapping[str, Any] | None = None,
    ):
        check_order([name for name, *_ in layers])
        self._plan = [
            (name, settings, len(arrays) > 0)
            for name, settings, arrays in layers
        ]
        weights = [(name, arrays) for name, _, arrays in layers if len(arrays)]
        check_arrays(weights, len(vocabulary))
        self.vocabulary = vocabulary
        self.facts = dict(facts or {})
        self.parameters = sum(a.size for _, arrays in weights for a in arrays)
        self.layers = [
            RecurrentLayer(name, arrays)
            for name, arrays in weights
            if cell_of_layer(name)
        ]
        self._kernel, self._bias = weights[-1][1]
        # Inputs are ids, so the first projection is a look-up in a table
        # (vocabulary, columns). Its rows are those of the kernel, as one-hot
        # vectors would select them, or the projected embedding vectors.
        first = self.layers[0]
        self._table = first.kernel + first.bias
        self._embedding: Sequence[np.ndarray] = []
        if weights[0][0] == "Embedding":
            self._embedding = weights[0][1]
            self._table = first.project(*self._embedding)

    @classmethod
    def from_keras(
        cls, model: "keras.Sequential", vocabulary: UnitVocabulary
    ) -> "Engine":
        """Makes an engine with a copy of the weights of a Keras model.

        Args:
            model: A `keras.Sequential` as `build_model` returns it.
            vocabulary: The `charrnn.Vocabulary` of its ids.

        Raises:
            ValueError: if it is no Keras model of `build_model`'s layers.
        """
        if not is_keras(model):
            raise ValueError(
                "Expected a Keras model. Received "
                f"{type(model).__name__!r}. For a file there is charrnn.load."
            )
        described = layers_of_keras(model)
        layers = [
            (*layer, [np.asarray(array) for array in own.get_weights()])
            for layer, own in zip(described, model.layers, strict=True)
        ]
        return cls(layers, vocabulary)

    def to_keras(self) -> "keras.Sequential":
        """Copies the weights into a new Keras model.

        Returns:
            A `keras.Sequential` with the same layers, not compiled.
        """
        from charrnn.network.model import rebuild

        arrays = (own for _, own in self.layer_weights())
        layers: list[StoredLayer] = [
            (name, settings, next(arrays) if has_weights else [])
            for name, settings, has_weights in self._plan
        ]
        return rebuild(layers, self.vocabulary)

    def layer_weights(self) -> list[tuple[str, Sequence[np.ndarray]]]:
        """Returns `(class name, arrays)` of all layers that have weights."""
        first = [("Embedding", self._embedding)] if self._embedding else []
        recurrent = [(layer.name, layer.arrays()) for layer in self.layers]
        return [*first, *recurrent, ("Dense", [self._kernel, self._bias])]

    def __repr__(self) -> str:
        network = describe(self.layers)
        units = f"{len(self.vocabulary):,} {self.vocabulary.plural}"
        return f"Engine({network}, {units}, {self.parameters:,} parameters)"

    def zero_state(self, batch_size: int) -> NetworkState:
        """Returns the state before the first character.

        Args:
            batch_size: Number of sequences.

        Returns:
            A list with a tuple of arrays `(batch, units)` for each layer.
        """
        return [layer.zero_state(batch_size) for layer in self.layers]

    @IGNORE_SPURIOUS_INVALID
    def step(
        self, ids: Ids, state: NetworkState
    ) -> tuple[np.ndarray, NetworkState]:
        """Reads one character of each sequence.

        Args:
            ids: Integers of shape `(batch,)`.
            state: A state as `zero_state` or another step returns it; it is
                not changed.

        Returns:
            `(logits, state)`: float32 of shape `(batch, vocabulary size)`
            for the next character, and the new state.

        Raises:
            ValueError: if an id lies outside the vocabulary.
        """
        ids = np.asarray(ids)
        check_ids(ids, len(self.vocabulary))
        x = self._table[ids]  # (batch, columns)
        state = step_layers(self.layers, x, state, self._kept(ids))
        return state[-1][0] @ self._kernel + self._bias, state

    @IGNORE_SPURIOUS_INVALID
    def run(
        self, ids: Ids, state: NetworkState | None = None
    ) -> tuple[np.ndarray, NetworkState]:
        """Reads whole sequences: like repeated `step`s, but faster.

        Args:
            ids: Integers of shape `(batch, time)`.
            state: The state to start from; `None` for the zero state.

        Returns:
            `(logits, state)`: float32 `(batch, time, vocabulary size)`, and
            the state at the end.

        Raises:
            ValueError: if an id lies outside the vocabulary.
        """
        outputs, state = self._run_layers(ids, state)
        logits = matmul(outputs, self._kernel) + self._bias
        return logits.transpose(1, 0, 2), state

    @IGNORE_SPURIOUS_INVALID
    def read(
        self, ids: Ids, state: NetworkState | None = None
    ) -> tuple[np.ndarray, NetworkState]:
        """Reads whole sequences, for the logits after the last character.

        Args:
            ids: Integers of shape `(batch, time)`, where time is at least 1.
            state: The state to start from; `None` for the zero state.

        Returns:
            `(logits, state)`: float32 of shape `(batch, vocabulary size)`
            for the character after the last, and the state at the end.

        Raises:
            ValueError: if an id lies outside the vocabulary.
        """
        outputs, state = self._run_layers(ids, state)
        time, batch, _ = outputs.shape
        if time * batch * len(self.vocabulary) > MAX_SPARE_LOGITS:
            outputs = outputs[-1:]
        logits = matmul(outputs, self._kernel) + self._bias
        return logits[-1], state

    @IGNORE_SPURIOUS_INVALID
    def activations(
        self, ids: Ids, state: NetworkState | None = None
    ) -> tuple[list[dict[str, np.ndarray]], NetworkState]:
        """Reads whole sequences, and returns the layers' activations.

        Args:
            ids: Integers of shape `(batch, time)`.
            state: The state to start from; `None` for the zero state.

        Returns:
            `(layers, state)`: for each recurrent layer a `dict` of arrays
            `(batch, time, units)`, and the state at the end. The keys are
            `"output"`, and `"input gate"`, `"forget gate"` and `"output gate"`
            for an LSTM or `"update gate"` and `"reset gate"` for a GRU.

        Raises:
            ValueError: if an id lies outside the vocabulary.
        """
        layers: list[dict[str, np.ndarray]] = []
        note = note_activations(layers)
        _, state = self._run_layers(ids, state, note)
        return layers, state

    def _run_layers(self, ids, state, note=lambda *_: None):
        ids = np.asarray(ids)
        check_ids(ids, len(self.vocabulary))
        if state is None:
            state = self.zero_state(len(ids))
        kept = self._kept(ids.T)
        return run_layers(self.layers, self._table[ids.T], state, note, kept)

    def _kept(self, ids):
        """The ids before which the state is kept; `None` for all."""
        boundary = self.vocabulary.boundary
        return None if boundary is None else ids != boundary


def load(path: Path | str) -> Engine:
    """Loads a model file. Runs no code from it, and does not need Keras.

    Args:
        path: A `.keras` file that charrnn saved, a run's folder, or
            `"shakespeare"` for the model that comes with charrnn.

    Returns:
        An `Engine`.

    Raises:
        ValueError: if it is not such a file; the message says why.
        OSError: if it cannot be read.

    Example:

    >>> load("shakespeare")
    Engine(LSTM, 2 layers of 512 units, 69 characters, 3,326,533 parameters)
    """
    return Engine(**model_file.read(path))
