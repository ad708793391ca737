"""Make an automaton deterministic, within limits.

A nondeterministic automaton may have exponentially many sets of states. So the
work is counted, not timed: an expression is accepted or refused on every
machine alike.
"""

import array
import dataclasses

import numpy as np

from charrnn.writing.expressions import ACCEPT, Nfa

MAX_STATES = 1 << 16
MAX_ENTRIES = 1 << 24  # of a table (states, letters): 64 MB
MAX_WORK = 8_000_000  # small steps, of which a million take up to 0.5 seconds
WORK_OF_CLOSURE = 4  # small steps for each state of a closure


@dataclasses.dataclass(frozen=True)
class Sets:
    """The sets of states in which a nondeterministic automaton may be.

    Attributes:
        table: The set after each letter, `(sets, letters)`; set 0 is first.
            The empty set is one like any other.
        hits: Whether the text before a letter is accepted, if that letter
            comes next: `(sets, letters)`.
        ends: Whether a text that ends here is accepted: `(sets,)`.
    """

    table: np.ndarray
    hits: np.ndarray
    ends: np.ndarray


def determinised(nfa: Nfa, words: np.ndarray, first: int = 0) -> Sets:
    """Makes a deterministic automaton of the sets of states of another.

    Args:
        nfa: The nondeterministic one.
        words: Which letters are part of a word: `(letters,)`.
        first: The state to start in.

    Returns:
        Its `Sets`.

    Raises:
        ValueError: if there are too many, or they take too much work.
    """
    search = _Search(nfa, words, first)
    rows: list[tuple[list[int], list[bool], bool]] = []
    while len(rows) < len(search.sets):
        rows.append(search.visit(len(rows)))
        check_size(len(search.sets), len(words), search.work)
    table, hits, ends = zip(*rows, strict=True)
    return Sets(
        np.array(table, np.int32)[:, search.class_of],
        np.array(hits, bool)[:, search.class_of],
        np.array(ends, bool),
    )


def anywhere(nfa: Nfa, words: np.ndarray) -> Sets:
    """Makes an automaton that accepts each text that ends with a match.

    Args:
        nfa: What to match, which this changes.
        words: Which letters are part of a word: `(letters,)`.

    Returns:
        Its `Sets`.

    Raises:
        ValueError: as `determinised` does.
    """
    # Whatever comes before it: a first state that all letters lead back to.
    begin = nfa.add()
    nfa.edges[begin].append((np.ones(len(words), bool), begin))
    nfa.silent[begin].append(0)
    return determinised(nfa, words, begin)


def check_size(
    states: int, letters: int, work: int = 0, most: int = MAX_STATES
) -> None:
    """Checks the size of an automaton, and the work that it took.

    Args:
        states: Their number.
        letters: The number of letters.
        work: The number of steps.
        most: The largest number of states.

    Raises:
        ValueError: if it is too large.

    Example:

    >>> check_size(100, 69)
    """
    most = min(most, MAX_ENTRIES // letters)
    if states > most or work > MAX_WORK:
        raise ValueError(
            f"Expected an expression that takes at most {most:,} states "
            f"and {MAX_WORK:,} steps to build. Received one "
            "that takes more. Use smaller numbers in {...}, or fewer parts "
            "that may begin at the same place."
        )


class _Search:
    """Finds sets of states, one after another.

    Letters that no part of an expression tells apart form a class. Where the
    expression has word boundaries, a set also knows whether the letter before
    it is part of a word.
    """

    def __init__(self, nfa: Nfa, words: np.ndarray, first: int) -> None:
        self._nfa = nfa
        self._has_assertions = any(nfa.assertions)
        masks = {m.tobytes(): m for edges in nfa.edges for m, _ in edges}
        rows = np.array([words & self._has_assertions, *masks.values()])
        classes, numbers = np.unique(rows, axis=1, return_inverse=True)
        self.class_of = numbers.ravel()
        self._is_word = classes[0].tolist()
        places = (np.flatnonzero(row).tolist() for row in classes[1:])
        self._members = dict(zip(masks, places, strict=True))
        self._edges = [
            [(mask.tobytes(), to) for mask, to in edges] for edges in nfa.edges
        ]
        self._closures: dict[tuple[int, bool], frozenset[int]] = {}
        self._places: dict[tuple[bytes, bool], int] = {}
        self.sets: list[tuple[array.array, bool]] = []
        self.work = 0
        self._place({first}, False)

    def _place(self, states: set[int], after_word: bool) -> int:
        """The number of a set, a new one if it was not seen before."""
        found = array.array("i", sorted(states))
        key = found.tobytes(), after_word and self._has_assertions
        if key not in self._places:
            self._places[key] = len(self.sets)
            self.sets.append((found, key[1]))
        return self._places[key]

    def visit(self, number: int) -> tuple[list[int], list[bool], bool]:
        """The row of a set: its `table`, its `hits` and whether it `ends`."""
        states, after_word = self.sets[number]
        targets: list[set[int]] = [set() for _ in self._is_word]
        self.work += len(targets)
        hits = [False] * len(targets)
        for at_boundary in (False, True) if self._has_assertions else (False,):
            now = self._reached(states, at_boundary)
            possible = [
                not self._has_assertions
                or (is_word != after_word) == at_boundary
                for is_word in self._is_word
            ]
            if ACCEPT in now:
                hits = [a or b for a, b in zip(hits, possible, strict=True)]
            self._step(now, possible, targets)
        row = [
            self._place(target, is_word)
            for target, is_word in zip(targets, self._is_word, strict=True)
        ]
        return row, hits, ACCEPT in self._reached(states, after_word)

    def _step(
        self, now: set[int], possible: list[bool], targets: list[set[int]]
    ) -> None:
        """Adds the states that each class of letters leads to."""
        found: dict[bytes, set[int]] = {}
        for state in now:
            self.work += len(self._edges[state])
            for mask, target in self._edges[state]:
                found.setdefault(mask, set()).add(target)
        for mask, after in found.items():
            self.work += len(self._members[mask])
            for member in self._members[mask]:
                if possible[member]:
                    targets[member] |= after

    def _reached(self, states: array.array, at_boundary: bool) -> set[int]:
        """The states that may be reached without a letter."""
        found = [self._closure(state, at_boundary) for state in states]
        self.work += sum(map(len, found))
        return set().union(*found)

    def _closure(self, state: int, at_boundary: bool) -> frozenset[int]:
        key = state, at_boundary
        if key not in self._closures:
            seen, waiting = {state}, [state]
            while waiting:
                here = waiting.pop()
                after = list(self._nfa.silent[here])
                after += [
                    assertion.target
                    for assertion in self._nfa.assertions[here]
                    if assertion.at_boundary == at_boundary
                ]
                waiting += set(after) - seen
                seen.update(after)
            self.work += WORK_OF_CLOSURE * len(seen)
            check_size(len(self.sets), len(self.class_of), self.work)
            kept = (s for s in seen if self._edges[s] or s == ACCEPT)
            self._closures[key] = frozenset(kept)
        return self._closures[key]
