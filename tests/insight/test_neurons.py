"""Activations against single steps, and units that were planted."""

import tracemalloc

import numpy as np
import pytest

from charrnn.insight import neurons
from charrnn.insight.neurons import read_neurons
from charrnn.insight.probes import PROBES, probed
from charrnn.network.engine import Engine
from charrnn.network.model import build_model
from charrnn.network.steps import sigmoid
from charrnn.system import ram
from charrnn.text.vocabulary import Vocabulary

TEXT = (
    'HAMLET:\nWords, words, words.\n\nPOLONIUS:\n"What is the matter" (my '
    "lord)?\nSay: I mean, the matter that you read.\n\n"
) * 6


def engine_of(cell, layers=2, units=7):
    vocabulary = Vocabulary.from_text(TEXT)
    model = build_model(vocabulary, cell=cell, units=units, layers=layers)
    random = np.random.default_rng(0)
    weights = [random.normal(0, 0.7, w.shape) for w in model.get_weights()]
    model.set_weights(weights)
    return Engine.from_keras(model, vocabulary), weights


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_activations_are_those_of_single_steps(cell):
    engine, _ = engine_of(cell)
    ids = np.random.default_rng(1).integers(9, size=(2, 11))
    first, state = engine.activations(ids[:, :4])
    second, _ = engine.activations(ids[:, 4:], state)
    layers = [
        {name: np.concatenate([a[name], b[name]], axis=1) for name in a}
        for a, b in zip(first, second, strict=True)
    ]
    state = engine.zero_state(2)
    for t in range(11):
        _, state = engine.step(ids[:, t], state)
        for layer, own in zip(layers, state, strict=True):
            output = layer["output"][:, t]
            np.testing.assert_allclose(output, own[0], atol=1e-5)
            if cell == "lstm":  # h = o tanh(c)
                expected = layer["output gate"][:, t] * np.tanh(own[1])
                np.testing.assert_allclose(output, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("lstm", ["input gate", "forget gate", None, "output gate"]),
        ("gru", ["update gate", "reset gate", None]),
    ],
)
def test_gates_are_those_of_the_equations(cell, names):
    engine, (kernel, U, bias, *_) = engine_of(cell, layers=1)
    ids = np.random.default_rng(1).integers(9, size=(1, 5))
    ((layer,), _) = engine.activations(ids)
    h = np.concatenate([np.zeros((1, 7)), layer["output"][0, :-1]])
    bias = bias.sum(0) if cell == "gru" else bias
    z = np.split(kernel[ids[0]] + h @ U + bias, len(names), axis=1)
    for name, own in zip(names, z, strict=True):
        if name:
            np.testing.assert_allclose(layer[name][0], sigmoid(own), atol=1e-5)


def text_without_rhythm():
    random = np.random.default_rng(0)
    return "".join(random.choice(list("aB c.\n"), 5000))


def test_a_planted_unit_is_found():
    text = text_without_rhythm()
    vocabulary = Vocabulary.from_text(text)
    model = build_model(vocabulary, cell="simple_rnn", units=8, layers=1)
    kernel, U, bias, *others = model.get_weights()
    upper = [character.isupper() for character in vocabulary.characters]
    kernel[:, 5] = np.where(upper, 2, -2)
    U[:, 5] = 0
    model.set_weights([kernel, U, bias, *others])
    found = read_neurons(Engine.from_keras(model, vocabulary), text)
    (unit,) = (u for u in found.units if u.probe == "upper case")
    assert (unit.layer, unit.unit) == (1, 5)
    assert unit.correlation == pytest.approx(1, abs=1e-3)
    assert unit.control < 0.2
    expected = np.where([c.isupper() for c in text], 1, -1) * np.tanh(2)
    np.testing.assert_allclose(unit.activations, expected, atol=1e-5)


def test_a_network_that_knows_nothing_is_no_better_than_its_control():
    text, random = text_without_rhythm(), np.random.default_rng(1)
    activations = random.normal(size=(5000, 50)).astype(np.float32)
    for unit in neurons._best_units(activations, probed(text), [50]):
        assert abs(unit.correlation) < 0.1
        assert 0.4 < abs(unit.correlation) / unit.control < 1.3


@pytest.mark.parametrize(
    ("correlation", "control", "clear"),
    [
        (0.4, 0.2, True),
        (-0.4, 0.2, True),
        (0.39, 0.2, False),
        (-0.9, 0.8, False),
    ],
)
def test_what_is_clear_is_twice_what_chance_can_do(correlation, control, clear):
    unit = neurons.Unit("upper case", 1, 0, correlation, control, None)
    assert unit.clear == clear


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_saturation_is_counted_over_the_whole_text(cell, monkeypatch):
    engine, _ = engine_of(cell)
    whole = read_neurons(engine, TEXT).saturation
    layers, _ = engine.activations(engine.vocabulary.encode(TEXT)[None])
    assert len(whole) == {"simple_rnn": 0, "lstm": 6, "gru": 4}[cell]
    for (layer, name), (left, right) in whole.items():
        (values,) = layers[layer - 1][name]
        np.testing.assert_allclose(left, (values < 0.1).mean(0), atol=5e-3)
        np.testing.assert_allclose(right, (values > 0.9).mean(0), atol=5e-3)


@pytest.mark.parametrize(
    ("probe", "text", "expected"),
    [
        ("inside quotes", 'a "b" c', "0011000"),
        ("inside quotes", 'a "b\n\nc', "00111000"[:7]),
        ("inside quotes", "a “b” c", "0011000"),
        ("brackets open", "a(b[c])d)(", "0112210001"),
        ("position in line", "ab\nc", "1201"),
        ("position in word", "ab cd!", "120120"),
        ("indentation", "  a b\n c", "12222011"),
        ("upper case", "aBc", "010"),
        ("after punctuation", "a, b. ", "011011"),
        ("speaker's name", "a\n\nROMEO:\nHo:\n", "00011111100000"),
        ("line after the speaker's name", "AB:\nHo\nno", "000011" + "0" * 3),
        ("comment", "a # b\nc", "0011100"),
    ],
)
def test_probes(probe, text, expected):
    values = [int(v) for v in PROBES[probe](text)]
    assert "".join(map(str, values)) == expected


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_probes_know_every_line_end(end):
    text = '"a\n\nAB:\n  b"# c\nd'
    of_lf, of_end = (
        probed(text),
        probed(text.replace("\n", end)),
    )
    assert of_lf.keys() == of_end.keys()
    kept = [i for i, c in enumerate(text.replace("\n", end)) if c != "\r"]
    if end == "\r":
        kept = range(len(text))
    for name, values in of_lf.items():
        assert of_end[name][kept].tolist() == values.tolist()


@pytest.mark.slow
def test_the_estimate_of_the_memory_holds(monkeypatch):
    engine, _ = engine_of("gru", units=200)
    estimates = []
    monkeypatch.setattr(
        ram, "check_fits", lambda needed, *_: estimates.append(needed)
    )
    tracemalloc.start()
    read_neurons(engine, TEXT * 10)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.5 < peak / max(estimates) < 1.3
