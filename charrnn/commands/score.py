"""Score texts: bits per character, the lower the likelier."""

import json
import sys
from pathlib import Path

import numpy as np

from charrnn.commands.arguments import add_unknown_argument, prepare, shown
from charrnn.corpus import read
from charrnn.engine import load
from charrnn.scoring import score, to_bits


def add_arguments(parser):
    """Adds the flags of `charrnn score`."""
    parser.add_argument(
        "model", type=Path, metavar="MODEL", help="a .keras file or a run"
    )
    parser.add_argument(
        "texts",
        nargs="+",
        metavar="FILE",
        help="a file, a folder of .txt files, - for stdin, or a corpus",
    )
    parser.add_argument(
        "--lines",
        action="store_true",
        help="rank the lines instead of the texts, the likeliest first",
    )
    parser.add_argument(
        "--encoding", default="utf-8", help="of the texts (default: utf-8)"
    )
    add_unknown_argument(parser)
    parser.add_argument(
        "--json", action="store_true", help="print the rows as a JSON list"
    )


def run(arguments):
    """Prints a ranking; returns the exit code."""
    engine = load(arguments.model)
    rows = []
    for source in arguments.texts:
        raw = read(source, encoding=arguments.encoding, newline="keep")
        try:
            text = prepare(raw, engine, arguments.unknown)
            scored = score(engine, text)
        except ValueError as error:
            raise ValueError(f"{source}: {error}") from error
        if arguments.lines:
            rows += _line_rows(source, text, scored)
        else:
            rows.append(_row(source, scored.nats, method=scored.method))
    rows.sort(key=lambda row: row["bits_per_character"])
    if arguments.json:
        print(json.dumps(rows, indent=1, ensure_ascii=sys.stdout.isatty()))
    else:
        _print_table(rows)
    return 0


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
