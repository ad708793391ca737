"""The loss of a student: cross-entropy with its teachers and with the text."""

from typing import Any

from charrnn.network.backend import keras
from charrnn.text.student_windows import KEPT, MIN_REST, keeps_all


class Distillation(keras.losses.Loss):
    """The gradient of a loss of teachers and text, the value of the text's.

    A student learns by `weight` x the cross-entropy with its teachers' mean
    probabilities + (1 - `weight`) x the cross-entropy with the text. Only the
    second is its value, so that the training losses of all runs compare.

    It takes the targets of `StudentWindows` and logits
    `(batch, time, vocabulary size)`.

    Args:
        weight: The teachers' share, from 0 to 1.

    Example:

    >>> targets = keras.ops.array([[[2.0, 0.5, 0.25, 0.25]]])
    >>> logits = keras.ops.zeros((1, 1, 3))
    >>> round(float(Distillation(0.9)(targets, logits)), 3)  # ln 3
    1.099

    Source: Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a
    neural network"; Furlanello et al. 2018, "Born-again neural networks".
    """

    def __init__(self, weight: float) -> None:
        super().__init__(name="distillation", dtype="float32")
        self.weight = weight

    def get_config(self) -> dict[str, Any]:
        return {"weight": self.weight}

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Computes the loss after each input, `(batch, time)`, in nats."""
        ids, *expected = _columns(y_true, y_pred.shape[-1])
        if len(expected) == 2 and keras.backend.backend() == "tensorflow":
            from charrnn.twins.logits import distillation

            likeliest, q = expected
            return distillation(y_pred, ids[..., 0], likeliest, q, self.weight)
        log_p = keras.ops.log_softmax(y_pred)
        text = -keras.ops.take_along_axis(log_p, ids, axis=-1)[..., 0]
        of_teachers = _whole if len(expected) == 1 else _of_likeliest
        teachers = of_teachers(log_p, *expected)
        mixed = self.weight * teachers + (1 - self.weight) * text
        return mixed + keras.ops.stop_gradient(text - mixed)


def _columns(targets: Any, units: int) -> list[Any]:
    """The columns of the targets: ids of the text, then those of teachers."""
    ids = keras.ops.cast(targets[..., :1], "int32")
    if keeps_all(units):
        return [ids, _normalized(targets[..., 1:])]
    likeliest = keras.ops.cast(targets[..., 1 : KEPT + 1], "int32")
    return [ids, likeliest, _normalized(targets[..., KEPT + 1 :])]


def _normalized(probabilities: Any) -> Any:
    """Probabilities that add up to 1: those of 16 bits do not quite."""
    return probabilities / keras.ops.sum(probabilities, -1, keepdims=True)


def _whole(log_p: Any, expected: Any) -> Any:
    """The cross-entropy with the probabilities of all units."""
    return -keras.ops.sum(expected * log_p, axis=-1)


def _of_likeliest(log_p: Any, ids: Any, expected: Any) -> Any:
    """That with the likeliest units, and with all others taken as one.

    How likely one of the others is among them, the student learns from the
    text.
    """
    likeliest = keras.ops.take_along_axis(log_p, ids, axis=-1)
    rest = 1 - keras.ops.sum(keras.ops.exp(likeliest), -1, keepdims=True)
    log_rest = keras.ops.log(keras.ops.maximum(rest, MIN_REST))
    parts = keras.ops.concatenate([likeliest, log_rest], axis=-1)
    return -keras.ops.sum(expected * parts, axis=-1)
