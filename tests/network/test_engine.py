"""The NumPy engine computes what the textbook and Keras compute."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import charrnn
from charrnn.network.backend import keras
from charrnn.network.engine import Engine
from charrnn.network.model import build_model
from charrnn.text.vocabulary import Vocabulary

CELLS = ("simple_rnn", "lstm", "gru")
VOCABULARY = Vocabulary("abcdefg")
SIZE = len(VOCABULARY)
UNITS, BATCH, TIME = 6, 3, 11


def randomise(model, seed=0):
    """Gives every weight, the biases too, a value that matters."""
    rng = np.random.default_rng(seed)
    model.set_weights(
        [rng.normal(0, 0.7, array.shape) for array in model.get_weights()]
    )
    return model


# The whole network.


@pytest.fixture(
    scope="module",
    params=[
        (cell, layers, embedding)
        for cell in CELLS
        for layers in (1, 2)
        for embedding in (None, 3)
    ],
    ids=lambda p: f"{p[0]}-{p[1]}-{'embedding' if p[2] else 'one_hot'}",
)
def network(request):
    """An engine, ids, and the Keras model's logits for them."""
    cell, layers, embedding = request.param
    model = build_model(
        VOCABULARY, cell=cell, units=UNITS, layers=layers, embedding=embedding
    )
    randomise(model)
    rng = np.random.default_rng(5)
    ids = rng.integers(SIZE, size=(BATCH, TIME))
    return Engine.from_keras(model, VOCABULARY), ids, np.asarray(model(ids))


def assert_same(ours, theirs):
    assert ours.shape == theirs.shape
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)


def test_logits_of_a_sequence_equal_those_of_keras(network):
    engine, ids, expected = network
    logits, _ = engine.run(ids)
    assert_same(logits, expected)


def test_logits_in_chunks_equal_those_of_keras(network):
    engine, ids, expected = network
    parts, state = [], None
    for start, end in [(0, 1), (1, 5), (5, 7), (7, TIME)]:
        logits, state = engine.run(ids[:, start:end], state)
        parts.append(logits)
    assert_same(np.concatenate(parts, axis=1), expected)


def test_logits_one_by_one_equal_those_of_keras(network):
    engine, ids, expected = network
    parts, state = [], engine.zero_state(BATCH)
    for t in range(TIME):
        logits, state = engine.step(ids[:, t], state)
        parts.append(logits)
    assert_same(np.stack(parts, axis=1), expected)


def test_logits_of_one_row_equal_those_in_a_batch(network):
    engine, ids, expected = network
    for row in range(BATCH):
        logits, _ = engine.run(ids[row : row + 1])
        assert_same(logits, expected[row : row + 1])
        state = engine.zero_state(1)
        for t in range(TIME):
            logits, state = engine.step(ids[row : row + 1, t], state)
            assert_same(logits, expected[row : row + 1, t])


def test_run_and_step_end_in_the_same_state(network):
    engine, ids, _ = network
    _, after_run = engine.run(ids)
    state = engine.zero_state(BATCH)
    for t in range(TIME):
        _, state = engine.step(ids[:, t], state)
    for ours, theirs in zip(after_run, state, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


@pytest.mark.parametrize("method", ["step", "run"])
def test_the_state_that_goes_in_is_not_changed(network, method):
    engine, ids, _ = network
    _, state = engine.run(ids)
    before = copy.deepcopy(state)
    now = ids[:, 0] if method == "step" else ids
    getattr(engine, method)(now, state)
    for ours, theirs in zip(state, before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_engine_keeps_its_weights_when_keras_trains_on():
    model = randomise(build_model(VOCABULARY, units=4, layers=1))
    engine = Engine.from_keras(model, VOCABULARY)
    ids = [[0, 1, 2]]
    before, _ = engine.run(ids)
    randomise(model, seed=1)
    after, _ = engine.run(ids)
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("cell", CELLS)
def test_parameters_are_those_of_keras(cell):
    model = build_model(VOCABULARY, cell=cell, units=5, embedding=3)
    engine = Engine.from_keras(model, VOCABULARY)
    assert engine.parameters == model.count_params()


# What the engine cannot compute, it refuses.


def sequential(*layers, characters=SIZE):
    one_hot = keras.layers.CategoryEncoding(characters, output_mode="one_hot")
    inputs = keras.Input((None,), dtype="int32")
    return keras.Sequential([inputs, one_hot, *layers])


def dense(characters=SIZE, **settings):
    return keras.layers.Dense(characters, **settings)


def lstm(units=UNITS, **settings):
    settings = {"return_sequences": True} | settings
    return keras.layers.LSTM(units, **settings)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (keras.layers.LayerNormalization, r"Received 'LayerNormalization'"),
        (lambda: keras.layers.Bidirectional(lstm()), r"'Bidirectional'"),
        (
            lambda: keras.layers.RNN(
                keras.layers.LSTMCell(4), return_sequences=True
            ),
            r"Received 'RNN'",
        ),
    ],
)
def test_a_foreign_layer_is_named(layer, message):
    model = sequential(lstm(), layer(), dense())
    with pytest.raises(ValueError, match=message):
        Engine.from_keras(model, VOCABULARY)


