"""Join several processes into a group that exchanges messages.

The messages go through the key-value store of JAX's coordination service,
which process 0 runs. They are NumPy archives: nothing in them is executed.
"""

import contextlib
import ctypes
import io
import json
import os
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from charrnn.system.launchers import Place
from charrnn.system.terminal import tell_error

PREFIX = "charrnn/"
POLL_MILLISECONDS = 1000  # between two looks at whether the group has ended
# A message is deleted when this many later ones were sent: every process has
# read it by then, because every one takes part in every step.
KEPT_MESSAGES = 100
LOST = 1  # the exit code after another process was lost
# JAX's own limits are so high that ours are met first.
NEVER_SECONDS = 10**7


class Group:
    """Several processes, of which number 0 leads.

    Attributes:
        place: Which of them this one is.

    Args:
        place: Which of them this one is.
        client: The client of JAX's coordination service.
    """

    def __init__(self, place: Place, client: Any) -> None:
        self.place = place
        self.client = client
        self._sent = self._received = 0

    @property
    def leads(self) -> bool:
        """Whether this is process 0."""
        return self.place.process == 0

    def put(self, key: str, values: Mapping[str, Any]) -> None:
        """Stores values for the other processes.

        Args:
            key: A name that is used once.
            values: NumPy arrays, and values that JSON can hold.
        """
        self.client.key_value_set_bytes(PREFIX + key, packed(values))

    def get(self, key: str) -> dict[str, Any]:
        """Waits for values, and returns them as `put` got them."""
        while True:
            try:
                data = self.client.blocking_key_value_get_bytes(
                    PREFIX + key, POLL_MILLISECONDS
                )
            except Exception as error:
                if "DEADLINE_EXCEEDED" not in str(error):
                    raise
            else:
                return unpacked(data)

    def leave(self) -> None:
        """Leaves the group, when all other processes leave it."""
        import jax

        jax.distributed.shutdown()

    def abandon(self) -> None:
        """Makes sure that this process does not wait for others when it ends.

        JAX would wait minutes for those that have ended before.
        """
        from jax._src import distributed

        state = distributed.global_state
        for used in (state.client, state.service):
            # Its destructor would wait: it must never run.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(used))
        state.client = state.service = None

    def send(self, kind: str, **values: Any) -> None:
        """Sends a message from process 0 to all others."""
        self._sent += 1
        self.put(f"message/{self._sent}", {"kind": kind, **values})
        if self._sent > KEPT_MESSAGES:
            old = f"{PREFIX}message/{self._sent - KEPT_MESSAGES}"
            self.client.key_value_delete(old)

    def receive(self) -> dict[str, Any]:
        """Waits for the next message of process 0; its `kind` says which."""
        self._received += 1
        return self.get(f"message/{self._received}")

    def gather(self, key: str, values: Mapping[str, Any]) -> list[Any]:
        """Collects the values of all processes.

        Args:
            key: A name that is used once.
            values: This process's own, as for `put`.

        Returns:
            Those of all processes, in their order; of process 0 only.
        """
        if not self.leads:
            self.put(f"{key}/{self.place.process}", values)
            return []
        others = range(1, self.place.processes)
        found = [self.get(f"{key}/{number}") for number in others]
        self.client.key_value_delete(f"{PREFIX}{key}/")
        return [dict(values), *found]


def packed(values: Mapping[str, Any]) -> bytes:
    """Packs values into bytes.

    Args:
        values: NumPy arrays, and values that JSON can hold.

    Returns:
        A NumPy archive.

    Example:

    >>> unpacked(packed({"kind": "train", "rates": np.arange(2)}))
    {'kind': 'train', 'rates': array([0, 1])}
    """
    arrays = {k: v for k, v in values.items() if isinstance(v, np.ndarray)}
    rest = {k: v for k, v in values.items() if k not in arrays}
    text = np.frombuffer(json.dumps(rest).encode("utf-8"), np.uint8)
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **{"json ": text, **arrays})
    return file.getvalue()


