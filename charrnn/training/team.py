"""Join the processes of a run, and check that they agree."""

import importlib.metadata
import importlib.util
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

import charrnn
from charrnn.system import group, watch
from charrnn.system.launchers import Place
from charrnn.text import sources

Result = TypeVar("Result")

JOIN_SECONDS = 120.0  # the most that processes may start one after the other
PACKAGES = "jax", "keras", "numpy"
# Settings that change what process 0 prints or when it ends, and nothing that
# the other processes do.
OF_PROCESS_0 = {"quiet", "prompt", "checkpoint_seconds"}


class Team:
    """The processes that train a run together.

    Attributes:
        group: The `group.Group`, for messages.
        watch: The `watch.Watch`, which ends this process if another is lost.
        machines: The machine of each process.
        has_left: Whether this process has left.

    Args:
        place: Which of the processes this one is.
        seconds: How long to wait for the others.
    """

    def __init__(self, place: Place, seconds: float = JOIN_SECONDS) -> None:
        require_jax()
        self.group = group.join(place, seconds)
        self.watch = watch.Watch(self.group)
        self.machines: list[str] = []
        self.has_left = False

    @property
    def leads(self) -> bool:
        """Whether this is process 0."""
        return self.group.leads

    @property
    def first_here(self) -> int:
        """The lowest number of a process on this machine."""
        here = self.machines[self.group.place.process]
        return self.machines.index(here)

    @property
    def others_here(self) -> list[int]:
        """The numbers of the other processes on this machine."""
        here = self.machines[self.group.place.process]
        numbers = enumerate(self.machines)
        return [n for n, name in numbers if name == here][1:]

    def agree(self, facts: Mapping[str, Any]) -> None:
        """Checks that all processes were started alike.

        Args:
            facts: What must be the same, by its name in a message.

        Raises:
            ValueError: of every process, if something differs.
        """
        own = {"machine": group.machine(), "facts": dict(facts)}
        found = self.group.gather("facts", own)
        if self.leads:
            line = difference([each["facts"] for each in found])
            machines = [each["machine"] for each in found]
            self.group.put("agreed", {"line": line, "machines": machines})
        agreed = self.group.get("agreed")
        if agreed["line"]:
            self.leave()
            raise ValueError(agreed["line"])
        self.machines = agreed["machines"]

    def receive(self) -> dict[str, Any]:
        """Waits for the next message of process 0; its `kind` says which."""
        with self.watch.pulse.uncounted():
            return self.group.receive()

    def train(
        self,
        steps: Any,
        first_step: int,
        rates: Sequence[float],
        kept: np.ndarray,
    ) -> np.ndarray:
        """Does training steps together.

        Args:
            steps: This process's own `JaxSteps`.
            first_step: As for `JaxSteps.train`, as are the others.
            rates: The learning rate of each step.
            kept: Which streams carry their state.

        Returns:
            The loss of each step.
        """
        self.watch.pulse.feed()
        text = steps.read(first_step, len(rates))
        return self.compute(lambda: steps.train_on(text, rates, kept))

    def compute(self, function: Callable[[], Result]) -> Result:
        """Calls a function in which all processes compute together.

        If it fails because another process is gone, this one ends with a
        line that says which.
        """
        try:
            with self.watch.pulse.uncounted():
                return function()
        except (ValueError, RuntimeError):  # JAX raises both
            self.watch.explain()
            raise

    def leave(self) -> None:
        """Leaves, when all others leave."""
        self.has_left = True
        with self.watch.pulse.uncounted():
            self.group.leave()
        self.watch.stop()

    def fail(self, error: BaseException) -> None:
        """Tells the others that this process has failed, and why."""
        if isinstance(error, Exception):
            reason = str(error) or type(error).__name__
        else:  # a signal
            reason = f"interrupted {error}".rstrip()
        self.watch.fail(reason)
        self.group.abandon()


def require_jax() -> None:
    """Checks that Keras computes with JAX, or makes it.

    Raises:
        ValueError: if the user has chosen another backend, or JAX is not
            installed.
    """
    backend = os.environ.setdefault("KERAS_BACKEND", "jax")
    if backend != "jax":
        raise ValueError(
            "Expected one process, or JAX: several processes train together "
            f"with KERAS_BACKEND=jax only. Received KERAS_BACKEND={backend}. "
            "Set it to jax for all of them, or start one with --processes 1."
        )
    if importlib.util.find_spec("jax") is None:
        raise ValueError(
            "Expected the package jax, which trains with several processes. It "
            "is not installed here. Run `pip install -e '.[jax]'` in charrnn's "
            "folder."
        )


def facts(
    corpus: Sequence[str],
    given: Mapping[str, Any],
    place: Place,
    **switches: bool,
) -> dict[str, Any]:
    """Lists what must be the same in all processes of a run.

    Args:
        corpus: The text, as the user named it.
        given: The settings that the user gave.
        place: Which of the processes this one is.
        **switches: Other flags.

    Returns:
        A `dict` that JSON can hold.

    Raises:
        ValueError: if there is no such text.
    """
    found = zip(PACKAGES, map(_version, PACKAGES), strict=True)
    settings = {
        f"--{name.replace('_', '-')}": value
        for name, value in {**given, **switches}.items()
        if name not in OF_PROCESS_0
    }
    return {
        "charrnn": charrnn.__version__,
        **dict(found),
        "--processes": place.processes,
        "the text": _size(corpus),
        **settings,
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _size(corpus: Sequence[str]) -> str:
    """Describes the size of a text without reading it."""
    total = 0
    named = []
    for name in sources.expanded(list(corpus)):
        if not Path(name).exists():
            named.append(name)  # a corpus, or standard input
            continue
        paths, _ = sources.texts(name)
        total += sum(path.stat().st_size for path in paths)
    return " and ".join([*named, f"{total:,} bytes"] if total else named)


def difference(all_facts: Sequence[Mapping[str, Any]]) -> str | None:
    """Describes the first difference between the facts of processes.

    Args:
        all_facts: What `facts` returned, in the order of the processes.

    Returns:
        A line for the user, or `None` if there is no difference.

    Example:

    >>> difference([{"jax": "0.10.0"}, {"jax": "0.11.0"}])[36:59]
    'Received jax 0.10.0 of '
    """
    first = all_facts[0]
    for number, other in enumerate(all_facts):
        for name in {**first, **other}:
            if name not in first or name not in other:
                one, two = _shown(first, name), _shown(other, name)
            elif first[name] != other[name]:
                one, two = f"{name} {first[name]}", f"{name} {other[name]}"
            else:
                continue
            return (
                f"Expected the same of all processes. Received {one} of "
                f"process 0, and {two} of process {number}. Start all with "
                "the same command, text and versions."
            )
    return None


def _shown(facts: Mapping[str, Any], name: str) -> str:
    return f"{name} {facts[name]}" if name in facts else f"no {name}"
