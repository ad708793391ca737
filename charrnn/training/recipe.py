"""Choose the network and its training for a text and a time limit."""

from collections.abc import Callable
from typing import Any, NamedTuple

from charrnn.network.arguments import embedding_dim
from charrnn.training.rules import (
    LONG_TEXT_EPOCHS,
    MANY_CHARACTERS,
    STUDENT_CHANCES,
    STUDENT_EPOCHS,
    STUDENT_UNITS,
    dropout_for,
    epochs_for,
    largest_units,
    layers_for,
    rate_factor,
    rate_for,
    streams_for,
    weight_decay_for,
)
from charrnn.training.speed import recurrent_weights, speed_of

# The maximum minutes. "record" trains several networks in that time, and one
# that learns from them: see `record`.
PRESETS = {"quick": 3, "good": 10, "best": 90, "record": 90}


class Scale(NamedTuple):
    """Factors for what a recipe chooses."""

    rate: float | None = None  # `None`: as `rate_factor` has it
    epochs: float = 1.0
    chances: float = 1.0  # as `dropout_for` counts them
    units: float = 1.0  # where there is time to use more

    def passes(self, *text: Any) -> int:
        """The number of passes, as `epochs_for` counts them."""
        return round(self.epochs * epochs_for(*text))

    def dropout_for(self, chances: float, *text: Any) -> float:
        """The dropout."""
        return dropout_for(self.chances * chances, *text)

    def units_for(
        self,
        cell: str,
        characters: int,
        distinct: int,
        passes: Callable[[int], float],
        unit: str,
    ) -> int:
        """The size of a layer, as `largest_units`, or a multiple of 16."""
        units = largest_units(cell, characters, distinct, passes, unit)
        scaled = 16 * round(self.units * units / 16)
        is_tried = distinct <= MANY_CHARACTERS and unit != "word"
        pays = is_tried and passes(scaled) >= LONG_TEXT_EPOCHS
        return scaled if pays else units

    def rate_for(
        self, cell: str, units: int, passes: float, distinct: int, unit: str
    ) -> float:
        """The peak learning rate."""
        factor = self.rate or rate_factor(cell, passes, distinct, unit)
        return round(factor * rate_for(cell, units), 5)


NEW = Scale()
# A trained network that learns another text loses what it knows at a high
# rate, and needs few passes.
FINE_TUNING = Scale(rate=2 / 3, epochs=1 / 3, chances=1 / 5)
# What teachers expect can be learnt for longer than a text.
STUDENT = Scale(
    epochs=STUDENT_EPOCHS, chances=1 / STUDENT_CHANCES, units=STUDENT_UNITS
)


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
    scale: Scale = NEW,
    unit: str = "character",
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
        scale: `NEW`, `FINE_TUNING` for a network with the weights of a
            trained model (--init-from), or `STUDENT` for one that learns from
            others (--teachers).
        unit: `"character"`, `"word"` or `"byte"`. For a text of words, count
            words where this speaks of characters.

    Returns:
        A `dict` of `layers`, `units`, `dropout`, `embedding`, `batch_size`,
        `learning_rate`, `weight_decay`, `epochs`.

    Example:

    >>> recommend(1_000_000, epochs=10)["units"]
    512
    """
    layers = layers or layers_for(distinct)
    batch_size = batch_size or streams_for(characters, unit)
    epochs = epochs or scale.passes(characters, batch_size * seq_length, unit)
    speed = speed or speed_of(cell, layers, "float32", distinct, batch_size)
    passes = _passes_in(minutes, epochs, characters, speed)
    units = units or scale.units_for(cell, characters, distinct, passes, unit)
    if dropout is None:
        weights = recurrent_weights(cell, layers, units) / characters
        dropout = scale.dropout_for(passes(units) * weights, distinct, unit)
    decay = weight_decay_for(distinct) if weight_decay is None else weight_decay
    return {
        "layers": layers,
        "units": units,
        "dropout": dropout,
        "embedding": embedding_dim(embedding, distinct),
        "batch_size": batch_size,
        "learning_rate": learning_rate
        or scale.rate_for(cell, units, passes(units), distinct, unit),
        "weight_decay": decay,
        "epochs": epochs,
    }


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
