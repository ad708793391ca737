"""`build_model` makes a plain Keras model, `stateful_twin` trains it."""

import functools

import numpy as np
import pytest

from charrnn.network import model_file
from charrnn.network.arguments import network_of, parameters_of
from charrnn.network.backend import keras
from charrnn.network.engine import load
from charrnn.network.layers import check_layer
from charrnn.network.model import build_model
from charrnn.text.vocabulary import Vocabulary
from charrnn.twins.stateful import stateful_twin

CELLS = ("simple_rnn", "lstm", "gru")
VOCABULARY = Vocabulary("abcdefg")
BATCH, TIME = 3, 5

each_network = pytest.mark.parametrize(
    ("cell", "layers", "embedding"),
    [
        (cell, layers, embedding)
        for cell in CELLS
        for layers in (1, 2)
        for embedding in (None, 3)
    ],
)


@functools.cache
def build(cell, layers, embedding, **arguments):
    """A small model with random weights and biases: leave it as it is."""
    model = build_model(
        VOCABULARY,
        cell=cell,
        units=6,
        layers=layers,
        embedding=embedding,
        **arguments,
    )
    rng = np.random.default_rng(0)
    model.set_weights(
        [rng.normal(0, 0.7, array.shape) for array in model.get_weights()]
    )
    return model


def random_ids(time):
    rng = np.random.default_rng(1)
    return rng.integers(len(VOCABULARY), size=(BATCH, time))


def logits(model, ids):
    return np.asarray(model(ids))


# The model.


@each_network
def test_parameters_are_counted_without_building(cell, layers, embedding):
    model = build(cell, layers, embedding)
    counted = parameters_of(len(VOCABULARY), cell, 6, layers, embedding)
    assert counted == model.count_params()


@each_network
def test_layers_are_those_of_keras(cell, layers, embedding):
    model = build(cell, layers, embedding)
    assert type(model) is keras.Sequential
    for layer in model.layers:
        assert type(layer) is getattr(keras.layers, type(layer).__name__)


@each_network
def test_parameters_are_counted_by_the_formula(cell, layers, embedding):
    v, u = len(VOCABULARY), 6

    def recurrent(inputs):
        return {
            "simple_rnn": u * (inputs + u + 1),
            "lstm": 4 * u * (inputs + u + 1),
            "gru": 3 * u * (inputs + u + 2),  # a bias on both sides of r
        }[cell]

    expected = recurrent(embedding or v) + (layers - 1) * recurrent(u)
    expected += v * (embedding or 0)  # the embedding's rows
    expected += (u + 1) * v  # the logits
    assert build(cell, layers, embedding).count_params() == expected


@each_network
def test_logits_are_one_per_character(cell, layers, embedding):
    model = build(cell, layers, embedding)
    assert model.output_shape == (None, None, 7)
    assert logits(model, random_ids(TIME)).shape == (BATCH, TIME, 7)


@pytest.mark.parametrize("embedding", [None, 3])
def test_one_character_is_a_sequence_too(embedding):
    model = build("gru", 1, embedding)
    ids = random_ids(TIME)
    expected = logits(model, ids)[:, :1]
    np.testing.assert_allclose(
        logits(model, ids[:, :1]), expected, rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("embedding", [None, 3])
def test_later_characters_do_not_change_earlier_logits(cell, embedding):
    model = build(cell, 2, embedding)
    ids = random_ids(TIME)
    changed = ids.copy()
    changed[:, 3] = (ids[:, 3] + 1) % len(VOCABULARY)
    before, after = logits(model, ids), logits(model, changed)
    np.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert (before[:, 3:] != after[:, 3:]).any(axis=(0, 2)).all()


def test_dropout_acts_after_each_layer_and_only_in_training():
    model = build("gru", 2, None, dropout=0.5)
    rates = [ly.rate for ly in model.layers if hasattr(ly, "rate")]
    assert rates == [0.5, 0.5]
    ids = random_ids(TIME)
    np.testing.assert_array_equal(logits(model, ids), logits(model, ids))
    training = np.asarray(model(ids, training=True))
    assert (training != logits(model, ids)).any()


def test_up_to_256_characters_are_one_hot():
    one_hot = build_model(range(256), units=4, layers=1).get_layer("one_hot")
    assert type(one_hot) is keras.layers.CategoryEncoding
    assert one_hot.num_tokens == 256


def test_from_257_characters_on_they_are_embedded():
    first = build_model(range(257), units=4, layers=1).layers[0]
    assert type(first) is keras.layers.Embedding
    assert (first.input_dim, first.output_dim) == (257, 256)


@pytest.mark.parametrize("characters", [256, 257])
def test_a_given_embedding_overrules_the_size(characters):
    model = build_model(range(characters), units=4, layers=1, embedding=3)
    assert model.layers[0].output_dim == 3
    model = build_model(range(characters), units=4, layers=1, embedding=None)
    assert model.get_layer("one_hot").num_tokens == characters


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cell": "rnn"}, r"cell among \['gru', .*Received 'rnn'"),
        ({"units": 0}, r"units .* at least 1\. Received 0\."),
        ({"units": 2.5}, r"units .* whole number .* Received 2\.5"),
        ({"layers": 0}, r"layers .* at least 1\. Received 0\."),
        ({"layers": "2"}, r"layers .* whole number .* Received '2'"),
        ({"embedding": 0}, r"embedding .* at least 1\. Received 0\."),
        ({"embedding": "one_hot"}, r"embedding .* Received 'one_hot'"),
        ({"dropout": 1}, r"dropout .* Received 1\."),
        ({"dropout": -0.1}, r"dropout .* Received -0\.1"),
        ({"dropout": float("nan")}, r"dropout .* Received nan"),
        ({"dropout": "0.5"}, r"dropout .* Received '0\.5'"),
        ({"vocabulary": ""}, "at least 2 distinct characters"),
        ({"vocabulary": "a"}, "at least 2 distinct characters"),
    ],
)
def test_a_wrong_argument_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        build_model(**{"vocabulary": VOCABULARY, **arguments})


