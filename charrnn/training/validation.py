"""Score the held-out part during training, and keep the best model."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.network import model_file
from charrnn.network.backend import keras
from charrnn.network.engine import Engine
from charrnn.scoring import score
from charrnn.text.units import UnitVocabulary
from charrnn.training.schedule import Schedule

# A text is learnt by heart when the training loss has fallen to this part of
# the lowest validation loss, and the validation loss has risen by so many
# nats above that, in so many validations in a row. No run that came back from
# a rise was anywhere near.
BY_HEART_LOSS = 0.5
BY_HEART_RISE = 0.5
BY_HEART_VALIDATIONS = 2


class Validation(keras.callbacks.Callback):
    """Scores the held-out text after every round of steps.

    Runs on a copy of the weights in the NumPy engine, so nothing that
    training carries along is touched. Adds `val_loss`, in nats per
    character, to the logs, where Keras's own callbacks look for it.

    Args:
        network: The `keras.Sequential` in training.
        vocabulary: Its `charrnn.Vocabulary`.
        ids: The held-out text, an integer array of shape `(characters,)`.
            Where it is empty, nothing is scored and nothing added to the
            logs.
    """

    def __init__(
        self,
        network: keras.Sequential,
        vocabulary: UnitVocabulary,
        ids: np.ndarray,
    ):
        super().__init__()
        self.network = network
        self.vocabulary = vocabulary
        self.ids = ids
        self.engine: Any = None
        self.method: str | None = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.engine = Engine.from_keras(self.network, self.vocabulary)
        if not len(self.ids):
            return
        scored = score.score_in_streams(self.engine, self.ids)
        logs["val_loss"] = scored.nats_per_character
        self.method = scored.method

    def state(self) -> dict[str, Any]:
        """What `restore` needs: how much of the text is scored."""
        return {"characters": len(self.ids)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from what `state` returned."""
        self.ids = self.ids[: state["characters"]]


class SaveBest(keras.callbacks.Callback):
    """Saves the model whenever the validation loss is the lowest so far.

    Without a held-out part it saves every model over the one before.

    It also ends training when there has been no lower loss for long, or when
    the text is learnt by heart.

    Attributes:
        best: The lowest loss, in nats per character; infinite without one.
        step: The step of the model that is kept; `None` while there is none.
        by_heart: Validations in a row that found the text learnt by heart.

    Args:
        validation: The `Validation`, which knows the model.
        path: The `.keras` file.
        facts: What its `charrnn.json` tells besides the vocabulary.
        schedule: The `Schedule`, which knows the step.
        patience: Validations in a row without a lower loss that end
            training; `None` for any number of them, until the text is learnt
            by heart.
    """

    def __init__(
        self,
        validation: Validation,
        path: Path,
        facts: dict[str, Any],
        schedule: Schedule,
        patience: float | None = None,
    ):
        super().__init__()
        self.validation = validation
        self.path = path
        self.facts = facts
        self.schedule = schedule
        self.patience = patience
        self.best = math.inf
        self.step: int | None = None
        self.by_heart = 0
        self._in_vain = 0  # validations since the best

    @property
    def is_by_heart(self) -> bool:
        """Whether the text is learnt by heart, so that training may end."""
        return self.by_heart >= BY_HEART_VALIDATIONS

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if not len(self.validation.ids):
            self.save()
        elif logs["val_loss"] < self.best:  # NaN is not lower
            self.best = logs["val_loss"]
            self.by_heart = self._in_vain = 0
            self.save(
                {
                    "validation_nats_per_character": self.best,
                    "validation_bits_per_character": score.to_bits(self.best),
                    "validation_method": self.validation.method,
                }
            )
        else:
            self._wait(logs)

    def _wait(self, logs: Any) -> None:
        """Counts a validation in vain, and ends training after enough."""
        self._in_vain += 1
        learnt = logs.get("loss", math.inf) < BY_HEART_LOSS * self.best
        risen = logs["val_loss"] > self.best + BY_HEART_RISE
        self.by_heart = self.by_heart + 1 if learnt and risen else 0
        if self.patience is None:
            over = self.is_by_heart
        else:
            over = self._in_vain >= self.patience
        self.model.stop_training |= over

    def save(self, metrics: dict[str, Any] | None = None) -> None:
        """Saves the model as it is now.

        Args:
            metrics: What its `charrnn.json` tells of its losses, a `dict`.
        """
        self.step = self.schedule.step
        model_file.save(
            self.validation.network,
            self.path,
            self.validation.vocabulary,
            {**self.facts, "metrics": {**(metrics or {}), "step": self.step}},
        )

    def state(self) -> dict[str, Any]:
        """What `restore` needs to go on from here; JSON can hold it."""
        return {
            "best": self.best,
            "step": self.step,
            "in_vain": self._in_vain,
            "by_heart": self.by_heart,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from what `state` returned."""
        self._in_vain = state["in_vain"]
        self.by_heart = state.get("by_heart", 0)  # not in earlier ones
        if Path(self.path).exists():  # else the next one is the best there is
            self.best, self.step = state["best"], state["step"]
