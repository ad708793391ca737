"""Show what surprises a model in a text, on the screen or as a web page."""

import itertools
import json
import re
import sys
from pathlib import Path

import numpy as np
import rich.console
import rich.text

from charrnn import atomic
from charrnn.commands.arguments import (
    add_unknown_argument,
    at_least,
    check_output,
    prepared,
)
from charrnn.commands.screen import shown, visible, watched
from charrnn.engine import load
from charrnn.model_file import model_path
from charrnn.page import page
from charrnn.reading import read_along
from charrnn.vocabulary import printable

# Backgrounds for 1, 2, ... bits, from pale to dark orange: an order that the
# colour-blind see, too. The characters on them are black.
COLOURS = (
    "#fff3e0", "#ffe6c2", "#ffd69a", "#ffc36e",
    "#ffae42", "#fb9528", "#ec7a16", "#df6a06",
)  # fmt: skip


def add_arguments(parser):
    """Adds the flags of `charrnn surprise`."""
    parser.add_argument(
        "model", type=Path, metavar="MODEL", help="a .keras file or a run"
    )
    parser.add_argument(
        "text",
        metavar="FILE",
        help="a file, a folder of .txt files, - for stdin, or a corpus",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--html",
        type=Path,
        metavar="PAGE",
        help="write a web page instead: one file, which shows on a touch what "
        "was expected",
    )
    what.add_argument(
        "--typos",
        action="store_true",
        help="list the words and the characters outside of words that "
        "surprise most, with their places",
    )
    what.add_argument(
        "--json",
        action="store_true",
        help="print every character with its surprise and what was expected",
    )
    parser.add_argument(
        "--count",
        type=at_least(1),
        default=20,
        metavar="N",
        help="how many of each --typos lists (default: 20)",
    )
    parser.add_argument(
        "--encoding", default="utf-8", help="of the text (default: utf-8)"
    )
    add_unknown_argument(parser)


def run(arguments):
    """Shows the text; returns the exit code."""
    model = model_path(arguments.model)
    inputs = {"the model": model, "the text": arguments.text}
    check_output("--html", arguments.html, inputs)
    engine = load(model)
    text = prepared(arguments.text, engine, arguments)
    pieces = len(text) // 64
    reading = read_along(engine, text, watch=watched("reading", total=pieces))
    if arguments.json:
        facts = _as_json(reading)
        print(json.dumps(facts, ensure_ascii=sys.stdout.isatty()))
        return 0
    if arguments.html:
        title = f"{arguments.text}, read by {arguments.model}"
        atomic.write_text(arguments.html, page(reading, printable(title)))
        print(f"page  {shown(str(arguments.html))}")
    elif arguments.typos:
        _print_places("word", reading.words()[: arguments.count])
        _print_places("elsewhere", reading.others()[: arguments.count])
    else:
        _print_coloured(reading)
    print(
        f"{reading.bits_per_character:.4f} bits/char of "
        f"{len(reading.nats):,} characters (one pass, state carried; the first "
        "character is context)"
    )
    return 0


def _as_json(reading):
    bits, running = reading.bits, reading.running_bits_per_character()
    return {
        "bits_per_character": reading.bits_per_character,
        "characters": [
            {
                "character": character,
                "bits": float(bits[i]),
                "probability": float(np.exp(-reading.nats[i])),
                "expected": dict(
                    zip(
                        reading.expected[i].tolist(),
                        reading.probabilities[i].tolist(),
                        strict=True,
                    )
                ),
                "running_bits_per_character": float(running[i]),
            }
            for i, character in enumerate(reading.text[1:])
        ],
    }


def _print_places(title, places):
    print(f" bits  line:column  {title:<24}  expected instead")
    for place in places:
        before, after = place.text[: place.worst], place.text[place.worst + 1 :]
        marked = f"{before}[{place.text[place.worst]}]{after}"
        print(
            f"{place.bits:5.2f}  {f'{place.line}:{place.column}':>11}  "
            f"{visible(marked):<24}  {visible(place.expected)!r} "
            f"{place.probability:.0%}"
        )
    print()


def _print_coloured(reading):
    """Prints line by line, with the mean surprise of each before it."""
    console = rich.console.Console(highlight=False)
    levels = np.minimum(reading.bits.astype(int), len(COLOURS))
    levels, bits = np.append(0, levels), np.append(0, reading.bits)
    start = 0
    for line in re.findall(r"[^\n]*\n|[^\n]+", reading.text):
        end = start + len(line)
        own = bits[max(start, 1) : end]
        mean = f"{own.mean():5.2f}" if len(own) else "     "
        shown_line = rich.text.Text(f"{mean} | ")
        pairs = zip(levels[start:end], line, strict=True)
        for level, group in itertools.groupby(pairs, key=lambda pair: pair[0]):
            piece = "".join(character for _, character in group)
            if level:
                colour = COLOURS[level - 1]
                shown_line.append(visible(piece), f"black on {colour}")
            else:
                shown_line.append(visible(piece.removesuffix("\n")))
        console.print(shown_line, soft_wrap=True)
        start = end
    legend = rich.text.Text("bits")
    for level, colour in enumerate(COLOURS, 1):
        legend.append(f" {level} ", f"black on {colour}")
    console.print(legend.append("or more, before | the mean of the line"))