@pytest.mark.parametrize(
    ("class_name", "settings", "message"),
    [
        ("GRU", {"reset_after": False}, "GRU with reset_after=True"),
        ("GRU", {"go_backwards": True}, "GRU with go_backwards=False"),
        ("LSTM", {"activation": "relu"}, "LSTM with activation='tanh'"),
        (
            "LSTM",
            {"recurrent_activation": "hard_sigmoid"},
            "LSTM with recurrent_activation='sigmoid'",
        ),
        ("SimpleRNN", {"use_bias": False}, "SimpleRNN with use_bias=True"),
    ],
)
def test_a_foreign_setting_is_named(class_name, settings, message):
    layer = getattr(keras.layers, class_name)
    model = sequential(layer(4, return_sequences=True, **settings), dense())
    with pytest.raises(ValueError, match=message):
        Engine.from_keras(model, VOCABULARY)


def test_probabilities_instead_of_logits_are_refused():
    model = sequential(lstm(), dense(activation="softmax"))
    with pytest.raises(ValueError, match="Dense with activation='linear'"):
        Engine.from_keras(model, VOCABULARY)


def test_a_model_of_the_last_character_only_is_refused():
    model = sequential(lstm(return_sequences=False), dense())
    with pytest.raises(ValueError, match="LSTM with return_sequences=True"):
        Engine.from_keras(model, VOCABULARY)


@pytest.mark.parametrize("characters", [6, 8])
def test_layers_for_another_vocabulary_are_refused(characters):
    model = sequential(lstm(), dense(characters), characters=characters)
    with pytest.raises(ValueError, match=r"with a vocabulary of 7"):
        Engine.from_keras(model, VOCABULARY)


@pytest.mark.parametrize("characters", [6, 8])
def test_logits_for_another_vocabulary_are_refused(characters):
    model = sequential(lstm(), dense(characters))
    with pytest.raises(ValueError, match=r"with a vocabulary of 7"):
        Engine.from_keras(model, VOCABULARY)


def test_layers_that_do_not_fit_each_other_are_refused():
    def arrays(inputs, units):
        shapes = [(inputs, units), (units, units), (units,)]
        return [np.zeros(shape, np.float32) for shape in shapes]

    first, second = arrays(7, 4), arrays(5, 6)
    out = [np.zeros((6, 7), np.float32), np.zeros(7, np.float32)]
    layers = [("SimpleRNN", {}, first), ("SimpleRNN", {}, second)]
    with pytest.raises(ValueError, match=r"\[\(4, 6\), .* Received \[\(5, 6\)"):
        Engine([*layers, ("Dense", {}, out)], VOCABULARY)


def test_a_network_without_memory_is_refused():
    with pytest.raises(
        ValueError,
        match="recurrent layers, .* Received CategoryEncoding, Dense",
    ):
        Engine.from_keras(sequential(dense()), VOCABULARY)


def test_a_network_without_logits_is_refused():
    with pytest.raises(ValueError, match="Dense"):
        Engine.from_keras(sequential(lstm(SIZE)), VOCABULARY)


def test_layers_in_another_order_are_refused():
    """A second Dense, or one before the recurrent layer, is not left out."""
    for layers in [
        (lstm(SIZE), dense(), dense()),
        (dense(), lstm(SIZE), dense()),
    ]:
        with pytest.raises(ValueError, match="Dense"):
            Engine.from_keras(sequential(*layers), VOCABULARY)


# No TensorFlow.


def test_drawing_and_scoring_need_no_tensorflow(tmp_path):
    path = tmp_path / "model.keras"
    charrnn.save(build_model(VOCABULARY, units=4), path, VOCABULARY)
    code = (
        "import json, sys\n"
        "import charrnn.network.engine, charrnn.writing.probabilities\n"
        "import charrnn.scoring.score\n"
        "charrnn.load(sys.argv[1]).run([[0, 1]])\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    root = Path(charrnn.__file__).parents[1]
    result = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    modules = {name.split(".")[0] for name in json.loads(result.stdout)}
    assert "charrnn" in modules
    assert not modules & {"tensorflow", "keras"}


@pytest.mark.parametrize("outside", [-1, SIZE, 2**40])
def test_ids_outside_of_the_vocabulary_are_refused(network, outside):
    engine, *_ = network
    with pytest.raises(ValueError, match=rf"Received {outside}\."):
        engine.run([[0, outside]])
    with pytest.raises(ValueError, match=rf"Received {outside}\."):
        engine.step([outside], engine.zero_state(1))
