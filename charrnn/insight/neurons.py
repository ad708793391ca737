"""Find units of a network that track something a reader can name."""

import dataclasses
import re

import numpy as np

from charrnn.network.loading import engine_of
from charrnn.scoring.scan import checked_ids
from charrnn.system import ram
from charrnn.text.corpus import normalize_text

PIECE = 256  # characters read at once
BYTES = 512  # a character takes beside its activations, mostly for the probes
SHIFTS = 20  # of the control
SATURATED = 0.1  # a gate is, below this or above one minus this
OPENING, CLOSING = "([{", ")]}"


def quotes(text):
    """1 inside of quotation marks, which end with their paragraph."""
    inside, values, before = 0, [], ""
    for character in text:
        if character == '"':
            inside = 1 - inside
        elif character in "“”":
            inside = int(character == "“")
        elif character == before == "\n":
            inside = 0
        before = character
        values.append(inside)
    return values


def brackets(text):
    """How many brackets are open."""
    depth, values = 0, []
    for character in text:
        depth += (character in OPENING) - (character in CLOSING)
        depth = max(depth, 0)
        values.append(depth)
    return values


def line_position(text):
    """Characters since the line began."""
    return _since(text, lambda character: character == "\n")


def word_position(text):
    """Letters since the word began."""
    return _since(text, lambda character: not character.isalpha())


def indentation(text):
    """Spaces at the start of the line, up to here."""
    leading, counting, values = 0, True, []
    for character in text:
        if character == "\n":
            leading, counting = 0, True
        elif counting and character in " \t":
            leading += 1
        else:
            counting = False
        values.append(leading)
    return values


def upper_case(text):
    """1 at capital letters."""
    return [character.isupper() for character in text]


def after_punctuation(text):
    """1 at a mark that ends a clause, and at the space behind it."""
    marked, values = 0, []
    for character in text:
        if not character.isspace():
            marked = int(character in ".,;:!?")
        values.append(marked)
    return values


def speaker(text):
    """1 in the name of who speaks: a paragraph's first line up to its colon."""
    return _inside(text, r"(?<![^\n]\n)^[A-Z][^\n:]{0,40}:$", re.MULTILINE)


def after_speaker(text):
    """1 in the line after such a name."""
    return _inside(
        text, r"(?<![^\n]\n)^[A-Z][^\n:]{0,40}:\n([^\n]*)", re.MULTILINE, 1
    )


def comment(text):
    """1 from a # to the end of its line."""
    return _inside(text, r"#[^\n]*")


PROBES = {
    "inside quotes": quotes,
    "brackets open": brackets,
    "position in line": line_position,
    "position in word": word_position,
    "indentation": indentation,
    "upper case": upper_case,
    "after punctuation": after_punctuation,
    "speaker's name": speaker,
    "line after the speaker's name": after_speaker,
    "comment": comment,
}


def _since(text, ends):
    count, values = 0, []
    for character in text:
        count = 0 if ends(character) else count + 1
        values.append(count)
    return values


def _inside(text, pattern, flags=0, group=0):
    values = np.zeros(len(text))
    for match in re.finditer(pattern, text, flags):
        values[match.start(group) : match.end(group)] = 1
    return values


@dataclasses.dataclass(frozen=True)
class Unit:
    """The unit that follows a probe best.

    Attributes:
        probe: A name in `PROBES`.
        layer: From 1 on.
        unit: From 0 on.
        correlation: Between its activation and the probe, from -1 to 1.
        control: The largest that any unit reaches, in absolute value, with
            the probe of another place in the text: what chance can do.
        activations: Its own, `(characters,)`.
    """

    probe: str
    layer: int
    unit: int
    correlation: float
    control: float
    activations: np.ndarray = dataclasses.field(repr=False)

    @property
    def clear(self):
        """Whether the correlation is at least twice what chance can do."""
        return abs(self.correlation) >= 2 * self.control


@dataclasses.dataclass(frozen=True)
class Neurons:
    """What the units and the gates of a network do over a text.

    Attributes:
        units: A list of `Unit`, the clearest first.
        saturation: For each gate, by `(layer, name)`, an array `(2, units)`:
            in which part of the text it is left-saturated (below 0.1), and
            right-saturated (above 0.9).
    """

    units: list
    saturation: dict


