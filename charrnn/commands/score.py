"""Score texts: bits per character, the lower the likelier."""

import functools
import json
import sys

import numpy as np

from charrnn import baselines, model_file, sources
from charrnn.commands.arguments import (
    add_model_argument,
    add_unknown_argument,
    prepared,
)
from charrnn.commands.screen import shown
from charrnn.engine import Engine
from charrnn.scoring import score, to_bits


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
        help="rank the lines instead of the texts, the likeliest first",
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
        text = text[: model_file.training_characters(contents["facts"])]
        learnt = engine.vocabulary.encode(text)
    rows = []
    for source in texts:
        text = prepared(source, engine, arguments)
        try:
            for adapted, scorer in scorers.items():
                rows += [
                    {**row, "adapted": adapted}
                    for row in _rows(source, text, scorer, arguments.lines)
                ]
        except ValueError as error:
            raise ValueError(f"{source}: {error}") from error
        if learnt is not None:
            ids = engine.vocabulary.encode(text)
            losses = baselines.measure(learnt, ids, engine.vocabulary)
            for row in rows[-len(scorers) :]:
                row["baselines_nats_per_character"] = losses
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
            losses = row["baselines_nats_per_character"]
            nats, characters = row["nats_per_character"], row["characters"]
            print(f"\n{shown(row['text'])}")
            print(baselines.shown(losses, nats, characters))
    return 0


def _adapting_scorer(contents):
    """A function of a text that scores it with weights that follow it."""
    from charrnn.adaptation import score_adapting  # here: TensorFlow
    from charrnn.commands.console import watched
    from charrnn.model import rebuild

    vocabulary = contents["vocabulary"]
    model = rebuild(contents["layers"], vocabulary)
    return functools.partial(
        score_adapting, model, vocabulary, watch=watched("adapting")
    )


def _rows(source, text, scorer, lines):
    scored = scorer(text)
    if lines:
        return _line_rows(source, text, scored)
    return [_row(source, scored.nats, method=scored.method)]


def _row(source, nats, **more):
    mean = float(nats.mean(dtype=np.float64))
    return {
        "text": source,
        "bits_per_character": to_bits(mean),
        "nats_per_character": mean,
        "characters": len(nats),
        **more,
    }


def _line_rows(source, text, scored):
    """A row for each line that is not blank, its line end included."""
    rows, start = [], 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        end = start + len(line)
        # nats[i] belongs to character i + 1: the first is not scored.
        nats = scored.nats[max(start - 1, 0) : end - 1]
        if line.strip() and len(nats):
            rows.append(_row(source, nats, line=number, content=line.strip()))
        start = end
    return rows


def _print_table(rows):
    print("bits/char  nats/char  characters  text")
    for row in rows:
        name = str(row["text"])
        if "line" in row:
            name += f":{row['line']}: {row['content']}"
        print(
            f"{row['bits_per_character']:9.4f}  "
            f"{row['nats_per_character']:9.4f}  "
            f"{row['characters']:10,}  {shown(name)}"
        )
    for method in sorted({row["method"] for row in rows if "method" in row}):
        print(f"({method}; the first character is context)")
