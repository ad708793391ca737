"""Show how much of a text is copied from a source, and from where."""

import argparse
import itertools
import secrets
from pathlib import Path
from typing import Any

from charrnn.commands.copied_runs import (
    as_json,
    print_runs,
    print_share,
    print_text,
)
from charrnn.commands.generate_flags import DEFAULT_TEMPERATURE
from charrnn.commands.options import add_text_arguments, at_least
from charrnn.commands.source import read_source, source_of
from charrnn.network.engine import Engine, load
from charrnn.network.model_file import PRETRAINED
from charrnn.system.progress import watched
from charrnn.system.terminal import print_json, remark
from charrnn.text import sources
from charrnn.text.copying import MIN_RUN, copied
from charrnn.text.corpus import read
from charrnn.text.suffixes import check_can_sort
from charrnn.text.units import DEFAULT
from charrnn.writing.sampler import Sampler

LENGTH = 10_000  # characters that a model writes
RUNS_LISTED = 10
DOCUMENTS_PER_BATCH = 32

Text = str | list[str]  # one, or documents


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `charrnn copied`."""
    parser.add_argument(
        "text",
        metavar="MODEL|TEXT",
        help="a text: a file, a folder of .txt files, or - for standard input; "
        "or a model, which then writes one: a .keras file, a run's folder, or "
        "shakespeare",
    )
    parser.add_argument(
        "source",
        nargs="*",
        default=[],
        metavar="SOURCE",
        help="what may have been copied from: files, folders, or the name of a "
        "corpus (default: the text that the model was trained on)",
    )
    add_text_arguments(parser)
    parser.add_argument(
        "--min-run",
        type=at_least(1),
        default=MIN_RUN,
        metavar="N",
        help="runs of at least N characters count as copied; shorter ones also "
        f"occur by chance (default: {MIN_RUN})",
    )
    _add_writing_arguments(parser.add_argument_group("with a model"))
    _add_output_arguments(parser.add_argument_group("output"))


def _add_writing_arguments(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--length",
        type=at_least(1),
        metavar="N",
        help=f"number of characters to write (default: {LENGTH:,})",
    )
    group.add_argument(
        "--temperature",
        type=float,
        metavar="N",
        help=f"as of `charrnn generate` (default: {DEFAULT_TEMPERATURE})",
    )
    group.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="same seed, same text (default: a new one)",
    )


def _add_output_arguments(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--count",
        type=at_least(1),
        default=RUNS_LISTED,
        metavar="N",
        help=f"number of runs to list, the longest (default: {RUNS_LISTED})",
    )
    how = group.add_mutually_exclusive_group()
    how.add_argument(
        "--show-text",
        action="store_true",
        help="print the whole text, with the copied runs in colours",
    )
    how.add_argument(
        "--json", action="store_true", help="print all runs as JSON"
    )


def run(arguments: argparse.Namespace) -> int:
    """Prints what is copied; returns the exit code."""
    if is_model(arguments.text):
        text, source, title = _of_model(arguments)
    else:
        text, source, title = _of_text(arguments)
    found = copied(text, source, min_run=arguments.min_run)
    if arguments.json:
        row = {"source": title, **as_json(found)}
        print_json(row, indent=1)
        return 0
    if arguments.show_text:
        print_text(found)
    else:
        print_runs(found, arguments.count)
    print_share(found, title)
    return 0


def is_model(name: str) -> bool:
    """Whether a name is that of a model, not of a text.

    Args:
        name: A path, or the name of a corpus or of a model.

    Returns:
        Whether it ends in `.keras`, is the folder of a run with a model, or
        the name of a model that comes with charrnn.

    Example:

    >>> is_model("shakespeare"), is_model("a.keras"), is_model("a.txt")
    (True, True, False)
    """
    path = Path(name)
    if path.suffix == ".keras" or (path / "model.keras").is_file():
        return True
    return name in PRETRAINED and not path.is_file()


def _of_text(arguments: argparse.Namespace) -> tuple[Text, str, str]:
    """Reads a text and a source; returns the source's title, too."""
    for name in ("length", "temperature", "seed"):
        if getattr(arguments, name) is not None:
            raise ValueError(
                f"--{name} is for what a model writes. '{arguments.text}' is "
                f"read as a text. Leave --{name} out, or name a model."
            )
    if not arguments.source:
        raise ValueError(
            "Expected a source after the text: a file, a folder or the name of "
            "a corpus."
        )
    names = "encoding", "newline", "normalize"
    form = {name: getattr(arguments, name) for name in names}
    form = {name: value for name, value in form.items() if value}
    text = read(arguments.text, say=remark, **form)
    source = read(arguments.source, say=remark, **form)
    return text, source, sources.title(arguments.source)


def _of_model(arguments: argparse.Namespace) -> tuple[Text, str, str]:
    """Lets a model write a text, and reads the source in the model's form."""
    for name in ("newline", "normalize"):
        if getattr(arguments, name) is not None:
            raise ValueError(
                f"--{name} is for texts: a model's file says how its text was "
                "read. Leave it out."
            )
    engine = load(arguments.text)
    name = arguments.source or source_of(engine, "Name a source.")
    title = sources.title(name)
    if not arguments.source:
        remark(f"source: {title}, which the model was trained on")
    source = read_source(name, engine, arguments.encoding or "utf-8")
    length: int = _given(arguments.length, LENGTH)
    check_can_sort(length + len(source))  # before it is written
    return _written(engine, length, arguments), source, title


def _written(
    engine: Engine, length: int, arguments: argparse.Namespace
) -> Text:
    """The text that a model writes, or the documents."""
    temperature: float = _given(arguments.temperature, DEFAULT_TEMPERATURE)
    seed: int = _given(arguments.seed, secrets.randbits(32))
    if arguments.seed is None:
        remark(f"--seed {seed} writes the same text again")
    sampler = Sampler(engine)
    if engine.vocabulary.boundary is not None:
        return _documents(sampler, length, seed, temperature)
    total = length if engine.vocabulary.unit == DEFAULT else None
    pieces = sampler.stream(
        "",
        length=length,
        length_in="characters",
        seed=seed,
        temperature=temperature,
    )
    watch = watched("writing", total=total)
    return "".join(piece for _, piece in watch(pieces))


def _given(value: Any, default: Any) -> Any:
    return default if value is None else value


def _documents(
    sampler: Sampler, length: int, seed: int, temperature: float
) -> list[str]:
    """Documents that a model writes, each with its end.

    Together they have `length` characters: the last one is cut.
    """
    end = sampler.vocabulary.end or "\n"
    found: list[str] = []
    left = length
    for batch in itertools.count():
        samples = sampler.generate(
            "",
            length=length,
            count=DOCUMENTS_PER_BATCH,
            length_in="characters",
            seed=seed + (batch << 32),
            temperature=temperature,
        )
        for sample in samples:
            found.append((sample.text + end)[:left])
            left -= len(found[-1])
        if not left:
            break
    return found
