"""What predictions depend on, against central differences of their logits."""

import numpy as np
import pytest
from random_networks import engine_of

import charrnn
from charrnn.insight import connections as module
from charrnn.insight.connections import connections
from charrnn.network.cells import CELLS

LAYERS = [cell.layer for cell in CELLS.values()]
TEXT = "outofthecradleendlesslyrocking"
SMALL = 1e-4


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def logits_of(engine, inputs, ids):
    """The logits after each input vector, in float64, by the textbook."""
    *recurrent, (_, (V, bias)) = engine.layer_weights()
    boundary = engine.vocabulary.boundary
    for name, arrays in [x for x in recurrent if x[0] != "Embedding"]:
        W, U, b = (array.astype(float) for array in arrays)
        h, c, outputs = np.zeros(len(U)), np.zeros(len(U)), []
        for x, id in zip(inputs, ids, strict=True):
            if boundary is not None and id == boundary:
                h, c = 0 * h, 0 * c
            if name == "SimpleRNN":
                h = np.tanh(x @ W + h @ U + b)
            elif name == "LSTM":
                i, f, g, o = np.split(x @ W + h @ U + b, 4)
                c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
                h = sigmoid(o) * np.tanh(c)
            else:
                xz, xr, xg = np.split(x @ W + b[0], 3)
                hz, hr, hg = np.split(h @ U + b[1], 3)
                g = np.tanh(xg + sigmoid(xr + hr) * hg)
                h = sigmoid(xz + hz) * h + (1 - sigmoid(xz + hz)) * g
            outputs.append(h)
        inputs = outputs
    return np.stack(inputs) @ V.astype(float) + bias


def by_differences(engine, ids, window):
    """The norms of gradients at one-hot vectors or embeddings."""
    name, arrays = engine.layer_weights()[0]
    embedded = name == "Embedding"
    vectors = arrays[0] if embedded else np.eye(len(engine.vocabulary))
    inputs = vectors[ids].astype(float)
    norms = np.zeros((len(ids) - 1, window))
    steps = np.arange(len(ids) - 1)
    for place in range(len(ids) - 1):
        squares = 0.0
        for column in range(inputs.shape[1]):
            both = []
            for change in (SMALL, -SMALL):
                changed = inputs.copy()
                changed[place, column] += change
                logits = logits_of(engine, changed, ids)
                both.append(logits[steps, ids[1:]])
            squares += ((both[0] - both[1]) / (2 * SMALL)) ** 2
        for k in range(min(window, len(ids) - 1 - place)):
            norms[place + k, k] = squares[place + k] ** 0.5
    return norms


@pytest.mark.parametrize("cell", LAYERS)
@pytest.mark.parametrize("embedding", [None, 3])
def test_norms_are_those_of_central_differences(cell, embedding):
    engine = engine_of("abcdef", cell, 5, layers=2, embedding=embedding)
    ids = np.random.default_rng(1).integers(6, size=9)
    found = connections(engine, ids, window=6)
    expected = by_differences(engine, ids, 6)
    np.testing.assert_allclose(found.norms, expected, rtol=1e-3, atol=1e-5)
    assert found.text == "".join(found.inputs)


def test_the_boundary_of_documents_cuts_them():
    vocabulary = charrnn.DocumentVocabulary(charrnn.Vocabulary("abn"), "%")
    engine = engine_of(vocabulary, units=5, layers=2)
    found = connections(engine, "ban%an", window=7)
    ids = vocabulary.encode("ban%an")
    expected = by_differences(engine, ids, 7)
    np.testing.assert_allclose(found.norms, expected, rtol=1e-3, atol=1e-5)
    assert found.shares_of(6)[2:].tolist() == [0, 0, 0, 0]
    assert found.text == "\nban\nan\n"


@pytest.mark.parametrize(
    "kind", [charrnn.WordVocabulary, charrnn.ByteVocabulary]
)
def test_words_and_bytes_are_inputs(kind):
    text = "aé a" if kind is charrnn.WordVocabulary else "éa"
    engine = engine_of(kind.from_text(text), units=3)
    found = connections(engine, text, window=4)
    ids = engine.vocabulary.encode(text)
    assert len(found.inputs) == len(ids) and found.text == text
    expected = by_differences(engine, ids, found.norms.shape[1])
    np.testing.assert_allclose(found.norms, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("at_once", [1, 4, 7, 29, 99])
@pytest.mark.parametrize("window", [1, 3, 7, 99])
def test_the_parts_of_a_text_join(monkeypatch, at_once, window):
    engine = engine_of(layers=2, recurrence=0.5)
    whole = connections(engine, TEXT, window=window).norms
    assert whole.shape == (29, min(window, 29))
    monkeypatch.setattr(module, "PREDICTIONS_AT_ONCE", at_once)
    parts = connections(engine, TEXT, window=window).norms
    np.testing.assert_allclose(parts, whole, rtol=1e-4, atol=1e-7)


def test_a_larger_window_only_adds_to_a_smaller_one():
    engine = engine_of(layers=2)
    few = connections(engine, TEXT, window=4).norms
    many = connections(engine, TEXT, window=20).norms
    np.testing.assert_allclose(many[:, :4], few, rtol=1e-5)


def test_shares_are_parts_of_a_whole():
    found = connections(engine_of(layers=2), TEXT, window=9)
    np.testing.assert_allclose(found.shares.sum(1), 1, rtol=1e-5)
    assert found.by_distance.sum() == pytest.approx(1, rel=1e-5)
    strongest = found.strongest(4, count=9)
    assert sorted(place for place, _ in strongest) == [0, 1, 2, 3]
    shares = [share for _, share in strongest]
    assert shares == sorted(shares, reverse=True)
    place, share = strongest[0]
    assert found.shares[3, 3 - place] == pytest.approx(share)
    assert 1 <= found.distances().min() and found.distances().max() <= 9


def test_without_recurrence_only_the_last_input_counts():
    found = connections(engine_of(cell="SimpleRNN", recurrence=0.0), TEXT)
    np.testing.assert_array_equal(found.norms[:, 1:], 0)
    assert found.by_distance[0] == pytest.approx(1)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"window": 0}, "window of 1 or more"),
        ({"text": "a"}, "at least 2"),
    ],
)
def test_what_cannot_be_measured_is_refused(options, says):
    with pytest.raises(ValueError, match=says):
        connections(engine_of(), **{"text": "sea", **options})


def test_what_does_not_fit_is_refused(monkeypatch):
    monkeypatch.setattr(module.ram, "machine_bytes", lambda: 1000)
    with pytest.raises(ValueError, match="use a smaller window"):
        module._check_ram(engine_of(), 9, 9)


@pytest.mark.parametrize("place", [0, -1, 3])
def test_a_place_that_is_not_predicted_is_refused(place):
    found = connections(engine_of(), "sea")
    with pytest.raises(ValueError, match="a place from 1 to 2"):
        found.strongest(place)
