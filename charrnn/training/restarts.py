"""Reset streams to the empty state at random times."""

from typing import Any

import numpy as np

from charrnn.network.backend import keras
from charrnn.training.schedule import Schedule
from charrnn.twins.stateful import states

RESTART_WINDOWS = 64  # on average, from one empty state of a stream to the next


class Restarts(keras.callbacks.Callback):
    """Lets a stream begin with an empty state now and then, drawn at random.

    If states are never reset, a large network recognises each stream by its
    state, learns it by heart, and does badly on a text that it reads from an
    empty state.

    Args:
        schedule: The `Schedule`, which knows the step.
        seed: Of the draws, which are a function of seed and step.
        windows: How many a stream reads on average before it begins anew.
    """

    def __init__(
        self, schedule: Schedule, seed: int, windows: int = RESTART_WINDOWS
    ):
        super().__init__()
        self.schedule = schedule
        self.seed = seed
        self.windows = windows

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        carried = states(self.model)
        random = np.random.default_rng([self.seed, self.schedule.step])
        # Drawn from seed and step, so that nothing is to be kept for a resume.
        kept = random.random(carried[0].shape[0]) >= 1 / self.windows
        if not kept.all():
            for state in carried:
                state.assign(state * kept[:, None].astype("float32"))
