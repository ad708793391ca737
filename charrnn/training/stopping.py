"""Stop training cleanly on a signal, after a checkpoint."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path


class Stopped(KeyboardInterrupt):
    """Training was asked to stop, and did so after a checkpoint.

    Attributes:
        signal: The number of the signal that asked.
        folder: The run's folder, in which the checkpoint is.
        step: The step it is of.
    """

    def __init__(self, number: int, folder: Path, step: int):
        super().__init__(
            f"stopped after step {step}, with a checkpoint in '{folder}': the "
            "same call with this folder as out goes on from there"
        )
        self.signal = number
        self.folder = folder
        self.step = step


SIGHUP = getattr(signal, "SIGHUP", None)  # None on Windows, like the next
SIGPIPE = getattr(signal, "SIGPIPE", None)
SIGNALS = [signal.SIGINT, signal.SIGTERM, *filter(None, [SIGHUP, SIGPIPE])]


@contextlib.contextmanager
def noted_signals(received: list[int] | None = None) -> Iterator[list[int]]:
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


@contextlib.contextmanager
def noted_interrupt(tell: Callable[[str], None]) -> Iterator[list[int]]:
    """Notes Ctrl-C, as in a program or a notebook of somebody else.

    The second one interrupts at once. Where Ctrl-C does not raise a
    `KeyboardInterrupt`, because somebody else handles it or this is not the
    main thread, nothing is changed.

    Args:
        tell: A function that is given a line when training is to stop.

    Yields:
        A list, which is empty as long as there was none.
    """
    received: list[int] = []

    def note(number, frame):
        if received:
            raise KeyboardInterrupt
        received.append(number)
        tell("stopping after a checkpoint (again: leave now)")

    is_main = threading.current_thread() is threading.main_thread()
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not (is_main and ours):
        yield received
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield received
    finally:
        signal.signal(signal.SIGINT, before)
