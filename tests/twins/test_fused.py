"""`fused` computes what stock Keras does, with the model's own variables."""

import sys
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from comparing import assert_close, traced

from charrnn.network.cells import CELLS
from charrnn.network.model import build_model
from charrnn.text.windows import Windows
from charrnn.training.schedule import loss, optimizer
from charrnn.twins import equations, kernels, loops, unrolled
from charrnn.twins.fused import fused, precision_of, why_not_fused
from charrnn.twins.fused_layers import Fused
from charrnn.twins.stateful import stateful_twin, states

CHARACTERS = 11
# A product of bfloat16 operands is off by 2^-8 of its size: each of the two
# is rounded to 8 bits, by 2^-9 at most, and so is the result. The errors of
# layers and steps add up, with signs at random.
BOUNDS = {"float32": 1e-5, "bfloat16": 0.06}

each_precision = pytest.mark.parametrize("precision", BOUNDS)
each_cell = pytest.mark.parametrize("cell", CELLS)


def random_model(cell, layers=1, dropout=0.0, units=16, embedding=None):
    """Weights and biases so large that the gates are far from linear."""
    keras.utils.set_random_seed(3)
    model = build_model(
        range(CHARACTERS),
        cell=cell,
        units=units,
        layers=layers,
        dropout=dropout,
        embedding=embedding,
    )
    generator = np.random.default_rng(1)
    for variable in model.trainable_variables:
        noise = 0.1 * generator.normal(size=variable.shape)
        variable.assign(variable + noise.astype("float32"))
    return model


def random_ids(*shape):
    return np.random.default_rng(2).integers(0, CHARACTERS, shape, "int32")


def seeds(model):
    return [
        layer.seed_generator.state
        for layer in model.layers
        if isinstance(layer, keras.layers.Dropout) and layer.rate
    ]


# Every value of every setting; a cell in the other precision is in
# test_loops.py. 16 rows are two groups on two cores.
SOME = [
    ("simple_rnn", 1, 1, "float32"),
    ("lstm", 2, 16, "bfloat16"),
    ("gru", 2, 1, "float32"),
]


@pytest.mark.parametrize(("cell", "layers", "batch_size", "precision"), SOME)
def test_logits_states_and_gradients_are_those_of_keras(
    cell, layers, batch_size, precision
):
    dropout = 0.25 if layers > 1 else 0.0
    assert_like_keras(cell, layers, batch_size, precision, (1, 12), dropout)


@pytest.mark.slow
@each_precision
@pytest.mark.parametrize("batch_size", [1, 64])
@pytest.mark.parametrize("layers", [1, 2, 3])
@each_cell
def test_so_they_are_in_long_windows_and_all_combinations(
    cell, layers, batch_size, precision
):
    windows = (1, 2, 100)
    assert_like_keras(cell, layers, batch_size, precision, windows, 0.25)


def assert_like_keras(cell, layers, batch_size, precision, windows, dropout):
    """Runs windows of so many steps, each from the states of the last."""
    model = random_model(cell, layers, dropout=dropout)
    fast = fused(model, batch_size=batch_size, precision=precision)
    stock = stateful_twin(model, batch_size=batch_size)
    ours, theirs = traced(fast), traced(stock)
    bound = BOUNDS[precision]
    for steps in windows:
        ids = random_ids(batch_size, steps + 1)
        window = tf.constant(ids[:, :-1]), tf.constant(ids[:, 1:])
        before = [seed.numpy() for seed in seeds(model)]
        logits, gradients = ours(*window)
        after = [seed.numpy() for seed in seeds(model)]
        for seed, value in zip(seeds(model), before, strict=True):
            seed.assign(value)
        expected, expected_gradients = theirs(*window)
        assert_close(seeds(model), after, 0)
        assert_close([logits], [expected], bound)
        assert_close(gradients, expected_gradients, bound)
        assert_close(states(fast), states(stock), bound)


