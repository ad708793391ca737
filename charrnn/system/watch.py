"""Notice within a minute that another process of a group has died or hangs.

Each process writes a sign of life every few seconds. Process 0 watches those
of all others, and tells them which one it misses; they watch process 0. A
process that waits for a lost one inside a computation cannot be woken: it is
ended, with one line.

The signs come from a thread that lives on when the training hangs. So each
process also watches itself: the training loop feeds a `Pulse`, and a process
whose pulse stops tells the others, and ends.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator

from charrnn.system.aborts import explain_aborts
from charrnn.system.group import LOST, PREFIX, Group, end

BEAT_SECONDS = 2.0
# A process that has not been heard of for so long is lost. It is long enough
# for a busy machine, and short enough for all to end within a minute.
SILENT_SECONDS = 40.0
# A training loop that has come no further for so long hangs, if it never paused
# for a quarter of that before: a slow disk takes long for each checkpoint.
HUNG_SECONDS = 40.0
# If a computation has failed, because a connection was closed.
SILENT_SECONDS_AFTER_FAILURE = 10.0

BEATS, STOPS, VERDICT = f"{PREFIX}beat/", f"{PREFIX}stop/", f"{PREFIX}verdict/"


class Silence:
    """Counts for how long processes have not been heard of.

    Only time in which this process itself ran is counted: one that was
    stopped for an hour has not missed the others for an hour.

    Args:
        others: The numbers of the processes that are watched.
        now: A function that returns seconds.

    Example:

    >>> seconds = iter([0, 2, 4, 60])
    >>> silence = Silence([1], lambda: next(seconds))
    >>> silence.hear({1: "first"})
    >>> silence.hear({1: "first"})
    >>> silence.hear({1: "first"})  # after a pause of this process itself
    >>> silence.longest()
    (1, 6.0)
    """

    def __init__(
        self,
        others: Iterable[int],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now = now
        self._last = now()
        self._heard: dict[int, str | None] = dict.fromkeys(others)
        self._seconds = dict.fromkeys(self._heard, 0.0)

    def hear(self, signs: dict[int, str]) -> None:
        """Takes the latest signs of life, by the number of the process."""
        now = self._now()
        passed = min(now - self._last, 2 * BEAT_SECONDS)
        self._last = now
        for number, before in self._heard.items():
            self._seconds[number] += passed
            if number in signs and signs[number] != before:
                self._heard[number] = signs[number]
                self._seconds[number] = 0.0

    def longest(self) -> tuple[int, float]:
        """The process that has been silent for longest, and its seconds."""
        number = max(self._seconds, key=lambda n: self._seconds[n])
        return number, self._seconds[number]


class Pulse:
    """Notices that the training loop of this process hangs.

    The loop feeds it at each turn. Time is not counted before the first turn,
    and while the loop is in a block that may take long: in a computation with
    other processes it waits for them.

    Args:
        now: A function that returns seconds.

    Example:

    >>> seconds = iter(range(0, 1000, 2))
    >>> pulse = Pulse(lambda: next(seconds))
    >>> pulse.feed()
    >>> any(pulse.has_stopped() for _ in range(20))
    False
    >>> any(pulse.has_stopped() for _ in range(20))
    True
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._silence = Silence([0], now)
        self._turns = 0
        self._counts = False
        self._pause = self._longest_pause = 0.0

    def feed(self) -> None:
        """Counts a turn of the loop."""
        self._turns += 1
        self._counts = True

    @contextlib.contextmanager
    def uncounted(self) -> Iterator[None]:
        """Does not count the time in a block."""
        before, self._counts = self._counts, False
        try:
            yield
        finally:
            self._turns += 1
            self._counts = before

    def has_stopped(self) -> bool:
        """Whether the loop hangs; to be asked every few seconds."""
        if not self._counts:
            self._turns += 1
        self._silence.hear({0: str(self._turns)})
        _, seconds = self._silence.longest()
        if seconds < self._pause:
            self._longest_pause = max(self._longest_pause, self._pause)
        self._pause = seconds
        return seconds > max(HUNG_SECONDS, 4 * self._longest_pause)


