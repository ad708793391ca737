"""Read a text: a path, a folder, '-' for stdin, or a name in the catalogue."""

import contextlib
import dataclasses
import functools
import io
import sys
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path

from charrnn.system import ram
from charrnn.text import catalogue, decoding, sources
from charrnn.text.normal_form import NORMAL_FORMS, last_beginning, normalized
from charrnn.text.notices import Notices

NEWLINES = ("lf", "keep")
IN_MEMORY = 1 << 26  # bytes of standard input that are not put on the disk


def read(source, **how):
    r"""Reads a text, strictly: no byte is skipped, replaced or guessed.

    Args:
        source: A path or a name, `str` or `pathlib.Path`, or a list of them,
            which are read one after the other; "-" means stdin.
        **how: As for `Text`: `encoding`, `newline`, `normalize`, `say`,
            `without`.

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
    A folder means all its `*.txt`, at any depth, in the order of their paths,
    without hidden ones and the runs of charrnn. A name with `*`, `?` or `[`
    means the files that match. Of several files each ends with a line end.

    Args:
        source: A path or a name, `str` or `pathlib.Path`, or a list of them;
            "-" means stdin.
        encoding: The encoding of files and stdin. Byte order marks go.
        newline: "lf" to read CRLF and CR line ends as LF, "keep" to leave
            them.
        normalize: A Unicode normal form: None, "NFC", "NFD", "NFKC", "NFKD".
        say: Called with one line of text about anything worth knowing.
        without: Paths of folders that are left out of a folder.

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
        without=(),
    ):
        decoding.check_encoding(encoding)
        _check_options(newline, normalize)
        self.title = sources.title(source)
        self._newline, self._normalize, self._say = newline, normalize, say
        names = sources.expanded(source)
        self._joined = len(names) > 1 or (
            names[0] not in catalogue.names() and Path(names[0]).is_dir()
        )
        self._parts = []
        for name in names:
            self._parts += self._parts_of(name, encoding, without)
        self.size = sum(part.size for part in self._parts)
        if say and len(names) > 1:
            say(f"{self.title}: {len(self._parts):,} files read")

    def pieces(self):
        """Yields the text as `str`, about a million characters at a time."""
        notices = Notices(len(self._parts) > 1) if self._say else None
        empty = True
        for raw in _never_torn(self._as_read(notices), self._normalize):
            empty = False
            try:
                yield normalize_text(raw, self._newline, self._normalize)
            except ValueError as error:
                raise ValueError(f"{self.title}: {error}") from error
        if empty:
            raise ValueError(
                f"Expected at least one character in {self.title}. "
                "Received an empty text. Name a text that has some."
            )
        if self._say:
            for line in notices.lines(self._newline, self._normalize):
                self._say(f"{self.title}: {line}")
            self._say = None  # once is enough

    def _parts_of(self, name, encoding, without):
        """The files, or what is read like one, that a name means."""
        if name == "-":
            file, size = _standard_input()
            weakref.finalize(self, file.close)
            open_again = functools.partial(_rewound, file)
            return [_Part("standard input", encoding, size, open_again)]
        if name in catalogue.names() and not Path(name).is_file():
            data = catalogue.corpus_text(name, self._say).encode()
            open_again = functools.partial(io.BytesIO, data)
            return [_Part(name, "utf-8", len(data), open_again)]
        paths, left_out = sources.texts(name, without)
        if self._say and Path(name).is_dir():
            what = "file" if len(paths) == 1 else "files"
            rest = f"; left out: {sources.told(left_out)}" if left_out else ""
            self._say(f"{name}: {len(paths):,} {what} read{rest}")
        return [
            _Part(
                str(path),
                encoding,
                path.stat().st_size,
                functools.partial(path.open, "rb"),
            )
            for path in paths
        ]

    def _as_read(self, notices):
        """The text as it was written, without byte order marks."""
        for part in self._parts:
            last, count = "", None
            if notices:
                count = notices.begin(part.title, part.encoding)
            with part.open_again() as file:
                for piece in decoding.decoded(
                    file, part.encoding, part.title, count
                ):
                    if piece := piece if last else piece.lstrip("\ufeff"):
                        last = piece[-1]
                        if notices:
                            notices.add(piece)
                        yield piece
            if self._joined and last not in ("", "\n"):
                yield "\n"


@dataclasses.dataclass(frozen=True)
class _Part:
    """A file of a text, or what is read like one."""

    title: str
    encoding: str
    size: int  # bytes
    open_again: Callable


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
        ValueError: if `newline` or `normalize` is none of these, or as
            `charrnn.normal_form.normalized` does.

    Example:

    >>> normalize_text("cafe\u0301\r\n", normalize="NFC")
    'café\n'
    """
    _check_options(newline, normalize)
    if newline == "lf":
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return normalized(text, normalize) if normalize else text


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


def _standard_input():
    """A file with all of stdin, which can be read only once, and its size."""
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)
    try:
        while data := sys.stdin.buffer.read(decoding.PIECE):
            file.write(data)
            _check_memory(file.tell(), "standard input")  # it may never end
    except BaseException:
        file.close()
        raise
    return file, file.tell()


def _rewound(file):
    file.seek(0)
    return contextlib.nullcontext(file)


def _check_memory(size, title):
    ram.check_fits(size, f"the text in {title}", "Use a part of it.")


def _never_torn(pieces, normalize):
    """Cuts pieces where neither a CRLF nor a composed character is torn."""
    rest = ""
    for piece in pieces:
        piece = rest + piece
        if normalize:
            cut = last_beginning(piece)
            cut -= piece[cut - 1 : cut] == "\r"
        else:
            cut = len(piece) - piece.endswith("\r")
        piece, rest = piece[:cut], piece[cut:]
        if piece:
            yield piece
    if rest:
        yield rest
