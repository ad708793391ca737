"""Split a text into documents: files, lines, or pieces between separators."""

import difflib
import re
from collections.abc import Iterable, Iterator

FILES, LINES = "files", "lines"
BOTH = (FILES, LINES)  # any other division is a separator
MAX_SEPARATOR = 100  # characters
ALIKE = 0.66  # as `difflib` measures: "newline" is as similar to "lines"
LINE_END = re.compile(r"\r\n|\r|\n")


def check_division(by: object) -> None:
    r"""Checks how a text is divided into documents.

    Args:
        by: `"files"`, `"lines"`, or a separator: any other `str`.

    Raises:
        ValueError: if it is no `str`, empty or too long, or it has half of a
            surrogate pair, which no text has.

    Example:

    >>> check_division("\n\n")
    """
    if not isinstance(by, str) or not 1 <= len(by) <= MAX_SEPARATOR:
        raise ValueError(
            f"Expected documents by files, by lines, or by a separator of 1 to "
            f"{MAX_SEPARATOR} characters. Received {by!r:.200}."
        )
    if any("\ud800" <= character <= "\udfff" for character in by):
        raise ValueError(
            f"Expected a separator that UTF-8 can store. Received {by!a}."
        )


def split_pieces(pieces: Iterable[str], by: str) -> Iterator[str]:
    r"""Splits a file's text into documents.

    Documents without a visible character are left out. So are the line ends
    around a document that a separator ends.

    Args:
        pieces: The text in pieces, which no line end of two characters spans.
        by: `"files"`, `"lines"`, or a separator.

    Yields:
        The documents, without line ends or separators between them.

    Example:

    >>> list(split_pieces(["Ann\nB", "ob\n\nEve"], "lines"))
    ['Ann', 'Bob', 'Eve']
    >>> list(split_pieces(["One.\n\nTwo,\ntwo.\n"], "\n\n"))
    ['One.', 'Two,\ntwo.']
    """
    for document in _cut(pieces, by):
        if by not in BOTH:
            document = document.strip("\r\n")
        if document.strip():
            yield document


def _cut(pieces: Iterable[str], by: str) -> Iterator[str]:
    if by == FILES:
        yield "".join(pieces)
        return
    rest = ""
    for piece in pieces:
        rest += piece
        *whole, rest = LINE_END.split(rest) if by == LINES else rest.split(by)
        yield from whole
    yield rest


def split(text: str, by: str) -> list[str]:
    r"""Splits a text into documents, as `split_pieces` does.

    Args:
        text: Any text, as if it were one file.
        by: `"files"`, `"lines"`, or a separator.

    Returns:
        The documents.

    Example:

    >>> split("tea % coffee", " % ")
    ['tea', 'coffee']
    """
    return list(split_pieces([text], by))


def meant(by: str) -> str:
    r"""The question whether a separator was meant as a word.

    Args:
        by: `"files"`, `"lines"`, or a separator.

    Returns:
        A sentence with a space before it if the separator resembles one of
        the two words; otherwise an empty `str`.

    Example:

    >>> meant("line"), meant("\n%\n")
    (' Did you mean lines?', '')
    """
    if by in BOTH:
        return ""
    near = difflib.get_close_matches(by.strip().casefold(), BOTH, 1, ALIKE)
    return f" Did you mean {near[0]}?" if near else ""


def end_of(by: str) -> str:
    r"""The text that follows each document where several are joined.

    Args:
        by: `"files"`, `"lines"`, or a separator.

    Returns:
        The separator; a line end for lines, and nothing for files.

    Example:

    >>> end_of("lines"), end_of("\n%\n")
    ('\n', '\n%\n')
    """
    return {FILES: "", LINES: "\n"}.get(by, by)


def described(by: str) -> str:
    r"""Names a division in messages.

    Args:
        by: `"files"`, `"lines"`, or a separator.

    Returns:
        A `str` of one line.

    Example:

    >>> described("lines"), described("\n\n")
    ('lines', "'\\n\\n'")
    """
    return by if by in BOTH else repr(by)