class Watch:
    """Watches a group from two threads until `stop`.

    Attributes:
        pulse: The `Pulse` of this process.
        stop_requests: A list to which the numbers of signals are added that
            other processes have received; of process 0 only.
        resume: What to do when a process was lost.

    Args:
        group: The `Group`.
    """

    def __init__(self, group: Group) -> None:
        self.group = group
        self.pulse = Pulse()
        self.stop_requests: list[int] = []
        self.resume = "Start all processes again."
        self._limit = SILENT_SECONDS
        self._signs: dict[int, str] = {}
        self._verdict: str | None = None
        self._over = threading.Event()
        others = range(1, group.place.processes) if group.leads else [0]
        self._silence = Silence(others)
        self._threads = [
            threading.Thread(target=task, daemon=True)
            for task in (self._exchange, self._judge)
        ]
        for thread in self._threads:
            thread.start()
        if not group.leads:
            explain_aborts(self._about_abort, LOST)

    def stop(self) -> None:
        """Stops watching: from here on, the others may leave.

        A thread that were still in JAX's client when Python ends would crash.
        """
        self._over.set()
        for thread in self._threads:
            thread.join(2 * BEAT_SECONDS)

    def fail(self, line: str) -> None:
        """Tells the others that this process ends with an error, and why."""
        self._over.set()
        place = self.group.place
        self._tell(f"process {place.process} of {place.processes}: {line}")
        time.sleep(2 * BEAT_SECONDS)  # process 0 must be there to be asked

    def ask_to_stop(self, number: int) -> None:
        """Tells process 0 that this one has received a signal."""
        key = f"{STOPS}{self.group.place.process}"
        self.group.client.key_value_set(key, str(number), allow_overwrite=True)

    def explain(self) -> None:
        """Ends the process if a computation failed because of another one.

        It returns if all others are alive: the failure has another cause.
        """
        self._limit = SILENT_SECONDS_AFTER_FAILURE
        self._over.wait(2 * SILENT_SECONDS_AFTER_FAILURE)

    def _exchange(self) -> None:
        """Writes this process's signs of life, and reads what is there."""
        client, count = self.group.client, 0
        key = f"{BEATS}{self.group.place.process}"
        while not self._over.wait(BEAT_SECONDS if count else 0):
            count += 1
            try:
                client.key_value_set(key, str(count), allow_overwrite=True)
                for _, line in client.key_value_dir_get(VERDICT):
                    self._verdict = line
                self._signs = self._read_signs(count)
            except Exception:
                continue

    def _read_signs(self, count: int) -> dict[int, str]:
        """The signs of life of the processes that this one watches."""
        client = self.group.client
        if not self.group.leads:
            return {0: str(count)}  # its service has answered
        for key, number in client.key_value_dir_get(STOPS):
            client.key_value_delete(key)
            self.stop_requests.append(int(number))
        return {
            int(key.rpartition("/")[2]): sign
            for key, sign in client.key_value_dir_get(BEATS)
        }

    def _judge(self) -> None:
        """Ends the process if it hangs, or another one is lost."""
        while not self._over.wait(BEAT_SECONDS / 2):
            verdict = self._verdict or self._finding()
            if verdict is not None:
                self._verdict = verdict
                if self.group.leads:  # the others ask meanwhile
                    time.sleep(2 * BEAT_SECONDS)
                end(f"charrnn train: {verdict}")

    def _finding(self) -> str | None:
        """What is wrong, which the others are told, too."""
        self._silence.hear(self._signs)
        number, seconds = self._silence.longest()
        own = self.group.place.process
        verdict = None
        if self.pulse.has_stopped():
            verdict = self._lost(own, "hangs")
            threading.Thread(target=self._tell, args=[verdict]).start()
            time.sleep(BEAT_SECONDS)
        elif seconds > self._limit:
            verdict = self._lost(number, "does not answer any more")
            if self.group.leads:
                self._tell(verdict)
        return verdict

    def _tell(self, verdict: str) -> None:
        """Writes for all processes why the group has ended."""
        key = f"{VERDICT}{self.group.place.process}"
        try:
            self.group.client.key_value_set(key, verdict, allow_overwrite=True)
        except Exception:
            pass

    def _lost(self, number: int, how: str) -> str:
        """What happened to a process, and what to do."""
        count = self.group.place.processes
        return f"process {number} of {count} {how}. {self.resume}"

    def _about_abort(self, noise: bytes) -> str | None:
        """The line for an abort of JAX, if the end of process 0 caused it."""
        if b"oordination" not in noise:
            return None
        verdict = self._verdict or self._lost(0, "has ended")
        return f"charrnn train: {verdict}"