def unpacked(data: bytes) -> dict[str, Any]:
    """Returns what `packed` has packed."""
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        found = {name: archive[name] for name in archive.files}
    return {**json.loads(found.pop("json ").tobytes()), **found}


def machine() -> str:
    """Returns a name of this machine that no other has.

    Containers on one machine, which need not share files, count as several.

    Example:

    >>> machine() == machine()
    True
    """
    boot = Path("/proc/sys/kernel/random/boot_id")
    own = boot.read_text("utf-8").strip() if boot.exists() else ""
    return f"{socket.gethostname()} {own}".strip()


def join(place: Place, seconds: float) -> Group:
    """Waits until all processes have come, and joins them into a group.

    It must be called before JAX computes anything. If a process does not
    come, or process 0 cannot be reached, the process ends with one line: JAX
    would print a page.

    Args:
        place: Which of the processes this one is.
        seconds: How long to wait.

    Returns:
        The `Group`.

    Raises:
        ValueError: if the address of process 0 cannot be used.
        ImportError: if JAX is not installed.
    """
    import jax
    from jax._src import distributed  # its client has no public name
    from jax.experimental import multihost_utils

    if place.coordinator is not None:
        check_address(place)
    alarm = threading.Timer(seconds, _give_up, (place, seconds))
    alarm.daemon = True
    alarm.start()
    jax.config.update("jax_enable_preemption_service", False)
    jax.distributed.initialize(
        place.coordinator,
        place.processes,
        place.process,
        cluster_detection_method=place.launcher or "deactivate",
        initialization_timeout=NEVER_SECONDS,
        heartbeat_timeout_seconds=NEVER_SECONDS,
    )
    alarm.cancel()
    with _silence():  # the first collective computation prints a line
        multihost_utils.sync_global_devices("charrnn")
    return Group(place, distributed.global_state.client)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Discards what C++ prints on standard output."""
    sys.stdout.flush()
    terminal = os.dup(1)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(terminal, 1)
        os.close(terminal)


def check_address(place: Place) -> None:
    """Checks that process 0 can use its address, and that others know it.

    Args:
        place: Which of the processes this one is, with an address.

    Raises:
        ValueError: if no machine has that name, or the port is in use.
    """
    host, _, port = str(place.coordinator).rpartition(":")
    host = host.strip("[]")
    try:
        socket.getaddrinfo(host, int(port))
    except OSError as error:
        raise ValueError(
            f"Expected the address of process 0 as --coordinator. Received "
            f"{place.coordinator}: there is no machine {host!r} ({error}). "
            "Check the name."
        ) from error
    if place.process:
        return
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            free.bind(("", int(port)))
        except OSError as error:
            raise ValueError(
                f"Expected a free port in --coordinator {place.coordinator}. "
                f"Another program uses {port} on this machine, or it is "
                f"reserved ({error.strerror}). Choose another for all "
                "processes."
            ) from error


def _give_up(place: Place, seconds: float) -> NoReturn:
    """Ends the process because not all processes have come."""
    what = f"not all of the {place.processes} processes have come"
    if place.process and not _can_connect(place.coordinator):
        what = f"process 0 cannot be reached at {place.coordinator}"
    end(
        f"charrnn train: {what}, after {seconds:g} seconds. Start all of them "
        "with the same --coordinator, the address of process 0, and each with "
        "a --process of its own.",
        code=2,
    )


def _can_connect(address: str | None) -> bool:
    """Whether there is a program at an address; yes if it is not known."""
    if address is None:
        return True
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), 2).close()
    except OSError:
        return False
    return True


def end(line: str, code: int = LOST) -> NoReturn:
    """Ends the process at once with one line, whatever it is doing."""
    if sys.stdout.isatty():
        sys.stdout.write("\n\x1b[?25h")  # the cursor, which progress hides
    tell_error(line)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)
