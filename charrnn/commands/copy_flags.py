"""The flags of `charrnn generate` against copying and repetition."""

import argparse
from typing import TYPE_CHECKING

from charrnn.commands.options import at_least
from charrnn.commands.source import read_source, source_of
from charrnn.network.engine import Engine
from charrnn.network.mixture import Mixture
from charrnn.system.terminal import counted, remark
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
        "--encoding (default: what the model was trained on; with --mix, what "
        "all models were)",
    )
    group.add_argument(
        "--no-loops",
        action="store_true",
        help="raise the temperature where the text repeats itself (the same "
        "20 characters a third time), until it goes on otherwise",
    )


def copy_constraints(
    arguments: argparse.Namespace, engine: Engine, source: str | None
) -> "list[Constraint]":
    """Makes the constraints that these flags ask for.

    Args:
        arguments: Those of `charrnn generate`.
        engine: The model.
        source: What `needed_source` returned.

    Returns:
        The constraints, perhaps none.

    Raises:
        ValueError: if the source is too large, or flags do not go together.
    """
    found: list[Constraint] = []
    if arguments.max_copy is not None and source is not None:
        from charrnn.writing.max_copy import MaxCopy

        found.append(
            MaxCopy(source, engine.vocabulary, max_run=arguments.max_copy)
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


def needed_source(arguments: argparse.Namespace, engine: Engine) -> str | None:
    """Reads the source that was named, or the text that a model learnt.

    Args:
        arguments: Those of `charrnn generate`.
        engine: The model.

    Returns:
        The source, in the form of the model's texts; `None` if no flag needs
        it.

    Raises:
        ValueError: with the flag before the message, as `source_of` and
            `read_source` do; or if a source is named but not needed.
        OSError: if it cannot be read.
    """
    flag = "--rank novelty" if arguments.rank == "novelty" else None
    if arguments.max_copy is not None:
        flag = "--max-copy"
    if flag is None:
        if arguments.source:
            raise ValueError(
                "--source is for --max-copy and --rank novelty. Add one of "
                "them, or leave --source out."
            )
        return None
    names, more = arguments.source, ""
    try:
        if names:
            text = read_source(names, engine, arguments.encoding)
        else:
            text, names, more = _learnt(engine, arguments.encoding)
    except ValueError as error:
        raise ValueError(f"{flag}: {error}") from error
    remark(
        f"{flag}: the source is {sources.title(names)}, "
        f"{counted(len(text), 'character')}{more}"
    )
    return text


def _learnt(engine: Engine, encoding: str) -> tuple[str, list[str], str]:
    """Reads the texts that the model, or those of a mixture, learnt.

    Returns:
        The texts that can be read here, together; their names; and a few words
        about them.

    Raises:
        ValueError: if none can be read.
    """
    models = engine.models if isinstance(engine, Mixture) else [engine]
    texts, names, errors = {}, {}, []
    for model in models:
        try:
            name = source_of(model, "Name it with --source.")
        except ValueError as error:
            errors.append(error)
            continue
        texts[read_source(name, model, encoding)] = names[name] = True
    if not texts:
        raise errors[0]
    more = ", which the models were trained on"
    if len(models) == 1:
        more = ", which the model was trained on"
    if missing := len(errors):
        those = "1 model was" if missing == 1 else f"{missing:,} models were"
        more += f"; what {those} trained on is not here, and may be copied"
    return "\n".join(texts), list(names), more