def read_neurons(model, text, watch=iter, vocabulary=None):
    """Watches all units while the network reads a text.

    An activation is the output of a unit; of an LSTM the tanh of its cell
    state, which the output gate does not hide.

    Args:
        model: A `charrnn.Engine`, what `charrnn.load` takes, or a Keras model.
        text: A `str` of some thousand characters.
        watch: A function of a list that yields its items again, such as
            `rich.progress.track`.
        vocabulary: The `charrnn.Vocabulary` of a Keras model; all others
            bring their own.

    Returns:
        `Neurons`. Probes that are the same all over the text are left out.

    Raises:
        ValueError: as `charrnn.score` does.

    Example:

    >>> from charrnn import Engine, Vocabulary, build_model
    >>> text = "Who's there? Nay, answer me. "
    >>> vocabulary = Vocabulary.from_text(text)
    >>> engine = Engine.from_keras(build_model(vocabulary), vocabulary)
    >>> sorted(unit.probe for unit in read_neurons(engine, text * 9).units)[-1]
    'upper case'

    Source: Karpathy, Johnson and Li 2015, "Visualizing and understanding
    recurrent networks", sections 4.2 and 4.3.
    """
    engine = engine_of(model, vocabulary)
    ids = checked_ids(engine, text)
    sizes = [layer.U.shape[0] for layer in engine.layers]
    ram.check_fits(
        (4 * sum(sizes) + BYTES) * len(ids), "the units' activations",
        "Read a part of the text.",
    )  # fmt: skip
    activations = np.empty((len(ids), sum(sizes)), np.float32)
    saturation, state = {}, None
    for start in watch(range(0, len(ids), PIECE)):
        piece = ids[start : start + PIECE]
        layers, state = engine.activations(piece[None], state)
        rows = activations[start : start + PIECE]
        np.concatenate([_activation(a) for a in layers], axis=1, out=rows)
        _count_saturated(layers, saturation)
    saturation = {key: counts / len(ids) for key, counts in saturation.items()}
    return Neurons(_best_units(activations, text, sizes), saturation)


def _activation(layer):
    """What to show of a layer: `(characters, units)`."""
    (output,) = layer["output"]
    if "output gate" not in layer:
        return output
    (gate,) = layer["output gate"]  # output = gate * tanh(cell state)
    return np.clip(output / np.maximum(gate, 1e-7), -1, 1)


def _count_saturated(layers, saturation):
    for number, layer in enumerate(layers, 1):
        for name, (values,) in layer.items():
            if name != "output":
                sides = values < SATURATED, values > 1 - SATURATED
                counts = np.stack([side.sum(0) for side in sides])
                key = (number, name)
                saturation[key] = saturation.get(key, 0) + counts


def _probed(text):
    """The probes that are not the same all over the text, by name.

    They know one line end only: both characters of a CRLF get its value.
    """
    pairs = [text.startswith("\r\n", i) for i in range(len(text))]
    places = np.arange(len(text)) - np.cumsum(pairs) + pairs
    text = normalize_text(text)
    probes = {
        name: np.array(probe(text), np.float32)[places]
        for name, probe in PROBES.items()
    }
    return {name: v for name, v in probes.items() if v.min() < v.max()}


def _correlations(activations, deviations, wanted):
    """Of all units with all probes `(units, probes)`, and each's control.

    The activations have the mean 0, and the probes the deviation 1, too.
    """
    characters = len(wanted)
    scale = characters * np.where(deviations > 1e-6, deviations, np.inf)
    correlations = activations.T @ wanted / scale[:, None]
    controls = np.zeros(wanted.shape[1])
    random = np.random.default_rng(0)
    for shift in random.integers(characters // 10, characters, SHIFTS):
        chance = activations.T @ np.roll(wanted, shift, axis=0)
        chance = np.abs(chance / scale[:, None])
        controls = np.maximum(controls, chance.max(0))
    return correlations, controls


def _best_units(activations, text, sizes):
    """The unit for each probe, the clearest first."""
    probes = _probed(text)
    if not probes:
        return []
    wanted = np.stack(list(probes.values()), axis=1).astype(np.float64)
    wanted = ((wanted - wanted.mean(0)) / wanted.std(0)).astype(np.float32)
    means = activations.mean(0, dtype=np.float64).astype(np.float32)
    activations -= means  # in place: a copy would take as much again
    # One by one: NumPy would square a copy of all.
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
