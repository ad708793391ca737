"""Read a regular expression, and build a nondeterministic automaton of it."""

import re
import re._compiler as sre_compiler  # type: ignore[import-not-found]
import re._constants as sre  # type: ignore[import-not-found]
import re._parser as sre_parser  # type: ignore[import-not-found]
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from charrnn.system.terminal import quoted
from charrnn.writing.alphabets import Alphabet, Fragment

MAX_POSITIONS = 50_000  # states of the nondeterministic automaton
MAX_PATTERN = 20_000  # characters
ACCEPT = 1  # the last state of an `Nfa`

# What no automaton can decide, or not as Python does, and how it is written.
_NOT_REGULAR = re.compile(
    r"(?P<skipped>\\[^1-9bBAZ]|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[aiLmsux-]+[:)])"
    r"|(?P<reference>\\[1-9]|\(\?P=|\(\?\()"
    r"|(?P<around>\(\?<?[=!])"
    r"|(?P<possessive>\(\?>|[*+?}]\+)"
    r"|(?P<anchor>\\[AZ]|[$^])"
    r"|(?P<boundary>\\[bB])",
    re.DOTALL,
)
_NAMES = {
    "reference": "a reference to a group",
    "around": "a look-around",
    "possessive": "a possessive or atomic part",
    "anchor": "an anchor inside the expression",
    "boundary": "a word boundary, with a model of bytes",
}


class Assertion(NamedTuple):
    """A step without a letter, possible only at (or off) a word boundary.

    Attributes:
        at_boundary: Whether it must be one.
        target: The state after it.
    """

    at_boundary: bool
    target: int


class Nfa:
    """A nondeterministic automaton: a text takes it from state 0 to 1.

    Attributes:
        edges: For each state pairs `(mask, target)`: the letters that lead to
            another state.
        silent: For each state the states that it may go to without a letter.
        assertions: For each state its `Assertion`s.
        empty_classes: Parts of the expression none of whose characters the
            model knows.
    """

    def __init__(self) -> None:
        self.edges: list[list[tuple[np.ndarray, int]]] = []
        self.silent: list[list[int]] = []
        self.assertions: list[list[Assertion]] = []
        self.empty_classes: list[str] = []
        self.add(), self.add()

    def add(self) -> int:
        """Adds a state; returns it."""
        if len(self.edges) >= MAX_POSITIONS:
            raise ValueError(
                "Expected an expression of at most "
                f"{MAX_POSITIONS:,} positions. Received one of more. Use "
                "smaller numbers in {...}, or a shorter expression."
            )
        self.edges.append([])
        self.silent.append([])
        self.assertions.append([])
        return len(self.edges) - 1

    def spell(self, start: int, fragment: Fragment) -> int:
        """Adds the letters of a character; returns the state after them."""
        end = self.add()
        # The end stands last, where `EXIT` finds it.
        states = [start, *(self.add() for _ in fragment[1:]), end]
        for state, edges in zip(states, fragment, strict=False):
            self.edges[state] += [(m, states[to]) for m, to in edges]
        return end


