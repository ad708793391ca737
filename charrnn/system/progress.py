"""Show the progress of a computation, and print in colour."""

import functools
import sys
from collections.abc import Callable, Iterable
from typing import Any

import rich.console
import rich.progress


class Console(rich.console.Console):
    """A console that raises `BrokenPipeError` when its reader has closed.

    rich would end the process itself, but that is up to
    `charrnn.commands.main`.

    Args:
        **options: As for `rich.console.Console`.

    Example:

    >>> Console(width=20).print("[bold]0.5[/bold] bits")
    0.5 bits
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, **options)

    def on_broken_pipe(self) -> None:
        """Raises the `BrokenPipeError` that rich is handling."""
        raise


def watched(description: str, **options: Any) -> Callable[[Iterable], Iterable]:
    """Makes a function that shows a progress bar while it iterates.

    Args:
        description: The activity, in a word.
        **options: As for `rich.progress.track`.

    Returns:
        A function that takes an iterable and yields its items. If standard
        error is a terminal, it shows a bar there, and removes it at the end.

    Example:

    >>> watch = watched("scoring")
    >>> list(watch(range(3)))
    [0, 1, 2]
    """
    return functools.partial(
        rich.progress.track,
        description=description,
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
        **options,
    )
