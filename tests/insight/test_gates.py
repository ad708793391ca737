"""Gates and states agree with a computation from the weights of Keras."""

import numpy as np
import pytest
from random_networks import engine_of

import charrnn
from charrnn.insight.gates_picture import scaled_rows
from charrnn.network.backend import keras
from charrnn.network.model import build_model
from charrnn.text.vocabulary import Vocabulary

VOCABULARY = Vocabulary.from_text("to be, or not to be")
TEXT = "to be or not"


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_hand(kind, weights, inputs):
    """The equations of Keras's layers in float64, one step after another."""
    W, U, b = (array.astype(float) for array in weights)
    units = U.shape[0]
    h, c, rows = np.zeros(units), np.zeros(units), []
    for x in inputs:
        if kind == "simple_rnn":
            h = np.tanh(x @ W + h @ U + b)
            rows.append({"h": h})
        elif kind == "lstm":
            i, f, g, o = np.split(x @ W + h @ U + b, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            rows.append({
                "input gate": sigmoid(i), "forget gate": sigmoid(f),
                "output gate": sigmoid(o), "candidate": np.tanh(g),
                "c": c, "h": h,
            })  # fmt: skip
        else:
            xz, xr, xg = np.split(x @ W + b[0], 3)
            hz, hr, hg = np.split(h @ U + b[1], 3)
            z, r = sigmoid(xz + hz), sigmoid(xr + hr)
            g = np.tanh(xg + r * hg)
            h = z * h + (1 - z) * g
            rows.append({
                "update gate": z, "reset gate": r, "candidate": g, "h": h
            })  # fmt: skip
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


@pytest.mark.parametrize("kind", ["simple_rnn", "lstm", "gru"])
def test_gates_are_those_of_the_keras_weights(kind):
    model = build_model(VOCABULARY, cell=kind, units=6, layers=2)
    random = np.random.default_rng(1)
    model.set_weights(
        [random.normal(0, 0.7, w.shape) for w in model.get_weights()]
    )
    inputs = np.eye(len(VOCABULARY))[VOCABULARY.encode(TEXT)]
    recurrent = [x for x in model.layers if isinstance(x, keras.layers.RNN)]
    for number, layer in enumerate(recurrent, 1):
        found = charrnn.gates(model, TEXT, layer=number, vocabulary=VOCABULARY)
        expected = by_hand(kind, layer.get_weights(), inputs)
        assert list(found.values) == list(expected)
        for name, values in expected.items():
            np.testing.assert_allclose(found.values[name], values, atol=1e-5)
        inputs = expected["h"]
    assert charrnn.gates(model, TEXT, vocabulary=VOCABULARY).layer == 2


def test_a_row_of_the_picture_is_within_its_scale():
    found = charrnn.gates(engine_of(), "outofthecradle" * 3, units=[2])
    found.values["c"][5, 2] = -7.26
    rows = dict(scaled_rows(found, 2))
    assert list(rows)[-2:] == ["c / 7.3", "h"]
    assert rows["c / 7.3"].min() == -1
    assert all(np.abs(values).max() <= 1 for values in rows.values())


def test_a_simple_rnn_is_told_to_have_no_gates():
    found = charrnn.gates(engine_of(cell="SimpleRNN"), "sea")
    assert list(found.values) == ["h"] and found.gates == ()
    assert "has no gates" in charrnn.draw_gates(found).svg()


@pytest.mark.parametrize("layer", [0, 3, -1])
def test_a_layer_that_is_not_there_is_refused(layer):
    with pytest.raises(ValueError, match="a layer from 1 to 2"):
        charrnn.gates(engine_of(layers=2), "sea", layer=layer)


@pytest.mark.parametrize(
    "kind", [charrnn.WordVocabulary, charrnn.ByteVocabulary]
)
def test_words_and_bytes_are_columns(kind):
    text = "the sea, the sea everlasting! é"
    engine = engine_of(kind.from_text(text))
    found = charrnn.gates(engine, text)
    assert len(found.inputs) == len(found.values["h"])
    assert charrnn.draw_gates(found).svg()
