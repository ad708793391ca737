"""List the corpora that charrnn knows by name.

For each: its size, its number of distinct characters, its licence, whether its
text is ready or will be made on first use, and where it is.
"""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from charrnn.system.terminal import print_json, terminal_safe
from charrnn.text import catalogue

HEADINGS = ("name", "characters", "distinct", "licence", "state", "where")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `charrnn corpora`.

    Args:
        parser: The verb's parser.

    Example:

    >>> import argparse
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> parser.parse_args(["--json"]).json
    True
    """
    parser.add_argument(
        "--json", action="store_true", help="print the list as JSON"
    )


def run(arguments: argparse.Namespace) -> int:
    """Prints the catalogue, as a table or as JSON.

    Args:
        arguments: The verb's arguments, with `json`.

    Returns:
        The exit code, 0.

    Example:

    >>> import argparse
    >>> run(argparse.Namespace(json=False))  # doctest: +ELLIPSIS
    name ...
    0
    """
    corpora = catalogue.states()
    if arguments.json:
        print_json(corpora, indent=2)
    else:
        print_table([HEADINGS, *map(_cells, corpora)])
    return 0


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Prints rows of text in columns as wide as their widest cell.

    Args:
        rows: The cells of each row, as many in each.

    Example:

    >>> print_table([("name", "size"), ("sonnets", "95,662")])
    name     size
    sonnets  95,662
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = map(str.ljust, row, widths)
        print("  ".join(cells).rstrip())


def _cells(corpus: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        corpus["name"],
        _count(corpus["characters"]),
        _count(corpus["distinct"]),
        corpus["licence"],
        corpus["state"],
        terminal_safe(corpus["path"]),
    )


def _count(number: int | None) -> str:
    return "varies" if number is None else f"{number:,}"
