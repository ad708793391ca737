"""Name characters, count them, and give their code points."""

from collections.abc import Iterable, Iterator

import numpy as np

STAND_IN = "\ufffd"  # stands for the characters that are too rare to be learnt
UNICODE_CODE_POINTS = 0x110000  # U+0000 to U+10FFFF
CHARACTERS_PER_BLOCK = 1 << 18  # bounds the RAM that a block's results take


def describe(character: str) -> str:
    """Names a character so that a reader can find it.

    Args:
        character: One character.

    Returns:
        The character as Python writes it, and its code point.

    Example:

    >>> describe("é"), describe("\\n")
    ("'é' (U+00E9)", "'\\\\n' (U+000A)")
    """
    return f"{character!r} (U+{ord(character):04X})"


def code_points(text: str) -> np.ndarray:
    """Returns the code point of each character.

    Args:
        text: Any text of n characters, even with half a surrogate pair.

    Returns:
        Array of shape `(n,)` of uint32.

    Example:

    >>> code_points("aé").tolist()
    [97, 233]
    """
    # "surrogatepass": the caller can then name half a pair as unknown.
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def blocks(pieces: Iterable[str]) -> Iterator[str]:
    """Cuts pieces of a text into blocks of bounded length.

    Args:
        pieces: Texts of any length.

    Yields:
        Texts of at most `CHARACTERS_PER_BLOCK` characters.

    Example:

    >>> list(blocks(["one", "two"]))
    ['one', 'two']
    """
    for piece in pieces:
        for start in range(0, len(piece), CHARACTERS_PER_BLOCK):
            yield piece[start : start + CHARACTERS_PER_BLOCK]


def frequencies(pieces: Iterable[str]) -> np.ndarray:
    """Counts how often each code point occurs.

    Args:
        pieces: The pieces of a text.

    Returns:
        Array of shape `(UNICODE_CODE_POINTS,)` of integers.

    Example:

    >>> counts = frequencies(["ab", "ba", "c"])
    >>> counts[97:101].tolist()
    [2, 2, 1, 0]
    """
    counts = np.zeros(UNICODE_CODE_POINTS, np.int64)
    for block in blocks(pieces):
        if block == block[0] * len(block):  # a shortcut for repetitive texts
            counts[ord(block[0])] += len(block)
            continue
        # NumPy converts its input to 64-bit integers, 8 bytes per character.
        # That is why this is done in blocks.
        in_block = np.bincount(code_points(block))
        counts[: len(in_block)] += in_block
    return counts


def most_frequent(
    counts: np.ndarray, min_count: int, largest: int, stand_in: bool = False
) -> np.ndarray:
    """Chooses the characters to learn by their counts.

    Args:
        counts: The count of each code point, as `frequencies` returns it.
        min_count: Characters that occur less often are left out.
        largest: Maximum number of characters, the most frequent ones.
        stand_in: Whether there is a U+FFFD already for those left out.

    Returns:
        The code points, sorted; with U+FFFD if characters are left out and
        there is none yet.

    Example:

    >>> counts = frequencies(["hello"])
    >>> "".join(map(chr, most_frequent(counts, 1, 3)))
    'el\ufffd'
    """
    occurring = np.flatnonzero(counts)
    kept = occurring[counts[occurring] >= min_count]
    if len(kept) == len(occurring) <= largest:
        return kept
    kept = kept[kept != ord(STAND_IN)]
    by_count = np.argsort(-counts[kept], kind="stable")
    kept = kept[by_count[: max(0, largest - (not stand_in))]]
    return np.sort(kept if stand_in else np.append(kept, ord(STAND_IN)))
