"""Run the units of a model through an automaton, letter by letter."""

import functools

import numpy as np

from charrnn.text.units import UnitVocabulary
from charrnn.text.word_vocabulary import WordVocabulary
from charrnn.writing.alphabets import alphabet_of
from charrnn.writing.automata import BLOCKED, LEFT

NO_LETTER = -1


class UnitRuns:
    """Where each unit of a vocabulary leads from a state of an automaton.

    Of a model of words, many words are spelled with letters that the automaton
    does not tell apart. They are followed once.

    Args:
        table: Of the automaton: `(states, letters)`.
        vocabulary: That of the model.

    Attributes:
        characters: The number of characters of each unit, at least 1.
        longest: The largest number of letters of a unit.
        letters: The number of letters that are followed for each state.

    Example:

    >>> from charrnn import WordVocabulary
    >>> words = WordVocabulary(["a", "b", "ab", "ba"])
    >>> runs = UnitRuns(np.array([[1, 0], [1, 0]]), words)
    >>> runs.after(np.array([0])).tolist()
    [[1, 0, 0, 1]]
    """

    def __init__(self, table: np.ndarray, vocabulary: UnitVocabulary) -> None:
        self.characters: np.ndarray | int = 1
        self.longest, self.letters = 1, len(vocabulary)
        self._words = isinstance(vocabulary.inner, WordVocabulary)
        if self._words:
            self._spell(table, vocabulary)
        else:
            more = len(vocabulary) - table.shape[1]  # the boundary
            columns = ((0, 0), (0, more))
            self._table = np.pad(table, columns, constant_values=LEFT)

    def _spell(self, table: np.ndarray, vocabulary: UnitVocabulary) -> None:
        spelled, lengths = _spelled(vocabulary.inner)
        self.longest = int(lengths.max())
        more = len(vocabulary) - len(lengths)
        self.characters = np.append(lengths, np.ones(more, lengths.dtype))
        _, first, class_of = np.unique(
            table, axis=1, return_index=True, return_inverse=True
        )
        classes = np.append(class_of.ravel(), NO_LETTER)[spelled]
        runs, place = np.unique(classes, axis=0, return_inverse=True)
        sizes = (runs != NO_LETTER).sum(1)
        order = np.argsort(-sizes, kind="stable")  # the longest first
        self._runs = runs[order].T
        self._counts = [int((sizes > n).sum()) for n in range(self.longest)]
        self.letters = int(sizes.sum())
        self._run_of = np.argsort(order)[place.ravel()]
        self._boundaries = more
        # Negative states, the codes, are rows at the end, and stay.
        codes = np.array([[BLOCKED], [LEFT]], table.dtype)
        self._table = np.vstack([table[:, first], codes.repeat(len(first), 1)])

    def after(self, states: np.ndarray) -> np.ndarray:
        """The state after each unit, or `LEFT` or `BLOCKED`.

        Args:
            states: The states before it: `(n,)`.

        Returns:
            Integers of shape `(n, len(vocabulary))`.
        """
        reached = self.reached(states)
        if not self._words:
            return reached
        columns = ((0, 0), (0, self._boundaries))
        after = reached[:, self._run_of]
        return np.pad(after, columns, constant_values=LEFT)

    def reached(self, states: np.ndarray) -> np.ndarray:
        """The states after any unit: those of `after`, with fewer repeats.

        Args:
            states: The states before it: `(n,)`.

        Returns:
            Integers of shape `(n, any number)`.
        """
        if not self._words:
            return self._table[states]
        now = np.repeat(states[:, None], self._runs.shape[1], 1)
        for letters, count in zip(self._runs, self._counts, strict=True):
            now[:, :count] = self._table[now[:, :count], letters[:count]]
        return now


@functools.lru_cache(4)
def _spelled(vocabulary: WordVocabulary) -> tuple[np.ndarray, np.ndarray]:
    """The letters of each word, `(words, longest)`, and their number."""
    alphabet = alphabet_of(vocabulary)
    lengths = np.array([len(word) for word in vocabulary.words])
    spelled = np.full((len(lengths), lengths.max()), NO_LETTER)
    for row, word in zip(spelled, vocabulary.words, strict=True):
        row[: len(word)] = alphabet.spelled(word)
    return spelled, lengths
