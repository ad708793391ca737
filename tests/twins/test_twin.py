"""A twin is saved as its model, and says which batches it takes."""

import pickle

import numpy as np
import pytest
import tensorflow as tf

import charrnn
from charrnn.network.backend import keras
from charrnn.network.model import build_model
from charrnn.text.vocabulary import Vocabulary
from charrnn.training import schedule
from charrnn.twins.fused import fused
from charrnn.twins.stateful import stateful_twin
from charrnn.twins.twin import Twin

VOCABULARY = Vocabulary("abcdefg")
BATCH = 4
IDS = np.random.default_rng(0).integers(0, 7, (10, 5)).astype("int32")
WHOLE = IDS[: 2 * BATCH]

each_twin = pytest.mark.parametrize("make", [fused, stateful_twin])


def new_pair(make):
    """A model and its compiled twin."""
    model = build_model(VOCABULARY, cell="gru", units=4, layers=1)
    twin = make(model, batch_size=BATCH)
    twin.compile(
        schedule.optimizer(0.01),
        schedule.loss(),
        jit_compile=False,  # XLA would take seconds for the stock twin
    )
    twin.optimizer.build(twin.trainable_variables)
    return model, twin


@pytest.fixture(scope="module")
def trained():
    """A model and its twin after a fit, by maker: for tests that only read.

    Made once, as a twin's first fit traces and compiles for a second.
    """
    pairs = {make: new_pair(make) for make in (fused, stateful_twin)}
    for _, twin in pairs.values():
        twin.fit(WHOLE, WHOLE, verbose=0)
    return pairs


def assert_same(model, other):
    np.testing.assert_allclose(other(IDS), model(IDS), rtol=0, atol=1e-6)


# What is saved.


@each_twin
def test_keras_checkpoints_a_twin_as_its_model(make, trained, tmp_path):
    model, twin = trained[make]
    paths = {
        best_only: (
            tmp_path / f"{best_only}.keras",
            tmp_path / f"{best_only}.weights.h5",
        )
        for best_only in (False, True)
    }
    twin.fit(
        WHOLE,
        WHOLE,
        verbose=0,
        callbacks=[
            keras.callbacks.ModelCheckpoint(
                path,
                monitor="loss",
                save_best_only=best_only,
                save_weights_only=path.suffix == ".h5",
            )
            for best_only, pair in paths.items()
            for path in pair
        ],
    )
    for of_model, of_weights in paths.values():
        loaded = keras.saving.load_model(of_model)
        assert type(loaded) is keras.Sequential
        assert_same(model, loaded)
        other, _ = new_pair(make)
        other.load_weights(of_weights)
        assert_same(model, other)


@each_twin
def test_a_twin_is_saved_by_charrnn_and_by_itself(make, trained, tmp_path):
    model, twin = trained[make]
    charrnn.save(twin, tmp_path / "a.keras", VOCABULARY)
    logits, _ = charrnn.load(tmp_path / "a.keras").run(IDS)
    np.testing.assert_allclose(logits, model(IDS), rtol=0, atol=1e-5)
    twin.save(str(tmp_path / "b.keras"))
    assert_same(model, keras.saving.load_model(tmp_path / "b.keras"))
    keras.saving.save_model(twin, tmp_path / "c.keras")
    assert_same(model, keras.saving.load_model(tmp_path / "c.keras"))
    assert_same(model, pickle.loads(pickle.dumps(twin)))


def test_a_twins_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    model, twin = new_pair(fused)
    path = tmp_path / "a.keras"
    twin.save(path)
    before = path.read_bytes()

    def disk_full(temporary):
        temporary.write_bytes(b"")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(model, "save", disk_full)
    with pytest.raises(OSError, match="No space left"):
        twin.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@each_twin
@pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")
@pytest.mark.filterwarnings("ignore:A total of 1 objects")  # the same
def test_weights_go_from_a_model_to_a_twin_and_back(make, trained, tmp_path):
    path = tmp_path / "a.weights.h5"
    model, twin = trained[make]
    other, other_twin = new_pair(make)
    model.save_weights(path)
    other_twin.load_weights(path)
    assert_same(model, other)
    third, _ = new_pair(make)
    twin.save_weights(path)
    third.load_weights(path)
    assert_same(model, third)