def test_an_embedding_may_mask_steps_of_a_fused_layer():
    keras.utils.set_random_seed(1)
    dropout = keras.layers.Dropout(0.5)
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(CHARACTERS, 3, mask_zero=True),
            keras.layers.LSTM(5, return_sequences=True, use_bias=False),
            dropout,
            keras.layers.Dense(CHARACTERS),
        ]
    )
    fast = fused(model, batch_size=4, precision="float32")
    assert isinstance(fast.working_layers()[1], Fused)
    stock = stateful_twin(model, batch_size=4)
    networks = [(network, traced(network)) for network in (fast, stock)]
    for _ in range(2):  # the second goes on from the states of the first
        results = []
        for network, compute in networks:
            dropout.seed_generator.state.assign([1, 2])
            ids = random_ids(4, 7)
            logits, gradients = compute(ids, ids)
            gradients = map(tf.convert_to_tensor, gradients)
            results.append([logits, *gradients, *states(network)])
        assert_close(*results, 1e-5)


@pytest.mark.slow
def test_training_ends_where_stock_keras_does():
    """With dropout: its masks are the same too."""
    windows = Windows(
        np.tile(random_ids(25), 100), batch_size=8, seq_length=10, seed=1
    )
    compare_training("simple_rnn", "bfloat16", windows, 45, units=16, rate=0.01)


@pytest.mark.parametrize(
    ("cell", "precision"),
    [
        pytest.param("lstm", "float32", marks=pytest.mark.slow),
        pytest.param("lstm", "bfloat16", marks=pytest.mark.reliability),
        pytest.param("gru", "float32", marks=pytest.mark.reliability),
        pytest.param("gru", "bfloat16", marks=pytest.mark.slow),
        pytest.param("simple_rnn", "float32", marks=pytest.mark.slow),
        pytest.param("simple_rnn", "bfloat16", marks=pytest.mark.reliability),
    ],
)
def test_so_it_does_in_two_layers_and_all_combinations(cell, precision):
    """At a rate that lets the loss fall steadily.

    Where it plunges, as it does once such a text is known by heart, a step
    more or less is 0.02 nats.
    """
    windows = Windows(
        np.tile(random_ids(300), 20), batch_size=16, seq_length=20, seed=1
    )
    compare_training(
        cell, precision, windows, 300, layers=2, units=32, rate=0.001
    )


def compare_training(cell, precision, windows, steps, *, rate, **sizes):
    """Trains both twins; compares the mean loss of the last third."""
    losses = []
    for make in (fused, stateful_twin):
        model = random_model(cell, dropout=0.2, **sizes)
        options = {"precision": precision} if make is fused else {}
        network = make(model, batch_size=windows.batch_size, **options)
        network.compile(optimizer(rate), loss(), jit_compile=False)
        history = network.fit(
            windows.dataset(),
            epochs=3,
            steps_per_epoch=steps // 3,
            shuffle=False,
            verbose=0,
        )
        losses.append(history.history["loss"][-1])
    assert losses[1] < np.log(CHARACTERS) - 0.3  # it has learned something
    tolerance = {"float32": 0.005, "bfloat16": 0.01}[precision]
    assert losses[0] == pytest.approx(losses[1], abs=tolerance)


@each_cell
def test_weight_drop_leaves_recurrent_weights_out_in_training_only(cell):
    model = random_model(cell)
    fast = fused(model, batch_size=4, precision="float32", weight_drop=0.4)
    stock = stateful_twin(model, batch_size=4)
    ids = random_ids(4, 8)
    assert_close([fast(ids)], [stock(ids)], 1e-5)
    (layer,) = [one for one in fast.working_layers() if isinstance(one, Fused)]
    recurrent_kernel = layer.layers[0].cell.recurrent_kernel
    before = recurrent_kernel.numpy()
    logits = []
    for _ in range(2):
        seed = keras.random.SeedGenerator(0)
        seed.state.assign(layer.seed_generator.state)
        dropped = keras.random.dropout(before, 0.4, seed=seed)
        assert 0.2 < np.mean(dropped == 0) < 0.6
        for state in [*states(fast), *states(stock)]:
            state.assign(tf.zeros_like(state))
        logits.append(fast(ids, training=True))
        recurrent_kernel.assign(dropped)
        assert_close(logits[-1:], [stock(ids)], 1e-5)
        recurrent_kernel.assign(before)
    assert np.abs(logits[0] - logits[1]).max() > 1e-3  # drawn anew


