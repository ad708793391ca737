"""Convert a text to one kind of line end, and to a Unicode normal form.

A normal form defines how a letter and its marks are written: NFC as one
character if Unicode has one (é), NFD as several (e and U+0301). To normalize,
Python sorts the marks after each letter, in time that grows with the square of
their number: a megabyte of nothing but marks takes minutes. So a text is
normalized in parts of about `CHARACTERS_PER_PART`, and one with more than
`MAX_MARKS_IN_A_ROW` is refused.

A part may only end where nothing combines across the cut. Its end is moved
forward to the next character that starts a new sequence (see `begins`):

    ...  c  a  f  e  ´  s  ...
                     ^  ^
                     |  the part ends here instead, before the s
                     256 characters end here, between the e and its accent
"""

import functools
import unicodedata
from typing import Literal, TypeAlias, cast, get_args

NormalForm: TypeAlias = Literal["NFC", "NFD", "NFKC", "NFKD"]

NEWLINES = ("lf", "keep")
NORMAL_FORMS: tuple[str, ...] = get_args(NormalForm)
CHARACTERS_PER_PART = 256
MAX_MARKS_IN_A_ROW = 256  # stream-safe texts, as Unicode calls them, have 30

# Letters that combine with the letter before them although they are not marks:
# vowels and final consonants of Hangul, vowel signs of Kirat Rai.
JOINING_LETTERS = ("\u1160", "\u11ff"), ("\U00016d40", "\U00016d7f")
# The blocks of Unicode that have characters with canonical decompositions,
# except Hangul syllables, whose decompositions follow from a rule.
BLOCKS_OF_COMPOSED_CHARACTERS = (
    range(0xC0, 0x3100),
    range(0xF900, 0xFB50),
    range(0x11000, 0x12000),
    range(0x16D40, 0x16D80),
    range(0x1D100, 0x1D200),
)
HANGUL_SYLLABLES = "\uac00", "\ud7a3"
HANGUL_VOWELS = range(0x1161, 0x1176)
HANGUL_FINALS = range(0x11A8, 0x11C3)


def normalize_text(
    text: str, newline: str = "lf", normalize: str | None = None
) -> str:
    r"""Converts a text to the line ends and the normal form of a corpus.

    Called with the arguments with which the corpus was read, it makes a
    prompt, or a text to score, consistent with the corpus.

    Args:
        text: Any text.
        newline: "lf" or "keep", as for `Text`.
        normalize: `None` or a Unicode normal form, as for `Text`.

    Returns:
        The text in that form.

    Raises:
        ValueError: if `newline` or `normalize` is none of these, or if
            `normalized` raises it.

    Example:

    >>> normalize_text("cafe\u0301\r\n", normalize="NFC")
    'café\n'
    """
    check_form(newline, normalize)
    if newline == "lf":
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return normalized(text, normalize) if normalize else text


def check_form(newline: str, normalize: str | None) -> None:
    """Checks the arguments of `normalize_text`.

    Args:
        newline: What should be in `NEWLINES`.
        normalize: What should be `None` or in `NORMAL_FORMS`.

    Raises:
        ValueError: if one of them is not.

    Example:

    >>> check_form("lf", None)
    """
    if newline not in NEWLINES:
        raise ValueError(
            f"Expected newline to be one of {', '.join(NEWLINES)}. "
            f"Received {newline!r}. Use lf unless line ends matter."
        )
    if normalize is not None and normalize not in NORMAL_FORMS:
        raise ValueError(
            f"Expected normalize to be one of {', '.join(NORMAL_FORMS)}. "
            f"Received {normalize!r}. Use NFC, or leave it out."
        )


def normalized(text: str, form: str) -> str:
    r"""Converts a text to a normal form, as `unicodedata.normalize` does.

    Args:
        text: Any text.
        form: One of `NORMAL_FORMS`.

    Returns:
        The text in that form.

    Raises:
        ValueError: if more than `MAX_MARKS_IN_A_ROW` combining characters
            follow one another.

    Example:

    >>> len("cafe\u0301"), len(normalized("cafe\u0301", "NFC"))
    (5, 4)
    """
    if text.isascii():
        return text
    parts, start = [], 0
    while start < len(text):
        end = _end_of_part(text, start)
        part = unicodedata.normalize(cast(NormalForm, form), text[start:end])
        parts.append(part)
        start = end
    return "".join(parts)


