"""Choose the network and its training for a text and a time limit."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from charrnn.network.arguments import embedding_dim
from charrnn.network.cells import CELLS
from charrnn.training.speed import recurrent_weights, speed_of

PRESETS = {"quick": 3, "good": 10, "best": 90}  # the maximum minutes

# What training must read at least for a layer of this size to end with a lower
# loss than the next smaller size: characters, counted in every pass, and passes
# over the text.
LEAST_READ_FOR_UNITS = {512: (4_000_000, 4), 256: (300_000, 0), 128: (0, 0)}

# With more distinct characters than this, as in Chinese or Japanese, a step
# spends most of its time on the logits: one layer reads the text more often
# than two, and learns more. Weight decay is better than dropout at keeping the
# network from memorizing rare characters.
MANY_CHARACTERS = 512
LEAST_READ_FOR_UNITS_OF_MANY = {512: (0, 12), 256: (0, 0)}
WEIGHT_DECAY_OF_MANY = 0.3
MIN_DROPOUT_OF_MANY = 0.1

# Maximum global norm of the gradients. Adam divides by their usual size, so a
# small norm only gives steps with large gradients less weight.
CLIP_NORM = 0.1

# AdamW's weight decay; biases do not decay.
WEIGHT_DECAY = 0.1

# Passes over a text of a million characters or more, and over a short one. In
# between, a text a quarter as long is read twice as often.
LONG_TEXT_EPOCHS, SHORT_TEXT_EPOCHS = 12, 24
MIN_STEPS = 600  # a very short text is read more often, to reach these steps


class Scale(NamedTuple):
    """Factors for what a recipe chooses."""

    rate: float = 1.0
    epochs: float = 1.0
    chances: float = 1.0  # as `dropout_for` counts them

    def epochs_for(self, characters: int, characters_per_step: int) -> int:
        """The number of passes, as the function `epochs_for` counts them."""
        return round(self.epochs * epochs_for(characters, characters_per_step))

    def rate_for(self, cell: str, units: int) -> float:
        """The peak learning rate."""
        return round(self.rate * rate_for(cell, units), 5)


# A trained network that learns another text loses what it knows at a high
# rate, and needs few passes.
FINE_TUNING = Scale(rate=2 / 3, epochs=1 / 3, chances=1 / 5)


def recommend(
    characters: int,
    *,
    distinct: int = 65,
    cell: str = "lstm",
    units: int | None = None,
    layers: int | None = None,
    dropout: float | None = None,
    embedding: int | str | None = "auto",
    batch_size: int | None = None,
    seq_length: int = 64,
    learning_rate: float | None = None,
    weight_decay: float | None = None,
    minutes: float | None = None,
    epochs: float | None = None,
    speed: Callable[[int], float] | None = None,
    is_trained: bool = False,
) -> dict[str, Any]:
    """Chooses the settings of network and training that are left open.

    A longer training can fill a larger network; more passes need more dropout.
    The trials behind the numbers are in docs/results.md.

    Args:
        characters: Length of the training text.
        distinct: The number of distinct characters.
        cell: `"simple_rnn"`, `"lstm"` or `"gru"`.
        units: Size of each recurrent layer; `None` leaves the choice open,
            as it does for the arguments that follow.
        layers: Number of recurrent layers.
        dropout: Fraction of each layer's outputs dropped.
        embedding: Size of the embedding, `None` for one-hot input, `"auto"`
            to leave it open.
        batch_size: Streams per batch.
        seq_length: Characters per window.
        learning_rate: Peak learning rate, after warm-up.
        weight_decay: AdamW's weight decay.
        minutes: Time for the training; `None` for no limit.
        epochs: Maximum number of passes over the text.
        speed: A function of units, as `speed.speed_of` returns it; `None` to
            measure.
        is_trained: Whether the network starts with the weights of a trained
            model (--init-from). Its rate is lower, and its passes are fewer.

    Returns:
        A `dict` of `layers`, `units`, `dropout`, `embedding`, `batch_size`,
        `learning_rate`, `weight_decay`, `epochs`.

    Example:

    >>> recommend(1_000_000, epochs=10)["units"]
    512
    """
    layers = layers or layers_for(distinct)
    batch_size = batch_size or int(np.clip(characters // 6000, 8, 32))
    scale = FINE_TUNING if is_trained else Scale()
    epochs = epochs or scale.epochs_for(characters, batch_size * seq_length)
    speed = speed or _measured_speed(cell, layers, distinct)
    passes = _passes_in(minutes, epochs, characters, speed)
    units = units or _units_for(cell, characters, distinct, passes)
    if dropout is None:
        weights = recurrent_weights(cell, layers, units) / characters
        dropout = dropout_for(scale.chances * passes(units) * weights, distinct)
    if weight_decay is None:
        weight_decay = weight_decay_for(distinct)
    return {
        "layers": layers,
        "units": units,
        "dropout": dropout,
        "embedding": embedding_dim(embedding, distinct),
        "batch_size": batch_size,
        "learning_rate": learning_rate or scale.rate_for(cell, units),
        "weight_decay": weight_decay,
        "epochs": epochs,
    }


def _measured_speed(
    cell: str, layers: int, distinct: int
) -> Callable[[int], float]:
    """The speed of this machine, which is measured when it is asked for."""
    measured = functools.cache(speed_of)
    return lambda units: measured(cell, layers, "float32", distinct)(units)


def _passes_in(
    minutes: float | None,
    epochs: float,
    characters: int,
    speed: Callable[[int], float],
) -> Callable[[int], float]:
    """A function of units: the passes over the text within the time limit."""

    def passes(units: int) -> float:
        if minutes is None:
            return epochs
        return min(epochs, 60 * minutes * speed(units) / characters)

    return passes


def _units_for(
    cell: str,
    characters: int,
    distinct: int,
    passes: Callable[[int], float],
) -> int:
    """The largest size of a layer that the training is long enough for."""
    many = distinct > MANY_CHARACTERS
    worth = LEAST_READ_FOR_UNITS_OF_MANY if many else LEAST_READ_FOR_UNITS
    return next(
        size
        for size, (least, least_passes) in worth.items()
        if passes(size) >= max(least_passes, least / characters)
        and size <= (CELLS[cell].largest_units or size)
    )


def layers_for(distinct: int) -> int:
    """The number of recurrent layers that learns most in a given time.

    Args:
        distinct: The number of distinct characters.

    Returns:
        A whole number.

    Example:

    >>> layers_for(65), layers_for(4532)
    (2, 1)
    """
    return 1 if distinct > MANY_CHARACTERS else 2


def epochs_for(characters: int, characters_per_step: int) -> int:
    """The number of passes over a text after which more do not help.

    Args:
        characters: Length of the training text.
        characters_per_step: The number of them that a step reads.

    Returns:
        A whole number.

    Example:

    >>> [epochs_for(characters, 2048) for characters in (10**5, 10**6, 10**7)]
    [24, 12, 12]
    """
    passes = LONG_TEXT_EPOCHS * (1e6 / characters) ** 0.5
    passes = np.clip(passes, LONG_TEXT_EPOCHS, SHORT_TEXT_EPOCHS)
    least = -(-characters_per_step * MIN_STEPS // characters)
    return max(round(float(passes)), least)


def weight_decay_for(distinct: int) -> float:
    """AdamW's weight decay for a text.

    Args:
        distinct: The number of distinct characters.

    Returns:
        A number.

    Example:

    >>> weight_decay_for(65), weight_decay_for(4532)
    (0.1, 0.3)
    """
    many = distinct > MANY_CHARACTERS
    return WEIGHT_DECAY_OF_MANY if many else WEIGHT_DECAY


def dropout_for(chances: float, distinct: int = 65) -> float:
    """The dropout that keeps a network from memorizing its text.

    Args:
        chances: Passes over the text, times weights per character of the text.
        distinct: The number of distinct characters.

    Returns:
        A number from 0 to 0.6.

    Example:

    >>> [dropout_for(chances) for chances in (1, 4, 32, 1000)]
    [0.0, 0.09, 0.45, 0.6]
    """
    least = MIN_DROPOUT_OF_MANY if distinct > MANY_CHARACTERS else 0.0
    return round(float(np.clip(0.12 * np.log2(chances / 2.4), least, 0.6)), 2)


def rate_for(cell: str, units: int) -> float:
    """The peak learning rate for a cell and a size.

    Args:
        cell: `"simple_rnn"`, `"lstm"` or `"gru"`.
        units: Size of a recurrent layer.

    Returns:
        A number.

    Example:

    >>> rate_for("lstm", 256), rate_for("lstm", 512)
    (0.012, 0.009)
    >>> rate_for("simple_rnn", 512)  # with 0.008 it does not learn
    0.002
    """
    known = CELLS[cell]
    rate = known.rate * known.rate_units**known.rate_power
    return min(known.highest_rate, round(rate / units**known.rate_power, 5))
