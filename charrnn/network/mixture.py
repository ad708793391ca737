"""Run several models as one: average or multiply what they predict.

Each model reads the same text in units of its own and keeps its own state. A
unit of the mixture is one that any of the models writes; in a product, one that
all of them write, because any other has the probability 0:

    ids -> ids of model 1 -> its probabilities -+
        -> ids of model 2 -> its probabilities -+-> those of the mixture
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from charrnn.network.engine import Engine, Ids
from charrnn.network.loading import Model, engine_of
from charrnn.network.mixing import (
    AVERAGE,
    PRODUCT,
    Weight,
    average,
    normalized,
    product,
)
from charrnn.network.recurrent import NetworkState
from charrnn.network.translated import Translated
from charrnn.text.union import united
from charrnn.text.units import UnitVocabulary
from charrnn.text.vocabulary import check_ids

if TYPE_CHECKING:
    import keras

MIX = {AVERAGE: average, PRODUCT: product}


class Mixture(Engine):
    """Several models that write and score as one.

    It is an `Engine`: `charrnn.Sampler`, `charrnn.score` and the other
    functions that read or write a text take it as a model. A model that does
    not know a character of the text reads a similar one, as
    `charrnn.text.union.readings` says.

    Args:
        models: At least one, in any form that `charrnn.score` takes: of the
            same unit, and all of endless text or of documents divided alike.
        weights: One for each model; `None` for equal ones. They are divided by
            the sum of those above 0. A pair `(begin, end)` moves along the
            text that is drawn, as `over` says.
        by: `"average"`: p = sum of w p_i. A character that a model does not
            know has the probability 0 there. `"product"`: log p = sum of
            w log p_i, scaled; only the characters that all models know are
            read and written. There, a negative weight is a contrast: what its
            model expects becomes less likely; a character that it does not
            know counts as the least likely that it knows.
        over: The number of units drawn after which weights have moved from
            their beginning to their end; needed if one is a pair. They move
            with each `step`. What `run` and `read` read, such as a prompt,
            does not move them.
        over_in: `"units"`, or `"characters"` to count those.

    Attributes:
        models: An `Engine` for each model.
        weights: After the division, `(2, models)`: at the beginning, and at
            the end.
        by: As given.

    Raises:
        ValueError: if the models cannot be mixed, or the weights are out of
            range.
        OSError: if a file cannot be read.

    Example:

    >>> from charrnn import Sampler
    >>> mixture = Mixture(["shakespeare", "shakespeare"], [0.9, 0.1])
    >>> mixture
    Mixture(average of 2 models, 69 characters, 6,653,066 parameters)
    >>> len(Sampler(mixture).generate("O", length=10)[0].text)
    10
    """

    def __init__(
        self,
        models: Sequence[Model],
        weights: Sequence[Weight] | None = None,
        *,
        by: str = AVERAGE,
        over: int | None = None,
        over_in: str = "units",
    ) -> None:
        if not models:
            raise ValueError("Expected at least one model. Received none.")
        self.models = [engine_of(model, for_text=True) for model in models]
        self.weights = normalized(weights, len(self.models), by)
        self.by = by
        self.moves = bool((self.weights[0] != self.weights[1]).any())
        if self.moves and (over is None or over < 1):
            raise ValueError(
                "Expected `over`, the number of units along which the weights "
                f"move. Received {over!r}."
            )
        self._last = max(1, (over or 1) - 1)  # the position of the last unit
        self.vocabulary = self._united()
        self._parts = [
            Translated(e, self.vocabulary, self.by) for e in self.models
        ]
        self._lengths = np.ones(len(self.vocabulary))
        if over_in == "characters":
            self._lengths = self.vocabulary.lengths.astype(np.float64)
        self.layers = [each for e in self.models for each in e.layers]
        self.facts = self.models[0].facts
        self.parameters = sum(engine.parameters for engine in self.models)

    def _united(self) -> UnitVocabulary:
        """The vocabulary of what is read and written."""
        used = [
            engine.vocabulary
            for engine, weight in zip(self.models, self.weights.T, strict=True)
            if weight.max() > 0
        ]
        # Models of other units are refused, even those of the weight 0.
        united([engine.vocabulary for engine in self.models])
        return united(used, in_all=self.by == PRODUCT)

    def __repr__(self) -> str:
        units = f"{len(self.vocabulary):,} {self.vocabulary.plural}"
        return (
            f"Mixture({self.by} of {len(self.models)} models, {units}, "
            f"{self.parameters:,} parameters)"
        )

    def zero_state(self, batch_size: int) -> NetworkState:
        """Returns the state before the first unit.

        Args:
            batch_size: Number of sequences.

        Returns:
            The states of all models, one after another; and if the weights
            move, the number of units drawn, `(batch, 1)`.
        """
        states = [s for e in self.models for s in e.zero_state(batch_size)]
        if self.moves:
            states.append((np.zeros((batch_size, 1)),))
        return states

    def step(
        self, ids: Ids, state: NetworkState
    ) -> tuple[np.ndarray, NetworkState]:
        """Reads one unit of each sequence; weights move on.

        Args:
            ids: As for `Engine.step`.
            state: As for `Engine.step`.

        Returns:
            `(logits, state)`, as `Engine.step` does; the logits are the
            logarithms of the probabilities.

        Raises:
            ValueError: if an id lies outside the vocabulary.
        """
        return self._mixed("step", ids, state)

    def run(
        self, ids: Ids, state: NetworkState | None = None
    ) -> tuple[np.ndarray, NetworkState]:
        """Reads whole sequences, with the weights where they are.

        Args:
            ids: As for `Engine.run`.
            state: As for `Engine.run`.

        Returns:
            `(logits, state)`, as `Engine.run` does.

        Raises:
            ValueError: if an id lies outside the vocabulary.
        """
        return self._mixed("run", ids, state)

    def read(
        self, ids: Ids, state: NetworkState | None = None
    ) -> tuple[np.ndarray, NetworkState]:
        """Reads whole sequences, for the logits after the last unit.

        Args:
            ids: As for `Engine.read`.
            state: As for `Engine.read`.

        Returns:
            `(logits, state)`, as `Engine.read` does.

        Raises:
            ValueError: if an id lies outside the vocabulary.
        """
        return self._mixed("read", ids, state)

    def activations(
        self, ids: Ids, state: NetworkState | None = None
    ) -> NoReturn:
        """Raises a ValueError: activations are those of one model."""
        raise ValueError(f"Expected one model. Received {self!r}.")

    def to_keras(self) -> "keras.Sequential":
        """Raises a ValueError: a mixture is not one Keras model."""
        raise ValueError(f"Expected one model. Received {self!r}.")

    def layer_weights(self) -> NoReturn:
        """Raises a ValueError, as `to_keras` does."""
        raise ValueError(f"Expected one model. Received {self!r}.")

    def _mixed(
        self,
        way: str,
        ids: Ids,
        state: NetworkState | None,
    ) -> tuple[np.ndarray, NetworkState]:
        """Has each model read ids, and mixes what they predict.

        Args:
            way: The method of an engine with which they read. Weights move on
                with a step.
            ids: Those of the mixture.
            state: The state before; `None` for that before the first unit.
        """
        ids = np.asarray(ids)
        check_ids(ids, len(self.vocabulary))
        state = state or self.zero_state(len(ids))
        predictions, after, begin = [], [], 0
        for part in self._parts:
            end = begin + part.states
            prediction, own = part.predicted(way, ids, state[begin:end])
            predictions.append(prediction)
            after += own
            begin = end
        weights: Sequence[np.ndarray] = self.weights[0]
        if self.moves:
            ((position,),) = state[begin:]
            if way == "step":
                position = position + self._lengths[ids][:, None]
            after.append((position,))
            weights = self._weights_at(position, predictions[0].ndim)
        mixed = MIX[self.by](predictions, weights)
        return mixed.astype(np.float32), after

    def _weights_at(self, position: np.ndarray, ndim: int) -> list[np.ndarray]:
        """The weights at the position of each sequence, `(batch, 1)`."""
        share = np.minimum(position / self._last, 1)
        share = share.reshape(len(position), *[1] * (ndim - 1))
        begin, end = self.weights
        return [b + share * (e - b) for b, e in zip(begin, end, strict=True)]
