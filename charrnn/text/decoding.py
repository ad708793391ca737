"""Decode bytes strictly, and suggest an encoding where that fails."""

import codecs
import re
from collections.abc import Iterator
from typing import IO

from charrnn.text.recognition import Utf8Count, is_utf_8, without_mark

BYTES_PER_PIECE = 1 << 20
SAMPLE_BYTES = 1 << 23  # examined on each side of an invalid byte

# The longer marks come first, because that of utf-32 begins with utf-16's.
BYTE_ORDER_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
# Bytes that are control characters in latin-1, but quotes, dashes and letters
# in cp1252; five of them are undefined in cp1252.
C1_BYTE = re.compile(rb"[\x80-\x9f]")
UNDEFINED_IN_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


def check_encoding(encoding: str) -> None:
    """Checks that Python knows an encoding of texts.

    Args:
        encoding: Its name.

    Raises:
        ValueError: if it does not.

    Example:

    >>> check_encoding("cp1252")
    """
    try:
        " ".encode(encoding)
    except (LookupError, UnicodeError) as error:
        raise ValueError(
            "Expected an encoding that Python knows. "
            f"Received {encoding!r}. Use for example utf-8, utf-16 or latin-1."
        ) from error


def decoded(
    file: IO[bytes],
    encoding: str,
    title: str,
    count: Utf8Count | None = None,
) -> Iterator[str]:
    r"""Decodes a file piece by piece, strictly.

    Args:
        file: A binary file, at its start.
        encoding: A name that Python knows.
        title: The name of the text in messages.
        count: Counts the bytes while they are read.

    Yields:
        Pieces of at least one character.

    Raises:
        ValueError: if a byte is invalid. The message names the first one, its
            position, and possible encodings.

    Example:

    >>> import io
    >>> list(decoded(io.BytesIO(b"caf\xc3\xa9"), "utf-8", "menu.txt"))
    ['café']
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    size = lines = 0
    while True:
        data = file.read(BYTES_PER_PIECE)
        size += len(data)
        if count:
            count.add(data, final=not data)
        try:
            piece = decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            # error.object is this piece, after the rest of the last one.
            valid = error.object[: error.start].decode(error.encoding, "ignore")
            lines += valid.count("\n")
            offset = size - len(error.object) + error.start
            before = "; all before it is valid" if offset else ""
            raise ValueError(
                f"Expected {encoding} text in {title}. Received the invalid "
                f"byte 0x{error.object[error.start]:02X} at offset "
                f"{offset:,} (line {lines + 1:,}){before}. "
                f"{_advice(file, encoding, offset)}"
            ) from error
        except UnicodeError as error:  # utf-16 without a byte order mark
            raise ValueError(
                f"Expected {encoding} text in {title}. Received another: "
                f"{error}. Name its encoding with --encoding, for example "
                "utf-16-le or utf-16-be."
            ) from error
        lines += piece.count("\n")
        if piece:
            yield piece
        if not data:
            return


def escaped(file: IO[bytes]) -> Iterator[str]:
    r"""Decodes a file as UTF-8 piece by piece, keeping all other bytes.

    Args:
        file: A binary file, at its start.

    Yields:
        Pieces of at least one character. Each byte that is not UTF-8 becomes
        one from U+DC80 to U+DCFF, as in Python's "surrogateescape".

    Example:

    >>> import io
    >>> list(escaped(io.BytesIO(b"caf\xc3\xa9, caf\xe9")))
    ['café, caf', '\udce9']
    """
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    while data := file.read(BYTES_PER_PIECE):
        if piece := decoder.decode(data):
            yield piece
    if piece := decoder.decode(b"", final=True):
        yield piece


def _advice(file: IO[bytes], encoding: str, offset: int) -> str:
    """Advises what to do about a byte that is invalid in the encoding.

    Args:
        file: The file, at any position.
        encoding: The encoding in which it cannot be decoded.
        offset: The offset of the invalid byte.
    """
    file.seek(0)
    start = file.read(BYTES_PER_PIECE)
    for mark, marked in BYTE_ORDER_MARKS.items():
        if start.startswith(mark):
            return f"Its first bytes mark {marked}: use --encoding {marked}."
    if found := without_mark(start):
        return f"It looks like {found}: use --encoding {found}."
    first = max(0, offset - SAMPLE_BYTES)
    file.seek(first)
    sample = file.read(offset - first + SAMPLE_BYTES)
    is_last = not file.read(1)
    if b"\x00" in sample:
        return "It has NUL bytes, like a binary file: name a text instead."
    if first:  # the sample may begin within a character
        sample = sample.lstrip(bytes(range(0x80, 0xC0)))
    count = Utf8Count()
    count.add(sample, final=True)
    if not is_utf_8(encoding):
        if not count.invalid:
            return "It is valid UTF-8: leave --encoding out."
        return "Name its encoding with --encoding."
    return _advice_on_bytes(sample, count, is_last)


def _advice_on_bytes(sample: bytes, count: Utf8Count, is_last: bool) -> str:
    """Advises what to do about bytes that are not UTF-8.

    Args:
        sample: The bytes around the first invalid one.
        count: Their valid and invalid characters.
        is_last: Whether the file ends with them.
    """
    if count.is_mixed:
        if is_last and _is_cut_off(sample):
            return (
                "It begins the last character, of which a part is missing: "
                "the file was cut off. Fetch it again, or delete that part."
            )
        return (
            f"It is mixed: characters that are UTF-8: {count.characters:,}, "
            f"bytes that are not: {count.invalid:,}, as if texts of two "
            "encodings were joined. Repair it: with another --encoding the "
            "rest would be misread."
        )
    if not count.is_latin:
        return (
            "Name its encoding with --encoding; most of its letters are not "
            "Latin: for example cp1251 or koi8-r, gb18030 or big5, shift_jis "
            "or euc-jp, euc-kr."
        )
    if UNDEFINED_IN_CP1252.search(sample):
        return (
            "Name its encoding with --encoding: neither latin-1 nor cp1252, "
            "which have no character for some of its bytes, but for example "
            "mac_roman, cp850 or cp437."
        )
    if C1_BYTE.search(sample):
        return (
            "Name its encoding with --encoding, for example cp1252: it has "
            "bytes that are quotes and dashes there, and no characters in "
            "latin-1."
        )
    return "Name its encoding with --encoding, for example latin-1."


def _is_cut_off(sample: bytes) -> bool:
    """Whether the text is UTF-8 except for an incomplete last character."""
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.end == len(sample) and "end of data" in error.reason
    return False
