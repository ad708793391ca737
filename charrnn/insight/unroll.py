"""Read a short text step by step: states, expectations and the loss."""

import dataclasses
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from charrnn.insight.alignment import names_of
from charrnn.insight.selection import chosen_units, read_short
from charrnn.network.engine import Engine
from charrnn.text.units import DEFAULT, UnitVocabulary
from charrnn.writing.probabilities import log_total

if TYPE_CHECKING:
    import keras

MAX_STEPS = 100


@dataclasses.dataclass(frozen=True)
class Unrolled:
    """What a network held, expected and lost at each step of a short text.

    A step reads a character, or one of the model's words or bytes.

    Attributes:
        inputs: What each of the n steps read.
        hidden: For each recurrent layer, the lowest first, its hidden state h
            after each step, `(n, units)`.
        chosen: For each layer the numbers of the units to show.
        expected: The likeliest next characters after each step, the
            likeliest first: `(n, likeliest)`, an array of `str` objects.
        probabilities: Of these, of the same shape.
        bits: The loss of each step but the last: the surprise of the input
            of the next step, `(n - 1,)`.
        unit: What a step reads: `"character"`, `"word"` or `"byte"`.
        is_given: Whether the units to show were asked for, rather than
            chosen because they vary most.
    """

    inputs: tuple[str, ...]
    hidden: list[np.ndarray]
    chosen: list[tuple[int, ...]]
    expected: np.ndarray
    probabilities: np.ndarray
    bits: np.ndarray
    unit: str = DEFAULT
    is_given: bool = False


def unroll(
    model: "Engine | keras.Sequential | os.PathLike | str",
    text: str | Sequence[int] | np.ndarray,
    *,
    units: Sequence[int] | None = None,
    count: int = 8,
    likeliest: int = 3,
    vocabulary: UnitVocabulary | None = None,
) -> Unrolled:
    """Reads a short text from the zero state, and keeps what each step did.

    `charrnn.draw_unrolled` draws the result.

    Args:
        model: A `charrnn.Engine`, anything that `charrnn.load` takes, or a
            Keras model.
        text: As for `charrnn.score`; 2 to 100 characters (words, bytes).
        units: The numbers of the units to show of each layer, the first is
            0; `None` for those whose h varies most over the text.
        count: How many units to show then.
        likeliest: How many of the likeliest next characters to keep.
        vocabulary: As for `charrnn.score`.

    Returns:
        An `Unrolled`.

    Raises:
        ValueError: as `charrnn.score` does, if the text is too long, or if a
            layer has no such unit.

    Example:

    >>> unrolled = unroll("shakespeare", "the king")
    >>> [h.shape for h in unrolled.hidden], unrolled.expected[-2].tolist()
    ([(8, 512), (8, 512)], ['g', 'd', 's'])

    Source: Elman 1990, "Finding structure in time"; the picture of a network
    unrolled in time is that of Rumelhart, Hinton and Williams 1986.
    """
    engine, ids, inputs = read_short(model, text, vocabulary, MAX_STEPS)
    layers, _ = engine.activations(ids[None])
    hidden = [layer["output"][0] for layer in layers]
    (logits,), _ = engine.run(ids[None])
    logits = logits.astype(np.float64)
    log_probabilities = logits - log_total(logits)[..., None]
    best = np.argsort(-log_probabilities, axis=-1, kind="stable")
    best = best[:, :likeliest]
    of_best = np.take_along_axis(log_probabilities, best, -1)
    steps = np.arange(len(ids) - 1)
    return Unrolled(
        inputs,
        hidden,
        [chosen_units(h, units, count) for h in hidden],
        names_of(engine.vocabulary)[best],
        np.exp(of_best),
        -log_probabilities[steps, ids[1:]] / np.log(2),
        engine.vocabulary.unit,
        units is not None,
    )
