"""The flags of `charrnn generate` against copying and repetition."""

import argparse
from typing import TYPE_CHECKING

from charrnn.commands.options import at_least
from charrnn.commands.source import read_source, source_of
from charrnn.network.engine import Engine
from charrnn.system.terminal import remark
from charrnn.text import sources

if TYPE_CHECKING:
    from charrnn.writing.constraints import Constraint


def add_copy_arguments(group: argparse._ActionsContainer) -> None:
    """Adds the flags."""
    group.add_argument(
        "--max-copy",
        type=at_least(1),
        metavar="N",
        help="copy no more than N characters in a row from the source (bytes, "
        "with a model of bytes)",
    )
    group.add_argument(
        "--source",
        nargs="+",
        metavar="TEXT",
        help="the source: files, folders, or the name of a corpus, read with "
        "--encoding (default: the text that the model was trained on)",
    )
    group.add_argument(
        "--no-loops",
        action="store_true",
        help="raise the temperature where the text repeats itself (the same "
        "20 characters a third time), until it goes on otherwise",
    )


def copy_constraints(
    arguments: argparse.Namespace, engine: Engine
) -> "list[Constraint]":
    """Makes the constraints that these flags ask for.

    Args:
        arguments: Those of `charrnn generate`.
        engine: The model.

    Returns:
        The constraints, perhaps none.

    Raises:
        ValueError: if a source is needed and there is none, or it is too
            large, with the flag before the message; or flags do not go
            together.
        OSError: if the source cannot be read.
    """
    found: list[Constraint] = []
    if arguments.max_copy is not None:
        from charrnn.writing.max_copy import MaxCopy

        source = given_source(arguments, engine, "--max-copy")
        found.append(
            MaxCopy(source, engine.vocabulary, max_run=arguments.max_copy)
        )
    elif arguments.source:
        raise ValueError(
            "--source is for --max-copy. Add that flag, or leave --source out."
        )
    if arguments.no_loops:
        from charrnn.writing.temperatures import NoLoops

        _check_temperature_matters(arguments)
        found.append(NoLoops(engine.vocabulary))
    return found


def _check_temperature_matters(arguments: argparse.Namespace) -> None:
    """Raises if another flag always leaves only the likeliest unit."""
    for flag, value in (
        ("--top-k", arguments.top_k),
        ("--min-p", arguments.min_p),
    ):
        if value == 1:
            raise ValueError(
                f"--no-loops raises the temperature, which changes nothing "
                f"with {flag} 1. Leave one of them out."
            )


def given_source(
    arguments: argparse.Namespace, engine: Engine, flag: str
) -> str:
    """Reads the source that was named, or the text that a model learnt.

    Args:
        arguments: With `source` and `encoding`.
        engine: The model.
        flag: What needs it, for messages.

    Returns:
        The source, in the form of the model's texts.

    Raises:
        ValueError: with the flag before the message, as `source_of` and
            `read_source` do.
        OSError: if it cannot be read.
    """
    try:
        name = arguments.source or source_of(engine, "Name it with --source.")
        text = read_source(name, engine, arguments.encoding)
    except ValueError as error:
        raise ValueError(f"{flag}: {error}") from error
    named = "" if arguments.source else ", which the model was trained on"
    remark(
        f"{flag}: the source is {sources.title(name)}, {len(text):,} "
        f"characters{named}"
    )
    return text
