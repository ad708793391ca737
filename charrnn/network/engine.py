"""Run the same network in NumPy: the textbook's step equations.

Notation: `x` is the input already multiplied by the input weights, plus the
bias, for all gates side by side; `h` the hidden state, `c` the cell state;
`U` the recurrent weights. Gates stand in Keras's order.
"""

import numpy as np

from charrnn.network import model_file
from charrnn.network.layers import (
    GATES,
    check_layer,
    check_order,
    check_shapes,
    weight_shapes,
)
from charrnn.text.vocabulary import check_ids

HALF = np.float32(0.5)

# Logits of a text that are computed all at once: so few cost nothing, and
# the last is then what `run` gives to the bit. One row's product is rounded
# in another order.
FEW_LOGITS = 1 << 18


def simple_rnn_step(x, state, U):
    """Elman 1990: h = tanh(x + h U)."""
    (h,) = state
    return (np.tanh(x + h @ U),)


def lstm_step(x, state, U):
    """Hochreiter and Schmidhuber 1997, forget gate of Gers et al. 2000.

    i, f, o = sigmoid(...)    input, forget and output gate
    c = f c + i tanh(...)
    h = o tanh(c)
    """
    h, c = state
    units = h.shape[-1]
    z = x + h @ U
    gates = sigmoid(z)
    i, f, o = gates[:, :units], gates[:, units : 2 * units], gates[:, -units:]
    c = f * c + i * np.tanh(z[:, 2 * units : -units])
    return o * np.tanh(c), c


def gru_step(x, state, U, b):
    """Cho et al. 2014, in the form where the reset gate follows U.

    z, r = sigmoid(...)    update and reset gate
    h = z h + (1 - z) tanh(x + r (h U + b))
    """
    (h,) = state
    units = h.shape[-1]
    inner = h @ U + b
    gates = sigmoid(x[:, : 2 * units] + inner[:, : 2 * units])
    z, r = gates[:, :units], gates[:, units:]
    candidate = np.tanh(x[:, 2 * units :] + r * inner[:, 2 * units :])
    return (z * h + (1 - z) * candidate,)


def sigmoid(x):
    """1 / (1 + exp(-x)), by the tanh that NumPy computes fastest."""
    y = np.tanh(x * HALF)
    y *= HALF
    y += HALF
    return y


STEPS = {"SimpleRNN": simple_rnn_step, "LSTM": lstm_step, "GRU": gru_step}
STATES = {"LSTM": 2}  # arrays per layer, where it is not one

# In the order of the weights; None is what is no gate.
GATE_NAMES = {
    "SimpleRNN": (),
    "LSTM": ("input gate", "forget gate", None, "output gate"),
    "GRU": ("update gate", "reset gate", None),
}

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
        self._plan = [(name, settings, ()) for name, settings, _ in layers]
        layers = [(name, arrays) for name, _, arrays in layers if len(arrays)]
        _check_arrays(layers, len(vocabulary))
        self.vocabulary = vocabulary
        self.facts = facts or {}
        self.parameters = sum(a.size for _, arrays in layers for a in arrays)
        self.layers = [
            _Recurrent(name, arrays) for name, arrays in layers if name in STEPS
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
            ValueError: if the model has other layers or other settings than
                `build_model` gives them.
        """
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
            A `keras.Sequential` as `build_model` makes it.

        Raises:
            ValueError: if the recurrent layers are not all of a kind and a
                size.
        """
        from charrnn.network.model import build_model, network_of

        model = build_model(self.vocabulary, **network_of(self._plan))
        recurrent = [a for layer in self.layers for a in layer.arrays()]
        last = [self._kernel, self._bias]
        model.set_weights([*self._embedding, *recurrent, *last])
        return model

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
        new_state = []
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
        logits = _matmul(outputs, self._kernel) + self._bias
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
        logits = _matmul(outputs, self._kernel) + self._bias
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
        x, new_state = self._table[ids.T], []
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


class _Recurrent:
    """One recurrent layer: its weights and its step."""

    def __init__(self, class_name, arrays):
        kernel, U, bias = arrays
        self.name = class_name
        # By columns: the order in which BLAS reads a single row's product.
        self.kernel, self.U = np.asfortranarray(kernel), np.asfortranarray(U)
        if class_name == "GRU":
            self.bias, self.inner_bias = bias
            self.weights = (self.U, self.inner_bias)
        else:
            self.bias, self.inner_bias = bias, None
            self.weights = (self.U,)
        self._step = STEPS[class_name]
        self._states = STATES.get(class_name, 1)
        self._gates = GATE_NAMES.get(class_name, ())

    def zero_state(self, batch_size):
        shape = (batch_size, self.U.shape[0])
        return tuple(np.zeros(shape, np.float32) for _ in range(self._states))

    def arrays(self):
        """The weights, in Keras's order."""
        bias = self.bias
        if self.name == "GRU":
            bias = np.stack([bias, self.inner_bias])
        return [self.kernel, self.U, bias]

    def project(self, inputs):
        return _matmul(inputs, self.kernel) + self.bias

    def step(self, x, state):
        return self._step(x, state, *self.weights)

    def run(self, x, state):
        """Steps through x of shape (time, batch, gates)."""
        outputs = np.empty((*x.shape[:2], self.U.shape[0]), np.float32)
        for t in range(len(x)):
            state = self.step(x[t], state)
            outputs[t] = state[0]
        return outputs, state

    def gates(self, x, before):
        """The gates' values, given the inputs and the outputs before them."""
        if not self._gates:
            return {}
        products = _matmul(before, self.U)
        if self.inner_bias is not None:
            products = products + self.inner_bias
        parts = np.split(x + products, x.shape[-1] // self.U.shape[0], axis=-1)
        return {
            name: sigmoid(part)
            for name, part in zip(self._gates, parts, strict=True)
            if name
        }


def _matmul(x, weights):
    """x @ weights over the last axis as a single GEMM."""
    flat = x.reshape(-1, x.shape[-1]) @ weights
    return flat.reshape(*x.shape[:-1], weights.shape[-1])


def _check_arrays(layers, size):
    """Checks that the weights fit the vocabulary and each other."""
    width = size
    for name, arrays in layers:
        outputs = size
        if name != "Dense":
            last = np.atleast_1d(arrays[0]).shape[-1]
            outputs = last // GATES.get(name, 1)
        expected = weight_shapes(name, width, outputs)
        check_shapes(name, expected, [array.shape for array in arrays], size)
        width = outputs