def parsed(pattern: str) -> Any:
    """Parses an expression as Python does.

    Args:
        pattern: In the syntax of Python's `re`.

    Returns:
        The tree of Python's own parser, without anchors at its edges.

    Raises:
        ValueError: if it is no regular expression; with the position.

    Example:

    >>> parsed("a(")
    Traceback (most recent call last):
    ValueError: Expected a regular expression. Received 'a(': missing ), ...
    """
    if len(pattern) > MAX_PATTERN:
        raise ValueError(
            f"Expected an expression of at most {MAX_PATTERN:,} characters. "
            f"Received one of {len(pattern):,}."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = sre_parser.parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        is_deep = isinstance(error, RecursionError)
        reason = "too deeply nested" if is_deep else error
        raise ValueError(
            f"Expected a regular expression. Received {quoted(pattern, 200)}: "
            f"{reason}."
        ) from error
    begins = (sre.AT_BEGINNING, sre.AT_BEGINNING_STRING)
    ends = (sre.AT_END, sre.AT_END_STRING)
    while tree.data and tree.data[0] in [(sre.AT, at) for at in begins]:
        del tree.data[0]
    while tree.data and tree.data[-1] in [(sre.AT, at) for at in ends]:
        del tree.data[-1]
    return tree


def nfa_of(pattern: str, alphabet: Alphabet) -> Nfa:
    """Builds a nondeterministic automaton of an expression.

    Args:
        pattern: In the syntax of Python's `re`: classes, flags, groups and
            quantifiers; word boundaries except for bytes.
        alphabet: The letters.

    Returns:
        An `Nfa` that accepts what `re.fullmatch` does. Lazy quantifiers are
        the same as others, because the text as a whole matches.

    Raises:
        ValueError: if it is no regular expression, has a part that no
            automaton can decide, such as a look-around, or is too large.

    Example:

    >>> len(nfa_of("a|b", Alphabet("ab")).edges) < 20
    True
    """
    tree = parsed(pattern)
    builder = _Builder(pattern, alphabet, tree.state.flags)
    try:
        end = builder.sequence(tree, 0, ())
    except RecursionError:
        raise ValueError(
            "Expected a regular expression. Received one that is too deeply "
            "nested."
        ) from None
    builder.nfa.silent[end].append(ACCEPT)
    return builder.nfa


Flags = tuple[tuple[int, int], ...]  # added and removed by the groups around


class _Builder:
    """Builds an `Nfa` from the tree of Python's parser."""

    def __init__(self, pattern: str, alphabet: Alphabet, flags: int) -> None:
        self.nfa = Nfa()
        self._pattern = pattern
        self._alphabet = alphabet
        self._flags = flags
        self._fragments: dict[tuple[str, Flags], Any] = {}

    def sequence(self, items: Any, start: int, flags: Flags) -> int:
        """Adds items one after another; returns the state after them."""
        for item in items:
            start = self._item(item, start, flags)
        return start

    def _item(self, item: tuple, start: int, flags: Flags) -> int:
        kind, value = item
        if kind in (sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY):
            return self._class(item, start, flags)
        if kind is sre.BRANCH:
            return self._branch(value[1], start, flags)
        if kind is sre.SUBPATTERN:
            _, added, removed, inner = value
            return self.sequence(inner, start, (*flags, (added, removed)))
        if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            least, most, inner = value
            return self._repeat(least, most, inner, start, flags)
        if kind is sre.FAILURE:  # (?!), which nothing matches
            return self.nfa.add()
        boundaries = (sre.AT_BOUNDARY, sre.AT_NON_BOUNDARY)
        if (
            kind is sre.AT
            and value in boundaries
            and not self._alphabet.is_bytes
        ):
            end = self.nfa.add()
            wanted = value is sre.AT_BOUNDARY
            self.nfa.assertions[start].append(Assertion(wanted, end))
            return end
        raise self._refusal()

    def _class(self, item: tuple, start: int, flags: Flags) -> int:
        """Adds a class of characters, spelled in letters."""
        key = (repr(item), flags)
        if key not in self._fragments:
            run = self._run_of(item, flags)
            members = self._alphabet.members(run)
            self._fragments[key] = self._alphabet.fragment(members)
            if not members.any():
                self.nfa.empty_classes.append(_written(item))
        return self.nfa.spell(start, self._fragments[key])

    def _run_of(self, item: tuple, flags: Flags) -> re.Pattern[str]:
        """Compiles a pattern of one or more characters of a class."""
        state = sre_parser.State()
        state.flags = self._flags
        tree = sre_parser.SubPattern(state, [item])
        repeat = (sre.MAX_REPEAT, (1, sre.MAXREPEAT, tree))
        tree = sre_parser.SubPattern(state, [repeat])
        for added, removed in reversed(flags):
            group = (sre.SUBPATTERN, (None, added, removed, tree))
            tree = sre_parser.SubPattern(state, [group])
        return sre_compiler.compile(tree)

    def _branch(self, branches: Sequence, start: int, flags: Flags) -> int:
        end = self.nfa.add()
        for branch in branches:
            first = self._after(start)
            self.nfa.silent[self.sequence(branch, first, flags)].append(end)
        return end

    def _repeat(
        self, least: int, most: int, inner: Any, start: int, flags: Flags
    ) -> int:
        for _ in range(least):
            start = self.sequence(inner, self._after(start), flags)
        end = self.nfa.add()
        if most is sre.MAXREPEAT:
            loop = self._after(start)
            last = self.sequence(inner, self._after(loop), flags)
            self.nfa.silent[last].append(loop)
            self.nfa.silent[loop].append(end)
            return end
        # x{0,3} is (x(x(x)?)?)?: from each place one may leave at once.
        for _ in range(most - least):
            self.nfa.silent[start].append(end)
            start = self.sequence(inner, self._after(start), flags)
        self.nfa.silent[start].append(end)
        return end

    def _after(self, state: int) -> int:
        """Adds a state that another leads to without a letter."""
        new = self.nfa.add()
        self.nfa.silent[state].append(new)
        return new

    def _refusal(self) -> ValueError:
        """The error for what no automaton can decide, with its place."""
        for found in _NOT_REGULAR.finditer(self._pattern):
            kind = found.lastgroup or ""
            inside = 0 < found.start() and found.end() < len(self._pattern)
            is_boundary = kind == "boundary" and not self._alphabet.is_bytes
            if kind == "skipped" or is_boundary:
                continue
            if kind == "anchor" and not inside:
                continue
            return ValueError(
                "Expected an expression that is decided character by "
                f"character. Received {_NAMES[kind]}, {found[0]!r}, at "
                f"position {found.start():,} of {quoted(self._pattern, 200)}."
            )
        return ValueError(
            "Expected an expression that is decided character by character. "
            f"Received {quoted(self._pattern, 200)}."
        )


def _written(item: tuple) -> str:
    """Names a class of characters in a message."""
    kind, value = item
    if kind is sre.LITERAL:
        return repr(chr(value))
    names = {sre.CATEGORY_DIGIT: "digits", sre.CATEGORY_SPACE: "white space"}
    if kind is sre.IN and value[0][0] is sre.CATEGORY:
        return names.get(value[0][1], "any character of a class")
    return "any character of a class"
