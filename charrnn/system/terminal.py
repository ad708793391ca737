"""Print text with control characters escaped."""

import json
import re
import shlex
import shutil
import sys
import textwrap
from typing import Any, TextIO

# Control characters other than tab and line feed.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def say(line: str, file: TextIO | None = None) -> None:
    """Prints a line; a terminal gets it with control characters escaped.

    Args:
        line: What to print.
        file: Where to print it; `None` for standard output. A file or a pipe
            gets the line unchanged.

    Example:

    >>> say("plot  loss.png")
    plot  loss.png
    """
    stream = file or sys.stdout
    print(escape_controls(line) if stream.isatty() else line, file=stream)


def remark(message: str) -> None:
    """Prints a remark in brackets on standard error, apart from the results.

    Args:
        message: The remark, printed as `tell_error` does.

    Example:

    >>> remark("interrupted")
    """
    tell_error(f"({message})")


def print_json(value: Any, indent: int | None = None) -> None:
    """Prints a value as JSON, to a terminal in ASCII.

    JSON does not escape all control characters, which a terminal would act on.

    Args:
        value: What JSON can hold.
        indent: As for `json.dumps`.

    Example:

    >>> print_json({"text": "é"})
    {"text": "é"}
    """
    print(json.dumps(value, indent=indent, ensure_ascii=sys.stdout.isatty()))


def counted(number: int, noun: str) -> str:
    """Counts things in words.

    Args:
        number: How many there are.
        noun: What one is called, whose plural ends in s.

    Returns:
        The number and the noun.

    Example:

    >>> counted(1, "line"), counted(2000, "line")
    ('1 line', '2,000 lines')
    """
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def tell_error(message: str) -> None:
    """Prints a message on standard error, safely.

    Args:
        message: The message. Characters that would break the line, or that a
            terminal would interpret, are escaped. On a terminal the line is
            wrapped.
    """
    line = _escape_unprintable(message)
    print(wrapped(line, file=sys.stderr), file=sys.stderr)


def escape_controls(text: str) -> str:
    """Escapes control characters, which a terminal would interpret.

    Args:
        text: Any text.

    Returns:
        The text with its control characters, other than line ends and tabs,
        written as Python writes them in a literal.

    Example:

    >>> escape_controls("red: \\x1b[31m")
    'red: \\\\x1b[31m'
    """
    return _CONTROL.sub(lambda match: _escape(match[0]), text)


def terminal_safe(text: str) -> str:
    """Escapes control characters if standard output is a terminal.

    Args:
        text: Any text.

    Returns:
        For a terminal what `escape_controls` returns; for a file or a pipe
        the text as it is.

    Example:

    >>> print(f"plot  {terminal_safe('loss.png')}")
    plot  loss.png
    """
    return escape_controls(text) if sys.stdout.isatty() else text


def one_line(text: str) -> str:
    r"""Puts a text on one line with all characters visible.

    Args:
        text: Any text.

    Returns:
        The text with arrows for line ends and tabs. Characters that are
        invisible, or change the direction of writing, are escaped.

    Example:

    >>> one_line("one\ttwo\n\u202ethree")
    'one⇥two↵\\u202ethree'
    """
    text = text.replace("\n", "\u21b5").replace("\t", "\u21e5")
    return _escape_unprintable(text)


def quoted(text: str, most: int = 100) -> str:
    """Quotes a text for a message; of a long one, both ends.

    Args:
        text: Any text.
        most: The number of characters from which it is shortened.

    Returns:
        The text as Python writes it, with an ellipsis in its middle if it has
        more than `most` characters.

    Example:

    >>> quoted("(ab|cd)+ef", most=7)
    "'(ab…+ef'"
    """
    if len(text) > most:
        kept = (most - 1) // 2
        text = f"{text[:kept]}\u2026{text[len(text) - kept :]}"
    return repr(text)


def wrapped(text: str, indent: int = 2, file: TextIO | None = None) -> str:
    """Breaks lines between words; a terminal would break within words.

    Args:
        text: One line or more.
        indent: Spaces before the continuation of a line.
        file: Where it is to be printed; `None` for standard output.

    Returns:
        The text in lines that fit the terminal; unchanged for a file or a
        pipe.

    Example:

    >>> print(wrapped("loss 1.25, validation 1.50"))
    loss 1.25, validation 1.50
    """
    if not (file or sys.stdout).isatty():
        return text
    width = max(shutil.get_terminal_size().columns, 2 * indent)
    return "\n".join(
        textwrap.fill(
            line,
            width,
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.split("\n")
    )


def command_line(words: list[str]) -> str:
    r"""Writes a command so that it can be pasted into a shell.

    Args:
        words: The command and its arguments.

    Returns:
        The command in one line. Words with control characters, or with bytes
        that are not UTF-8, are written as `$'...'`, which bash and zsh read.

    Example:

    >>> print(command_line(["train.py", "my text", "red\x1b[31m"]))
    train.py 'my text' $'red\x1b[31m'
    """
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    inside = "".join(map(_quoted_character, word))
    return f"$'{inside}'"


def _quoted_character(character: str) -> str:
    if character in "\\'":
        return "\\" + character
    if character.isprintable():
        return character
    # Python keeps a file name's bytes that are not UTF-8 as lone surrogates.
    data = character.encode("utf-8", "surrogateescape")
    return "".join(f"\\x{byte:02x}" for byte in data)


def _escape_unprintable(text: str) -> str:
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(character: str) -> str:
    """Writes a character as Python does in a literal, without the quotes."""
    return ascii(character)[1:-1]
