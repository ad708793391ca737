"""Score texts: bits per character, the lower the likelier."""

import argparse
import functools
import json
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from charrnn.commands.options import add_model_argument, add_unknown_argument
from charrnn.commands.spelling import model_text
from charrnn.commands.texts import read_as_written, read_for, read_lines_for
from charrnn.network.arguments import check_size
from charrnn.network.engine import Engine, load
from charrnn.network.facts import training_characters
from charrnn.scoring import baselines
from charrnn.scoring.lines import FROM_LINE_END, line_end
from charrnn.scoring.ranking import LineScore, lines_alone, lines_in_context
from charrnn.scoring.score import Score, score, to_bits
from charrnn.system.terminal import terminal_safe
from charrnn.text import sources
from charrnn.text.lines import split_lines

Row = dict[str, Any]  # what --json prints of a text or a line
Scorer = Callable[[str], Score]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `charrnn score`."""
    add_model_argument(parser)
    parser.add_argument(
        "texts",
        nargs="+",
        metavar="FILE",
        help="files, folders of .txt files, - for standard input, or the name "
        "of a corpus; each is scored by itself",
    )
    of_texts = parser.add_mutually_exclusive_group()
    of_texts.add_argument(
        "--lines",
        action="store_true",
        help="rank the lines instead of the texts, the likeliest first; all "
        "lines before it are a line's context, so their order matters",
    )
    of_texts.add_argument(
        "--baselines",
        action="append",
        metavar="TEXT",
        help="compare with n-grams and xz, which learn from TEXT, the model's "
        "training text, without the part held out then; may be given several "
        "times",
    )
    parser.add_argument(
        "--each",
        action="store_true",
        help="rank the lines, each scored by itself from the start state, as "
        "if there were no others",
    )
    _add_ways_to_score(parser)
    parser.add_argument(
        "--json", action="store_true", help="print the rows as a JSON list"
    )


def _add_ways_to_score(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--encoding", default="utf-8", help="of the texts (default: utf-8)"
    )
    add_unknown_argument(parser)
    parser.add_argument(
        "--adapt",
        action="store_true",
        help="score once more with a copy of the weights that learns from "
        "each piece of a text after it is scored (dynamic evaluation)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Prints a ranking, or two with --adapt; returns the exit code."""
    _check(arguments)
    texts = sources.expanded(arguments.texts)
    # Fails if '-', which can be read only once, is named twice.
    sources.expanded([*texts, *(arguments.baselines or [])])
    engine = load(arguments.model)
    scorers: dict[bool, Scorer] = {False: functools.partial(score, engine)}
    if arguments.adapt:
        scorers[True] = _adapting_scorer(engine)
    training = _training_part(engine, arguments)
    rows = []
    for source in texts:
        try:
            rows += _rows_of(source, engine, scorers, training, arguments)
        except ValueError as error:
            raise _naming(source, error) from error
    rows.sort(key=lambda row: (row["adapted"], row["bits_per_character"]))
    if arguments.json:
        print(json.dumps(rows, indent=1, ensure_ascii=sys.stdout.isatty()))
    else:
        _print(rows, scorers)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """Refuses what --each cannot be combined with."""
    if not arguments.each:
        return
    if arguments.adapt:
        raise ValueError(
            "Expected --each or --adapt, which learns from the lines before. "
            "Received both. Leave one out."
        )
    if arguments.baselines:
        raise ValueError(
            "Expected --each or --baselines, which scores whole texts. "
            "Received both. Leave one out."
        )


def _naming(source: str, error: ValueError) -> ValueError:
    """The error with the source that it is about, once."""
    title = sources.title(source)
    message = str(error)
    if not message.startswith(f"{title}: "):
        message = f"{title}: {message}"
    return ValueError(message)


def _adapting_scorer(engine: Engine) -> Scorer:
    """A function that scores a text with weights that learn from it."""
    check_size(engine.vocabulary)  # first: the rest imports TensorFlow
    model = engine.to_keras()
    from charrnn.scoring.adaptation import score_adapting  # here: TensorFlow
    from charrnn.system.progress import watched

    return functools.partial(
        score_adapting, model, engine.vocabulary, watch=watched("adapting")
    )


def _training_part(
    engine: Engine, arguments: argparse.Namespace
) -> np.ndarray | None:
    """The ids that --baselines learn from: what the model was trained on."""
    if not arguments.baselines:
        return None
    text = read_for(engine, arguments.baselines, arguments)
    return engine.vocabulary.encode(text[: training_characters(engine.facts)])


def _rows_of(
    source: str,
    engine: Engine,
    scorers: dict[bool, Scorer],
    training: np.ndarray | None,
    arguments: argparse.Namespace,
) -> list[Row]:
    """The rows of one text: of each scorer, or of each line by itself."""
    if arguments.each:
        return _rows_of_each(source, engine, arguments)
    if arguments.lines:
        parts = read_lines_for(engine, source, arguments)
    else:
        parts = [read_for(engine, source, arguments)]
    text = "".join(parts)
    rows = []
    for adapted, scorer in scorers.items():
        scored = scorer(text)
        if arguments.lines:
            rows += _line_rows(source, lines_in_context(parts, scored), adapted)
        else:
            rows.append(_row(source, scored, adapted))
    if training is not None:
        ids = engine.vocabulary.encode(text)
        losses = baselines.measure(training, ids, engine.vocabulary)
        for row in rows:
            row["baselines_nats_per_character"] = losses
    return rows


