"""The optimizer, the loss and the learning-rate schedule."""

import math
from typing import Any

import numpy as np

from charrnn.network.backend import keras
from charrnn.text.windows import Windows
from charrnn.training.clock import Clock
from charrnn.training.rules import CLIP_NORM, WEIGHT_DECAY

WARM_UP_STEPS = 100  # the first steps, in which the learning rate rises


def optimizer(
    learning_rate: float,
    clip_norm: float | None = CLIP_NORM,
    weight_decay: float = WEIGHT_DECAY,
) -> keras.optimizers.Optimizer:
    """Returns AdamW with gradients clipped to a global norm.

    Args:
        learning_rate: A number; a `Schedule` among the callbacks sets it
            before every step.
        clip_norm: Maximum global norm of the gradients; `None` does not clip
            them.
        weight_decay: AdamW's weight decay; biases do not decay.

    Example:

    >>> optimizer(0.001, clip_norm=1.0).global_clipnorm
    1.0

    Source: Loshchilov and Hutter 2019; Pascanu et al. 2013 (clipping).
    """
    adamw = keras.optimizers.AdamW(
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        beta_2=0.99,
        global_clipnorm=clip_norm,
    )
    adamw.exclude_from_weight_decay(var_names=["bias"])
    return adamw


def loss() -> keras.losses.Loss:
    """Returns the cross-entropy between ids and logits, in nats.

    It takes targets `(batch, time)` and logits
    `(batch, time, vocabulary size)`.

    Example:

    >>> targets, logits = np.array([[2]]), np.zeros((1, 1, 3))
    >>> round(float(loss()(targets, logits)), 3)  # ln 3
    1.099
    """
    result = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, dtype="float32"
    )
    result.fn = _cross_entropy  # a class of Keras, which any file can name
    return result


def _cross_entropy(ids, logits, **settings):
    """Keras's cross-entropy; a compiled one if there are many characters."""
    if keras.backend.backend() == "tensorflow" and logits.shape.rank == 3:
        from charrnn.twins.logits import MAX_STOCK_CHARACTERS, cross_entropy

        if (logits.shape[-1] or 0) > MAX_STOCK_CHARACTERS:
            return cross_entropy(logits, keras.ops.cast(ids, "int32"))
    return keras.losses.sparse_categorical_crossentropy(ids, logits, **settings)


