"""Read a text: a path, a folder, '-' for stdin, or a name in the catalogue."""

import stat
import sys
import unicodedata
from pathlib import Path

from charrnn import catalogue, memory

NEWLINES = ("lf", "keep")
NORMAL_FORMS = ("NFC", "NFD", "NFKC", "NFKD")
CONTROLS = [chr(code) for code in range(32) if chr(code) not in "\t\n\r"]

# The longer marks come first: utf-32's begins with utf-16's.
BYTE_ORDER_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


def read(source, *, encoding="utf-8", newline="lf", normalize=None, say=None):
    r"""Reads a text, strictly: no byte is skipped, replaced or guessed.

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

    Returns:
        A `str` of at least one character.

    Raises:
        ValueError: if there is no such text, or it is empty, or too large for
            the memory, or its bytes are not in the encoding, or an argument
            is none of the above.
        OSError: if the text cannot be read.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "notes.txt"
    ...     _ = path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    ...     read(path)
    'one\ntwo\n'
    """
    _check_encoding(encoding)
    _check_options(newline, normalize)
    say = say or (lambda line: None)
    raw = _raw_text(source, encoding, say)
    text = normalize_text(raw, newline, normalize)
    if not text:
        raise ValueError(
            f"Expected at least one character in {_title(source)}. "
            "Received an empty text. Name a text that has some."
        )
    if newline == "lf":
        _tell_line_ends(_title(source), raw, say)
    _tell_controls(_title(source), text, say)
    return text


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


def _title(source):
    return "standard input" if str(source) == "-" else str(source)


def _raw_text(source, encoding, say):
    """The text as it was written, without byte order marks."""
    name, path = str(source), Path(source)
    if name == "-":
        return _decode(_read_standard_input(), encoding, _title(source))
    if name in catalogue.names() and not path.is_file():
        return catalogue.corpus_text(name, say).lstrip("\ufeff")
    if not name or not path.exists():
        raise ValueError(_no_such_text(name))
    if path.is_dir():
        return _read_folder(path, encoding)
    return _read_file(path, encoding)


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


def _read_folder(folder, encoding):
    """The folder's texts, one after the other, each ending in a newline."""
    paths = sorted(p for p in folder.rglob("*.txt") if not p.is_dir())
    if not paths:
        raise ValueError(
            f"Expected files named *.txt in the folder {folder}. "
            "Received a folder without any. Name another folder or a file."
        )
    _check_memory(sum(path.stat().st_size for path in paths), folder)
    texts = [_read_file(path, encoding) for path in paths]
    return "".join(
        text if not text or text.endswith("\n") else f"{text}\n"
        for text in texts
    )


def _read_file(path, encoding):
    # Looked at before it is opened: to open a FIFO is to wait for a writer.
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError(
            f"Expected a regular file. Received {path}, which is a pipe or a "
            "device. Pass '-' and feed the text to standard input."
        )
    _check_memory(path.stat().st_size, path)
    return _decode(path.read_bytes(), encoding, str(path))


def _read_standard_input():
    data = bytearray()
    while piece := sys.stdin.buffer.read(1 << 20):
        data += piece
        _check_memory(len(data), _title("-"))
    return data


def _check_memory(size, title, character_size=1):
    """Checks that there is room for the bytes and for the characters."""
    memory.check_fits(
        size * (1 + character_size),
        f"the text in {title}",
        "Use a part of it.",
    )


def _decode(data, encoding, title):
    if not data.isascii():
        # One character beyond the first 65,536 makes all take four bytes.
        _check_memory(len(data), title, character_size=4)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        # utf-8-sig counts from behind its mark, and error.object starts there.
        offset = len(data) - len(error.object) + error.start
        raise ValueError(
            f"Expected {encoding} text in {title}. Received the invalid "
            f"byte 0x{data[offset]:02X} at offset {offset:,}. "
            f"{_decoding_advice(data)}"
        ) from error
    return text.lstrip("\ufeff")


def _decoding_advice(data):
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return (
                f"Its first bytes mark {encoding}: use --encoding {encoding}."
            )
    if b"\x00" in data:
        return "It has NUL bytes, like a binary file: name a text instead."
    return "Name its encoding with --encoding, for example latin-1 or cp1252."


def _tell_line_ends(title, raw, say):
    pairs = raw.count("\r\n")
    counts = {"CRLF": pairs, "CR": raw.count("\r") - pairs}
    for name, count in counts.items():
        if count:
            ends = "line end" if count == 1 else "line ends"
            say(
                f"{title}: {count:,} {name} {ends} read as LF "
                "(--newline keep leaves them)"
            )


def _tell_controls(title, text, say):
    counts = {control: text.count(control) for control in CONTROLS}
    found = [f"U+{ord(control):04X}" for control in counts if counts[control]]
    if found:
        total = sum(counts.values())
        say(f"{title}: control characters kept: {total:,} ({', '.join(found)})")
