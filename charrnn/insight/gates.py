"""Record the gates, the candidate and the state of a layer over a text."""

import dataclasses
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from charrnn.insight.selection import chosen_units, read_short
from charrnn.network.engine import Engine
from charrnn.network.tracing import LayerTrace, trace
from charrnn.text.units import DEFAULT, UnitVocabulary

if TYPE_CHECKING:
    import keras

MAX_STEPS = 1000


@dataclasses.dataclass(frozen=True)
class Gates:
    """What is inside the steps of one recurrent layer over a text.

    Attributes:
        inputs: What each of the n steps read: a character, a word or a byte.
        layer: The number of the layer; the lowest is 1.
        cell: The name of its Keras layer, such as `"LSTM"`.
        values: By name the values of all its units, `(n, units)`. Gates are
            from 0 to 1: `"input gate"`, `"forget gate"` and `"output gate"`
            of an LSTM, `"update gate"` and `"reset gate"` of a GRU. The
            `"candidate"` and `"h"`, the output, are from -1 to 1; `"c"`, the
            cell state of an LSTM, has no limits. A SimpleRNN has only `"h"`.
        gates: The names of those that are gates.
        chosen: The numbers of the units to show.
        unit: What a step reads: `"character"`, `"word"` or `"byte"`.
        is_given: Whether the units to show were asked for, rather than
            chosen because they vary most.
    """

    inputs: tuple[str, ...]
    layer: int
    cell: str
    values: dict[str, np.ndarray]
    gates: tuple[str, ...]
    chosen: tuple[int, ...]
    unit: str = DEFAULT
    is_given: bool = False


def gates(
    model: "Engine | keras.Sequential | os.PathLike | str",
    text: str | Sequence[int] | np.ndarray,
    *,
    layer: int | None = None,
    units: Sequence[int] | None = None,
    count: int = 4,
    vocabulary: UnitVocabulary | None = None,
) -> Gates:
    """Reads a text from the zero state, and keeps what is inside each step.

    `charrnn.draw_gates` draws the result.

    Args:
        model: A `charrnn.Engine`, anything that `charrnn.load` takes, or a
            Keras model.
        text: As for `charrnn.score`; 2 to 1,000 characters (words, bytes).
        layer: The number of the recurrent layer, the lowest is 1; `None` for
            the highest.
        units: The numbers of the units to show, the first is 0; `None` for
            those whose output h varies most over the text.
        count: How many units to show then.
        vocabulary: As for `charrnn.score`.

    Returns:
        A `Gates`.

    Raises:
        ValueError: as `charrnn.score` does, if the text is too long, or if
            there is no such layer or unit.

    Example:

    >>> found = gates("shakespeare", "To be, or not to be")
    >>> list(found.values)[:4], found.values["c"].shape
    (['input gate', 'forget gate', 'output gate', 'candidate'], (19, 512))

    Source: Hochreiter and Schmidhuber 1997, "Long short-term memory"; Cho et
    al. 2014 (GRU). The picture: Karpathy, Johnson and Li 2015, "Visualizing
    and understanding recurrent networks".
    """
    engine, ids, inputs = read_short(model, text, vocabulary, MAX_STEPS)
    number = checked_layer(layer, len(engine.layers))
    traced = trace(engine, ids).layers[number - 1]
    cell = traced.layer.cell
    return Gates(
        inputs,
        number,
        cell.layer,
        _in_order(traced),
        cell.gates,
        chosen_units(traced.output, units, count),
        engine.vocabulary.unit,
        units is not None,
    )


def checked_layer(layer: int | None, count: int) -> int:
    """Checks the number of a recurrent layer.

    Args:
        layer: The number, the lowest is 1; `None` for the highest.
        count: How many recurrent layers there are.

    Returns:
        The number.

    Raises:
        ValueError: if there is no such layer.

    Example:

    >>> checked_layer(None, 2)
    2
    """
    if layer is None:
        return count
    if not 1 <= layer <= count:
        raise ValueError(
            f"Expected a layer from 1 to {count}, the recurrent layers of this "
            f"model. Received {layer}."
        )
    return layer


def _in_order(traced: LayerTrace) -> dict[str, np.ndarray]:
    """The parts of a layer; the states last, and of these the output."""
    states = traced.layer.cell.states[::-1]
    inside = [name for name in traced.parts if name not in states]
    return {name: traced.parts[name] for name in [*inside, *states]}
