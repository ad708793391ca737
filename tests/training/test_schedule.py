"""Schedule, budget, validation and the best model, on tiny networks."""

import json
import time

import numpy as np
import pytest

from charrnn.network.backend import keras
from charrnn.network.engine import Engine
from charrnn.network.model import build_model
from charrnn.scoring import score as scoring
from charrnn.text.vocabulary import Vocabulary
from charrnn.text.windows import Windows
from charrnn.training.restarts import Restarts
from charrnn.training.schedule import (
    Schedule,
    loss,
    optimizer,
    steps_per_round,
    warmup_cosine,
)
from charrnn.twins.stateful import stateful_twin, states

SENTENCE = "out of the cradle endlessly rocking. "


@pytest.mark.slow
def test_a_small_network_learns_a_sentence_by_heart(setting):
    schedule = Schedule(setting.windows, 0.05, total_steps=300)
    setting.fit([schedule], 300)
    engine = Engine.from_keras(setting.model, setting.vocabulary)
    assert scoring.score(engine, SENTENCE * 3).bits_per_character < 0.5


@pytest.mark.slow
def test_training_the_twin_trains_the_plain_model(setting):
    before = [array.copy() for array in setting.model.get_weights()]
    setting.fit([Schedule(setting.windows, 0.01, total_steps=1)])
    after = setting.model.get_weights()
    assert all((b != a).any() for b, a in zip(before, after, strict=True))


def test_weights_decay_and_biases_do_not():
    kernel = keras.Variable(np.ones(3), name="kernel")
    bias = keras.Variable(np.ones(3), name="bias")
    adamw = optimizer(0.1, weight_decay=0.5)
    adamw.apply([np.zeros(3, np.float32)] * 2, [kernel, bias])
    assert np.allclose(kernel, 1 - 0.1 * 0.5)
    assert np.allclose(bias, 1)


def test_rate_rises_in_a_line_and_ends_at_zero():
    rates = [warmup_cosine(s, 1000, 2.0) for s in range(1001)]
    assert rates[99] == pytest.approx(2.0)
    assert np.allclose(np.diff(rates[:100]), 2.0 / 100)
    assert (np.diff(rates[100:]) <= 0).all()
    assert rates[550] == pytest.approx(1.0)
    assert rates[-1] == 0.0


def test_warm_up_is_a_tenth_of_a_short_run():
    assert warmup_cosine(4, 50, 1.0) == 1.0
    assert warmup_cosine(0, 1, 1.0) == 1.0


def test_unknown_length_warms_up_and_waits():
    assert warmup_cosine(49, None, 1.0) == 0.5
    assert warmup_cosine(10_000, None, 1.0) == 1.0


def test_schedule_sets_the_rate_and_stops_after_the_last_step(setting):
    schedule = Schedule(setting.windows, 0.01, total_steps=25)
    seen = []
    watch = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(
            float(setting.twin.optimizer.learning_rate)
        )
    )
    setting.fit([schedule, watch])
    expected = [warmup_cosine(s, 25, 0.01) for s in range(25)]
    assert seen == pytest.approx(expected)
    assert schedule.step == 25
    assert schedule.epoch == 25 / setting.windows.steps_per_epoch


@pytest.mark.slow
def test_a_restored_schedule_goes_on(setting):
    first = Schedule(setting.windows, 0.01, total_steps=25)
    setting.fit([first])
    first.total_steps, first.losses = 40, [2.5, 1.25]
    second = Schedule(setting.windows, 0.01)
    second.restore(json.loads(json.dumps(first.state())))
    assert second.step == 25
    assert second.losses == [2.5, 1.25]
    assert second.learning_rate == first.learning_rate > 0
    assert second.characters_per_second == first.characters_per_second > 0
    before = second.elapsed()
    assert 0 < before <= first.elapsed()
    second.on_train_begin()
    time.sleep(0.01)
    assert second.elapsed() >= before + 0.01


@pytest.mark.parametrize(
    ("characters", "held_out", "expected"),
    [(1_000_000, 100_000, 500), (3_000, 100, 100), (50_000_000, 10, 1000)],
)
def test_rounds_are_epochs_within_limits(characters, held_out, expected):
    windows = Windows(
        np.zeros(characters, np.uint8), batch_size=20, seq_length=100, seed=1
    )
    steps = steps_per_round(windows, held_out)
    assert steps == pytest.approx(expected, abs=1)


@pytest.mark.slow
def test_long_validation_makes_longer_rounds():
    windows = Windows(
        np.zeros(50_000_000, np.uint8), batch_size=20, seq_length=100, seed=1
    )
    assert steps_per_round(windows, 5_000_000) == 15_000


@pytest.mark.slow
def test_twin_trains_as_stock_layers_do():
    """The shared cells in an RNN layer against stock stateful layers."""
    vocabulary = Vocabulary.from_text(SENTENCE)
    ids = vocabulary.encode(SENTENCE * 20)
    windows = Windows(ids, batch_size=4, seq_length=10, seed=1)
    losses = []
    for stock in (False, True):
        keras.utils.set_random_seed(3)
        model = build_model(vocabulary, units=8, layers=2, dropout=0.0)
        twin = stateful_twin(model, batch_size=4, seq_length=10)
        if stock:
            twin = keras.Sequential([keras.Input(batch_shape=(4, 10))])
            for layer in model.layers:
                if isinstance(layer, keras.layers.LSTM):
                    config = layer.get_config() | {"stateful": True}
                    layer = keras.layers.LSTM.from_config(config)
                twin.add(layer)
            twin.set_weights(model.get_weights())
        twin.compile(optimizer(0.01), loss())
        schedule = Schedule(windows, 0.01, total_steps=20)
        run = twin.fit(
            windows.dataset(), epochs=2, steps_per_epoch=10,
            callbacks=[schedule], shuffle=False, verbose=0,
        )  # fmt: skip
        losses.append(run.history["loss"])
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


@pytest.mark.slow
def test_streams_begin_anew_at_random(setting):
    schedule = Schedule(setting.windows, 0.01, total_steps=200)
    restarts = Restarts(schedule, seed=5, windows=4)
    emptied = np.zeros(4)

    def watch(batch, logs=None):
        (first, *others) = [
            np.asarray(state).any(axis=1) for state in states(setting.twin)
        ]
        for other in others:  # a stream forgets all or nothing
            np.testing.assert_array_equal(first, other)
        emptied[:] += ~first

    watching = keras.callbacks.LambdaCallback(on_train_batch_begin=watch)
    setting.fit([schedule, restarts, watching])
    assert (np.abs(emptied / 200 - 1 / 4) < 0.12).all()
    assert len(set(emptied)) > 1
