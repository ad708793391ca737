"""Stop training early enough to finish within the time limit."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from charrnn.network.backend import keras, synchronize
from charrnn.system.terminal import say
from charrnn.training.ending import Ending
from charrnn.training.schedule import Schedule
from charrnn.training.validation import Validation

# The held-out part is shortened if one validation takes more than this share
# of the time limit.
MAX_SHARE_VALIDATED = 1 / 10
# A validation of the shortened part takes this share of the time limit.
SHARE_OF_SHORTENED_VALIDATION = 1 / 12


class Budget(keras.callbacks.Callback):
    """Ends training in time for the run to finish within its limit.

    It estimates how long the work after the last step takes, and reserves
    that time. It estimates it again after every validation and whenever the
    speed of the steps has changed. Training ends at the time this leaves or
    after `epochs`, whichever comes first, and the learning rate falls with
    the share of time or of steps that is done, whichever is larger.

    Args:
        seconds: From the start of the run to the last file written. `None`
            for no limit: then it only estimates the time left.
        schedule: The `schedule.Schedule` whose `end` is set.
        validation: The `validation.Validation`, whose text is to be scored.
        tell: Called with a line if the held-out part is shortened.
    """

    def __init__(
        self,
        seconds: float | None,
        schedule: Schedule,
        validation: Validation,
        tell: Callable[[str], None] = say,
    ):
        super().__init__()
        self._tell = tell
        self.seconds = seconds
        self.schedule = schedule
        self.validation = validation
        # Once it is set, the held-out part keeps its length: the losses of
        # different texts could not be compared.
        self._planned = False
        schedule.ending = Ending(schedule, validation, seconds)
        schedule.end = seconds

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.schedule.ending.is_outdated():
            self._plan()
        self._set_end()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if not self.model.stop_training:
            self._plan(self.schedule.clock.since_step())
            self._set_end()

    def _plan(self, validation_seconds: float | None = None) -> None:
        """Times the scoring, and shortens validation if it takes too long."""
        ending = self.schedule.ending
        synchronize(self.model)
        ending.measure(validation_seconds)
        seconds = ending.exact_seconds()  # the validation that takes longest
        most = MAX_SHARE_VALIDATED * (self.seconds or np.inf)
        if not self._planned and seconds > most:
            self._shorten_validation(seconds)
        self._planned = True

    def _set_end(self) -> None:
        """Sets the end of training: the limit less the work after it."""
        if self.seconds is None:
            return
        self.schedule.end = self.seconds - self.schedule.ending.seconds()
        self.model.stop_training |= self.schedule.is_over()

    def _shorten_validation(self, seconds: float) -> None:
        """Cuts the held-out part to a length that is scored in time."""
        ids = self.validation.ids
        limit = self.seconds or np.inf
        kept = max(
            2, int(len(ids) * SHARE_OF_SHORTENED_VALIDATION * limit / seconds)
        )
        self.validation.ids = ids[:kept]
        self._tell(
            f"validation on the first {kept:,} of {len(ids):,} held-out "
            f"{self.validation.vocabulary.plural}: all of them would take too "
            "much of the time"
        )

    def state(self) -> dict[str, Any]:
        """Returns the state for `restore`: whether validation was planned."""
        return {"planned": self._planned}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Resumes from what `state` returned."""
        self._planned = state["planned"]
