"""Run the steps of training, with checkpoints on the way."""

import contextlib
import math
import os
import signal
import socket
import threading
import time

import numpy as np

from charrnn.network.backend import keras
from charrnn.training import checkpoint


def train(twin, windows, schedule, callbacks, steps_per_round):
    """Trains until a callback ends it: a `fit` that can begin at any step.

    It is a generator, so that others can be trained in between.

    Args:
        twin: The compiled Keras model.
        windows: The `Windows` to train on.
        schedule: The `Schedule`, the first of the callbacks: its step is the
            one to begin with.
        callbacks: A list of Keras callbacks. A round is their epoch.
        steps_per_round: Steps from one validation to the next.

    Yields:
        `None` after every step.

    Raises:
        FloatingPointError: if the loss is no finite number.
    """
    callbacks = keras.callbacks.CallbackList(
        callbacks, model=twin, steps=steps_per_round
    )
    batches = windows.dataset(schedule.step).as_numpy_iterator()
    callbacks.on_train_begin()
    total_steps = schedule.total_steps or math.inf
    twin.stop_training = schedule.step >= total_steps
    try:
        while not twin.stop_training:
            number, first = divmod(schedule.step, steps_per_round)
            callbacks.on_epoch_begin(number)
            for batch in range(first, steps_per_round):
                callbacks.on_train_batch_begin(batch)
                loss = float(twin.train_on_batch(*next(batches)))
                if not math.isfinite(loss):
                    raise FloatingPointError(f"a loss of {loss}")
                schedule.losses.append(loss)
                logs = {"loss": float(np.mean(schedule.losses))}
                callbacks.on_train_batch_end(batch, logs)
                yield
                if twin.stop_training:
                    break
            if twin.stop_training or not schedule.validates_at_the_end():
                callbacks.on_epoch_end(number, logs)
    finally:
        callbacks.on_train_end()


class Stopped(KeyboardInterrupt):
    """Training was asked to stop, and did so after a checkpoint.

    Attributes:
        signal: The number of the signal that asked.
    """

    def __init__(self, signal):
        super().__init__(signal)
        self.signal = signal


class Checkpoints(keras.callbacks.Callback):
    """Writes checkpoints, and stops after one when a signal asks for it.

    It comes last of the callbacks, so that all others have done their part.

    Args:
        folder: The run's folder.
        schedule: The `Schedule`.
        callbacks: The others, of which those with a `state()` are kept.
        facts: What else the checkpoint's state holds; a `dict`.
        seconds: From one to the next. There is one at the end of a round,
            too, unless they would then take over 1 % of the time.
        signals: The list of `noted_signals`.
    """

    def __init__(self, folder, schedule, callbacks, facts, seconds, signals):
        super().__init__()
        self.folder = folder
        self.schedule = schedule
        self.parts = with_state(callbacks)
        self.facts = facts
        self.seconds = seconds
        self.signals = signals

    def on_train_begin(self, logs=None):
        self.write()  # says at once if the folder cannot be written

    def on_train_batch_end(self, batch, logs=None):
        last = batch + 1 == self.params["steps"]
        if last or self.model.stop_training:
            return  # the end of the round belongs to it
        if self.signals or self._since() >= self.seconds:
            self.write()
        self._obey()

    def on_epoch_end(self, epoch, logs=None):
        over = self.model.stop_training
        rare = self._since() >= min(self.seconds, 100 * self._cost)
        if over or self.signals or rare:
            self.write(over)
        if not over:
            self._obey()

    def write(self, over=False):
        """Writes a checkpoint now.

        Args:
            over: Whether training has come to its end.

        Raises:
            FloatingPointError: if a weight is no finite number; the
                checkpoints written before stay.
        """
        began = time.perf_counter()
        arrays = [
            keras.ops.convert_to_numpy(variable)
            for variable in checkpoint.variables(self.model)
        ]
        if not all(np.isfinite(array).all() for array in arrays):
            raise FloatingPointError("a weight is no finite number")
        states = {name: part.state() for name, part in self.parts.items()}
        state = {**self.facts, "over": over, "parts": states}
        checkpoint.write(self.folder, self.schedule.step, state, arrays)
        self._written = time.perf_counter()
        self._cost = self._written - began

    def _since(self):
        return time.perf_counter() - self._written

    def _obey(self):
        if self.signals:
            raise Stopped(self.signals[0])


def with_state(callbacks):
    """Finds the callbacks that have something to go on from.

    Args:
        callbacks: A list of Keras callbacks.

    Returns:
        A `dict` of those with the methods `state` and `restore`, by class.
    """
    return {type(c).__name__: c for c in callbacks if hasattr(c, "state")}


def restore(callbacks, states):
    """Lets callbacks go on from where a checkpoint has them.

    Args:
        callbacks: A list of Keras callbacks.
        states: A `dict` of what their `state` returned, by class; one that
            is not in it begins anew.
    """
    for name, callback in with_state(callbacks).items():
        if name in states:
            callback.restore(states[name])


SIGHUP = getattr(signal, "SIGHUP", None)  # None on Windows, like the next
SIGPIPE = getattr(signal, "SIGPIPE", None)
SIGNALS = [signal.SIGINT, signal.SIGTERM, *filter(None, [SIGHUP, SIGPIPE])]


@contextlib.contextmanager
def noted_signals(received=None):
    """Notes signals that ask to stop; the second ends the process at once.

    A thread listens, too: the main one may be in a long step, or compiling
    one, and cannot answer. Where a terminal was closed (SIGHUP), or a pipe
    (SIGPIPE), nobody reads any more, and the output goes nowhere. A signal
    that the process was started to ignore stays ignored, as `nohup` wants.

    Args:
        received: The list to note them in; `None` for a new one.

    Yields:
        The list, which is empty as long as there was none.
    """
    received = [] if received is None else received

    def note(number, frame):
        if number in (SIGHUP, SIGPIPE):
            _let_go(1)
        if number == SIGHUP:
            _let_go(2)
        received.append(number)

    before = {}
    for number in SIGNALS:
        # Python itself ignores SIGPIPE.
        ignored = signal.getsignal(number) == signal.SIG_IGN
        if not ignored or number == SIGPIPE:
            before[number] = signal.signal(number, note)
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    awake = signal.set_wakeup_fd(writer.fileno())
    listener = threading.Thread(target=_listen, args=(reader,), daemon=True)
    listener.start()
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(awake)
        writer.close()
        listener.join()
        reader.close()


def _listen(reader):
    """Answers the first signal, and ends the process at the second."""
    answered = False
    while data := reader.recv(1):
        if data[0] not in SIGNALS or data[0] == SIGPIPE:
            continue
        if answered:
            os._exit(128 + data[0])
        answered = True
        with contextlib.suppress(OSError):  # nobody may read it
            os.write(1, b"\nstopping after a checkpoint (again: leave now)\n")


def _let_go(descriptor):
    """Lets output go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
