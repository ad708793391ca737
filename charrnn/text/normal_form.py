"""Bring a text into a Unicode normal form, in bounded time."""

import functools
import unicodedata

NORMAL_FORMS = ("NFC", "NFD", "NFKC", "NFKD")
PART = 256  # characters normalized at a time
MOST_MARKS = 256  # combining characters in a row; Unicode's own limit is 30

# Letters that join the letter before them, though they are no marks: vowels
# and final consonants of Hangul, vowel signs of Kirat Rai.
JOINING_LETTERS = ("\u1160", "\u11ff"), ("\U00016d40", "\U00016d7f")
# Where the characters with canonical decompositions stand. Those of Hangul
# syllables follow from a rule.
DECOMPOSED = (
    range(0xC0, 0x3100),
    range(0xF900, 0xFB50),
    range(0x11000, 0x12000),
    range(0x16D40, 0x16D80),
    range(0x1D100, 0x1D200),
)
HANGUL_SYLLABLES = "\uac00", "\ud7a3"
HANGUL_VOWELS = range(0x1161, 0x1176)
HANGUL_FINALS = range(0x11A8, 0x11C3)


def normalized(text, form):
    r"""Brings a text into a normal form, as `unicodedata.normalize` does.

    Python sorts the marks after a letter in a time that grows with the square
    of their number: minutes for a megabyte of nothing but marks. So many are
    refused here.

    Args:
        text: A `str`.
        form: One of `NORMAL_FORMS`.

    Returns:
        A `str`.

    Raises:
        ValueError: if more than `MOST_MARKS` combining characters follow one
            another.

    Example:

    >>> len("cafe\u0301"), len(normalized("cafe\u0301", "NFC"))
    (5, 4)
    """
    if text.isascii():
        return text
    parts, start = [], 0
    while start < len(text):
        end = _end_of_part(text, start)
        parts.append(unicodedata.normalize(form, text[start:end]))
        start = end
    return "".join(parts)


def last_beginning(text):
    """Finds where the rest of a text can be normalized by itself.

    Args:
        text: A `str`.

    Returns:
        The index of the last character that begins something new; 0 if there
        is none.

    Raises:
        ValueError: as `normalized` does.

    Example:

    >>> last_beginning("a cafe\u0301")
    5
    """
    for index in range(len(text) - 1, -1, -1):
        if begins(text[index]):
            return index
        if len(text) - index > MOST_MARKS:
            raise ValueError(_too_many_marks())
    return 0


@functools.lru_cache(maxsize=1 << 14)
def begins(character):
    r"""Whether a character never combines with the one before it.

    Args:
        character: A `str` of one character.

    Returns:
        A `bool`.

    Example:

    >>> begins("e"), begins("\u0301")
    (True, False)
    """
    first = unicodedata.normalize("NFKD", character)[0]
    joins = any(low <= first <= high for low, high in JOINING_LETTERS)
    return not joins and unicodedata.category(first)[0] != "M"


@functools.cache
def composing_characters():
    r"""The characters that NFC may compose with the one before them.

    Returns:
        A `frozenset` of `str`.

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
def composed_characters():
    """The characters of NFC that NFD writes as several, but for Hangul.

    Returns:
        A `frozenset` of `str`.

    Example:

    >>> "é" in composed_characters()
    True
    """
    return frozenset(
        character
        for code_points in DECOMPOSED
        for character in map(chr, code_points)
        if unicodedata.is_normalized("NFC", character)
        and not unicodedata.is_normalized("NFD", character)
    )


@functools.lru_cache(maxsize=8)
def form_of(characters):
    r"""Tells in which normal form a text is, from its distinct characters.

    Args:
        characters: A `str`, such as a vocabulary's.

    Returns:
        "NFC" if a letter and its accent are one character wherever Unicode
        has one, "NFD" if they are always several; `None` if both or neither
        occur. Texts that are written with these characters are in that form
        already, but for the order of several marks.

    Example:

    >>> form_of("acefé"), form_of("acef\u0301"), form_of("acef")
    ('NFC', 'NFD', None)
    """
    if characters.isascii():
        return None
    apart = not composing_characters().isdisjoint(characters)
    is_form = {
        form: all(unicodedata.is_normalized(form, c) for c in characters)
        for form in ("NFC", "NFD")
    }
    if apart:
        return "NFD" if is_form["NFD"] else None
    return "NFC" if is_form["NFC"] and not is_form["NFD"] else None


def _end_of_part(text, start):
    """The first index after a part where nothing combines across it."""
    middle = end = start + PART
    while end < len(text) and not begins(text[end]):
        end += 1
        if end - middle > MOST_MARKS:
            raise ValueError(_too_many_marks())
    if end == middle:
        return end
    while middle > start and not begins(text[middle - 1]):
        middle -= 1
    if end - middle > MOST_MARKS:
        raise ValueError(_too_many_marks())
    return end


def _too_many_marks():
    return (
        "Expected a text to normalize with at most "
        f"{MOST_MARKS} combining characters in a row. Received more. Remove "
        "them."
    )
