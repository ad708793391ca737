"""Deterministic automata: trimmed, measured, intersected."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from charrnn.writing.subsets import MAX_ENTRIES

LEFT = -1  # instead of a state: no accepted text begins like this
BLOCKED = -2  # the same, and the text may not even end before the letter
NEVER = 1 << 30  # a distance longer than any text
MAX_PAIRS = 1 << 27  # of states of automata that are intersected: 128 MB


@dataclasses.dataclass(frozen=True)
class Automaton:
    """A deterministic automaton over letters; it starts in state 0.

    Attributes:
        table: The state after each letter, or `LEFT` or `BLOCKED`:
            `(states, letters)`.
        accepting: Whether a text may end in each state: `(states,)`.
        distances: The number of letters to the nearest accepting state, of
            which each state has one: `(states,)`.
        numbers: The state that each state had before others were left out.
    """

    table: np.ndarray
    accepting: np.ndarray
    distances: np.ndarray
    numbers: np.ndarray

    def run(self, letters: Sequence[int] | np.ndarray, state: int = 0) -> int:
        """The state after some letters, or `LEFT` or `BLOCKED`.

        Args:
            letters: The letters.
            state: The state before them.
        """
        for letter in np.asarray(letters).tolist():
            state = int(self.table[state, letter])
            if state < 0:
                break
        return state


def trimmed(
    table: np.ndarray, accepting: np.ndarray, code: int = LEFT
) -> Automaton | None:
    """Leaves out the states from which no text is accepted.

    Args:
        table: As for `Automaton`.
        accepting: As for `Automaton`.
        code: What stands for a state that is left out.

    Returns:
        An `Automaton`, or `None` if no text is accepted.

    Example:

    >>> found = trimmed(np.array([[1, 2], [1, 1], [2, 2]]), np.arange(3) == 1)
    >>> found.table.tolist(), found.distances.tolist()
    ([[1, -1], [1, 1]], [1, 0])
    """
    distances = distances_of(*edges_of(table, ~accepting), accepting)
    kept = distances < NEVER
    if not kept[0]:
        return None
    # Negative states, the codes, are read from the end.
    places = np.append(kept.cumsum() - 1, [BLOCKED, LEFT]).astype(np.int32)
    places[: len(kept)][~kept] = code
    return Automaton(
        places[table[kept]],
        accepting[kept],
        distances[kept],
        np.flatnonzero(kept),
    )


def edges_of(
    table: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The different pairs of a state and one after it.

    Args:
        table: The state after each unit: `(states, units)`.
        rows: Which states to begin with: `(states,)`.

    Returns:
        `(sources, targets)`, each of shape `(pairs,)`.

    Example:

    >>> edges_of(np.array([[1, 1, 0], [0, -1, -1]]), np.array([True, False]))
    (array([0, 0]), array([0, 1]))
    """
    states = len(table)
    after = table[rows].astype(np.int64)
    pairs = np.flatnonzero(rows)[:, None] * states + after
    pairs = np.unique(pairs[after >= 0])
    return pairs // states, pairs % states


def distances_of(
    sources: np.ndarray,
    targets: np.ndarray,
    accepting: np.ndarray,
    costs: np.ndarray | None = None,
) -> np.ndarray:
    """The shortest distance from each state to an accepting one.

    Args:
        sources: The state before each step; accepting ones may be left out.
        targets: The state after it.
        accepting: Which states are accepting.
        costs: The length of each step, 0 or 1; `None` if all are 1.

    Returns:
        Integers of shape `(states,)`, `NEVER` where there is no path.

    Example:

    >>> distances_of(np.array([0, 1]), np.array([1, 2]), np.arange(4) == 2)
    array([         2,          1,          0, 1073741824])
    """
    if costs is None:
        costs = np.ones(len(sources), np.int64)
    steps = [
        _Backward(sources[costs == c], targets[costs == c], len(accepting))
        for c in (0, 1)
    ]
    distances = np.where(accepting, 0, NEVER)
    front, distance = np.flatnonzero(accepting), 0
    while len(front):
        level = front
        while len(front):
            front = steps[0].before(front)
            front = front[distances[front] == NEVER]
            distances[front] = distance
            level = np.append(level, front)
        distance += 1
        front = steps[1].before(level)
        front = front[distances[front] == NEVER]
        distances[front] = distance
    return distances


class _Backward:
    """Steps in reverse."""

    def __init__(
        self, sources: np.ndarray, targets: np.ndarray, states: int
    ) -> None:
        order = np.argsort(targets, kind="stable")
        self._sources = sources[order]
        self._first = np.searchsorted(targets[order], np.arange(states + 1))

    def before(self, states: np.ndarray) -> np.ndarray:
        """The different states from which a step leads to some states."""
        parts = [
            self._sources[self._first[s] : self._first[s + 1]]
            for s in states.tolist()
        ]
        return np.unique(np.concatenate(parts)) if parts else states


def product(
    automata: Sequence[Automaton], starts: Sequence[int]
) -> Automaton | None:
    """Intersects automata: a text must be accepted by all of them.

    Args:
        automata: The automata, over the same letters.
        starts: The state in which each of them starts.

    Returns:
        An `Automaton`, or `None` if no text is accepted.

    Raises:
        OverflowError: if it would have too many states.

    Example:

    >>> two = trimmed(np.array([[1], [0]]), np.array([True, False]))
    >>> three = trimmed(np.array([[1], [2], [0]]), np.array([1, 0, 0], bool))
    >>> product([two, three], [0, 0]).distances.tolist()
    [0, 5, 4, 3, 2, 1]
    """
    sizes = [len(automaton.table) for automaton in automata]
    letters = automata[0].table.shape[1]
    if math.prod(sizes) > MAX_PAIRS:
        raise OverflowError
    is_found = np.zeros(math.prod(sizes), bool)
    codes = np.array([np.ravel_multi_index(tuple(starts), sizes)])
    found, rows, size = [], [], 0
    while len(codes):
        is_found[codes] = True
        found.append(codes)
        row = _product_rows(automata, np.unravel_index(codes, sizes), sizes)
        rows.append(row)
        codes = np.unique(row[row >= 0])
        codes = codes[~is_found[codes]]
        size += len(codes)
        if size * letters > MAX_ENTRIES:
            raise OverflowError
    table = np.concatenate(rows)
    pairs = np.concatenate(found)
    order = np.argsort(pairs)
    places = order[np.searchsorted(pairs[order], np.maximum(table, 0))]
    table = np.where(table < 0, table, places)
    states = zip(automata, np.unravel_index(pairs, sizes), strict=True)
    return trimmed(table, np.all([a.accepting[s] for a, s in states], 0))


def _product_rows(
    automata: Sequence[Automaton],
    states: Sequence[np.ndarray],
    sizes: Sequence[int],
) -> np.ndarray:
    """What follows some combined states: `(states, letters)`."""
    after = [a.table[s] for a, s in zip(automata, states, strict=True)]
    codes = np.ravel_multi_index([np.maximum(a, 0) for a in after], sizes)
    worst = np.min(after, 0)  # BLOCKED is less than LEFT
    return np.where(worst < 0, worst, codes)
