"""Constraints that an automaton decides: what may follow, and how to finish."""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from charrnn.text.units import UnitVocabulary
from charrnn.writing.automata import (
    BLOCKED,
    LEFT,
    NEVER,
    Automaton,
    distances_of,
    edges_of,
    product,
)
from charrnn.writing.constraints import Constraint, Left, Mask
from charrnn.writing.unit_runs import UnitRuns

# States that follow each other have near numbers: their masks are made
# together. These are the entries of a block, and the number of blocks kept.
BLOCK_ENTRIES = 1 << 13
BLOCKS_KEPT = 512
NEEDS_KEPT = 512
# If more letters had to be followed, the number of words to the end of a text
# is not counted: its number of characters is taken, which is never less.
MAX_LETTERS_FOLLOWED = 1 << 28
LETTERS_AT_ONCE = 1 << 20


class Block(NamedTuple):
    """What may follow each of some states.

    Attributes:
        after: The state after each unit, or a code: `(states, units)`.
        written: Which units lead to a state: `(states, units)`.
        enough: With so much left, all of these may follow: `(states,)`.
        masks: What a step needs, for each state.
    """

    after: np.ndarray
    written: np.ndarray
    enough: list[int]
    masks: list[Mask]


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
        self._runs = UnitRuns(automaton.table, vocabulary)
        self._size = max(1, BLOCK_ENTRIES // len(vocabulary))
        self._block = functools.lru_cache(BLOCKS_KEPT)(self._make_block)
        self._need = functools.lru_cache(NEEDS_KEPT)(self._make_need)

    def __repr__(self) -> str:
        states = len(self.automaton.table)
        return f"{type(self).__name__}({self.name}, {states:,} states)"

    def start(self, prompt: str) -> int:
        """The state before the first character: 0, whatever the prompt is."""
        return 0

    def allowed(self, state: int, left: Left) -> np.ndarray:
        """The units after which the text can still be finished in time."""
        number, row = divmod(state, self._size)
        block = self._block(number)
        limit = left.characters if left.units is None else left.units
        if limit is None or limit >= block.enough[row]:
            return block.written[row]
        return self._need(state, left.units is None) <= limit

    def ends(self, state: int, left: Left) -> np.ndarray:
        """The units that end the text, if it may end."""
        number, row = divmod(state, self._size)
        return self._block(number).after[row] != BLOCKED

    def advance(self, state: int, unit: int) -> int:
        """The state after another unit."""
        number, row = divmod(state, self._size)
        return int(self._block(number).after[row, unit])

    def can_finish(self, state: int) -> bool:
        """Whether the text may end here."""
        return bool(self.automaton.accepting[state])

    def ready(self, state: int) -> tuple[int, Mask]:
        """A mask of a state, and the length with which it is true.

        Args:
            state: The state.

        Returns:
            `(enough, mask)`: with at least so much left.
        """
        number, row = divmod(state, self._size)
        block = self._block(number)
        return block.enough[row], block.masks[row]

    def enough(self, state: int) -> int:
        """With so much left, what is allowed does not depend on it."""
        return self.ready(state)[0]

    def shortest(self, state: int, left: Left) -> int:
        """The least number of units, or characters, to the end of a text.

        Args:
            state: The state before them.
            left: What is counted.
        """
        in_characters = left.characters is not None
        return int(self._distances(in_characters)[state])

    def _make_block(self, number: int) -> Block:
        first = number * self._size
        last = min(first + self._size, len(self.automaton.table))
        after = self._runs.after(np.arange(first, last))
        written = after >= 0
        distances = np.append(self.automaton.distances, [0, 0])  # of the codes
        enough = self._runs.longest + distances[after].max(1)
        finish = self.automaton.accepting[first:last]
        drawable = np.where(finish[:, None], after != BLOCKED, written)
        kept = written.copy()
        if self.vocabulary.boundary is not None:
            for mask in (drawable, kept):
                mask[:, self.vocabulary.boundary] = finish
        if self.vocabulary.stand_in is not None:
            drawable[:, self.vocabulary.stand_in] = False
        penalties = np.where(drawable, np.float32(0), -np.float32(np.inf))
        masks = map(Mask, penalties, kept, finish.tolist())
        return Block(after, written, enough.tolist(), list(masks))

    def _make_need(self, state: int, in_characters: bool) -> np.ndarray:
        """The length that each unit and the rest of the text take at least."""
        number, row = divmod(state, self._size)
        after = self._block(number).after[row]
        costs = self._runs.characters if in_characters else 1
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
        states = len(self.automaton.table)
        if states * self._runs.letters > MAX_LETTERS_FOLLOWED:
            return self.automaton.distances
        sources, targets = [], []
        size = max(1, LETTERS_AT_ONCE // self._runs.letters)
        for first in range(0, states, size):
            block = np.arange(first, min(states, first + size))
            after = self._runs.reached(block)
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
