"""Stop training cleanly on a signal, after a checkpoint."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path


class Stopped(KeyboardInterrupt):
    """Training stopped on request, after it wrote a checkpoint.

    Attributes:
        signal: The number of the signal that asked for it.
        folder: The run's folder, with the checkpoint.
        step: The step of the checkpoint.
    """

    def __init__(self, number: int, folder: Path, step: int):
        super().__init__(
            f"stopped after step {step}, with a checkpoint in '{folder}': the "
            "same call with this folder as out resumes from there"
        )
        self.signal = number
        self.folder = folder
        self.step = step


SIGHUP = getattr(signal, "SIGHUP", None)  # None on Windows, like the next
SIGPIPE = getattr(signal, "SIGPIPE", None)
SIGNALS = [signal.SIGINT, signal.SIGTERM, *filter(None, [SIGHUP, SIGPIPE])]


@contextlib.contextmanager
def noted_signals(received: list[int] | None = None) -> Iterator[list[int]]:
    """Records signals that ask to stop; the second ends the process at once.

    A thread answers the signals, because the main thread may be busy with a
    long step or with compiling. After SIGHUP (the terminal was closed) and
    SIGPIPE (the pipe was closed) nobody reads the output, so it is discarded.
    A signal that the process was started to ignore stays ignored, as `nohup`
    requires.

    Args:
        received: The list to add signals to; `None` for a new one.

    Yields:
        The list, which is empty until the first signal.
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
        # Python itself sets SIGPIPE to be ignored.
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
    """Answers the first signal, and ends the process on the second."""
    answered = False
    while data := reader.recv(1):
        if data[0] not in SIGNALS or data[0] == SIGPIPE:
            continue
        if answered:
            os._exit(128 + data[0])
        answered = True
        with contextlib.suppress(OSError):  # the reader may be gone
            os.write(1, b"\nstopping after a checkpoint (again: leave now)\n")


def _let_go(descriptor):
    """Discards the output of a file descriptor from here on."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


@contextlib.contextmanager
def noted_interrupt(tell: Callable[[str], None]) -> Iterator[list[int]]:
    """Records Ctrl-C, for use in a program or a notebook.

    The second one interrupts at once. If Ctrl-C does not raise a
    `KeyboardInterrupt`, because the program handles it or this is not the
    main thread, nothing is changed.

    Args:
        tell: Called with a line when training is to stop.

    Yields:
        A list, which is empty until the first Ctrl-C.
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
