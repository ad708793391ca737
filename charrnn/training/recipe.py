"""Choose a network and its training by the text and the time."""

import time

import numpy as np

from charrnn.network.arguments import embedding_dim
from charrnn.network.cells import CELLS

PRESETS = {"quick": 3, "good": 10, "best": 90}  # minutes at most

# Sizes of a layer, and what training must read for that size to end lower than
# the next: characters, those of all passes counted, and passes.
WORTH = {512: (4_000_000, 4), 256: (300_000, 0), 128: (0, 0)}

# From this many distinct characters on, as in Chinese or Japanese, most of a
# step is spent on the logits. One layer then reads the text more often than
# two, and learns more. Rare characters are learnt by heart before others are
# learnt at all, and weight decay keeps them from it better than dropout.
MANY_CHARACTERS = 512
WORTH_OF_MANY = {512: (0, 12), 256: (0, 0)}
WEIGHT_DECAY_OF_MANY = 0.3
LEAST_DROPOUT_OF_MANY = 0.1

GATE_SECONDS = 1e-8  # of a gate's arithmetic, besides the matrix products
LOGIT_SECONDS = 5e-9  # of a logit's, there and back

# The largest norm of all gradients together. Adam divides it out again, so
# that small ones only take away the weight of steps with large gradients.
CLIP_NORM = 0.1

# What weights, but not biases, lose in a step, in parts of the learning rate.
WEIGHT_DECAY = 0.1

# Passes over a text of a million characters or more, and over a short one;
# in between a text four times shorter bears twice the passes.
LONG_TEXT_EPOCHS, SHORT_TEXT_EPOCHS = 12, 24
FEWEST_STEPS = 600  # but a very short text needs so many