def _rows_of_each(
    source: str, engine: Engine, arguments: argparse.Namespace
) -> list[Row]:
    """A row for each line that is not blank, scored without the others."""
    from charrnn.system.progress import watched  # here: rich, for this only

    lines = _lines_without_ends(source, engine, arguments)
    return _line_rows(source, lines_alone(engine, lines, watched("scoring")))


def _lines_without_ends(
    source: str, engine: Engine, arguments: argparse.Namespace
) -> list[str]:
    """A text's lines without their ends, in the model's form."""
    if line_end(engine):
        lines = read_lines_for(engine, source, arguments)
        return [line.rstrip("\r\n") for line in lines]
    # This model cannot read a line end, so the text is cut before it is put
    # into the characters that the model knows.
    title = sources.title(source)
    lines = split_lines(read_as_written(source, arguments))
    return [
        model_text(
            line.rstrip("\r\n"), engine, arguments.unknown, f"{title}:{number}"
        )
        for number, line in enumerate(lines, 1)
    ]


def _line_rows(
    source: str, lines: Sequence[LineScore], adapted: bool = False
) -> list[Row]:
    return [
        _row(
            source, line.score, adapted,
            line=line.number, content=line.content,
        )
        for line in lines
    ]  # fmt: skip


def _row(source: str, scored: Score, adapted: bool, **more: Any) -> Row:
    """What --json prints of a score."""
    with np.errstate(over="ignore"):
        perplexity = float(np.exp(np.float64(scored.nats_per_character)))
    total = float(scored.nats.sum(dtype=np.float64))
    return {
        "text": source,
        "bits_per_character": scored.bits_per_character,
        "nats_per_character": scored.nats_per_character,
        # JSON has no infinity.
        "perplexity_per_character": (
            perplexity if math.isfinite(perplexity) else None
        ),
        "characters": scored.characters,
        **_of_units(scored),
        "bits": to_bits(total),
        "nats": total,
        **more,
        "method": scored.method,
        "adapted": adapted,
    }


def _of_units(scored: Score) -> Row:
    """What is told besides of a model of words or bytes."""
    if scored.unit == "character":
        return {}
    perplexity = scored.perplexity
    return {
        "unit": scored.unit,
        "units": scored.units,
        "perplexity_per_unit": perplexity
        if math.isfinite(perplexity)
        else None,
    }


def _print(rows: Sequence[Row], adapted_or_not: Iterable[bool]) -> None:
    """Prints a table for the model as it is, and one for what adapts."""
    for adapted in adapted_or_not:
        if adapted:
            print("\nwith --adapt, not comparable with the above:")
        _print_table([row for row in rows if row["adapted"] == adapted])
    for row in rows:
        if "baselines_nats_per_character" in row and not row["adapted"]:
            _print_baselines(row)


def _print_table(rows: Sequence[Row]) -> None:
    of_lines = any("line" in row for row in rows)
    total = "        bits" if of_lines else ""
    print(f"bits/char  nats/char  perplexity  characters{total}  text")
    for row in rows:
        name = row["text"]
        if of_lines:
            name += f":{row['line']}: {row['content']}"
            total = f"  {row['bits']:10.2f}"
        print(
            f"{row['bits_per_character']:9.4f}  "
            f"{row['nats_per_character']:9.4f}  "
            f"{_perplexity(row)}  "
            f"{row['characters']:10,}{total}  {terminal_safe(name)}"
        )
    units = {row.get("unit", "character") for row in rows} or {"character"}
    _print_notes({row["method"] for row in rows}, units.pop())


def _perplexity(row: Row) -> str:
    name = f"perplexity_per_{'unit' if 'unit' in row else 'character'}"
    perplexity = row[name] or math.inf
    return f"{perplexity:10.{'3f' if perplexity < 100_000 else '3g'}}"


def _print_notes(methods: Iterable[str], unit: str) -> None:
    """Prints below the table what exactly was scored."""
    methods = sorted(methods)
    for method in methods:
        by_line_end = method == FROM_LINE_END
        context = "" if by_line_end else f"; the first {unit} is context"
        print(f"({method}{context})")
    if any("lines before" in method for method in methods):
        print(
            "(in another order the lines would score otherwise; --each scores "
            "each by itself)"
        )
    print(f"(perplexity: per {unit})")


def _print_baselines(row: Row) -> None:
    losses = row["baselines_nats_per_character"]
    nats, characters = row["nats_per_character"], row["characters"]
    print(f"\n{terminal_safe(row['text'])}")
    print(baselines.comparison(losses, nats, characters))
