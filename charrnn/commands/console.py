"""What verbs show in colours, and how far their work is."""

import functools
import itertools
import sys

import rich.console
import rich.progress

from charrnn.lines import split_lines


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


def coloured_lines(text, levels):
    """Cuts a text into lines, and these into pieces of one colour.

    Args:
        text: A `str`.
        levels: The number of each character's colour.

    Yields:
        For each line the index of its first character and a list of
        `(level, piece)`; the last piece of most lines ends with a line end.

    Example:

    >>> list(coloured_lines("ab\\nc", [1, 1, 0, 2]))
    [(0, [(1, 'ab'), (0, '\\n')]), (3, [(2, 'c')])]
    """
    start = 0
    for line in split_lines(text):
        end = start + len(line)
        own = zip(levels[start:end], line, strict=True)
        groups = itertools.groupby(own, key=lambda pair: pair[0])
        yield (
            start,
            [(level, "".join(c for _, c in group)) for level, group in groups],
        )
        start = end
