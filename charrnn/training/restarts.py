"""Reset streams to the empty state at random times."""

from typing import Any

import numpy as np

from charrnn.network.backend import keras
from charrnn.training.line_starts import RESTART_WINDOWS, LineStarts, drawn
from charrnn.training.schedule import Schedule
from charrnn.twins.stateful import states


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
        line_starts: The windows to train on if some of them begin with a line
            end: states are reset before those, too.
    """

    def __init__(
        self,
        schedule: Schedule,
        seed: int,
        windows: float = RESTART_WINDOWS,
        line_starts: LineStarts | None = None,
    ):
        super().__init__()
        self.schedule = schedule
        self.seed = seed
        self.windows = windows
        self.line_starts = line_starts
        self.by_engine = False

    def kept(self, step: int, streams: int) -> np.ndarray:
        """Draws which streams carry their state into a step.

        Args:
            step: The number of steps done before.
            streams: The number of streams.

        Returns:
            A boolean array `(streams,)`.
        """
        kept = drawn(self.seed, step, streams) >= 1 / self.windows
        if self.line_starts is None:
            return kept
        return kept & ~self.line_starts.at_line_starts(step)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if self.by_engine:
            return
        carried = states(self.model)
        kept = self.kept(self.schedule.step, carried[0].shape[0])
        if not kept.all():
            factors = keras.ops.convert_to_tensor(kept[:, None], "float32")
            for state in carried:
                state.assign(state * factors)
