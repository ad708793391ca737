"""The rules of the recipe: what trials found to suit a text and a network."""

from collections.abc import Callable

import numpy as np

from charrnn.network.cells import CELLS
from charrnn.network.choice import trains_on_gpu

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

# A text has a quarter as many words as characters, and a network of words has
# learnt what it can in a few passes. Small steps, and many of them, pay more
# than with characters.
LEAST_READ_FOR_UNITS_OF_WORDS = {512: (0, 4), 256: (0, 0)}
EPOCHS_OF_WORDS = 6
WORDS_PER_STREAM = 16_000

# Dropout, by the chances to memorize the text that `dropout_for` describes:
# none up to a number of them, and how much more for each doubling. Words need
# none as long as weight decay is enough, then soon as much as characters.
DROPOUT_PER_DOUBLING, CHANCES_WITHOUT_DROPOUT = 0.12, 2.4
DROPOUT_PER_DOUBLING_OF_WORDS, CHANCES_WITHOUT_DROPOUT_OF_WORDS = 0.18, 4.8
MAX_DROPOUT = 0.6

# On a GPU, more units are worth their time where this much is read: ten times
# as much as for half of the units, as from 256 to 512.
LEAST_READ_ON_GPU = {1024: (40_000_000, 4), **LEAST_READ_FOR_UNITS}

# Streams of a batch, and the characters of the text for each. On a GPU a step
# of 256 streams takes hardly longer than one of 32, but learns from a text in
# fewer steps: more streams are for longer texts.
MAX_STREAMS, CHARACTERS_PER_STREAM = 32, 6000
MAX_STREAMS_ON_GPU, CHARACTERS_PER_STREAM_ON_GPU = 256, 100_000

# Maximum global norm of the gradients. Adam divides by their usual size, so a
# small norm only gives steps with large gradients less weight.
CLIP_NORM = 0.1

# AdamW's weight decay; biases do not decay.
WEIGHT_DECAY = 0.1

# An LSTM that reads few distinct characters learns most at higher rates than
# other networks, the more so the fewer passes over the text there are.
FEW_AND_MANY_PASSES, RATE_FACTORS = (2.5, 12), (3.0, 1.5)

# Passes over a text of a million characters or more, and over a short one. In
# between, a text a quarter as long is read twice as often.
LONG_TEXT_EPOCHS, SHORT_TEXT_EPOCHS = 12, 24
MIN_STEPS = 600  # a very short text is read more often, to reach these steps

# A student reads the text this many times as often as other networks,
# overfits so much less that these chances to memorize it count as one, and can
# use more units: 320 instead of 256, 624 instead of 512.
STUDENT_EPOCHS, STUDENT_CHANCES, STUDENT_UNITS = 5 / 3, 5, 1.22

# Of --preset record: how many teachers are trained, and how many if there is
# time; their share of the time; and the least time to train any.
TEACHERS, MAX_TEACHERS = 3, 5
TEACHERS_SHARE = 0.55
MIN_MINUTES_OF_TEACHERS = 10


def largest_units(
    cell: str,
    characters: int,
    distinct: int,
    passes: Callable[[int], float],
    unit: str = "character",
) -> int:
    """The largest size of a layer that a training is long enough for.

    Args:
        cell: `"simple_rnn"`, `"lstm"` or `"gru"`.
        characters: Length of the training text.
        distinct: The number of distinct characters.
        passes: A function of units: the passes over the text in the time.
        unit: `"character"`, `"word"` or `"byte"`. For a text of words, count
            words where this speaks of characters.

    Returns:
        A number of units.

    Example:

    >>> [largest_units("lstm", 10**6, 65, lambda units: n) for n in (0.1, 9)]
    [128, 512]
    """
    worth = LEAST_READ_ON_GPU if trains_on_gpu() else LEAST_READ_FOR_UNITS
    if distinct > MANY_CHARACTERS:
        worth = LEAST_READ_FOR_UNITS_OF_MANY
    if unit == "word":
        worth = LEAST_READ_FOR_UNITS_OF_WORDS
    return next(
        size
        for size, (least, least_passes) in worth.items()
        if passes(size) >= max(least_passes, least / characters)
        and size <= (CELLS[cell].largest_units or size)
    )


