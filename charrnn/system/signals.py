"""End in order when a signal asks for it: no half of a file stays behind."""

import contextlib
import signal
import threading

# Python itself ends the process at once; Windows knows no SIGHUP.
FATAL = [signal.SIGTERM, *filter(None, [getattr(signal, "SIGHUP", None)])]


class Terminated(BaseException):
    """A signal asked the process to end.

    Args:
        number: Of the signal.
    """

    def __init__(self, number):
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextlib.contextmanager
def raised():
    """Lets signals that end a process raise `Terminated` instead.

    What is being written is then cleaned up. Signals that the process was
    started to ignore stay ignored, and so do handlers of others.
    """

    def end(number, frame):
        raise Terminated(number)

    with _handled(
        [n for n in FATAL if signal.getsignal(n) == signal.SIG_DFL], end
    ):
        yield


@contextlib.contextmanager
def noted():
    """Notes Ctrl-C, or a signal that ends a process; the second ends it.

    Yields:
        A list of the numbers of signals, empty as long as there was none.
    """
    received = []

    def note(number, frame):
        if received:
            raise Terminated(number)
        received.append(number)

    numbers = [signal.SIGINT, *FATAL]
    not_ours = (signal.SIG_IGN, None)
    with _handled(
        [n for n in numbers if signal.getsignal(n) not in not_ours], note
    ):
        yield received


@contextlib.contextmanager
def _handled(numbers, handler):
    """Handles signals meanwhile, where Python allows it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {n: signal.signal(n, handler) for n in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