def last_beginning(text: str) -> int:
    """Finds the last position at which a text may be cut for normalization.

    Args:
        text: Any text.

    Returns:
        The index of the last character that never combines with the one
        before it; 0 if there is none.

    Raises:
        ValueError: as `normalized` does.

    Example:

    >>> last_beginning("a cafe\u0301")
    5
    """
    for index in range(len(text) - 1, -1, -1):
        if begins(text[index]):
            return index
        if len(text) - index > MAX_MARKS_IN_A_ROW:
            raise ValueError(_too_many_marks())
    return 0


@functools.lru_cache(maxsize=1 << 14)
def begins(character: str) -> bool:
    r"""Whether a character never combines with the one before it.

    Args:
        character: One character.

    Returns:
        Whether a text may be cut before it.

    Example:

    >>> begins("e"), begins("\u0301")
    (True, False)
    """
    first = unicodedata.normalize("NFKD", character)[0]
    joins = any(low <= first <= high for low, high in JOINING_LETTERS)
    return not joins and unicodedata.category(first)[0] != "M"


@functools.cache
def composing_characters() -> frozenset[str]:
    r"""Lists the characters that NFC may compose with the one before them.

    Returns:
        The characters, as strings of one.

    Example:

    >>> "\u0301" in composing_characters()
    True
    """
    seconds = {
        unicodedata.normalize("NFD", c)[-1] for c in composed_characters()
    }
    return frozenset(
        seconds.union(map(chr, HANGUL_VOWELS), map(chr, HANGUL_FINALS))
    )


@functools.cache
def composed_characters() -> frozenset[str]:
    """Lists the characters that NFD writes as several, except Hangul.

    Returns:
        The characters, as strings of one.

    Example:

    >>> "é" in composed_characters()
    True
    """
    return frozenset(
        character
        for code_points in BLOCKS_OF_COMPOSED_CHARACTERS
        for character in map(chr, code_points)
        if unicodedata.is_normalized("NFC", character)
        and not unicodedata.is_normalized("NFD", character)
    )


@functools.lru_cache(maxsize=8)
def form_of(characters: str) -> str | None:
    r"""Finds the normal form of a text from its distinct characters.

    Args:
        characters: The distinct characters, such as a vocabulary's.

    Returns:
        "NFC" if a letter and its accent are one character wherever Unicode
        has one, "NFD" if they are always several; `None` if both or neither
        occur. Texts written with these characters are in that form already,
        except perhaps in the order of several marks on one letter.

    Example:

    >>> form_of("acefé"), form_of("acef\u0301"), form_of("acef")
    ('NFC', 'NFD', None)
    """
    if characters.isascii():
        return None
    has_marks = not composing_characters().isdisjoint(characters)
    is_form = {
        form: all(unicodedata.is_normalized(form, c) for c in characters)
        for form in ("NFC", "NFD")
    }
    if has_marks:
        return "NFD" if is_form["NFD"] else None
    return "NFC" if is_form["NFC"] and not is_form["NFD"] else None


def _end_of_part(text: str, start: int) -> int:
    """Finds the first position after a part where nothing combines."""
    wanted = end = start + CHARACTERS_PER_PART
    while end < len(text) and not begins(text[end]):
        end += 1
        if end - wanted > MAX_MARKS_IN_A_ROW:
            raise ValueError(_too_many_marks())
    if end == wanted:
        return end
    # The marks that the end was moved over may have begun before it.
    first = wanted
    while first > start and not begins(text[first - 1]):
        first -= 1
    if end - first > MAX_MARKS_IN_A_ROW:
        raise ValueError(_too_many_marks())
    return end


def _too_many_marks() -> str:
    return (
        "Expected a text to normalize with at most "
        f"{MAX_MARKS_IN_A_ROW} combining characters in a row. Received more. "
        "Remove them."
    )
