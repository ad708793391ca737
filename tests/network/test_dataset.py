"""Keras's fit takes windows as they are, and reads them step by step."""

import importlib.util
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import charrnn
from charrnn.network.backend import keras
from charrnn.text import windows as of_ids
from charrnn.text.vocabulary import Vocabulary

VOCABULARY = Vocabulary("abcdefghij")
IDS = np.random.default_rng(0).integers(0, 10, 300).astype("uint8")
SIZES = {"batch_size": 4, "seq_length": 10, "seed": 3}


@pytest.fixture
def windows():
    return charrnn.Windows(IDS, **SIZES)


class Recorder(keras.layers.Layer):
    """Notes every batch of ids that passes through."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def call(self, ids):
        self.seen.append(keras.ops.convert_to_numpy(ids).copy())
        return ids


def recorded(windows, **fit_options):
    """The batches that a training reads, in order, (steps, batch, time)."""
    recorder = Recorder()
    model = keras.Sequential([recorder, keras.layers.Embedding(10, 10)])
    model.compile("sgd", charrnn.loss(), run_eagerly=True)
    model.fit(windows, verbose=0, **fit_options)
    return np.array(recorder.seen)


def batches(windows):
    return np.array([windows.batch(i)[0] for i in range(len(windows))])


def test_windows_are_a_dataset_of_keras(windows):
    assert isinstance(windows, keras.utils.PyDataset)
    assert isinstance(windows, of_ids.Windows)
    assert windows.num_batches == len(windows) == windows.steps_per_epoch == 8


def test_an_item_is_the_batch_of_that_step(windows):
    same = of_ids.Windows(IDS, **SIZES)
    for step in range(8):
        for item, own in zip(windows[step], same.batch(step), strict=True):
            assert item.dtype == np.int32
            assert np.array_equal(item, own)
    assert np.array_equal(windows[-1], windows[7])
    with pytest.raises(IndexError):
        windows[8]


def test_iterating_gives_one_pass(windows):
    inputs = [inputs for inputs, _ in windows]
    assert np.array_equal(inputs, batches(windows))


def test_fit_reads_every_epoch_in_order_unless_shuffled(windows):
    expected = batches(windows)
    twice = recorded(windows, epochs=2, shuffle=False)
    assert np.array_equal(twice, np.concatenate([expected, expected]))
    shuffled = recorded(windows, shuffle=True)
    assert sorted(map(bytes, shuffled)) == sorted(map(bytes, expected))


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_do_not_change_the_order(windows, workers):
    windows.workers = workers
    assert np.array_equal(recorded(windows, shuffle=False), batches(windows))


@pytest.mark.slow
def test_a_plain_model_learns_from_windows():
    ids = VOCABULARY.encode("abcdefghij" * 30)
    windows = charrnn.Windows(ids, **SIZES)
    model = charrnn.build_model(VOCABULARY, cell="gru", units=8, layers=1)
    model.compile(keras.optimizers.Adam(0.02), charrnn.loss())
    losses = model.fit(
        windows, epochs=8, validation_data=windows, verbose=0
    ).history
    assert losses["loss"][-1] < 0.5 * losses["loss"][0]
    assert losses["val_loss"][-1] == model.evaluate(windows, verbose=0)
    assert model.predict(windows, verbose=0).shape == (32, 10, 10)


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(charrnn.stateful_twin, marks=pytest.mark.slow),
        charrnn.fused,
    ],
)
def test_a_twin_learns_the_same_as_from_the_endless_dataset(make, windows):
    trained = []
    for options in (
        {"x": windows},
        {"x": windows.dataset(), "steps_per_epoch": len(windows)},
    ):
        keras.utils.set_random_seed(2)
        model = charrnn.build_model(VOCABULARY, units=4, layers=1)
        twin = make(model, batch_size=4)
        twin.compile(charrnn.optimizer(0.01), charrnn.loss())
        twin.fit(verbose=0, **options)  # in order, without being told
        trained.append([weight.tobytes() for weight in model.get_weights()])
    assert trained[0] == trained[1]


def test_a_twin_refuses_windows_of_another_batch_size(windows):
    model = charrnn.build_model(VOCABULARY, units=4, layers=1)
    twin = charrnn.stateful_twin(model, batch_size=3)
    twin.compile("sgd", charrnn.loss())
    with pytest.raises(ValueError, match="Received a batch of 4"):
        twin.fit(windows, shuffle=False, verbose=0)


def test_processes_get_the_same_windows(windows):
    """With `use_multiprocessing`, Keras sends a pickled copy to each."""
    copy = pickle.loads(pickle.dumps(windows))
    assert type(copy) is charrnn.Windows
    assert np.array_equal(copy[5], windows[5])


FIT = """
import charrnn

vocabulary = charrnn.Vocabulary("abcdefghij")
ids = vocabulary.encode("abcdefghij" * 30)
windows = charrnn.Windows(ids, batch_size=4, seq_length=10, seed=3)
model = charrnn.build_model(vocabulary, cell="gru", units=8, layers=1)
for network in (model, charrnn.stateful_twin(model, batch_size=4)):
    network.compile(charrnn.optimizer(0.02), charrnn.loss())
    fitted = network.fit(windows, epochs=4, verbose=0).history["loss"]
    print(fitted[-1] / fitted[0])
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_take_windows(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"needs {backend}")
    done = subprocess.run(
        [sys.executable, "-c", FIT],
        cwd=Path(charrnn.__file__).parent.parent,
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    plain, twin = map(float, done.stdout.split())
    assert plain < 0.8 and twin < 0.8  # of the first epoch's loss
