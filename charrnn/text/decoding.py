"""Decode bytes strictly, and tell what a wrong encoding looks like."""

import codecs
import re

PIECE = 1 << 20  # bytes decoded at a time
SAMPLE = 1 << 23  # bytes before and after an invalid one that are looked at

# The longer marks come first: utf-32's begins with utf-16's.
BYTE_ORDER_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
WITHOUT_MARK = "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"

INVALID = re.compile("[\udc80-\udcff]")  # as "surrogateescape" decodes bytes
# Bytes that latin-1 has control characters for, and cp1252 quotes, dashes
# and letters; five of them are nothing in cp1252 either.
BETWEEN = re.compile(rb"[\x80-\x9f]")
NOT_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


def check_encoding(encoding):
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


def is_utf_8(encoding):
    """Whether an encoding is UTF-8, by any of its names.

    Args:
        encoding: A name that Python knows.

    Returns:
        A `bool`.

    Example:

    >>> is_utf_8("UTF8"), is_utf_8("utf-8-sig"), is_utf_8("utf-16")
    (True, True, False)
    """
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


class Utf8Count:
    """Counts, as bytes go by, what in them is UTF-8 beyond ASCII.

    Attributes:
        size: All bytes.
        characters: Valid ones of several bytes.
        invalid: Bytes that are no UTF-8.

    Example:

    >>> count = Utf8Count()
    >>> count.add(b"caf\\xc3")
    >>> count.add(b"\\xa9, caf\\xe9!", final=True)
    >>> count.characters, count.invalid
    (1, 1)
    """

    def __init__(self):
        self.size = self.characters = self.invalid = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")

    def add(self, data, final=False):
        """Looks at some more bytes."""
        self.size += len(data)
        text = self._decoder.decode(data, final)
        if not text.isascii():
            ascii_only = len(text.encode("ascii", "ignore"))
            invalid = len(INVALID.findall(text))
            self.invalid += invalid
            self.characters += len(text) - ascii_only - invalid

    @property
    def is_valid(self):
        """Whether all is UTF-8, and some of it is not ASCII."""
        return self.characters > 0 and not self.invalid

    @property
    def is_latin(self):
        """Whether bytes beyond ASCII are no more than Latin letters have."""
        return self.invalid < 20 or 2 * self.invalid < self.size

    @property
    def is_mixed(self):
        """Whether it is UTF-8 with something else in between.

        In texts of other encodings few bytes look like UTF-8, by chance.
        """
        return self.invalid > 0 and 4 * self.characters >= self.invalid


def decoded(file, encoding, title, count=None):
    r"""Decodes a file piece by piece, strictly.

    Args:
        file: A binary file, at its start.
        encoding: A name that Python knows.
        title: What messages call the text.
        count: A `Utf8Count` that is shown the bytes, or `None`.

    Yields:
        `str` of at least one character.

    Raises:
        ValueError: naming the first invalid byte and its place, and saying
            what the encoding may be.

    Example:

    >>> import io
    >>> list(decoded(io.BytesIO(b"caf\xc3\xa9"), "utf-8", "menu.txt"))
    ['café']
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    size = lines = 0
    while True:
        data = file.read(PIECE)
        size += len(data)
        if count:
            count.add(data, final=not data)
        try:
            piece = decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            # error.object: this piece, and what was left of the one before.
            lines += error.object[: error.start].count(b"\n")
            offset = size - len(error.object) + error.start
            before = "; all before it is valid" if offset else ""
            raise ValueError(
                f"Expected {encoding} text in {title}. Received the invalid "
                f"byte 0x{error.object[error.start]:02X} at offset "
                f"{offset:,} (line {lines + 1:,}){before}. "
                f"{_advice(file, encoding, offset)}"
            ) from error
        except UnicodeError as error:  # of utf-16 without its mark
            raise ValueError(
                f"Expected {encoding} text in {title}. Received another: "
                f"{error}. Name its encoding with --encoding, for example "
                "utf-16-le or utf-16-be."
            ) from error
        lines += data.count(b"\n")
        if piece:
            yield piece
        if not data:
            return


def _advice(file, encoding, offset):
    """What to do about bytes that are not in the encoding."""
    file.seek(0)
    start = file.read(PIECE)
    for mark, marked in BYTE_ORDER_MARKS.items():
        if start.startswith(mark):
            return f"Its first bytes mark {marked}: use --encoding {marked}."
    if found := without_mark(start):
        return f"It looks like {found}: use --encoding {found}."
    first = max(0, offset - SAMPLE)
    file.seek(first)
    sample = file.read(offset - first + SAMPLE)
    ends = not file.read(1)
    if b"\x00" in sample:
        return "It has NUL bytes, like a binary file: name a text instead."
    if first:  # it may begin within a character
        sample = sample.lstrip(bytes(range(0x80, 0xC0)))
    count = Utf8Count()
    count.add(sample, final=True)
    if not is_utf_8(encoding):
        if not count.invalid:
            return "It is valid UTF-8: leave --encoding out."
        return "Name its encoding with --encoding."
    return _advice_of(sample, count, ends)


def _advice_of(sample, count, ends):
    """What to do about bytes that are not UTF-8."""
    if count.is_mixed:
        if ends and _is_cut_off(sample):
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
    if NOT_CP1252.search(sample):
        return (
            "Name its encoding with --encoding: neither latin-1 nor cp1252, "
            "which have no character for some of its bytes, but for example "
            "mac_roman, cp850 or cp437."
        )
    if BETWEEN.search(sample):
        return (
            "Name its encoding with --encoding, for example cp1252: it has "
            "bytes that are quotes and dashes there, and no characters in "
            "latin-1."
        )
    return "Name its encoding with --encoding, for example latin-1."


def _is_cut_off(sample):
    """Whether only the last character is not UTF-8: its first bytes."""
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.end == len(sample) and "end of data" in error.reason
    return False


def without_mark(start):
    r"""Recognises UTF-16 and UTF-32 that have no byte order mark.

    Args:
        start: The first bytes of a file.

    Returns:
        The name of the encoding; `None` if it is probably none of these.

    Example:

    >>> without_mark("To be, or not to be".encode("utf-16-be"))
    'utf-16-be'
    """
    if b"\x00" not in start:
        return None
    found = []
    for encoding in WITHOUT_MARK:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            text = decoder.decode(start[: 1 << 12])
        except UnicodeDecodeError:
            continue
        if _is_plain(text) and start.count(b"\x00") > len(start) / 5:
            found.append((sum(map(ord, text)) / len(text), encoding))
        elif _is_plain(text) and {" ", "\n"} & set(text):
            found.append((sum(map(ord, text)) / len(text), encoding))
    return min(found)[1] if found else None


def _is_plain(text):
    shown = sum(c.isprintable() or c in "\n\r\t" for c in text)
    return bool(text) and shown > 0.95 * len(text)
