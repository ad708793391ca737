"""Networks of random weights, and random texts for them to score."""

import numpy as np

from charrnn.network.engine import Engine
from charrnn.text.vocabulary import Vocabulary

LETTERS = "".join(map(chr, range(ord("a"), ord("z") + 1)))


def engine_of(
    vocabulary=LETTERS,
    cell="LSTM",
    units=8,
    recurrence=1.0,
    seed=0,
    layers=1,
    embedding=None,
):
    """A network of random weights; `recurrence=0` cuts the states off.

    The vocabulary is one of any unit, or a `str` of characters.
    """
    random = np.random.default_rng(seed)
    if isinstance(vocabulary, str):
        vocabulary = Vocabulary(vocabulary)
    size = len(vocabulary)
    gates = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}[cell] * units
    bias = (2, gates) if cell == "GRU" else (gates,)

    def weights(*shape):
        return random.normal(0, 0.5, shape).astype(np.float32)

    found, inputs = [], size
    if embedding:
        found.append(("Embedding", {}, [weights(size, embedding)]))
        inputs = embedding
    for _ in range(layers):
        recurrent = recurrence * weights(units, gates)
        arrays = [weights(inputs, gates), recurrent, weights(*bias)]
        found.append((cell, {}, arrays))
        inputs = units
    dense_arrays = [4 * weights(units, size), weights(size)]
    return Engine([*found, ("Dense", {}, dense_arrays)], vocabulary)


def text_of(length, characters=LETTERS, seed=0):
    random = np.random.default_rng(seed)
    return "".join(random.choice(list(characters), length))
