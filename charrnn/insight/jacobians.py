"""Measure how a layer's state depends on its earlier ones: singular values."""

import dataclasses
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from charrnn.insight.gates import checked_layer
from charrnn.network.engine import Engine
from charrnn.network.loading import engine_of
from charrnn.network.steps import State
from charrnn.network.tracing import LayerTrace, trace
from charrnn.scoring.scan import checked_ids
from charrnn.system import ram
from charrnn.text.units import DEFAULT, UnitVocabulary

if TYPE_CHECKING:
    import keras

ALL = "all"

# Smaller than the largest one by this factor, a computed singular value is
# rounding, and counts as 0.
ROUNDING = 1e-15
TINY = 1e-300  # its logarithm is finite


@dataclasses.dataclass(frozen=True)
class SingularValues:
    """The singular values of products of Jacobians, by distance.

    Attributes:
        values: Of d state(t) / d state(t - k), the largest first,
            `(lags + 1, units)`: geometric means over places t of a text. 0
            where a value is too small beside the largest to be computed.
        state: The state that is meant, such as `"h"`.
        layer: The number of the recurrent layer; the lowest is 1.
        unit: What a step reads: `"character"`, `"word"` or `"byte"`.
    """

    values: np.ndarray
    state: str
    layer: int
    unit: str = DEFAULT

    @property
    def largest(self) -> np.ndarray:
        """The largest by distance: what one direction grows by at most."""
        return self.values[:, 0]

    @property
    def smallest(self) -> np.ndarray:
        """The smallest by distance: what one direction shrinks to."""
        return self.values[:, -1]


def singular_values(
    model: "Engine | keras.Sequential | os.PathLike | str",
    text: str | Sequence[int] | np.ndarray,
    *,
    lags: int = 20,
    layer: int | None = None,
    state: str = "h",
    places: int = 4,
    vocabulary: UnitVocabulary | None = None,
) -> SingularValues:
    """Measures how a layer's state depends on the state k steps earlier.

    The Jacobian d state(t) / d state(t - k) is the product of k Jacobians of
    one step. A small change of the earlier state becomes, at t, at most
    `largest` and at least `smallest` times as long. Gradients go back through
    the same matrices: they vanish where all singular values go to 0, and
    explode where the largest grows. The inputs of the layer are held fixed.

    Args:
        model: A `charrnn.Engine`, anything that `charrnn.load` takes, or a
            Keras model.
        text: As for `charrnn.score`; more than `lags` characters.
        lags: The largest k.
        layer: The number of the recurrent layer, the lowest is 1; `None` for
            the highest.
        state: `"h"`, or `"c"` for the cell state of an LSTM, whose other
            state at t - k is held fixed; `"all"` for both together.
        places: How many places t to average over, from all over the text.
        vocabulary: As for `charrnn.score`.

    Returns:
        A `SingularValues`.

    Raises:
        ValueError: as `charrnn.score` does, if the text is too short, or if
            there is no such layer or state.

    Example:

    >>> from charrnn import build_model
    >>> model = build_model("ab", units=4, layers=1)
    >>> singular_values(model, [0, 1, 1, 0], lags=2).values.shape
    (3, 4)

    Source: Pascanu, Mikolov and Bengio 2013, "On the difficulty of training
    recurrent neural networks", section 2; Hochreiter 1991.
    """
    engine = engine_of(model, vocabulary)
    ids = checked_ids(engine, text)
    number = checked_layer(layer, len(engine.layers))
    _check_lengths(len(ids), lags, places, engine.vocabulary.plural)
    cell = engine.layers[number - 1].cell
    chosen = _rows_of(cell.states, state)
    size = len(engine.layers[number - 1].U) * len(chosen)
    ram.check_fits(64 * size**2, "the Jacobians", "Use a smaller layer.")
    traced = trace(engine, ids)
    logarithms = [
        np.log(np.maximum(_spectra(traced.layers[number - 1], place, lags,
                                   chosen, traced.kept), TINY))
        for place in np.linspace(lags, len(ids) - 1, places).astype(int)
    ]  # fmt: skip
    values = np.exp(np.mean(logarithms, axis=0))
    values = np.where(values > ROUNDING * values[:, :1], values, 0)
    return SingularValues(values, state, number, engine.vocabulary.unit)


def _check_lengths(length: int, lags: int, places: int, plural: str) -> None:
    if lags < 0 or places < 1:
        raise ValueError(
            "Expected lags of 0 or more, and at least one place. Received "
            f"{lags} and {places}."
        )
    if length <= lags:
        raise ValueError(
            f"Expected a text of more than {lags:,} {plural}, the lags. "
            f"Received {length:,}. Use fewer lags, or a longer text."
        )


def _rows_of(states: Sequence[str], state: str) -> list[int]:
    """Which of a cell's states are meant."""
    if state == ALL:
        return list(range(len(states)))
    if state not in states:
        raise ValueError(
            f"Expected a state among {[*states, ALL]}. Received {state!r}."
        )
    return [states.index(state)]


def _spectra(
    layer: LayerTrace,
    place: int,
    lags: int,
    chosen: Sequence[int],
    kept: np.ndarray,
) -> np.ndarray:
    """The singular values at one place, `(lags + 1, units)`.

    The rows of the Jacobian are gradients: of each number of the state at
    the place, at the earlier state.
    """
    sizes = [array.shape[1] for array in layer.before]
    total = sum(sizes[number] for number in chosen)
    identity = np.split(
        np.eye(total), np.cumsum([sizes[number] for number in chosen])[:-1], 1
    )
    d_state: State = tuple(
        identity[chosen.index(number)]
        if number in chosen
        else np.zeros((total, size))
        for number, size in enumerate(sizes)
    )
    found = []
    for k in range(lags + 1):
        jacobian = np.concatenate([d_state[n] for n in chosen], axis=1)
        found.append(np.linalg.svd(jacobian, compute_uv=False))
        _, before = layer.gradient(place - k, d_state)
        d_state = tuple(array * kept[place - k] for array in before)
    return np.stack(found)
