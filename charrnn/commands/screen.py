"""What verbs show: text made harmless, and how far the work is."""

import functools
import sys

import rich.console
import rich.progress

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


class Console(rich.console.Console):
    """Leaves it to `charrnn.commands.main` when nobody reads any more."""

    def __init__(self, **options):
        super().__init__(highlight=False, **options)

    def on_broken_pipe(self):
        raise  # the BrokenPipeError that is being handled


def watched(description, **options):
    """A function of an iterable that shows how far it is.

    Args:
        description: What is being done, a word.
        **options: As for `rich.progress.track`.

    Returns:
        A function that yields the iterable's items again. On a terminal there
        is a bar in the meantime, which leaves nothing behind.
    """
    return functools.partial(
        rich.progress.track,
        description=description,
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
        **options,
    )
