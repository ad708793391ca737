"""Constraints that an automaton decides: what may follow, and how to finish."""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from charrnn.text.units import UnitVocabulary
from charrnn.text.word_vocabulary import WordVocabulary
from charrnn.writing.alphabets import alphabet_of
from charrnn.writing.automata import (
    BLOCKED,
    LEFT,
    NEVER,
    Automaton,
    distances_of,
    edges_of,
    product,
)
from charrnn.writing.constraints import Constraint, Left

ROWS_KEPT = 512  # of a state: with 10,000 words a row takes 90 KB
# If more letters had to be followed, the number of words to the end of a text
# is not counted: its number of characters is taken, which is never less.
MAX_LETTERS_FOLLOWED = 1 << 28


class Row(NamedTuple):
    """What may follow a state.

    Attributes:
        after: The state after each unit, or `LEFT` or `BLOCKED`.
        written: Which units lead to a state.
        ends: Which units may end the text.
        enough: With so many letters left, all units of `written` may follow.
    """

    after: np.ndarray
    written: np.ndarray
    ends: np.ndarray
    enough: int


class Form:
    """A constraint that an automaton decides, a `charrnn.Constraint`.

    Where a text may end, a unit that does not fit ends it. Only units after
    which the text can still be finished with what is left are allowed.

    Args:
        automaton: Over the letters of `alphabets.alphabet_of(vocabulary)`.
        vocabulary: That of the model.
        name: What it is called in messages.

    Attributes:
        automaton: As given.
        vocabulary: As given.
        name: As given.
    """

    def __init__(
        self, automaton: Automaton, vocabulary: UnitVocabulary, name: str
    ) -> None:
        self.automaton = automaton
        self.vocabulary = vocabulary
        self.name = name
        self._units = _units_of(vocabulary)
        self._row = functools.lru_cache(ROWS_KEPT)(self._make_row)
        self._need = functools.lru_cache(ROWS_KEPT)(self._make_need)

    def __repr__(self) -> str:
        states = len(self.automaton.table)
        return f"{type(self).__name__}({self.name}, {states:,} states)"

    def start(self, prompt: str) -> int:
        """The state before the first character: 0, whatever the prompt is."""
        return 0

    def allowed(self, state: int, left: Left) -> np.ndarray:
        """The units after which the text can still be finished in time."""
        row = self._row(state)
        limit = left.characters if left.units is None else left.units
        if limit is None or limit >= row.enough:
            return row.written
        return self._need(state, left.units is None) <= limit

    def ends(self, state: int, left: Left) -> np.ndarray:
        """The units that end the text, if it may end."""
        return self._row(state).ends

    def advance(self, state: int, unit: int) -> int:
        """The state after another unit."""
        return int(self._row(state).after[unit])

    def can_finish(self, state: int) -> bool:
        """Whether the text may end here."""
        return bool(self.automaton.accepting[state])

    def shortest(self, state: int, left: Left) -> int:
        """The least number of units, or characters, to the end of a text.

        Args:
            state: The state before them.
            left: What is counted.
        """
        in_characters = left.characters is not None
        return int(self._distances(in_characters)[state])

    def _make_row(self, state: int) -> Row:
        after = self._units.after(self.automaton.table, np.array([state]))[0]
        written = after >= 0
        distances = self.automaton.distances[after[written]]
        enough = self._units.longest + int(distances.max(initial=0))
        return Row(after, written, after != BLOCKED, enough)

    def _make_need(self, state: int, in_characters: bool) -> np.ndarray:
        """The length that each unit and the rest of the text take at least."""
        after = self._row(state).after
        costs = self._units.characters if in_characters else 1
        need = costs + self._distances(in_characters)[after]
        return np.where(after < 0, NEVER, need)

    def _distances(self, in_characters: bool) -> np.ndarray:
        kind = self.vocabulary.unit
        if kind == "word" and not in_characters:
            return self._distances_in_words
        if kind == "byte" and in_characters:
            return self._distances_in_characters
        return self.automaton.distances

    @functools.cached_property
    def _distances_in_words(self) -> np.ndarray:
        states, table = len(self.automaton.table), self.automaton.table
        if states * self._units.total > MAX_LETTERS_FOLLOWED:
            return self.automaton.distances
        size = max(1, (1 << 22) // len(self.vocabulary))
        sources, targets = [], []
        for first in range(0, states, size):
            block = np.arange(first, min(states, first + size))
            after = self._units.after(table, block)
            pairs = np.arange(len(block))[:, None] * states + after
            pairs = np.unique(pairs[after >= 0])
            sources.append(first + pairs // states)
            targets.append(pairs % states)
        return distances_of(
            np.concatenate(sources),
            np.concatenate(targets),
            self.automaton.accepting,
        )

    @functools.cached_property
    def _distances_in_characters(self) -> np.ndarray:
        """The number of bytes that begin a character."""
        table = self.automaton.table
        begins = self.vocabulary.inner.lengths > 0
        rows = ~self.automaton.accepting
        begun = edges_of(np.where(begins, table, LEFT), rows)
        others = edges_of(np.where(begins, LEFT, table), rows)
        costs = np.repeat([1, 0], [len(begun[0]), len(others[0])])
        sources = np.concatenate([begun[0], others[0]])
        targets = np.concatenate([begun[1], others[1]])
        return distances_of(sources, targets, self.automaton.accepting, costs)


class _Units:
    """How the units of a vocabulary are spelled with letters.

    Attributes:
        characters: The number of characters of each unit, at least 1.
        longest: The largest number of letters of a unit.
        total: The number of letters of all units.
    """

    def __init__(self, vocabulary: UnitVocabulary) -> None:
        self._size = len(vocabulary)
        inner = vocabulary.inner
        self.characters: np.ndarray | int = 1
        self.longest, self.total = 1, self._size
        self._pieces: np.ndarray | None = None
        if isinstance(inner, WordVocabulary):
            self._spell(inner)

    def _spell(self, vocabulary: WordVocabulary) -> None:
        """Sorts the words by length, so that longer ones stand first."""
        letters = [alphabet_of(vocabulary).spelled(w) for w in vocabulary.words]
        lengths = np.array(list(map(len, letters)))
        self.longest, self.total = int(lengths.max()), int(lengths.sum())
        self.characters = np.ones(self._size, np.int64)
        self.characters[: len(lengths)] = lengths
        self._order = np.argsort(-lengths, kind="stable")
        self._counts = [
            int((lengths > place).sum()) for place in range(self.longest)
        ]
        self._pieces = np.zeros((self.longest, len(letters)), np.int64)
        for column, word in enumerate(self._order.tolist()):
            self._pieces[: lengths[word], column] = letters[word]

    def after(self, table: np.ndarray, states: np.ndarray) -> np.ndarray:
        """The state after each unit, `(states, units)`."""
        result = np.full((len(states), self._size), LEFT, np.int32)
        if self._pieces is None:
            result[:, : table.shape[1]] = table[states]
            return result
        # Negative states, the codes, are rows at the end, and stay.
        codes = np.array([[BLOCKED], [LEFT]], table.dtype)
        table = np.vstack([table, codes.repeat(table.shape[1], 1)])
        now = np.repeat(states[:, None], len(self._order), 1)
        for letters, count in zip(self._pieces, self._counts, strict=True):
            now[:, :count] = table[now[:, :count], letters[:count]]
        result[:, self._order] = now
        return result


@functools.lru_cache(4)
def _units_of(vocabulary: UnitVocabulary) -> _Units:
    return _Units(vocabulary)


def joined(
    constraints: Sequence[Constraint], prompt: str
) -> Sequence[Constraint]:
    """Intersects the constraints that automata decide.

    Side by side, each of them could be finished in time, but not all at once.
    If their product is too large, they stay side by side, and a dead end is
    possible.

    Args:
        constraints: Any constraints.
        prompt: The text that is continued.

    Returns:
        The constraints; several `Form`s are one.

    Raises:
        ValueError: if no text satisfies all of them.
    """
    forms: list[Form] = [r for r in constraints if isinstance(r, Form)]
    others = [rule for rule in constraints if not isinstance(rule, Form)]
    if len(forms) < 2:
        return constraints
    name = " and ".join(form.name for form in forms)
    try:
        both = product(
            [form.automaton for form in forms],
            [form.start(prompt) for form in forms],
        )
    except OverflowError:
        return constraints
    if both is None:
        raise ValueError(
            f"Expected constraints that some text satisfies. Received {name}, "
            "which exclude each other."
        )
    return [Form(both, forms[0].vocabulary, name), *others]
