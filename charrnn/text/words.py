r"""Split a text into words, numbers, punctuation and white space.

Joined again, the cuts are exactly the text. A word includes the one space
before it (" the"), because most words have one; further white space is a cut
of its own. Some sequences are never separated: a word with an apostrophe
inside ("don't"), a letter and its combining marks, an emoji of several code
points. Scripts without spaces between words (Chinese, Japanese, Thai, ...) are
cut into characters, katakana into runs.

Where a cut ends depends only on the text from its beginning to `LONGEST_CUT`
characters beyond: there is no look-behind, and each quantifier has a bound.
So a text of any size can be cut block by block, with the same result as in
one piece.
"""

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

LONGEST_CUT = 1 << 13  # characters, including the look-ahead
TAIL = 1 << 12  # characters at a block's end, searched for white space

JOINERS = "['\u2019\u200c\u200d]"  # apostrophes, and (non-)joiners of glyphs
# Scripts without spaces between words: Thai and Lao, Myanmar, Khmer, hiragana,
# bopomofo, Han; and katakana, which has the words of other languages.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u309f\u3105-\u312f"
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303b\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
)
KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
# Where Unicode has combining marks: searching all code points would take ten
# times as long.
MAYBE_MARKS = (range(0x300, 0x20000), range(0xE0100, 0xE01F0))

_OPEN_END = re.compile(JOINERS)
_WORD_THEN_SPACE = re.compile(r"(?s:.*)\S(?=\s)")


@functools.cache
def pattern() -> re.Pattern[str]:
    """The pattern whose consecutive matches are the cuts of a text.

    It is compiled on first use, which takes about 30 ms.

    Example:

    >>> pattern().findall("Don't  panic: 42!")
    ["Don't", ' ', ' panic', ':', ' 42', '!']
    """
    mark = _marks()
    marks = f"[{mark}]{{0,8}}"
    letter = rf"[^\W\d_{UNSPACED}{KATAKANA}]"
    word = rf"{letter}{{1,32}}(?:[{mark}]{{1,8}}{letter}{{0,32}}){{0,32}}"
    symbol = rf"(?:_|[^\w\s{mark}{UNSPACED}])"
    blank = r"[^\S\r\n]"
    spaced = rf"[^\s{mark}{UNSPACED}{KATAKANA}]"  # takes the space before it
    return re.compile(
        rf" ?{word}(?:{JOINERS}{word}){{0,3}}"
        rf"| ?\d{{1,4}}{marks}"
        rf"| ?(?:{symbol}{{1,16}}{marks}){{1,4}}"
        r"|[\r\n]{1,8}"
        rf"|{blank}{{1,32}}(?= {spaced})|{blank}{{1,32}}"
        rf"|[{KATAKANA}]{{1,16}}{marks}"
        rf"|[{UNSPACED}]{marks}"
        r"|(?s:.)"
    )


def cut(text: str) -> list[str]:
    r"""Cuts a text into words and the text between them.

    Args:
        text: Any text.

    Returns:
        The cuts; joined, they are the text.

    Example:

    >>> cut("To be,\n\tor not")
    ['To', ' be', ',', '\n', '\t', 'or', ' not']
    """
    return pattern().findall(text)


def settled(blocks: Iterable[str]) -> Iterator[str]:
    """Moves the borders of blocks so that none divides a word.

    Args:
        blocks: Pieces of a text, of any length.

    Yields:
        Pieces of the same text. The cuts of each, one after another, are the
        cuts of the whole text.

    Example:

    >>> list(settled(["one tw", "o three"]))
    ['one', ' two', ' three']
    """
    rest = ""
    for block in blocks:
        rest += block
        end = _last_border(rest)
        if end:
            yield rest[:end]
            rest = rest[end:]
    if rest:
        yield rest


class Word(NamedTuple):
    """A word in a text.

    Attributes:
        begin: Its position, after the space before it.
        end: The position after it; for an unfinished word that of the text.
        is_whole: Whether it stays the same whatever is written next.
    """

    begin: int
    end: int
    is_whole: bool


def first_word(text: str, position: int = 0) -> Word | None:
    r"""Finds the first word (or number, or punctuation) beyond a position.

    Args:
        text: A text that begins where a text is cut.
        position: The word ends after it, but may begin before it.

    Returns:
        The word, or `None` if only white space comes after the position.

    Example:

    >>> first_word("Napo leon,", len("Napo"))
    Word(begin=5, end=9, is_whole=True)
    >>> first_word("Napoleon", len("Napo"))
    Word(begin=0, end=8, is_whole=False)
    >>> first_word("Napoleon \n", len("Napoleon"))
    """
    for found in pattern().finditer(text):
        end = found.end()
        if end <= position or found[0].isspace():
            continue
        # One more character decides where a cut ends; after an apostrophe,
        # which only a letter joins to the word, two.
        is_open = end == len(text) or _OPEN_END.fullmatch(text, end)
        begin = end - len(found[0].lstrip(" "))
        return Word(begin, len(text) if is_open else end, not is_open)
    return None


def settled_length(text: str) -> int:
    """Finds the last position at which a text is cut whatever comes next.

    Args:
        text: Any text, such as the beginning of a sentence.

    Returns:
        The position. The text after it may become part of a longer word.

    Example:

    >>> text = "I am Napo"
    >>> text[settled_length(text):]
    ' Napo'
    """
    near = _WORD_THEN_SPACE.match(text, 0, max(0, len(text) - LONGEST_CUT))
    start = near.end() if near else 0
    borders = [_borders(text[start:] + probe) for probe in continuations()]
    common = set.intersection(*borders)
    return start + max(place for place in common if place <= len(text) - start)


def continuations() -> tuple[str, ...]:
    """One continuation of each kind that may lengthen a cut.

    Example:

    >>> "a" in continuations()
    True
    """
    kinds = ("a", "1", ".", "\n", "\r", "\t", " ", "  ", " a")
    return (*kinds, "\u0301", "\u200da", "'a", "\u30a2", "\u4e00")


def _borders(text: str) -> set[int]:
    """The positions at which a text is cut, including its beginning."""
    return {0, *(match.end() for match in pattern().finditer(text))}


def _last_border(text: str) -> int:
    """A position near the end where a text is cut whatever follows; or 0."""
    # White space ends any other cut.
    start = max(0, len(text) - TAIL)
    if match := _WORD_THEN_SPACE.match(text, start):
        return match.end()
    end = 0
    for found in pattern().finditer(text):
        if found.start() + LONGEST_CUT > len(text):
            break
        end = found.end()
    return end


@functools.cache
def _marks() -> str:
    """All combining marks, as the inside of a character class."""
    ranges: list[list[int]] = []
    for places in MAYBE_MARKS:
        for code_point in places:
            if unicodedata.category(chr(code_point))[0] != "M":
                continue
            if ranges and ranges[-1][1] == code_point - 1:
                ranges[-1][1] = code_point
            else:
                ranges.append([code_point, code_point])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)
