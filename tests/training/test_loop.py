"""The loop of training, and the signals that end it."""

import os
import signal
import subprocess
import sys

import pytest

from charrnn.network.backend import keras
from charrnn.network.model import build_model
from charrnn.training import loop, stopping
from charrnn.training.schedule import Schedule, loss, optimizer
from charrnn.twins.stateful import stateful_twin


@pytest.mark.slow
def test_train_is_fit(setting):
    """The same losses, round by round, as Keras's own loop."""
    losses = []
    for own in (True, False):
        keras.utils.set_random_seed(3)
        model = build_model(setting.vocabulary, units=8, layers=1, dropout=0.1)
        twin = stateful_twin(model, batch_size=setting.windows.batch_size)
        twin.compile(optimizer(0.01), loss())
        schedule = Schedule(setting.windows, 0.01, total_steps=30)
        rounds = []
        watch = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs, rounds=rounds: rounds.append(
                logs["loss"]
            )
        )
        if own:
            callbacks = [schedule, watch]
            steps = loop.train(twin, setting.windows, schedule, callbacks, 10)
            assert len(list(steps)) == 30
        else:
            twin.fit(
                setting.windows.dataset(), epochs=3, steps_per_epoch=10,
                callbacks=[schedule, watch], shuffle=False, verbose=0,
            )  # fmt: skip
        losses.append(rounds)
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_the_first_signal_is_noted(capfd):
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)
        with stopping.noted_signals() as signals:
            assert not signals
            os.kill(os.getpid(), number)
            assert signals == [number]
        assert signal.getsignal(number) is before
        assert "again: leave now" in capfd.readouterr().out
    assert signal.set_wakeup_fd(-1) == -1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_ends_a_process_that_cannot_listen(number):
    # As long as C code runs, the handlers in Python wait.
    code = (
        "import hashlib; from charrnn.training import stopping\n"
        "with stopping.noted_signals():\n"
        "    print('ready', flush=True)\n"
        "    hashlib.pbkdf2_hmac('sha256', b'', b'', 10**9)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.stdout.readline() == b"\n"
        assert b"again: leave now" in process.stdout.readline()
        process.send_signal(number)
        assert process.wait(5) == 128 + number


def test_a_signal_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopping.noted_signals() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not signals
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
