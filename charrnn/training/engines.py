"""Choose what does the steps: one in a call, or many in a call of JAX."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from charrnn.network.backend import keras
from charrnn.text.windows import Windows
from charrnn.training.restarts import Restarts
from charrnn.training.schedule import Schedule

if TYPE_CHECKING:
    from charrnn.training.leading import Leader

# How long a call takes: so long do progress, checkpoints and signals wait.
CALL_SECONDS = 0.25
MAX_GROWTH = 4  # of the number of steps, from one call to the next


class Engine(Protocol):
    """The interface of an engine to the loop."""

    def train(self, most: int) -> Sequence[float]:
        """Does the next step, or several, but not more than `most`.

        The callbacks' `on_train_batch_begin` has been called before.

        Returns:
            The loss of each step, in nats per id.
        """


def engine(
    twin: keras.Model,
    windows: Windows,
    schedule: Schedule,
    callbacks: Sequence[keras.callbacks.Callback],
    leader: "Leader | None" = None,
) -> Engine:
    """Chooses the engine for Keras's backend.

    Args:
        twin: A compiled twin.
        windows: The windows to train on.
        schedule: The `Schedule`, for the step to begin with.
        callbacks: The callbacks of the run. The engine takes over the work of
            a `Restarts` among them if it does several steps in a call.
        leader: Takes other processes along.

    Returns:
        An `Engine`.
    """
    if keras.backend.backend() == "jax":
        found = (c for c in callbacks if isinstance(c, Restarts))
        return InCalls(twin, windows, schedule, next(found, None), leader)
    return StepByStep(twin, windows, schedule)


class StepByStep:
    """Does a step in a call of Keras's `train_on_batch`.

    Args:
        twin: A compiled Keras model.
        windows: The windows to train on.
        schedule: The `Schedule`.
    """

    def __init__(self, twin: keras.Model, windows: Windows, schedule: Schedule):
        self._twin = twin
        self._batches = _batches(windows, schedule.step)

    def train(self, most: int) -> Sequence[float]:
        """Does the next step; returns its loss."""
        return [float(self._twin.train_on_batch(*next(self._batches)))]


def _batches(
    windows: Windows, step: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The batches from a step on; TensorFlow makes them ahead."""
    if keras.backend.backend() == "tensorflow":
        yield from windows.dataset(step).as_numpy_iterator()
    while True:
        yield windows.batch(step)
        step += 1


class InCalls:
    """Does many steps in one compiled call of JAX.

    Args:
        twin: A compiled `Twin` whose optimizer is built.
        windows: The windows to train on.
        schedule: The `Schedule`, for steps, learning rates and time.
        restarts: The `Restarts`, or `None` to carry all states.
        leader: Takes other processes along; `None` without any.
    """

    def __init__(
        self,
        twin: keras.Model,
        windows: Windows,
        schedule: Schedule,
        restarts: Restarts | None,
        leader: "Leader | None" = None,
    ):
        from charrnn.twins.jax_steps import JaxSteps  # imports JAX

        steps = JaxSteps(twin, windows)
        self._do = leader.with_others(steps) if leader else steps.train
        self._streams = windows.batch_size
        self._schedule, self._restarts = schedule, restarts
        self._latest = 1
        if restarts:
            restarts.by_engine = True

    def train(self, most: int) -> Sequence[float]:
        """Does as many steps as take about `CALL_SECONDS`."""
        most = min(most, MAX_GROWTH * self._latest)
        count = steps_of_call(self._schedule, most)
        self._latest = count
        step = self._schedule.step
        rates = self._schedule.learning_rates(count)
        kept = np.stack([self._kept(step + i) for i in range(count)])
        return self._do(step, rates, kept).tolist()

    def _kept(self, step: int) -> np.ndarray:
        """Which streams carry their state into a step."""
        if self._restarts is None:
            return np.ones(self._streams, bool)
        return self._restarts.kept(step, self._streams)


def steps_of_call(schedule: Schedule, most: int) -> int:
    """The number of steps that a call should do.

    Args:
        schedule: The `Schedule`.
        most: The largest number.

    Returns:
        A number from 1 to `most`: no more than are left, and no more than
        take `CALL_SECONDS` or the time that is left. It is 1 until the first
        steps are timed.
    """
    from charrnn.twins.jax_steps import MAX_STEPS

    seconds = schedule.step_seconds()
    if not seconds:
        return 1
    limits = [most, MAX_STEPS, round(CALL_SECONDS / seconds)]
    if schedule.total_steps is not None:
        limits.append(schedule.total_steps - schedule.step)
    if schedule.end is not None:
        left = schedule.end - schedule.elapsed()
        limits.append(round(left / seconds))
    return max(1, min(limits))