def streams_for(characters: int, unit: str = "character") -> int:
    """The number of streams to read a text in.

    Args:
        characters: Length of the training text.
        unit: As for `largest_units`.

    Returns:
        A whole number.

    Example:

    >>> [streams_for(characters) for characters in (10**4, 10**5, 10**8)]
    [8, 16, 32]
    """
    each = WORDS_PER_STREAM if unit == "word" else CHARACTERS_PER_STREAM
    few = np.clip(characters // each, 8, MAX_STREAMS)
    if not trains_on_gpu():
        return int(few)
    many = characters // CHARACTERS_PER_STREAM_ON_GPU
    return int(np.clip(many // 8 * 8, few, MAX_STREAMS_ON_GPU))


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


def epochs_for(
    characters: int, characters_per_step: int, unit: str = "character"
) -> int:
    """The number of passes over a text after which more do not help.

    Args:
        characters: Length of the training text.
        characters_per_step: The number of them that a step reads.
        unit: As for `largest_units`.

    Returns:
        A whole number.

    Example:

    >>> [epochs_for(characters, 2048) for characters in (10**5, 10**6, 10**7)]
    [24, 12, 12]
    """
    passes = LONG_TEXT_EPOCHS * (1e6 / characters) ** 0.5
    passes = np.clip(passes, LONG_TEXT_EPOCHS, SHORT_TEXT_EPOCHS)
    if unit == "word":
        passes = EPOCHS_OF_WORDS
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


def dropout_for(
    chances: float, distinct: int = 65, unit: str = "character"
) -> float:
    """The dropout that keeps a network from memorizing its text.

    Args:
        chances: Passes over the text, times weights per character of the text.
        distinct: The number of distinct characters.
        unit: As for `largest_units`.

    Returns:
        A number from 0 to 0.6.

    Example:

    >>> [dropout_for(chances) for chances in (1, 4, 32, 1000)]
    [0.0, 0.09, 0.45, 0.6]
    >>> [dropout_for(chances, 8000, "word") for chances in (1, 4, 16, 1000)]
    [0.0, 0.0, 0.31, 0.6]
    """
    least, rise = 0.0, DROPOUT_PER_DOUBLING
    without = CHANCES_WITHOUT_DROPOUT
    if unit == "word":
        rise = DROPOUT_PER_DOUBLING_OF_WORDS
        without = CHANCES_WITHOUT_DROPOUT_OF_WORDS
    elif distinct > MANY_CHARACTERS:
        least = MIN_DROPOUT_OF_MANY
    wanted = rise * np.log2(chances / without)
    return round(float(np.clip(wanted, least, MAX_DROPOUT)), 2)


def rate_factor(
    cell: str, passes: float, distinct: int = 65, unit: str = "character"
) -> float:
    """What to multiply `rate_for` by for a new network and its text.

    Args:
        cell: `"simple_rnn"`, `"lstm"` or `"gru"`.
        passes: Over the text.
        distinct: The number of distinct characters.
        unit: As for `largest_units`.

    Returns:
        A number of at least 1.

    Example:

    >>> [round(rate_factor("lstm", passes), 2) for passes in (2, 8, 12)]
    [3.0, 1.89, 1.5]
    """
    if cell != "lstm" or unit == "word" or distinct > MANY_CHARACTERS:
        return 1.0
    few, many = FEW_AND_MANY_PASSES
    done = np.log(np.clip(passes, few, many) / few) / np.log(many / few)
    highest, lowest = RATE_FACTORS
    return float(highest + (lowest - highest) * done)


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
