"""Score texts: bits per character, the lower the likelier."""

import functools
import json
import math
import sys

import numpy as np

from charrnn.commands.options import (
    add_model_argument,
    add_unknown_argument,
    as_written,
    prepare,
    prepared,
    prepared_lines,
)
from charrnn.network import model_file
from charrnn.network.engine import Engine
from charrnn.network.facts import training_characters
from charrnn.scoring import baselines
from charrnn.scoring.score import (
    FROM_LINE_END,
    Score,
    line_end,
    score,
    score_each,
    to_bits,
)
from charrnn.system.terminal import terminal_safe
from charrnn.text import sources
from charrnn.text.lines import split_lines


def add_arguments(parser):
    """Adds the flags of `charrnn score`."""
    add_model_argument(parser)
    parser.add_argument(
        "texts",
        nargs="+",
        metavar="FILE",
        help="files, folders of .txt files, - for stdin, or a corpus: each is "
        "scored by itself",
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
        "training text: from the part of it that the model was trained on; "
        "give it several times for several files",
    )
    parser.add_argument(
        "--each",
        action="store_true",
        help="rank the lines, each scored by itself from the start state, as "
        "if there were no others",
    )
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
    parser.add_argument(
        "--json", action="store_true", help="print the rows as a JSON list"
    )


def run(arguments):
    """Prints a ranking, or two; returns the exit code."""
    _check(arguments)
    texts = sources.expanded(arguments.texts)
    sources.expanded([*texts, *(arguments.baselines or [])])  # '-' comes once
    contents = model_file.read(arguments.model)
    engine = Engine(**contents)
    scorers = {False: functools.partial(score, engine)}
    if arguments.adapt:
        scorers[True] = _adapting_scorer(contents)
    learnt = None
    if arguments.baselines:
        text = prepared(arguments.baselines, engine, arguments)
        text = text[: training_characters(contents["facts"])]
        learnt = engine.vocabulary.encode(text)
    rows = []
    for source in texts:
        try:
            rows += _rows_of(source, engine, scorers, learnt, arguments)
        except ValueError as error:
            raise _naming(source, error) from error
    rows.sort(key=lambda row: (row["adapted"], row["bits_per_character"]))
    if arguments.json:
        print(json.dumps(rows, indent=1, ensure_ascii=sys.stdout.isatty()))
        return 0
    for adapted in scorers:
        if adapted:
            print("\nwith --adapt, not comparable with the above:")
        _print_table([row for row in rows if row["adapted"] == adapted])
    for row in rows:
        if learnt is not None and not row["adapted"]:
            _print_baselines(row)
    return 0


def _check(arguments):
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


def _naming(source, error):
    """The error with the source that it is about, once."""
    title = sources.title(source)
    told = str(error)
    return ValueError(
        told if told.startswith(f"{title}: ") else f"{title}: {told}"
    )


def _rows_of(source, engine, scorers, learnt, arguments):
    """The rows of one text: of each scorer, or of each line by itself."""
    if arguments.each:
        return _rows_of_each(source, engine, arguments)
    if arguments.lines:
        parts, make = prepared_lines(source, engine, arguments), _line_rows
    else:
        parts, make = [prepared(source, engine, arguments)], _text_rows
    text = "".join(parts)
    rows = []
    for adapted, scorer in scorers.items():
        own = make(source, parts, scorer(text))
        rows += [{**row, "adapted": adapted} for row in own]
    if learnt is not None:
        ids = engine.vocabulary.encode(text)
        losses = baselines.measure(learnt, ids, engine.vocabulary)
        for row in rows:
            row["baselines_nats_per_character"] = losses
    return rows


def _adapting_scorer(contents):
    """A function of a text that scores it with weights that follow it."""
    from charrnn.network.model import rebuild
    from charrnn.scoring.adaptation import score_adapting  # here: TensorFlow
    from charrnn.system.progress import watched

    vocabulary = contents["vocabulary"]
    model = rebuild(contents["layers"], vocabulary)
    return functools.partial(
        score_adapting, model, vocabulary, watch=watched("adapting")
    )


