"""Find units of a network that track features a reader can name."""

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from charrnn.insight.alignment import (
    character_of_each_unit,
    names_of,
    text_of_documents,
    unit_of_each_character,
)
from charrnn.insight.probes import by_unit, probed
from charrnn.network.engine import Engine
from charrnn.network.loading import engine_of
from charrnn.scoring.scan import checked_ids
from charrnn.system import ram
from charrnn.text.units import UnitVocabulary

if TYPE_CHECKING:
    import keras

UNITS_PER_PIECE = 256  # characters, words or bytes read at once

# In addition to its activations: mostly the values of the probes.
BYTES_PER_CHARACTER = 512

# The control correlates the units with the probes at this many other positions.
CONTROL_SHIFTS = 20

# What a unit responds to: so many characters, words or bytes, each of which
# occurs so often.
EXTREMES = 5
MIN_OCCURRENCES = 3

# A gate is saturated below this value, or above one minus this value.
SATURATED_BELOW = 0.1


@dataclasses.dataclass(frozen=True)
class Unit:
    """The unit that follows a probe most closely.

    Attributes:
        probe: A name in `PROBES`.
        layer: Number of its recurrent layer; the first is 1.
        unit: Its number in the layer; the first is 0.
        correlation: Of its activation with the probe, from -1 to 1.
        control: The largest absolute correlation of any unit with the probe
            shifted to another position in the text: the level that chance
            can reach.
        activations: Of the unit after each character, `(characters,)`; after
            the whole word or the last byte that it belongs to, if the model
            reads words or bytes.
        highest_after: The characters, words or bytes after which it is
            highest on average, of those that occur three times or more.
        lowest_after: Those after which it is lowest.
    """

    probe: str
    layer: int
    unit: int
    correlation: float
    control: float
    activations: np.ndarray = dataclasses.field(repr=False)
    highest_after: tuple[str, ...] = dataclasses.field(default=(), repr=False)
    lowest_after: tuple[str, ...] = dataclasses.field(default=(), repr=False)

    @property
    def clear(self) -> bool:
        """Whether the correlation is at least twice the control."""
        return abs(self.correlation) >= 2 * self.control


@dataclasses.dataclass(frozen=True)
class Neurons:
    """The activity of a network's units and gates over a text.

    Attributes:
        units: A list of `Unit`, the clearest first.
        saturation: For each gate, by `(layer, name)`, an array `(2, units)`:
            the fractions of the text in which it is left-saturated (below
            0.1) and right-saturated (above 0.9).
        text: What was read. Of documents, it has each boundary as a line
            feed.
    """

    units: list[Unit]
    saturation: dict[tuple[int, str], np.ndarray]
    text: str = ""


def read_neurons(
    model: "Engine | keras.Sequential | os.PathLike | str",
    text: str,
    watch: Callable[[Iterable], Iterable] = iter,
    vocabulary: UnitVocabulary | None = None,
) -> Neurons:
    """Finds the units that follow each probe while a network reads a text.

    The activation of a unit is its output. In an LSTM it is the tanh of the
    cell state instead, which shows what the unit remembers even while its
    output gate is closed.

    A search over hundreds of units and ten probes always finds some
    correlation. The control shows how much of it may be chance: it is the same
    search with the probes shifted relative to the text. Shifted probes keep
    their rhythm but belong to other characters.

    Args:
        model: A `charrnn.Engine`, anything that `charrnn.load` takes, or a
            Keras model.
        text: A `str` of several thousand characters. The units of a model
            are correlated with the probes after each word or byte that it
            reads, if it does not read characters. For a model of documents, a
            text of documents.
        watch: Wraps the loop over pieces of the text, for a progress bar:
            `rich.progress.track`, for example.
        vocabulary: The `charrnn.Vocabulary` of a Keras model. Omit it
            otherwise: engines and model files contain theirs.

    Returns:
        `Neurons`, without probes that are constant over the whole text.

    Raises:
        ValueError: as `charrnn.score` does.

    Example:

    >>> found = read_neurons("shakespeare", "Who's there? Nay, answer me. " * 9)
    >>> sorted(unit.probe for unit in found.units)[-1]
    'upper case'

    Source: Karpathy, Johnson and Li 2015, "Visualizing and understanding
    recurrent networks", sections 4.2 and 4.3.
    """
    engine = engine_of(model, vocabulary)
    ids = checked_ids(engine, text)
    if engine.vocabulary.boundary is not None:
        text = text_of_documents(engine.vocabulary, ids)
    sizes = [layer.U.shape[0] for layer in engine.layers]
    ram.check_fits(
        4 * sum(sizes) * len(ids) + BYTES_PER_CHARACTER * len(text),
        "the units' activations",
        "Read a part of the text.",
    )
    activations = np.empty((len(ids), sum(sizes)), np.float32)
    counts: dict[tuple[int, str], np.ndarray] = {}
    state = None
    for start in watch(range(0, len(ids), UNITS_PER_PIECE)):
        piece = ids[start : start + UNITS_PER_PIECE]
        layers, state = engine.activations(piece[None], state)
        rows = activations[start : start + UNITS_PER_PIECE]
        np.concatenate([_activation(a) for a in layers], axis=1, out=rows)
        _count_saturated(layers, counts)
    saturation = {key: number / len(ids) for key, number in counts.items()}
    units = unit_of_each_character(engine.vocabulary, ids, text)
    last = character_of_each_unit(engine.vocabulary, ids, text)
    probes = by_unit(probed(text), units, last)
    names = names_of(engine.vocabulary)
    found = [
        _with_extremes(unit, ids, names, units)
        for unit in _best_units(activations, probes, sizes)
    ]
    return Neurons(found, saturation, text)


