"""The loop of training, and the signals that end it."""

import os
import signal
import time

import pytest

from charrnn import loop, training
from charrnn.backend import keras
from charrnn.model import build_model, stateful_twin


def test_train_is_fit(setting):
    """The same losses, round by round, as Keras's own loop."""
    losses = []
    for own in (True, False):
        keras.utils.set_random_seed(3)
        model = build_model(setting.vocabulary, units=8, layers=1, dropout=0.1)
        twin = stateful_twin(model, batch_size=setting.windows.batch_size)
        twin.compile(training.optimizer(0.01), training.loss())
        schedule = training.Schedule(setting.windows, 0.01, total_steps=30)
        rounds = []
        watch = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs, rounds=rounds: rounds.append(
                logs["loss"]
            )
        )
        if own:
            callbacks = [schedule, watch]
            loop.train(twin, setting.windows, schedule, callbacks, 10)
        else:
            twin.fit(
                setting.windows.dataset(), epochs=3, steps_per_epoch=10,
                callbacks=[schedule, watch], shuffle=False, verbose=0,
            )  # fmt: skip
        losses.append(rounds)
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_the_first_signal_is_noted_and_the_second_ends_at_once():
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)
        with loop.noted_signals() as signals:
            assert not signals
            os.kill(os.getpid(), number)
            time.sleep(0.01)
            assert signals == [number]
            with pytest.raises(SystemExit) as ended:
                os.kill(os.getpid(), number)
                time.sleep(1)
            assert ended.value.code == 128 + number
        assert signal.getsignal(number) is before
