"""What verbs show: text made harmless, and how far the work is."""

import functools
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
    """A text in one line, with signs for line ends and tabs."""
    return printable(text.replace("\n", "\u21b5").replace("\t", "\u21e5"))


def watched(description, **options):
    """A function of an iterable that shows how far it is.

    Args:
        description: What is being done, a word.
        **options: As for `rich.progress.track`.

    Returns:
        A function that yields the iterable's items again. On a terminal there
        is a bar in the meantime, which leaves nothing behind.
    """
    import rich.console  # here: not every verb needs it
    import rich.progress

    console = rich.console.Console(stderr=True)
    return functools.partial(
        rich.progress.track,
        description=description,
        console=console,
        transient=True,
        disable=not console.is_terminal,
        **options,
    )
