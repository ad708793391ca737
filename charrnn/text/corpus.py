"""Read a text: a path, a folder, '-' for stdin, or a name in the catalogue."""

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from charrnn.text import catalogue, decoding, repeats, sources
from charrnn.text.documents import split_pieces
from charrnn.text.normal_form import (
    check_form,
    last_beginning,
    normalize_text,
)
from charrnn.text.notices import Notices
from charrnn.text.parts import Part, check_ram, parts_of


class EmptyTextError(ValueError):
    """A text has no characters."""


def read(source: sources.Source, **how: Any) -> str:
    r"""Reads a text, strictly: no byte is skipped, replaced or guessed.

    Args:
        source: A path or a name, or a list of them, which are joined in
            order; "-" means standard input.
        **how: As for `Text`: `encoding`, `newline`, `normalize`, `say`,
            `without`, `binary`.

    Returns:
        The text, of at least one character.

    Raises:
        ValueError: as `Text` does, or if the text does not fit into the
            machine's RAM.
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
    check_ram(text.size, text.title)  # before a byte is read
    pieces, characters, width = [], 0, 1
    for piece in text.pieces():
        pieces.append(piece)
        characters += len(piece)
        # Python stores a str with 1, 2 or 4 bytes per character, whichever the
        # widest needs. The pieces and the joined text exist at the same time.
        width = max(width, min(4, sys.getsizeof(piece) // len(piece)))
        check_ram(2 * width * characters, text.title)
    return "".join(pieces)


class Text:
    """A text of any size, read a piece at a time, any number of times.

    A name in the catalogue means that corpus, unless a regular file has that
    name. To read a folder of that name, write it with a separator
    (`./python`). A folder means all its `*.txt` files, at any depth, in the
    order of their paths, except hidden files and run folders. A name with
    `*`, `?` or `[` means the files that match. If there are several files, a
    line feed is added to each that does not end with one. No file may be named
    twice unless `repeatable`.

    Args:
        source: A path or a name, or a list of them; "-" means standard input.
        encoding: The encoding of files and standard input. Byte order marks
            are removed.
        newline: "lf" to read CRLF and CR line ends as LF, "keep" to leave
            them as they are.
        normalize: A Unicode normal form ("NFC", "NFD", "NFKC" or "NFKD");
            `None` to read the characters as they are.
        say: Called with one line of text for each notice about the text.
        without: Paths of folders to skip when reading a folder.
        repeatable: Whether a file may be named twice, as runs of earlier
            versions allow.
        binary: Whether to accept any bytes, unchanged. Those that are not
            UTF-8 are read as `ByteVocabulary.decode` writes them; `encoding`,
            `newline` and `normalize` are ignored.

    Attributes:
        title: The name of the text in messages.
        size: Its size in bytes.

    Raises:
        ValueError: if there is no such text, one is named twice, or an
            argument is none of the above; by `pieces` also if the text is
            empty, or cannot be decoded with the encoding.
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
        source: sources.Source,
        *,
        encoding: str = "utf-8",
        newline: str = "lf",
        normalize: str | None = None,
        say: Callable[[str], Any] | None = None,
        without: Iterable[Path | str | None] = (),
        repeatable: bool = False,
        binary: bool = False,
    ) -> None:
        decoding.check_encoding(encoding)
        check_form(newline, normalize)
        if binary:
            newline, normalize = "keep", None
        self.title = sources.title(source)
        self._newline, self._normalize, self._say = newline, normalize, say
        self._binary = binary
        names = sources.expanded(source)
        self._joined = len(names) > 1 or (
            names[0] not in catalogue.names() and Path(names[0]).is_dir()
        )
        self._parts: list[Part] = []
        without = tuple(without)
        for name in names:
            self._parts += parts_of(name, encoding, without, say)
        if not repeatable:
            repeats.check_read_once([part.title for part in self._parts])
        self.size = sum(part.size for part in self._parts)
        if say and len(names) > 1:
            say(f"{self.title}: {len(self._parts):,} files read")
        if say:
            self._say_copies(say)

    def pieces(self) -> Iterator[str]:
        """Yields the text, about a million characters at a time."""
        notices = self._notices()
        empty = True
        for piece in self._normalized(self._as_one(notices)):
            empty = False
            yield piece
        if empty:
            raise EmptyTextError(
                f"Expected at least one character in {self.title}. "
                "Received an empty text. Name a text that has some."
            )
        self._tell(notices)

    def documents(self, by: str) -> Iterator[str]:
        """Yields the documents of the text; no document spans two files.

        Args:
            by: As for `charrnn.text.documents.split_pieces`.
        """
        notices = self._notices()
        for part in self._parts:
            pieces = self._normalized(self._of_part(part, notices))
            yield from split_pieces(pieces, by)
        self._tell(notices)

    def _notices(self) -> Notices | None:
        """What collects notices, if someone is to be told."""
        if self._say and not self._binary:
            return Notices(len(self._parts) > 1)
        return None

    def _tell(self, notices: Notices | None) -> None:
        """Tells the notices, once: a second reading would repeat them."""
        if self._say and notices:
            for line in notices.lines(self._newline, self._normalize):
                self._say(f"{self.title}: {line}")
            self._say = None

    def _normalized(self, raw: Iterable[str]) -> Iterator[str]:
        """Converts line ends and the normal form."""
        for piece in _never_torn(raw, self._normalize):
            try:
                yield normalize_text(piece, self._newline, self._normalize)
            except ValueError as error:
                raise ValueError(f"{self.title}: {error}") from error

    def _say_copies(self, say: Callable[[str], Any]) -> None:
        """Reports files that have the same content as another one."""
        paths = [part.path for part in self._parts if part.path]
        copies = repeats.copies(paths)
        if copies:
            first, copy = copies[0]
            others = f" and {len(copies) - 1:,} more" if copies[1:] else ""
            say(
                f"{self.title}: {copy} is a copy of {first}{others}: what is "
                "learnt twice may be held out as well, and the validation then "
                "says too little"
            )

    def _as_one(self, notices: Notices | None) -> Iterator[str]:
        """Yields the parts, with a line end between two of them."""
        for part in self._parts:
            last = ""
            for piece in self._of_part(part, notices):
                last = piece[-1]
                yield piece
            if self._joined and last not in ("", "\n"):
                yield "\n"

    def _of_part(self, part: Part, notices: Notices | None) -> Iterator[str]:
        """Yields a part as it was written, without a byte order mark."""
        with part.open_again() as file:
            if self._binary:
                yield from decoding.escaped(file)
                return
            count = None
            if notices:
                count = notices.begin(part.title, part.encoding)
            started = False
            for piece in decoding.decoded(
                file, part.encoding, part.title, count
            ):
                if not started:
                    piece = piece.lstrip("\ufeff")
                if piece:
                    started = True
                    if notices:
                        notices.add(piece)
                    yield piece


def _never_torn(pieces: Iterable[str], normalize: str | None) -> Iterator[str]:
    """Moves the cuts between pieces to positions where they do no harm.

    No cut then separates a CR from its LF or, if the text is to be
    normalized, characters that may combine. The end of a piece after its last
    harmless position is prepended to the next piece.
    """
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
