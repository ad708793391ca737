"""Show what surprises a model in a text, on the screen or as a web page."""

import argparse
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rich.text
from rich.cells import cell_len

from charrnn.commands.options import add_reading_arguments, at_least
from charrnn.commands.outputs import PAGE, check_output, tell_written
from charrnn.commands.texts import read_for, read_lines_for
from charrnn.insight.connections import connections
from charrnn.insight.pages import page, title_of
from charrnn.insight.places import Place
from charrnn.insight.surprise import BITS_PER_COLOUR, Reading, read_along
from charrnn.network.engine import Engine, load
from charrnn.scoring.losses import to_bits
from charrnn.scoring.score import BY_DOCUMENTS
from charrnn.system import atomic
from charrnn.system.palette import LIGHT
from charrnn.system.progress import Console, watched
from charrnn.system.terminal import one_line, print_json, remark
from charrnn.text.byte_vocabulary import shown
from charrnn.text.lines import coloured_lines

PLACES_LISTED = 20  # by --typos: this many words, and characters elsewhere
WORD_COLUMNS = 24  # terminal columns for a word in the list
WORDS_RANKED = (
    "(words that the model does not have come first; bits per character)\n"
)
DOTTED_CIRCLE = "\u25cc"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `charrnn surprise`."""
    add_reading_arguments(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--html",
        type=Path,
        metavar="PAGE",
        help="write a web page instead, one file: point at a character or "
        "a word, or touch it, to see what was expected",
    )
    what.add_argument(
        "--typos",
        action="store_true",
        help="list the words that surprise the model most, and the characters "
        "outside of words, with their lines and columns",
    )
    what.add_argument(
        "--json",
        action="store_true",
        help="print every character (word or byte, as the model reads them) "
        "with its surprise and what was expected; the first one is context "
        "and is not scored",
    )
    parser.add_argument(
        "--connections",
        action="store_true",
        help="let the page of --html also show what each prediction depends "
        "on, as `charrnn connections` does; takes much longer",
    )
    parser.add_argument(
        "--count",
        type=at_least(1),
        metavar="N",
        help="number of words, and of characters outside of words, that "
        f"--typos lists (default: {PLACES_LISTED})",
    )


def run(arguments: argparse.Namespace) -> int:
    """Shows what surprised the model; returns the exit code."""
    inputs = {"the model": arguments.model, "the text": arguments.text}
    check_output("--html", arguments.html, inputs, PAGE)
    if arguments.count and not arguments.typos:
        raise ValueError(
            "--count is for --typos. Add it, or leave --count out."
        )
    if arguments.connections and not arguments.html:
        raise ValueError(
            "--connections is for --html. Add it, or use `charrnn connections`."
        )
    engine = load(arguments.model)
    notices: list[str] = []  # printed last: the text may fill the screen
    lines: list[str] | None = None  # those of the documents, if there are any
    read = arguments.text, arguments, notices.append
    if engine.vocabulary.boundary is None:
        lines = read_lines_for(engine, *read)
        text = "".join(lines)
    else:
        text = read_for(engine, *read)
    pieces = len(text) // 64
    reading = read_along(engine, text, watch=watched("reading", total=pieces))
    if arguments.json:
        print_json(_as_json(reading))
    elif arguments.html:
        _write_page(reading, engine, text, arguments)
    elif arguments.typos:
        count = arguments.count or PLACES_LISTED
        _print_places("word", reading.words(lines)[:count])
        if reading.unit == "word":
            print(WORDS_RANKED)
        _print_places("elsewhere", reading.others(lines)[:count])
    else:
        _print_coloured(reading)
    if not arguments.json:
        _print_mean(reading)
    for notice in notices:
        remark(notice)
    return 0


def _write_page(
    reading: Reading, engine: Engine, text: str, arguments: argparse.Namespace
) -> None:
    connected = None
    if arguments.connections:
        connected = connections(engine, text, watch=watched("connecting"))
    title = title_of(arguments.text, arguments.model)
    atomic.write_text(arguments.html, page(reading, title, connected))
    tell_written(arguments.html)


def _print_mean(reading: Reading) -> None:
    scored = reading.score
    losses = f"{scored.bits_per_character:.4f} bits/char"
    if reading.unit != "character":
        losses += f", {to_bits(scored.nats_per_unit):.4f} bits/{reading.unit},"
    context = f"; the first {reading.unit} is context"
    if reading.method == BY_DOCUMENTS:
        context = ""
    print(f"{losses} of {scored.extent} ({reading.method}{context})")


def _as_json(reading: Reading) -> dict[str, Any]:
    units = [*reading.text] if reading.units is None else reading.units
    bits, running = reading.bits, reading.running_bits_per_character()
    return {
        "unit": reading.unit,
        "bits_per_character": reading.bits_per_character,
        "bits_per_unit": to_bits(reading.score.nats_per_unit),
        "context": units[0],
        f"{reading.unit}s": [
            {
                reading.unit: unit,
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
            for i, unit in enumerate(units[1:])
        ],
    }


def _print_places(title: str, places: Sequence[Place]) -> None:
    print(f" bits  line:column  {title:<{WORD_COLUMNS}}  expected instead")
    for place in places:
        where = f"{place.line}:{place.column}"
        word = _marked(place)
        word += " " * (WORD_COLUMNS - cell_len(word))
        chance = f"{place.probability:.0%}"
        if place.probability < 0.01:
            chance = "< 1%"
        print(
            f"{place.bits:5.2f}  {where:>11}  {word}  "
            f"'{_standing(place.expected)}' {chance}"
        )
    print()


def _marked(place: Place) -> str:
    """A word, cut to the column, with what surprised most in it marked."""
    end = place.worst + place.marked
    before = one_line(shown(place.text[: place.worst]))[-(WORD_COLUMNS // 3) :]
    worst = shown(place.text[place.worst : end])
    if place.marked > 1:  # a whole word, with nothing before or after it
        worst = one_line(worst)[: WORD_COLUMNS - 2]
    after = one_line(shown(place.text[end:]))[: WORD_COLUMNS // 3]
    parts = map(_standing, (before, worst, after))
    return "{}[{}]{}".format(*parts)


def _standing(text: str) -> str:
    """Makes a text visible: an accent at its start gets a dotted circle."""
    text = one_line(text)
    alone = text and unicodedata.category(text[0]).startswith("M")
    return f"{DOTTED_CIRCLE}{text}" if alone else text


def _print_coloured(reading: Reading) -> None:
    """Prints the text in colours, the mean surprise before each line."""
    console = Console()
    step = BITS_PER_COLOUR[reading.unit]
    levels, bits = _of_characters(reading)
    context = len(reading.pieces.texts[0])
    levels = np.minimum(levels // step, len(LIGHT.surprise)).astype(int)
    for start, pieces in coloured_lines(reading.text, levels):
        if start == 0 and reading.method == BY_DOCUMENTS:
            continue  # the boundary before the first document
        end = start + sum(len(piece) for _, piece in pieces)
        own = bits[max(start, context) : end]
        mean = f"{own.mean():5.2f}" if len(own) else "     "
        coloured = rich.text.Text(f"{mean} | ")
        for level, piece in pieces:
            piece = shown(piece)
            if level:
                colour = LIGHT.surprise[level - 1]
                coloured.append(one_line(piece), f"black on {colour}")
            else:
                coloured.append(one_line(piece.rstrip("\r\n")))
        console.print(coloured, soft_wrap=True)
    if console.no_color or not console.color_system:
        print("(before each line: its mean, in bits per character)")
        remark("colours need a terminal that has them, or --html")
        return
    legend = rich.text.Text("bits")
    for level, colour in enumerate(LIGHT.surprise, 1):
        legend.append(f" {level * step} ", f"black on {colour}")
    console.print(legend.append("or more; before |: the line's bits/char"))


def _of_characters(reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    """The bits of the piece that each character is in, and its share."""
    pieces, bits = reading.pieces, reading.bits_of_pieces
    lengths = np.diff(pieces.bounds)
    return np.repeat(bits, lengths), np.repeat(bits / lengths, lengths)
