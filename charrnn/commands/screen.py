"""What verbs show: text made harmless."""

import sys

from charrnn.vocabulary import printable


def shown(text):
    """What to print: the text, made harmless where a terminal would obey it.

    Args:
        text: A `str`.

    Returns:
        The text as it is for a file or a pipe; for a terminal as `printable`
        gives it.
    """
    return printable(text) if sys.stdout.isatty() else text


def visible(text):
    """A text in one line, in which all characters can be seen.

    Line ends and tabs become arrows; what has no shape of its own, or turns
    the direction of the line, is written as Python would.
    """
    text = text.replace("\n", "\u21b5").replace("\t", "\u21e5")
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