def _with_extremes(
    unit: Unit, ids: np.ndarray, names: np.ndarray, units: np.ndarray
) -> Unit:
    """Adds what a unit responds to, and tells its activations by character."""
    counts = np.bincount(ids)
    totals = np.bincount(ids, unit.activations)
    often = np.flatnonzero(counts >= MIN_OCCURRENCES)
    means = totals[often] / counts[often]
    order = often[np.argsort(-means, kind="stable")]
    number = min(EXTREMES, len(order) // 2)
    return dataclasses.replace(
        unit,
        activations=unit.activations[units],
        highest_after=tuple(names[order[:number]]),
        lowest_after=tuple(names[order[::-1][:number]]),
    )


def _activation(layer: Mapping[str, np.ndarray]) -> np.ndarray:
    """The activations of a layer's units, `(read, units)`."""
    (output,) = layer["output"]
    if "output gate" not in layer:
        return output
    # output = gate * tanh(cell state), solved for the tanh. If the gate is
    # nearly 0 the quotient is inexact, hence the clip.
    (gate,) = layer["output gate"]
    return np.clip(output / np.maximum(gate, 1e-7), -1, 1)


def _count_saturated(
    layers: Sequence[Mapping[str, np.ndarray]],
    counts: dict[tuple[int, str], np.ndarray],
) -> None:
    """Counts after how many units read each gate is saturated, by side."""
    for number, layer in enumerate(layers, 1):
        for name, (values,) in layer.items():
            if name != "output":
                left = values < SATURATED_BELOW
                right = values > 1 - SATURATED_BELOW
                both = np.stack([left.sum(0), right.sum(0)])
                key = (number, name)
                counts[key] = counts.get(key, 0) + both


def _correlations(
    activations: np.ndarray, deviations: np.ndarray, wanted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Correlates all units with all probes, unshifted and shifted.

    Args:
        activations: With mean 0, `(read, units)`.
        deviations: Their standard deviations, `(units,)`.
        wanted: Values of the probes, scaled to mean 0 and standard deviation
            1, `(read, probes)`.

    Returns:
        `(correlations, controls)`: arrays `(units, probes)` and `(probes,)`.
    """
    read = len(wanted)
    # A unit that never changes is correlated with nothing.
    scale = read * np.where(deviations > 1e-6, deviations, np.inf)
    correlations = activations.T @ wanted / scale[:, None]
    controls = np.zeros(wanted.shape[1])
    random = np.random.default_rng(0)
    # After a shift by less than a tenth of the text, the probe might still be
    # correlated with the text.
    shifts = random.integers(read // 10, read, CONTROL_SHIFTS)
    for shift in shifts:
        chance = activations.T @ np.roll(wanted, shift, axis=0)
        chance = np.abs(chance / scale[:, None])
        controls = np.maximum(controls, chance.max(0))
    return correlations, controls


def _best_units(
    activations: np.ndarray,
    probes: Mapping[str, np.ndarray],
    sizes: Sequence[int],
) -> list[Unit]:
    """The unit for each probe, the clearest first, with raw activations.

    Args:
        activations: Of all layers, concatenated, `(read, units)`, after each
            character, word or byte; their means are subtracted in place.
        probes: Their values, `(read,)`, by name.
        sizes: Number of units of each layer.
    """
    if not probes:
        return []
    wanted = np.stack(list(probes.values()), axis=1).astype(np.float64)
    wanted = ((wanted - wanted.mean(0)) / wanted.std(0)).astype(np.float32)
    means = activations.mean(0, dtype=np.float64).astype(np.float32)
    activations -= means  # in place: a copy would take as much memory again
    # Column by column: NumPy squares a copy, here of one column only.
    deviations = np.array([column.std() for column in activations.T])
    correlations, controls = _correlations(activations, deviations, wanted)
    layers = np.repeat(np.arange(1, len(sizes) + 1), sizes)
    units = np.concatenate([np.arange(size) for size in sizes])
    best = np.abs(correlations).argmax(0)
    found = [
        Unit(
            probe=probe,
            layer=int(layers[k]),
            unit=int(units[k]),
            correlation=float(correlations[k, i]),
            control=float(controls[i]),
            activations=activations[:, k] + means[k],
        )
        for i, (probe, k) in enumerate(zip(probes, best, strict=True))
    ]
    return sorted(found, key=lambda unit: unit.control - abs(unit.correlation))
