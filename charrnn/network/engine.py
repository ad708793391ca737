"""Run the same network in NumPy: layer after layer, step after step."""

import numpy as np

from charrnn.network import model_file
from charrnn.network.cells import cell_of_layer
from charrnn.network.layers import (
    StoredLayer,
    check_layer,
    check_order,
    is_keras,
)
from charrnn.network.recurrent import RecurrentLayer, matmul
from charrnn.network.shapes import check_shapes, weight_shapes
from charrnn.network.steps import State
from charrnn.text.vocabulary import check_ids

# Logits of a text that are computed all at once: so few cost nothing, and
# the last is then what `run` gives to the bit. One row's product is rounded
# in another order.
FEW_LOGITS = 1 << 18


# BLAS may read beyond a small matrix, and what lies there set the flag that
# NumPy warns about, while the product is right (numpy issues 13173, 24067).
# That weights are finite is checked where they are read.
BLAS_MAY_CRY_WOLF = np.errstate(invalid="ignore")


class Engine:
    """A network and its vocabulary, with the state in the caller's hands.

    Made by `charrnn.load(path)` from a file, or by `Engine.from_keras` from
    a Keras model. `parameters` is the number of weights.

    Args:
        layers: A list of `(class name, settings, arrays)` in the order of
            the `keras.Sequential`, as `model_file.read` returns it.
        vocabulary: The `charrnn.Vocabulary` of the ids.
        facts: What the model file tells about its text and training.

    Raises:
        ValueError: if the layers do not fit together or the vocabulary.

    Example:

    >>> from charrnn import Vocabulary, build_model
    >>> vocabulary = Vocabulary("abc")
    >>> model = build_model(vocabulary, units=4, layers=2)
    >>> engine = Engine.from_keras(model, vocabulary)
    >>> logits, state = engine.step([0, 2], engine.zero_state(2))
    >>> logits.shape
    (2, 3)
    >>> logits, state = engine.run([[0, 1, 2, 0], [1, 1, 1, 1]])
    >>> logits.shape
    (2, 4, 3)
    """

    def __init__(self, layers, vocabulary, facts=None):
        check_order([name for name, *_ in layers])
        self._plan = [
            (name, settings, len(arrays) > 0)
            for name, settings, arrays in layers
        ]
        layers = [(name, arrays) for name, _, arrays in layers if len(arrays)]
        _check_arrays(layers, len(vocabulary))
        self.vocabulary = vocabulary
        self.facts = facts or {}
        self.parameters = sum(a.size for _, arrays in layers for a in arrays)
        self.layers = [
            RecurrentLayer(name, arrays)
            for name, arrays in layers
            if cell_of_layer(name)
        ]
        self._kernel, self._bias = layers[-1][1]
        # Inputs are ids, so the first projection is a look-up in a table
        # (vocabulary, gates); one-hot vectors pick rows of the kernel itself.
        first = self.layers[0]
        self._table = first.kernel + first.bias
        self._embedding = []
        if layers[0][0] == "Embedding":
            self._embedding = layers[0][1]
            self._table = first.project(*self._embedding)

    @classmethod
    def from_keras(cls, model, vocabulary):
        """Copies the weights of a Keras model.

        Args:
            model: A `keras.Sequential` as `build_model` makes it.
            vocabulary: The `charrnn.Vocabulary` of its ids.

        Returns:
            An `Engine`.

        Raises:
            ValueError: if that is no Keras model, or one that has other
                layers or other settings than `build_model` gives them.
        """
        if not is_keras(model):
            raise ValueError(
                "Expected a Keras model. Received "
                f"{type(model).__name__!r}. For a file there is charrnn.load."
            )
        layers = []
        for layer in model.layers:
            class_name, settings = type(layer).__name__, layer.get_config()
            check_layer(class_name, settings)
            arrays = [np.asarray(array) for array in layer.get_weights()]
            layers.append((class_name, settings, arrays))
        return cls(layers, vocabulary)

    def to_keras(self):
        """Copies the weights into a new Keras model.

        Returns:
            A `keras.Sequential` with the same layers, not compiled.
        """
        from charrnn.network.model import rebuild

        arrays = iter(
            [
                *([self._embedding] if self._embedding else []),
                *(layer.arrays() for layer in self.layers),
                [self._kernel, self._bias],
            ]
        )
        layers: list[StoredLayer] = [
            (name, settings, next(arrays) if has_weights else [])
            for name, settings, has_weights in self._plan
        ]
        return rebuild(layers, self.vocabulary)

    def __repr__(self):
        kinds = {(layer.name, len(layer.U)) for layer in self.layers}
        count = len(self.layers)
        if len(kinds) == 1:
            ((name, units),) = kinds
            layers = "1 layer" if count == 1 else f"{count} layers"
            network = f"{name}, {layers} of {units:,} units"
        else:
            network = " + ".join(f"{y.name} {len(y.U):,}" for y in self.layers)
        return (
            f"Engine({network}, {len(self.vocabulary):,} characters, "
            f"{self.parameters:,} parameters)"
        )

    def zero_state(self, batch_size):
        """Returns the state before the first character.

        Args:
            batch_size: Sequences that advance together.

        Returns:
            A list with a tuple of arrays `(batch, units)` for each layer.
        """
        return [layer.zero_state(batch_size) for layer in self.layers]

    @BLAS_MAY_CRY_WOLF
    def step(self, ids, state):
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
        x = self._table[ids]  # (batch, gates)
        new_state: list[State] = []
        for layer, layer_state in zip(self.layers, state, strict=True):
            if new_state:
                x = layer.project(new_state[-1][0])
            new_state.append(layer.step(x, layer_state))
        return new_state[-1][0] @ self._kernel + self._bias, new_state

    @BLAS_MAY_CRY_WOLF
    def run(self, ids, state=None):
        """Reads whole sequences: the same as step after step, but faster.

        Args:
            ids: Integers of shape `(batch, time)`.
            state: The state to start from; `None` for the zero state.

        Returns:
            `(logits, state)`: float32 of shape
            `(batch, time, vocabulary size)`, and the state at the end.

        Raises:
            ValueError: if an id lies outside the vocabulary.
        """
        outputs, state = self._through_layers(ids, state)
        logits = matmul(outputs, self._kernel) + self._bias
        return logits.transpose(1, 0, 2), state

    @BLAS_MAY_CRY_WOLF
    def read(self, ids, state=None):
        """Reads whole sequences for what comes after them.

        Args:
            ids: Integers of shape `(batch, time)`, of at least one character.
            state: The state to start from; `None` for the zero state.

        Returns:
            `(logits, state)`: float32 of shape `(batch, vocabulary size)`
            for the character after the last, and the state at the end.

        Raises:
            ValueError: if an id lies outside the vocabulary.
        """
        outputs, state = self._through_layers(ids, state)
        time, batch, _ = outputs.shape
        if time * batch * len(self.vocabulary) > FEW_LOGITS:
            outputs = outputs[-1:]
        logits = matmul(outputs, self._kernel) + self._bias
        return logits[-1], state

    @BLAS_MAY_CRY_WOLF
    def activations(self, ids, state=None):
        """Reads whole sequences, and tells what the recurrent layers do.

        Args:
            ids: Integers of shape `(batch, time)`.
            state: The state to start from; `None` for the zero state.

        Returns:
            `(layers, state)`: for each recurrent layer a `dict` of arrays
            `(batch, time, units)`: `"output"`, and of an LSTM the gates
            `"input gate"`, `"forget gate"` and `"output gate"`, of a GRU
            `"update gate"` and `"reset gate"`; and the state at the end.

        Raises:
            ValueError: if an id lies outside the vocabulary.
        """
        layers = []

        def note(layer, x, before, outputs):
            earlier = np.concatenate([before[0][None], outputs[:-1]])
            found = {"output": outputs, **layer.gates(x, earlier)}
            layers.append({k: a.swapaxes(0, 1) for k, a in found.items()})

        _, state = self._through_layers(ids, state, note)
        return layers, state

    def _through_layers(self, ids, state, note=lambda *_: None):
        """The last recurrent layer's outputs (time, batch, units), and states.

        Of each layer `note` gets the inputs (time, batch, gates), the state
        before, and the outputs.
        """
        ids = np.asarray(ids)
        check_ids(ids, len(self.vocabulary))
        if state is None:
            state = self.zero_state(len(ids))
        x = self._table[ids.T]
        new_state: list[State] = []
        for layer, before in zip(self.layers, state, strict=True):
            if new_state:
                x = layer.project(x)
            outputs, after = layer.run(x, before)
            note(layer, x, before, outputs)
            x = outputs
            new_state.append(after)
        return x, new_state


def load(path):
    """Loads a model file: nothing in it is run, and Keras is not needed.

    Args:
        path: A `.keras` file that charrnn saved, or a run's folder.

    Returns:
        An `Engine`.

    Raises:
        ValueError: if it is not such a file, saying why.
        OSError: if it cannot be read.

    Example:

    >>> import tempfile
    >>> from charrnn import Vocabulary, build_model, save
    >>> vocabulary = Vocabulary("abc")
    >>> path = tempfile.mkdtemp() + "/model.keras"
    >>> save(build_model(vocabulary, units=4), path, vocabulary)
    >>> load(path).vocabulary
    Vocabulary('abc')
    """
    contents = model_file.read(path)
    return Engine(**contents)


def _check_arrays(layers, size):
    """Checks that the weights fit the vocabulary and each other."""
    width = size
    for name, arrays in layers:
        outputs = size
        if name != "Dense":
            cell = cell_of_layer(name)
            columns = np.atleast_1d(arrays[0]).shape[-1]
            outputs = columns // (len(cell.blocks) if cell else 1)
        expected = weight_shapes(name, width, outputs)
        check_shapes(name, expected, [array.shape for array in arrays], size)
        width = outputs
