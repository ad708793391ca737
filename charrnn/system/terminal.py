"""What verbs show: text made harmless."""

import re
import shlex
import shutil
import sys
import textwrap

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text):
    """Shows control characters instead of sending them to the terminal.

    Args:
        text: A `str`.

    Returns:
        The text with control characters other than line ends and tabs
        written as Python would, since a terminal obeys them.

    Example:

    >>> printable("red: \\x1b[31m")
    'red: \\\\x1b[31m'
    """
    return _CONTROL.sub(lambda match: ascii(match[0])[1:-1], text)


def shown(text):
    """What to print: the text, made harmless where a terminal would obey it.

    Args:
        text: A `str`.

    Returns:
        The text as it is for a file or a pipe; for a terminal as `printable`
        gives it.
    """
    return printable(text) if sys.stdout.isatty() else text


def say(line, file=None):
    """Prints a line, made harmless where a terminal would obey it.

    Args:
        line: A `str`.
        file: As for `print`.
    """
    stream = file or sys.stdout
    print(printable(line) if stream.isatty() else line, file=file)


def command_line(words):
    r"""Writes a command so that it can be pasted into a shell.

    Args:
        words: A list of `str`.

    Returns:
        A `str`. Words with control characters, and with bytes that are not
        UTF-8, are written as `$'...'`, which bash and zsh read.

    Example:

    >>> print(command_line(["train.py", "my text", "red\x1b[31m"]))
    train.py 'my text' $'red\x1b[31m'
    """
    return " ".join(map(_quoted, words))


def _quoted(word):
    if word.isprintable():
        return shlex.quote(word)
    inside = "".join(map(_escaped, word))
    return f"$'{inside}'"


def _escaped(character):
    if character in "\\'":
        return "\\" + character
    if character.isprintable():
        return character
    data = character.encode("utf-8", "surrogateescape")
    return "".join(f"\\x{byte:02x}" for byte in data)


def remark(message):
    """Says something in brackets, beside the results: on standard error.

    Args:
        message: A `str`; what a terminal would obey is shown escaped, so that
            it has one line whatever names are in it.
    """
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in message)
    print(f"({line})", file=sys.stderr)


def visible(text):
    """A text in one line, in which all characters can be seen.

    Line ends and tabs become arrows; what has no shape of its own, or turns
    the direction of the line, is written as Python would.
    """
    text = text.replace("\n", "\u21b5").replace("\t", "\u21e5")
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def wrapped(text, indent=2):
    """Lines broken between words where a terminal would break within one.

    Args:
        text: A `str` of one line or more.
        indent: Spaces before what a line goes on with.

    Returns:
        A `str`; the text as it is for a file or a pipe.
    """
    if not sys.stdout.isatty():
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