def choose(
    characters,
    *,
    distinct=65,
    cell="lstm",
    units=None,
    layers=None,
    dropout=None,
    embedding="auto",
    batch_size=None,
    seq_length=64,
    learning_rate=None,
    weight_decay=None,
    minutes=None,
    epochs=None,
    speed=None,
):
    """Chooses what a user leaves open.

    A longer training bears a larger network, and more passes over the same
    text need more dropout. docs/results.md has the trials behind the numbers.

    Args:
        characters: Length of the training text.
        distinct: How many different characters there are.
        cell: `"simple_rnn"`, `"lstm"` or `"gru"`.
        units: Size of each recurrent layer; like all that follow `None` to
            be chosen here.
        layers: Number of recurrent layers.
        dropout: Fraction of each layer's outputs dropped.
        embedding: Size of the embedding, `None` for one-hot input, or
            `"auto"` to be chosen here.
        batch_size: Streams per batch.
        seq_length: Characters per window.
        learning_rate: The highest, after warm-up.
        weight_decay: What weights lose in a step, in parts of the rate.
        minutes: Time for the training; `None` for as long as it takes.
        epochs: Passes over the text at most.
        speed: Characters per second, a function of `units`, where there are
            minutes: such as `speed_of` returns it.

    Returns:
        A `dict` with `layers`, `units`, `dropout`, `embedding`, `batch_size`,
        `learning_rate`, `weight_decay` and `epochs`.

    Example:

    >>> choose(1_000_000, epochs=10)["units"]
    512
    """
    many = distinct > MANY_CHARACTERS
    layers = layers or layers_for(distinct)
    if batch_size is None:
        batch_size = int(np.clip(characters // 6000, 8, 32))
    if epochs is None:
        epochs = epochs_for(characters, batch_size * seq_length)

    def passes(units):
        """Over the text, in the time there is."""
        if minutes is None:
            return epochs
        return min(epochs, 60 * minutes * speed(units) / characters)

    if units is None:
        worth = WORTH_OF_MANY if many else WORTH
        units = next(
            size
            for size, (least, least_passes) in worth.items()
            if passes(size) >= max(least_passes, least / characters)
            and size <= (CELLS[cell].largest_units or size)
        )
    if dropout is None:
        weights = _recurrent_weights(cell, layers, units)
        dropout = dropout_for(passes(units) * weights / characters)
        if many:
            dropout = max(LEAST_DROPOUT_OF_MANY, dropout)
    if learning_rate is None:
        learning_rate = rate_for(cell, units)
    if weight_decay is None:
        weight_decay = WEIGHT_DECAY_OF_MANY if many else WEIGHT_DECAY
    return {
        "layers": layers,
        "units": units,
        "dropout": dropout,
        "embedding": embedding_dim(embedding, distinct),
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "epochs": epochs,
    }


def layers_for(distinct):
    """The number of recurrent layers that learns most in the same time.

    Args:
        distinct: How many different characters there are.

    Returns:
        A whole number.

    Example:

    >>> layers_for(65), layers_for(4532)
    (2, 1)
    """
    return 1 if distinct > MANY_CHARACTERS else 2


def epochs_for(characters, characters_per_step):
    """The passes over a text after which more bring nothing.

    Args:
        characters: Length of the training text.
        characters_per_step: How many of them a step reads.

    Returns:
        A whole number.

    Example:

    >>> [epochs_for(characters, 2048) for characters in (10**5, 10**6, 10**7)]
    [24, 12, 12]
    """
    passes = LONG_TEXT_EPOCHS * (1e6 / characters) ** 0.5
    passes = np.clip(passes, LONG_TEXT_EPOCHS, SHORT_TEXT_EPOCHS)
    least = -(-characters_per_step * FEWEST_STEPS // characters)
    return max(round(float(passes)), least)


def dropout_for(chances):
    """The dropout that keeps a network from learning its text by heart.

    Args:
        chances: Passes over the text, times weights per character of it.

    Returns:
        A number from 0 to 0.6.

    Example:

    >>> [dropout_for(chances) for chances in (1, 4, 32, 1000)]
    [0.0, 0.09, 0.45, 0.6]
    """
    return round(float(np.clip(0.12 * np.log2(chances / 2.4), 0, 0.6)), 2)


def rate_for(cell, units):
    """The learning rate that a cell of a size bears.

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


def speed_of(cell, layers, precision, distinct=65):
    """Measures how fast this machine will train.

    Times a matrix product, of which training consists for the most part: a
    step takes six floating-point operations for each weight and character,
    two in the forward pass and four in the backward one.

    Args:
        cell: `"simple_rnn"`, `"lstm"` or `"gru"`.
        layers: Number of recurrent layers.
        precision: `"float32"` or `"bfloat16"`.
        distinct: How many different characters there are.

    Returns:
        A function that estimates characters per second from units.

    Example:

    >>> speed = speed_of("lstm", layers=2, precision="float32")
    >>> speed(512) < speed(256)
    True
    """
    operations = _operations_per_second(precision)
    blocks = len(CELLS[cell].blocks)

    def speed(units):
        weights = _recurrent_weights(cell, layers, units) + units * distinct
        products = 6 * weights / operations
        arithmetic = GATE_SECONDS * blocks * layers * units
        return 1 / (products + arithmetic + LOGIT_SECONDS * distinct)

    return speed


def _recurrent_weights(cell, layers, units):
    """How many weights the layers have, but for those of the first input."""
    return len(CELLS[cell].blocks) * (2 * layers - 1) * units**2


def _operations_per_second(precision):
    """Of a matrix product, the best of ten."""
    from charrnn.network.backend import keras  # here: it takes seconds

    rows, inner, columns = 256, 512, 2048
    a = keras.ops.ones((rows, inner), precision)
    b = keras.ops.ones((inner, columns), precision)
    seconds = []
    for _ in range(10):
        start = time.perf_counter()
        keras.ops.convert_to_numpy(keras.ops.matmul(a, b))
        seconds.append(time.perf_counter() - start)
    return 2 * rows * inner * columns / min(seconds)