# Its stateful twin.


@each_network
def test_the_twin_shares_every_variable(cell, layers, embedding):
    model = build(cell, layers, embedding)
    twin = stateful_twin(model, batch_size=BATCH, seq_length=TIME)
    assert len(model.weights) > 0
    pairs = zip(twin.weights, model.weights, strict=True)
    assert all(ours is theirs for ours, theirs in pairs)
    pairs = zip(twin.trainable_weights, model.trainable_weights, strict=True)
    assert all(ours is theirs for ours, theirs in pairs)


@each_network
def test_the_twin_computes_as_the_model_from_the_zero_state(
    cell, layers, embedding
):
    model = build(cell, layers, embedding)
    twin = stateful_twin(model, batch_size=BATCH, seq_length=TIME)
    ids = random_ids(TIME)
    np.testing.assert_allclose(
        logits(twin, ids), logits(model, ids), rtol=0, atol=1e-6
    )


@each_network
def test_windows_through_the_twin_equal_one_long_sequence(
    cell, layers, embedding
):
    model = build(cell, layers, embedding)
    twin = stateful_twin(model, batch_size=BATCH, seq_length=TIME)
    ids = random_ids(3 * TIME)
    windows = [logits(twin, part) for part in np.split(ids, 3, axis=1)]
    np.testing.assert_allclose(
        np.concatenate(windows, axis=1), logits(model, ids), rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("cell", CELLS)
def test_the_model_stays_stateless_beside_its_twin(cell):
    model = build(cell, 2, None)
    twin = stateful_twin(model, batch_size=BATCH, seq_length=TIME)
    ids = random_ids(TIME)
    before, first = logits(model, ids), logits(twin, ids)
    np.testing.assert_array_equal(logits(model, ids), before)
    assert (logits(twin, ids) != first).any()  # the twin went on


@pytest.mark.parametrize("embedding", [None, 3])
def test_windows_of_one_character_are_windows(embedding):
    model = build("gru", 1, embedding)
    twin = stateful_twin(model, batch_size=BATCH, seq_length=1)
    assert twin.output_shape == (BATCH, 1, 7)
    ids = random_ids(3)
    windows = [logits(twin, ids[:, t : t + 1]) for t in range(3)]
    np.testing.assert_allclose(
        np.concatenate(windows, axis=1), logits(model, ids), rtol=0, atol=1e-5
    )


def test_fitting_the_twin_trains_the_model():
    model = build.__wrapped__("simple_rnn", 1, 3, dropout=0)
    twin = stateful_twin(model, batch_size=BATCH, seq_length=TIME)
    before = model.get_weights()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    twin.compile("sgd", loss=loss)
    ids = random_ids(TIME + 1)
    twin.train_on_batch(ids[:, :-1], ids[:, 1:])
    for old, new in zip(before, model.get_weights(), strict=True):
        assert (old != new).any()


# From the layers back to the arguments.


@each_network
@pytest.mark.parametrize("dropout", [0.0, 0.25])
def test_network_of_inverts_build_model(
    cell, layers, embedding, dropout, tmp_path
):
    path = tmp_path / "model.keras"
    model = build(
        cell, layers, embedding, dropout=dropout, recurrent_dropout=dropout / 2
    )
    model_file.save(model, path, VOCABULARY)
    assert network_of(model_file.read(path)["layers"]) == {
        "cell": cell,
        "units": 6,
        "layers": layers,
        "dropout": dropout,
        "embedding": embedding,
        "recurrent_dropout": dropout / 2,
    }


@pytest.mark.parametrize("second", [("LSTM", 7), ("GRU", 6)])
def test_unequal_layers_are_no_network_of_build_model(second):
    layers = [("LSTM", {"units": 6}, []), (second[0], {"units": second[1]}, [])]
    with pytest.raises(ValueError, match="of one kind and one size. Received"):
        network_of(layers)


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_recurrent_dropout_stays_in_the_file_and_changes_no_logits(
    cell, tmp_path
):
    model = build(cell, 1, None, recurrent_dropout=0.2)
    model_file.save(model, tmp_path / "model.keras", VOCABULARY)
    engine = load(tmp_path / "model.keras")
    ids = random_ids(TIME)
    plain = build(cell, 1, None)
    np.testing.assert_allclose(
        logits(model, ids), logits(plain, ids), atol=1e-6
    )
    np.testing.assert_allclose(
        engine.run(ids)[0], logits(plain, ids), atol=1e-5
    )
    (layer,) = [x for x in engine.to_keras().layers if hasattr(x, "cell")]
    assert layer.recurrent_dropout == 0.2


@pytest.mark.parametrize("rate", ["0.1", None, True, -0.1, 1.1, float("nan")])
@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (keras.layers.Dropout(0.1), "rate"),
        (keras.layers.GRU(2, return_sequences=True), "recurrent_dropout"),
    ],
)
def test_a_rate_that_cannot_be_is_refused(layer, name, rate):
    class_name, settings = type(layer).__name__, layer.get_config()
    for good in (0, 0.1, np.float32(0.1)):
        check_layer(class_name, {**settings, name: good})
    with pytest.raises(ValueError, match=f"Expected {class_name} with {name}"):
        check_layer(class_name, {**settings, name: rate})
