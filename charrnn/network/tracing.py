"""Record all steps of a network over a text, and go back through them."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from charrnn.network.engine import Engine
from charrnn.network.recurrent import (
    IGNORE_SPURIOUS_INVALID,
    NetworkState,
    RecurrentLayer,
    kept_rows,
)
from charrnn.network.step_gradients import numeric_gradient
from charrnn.network.steps import State
from charrnn.text.vocabulary import check_ids


@dataclasses.dataclass(frozen=True)
class LayerTrace:
    """All steps of one recurrent layer.

    Attributes:
        layer: The layer.
        x: Its projected inputs, `(steps, columns)`.
        before: The state before each step, arrays `(steps, units)`.
        parts: What each step computed, `(steps, units)`, by name: the gates,
            the candidate and the new states, such as `"forget gate"`,
            `"candidate"`, `"c"` and `"h"`. Without the candidate for a cell
            of your own that does not tell its parts.
    """

    layer: RecurrentLayer
    x: np.ndarray
    before: State
    parts: dict[str, np.ndarray]

    @property
    def output(self) -> np.ndarray:
        """The output of the layer after each step, `(steps, units)`."""
        return self.parts[self.layer.cell.states[0]]

    @IGNORE_SPURIOUS_INVALID
    def gradient(
        self, steps: slice | int, d_state: State
    ) -> tuple[np.ndarray, State]:
        """Goes back through one step: of several steps at once, or of one.

        Args:
            steps: A step, or consecutive ones; each goes back by itself.
            d_state: The gradient at the new state: arrays `(rows, units)`. A
                row belongs to one of the steps; with one step, all rows do.

        Returns:
            `(d_x, d_before)`: the gradients at the projected inputs,
            `(rows, columns)`, and at the state before.
        """
        cell, weights = self.layer.cell, _weights(self.layer)
        before = tuple(array[steps] for array in self.before)
        if cell.gradient is None:
            rows = np.ones((len(d_state[0]), 1), np.float32)
            x, *own = (rows * array for array in (self.x[steps], *before))
            return numeric_gradient(cell.step, x, tuple(own), d_state, weights)
        parts = {name: array[steps] for name, array in self.parts.items()}
        return cell.gradient(parts, before, d_state, *weights)


@dataclasses.dataclass(frozen=True)
class Trace:
    """All steps of a network over a text.

    Attributes:
        layers: Those of each recurrent layer, the lowest first.
        kept: Whether the state was kept before each step, `(steps,)`: it is
            reset at the boundary of documents.
    """

    layers: Sequence[LayerTrace]
    kept: np.ndarray

    def state_before(self, step: int) -> NetworkState:
        """The state of the network before a step, for one text."""
        return [
            tuple(array[step : step + 1] for array in layer.before)
            for layer in self.layers
        ]

    def step_back(
        self, steps: slice, d_state: NetworkState
    ) -> tuple[np.ndarray, NetworkState]:
        """Goes back through one step of all layers, for several steps at once.

        Args:
            steps: Consecutive steps; each goes back by itself.
            d_state: The gradient at the state after each: for each layer
                arrays `(rows, units)`, a row for each step.

        Returns:
            `(d_x, d_before)`: the gradients at the projected inputs of the
            lowest layer, `(rows, columns)`, and at the state before.
        """
        d_before: NetworkState = []
        from_above: np.ndarray | float = 0.0
        for number, layer in reversed([*enumerate(self.layers)]):
            d_h, *others = d_state[number]
            d_x, own = layer.gradient(steps, (d_h + from_above, *others))
            d_before.insert(0, kept_rows(own, self.kept[steps]))
            if number:  # the output of the layer below is its input
                from_above = d_x @ layer.layer.kernel.T
        return d_x, d_before


@IGNORE_SPURIOUS_INVALID
def trace(
    engine: Engine, ids: np.ndarray, state: NetworkState | None = None
) -> Trace:
    """Reads a text, and records what each step computes.

    The states are computed by the same functions as in `Engine.step`.

    Args:
        engine: A `charrnn.Engine`.
        ids: Of the text, `(steps,)`.
        state: The state to start from, for one text; `None` for zero.

    Returns:
        A `Trace`.

    Raises:
        ValueError: if an id lies outside the vocabulary.

    Example:

    >>> from charrnn import Vocabulary, build_model
    >>> vocabulary = Vocabulary("!Hakr")
    >>> model = build_model(vocabulary, units=4, layers=2)
    >>> engine = Engine.from_keras(model, vocabulary)
    >>> low, high = trace(engine, vocabulary.encode("Hark!")).layers
    >>> high.parts["forget gate"].shape
    (5, 4)
    """
    ids = np.asarray(ids)
    check_ids(ids, len(engine.vocabulary))
    boundary = engine.vocabulary.boundary
    kept = np.ones(len(ids), bool) if boundary is None else ids != boundary
    x = _projected(engine, ids)
    found: list[LayerTrace] = []
    start = engine.zero_state(1) if state is None else state
    for layer, own in zip(engine.layers, start, strict=True):
        if found:
            x = layer.project(found[-1].output)
        found.append(_of_layer(layer, x, own, kept))
    return Trace(found, kept)


def _projected(engine: Engine, ids: np.ndarray) -> np.ndarray:
    """The inputs of the lowest layer, projected: `(steps, columns)`."""
    first = engine.layers[0]
    name, arrays = engine.layer_weights()[0]
    if name == "Embedding":
        return first.project(arrays[0][ids])
    return first.kernel[ids] + first.bias


def _of_layer(
    layer: RecurrentLayer, x: np.ndarray, state: State, kept: np.ndarray
) -> LayerTrace:
    """Runs a layer step by step, and computes what is inside the steps."""
    before, after = [], []
    for row, keeps in zip(x[:, None], kept[:, None], strict=True):
        state = kept_rows(state, keeps)
        before.append(state)
        state = layer.step(row, state)
        after.append(state)
    states, new = (
        tuple(np.concatenate(arrays) for arrays in zip(*rows, strict=True))
        for rows in (before, after)
    )
    parts = layer.gates(x, states[0])
    if layer.cell.parts is not None:
        parts = layer.cell.parts(x, states, *_weights(layer))
    # The states as the steps computed them, one by one.
    parts.update(zip(layer.cell.states, new, strict=True))
    return LayerTrace(layer, x, states, parts)


def _weights(layer: RecurrentLayer) -> tuple[np.ndarray, ...]:
    """What a step takes besides the inputs and the state."""
    if layer.recurrent_bias is None:
        return (layer.U,)
    return layer.U, layer.recurrent_bias