@pytest.mark.slow
@pytest.mark.parametrize(
    "make", [fused, pytest.param(stateful_twin, marks=pytest.mark.slow)]
)
def test_keras_resumes_a_twin_with_its_optimizer(make, tmp_path):
    def fit(epochs):
        _, twin = new_pair(make)
        twin.fit(
            WHOLE,
            WHOLE,
            epochs=epochs,
            verbose=0,
            callbacks=[
                keras.callbacks.BackupAndRestore(
                    tmp_path / "backup", delete_checkpoint=False
                )
            ],
        )
        return int(twin.optimizer.iterations)

    assert [fit(1), fit(3)] == [2, 6]


@each_twin
def test_a_clone_of_a_twin_is_a_new_model(make, trained, tmp_path):
    model, twin = trained[make]
    clone = keras.models.clone_model(twin)
    shapes = [weight.shape for weight in model.weights]
    assert [weight.shape for weight in clone.weights] == shapes
    charrnn.save(clone, tmp_path / "a.keras", VOCABULARY)
    assert fused(clone, batch_size=BATCH)(WHOLE[:BATCH]).shape == (4, 5, 7)


@each_twin
def test_a_twin_has_the_models_layers_and_configuration(make, trained):
    model, twin = trained[make]
    pairs = zip(twin.layers, model.layers, strict=True)
    assert all(ours is theirs for ours, theirs in pairs)
    assert twin.get_config() == model.get_config()
    assert type(Twin.from_config(twin.get_config())) is keras.Sequential
    twin.to_json()  # what TensorBoard draws


# Which batches it takes.


def dataset(ids=IDS, **options):
    pairs = tf.data.Dataset.from_tensor_slices((ids, ids))
    return pairs.batch(BATCH, **options)


def batches():
    for start in range(0, len(IDS), BATCH):
        yield IDS[start : start + BATCH], IDS[start : start + BATCH]


WRONG = {
    "fit arrays": lambda t: t.fit(IDS, IDS, verbose=0),
    "fit batch size": lambda t: t.fit(WHOLE, WHOLE, batch_size=2, verbose=0),
    "fit dataset": lambda t: t.fit(dataset(), verbose=0),
    "fit generator": lambda t: t.fit(batches(), verbose=0),
    "fit split": lambda t: t.fit(IDS, IDS, validation_split=0.5, verbose=0),
    "fit validation": lambda t: t.fit(
        WHOLE, WHOLE, validation_data=dataset(), verbose=0
    ),
    "evaluate arrays": lambda t: t.evaluate(IDS, IDS, verbose=0),
    "evaluate dataset": lambda t: t.evaluate(dataset(), verbose=0),
    "predict arrays": lambda t: t.predict(IDS, verbose=0),
    "predict dataset": lambda t: t.predict(
        dataset().map(lambda x, y: x), verbose=0
    ),
    "train_on_batch": lambda t: t.train_on_batch(IDS[:2], IDS[:2]),
    "predict_on_batch": lambda t: t.predict_on_batch(IDS[:2]),
    "call": lambda t: t(IDS[:2]),
}


@each_twin
@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed")
@pytest.mark.parametrize("use", WRONG.values(), ids=WRONG.keys())
def test_another_batch_size_is_refused(make, use, trained):
    _, twin = trained[make]
    with pytest.raises(
        ValueError,
        match=r"^Expected batches of 4 sequences only.*Received a batch of "
        r"[12]\. .*drop_remainder=True\)\.$",
    ):
        use(twin)


@each_twin
@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed")
def test_its_own_batch_size_is_taken(make, trained):
    _, twin = trained[make]
    twin.fit(WHOLE, WHOLE, verbose=0)
    twin.fit(dataset(WHOLE), verbose=0)
    twin.fit(dataset(drop_remainder=True), verbose=0)
    assert twin.predict(WHOLE, verbose=0).shape == (8, 5, 7)
    assert np.isfinite(twin.evaluate(WHOLE, WHOLE, BATCH, verbose=0))


@each_twin
def test_other_errors_are_told_as_they_are(make, trained):
    _, twin = trained[make]
    with pytest.raises(tf.errors.InvalidArgumentError):
        twin.evaluate(WHOLE, WHOLE + 100, verbose=0)