def _rows_of_each(source, engine, arguments):
    """A row for each line that is not blank, without context of others."""
    from charrnn.system.progress import watched  # here: rich, for this only

    lines = _lines_of(source, engine, arguments)
    kept = [(i, line) for i, line in enumerate(lines, 1) if line.strip()]
    scored = score_each(engine, [line for _, line in kept], watched("scoring"))
    return [
        _row(
            source, own.nats, line=number, content=line.strip(),
            method=own.method, adapted=False,
        )
        for (number, line), own in zip(kept, scored, strict=True)
        if own.characters
    ]  # fmt: skip


def _lines_of(source, engine, arguments):
    """A text's lines without their ends, in the model's form."""
    if line_end(engine):
        lines = prepared_lines(source, engine, arguments)
        return [line.rstrip("\r\n") for line in lines]
    # Such a model cannot read a line end, which only parts the lines here.
    text = as_written(source, arguments)
    return [
        prepare(line.rstrip("\r\n"), engine, arguments.unknown)
        for line in split_lines(text)
    ]


def _row(source, nats, **more):
    own = Score(nats, "")
    perplexity, total = own.perplexity, float(nats.sum(dtype=np.float64))
    return {
        "text": source,
        "bits_per_character": own.bits_per_character,
        "nats_per_character": own.nats_per_character,
        # JSON knows no infinity.
        "perplexity_per_character": (
            perplexity if math.isfinite(perplexity) else None
        ),
        "characters": len(nats),
        "bits": to_bits(total),
        "nats": total,
        **more,
    }


def _text_rows(source, parts, scored):
    return [_row(source, scored.nats, method=scored.method)]


def _line_rows(source, lines, scored):
    """A row for each line that is not blank, its line end included."""
    method = f"{scored.method}, the lines before as context"
    rows, start = [], 0
    for number, line in enumerate(lines, 1):
        end = start + len(line)
        # nats[i] belongs to character i + 1: the first is not scored.
        nats = scored.nats[max(start - 1, 0) : end - 1]
        if line.strip() and len(nats):
            rows.append(
                _row(
                    source, nats, line=number, content=line.strip(),
                    method=method,
                )
            )  # fmt: skip
        start = end
    return rows


def _print_table(rows):
    of_lines = any("line" in row for row in rows)
    total = "        bits" if of_lines else ""
    print(f"bits/char  nats/char  perplexity  characters{total}  text")
    for row in rows:
        name = str(row["text"])
        if of_lines:
            name += f":{row['line']}: {row['content']}"
            total = f"  {row['bits']:10.2f}"
        print(
            f"{row['bits_per_character']:9.4f}  "
            f"{row['nats_per_character']:9.4f}  "
            f"{_perplexity(row)}  "
            f"{row['characters']:10,}{total}  {terminal_safe(name)}"
        )
    _print_notes({row["method"] for row in rows})


def _perplexity(row):
    perplexity = row["perplexity_per_character"] or math.inf
    return f"{perplexity:10.{'3f' if perplexity < 100_000 else '3g'}}"


def _print_notes(methods):
    """Says what exactly was scored."""
    for method in sorted(methods):
        by_line_end = method == FROM_LINE_END
        context = "" if by_line_end else "; the first character is context"
        print(f"({method}{context})")
    if any("lines before" in method for method in methods):
        print(
            "(in another order the lines would score otherwise; --each scores "
            "each by itself)"
        )
    print("(perplexity: per character)")


def _print_baselines(row):
    losses = row["baselines_nats_per_character"]
    nats, characters = row["nats_per_character"], row["characters"]
    print(f"\n{terminal_safe(row['text'])}")
    print(baselines.shown(losses, nats, characters))
