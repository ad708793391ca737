"""The NumPy engine computes what the textbook and Keras compute."""

import copy
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import charrnn
from charrnn.network import engine as numpy_engine
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


# One step of each cell: the textbook's equations, one unit at a time.


def sigmoid(a):
    return 1 / (1 + math.exp(-a))


def weighted(vector, weights, j):
    """Unit j's sum of its weighted inputs."""
    return sum(value * weights[k][j] for k, value in enumerate(vector))


def textbook_simple_rnn(x, state, W, U, b):
    (h,) = state
    return [
        [
            math.tanh(weighted(x, W, j) + weighted(h, U, j) + b[j])
            for j in range(len(h))
        ]
    ]


def textbook_lstm(x, state, W, U, b):
    h, c = state
    units = len(h)
    new_h, new_c = [], []
    for j in range(units):
        # Unit j's columns: input gate, forget gate, candidate, output gate.
        a_i, a_f, a_g, a_o = (
            weighted(x, W, k) + weighted(h, U, k) + b[k]
            for k in (j, j + units, j + 2 * units, j + 3 * units)
        )
        kept = sigmoid(a_f) * c[j]
        written = sigmoid(a_i) * math.tanh(a_g)
        new_c.append(kept + written)
        new_h.append(sigmoid(a_o) * math.tanh(new_c[j]))
    return [new_h, new_c]


def textbook_gru(x, state, W, U, b):
    (h,) = state
    units = len(h)
    new_h = []
    for j in range(units):
        # Unit j's columns: update gate, reset gate, candidate.
        from_x = [
            weighted(x, W, k) + b[0][k] for k in (j, j + units, j + 2 * units)
        ]
        from_h = [
            weighted(h, U, k) + b[1][k] for k in (j, j + units, j + 2 * units)
        ]
        z = sigmoid(from_x[0] + from_h[0])
        r = sigmoid(from_x[1] + from_h[1])
        candidate = math.tanh(from_x[2] + r * from_h[2])
        new_h.append(z * h[j] + (1 - z) * candidate)
    return [new_h]


TEXTBOOK = {
    "simple_rnn": textbook_simple_rnn,
    "lstm": textbook_lstm,
    "gru": textbook_gru,
}


def engine_step(cell, x, state, W, U, b):
    """The engine's step, fed as the engine feeds it: x W + b comes first."""
    step = getattr(numpy_engine, f"{cell}_step")
    if cell == "gru":
        return step(x @ W + b[0], state, U, b[1])
    return step(x @ W + b, state, U)


@pytest.fixture(params=CELLS)
def cell(request):
    return request.param


@pytest.fixture
def cell_weights(cell):
    """W, U and b of a cell with 5 inputs."""
    rng = np.random.default_rng(1)
    columns = {"simple_rnn": 1, "lstm": 4, "gru": 3}[cell] * UNITS
    rows = (2, columns) if cell == "gru" else (columns,)
    shapes = [(5, columns), (UNITS, columns), rows]
    return [rng.normal(0, 1, shape) for shape in shapes]


@pytest.fixture
def cell_state(cell):
    rng = np.random.default_rng(2)
    arrays = 2 if cell == "lstm" else 1
    return tuple(rng.normal(0, 1, (arrays, BATCH, UNITS)))


def test_one_step_is_the_textbook_equation(cell, cell_weights, cell_state):
    x = np.random.default_rng(3).normal(0, 1, (BATCH, 5))
    new_state = engine_step(cell, x, cell_state, *cell_weights)
    weights = [array.tolist() for array in cell_weights]
    for row in range(BATCH):
        expected = TEXTBOOK[cell](
            x[row].tolist(),
            [array[row].tolist() for array in cell_state],
            *weights,
        )
        ours = [array[row] for array in new_state]
        np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-12)


def test_steps_equal_those_of_the_keras_cell(cell, cell_weights, cell_state):
    keras_cell = {
        "simple_rnn": keras.layers.SimpleRNNCell,
        "lstm": keras.layers.LSTMCell,
        "gru": keras.layers.GRUCell,
    }[cell](UNITS)
    keras_cell.build((BATCH, 5))
    keras_cell.set_weights(cell_weights)
    x = np.random.default_rng(4).normal(0, 1, (5, BATCH, 5))
    ours, theirs = cell_state, [np.float32(array) for array in cell_state]
    for x_t in x:
        ours = engine_step(cell, x_t, ours, *cell_weights)
        _, theirs = keras_cell(np.float32(x_t), theirs)
        np.testing.assert_allclose(ours, np.stack(theirs), rtol=0, atol=2e-6)


def test_sigmoid_of_large_numbers_is_0_or_1():
    values = np.array([-1e4, -200, 0, 200, 1e4], np.float32)
    expected = [0, 0, 0.5, 1, 1]
    np.testing.assert_array_equal(numpy_engine.sigmoid(values), expected)


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
    with pytest.raises(ValueError, match=r"in a network for 7 characters"):
        Engine.from_keras(model, VOCABULARY)


@pytest.mark.parametrize("characters", [6, 8])
def test_logits_for_another_vocabulary_are_refused(characters):
    model = sequential(lstm(), dense(characters))
    with pytest.raises(ValueError, match=r"in a network for 7 characters"):
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