def warmup_cosine(step: int, total_steps: int | None, peak: float) -> float:
    """The learning rate of a step: linear warm-up, then cosine decay.

    Args:
        step: The number of steps done, from 0.
        total_steps: The total number of steps, after which the rate is zero.
            `None` while it is not known: the rate then stays at its peak
            after warm-up.
        peak: The peak learning rate.

    Returns:
        A `float`.

    Example:

    >>> [round(warmup_cosine(s, 2000, 1.0), 3) for s in (0, 99, 1050, 2000)]
    [0.01, 1.0, 0.5, 0.0]

    Source: Loshchilov and Hutter 2017 (cosine), Goyal et al. 2017 (warm-up).
    """
    warm_up = WARM_UP_STEPS
    if total_steps is not None:
        warm_up = max(1, min(warm_up, total_steps // 10))
    if step < warm_up:
        return peak * (step + 1) / warm_up
    if total_steps is None:
        return peak
    done = min(1.0, (step - warm_up) / max(1, total_steps - warm_up))
    return peak * (1 + math.cos(math.pi * done)) / 2


class Schedule(keras.callbacks.Callback):
    """Counts and times the steps, sets the learning rate, ends training.

    The learning rate follows the share of the training that is done: of the
    steps, or of the time that a `budget.Budget` sets, whichever is larger.

    Attributes:
        characters: Length of the training text.
        step_characters: The number of characters that a step reads.
        step: The number of steps done.
        total_steps: Maximum number of steps; `None` for no limit.
        end: The seconds, as `elapsed` counts them, at which a
            `budget.Budget` ends training; `None` without a time limit.
        ending: The `ending.Ending` of a `budget.Budget`: its estimate of the
            time that the work after the last step takes.
        clock: A `clock.Clock`.
        losses: The losses of this round's steps, if `loop.train` runs them.
        steps_together: The number of steps of the latest call of an engine.

    Args:
        windows: The `charrnn.Windows` to train on.
        peak: The peak learning rate.
        total_steps: As above.
        clock: The clock; `None` for a new one.
        begun: The step and the epoch at which the run switched to these
            windows; zeros for a run that started with them.
        characters_per_unit: Mean number of characters that an id stands for:
            losses and speeds are reported per character.
    """

    def __init__(
        self,
        windows: Windows,
        peak: float,
        total_steps: int | None = None,
        clock: Clock | None = None,
        begun: tuple[int, float] = (0, 0.0),
        characters_per_unit: float = 1.0,
    ):
        super().__init__()
        self.peak = peak
        self.total_steps = total_steps
        self.characters_per_unit = characters_per_unit
        self.characters = round(len(windows.ids) * characters_per_unit)
        self.step = 0
        self.losses: list[float] = []
        self.steps_together = 1
        self._first_batch: int | None = None  # of the steps in progress
        self.end: float | None = None
        self.ending: Any = None
        self.clock = clock or Clock()
        self._steps_per_epoch = windows.steps_per_epoch
        self._begun_step, self._begun_epoch = begun
        units = windows.batch_size * windows.seq_length
        self.step_characters = round(units * characters_per_unit)

    @property
    def epoch(self) -> float:
        """Passes over the training text, in fractions too."""
        since = self.step - self._begun_step
        return self._begun_epoch + since / self._steps_per_epoch

    def steps_in(self, epochs: float) -> int:
        """The number of steps in `epochs`, from the start of the run."""
        since = (epochs - self._begun_epoch) * self._steps_per_epoch
        return max(1, self._begun_step + round(since))

    @property
    def progress(self) -> float:
        """Share of the training that is done, from 0 to 1."""
        return self._progress(0)

    def _progress(self, ahead: int) -> float:
        # Training ends with the steps or with the time, whichever comes first.
        # Only time spent in steps counts, so that a resumed process, which
        # imports and compiles first, does not lower the learning rate.
        step = self.step + ahead
        by_steps = step / self.total_steps if self.total_steps else 0.0
        if self.end is None:
            return min(1.0, by_steps)
        seconds = ahead * self.step_seconds()
        trained = self.clock.trained() + seconds
        left = self.end - self.elapsed() - seconds
        by_time = 1.0 if left <= 0 else trained / (trained + left)
        return min(1.0, max(by_steps, by_time))

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        return self._rate(0)

    def learning_rates(self, steps: int) -> list[float]:
        """The rates of the next steps."""
        return [self._rate(ahead) for ahead in range(steps)]

    def _rate(self, ahead: int) -> float:
        # With a time limit, the total number of steps is not known: it is
        # estimated from the present pace.
        step, total_steps = self.step + ahead, self.total_steps
        if self.end is not None and step:
            progress = self._progress(ahead)
            total_steps = round(step / progress) if progress else total_steps
        return warmup_cosine(step, total_steps, self.peak)

    @property
    def characters_per_second(self) -> float:
        """The speed of all training steps, without the time between them."""
        clock = self.clock
        if not clock.timed_steps:
            return 0.0
        return self.step_characters * clock.timed_steps / clock.timed_seconds

    def elapsed(self) -> float:
        """Seconds that the run has taken, without time between processes."""
        return self.clock.elapsed()

    def step_seconds(self) -> float:
        """Mean duration of the latest steps, 0 before any is timed."""
        return self.clock.step_seconds()

    def seconds_left(self) -> float | None:
        """Seconds until the run ends; `None` while that is not known."""
        return self.ending.seconds_left() if self.ending else None

    def is_over(self) -> bool:
        """Whether no more steps are to be done."""
        if self.total_steps is not None and self.step >= self.total_steps:
            return True
        # With half a step added, the last step ends before the limit as often
        # as after it.
        next_half = self.elapsed() + self.step_seconds() / 2
        return self.end is not None and next_half >= self.end

    def validates_at_the_end(self) -> bool:
        """Whether no step could follow a validation made now."""
        if self.end is None or self.ending is None:
            return False
        validation = self.ending.validation_seconds()
        return self.elapsed() + validation + self.step_seconds() >= self.end

    def on_train_begin(self, logs: Any = None) -> None:
        self.clock.start()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.clock.begin_round()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._first_batch = batch
        self.model.optimizer.learning_rate = self.learning_rate

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        first = batch if self._first_batch is None else self._first_batch
        self.steps_together, self._first_batch = batch + 1 - first, None
        self.clock.end_step(self.steps_together)
        self.step += self.steps_together
        if self.is_over():
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.losses = []

    def state(self) -> dict[str, Any]:
        """Returns the state for `restore`; JSON can hold it."""
        return {
            "step": self.step,
            "epoch": self.epoch,
            "total_steps": self.total_steps,
            "losses": self.losses,
            **self.clock.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Resumes from what `state` returned."""
        self.step = state["step"]
        self.total_steps = state["total_steps"]
        self.losses = state["losses"]
        self.clock.restore(state)


def steps_per_round(windows: Windows, validation_characters: int) -> int:
    """Steps from one validation to the next: a round.

    It is an epoch. For short texts it is at least 100 steps. For long
    ones it is at most 1,000 steps, or six times as many characters as the
    held-out part has, whichever is more. Validation then takes about a tenth
    of the time, and the first model does not take hours.

    Args:
        windows: The training text's `charrnn.Windows`.
        validation_characters: Length of the held-out part.
    """
    step_characters = windows.batch_size * windows.seq_length
    most = max(1000, 6 * validation_characters // step_characters)
    return int(np.clip(windows.steps_per_epoch, 100, most))
