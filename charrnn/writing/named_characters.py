"""Find characters that an expression names but the model does not know."""

import re._constants as sre  # type: ignore[import-not-found]
import string
from collections.abc import Iterator, Sequence
from typing import Any

from charrnn.text.units import UnitVocabulary
from charrnn.writing.alphabets import alphabet_of
from charrnn.writing.expressions import parsed

# Who writes a larger class does not mean each of its characters.
MAX_CLASS = 64
# Where the tree of Python's parser has its inner parts.
_INNER = {
    sre.SUBPATTERN: -1,
    sre.MAX_REPEAT: 2,
    sre.MIN_REPEAT: 2,
}


def never_written(
    patterns: Sequence[str], vocabulary: UnitVocabulary
) -> list[str]:
    r"""The characters that expressions name, but a model never writes.

    Literal characters are named, and those of a class of at most 64, such as
    `[a-z]`; of `\d` the digits of ASCII. `.`, negated classes, `\w` and `\s`
    name none. With `(?i)` a letter counts as known if it is in either case.

    Args:
        patterns: Regular expressions, as for `charrnn.Match`.
        vocabulary: That of the model.

    Returns:
        The characters in order.

    Raises:
        ValueError: if one is no regular expression.

    Example:

    >>> from charrnn import Vocabulary
    >>> never_written(["[1-3]{2}|(?i:B)"], Vocabulary("ab2"))
    ['1', '3']
    """
    alphabet = alphabet_of(vocabulary)
    if alphabet.is_bytes:
        return []
    known, found = set(alphabet.characters), set()
    for pattern in patterns:
        tree = parsed(pattern)
        for code, ignores_case in _named(tree, tree.state.flags):
            character = chr(code)
            forms = {character}
            if ignores_case:
                forms |= {character.lower(), character.upper()}
            if not forms & known:
                found.add(character)
    return sorted(found)


def _named(items: Any, flags: int) -> Iterator[tuple[int, bool]]:
    """Yields the code points named, and whether their case is ignored."""
    ignores_case = bool(flags & sre.SRE_FLAG_IGNORECASE)
    for kind, value in items:
        if kind is sre.LITERAL:
            yield value, ignores_case
        elif kind is sre.IN:
            for code in _members(value):
                yield code, ignores_case
        elif kind is sre.BRANCH:
            for branch in value[1]:
                yield from _named(branch, flags)
        elif kind in _INNER:
            inside = flags
            if kind is sre.SUBPATTERN:
                inside = (flags | value[1]) & ~value[2]
            yield from _named(value[_INNER[kind]], inside)


def _members(parts: Sequence[tuple]) -> list[int]:
    """The code points of a small class that lists them; else none."""
    found: list[int] = []
    for kind, value in parts:
        if kind is sre.LITERAL:
            found.append(value)
        elif kind is sre.RANGE and value[1] - value[0] < MAX_CLASS:
            found += range(value[0], value[1] + 1)
        elif (kind, value) == (sre.CATEGORY, sre.CATEGORY_DIGIT):
            found += map(ord, string.digits)
        else:
            return []
    return found if len(set(found)) <= MAX_CLASS else []
