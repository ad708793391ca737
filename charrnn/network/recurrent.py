"""Run recurrent layers in NumPy, with the step functions of `cells`."""

from collections.abc import Callable, Sequence

import numpy as np

from charrnn.network.cells import CELLS, Cell, cell_of_layer
from charrnn.network.steps import State, sigmoid

# The state of a network: those of its recurrent layers, the lowest first.
NetworkState = list[State]


# BLAS may read beyond the end of a small matrix. The bytes there can raise the
# "invalid operation" flag, and NumPy then warns, although the product is right
# (numpy issues 13173, 24067). Weights are checked to be finite when read.
IGNORE_SPURIOUS_INVALID = np.errstate(invalid="ignore")


class RecurrentLayer:
    """The weights of a recurrent layer, and ways to run it.

    With `columns = len(cell.blocks) * units`:

    Args:
        class_name: Of the Keras layer, such as `"LSTM"`; a layer of `CELLS`.
        arrays: Its weights in Keras's order: kernel `(inputs, columns)`,
            recurrent kernel `(units, columns)` and bias `(columns,)`, or
            `(2, columns)` if the cell has a recurrent bias.

    Attributes:
        name: The class name.
        cell: Its entry in the table.
        kernel: The weights of the inputs.
        U: The recurrent weights.
        bias: Added to the projected inputs, `(columns,)`.
        recurrent_bias: Added to the product with U, or `None`.

    Example:

    >>> layer = RecurrentLayer(
    ...     "GRU", [np.ones((3, 6)), np.ones((2, 6)), np.ones((2, 6))]
    ... )
    >>> x = layer.project(np.zeros((4, 3)))
    >>> (h,) = layer.step(x, layer.zero_state(4))
    >>> h.shape
    (4, 2)
    """

    def __init__(self, class_name: str, arrays: Sequence[np.ndarray]):
        kernel, U, bias = arrays
        self.name = class_name
        self.cell = _known(class_name)
        # Column-major: the order in which BLAS reads them for a single row.
        self.kernel, self.U = np.asfortranarray(kernel), np.asfortranarray(U)
        self.bias: np.ndarray = bias
        self.recurrent_bias: np.ndarray | None = None
        self._step_weights: tuple[np.ndarray, ...] = (self.U,)
        if self.cell.has_recurrent_bias:
            self.bias, self.recurrent_bias = bias
            self._step_weights = (self.U, self.recurrent_bias)
        self._step = self.cell.step

    def zero_state(self, batch_size: int) -> State:
        """Returns the state before the first character."""
        shape = (batch_size, self.U.shape[0])
        return tuple(np.zeros(shape, np.float32) for _ in self.cell.states)

    def arrays(self) -> list[np.ndarray]:
        """Returns the weights in Keras's order."""
        bias = self.bias
        if self.recurrent_bias is not None:
            bias = np.stack([bias, self.recurrent_bias])
        return [self.kernel, self.U, bias]

    def project(self, inputs: np.ndarray) -> np.ndarray:
        """Multiplies inputs `(..., inputs)` by the kernel and adds the bias.

        Returns:
            Array `(..., columns)`: the `x` of `step` and `run`.
        """
        return matmul(inputs, self.kernel) + self.bias

    def step(self, x: np.ndarray, state: State) -> State:
        """Computes the state after one step with `x` of `(batch, columns)`."""
        return self._step(x, state, *self._step_weights)

    def run(
        self, x: np.ndarray, state: State, kept: np.ndarray | None = None
    ) -> tuple[np.ndarray, State]:
        """Steps through `x` of shape `(time, batch, columns)`.

        Args:
            x: Projected inputs.
            state: The state before the first step.
            kept: A mask `(time, batch)` of the steps before which the state
                is kept; before the others it is reset. `None` to keep it.

        Returns:
            `(outputs, state)`: `h` after each step, `(time, batch, units)`,
            and the state after the last.
        """
        outputs = np.empty((*x.shape[:2], self.U.shape[0]), np.float32)
        for t in range(len(x)):
            if kept is not None:
                state = kept_rows(state, kept[t])
            state = self.step(x[t], state)
            outputs[t] = state[0]
        return outputs, state

    def gates(self, x: np.ndarray, before: np.ndarray) -> dict[str, np.ndarray]:
        """Computes the values of the gates, which a step does not keep.

        Args:
            x: Projected inputs, `(time, batch, columns)`.
            before: For each step the output of the previous one,
                `(time, batch, units)`.

        Returns:
            A `dict` from the name of a gate to its values, from 0 to 1,
            `(time, batch, units)`; empty for a cell without gates.
        """
        if not self.cell.gates:
            return {}
        z = x + matmul(before, self.U)
        if self.recurrent_bias is not None:
            z = z + self.recurrent_bias
        parts = np.split(z, len(self.cell.blocks), axis=-1)
        blocks = zip(self.cell.blocks, parts, strict=True)
        return {
            name: sigmoid(part)
            for name, part in blocks
            if name in self.cell.gates
        }


