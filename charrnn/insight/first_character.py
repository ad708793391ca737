"""Train tiny networks to remember a first character: which cells can."""

import string
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from charrnn.network.cells import CELLS
from charrnn.network.model import build_model

LETTERS = string.ascii_lowercase  # chance is 1 in 26
BATCH_SIZE = 64
TEST_TEXTS = 512
LEARNING_RATE = 0.01


def first_character(
    *,
    cells: Sequence[str] = tuple(CELLS),
    distance: int = 40,
    units: int = 20,
    steps: int = 500,
    seed: int = 0,
    watch: Callable[[Iterable], Iterable] = iter,
) -> dict[str, np.ndarray]:
    """Trains a network of each cell on a task that is only memory.

    The texts are random letters. After each letter the network is asked for
    the first one of the text, so that it must keep it for a longer and longer
    time while other letters arrive. All cells get the same texts, the same
    number of units and the same training: half a minute on one core. With
    these settings SimpleRNN and LSTM know it 95 and 100 times of 100 at once,
    but 39 and 100 times after 10 more letters.

    Args:
        cells: Names in `CELLS`, such as `"lstm"`.
        distance: How many letters follow the first one.
        units: Size of the one layer of each network.
        steps: Training steps, each on 64 new texts.
        seed: Of the weights and the texts.
        watch: Wraps the loop over cells, for a progress bar:
            `rich.progress.track`, for example.

    Returns:
        For each cell the accuracy on 512 new texts after 0, 1, 2, ... more
        letters, `(distance + 1,)`. Chance is 1 in 26.

    Raises:
        ValueError: if there is no such cell, or a number is too small.

    Example:

    `first_character()["lstm"][40]` is an LSTM's accuracy after 40 letters.

    >>> first_character(cells=["rnn"])
    Traceback (most recent call last):
    ValueError: Expected cells among ['simple_rnn', ... Received 'rnn'.

    Source: Hochreiter and Schmidhuber 1997, "Long short-term memory",
    experiment 2; Bengio, Simard and Frasconi 1994, "Learning long-term
    dependencies with gradient descent is difficult".
    """
    _check(cells, distance, units, steps)
    random = np.random.default_rng(seed)
    training = _texts(random, steps * BATCH_SIZE, distance)
    new = _texts(random, TEST_TEXTS, distance)
    return {
        cell: _accuracy(cell, training, new, units, seed)
        for cell in watch(cells)
    }


def _check(cells: Sequence[str], distance: int, units: int, steps: int) -> None:
    unknown = [cell for cell in cells if cell not in CELLS]
    if unknown:
        raise ValueError(
            f"Expected cells among {list(CELLS)}. Received {unknown[0]!r}."
        )
    if min(distance, units, steps) < 1:
        raise ValueError(
            "Expected a distance, units and steps of 1 or more. Received "
            f"{distance}, {units} and {steps}."
        )


def _texts(
    random: np.random.Generator, count: int, distance: int
) -> np.ndarray:
    shape = count, distance + 1
    return random.integers(len(LETTERS), size=shape, dtype=np.int32)


def _accuracy(
    cell: str, training: np.ndarray, new: np.ndarray, units: int, seed: int
) -> np.ndarray:
    """Trains a network; returns how often it is right, by distance."""
    # Imported here because it loads Keras, which slows down `--help`.
    from charrnn.network.backend import keras, set_random_seed, use_float32

    use_float32()
    set_random_seed(seed)
    model = build_model(LETTERS, cell=cell, units=units, layers=1, dropout=0.0)
    model.compile(
        keras.optimizers.Adam(LEARNING_RATE, global_clipnorm=1.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(
        training,
        np.broadcast_to(training[:, :1], training.shape),
        batch_size=BATCH_SIZE,
        shuffle=False,
        verbose=0,
    )
    said = np.asarray(model(new)).argmax(-1)
    return (said == new[:, :1]).mean(0)
