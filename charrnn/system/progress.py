"""What verbs show in colours, and how far their work is."""

import functools
import sys

import rich.console
import rich.progress


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
