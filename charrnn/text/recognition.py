"""Detect UTF-8, UTF-16 and UTF-32 in bytes."""

import codecs
import re

ENCODINGS_WITHOUT_MARK = "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"

# What "surrogateescape" decodes an invalid byte to.
INVALID_BYTE = re.compile("[\udc80-\udcff]")


def is_utf_8(encoding: str) -> bool:
    """Whether an encoding is UTF-8, which has several names.

    Args:
        encoding: A name that Python knows.

    Returns:
        Whether it is UTF-8, with or without a byte order mark.

    Example:

    >>> is_utf_8("UTF8"), is_utf_8("utf-8-sig"), is_utf_8("utf-16")
    (True, True, False)
    """
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


class Utf8Count:
    """Counts the characters beyond ASCII in bytes that are read as UTF-8.

    Attributes:
        size: The number of bytes.
        characters: The number of valid characters of several bytes.
        invalid: The number of bytes that are not UTF-8.

    Example:

    >>> count = Utf8Count()
    >>> count.add(b"caf\\xc3")
    >>> count.add(b"\\xa9, caf\\xe9!", final=True)
    >>> count.characters, count.invalid
    (1, 1)
    """

    def __init__(self) -> None:
        self.size = self.characters = self.invalid = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")

    def add(self, data: bytes, final: bool = False) -> None:
        """Counts the next bytes.

        Args:
            data: The bytes. A character may be divided between calls.
            final: Whether these are the last.
        """
        self.size += len(data)
        text = self._decoder.decode(data, final)
        if not text.isascii():
            ascii_only = len(text.encode("ascii", "ignore"))
            invalid = len(INVALID_BYTE.findall(text))
            self.invalid += invalid
            self.characters += len(text) - ascii_only - invalid

    @property
    def is_valid(self) -> bool:
        """Whether all bytes are UTF-8, and some of them are not ASCII."""
        return self.characters > 0 and not self.invalid

    @property
    def is_latin(self) -> bool:
        """Whether the text may be in Latin letters, most of which are ASCII.

        In other scripts more than half of the bytes are not ASCII.
        """
        return self.invalid < 20 or 2 * self.invalid < self.size

    @property
    def is_mixed(self) -> bool:
        """Whether it is UTF-8 with another encoding in some places.

        In a text that is entirely in another encoding, few bytes look like
        UTF-8 by chance: far fewer than one in four.
        """
        return self.invalid > 0 and 4 * self.characters >= self.invalid


def without_mark(start: bytes) -> str | None:
    r"""Recognises UTF-16 and UTF-32 without a byte order mark.

    The wrong byte order can be decoded too, but results in characters from all
    over Unicode. So among the encodings that result in plain text, the one
    with the lowest mean code point is chosen.

    Args:
        start: The first bytes of a file.

    Returns:
        The name of the encoding, or `None` if it is probably another.

    Example:

    >>> without_mark("To be, or not to be".encode("utf-16-be"))
    'utf-16-be'
    """
    if b"\x00" not in start:
        return None
    found = []
    for encoding in ENCODINGS_WITHOUT_MARK:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            text = decoder.decode(start[: 1 << 12])
        except UnicodeDecodeError:
            continue
        has_many_nuls = start.count(b"\x00") > len(start) / 5
        has_blanks = " " in text or "\n" in text
        if _is_plain(text) and (has_many_nuls or has_blanks):
            found.append((sum(map(ord, text)) / len(text), encoding))
    return min(found)[1] if found else None


def _is_plain(text: str) -> bool:
    plain = sum(c.isprintable() or c in "\n\r\t" for c in text)
    return bool(text) and plain > 0.95 * len(text)
