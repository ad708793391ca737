"""`fused` computes what stock Keras does, with the model's own variables."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from charrnn.network.cells import CELLS
from charrnn.network.model import build_model
from charrnn.text.windows import Windows
from charrnn.training.schedule import loss, optimizer
from charrnn.twins import equations, kernels, loops, tiles, twin
from charrnn.twins.precision import resolve_precision
from charrnn.twins.stateful import stateful_twin, states
from charrnn.twins.twin import Fused, fused, precision_of, why_not_fused

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


@tf.function(reduce_retracing=True)
def logits_and_gradients(network, ids, targets):
    with tf.GradientTape() as tape:
        logits = network(ids, training=True)
        value = loss()(targets, logits)
    return logits, tape.gradient(value, network.trainable_variables)


def assert_close(actual, expected, bound):
    """Equal but for `bound` of the largest magnitude."""
    for a, e in zip(actual, expected, strict=True):
        a, e = np.asarray(a), np.asarray(e)
        assert a.shape == e.shape and a.dtype == e.dtype
        assert np.abs(a - e).max() <= bound * np.abs(e).max()


def seeds(model):
    return [layer.seed_generator.state for layer in model.layers[3:-1:2]]


@each_precision
@pytest.mark.parametrize("batch_size", [1, 64])
@pytest.mark.parametrize("layers", [1, 2, 3])
@each_cell
def test_logits_states_and_gradients_are_those_of_keras(
    cell, layers, batch_size, precision
):
    model = random_model(cell, layers, dropout=0.25)
    fast = fused(model, batch_size=batch_size, precision=precision)
    stock = stateful_twin(model, batch_size=batch_size)
    bound = BOUNDS[precision]
    for steps in (1, 2, 100):  # each goes on from the state of the last
        ids = random_ids(batch_size, steps + 1)
        window = tf.constant(ids[:, :-1]), tf.constant(ids[:, 1:])
        before = [seed.numpy() for seed in seeds(model)]
        logits, gradients = logits_and_gradients(fast, *window)
        after = [seed.numpy() for seed in seeds(model)]
        for seed, value in zip(seeds(model), before, strict=True):
            seed.assign(value)
        expected, expected_gradients = logits_and_gradients(stock, *window)
        assert_close(seeds(model), after, 0)
        assert_close([logits], [expected], bound)
        assert_close(gradients, expected_gradients, bound)
        assert_close(states(fast), states(stock), bound)


@each_cell
def test_gradients_flow_to_states_and_inputs(cell):
    layer = getattr(keras.layers, CELLS[cell].layer)(
        5, return_sequences=True, return_state=True
    )
    generator = np.random.default_rng(0)
    x = tf.constant(generator.normal(size=(18, 4, 3)), tf.float32)
    layer.build(x.shape)
    for variable in layer.trainable_variables:
        variable.assign(generator.normal(size=variable.shape))
    kernel, recurrent_kernel, bias = layer.trainable_variables
    first = [
        tf.constant(generator.normal(size=(18, 5)), tf.float32)
        for _ in range(2 if cell == "lstm" else 1)
    ]

    def ours():
        outputs, last = loops.run(
            getattr(equations, CELLS[cell].equations),
            tf.transpose(x, (1, 0, 2)),
            tf.convert_to_tensor(kernel),
            tf.convert_to_tensor(recurrent_kernel),
            tf.reshape(bias, (-1, kernel.shape[1])),
            first,
        )
        return tf.transpose(outputs, (1, 0, 2)), *last

    results = []
    for candidate in (ours, lambda: layer(x, initial_state=first)):
        with tf.GradientTape() as tape:
            tape.watch([x, *first])
            outputs, *last = candidate()
            total = tf.reduce_sum(outputs**2) + sum(
                tf.reduce_sum(tf.sin(state)) for state in last
            )
        sources = [x, *first, *layer.trainable_variables]
        results.append([outputs, *last, *tape.gradient(total, sources)])
    assert_close(*results, 1e-5)


@pytest.mark.parametrize("mask_zero", [False, True])
@each_cell
def test_a_layer_may_have_no_bias_and_mask_its_steps(cell, mask_zero):
    """Masked steps are left to Keras, in the same twin."""
    keras.utils.set_random_seed(1)
    dropout = keras.layers.Dropout(0.5)
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(CHARACTERS, 3, mask_zero=mask_zero),
            getattr(keras.layers, CELLS[cell].layer)(
                5, return_sequences=True, use_bias=False
            ),
            dropout,
            keras.layers.Dense(CHARACTERS),
        ]
    )
    fast = fused(model, batch_size=4, precision="float32")
    assert isinstance(fast.working_layers()[1], Fused)
    stock = stateful_twin(model, batch_size=4)
    for _ in range(2):  # the second goes on from the states of the first
        results = []
        for network in (fast, stock):
            dropout.seed_generator.state.assign([1, 2])
            ids = random_ids(4, 7)
            logits, gradients = logits_and_gradients(network, ids, ids)
            gradients = map(tf.convert_to_tensor, gradients)
            results.append([logits, *gradients, *states(network)])
        assert_close(*results, 1e-5)


def test_steps_that_drop_weights_cannot_be_masked():
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(CHARACTERS, 3, mask_zero=True),
            keras.layers.LSTM(5, return_sequences=True),
        ]
    )
    fast = fused(model, batch_size=4, weight_drop=0.5)
    fast(random_ids(4, 7))
    with pytest.raises(ValueError, match="no mask .* weight_drop"):
        fast(random_ids(4, 7), training=True)


@each_precision
@each_cell
def test_training_ends_where_stock_keras_does(cell, precision):
    """300 steps, with dropout: its masks are the same too.

    At a rate that lets the loss fall steadily: where it plunges, as it does
    once such a text is known by heart, a step more or less is 0.02 nats.
    """
    text = np.tile(random_ids(300), 20)
    windows = Windows(text, batch_size=16, seq_length=20, seed=1)
    losses = []
    for make in (fused, stateful_twin):
        model = random_model(cell, 2, dropout=0.2, units=32)
        options = {"precision": precision} if make is fused else {}
        network = make(model, batch_size=16, **options)
        network.compile(optimizer(0.001), loss())
        history = network.fit(
            windows.dataset(),
            epochs=3,
            steps_per_epoch=100,
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
        (keras.layers.LSTM(4), 1.0, "up to, but not, 1. Received 1.0"),
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


def test_training_traces_once(monkeypatch):
    traces = []
    run = loops.run
    monkeypatch.setattr(loops, "run", lambda *a: traces.append(None) or run(*a))
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
    ("batch_size", "units", "cores", "sizes", "parts"),
    [
        (64, 512, 2, [64], 2),
        (64, 100, 2, [32, 32], 1),
        (33, 100, 2, [16, 17], 1),
        (64, 512, 1, [64], 1),
        (16, 512, 8, [8, 8], 2),
        (7, 100, 4, [7], 1),
    ],
)
def test_units_and_rows_are_divided_among_the_cores(
    monkeypatch, batch_size, units, cores, sizes, parts
):
    monkeypatch.setattr(twin, "cores", lambda: cores)
    assert twin._division(batch_size, units) == (sizes, parts)


@pytest.mark.parametrize(("parts", "largest_tile"), [(2, 10**6), (3, 64)])
@each_precision
@each_cell
def test_tiles_change_nothing(
    monkeypatch, cell, precision, parts, largest_tile
):
    """Parts of unequal size, and a block for each gate."""
    monkeypatch.setattr(tiles, "LARGEST_TILE", largest_tile)
    of_cell = getattr(equations, CELLS[cell].equations)
    generator = np.random.default_rng(0)
    columns = 7 * of_cell.gates
    shapes = [(9, 4, 3), (3, columns), (7, columns)]
    shapes += [(of_cell.products, columns)]
    shapes += [(4, 7)] * (2 if cell == "lstm" else 1)
    tensors = [
        tf.constant(generator.normal(size=shape), tf.float32)
        for shape in shapes
    ]
    tensors[0] = tf.cast(tensors[0], precision)
    results = []
    for count in (1, parts):
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            outputs, last = loops.run(of_cell, *tensors[:4], tensors[4:], count)
            outputs = tf.cast(outputs, tf.float32)
            total = tf.reduce_sum(outputs**2) + sum(
                tf.reduce_sum(tf.sin(state)) for state in last
            )
        results.append([outputs, *last, *tape.gradient(total, tensors)])
    assert_close(*results, BOUNDS[precision])


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (keras.layers.GRU(4, reset_after=False), "reset_after=False"),
        (keras.layers.LSTM(4, activation="relu"), "activation='relu'"),
        (keras.layers.LSTM(4, recurrent_dropout=0.1), "recurrent_dropout"),
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


def test_the_precision_is_chosen_by_the_processor(monkeypatch):
    from charrnn.twins import precision

    for flags, chosen in (
        ({"avx2"}, "float32"),
        ({"avx512_bf16"}, "bfloat16"),
        (set(), "float32"),
    ):
        monkeypatch.setattr(precision, "_cpu_flags", lambda f=flags: f)
        assert resolve_precision("auto") == chosen
    assert resolve_precision("bfloat16") == "bfloat16"
    with pytest.raises(ValueError, match="Received 'float16'"):
        resolve_precision("float16")
