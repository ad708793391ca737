"""The table of cells: the properties of SimpleRNN, LSTM and GRU.

Everything that depends on the kind of cell is looked up in `CELLS` when it is
needed: which Keras layer to build, the layout of its weights, one step of it
in NumPy, the fused equations that train it, which sizes and learning rates
suit it, and its colour in a plot. To support another kind of cell, add an
entry, here or in your own program:

    CELLS["mgu"] = Cell(
        layer="MinimalGatedUnit",
        module="minimal_gated_unit",
        blocks=("forget gate", CANDIDATE),
        step=mgu_step,
    )

Two things are defined elsewhere. The fused training equations are TensorFlow
code, which must not be imported here, so the table only names their class in
`charrnn/twins/equations.py`. A layer that Keras does not have is defined in
the module that the entry names.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from charrnn.network import step_gradients, steps
from charrnn.system.palette import BLUE, GREEN, ORANGE, PURPLE

CANDIDATE = "candidate"  # the block of columns that is not a gate


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """A kind of recurrent layer.

    Attributes:
        layer: The class name of its Keras layer: a `keras.layers.RNN` that
            takes `units`, around a cell whose weights are, in this order, a
            kernel `(inputs, columns)`, a recurrent kernel `(units, columns)`
            and a bias `(columns,)`, where `columns` is `len(blocks) * units`.
        module: Where that class is imported from.
        settings: The settings that the layer's Keras config must have for
            `step` to compute the same, in addition to
            `return_sequences=True`.
        blocks: The names of the blocks of columns in the weights, in order.
            Here a block is the `units` columns of one gate, which is
            `sigmoid(x + h U)`, or of the `CANDIDATE`. (In `charrnn.twins` it
            is a group of gates.) An `"output gate"` multiplies the tanh of
            the state.
        states: The names of the arrays `(batch, units)` that are carried from
            step to step; the first one is also the layer's output.
        has_recurrent_dropout: Whether the Keras layer takes
            `recurrent_dropout`, as Keras's own layers do.
        has_recurrent_bias: Whether the bias has a second row, which is added
            to the recurrent product: `(2, columns)`.
        step: One step in NumPy, a function of `(x, state, U)`, as
            `charrnn.network.steps` describes it, or of `(x, state, U, b)` if
            there is a recurrent bias.
        parts: All values inside a step, a function of the same arguments, as
            `charrnn.network.step_gradients` describes it; `None` to know only
            the gates and the states.
        gradient: The gradient of a step, as described there; `None` to use
            central differences.
        equations: The class in `charrnn/twins/equations.py` that trains it in
            fused loops; `None` to train it with its Keras layer.
        largest_units: The largest layer that the recipe chooses: larger ones
            learned no more in our trials (docs/results.md). `None` for no
            limit.
        rate: The recipe's peak learning rate for layers of `rate_units`. For
            other sizes it is `rate * (rate_units / units) ** rate_power`, but
            at most `highest_rate`.
        rate_units: See `rate`.
        rate_power: See `rate`.
        highest_rate: See `rate`.
        colour: Of its curves, a matplotlib colour.

    Example:

    >>> CELLS["lstm"].gates
    ('input gate', 'forget gate', 'output gate')
    """

    layer: str
    blocks: tuple[str, ...]
    step: Callable[..., steps.State]
    parts: Callable[..., dict[str, np.ndarray]] | None = None
    gradient: Callable[..., tuple[np.ndarray, steps.State]] | None = None
    module: str = "keras.layers"
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    states: tuple[str, ...] = ("h",)
    has_recurrent_bias: bool = False
    has_recurrent_dropout: bool = False
    equations: str | None = None
    largest_units: int | None = None
    rate: float = 0.009
    rate_units: int = 512
    rate_power: int = 1
    highest_rate: float = 0.012
    colour: str = PURPLE

    @property
    def gates(self) -> tuple[str, ...]:
        """The names of the blocks that are gates."""
        # An LSTM has three. `gates` in `charrnn/twins/equations.py` counts
        # the candidate too: four.
        return tuple(name for name in self.blocks if name != CANDIDATE)


_TANH = {"use_bias": True, "activation": "tanh"}
_GATED = {**_TANH, "recurrent_activation": "sigmoid"}

# By the name that users give: `--cell lstm`, `build_model(..., cell="lstm")`.
CELLS = {
    "simple_rnn": Cell(
        layer="SimpleRNN",
        settings=_TANH,
        blocks=(CANDIDATE,),
        has_recurrent_dropout=True,
        step=steps.simple_rnn_step,
        parts=step_gradients.simple_rnn_parts,
        gradient=step_gradients.simple_rnn_gradient,
        equations="SimpleRNN",
        largest_units=256,
        rate=0.008,
        rate_units=256,
        rate_power=2,  # with 0.008, 512 units do not learn
        highest_rate=0.008,
        colour=ORANGE,
    ),
    "lstm": Cell(
        layer="LSTM",
        settings=_GATED,
        blocks=("input gate", "forget gate", CANDIDATE, "output gate"),
        states=("h", "c"),
        has_recurrent_dropout=True,
        step=steps.lstm_step,
        parts=step_gradients.lstm_parts,
        gradient=step_gradients.lstm_gradient,
        equations="LSTM",
        colour=BLUE,
    ),
    "gru": Cell(
        layer="GRU",
        settings={**_GATED, "reset_after": True},
        blocks=("update gate", "reset gate", CANDIDATE),
        has_recurrent_bias=True,
        has_recurrent_dropout=True,
        step=steps.gru_step,
        parts=step_gradients.gru_parts,
        gradient=step_gradients.gru_gradient,
        equations="GRU",
        largest_units=256,
        colour=GREEN,
    ),
}


def cell_of_layer(class_name: str) -> Cell | None:
    """Finds a cell by the class name of its Keras layer.

    Args:
        class_name: Such as `"LSTM"`.

    Returns:
        A `Cell`, or `None` if the table has no such layer.

    Example:

    >>> cell_of_layer("LSTM") is CELLS["lstm"], cell_of_layer("Dense")
    (True, None)
    """
    return next((c for c in CELLS.values() if c.layer == class_name), None)