def kept_rows(state: State, kept: np.ndarray) -> State:
    """Resets the state of some rows.

    Args:
        state: A layer's state, arrays `(batch, units)`.
        kept: A mask of the rows whose state is kept, `(batch,)`.

    Returns:
        The state, zero in the other rows.

    Example:

    >>> kept_rows((np.ones((2, 3)),), np.array([True, False]))
    (array([[1., 1., 1.],
           [0., 0., 0.]]),)
    """
    if kept.all():
        return state
    return tuple(np.where(kept[:, None], array, 0) for array in state)


def step_layers(
    layers: Sequence[RecurrentLayer],
    x: np.ndarray,
    state: NetworkState,
    kept: np.ndarray | None = None,
) -> NetworkState:
    """Computes one step of all layers, the lowest first.

    Args:
        layers: The layers.
        x: The projected inputs of the lowest, `(batch, columns)`.
        state: The state before.
        kept: A mask of the rows whose state is kept, `(batch,)`; that of the
            others is reset before the step. `None` to keep all.

    Returns:
        The new state. The output of a layer is the first array of its state.
    """
    new_state: NetworkState = []
    for layer, before in zip(layers, state, strict=True):
        if new_state:
            x = layer.project(new_state[-1][0])
        if kept is not None:
            before = kept_rows(before, kept)
        new_state.append(layer.step(x, before))
    return new_state


def run_layers(
    layers: Sequence[RecurrentLayer],
    x: np.ndarray,
    state: NetworkState,
    note: Callable[..., None],
    kept: np.ndarray | None = None,
) -> tuple[np.ndarray, NetworkState]:
    """Computes all steps of one layer after another, the lowest first.

    All inputs of a layer are known before it begins, so one matrix product
    projects them all. That makes this faster than repeated `step_layers`.

    Args:
        layers: The layers.
        x: The projected inputs of the lowest, `(time, batch, columns)`.
        state: The state before the first step.
        note: Called for each layer with the layer, its projected inputs, its
            state before, its outputs, and `kept`.
        kept: As for `RecurrentLayer.run`.

    Returns:
        `(outputs, state)`: the outputs of the highest layer,
        `(time, batch, units)`, and the state after the last step.
    """
    new_state: NetworkState = []
    for layer, before in zip(layers, state, strict=True):
        if new_state:
            x = layer.project(x)
        outputs, after = layer.run(x, before, kept)
        note(layer, x, before, outputs, kept)
        x = outputs
        new_state.append(after)
    return x, new_state


def note_activations(
    layers: list[dict[str, np.ndarray]],
) -> Callable[..., None]:
    """Makes a `note` for `run_layers` that collects the layers' activations.

    Args:
        layers: A list to which a `dict` is added for each layer, as
            `Engine.activations` returns it.

    Returns:
        A function.
    """

    def note(layer, x, before, outputs, kept):
        earlier = np.concatenate([before[0][None], outputs[:-1]])
        if kept is not None:
            earlier = np.where(kept[..., None], earlier, 0)
        found = {"output": outputs, **layer.gates(x, earlier)}
        layers.append({k: a.swapaxes(0, 1) for k, a in found.items()})

    return note


def describe(layers: Sequence[RecurrentLayer]) -> str:
    """Describes layers in a few words.

    Example:

    >>> lstm = [np.ones((3, 8)), np.ones((2, 8)), np.ones(8)]
    >>> describe([RecurrentLayer("LSTM", lstm)])
    'LSTM, 1 layer of 2 units'
    """
    kinds = {(layer.name, len(layer.U)) for layer in layers}
    if len(kinds) > 1:
        return " + ".join(f"{layer.name} {len(layer.U):,}" for layer in layers)
    ((name, units),) = kinds
    count = "1 layer" if len(layers) == 1 else f"{len(layers)} layers"
    return f"{name}, {count} of {units:,} units"


def matmul(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Multiplies the last axis of `x` by a matrix, in a single product.

    NumPy's own `@` would make a product for each step of `(time, batch, i)`.

    Args:
        x: Shape `(..., i)`.
        weights: Shape `(i, j)`.

    Returns:
        Array `(..., j)`.

    Example:

    >>> matmul(np.ones((5, 2, 3)), np.ones((3, 4))).shape
    (5, 2, 4)
    """
    flat = x.reshape(-1, x.shape[-1]) @ weights
    return flat.reshape(*x.shape[:-1], weights.shape[-1])


def _known(class_name: str) -> Cell:
    cell = cell_of_layer(class_name)
    if cell is None:
        raise ValueError(
            "Expected a recurrent layer among "
            f"{sorted(cell.layer for cell in CELLS.values())}. "
            f"Received {class_name!r}."
        )
    return cell
