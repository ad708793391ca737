"""Shut the process down cleanly on a signal."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

# Without a handler, these end Python immediately: no `finally` block runs, and
# half-written files stay behind. Windows has no SIGHUP.
FATAL = [signal.SIGTERM, *filter(None, [getattr(signal, "SIGHUP", None)])]


class Terminated(BaseException):
    """A signal asked the process to end.

    Like `KeyboardInterrupt` it is not an `Exception`, so that
    `except Exception` does not catch it.

    Args:
        number: Of the signal.

    Attributes:
        number: The same.

    Example:

    >>> Terminated(signal.SIGTERM)
    Terminated('SIGTERM')
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextlib.contextmanager
def raised() -> Iterator[None]:
    """Raises `Terminated` when a signal would have ended the process.

    `finally` blocks then remove temporary files. Signals that the process
    ignores from its start (`nohup`) stay ignored, and existing handlers stay.

    Yields:
        Nothing, once.

    Raises:
        Terminated: when such a signal arrives.

    Example:

    >>> with raised():
    ...     signal.raise_signal(signal.SIGTERM)
    Traceback (most recent call last):
    charrnn.system.signals.Terminated: SIGTERM
    """

    def end(number, frame):
        raise Terminated(number)

    unhandled = [
        number for number in FATAL if signal.getsignal(number) == signal.SIG_DFL
    ]
    with _handled(unhandled, end):
        yield


@contextlib.contextmanager
def noted() -> Iterator[list[int]]:
    """Records Ctrl-C and other signals, for a loop to end in good order.

    The second signal raises `Terminated` immediately.

    Yields:
        A list of the numbers of the signals received so far, at first empty.

    Raises:
        Terminated: when a second signal arrives.

    Example:

    >>> with noted() as received:
    ...     signal.raise_signal(signal.SIGTERM)
    ...     [signal.Signals(number).name for number in received]
    ['SIGTERM']
    """
    received: list[int] = []

    def note(number, frame):
        if received:
            raise Terminated(number)
        received.append(number)

    # None stands for a handler that was not set from Python.
    not_ours = (signal.SIG_IGN, None)
    ours = [
        number
        for number in (signal.SIGINT, *FATAL)
        if signal.getsignal(number) not in not_ours
    ]
    with _handled(ours, note):
        yield received


@contextlib.contextmanager
def _handled(numbers: list, handler: Callable) -> Iterator[None]:
    """Sets a handler for the block; only the main thread can do so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
