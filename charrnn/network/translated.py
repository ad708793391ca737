"""Run a model on ids of a larger vocabulary, that of a mixture."""

import numpy as np

from charrnn.network.engine import Engine
from charrnn.network.mixing import PRODUCT, log_probabilities
from charrnn.network.recurrent import NetworkState
from charrnn.text.union import readings, shared
from charrnn.text.units import UnitVocabulary


class Translated:
    """A model that reads and predicts the units of another vocabulary.

    Args:
        engine: The model.
        vocabulary: The other vocabulary, of the same unit.
        by: How the predictions are mixed, one of `mixing.WAYS`. For an average
            a unit that the model does not know has the probability 0, for a
            product that of the least likely unit.

    Attributes:
        states: The number of states that the model keeps, one a layer.

    Example:

    >>> from charrnn import Vocabulary, load
    >>> vocabulary = Vocabulary("aöo")
    >>> model = Translated(load("shakespeare"), vocabulary, "average")
    >>> state = model.zero_state(2)
    >>> p, state = model.predicted("step", np.array([0, 1]), state)
    >>> p.shape, p[0, 1]
    ((2, 3), np.float64(-inf))
    """

    def __init__(
        self, engine: Engine, vocabulary: UnitVocabulary, by: str
    ) -> None:
        self.zero_state = engine.zero_state
        self.states = len(engine.zero_state(1))
        self._engine = engine
        self._size = len(vocabulary)
        self._by = by
        self._ids, self._spellings = readings(vocabulary, engine.vocabulary)
        self._is_spelled = np.zeros(self._size, bool)
        self._is_spelled[list(self._spellings)] = True
        self._ours, self._theirs = shared(vocabulary, engine.vocabulary)

    def predicted(
        self, way: str, ids: np.ndarray, state: NetworkState
    ) -> tuple[np.ndarray, NetworkState]:
        """Reads ids of the larger vocabulary.

        Args:
            way: The method of an engine with which to read: `"step"`, `"run"`
                or `"read"`.
            ids: Integers of the shape that the method takes.
            state: The model's state before.

        Returns:
            `(predictions, state)`: the logarithms of the probabilities that the
            model gives to the units of the larger vocabulary, in the place of
            the method's logits, and the state after.
        """
        if self._is_spelled[ids].any():
            logits, state = self._spelled(way, ids, state)
        else:
            logits, state = getattr(self._engine, way)(self._ids[ids], state)
        own = log_probabilities(logits)[..., self._theirs]
        predictions = np.empty((*own.shape[:-1], self._size))
        predictions[:] = -np.inf
        if self._by == PRODUCT:
            predictions[:] = own.min(-1, keepdims=True)
        predictions[..., self._ours] = own
        return predictions, state

    def _spelled(
        self, way: str, ids: np.ndarray, state: NetworkState
    ) -> tuple[np.ndarray, NetworkState]:
        """Reads ids some of which are several ids of the model.

        Sequences may then differ in their length: each is read by itself.
        """
        found = []
        for row, own in enumerate(ids.reshape(len(ids), -1)):
            before = [tuple(a[row : row + 1] for a in s) for s in state]
            found.append(self._spelled_row(own, before))
        logits = np.concatenate([logits for logits, _ in found])
        states = zip(*(state for _, state in found), strict=True)
        after = [
            tuple(np.concatenate(arrays) for arrays in zip(*s, strict=True))
            for s in states
        ]
        return (logits if way == "run" else logits[:, -1]), after

    def _spelled_row(
        self, ids: np.ndarray, state: NetworkState
    ) -> tuple[np.ndarray, NetworkState]:
        """Reads one sequence; returns the logits after each of its units."""
        parts = [self._spellings.get(i, self._ids[[i]]) for i in ids.tolist()]
        ends = np.cumsum([len(part) for part in parts]) - 1
        logits, state = self._engine.run(np.concatenate(parts)[None], state)
        return logits[:, ends], state
