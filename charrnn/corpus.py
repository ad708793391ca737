"""Read a text: a path, a folder, '-' for stdin, or a name in the catalogue."""

import codecs
import collections
import contextlib
import functools
import io
import re
import stat
import sys
import tempfile
import unicodedata
import weakref
from pathlib import Path

from charrnn import catalogue, memory

NEWLINES = ("lf", "keep")
NORMAL_FORMS = ("NFC", "NFD", "NFKC", "NFKD")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
PIECE = 1 << 20  # bytes decoded at a time
IN_MEMORY = 1 << 26  # bytes of standard input that are not put on the disk

# The longer marks come first: utf-32's begins with utf-16's.
BYTE_ORDER_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


def read(source, **how):
    r"""Reads a text, strictly: no byte is skipped, replaced or guessed.

    Args:
        source: A path or a name, `str` or `pathlib.Path`; "-" means stdin.
        **how: As for `Text`: `encoding`, `newline`, `normalize`, `say`.

    Returns:
        A `str` of at least one character.

    Raises:
        ValueError: as `Text` does, or if the text is too large for the
            memory.
        OSError: if the text cannot be read.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "notes.txt"
    ...     _ = path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    ...     read(path)
    'one\ntwo\n'
    """
    text = Text(source, **how)
    _check_memory(text.size, text.title)  # before the machine is filled
    pieces, characters, width = [], 0, 1
    for piece in text.pieces():
        pieces.append(piece)
        characters += len(piece)
        # The widest character decides what all take: 1, 2 or 4 bytes.
        width = max(width, min(4, sys.getsizeof(piece) // len(piece)))
        _check_memory(2 * width * characters, text.title)
    return "".join(pieces)


class Text:
    """A text of any size, read a piece at a time and as often as wanted.

    A catalogue's name means its corpus unless a regular file has that name; a
    folder of that name is read when written with a separator (`./python`).
    A folder means all its `*.txt`, at any depth, in the order of their paths.

    Args:
        source: A path or a name, `str` or `pathlib.Path`; "-" means stdin.
        encoding: The encoding of files and stdin. Byte order marks go.
        newline: "lf" to read CRLF and CR line ends as LF, "keep" to leave
            them.
        normalize: A Unicode normal form: None, "NFC", "NFD", "NFKC", "NFKD".
        say: Called with one line of text about anything worth knowing.

    Attributes:
        title: What messages call the text.
        size: Its bytes.

    Raises:
        ValueError: if there is no such text, or an argument is none of the
            above; by `pieces` also if the text is empty, or its bytes are
            not in the encoding.
        OSError: if the text cannot be read.

    Example:

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     _ = file.write(b"one")
    ...     file.flush()
    ...     text = Text(file.name)
    ...     list(text.pieces()), list(text.pieces())
    (['one'], ['one'])
    """

    def __init__(
        self,
        source,
        *,
        encoding="utf-8",
        newline="lf",
        normalize=None,
        say=None,
    ):
        _check_encoding(encoding)
        _check_options(newline, normalize)
        name, path = str(source), Path(source)
        self.title = "standard input" if name == "-" else name
        self._encoding, self._newline = encoding, newline
        self._normalize, self._say = normalize, say
        self._in_folder = False
        # Of each part its title, and what opens it once more.
        if name == "-":
            file, self.size = _standard_input()
            weakref.finalize(self, file.close)
            self._parts = [(self.title, functools.partial(_rewound, file))]
        elif name in catalogue.names() and not path.is_file():
            data = catalogue.corpus_text(name, say).encode()
            self._encoding, self.size = "utf-8", len(data)
            self._parts = [(name, functools.partial(io.BytesIO, data))]
        else:
            paths = _files(name, path)
            self._in_folder = path.is_dir()
            self.size = sum(path.stat().st_size for path in paths)
            self._parts = [
                (str(path), functools.partial(path.open, "rb"))
                for path in paths
            ]

    def pieces(self):
        """Yields the text as `str`, about a million characters at a time."""
        counts = collections.Counter()
        empty = True
        for raw in _never_torn(self._as_read(), self._normalize):
            if self._say:
                counts.update(CONTROL.findall(raw))
                counts["CRLF"] += (pairs := raw.count("\r\n"))
                counts["CR"] += raw.count("\r") - pairs
            empty = False
            yield normalize_text(raw, self._newline, self._normalize)
        if empty:
            raise ValueError(
                f"Expected at least one character in {self.title}. "
                "Received an empty text. Name a text that has some."
            )
        if self._say:
            self._tell(counts)
            self._say = None  # once is enough

    def _as_read(self):
        """The text as it was written, without byte order marks."""
        for title, open_again in self._parts:
            last = ""
            with open_again() as file:
                for piece in _decoded(file, self._encoding, title):
                    if piece := piece if last else piece.lstrip("\ufeff"):
                        last = piece[-1]
                        yield piece
            if self._in_folder and last not in ("", "\n"):
                yield "\n"

    def _tell(self, counts):
        for name in ("CRLF", "CR"):
            count = counts.pop(name)
            if count and self._newline == "lf":
                what = "line end" if count == 1 else "line ends"
                self._say(
                    f"{self.title}: {count:,} {name} {what} read as LF "
                    "(--newline keep leaves them)"
                )
        if counts:
            found = ", ".join(f"U+{ord(c):04X}" for c in sorted(counts))
            self._say(
                f"{self.title}: control characters kept: {counts.total():,} "
                f"({found})"
            )


def normalize_text(text, newline="lf", normalize=None):
    r"""Gives a text the line ends and the normal form of a corpus.

    Prompts and texts to be scored go through it with the arguments that the
    corpus was read with: the same characters then have the same spelling.

    Args:
        text: A `str`.
        newline: "lf" or "keep", as for `read`.
        normalize: None or a Unicode normal form, as for `read`.

    Returns:
        A `str`.

    Raises:
        ValueError: if `newline` or `normalize` is none of these.

    Example:

    >>> normalize_text("cafe\u0301\r\n", normalize="NFC")
    'café\n'
    """
    _check_options(newline, normalize)
    if newline == "lf":
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize(normalize, text) if normalize else text


def _check_options(newline, normalize):
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


def _check_encoding(encoding):
    try:
        " ".encode(encoding)
    except (LookupError, UnicodeError) as error:
        raise ValueError(
            "Expected an encoding that Python knows. "
            f"Received {encoding!r}. Use for example utf-8, utf-16 or latin-1."
        ) from error


def _standard_input():
    """A file with all of stdin, which can be read only once, and its size."""
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)
    try:
        while data := sys.stdin.buffer.read(PIECE):
            file.write(data)
            _check_memory(file.tell(), "standard input")  # it may never end
    except BaseException:
        file.close()
        raise
    return file, file.tell()


def _rewound(file):
    file.seek(0)
    return contextlib.nullcontext(file)


def _files(name, path):
    """The files that a path names."""
    if not name or not path.exists():
        raise ValueError(_no_such_text(name))
    paths = [path]
    if path.is_dir():
        paths = sorted(p for p in path.rglob("*.txt") if not p.is_dir())
    if not paths:
        raise ValueError(
            f"Expected files named *.txt in the folder {path}. "
            "Received a folder without any. Name another folder or a file."
        )
    for path in paths:
        # Looked at before it is opened: to open a FIFO is to wait for a
        # writer.
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError(
                f"Expected a regular file. Received {path}, which is a pipe "
                "or a device. Pass '-' and feed the text to standard input."
            )
    return paths


def _no_such_text(name):
    import difflib

    names = catalogue.names()
    close = difflib.get_close_matches(name, names, n=1)
    advice = f"Did you mean {close[0]!r}?" if close else "Check the path."
    return (
        "Expected a file, a folder, '-' for standard input, or one of "
        f"{', '.join(names)}. Received {name!r}, and no such file exists. "
        f"{advice}"
    )


def _check_memory(size, title):
    memory.check_fits(size, f"the text in {title}", "Use a part of it.")


def _decoded(file, encoding, title):
    """Decodes a file piece by piece."""
    decoder = codecs.getincrementaldecoder(encoding)()
    size = 0
    while True:
        data = file.read(PIECE)
        size += len(data)
        try:
            piece = decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            # error.object: this piece, and what was left of the one before.
            offset = size - len(error.object) + error.start
            raise ValueError(
                f"Expected {encoding} text in {title}. Received the invalid "
                f"byte 0x{error.object[error.start]:02X} at offset "
                f"{offset:,}. {_decoding_advice(file, data)}"
            ) from error
        except UnicodeError as error:  # of utf-16 without its mark
            raise ValueError(
                f"Expected {encoding} text in {title}. Received another: "
                f"{error}. Name its encoding with --encoding, for example "
                "utf-16-le or utf-16-be."
            ) from error
        if piece:
            yield piece
        if not data:
            return


def _decoding_advice(file, data):
    file.seek(0)
    start = file.read(4)
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if start.startswith(mark):
            return (
                f"Its first bytes mark {encoding}: use --encoding {encoding}."
            )
    if b"\x00" in data:
        return "It has NUL bytes, like a binary file: name a text instead."
    return "Name its encoding with --encoding, for example latin-1 or cp1252."


def _never_torn(pieces, normalize):
    """Cuts pieces where neither a CRLF nor a composed character is torn."""
    rest = ""
    for piece in pieces:
        piece = rest + piece
        if normalize:  # nothing combines with a space or a line end
            cut = 1 + max(piece.rfind(" "), piece.rfind("\n"))
        else:
            cut = len(piece) - piece.endswith("\r")
        piece, rest = piece[:cut], piece[cut:]
        if piece:
            yield piece
    if rest:
        yield rest