@pytest.mark.parametrize(
    ("layer", "weight_drop", "message"),
    [
        (keras.layers.LSTM(4), 1.0, "not including, 1. Received 1.0"),
        (keras.layers.LSTM(4), -0.1, "Received -0.1"),
        (keras.layers.LSTM(4, activation="relu"), 0.1, "activation='relu'"),
    ],
)
def test_a_weight_drop_that_cannot_be_is_refused(layer, weight_drop, message):
    model = keras.Sequential([keras.Input((None, 3)), layer])
    with pytest.raises(ValueError, match=message):
        fused(model, batch_size=2, weight_drop=weight_drop)


def test_the_twin_has_the_models_variables():
    model = random_model("lstm", 2)
    fast = fused(model, batch_size=4)
    pairs = zip(fast.weights, model.weights, strict=True)
    assert all(ours is theirs for ours, theirs in pairs)


def test_a_regularizer_counts():
    model = random_model("gru")
    weights = model.layers[2].cell.recurrent_kernel
    weights.regularizer = keras.regularizers.L2(0.1)
    fast = fused(model, batch_size=4)
    assert float(sum(fast.losses)) == pytest.approx(float(sum(model.losses)))
    assert float(sum(fast.losses)) > 0


@pytest.mark.slow
@pytest.mark.parametrize("module", [loops, unrolled])
def test_training_traces_once(monkeypatch, module):
    traces = []
    run = module.run
    monkeypatch.setattr(
        module, "run", lambda *a: traces.append(None) or run(*a)
    )
    is_small = module is unrolled
    monkeypatch.setattr(unrolled, "is_small", lambda *a: is_small)
    windows = Windows(random_ids(500), batch_size=4, seq_length=10, seed=1)
    fast = fused(random_model("lstm"), batch_size=4, precision="float32")
    fast.compile(optimizer(0.01), loss())
    gates = kernels.forward(equations.LSTM, tf.float32)
    counts = []
    for _ in range(3):
        fast.fit(windows.dataset(), steps_per_epoch=5, shuffle=False, verbose=0)
        counts.append((len(traces), gates.experimental_get_tracing_count()))
    assert len(set(counts)) == 1 and len(traces) > 0


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (keras.layers.GRU(4, reset_after=False), "reset_after=False"),
        (keras.layers.LSTM(4, activation="relu"), "activation='relu'"),
        (keras.layers.LSTM(4, recurrent_dropout=1.0), "recurrent_dropout"),
        (keras.layers.SimpleRNN(4, dropout=0.1), "dropout=0.1"),
        (keras.layers.LSTM(4, dtype="float64"), "computes in float64"),
    ],
)
def test_a_layer_with_settings_of_its_own_is_left_to_keras(layer, reason):
    assert reason in why_not_fused(layer)
    model = keras.Sequential([keras.Input((None, 3)), layer])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        network = stateless = fused(model, batch_size=2, precision="bfloat16")
    assert [reason in str(warning.message) for warning in caught] == [True]
    assert not any(isinstance(one, Fused) for one in network.working_layers())
    assert precision_of(stateless) == "float32"


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_with_a_gpu_tensorflow_runs_layers_that_reach_cudnn(monkeypatch, cell):
    module = sys.modules[fused.__module__]
    monkeypatch.setattr(module, "_tensorflow_sees_gpu", lambda: True)
    model = random_model(cell)
    with pytest.warns(UserWarning, match="there is a GPU") as warned:
        twin = fused(model, batch_size=2)
    recurrent = [x for x in twin.working_layers() if hasattr(x, "cell")]
    of_model = [x for x in model.layers if hasattr(x, "cell")]
    assert [type(x) for x in recurrent] == [type(x) for x in of_model]
    assert all(x.stateful for x in recurrent)
    assert [x.cell for x in recurrent] == [x.cell for x in of_model]
    assert "cuDNN" in str(warned[0].message)
    ids = np.random.default_rng(0).integers(0, 5, (2, 6))
    whole = np.array(model(ids))
    halves = [np.array(twin(part)) for part in (ids[:, :3], ids[:, 3:])]
    np.testing.assert_allclose(np.concatenate(halves, 1), whole, atol=1e-6)
