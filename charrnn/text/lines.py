"""Split a text into lines, which end at LF, CRLF or CR."""

import itertools
import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np

# Unlike str.splitlines, which also cuts at form feeds, U+2028 and others.
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def split_lines(text: str) -> list[str]:
    r"""Cuts a text into lines.

    Args:
        text: Any text.

    Returns:
        The lines with their line ends: joined, they are the text.

    Example:

    >>> split_lines("one\r\ntwo\f\nthree")
    ['one\r\n', 'two\x0c\n', 'three']
    """
    return LINE.findall(text)


def first_refused(text: str, check: Callable[[str], object]) -> int | None:
    r"""Finds the first line that a check refuses.

    Args:
        text: Any text.
        check: Called with each line and its line end.

    Returns:
        The number of the first line for which it raises a `ValueError`, from
        1; `None` if there is none.

    Example:

    >>> first_refused("1\n2\nthree\n", int)
    3
    """
    for number, line in enumerate(split_lines(text), 1):
        try:
            check(line)
        except ValueError:
            return number
    return None


def coloured_lines(
    text: str, levels: Sequence[int] | np.ndarray
) -> Iterator[tuple[int, list[tuple[int, str]]]]:
    """Cuts a text into lines, and each line into pieces of one colour.

    Args:
        text: Any text.
        levels: The number of each character's colour.

    Yields:
        For each line the index of its first character and a list of
        `(level, piece)`. The last piece includes the line end, if there is one.


    Example:

    >>> list(coloured_lines("ab\\nc", [1, 1, 0, 2]))
    [(0, [(1, 'ab'), (0, '\\n')]), (3, [(2, 'c')])]
    """
    start = 0
    for line in split_lines(text):
        end = start + len(line)
        own = zip(levels[start:end], line, strict=True)
        groups = itertools.groupby(own, key=lambda pair: pair[0])
        yield (
            start,
            [(level, "".join(c for _, c in group)) for level, group in groups],
        )
        start = end


def lines_and_columns(
    text: str, positions: Sequence[int] | np.ndarray
) -> list[tuple[int, int]]:
    r"""Finds the lines and columns of positions in a text.

    Args:
        text: Any text.
        positions: Indices of characters.

    Returns:
        For each position its line, and its place in the line, both from 1.

    Example:

    >>> lines_and_columns("one\r\ntwo", [0, 2, 6])
    [(1, 1), (1, 3), (2, 2)]
    """
    ends = [line.end() for line in LINE.finditer(text)]
    starts = np.array([0, *ends[:-1]])
    positions = np.asarray(positions, np.int64)
    lines = np.searchsorted(starts, positions, side="right")
    columns = positions - starts[lines - 1] + 1
    return list(zip(lines.tolist(), columns.tolist(), strict=True))
