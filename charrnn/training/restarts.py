"""Reset streams to the empty state at random times."""

from typing import Any

import numpy as np

from charrnn.network.backend import keras
from charrnn.training.schedule import Schedule
from charrnn.twins.stateful import states

RESTART_WINDOWS = 64  # mean number of windows between two resets of a stream


class Restarts(keras.callbacks.Callback):
    """Resets the state of streams at random.

    If states are never reset, a large network recognises each stream by its
    state, overfits, and does badly on a text that it reads from an empty
    state.

    Attributes:
        by_engine: Whether the training engine does the resets itself.

    Args:
        schedule: The `Schedule`, for the step.
        seed: The seed of the draws, which depend on it and on the step only.
        windows: The mean number of windows that a stream reads between resets.
    """

    def __init__(
        self, schedule: Schedule, seed: int, windows: int = RESTART_WINDOWS
    ):
        super().__init__()
        self.schedule = schedule
        self.seed = seed
        self.windows = windows
        self.by_engine = False

    def kept(self, step: int, streams: int) -> np.ndarray:
        """Draws which streams carry their state into a step.

        Args:
            step: The number of steps done before.
            streams: The number of streams.

        Returns:
            A boolean array `(streams,)`.
        """
        # Seed and step determine the draw, so a checkpoint need not store it.
        random = np.random.default_rng([self.seed, step])
        return random.random(streams) >= 1 / self.windows

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if self.by_engine:
            return
        carried = states(self.model)
        kept = self.kept(self.schedule.step, carried[0].shape[0])
        if not kept.all():
            for state in carried:
                state.assign(state * kept[:, None].astype("float32"))
