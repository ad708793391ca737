"""Score the held-out part during training, and keep the best model."""

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.network import model_file
from charrnn.network.backend import keras
from charrnn.network.engine import Engine
from charrnn.scoring import score
from charrnn.scoring.scan import nats_of_rows
from charrnn.text.units import UnitVocabulary
from charrnn.training.round_scoring import RoundScorer, in_precision
from charrnn.training.schedule import Schedule

# A text counts as memorized ("by heart") if the training loss is below
# BY_HEART_LOSS times the lowest validation loss, and the validation loss is
# more than BY_HEART_RISE nats above the lowest, in BY_HEART_VALIDATIONS
# validations in a row. No run whose validation loss rose and fell again came
# close to this.
BY_HEART_LOSS = 0.5
BY_HEART_RISE = 0.5
BY_HEART_VALIDATIONS = 2


class Validation(keras.callbacks.Callback):
    """Scores the held-out text after every round.

    It scores a copy of the weights in the NumPy engine, or with states of its
    own in the loops of the training; so the states of the training do not
    change. It adds `val_loss`, in nats per character, to the logs, where
    Keras's own callbacks look for it.

    Args:
        network: The `keras.Sequential` in training.
        vocabulary: Its vocabulary.
        ids: The held-out text, an integer array of shape `(units,)`. If it
            is empty, nothing is scored and nothing is added to the logs.
        scorer: Scores the rounds faster than the NumPy engine.

    Attributes:
        nats_of_rows: What scores the rows; other processes may score some.
    """

    def __init__(
        self,
        network: keras.Sequential,
        vocabulary: UnitVocabulary,
        ids: np.ndarray,
        scorer: RoundScorer | None = None,
    ):
        super().__init__()
        self.network = network
        self.vocabulary = vocabulary
        self.ids = ids
        self.engine: Any = None
        self.method: str | None = None
        self.nats_of_rows = nats_of_rows
        self.scorer = scorer

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.engine = Engine.from_keras(self.network, self.vocabulary)
        if not len(self.ids):
            return
        scored = self._scored()
        logs["val_loss"] = scored.nats_per_character
        self.method = scored.method

    def _scored(self) -> score.Score:
        """Scores the text: exactly, if training is over."""
        if self.model is None or self.model.stop_training:
            return score.score_exactly(self.engine, self.ids, self.nats_of_rows)
        if self.scorer is None:
            return score.score_in_streams(
                self.engine, self.ids, nats_of_rows=self.nats_of_rows
            )
        scored = score.score_in_streams(
            self.engine, self.ids, nats_of_rows=self.scorer.nats_of_rows
        )
        method = in_precision(scored.method, self.scorer.precision)
        return dataclasses.replace(scored, method=method)

    def state(self) -> dict[str, Any]:
        """Returns the state for `restore`: the length of the scored text."""
        return {"characters": len(self.ids)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Resumes from what `state` returned."""
        self.ids = self.ids[: state["characters"]]


class SaveBest(keras.callbacks.Callback):
    """Saves the model whenever the validation loss is the lowest so far.

    Without a held-out part, every model replaces the one before.

    It also ends training when the loss has not fallen for `patience`
    validations or when the text is memorized.

    Attributes:
        best: The lowest loss, in nats per character; infinite at first.
        step: The step of the saved model; `None` while there is none.
        by_heart: Validations in a row that found the text memorized.

    Args:
        validation: The `Validation`, for the model.
        path: The `.keras` file.
        facts: The contents of its `charrnn.json`, without the vocabulary.
        schedule: The `Schedule`, for the step.
        patience: Validations in a row without a lower loss after which
            training ends; `None` to end it when the text is memorized.
    """

    def __init__(
        self,
        validation: Validation,
        path: Path | str,
        facts: dict[str, Any],
        schedule: Schedule,
        patience: float | None = None,
    ):
        super().__init__()
        self.validation = validation
        self.path = Path(path)
        self.facts = facts
        self.schedule = schedule
        self.patience = patience
        self.best = math.inf
        self.step: int | None = None
        self.by_heart = 0
        self._in_vain = 0  # validations since the best one

    @property
    def is_by_heart(self) -> bool:
        """Whether the text is memorized, so that training may end."""
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
        """Counts a validation without a lower loss; may end training."""
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
            metrics: A `dict` of its losses, for its `charrnn.json`.
        """
        self.step = self.schedule.step
        model_file.save(
            self.validation.network,
            self.path,
            self.validation.vocabulary,
            {**self.facts, "metrics": {**(metrics or {}), "step": self.step}},
        )

    def state(self) -> dict[str, Any]:
        """Returns the state for `restore`; JSON can hold it."""
        return {
            "best": self.best,
            "step": self.step,
            "in_vain": self._in_vain,
            "by_heart": self.by_heart,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Resumes from what `state` returned."""
        self._in_vain = state["in_vain"]
        self.by_heart = state.get("by_heart", 0)  # older checkpoints lack it
        if self.path.exists():  # otherwise the next model is the best
            self.best, self.step = state["best"], state["step"]
