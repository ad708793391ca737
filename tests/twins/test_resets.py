"""Each document is computed as if it were alone, in loops and in layers."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import charrnn
from charrnn.network.cells import CELLS
from charrnn.training.schedule import loss
from charrnn.twins.fused import fused
from charrnn.twins.resets import Resetting
from charrnn.twins.stateful import stateful, stateful_twin, states

BOUNDARY = 5
VOCABULARY = charrnn.DocumentVocabulary(charrnn.Vocabulary("abcde"), "lines")


def model_of(cell, layers=2, embedding=None, recurrent_dropout=0.0):
    model = charrnn.build_model(
        VOCABULARY, cell=cell, units=5, layers=layers, dropout=0.0,
        embedding=embedding, recurrent_dropout=recurrent_dropout,
    )  # fmt: skip
    random = np.random.default_rng(0)
    model.set_weights(
        [random.normal(0, 0.5, w.shape) for w in model.get_weights()]
    )
    return model


@pytest.fixture(scope="module")
def ids():
    random = np.random.default_rng(1)
    ids = random.integers(0, 5, (3, 24))
    ids[random.random(ids.shape) < 0.2] = BOUNDARY
    ids[0, 10:12] = ids[1, 0] = ids[2, -1] = BOUNDARY
    return ids


def alone(model, ids):
    """The logits of each document by plain Keras, from the zero state."""
    rows = []
    for row in ids:
        cuts = [0, *np.flatnonzero(row == BOUNDARY), len(row)]
        parts = (row[None, a:b] for a, b in itertools.pairwise(cuts) if b > a)
        logits = [np.asarray(model(part))[0] for part in parts]
        rows.append(np.concatenate(logits))
    return np.array(rows)


FAST = "lstm"  # of the others, whatever compiles long is slow


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param(cell, marks=() if cell == FAST else pytest.mark.slow)
        for cell in CELLS
    ],
)
def test_loops_and_engine_equal_documents_alone(cell, ids):
    model = model_of(cell, 1 + (cell != FAST))
    expected = alone(model, ids)
    twin = fused(model, batch_size=3, precision="float32", boundary=BOUNDARY)
    windows = [np.asarray(twin(part)) for part in np.split(ids, [7, 8], axis=1)]
    assert np.concatenate(windows, 1) == pytest.approx(expected, abs=2e-6)
    engine = charrnn.Engine.from_keras(model, VOCABULARY)
    assert engine.run(ids)[0] == pytest.approx(expected, abs=2e-6)
    state = engine.zero_state(3)
    for t in range(ids.shape[1]):
        logits, state = engine.step(ids[:, t], state)
        assert logits == pytest.approx(expected[:, t], abs=2e-6)


def test_gates_are_those_of_documents_alone(ids):
    engine = charrnn.Engine.from_keras(model_of("gru"), VOCABULARY)
    row = ids[:1, 10:]
    cut = int(np.flatnonzero(row[0] == BOUNDARY)[2])
    together, _ = engine.activations(row)
    second, _ = engine.activations(row[:, cut:])
    for layer, own in zip(together, second, strict=True):
        for name in layer:
            assert layer[name][:, cut:] == pytest.approx(own[name], abs=1e-6)


def gradients(twin, ids):
    for state in states(twin):
        state.assign(np.full(state.shape, 0.3, "float32"))
    with tf.GradientTape() as tape:
        value = loss()(ids[:, 1:], twin(ids[:, :-1], training=True))
    found = tape.gradient(value, [w.value for w in twin.trainable_variables])
    return float(value), [np.asarray(tf.convert_to_tensor(g)) for g in found]


def stock(model):
    """A twin of stock layers whose cells reset their states."""
    layers = list(map(stateful, model.layers))
    layers = [Resetting(layers[:-1], BOUNDARY), layers[-1]]
    return stateful_twin(model, batch_size=3, layers=layers)


@pytest.mark.parametrize(
    ("cell", "embedding"),
    [
        ("simple_rnn", 3),
        pytest.param("lstm", None, marks=pytest.mark.slow),
        pytest.param("gru", 3, marks=pytest.mark.slow),
    ],
)
def test_gradients_equal_those_of_stock_layers(cell, embedding, ids):
    ids = ids[:, 8:16] if cell == "simple_rnn" else ids
    model = model_of(cell, 1 + (cell != "simple_rnn"), embedding)
    fast = fused(model, batch_size=3, precision="float32", boundary=BOUNDARY)
    value, ours = gradients(fast, ids)
    expected, theirs = gradients(stock(model), ids)
    assert value == pytest.approx(expected, rel=1e-6)
    assert len(ours) == len(theirs) == len(model.trainable_variables)
    for a, b in zip(ours, theirs, strict=True):
        assert np.abs(a - b).max() <= 1e-5 * np.abs(b).max()


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["lstm", "simple_rnn"])
def test_so_they_do_with_recurrent_dropout(cell, ids):
    model = model_of(cell, 1, recurrent_dropout=0.4)
    results = []
    for make in (
        lambda: fused(
            model, batch_size=3, precision="float32", boundary=BOUNDARY
        ),
        lambda: stock(model),
    ):
        twin = make()
        for seed in model.non_trainable_variables:
            seed.assign([1, 2])
        results.append(gradients(twin, ids[:, 8:16]))
    (value, ours), (expected, theirs) = results
    assert value == pytest.approx(expected, rel=1e-6)
    for a, b in zip(ours, theirs, strict=True):
        assert np.abs(a - b).max() <= 1e-5 * np.abs(b).max()


@pytest.mark.slow
def test_a_document_learns_nothing_from_the_one_before(ids):
    """Its loss has no gradient with respect to what came earlier."""
    model = model_of("lstm", layers=1)
    twin = fused(model, batch_size=1, precision="float32", boundary=BOUNDARY)
    first, second = np.array([[0, 1, 2, 3]]), np.array([[BOUNDARY, 4, 4, 1]])
    results = []
    for before in (first, first[:, ::-1], first * 0 + BOUNDARY):
        for state in states(twin):
            state.assign(np.zeros(state.shape, "float32"))
        both = np.concatenate([before, second], axis=1)
        results.append(np.asarray(twin(both))[:, 4:])
    assert (results[0] == results[1]).all()
    assert (results[0] == results[2]).all()


def test_a_twin_without_documents_is_as_before():
    twin = fused(model_of("lstm", layers=1), batch_size=2)
    assert not any(isinstance(x, Resetting) for x in twin.working_layers())


def test_a_twin_with_documents_is_saved_as_its_model(tmp_path, ids):
    model = model_of("gru", layers=1)
    twin = fused(model, batch_size=3, boundary=BOUNDARY)
    charrnn.save(twin, tmp_path / "m.keras", VOCABULARY)
    plain = keras.saving.load_model(tmp_path / "m.keras")
    assert np.asarray(plain(ids)) == pytest.approx(np.asarray(model(ids)))
    assert charrnn.load(tmp_path / "m.keras").vocabulary == VOCABULARY
