"""Show which earlier characters each prediction of a text depends on."""

import argparse
import re
from pathlib import Path
from typing import Any

import numpy as np
import rich.text

from charrnn.commands.cells import Cells
from charrnn.commands.options import add_reading_arguments, at_least, defaults
from charrnn.commands.outputs import PAGE, check_output, tell_written
from charrnn.commands.picture_flags import (
    add_out_flags,
    check_out,
    write_picture,
)
from charrnn.commands.texts import read_for
from charrnn.insight.alignment import Pieces
from charrnn.insight.connections import Connections, connections
from charrnn.insight.connections_picture import draw_connections
from charrnn.insight.layout import share_of, sign_of
from charrnn.insight.pages import page, title_of
from charrnn.insight.surprise import read_along
from charrnn.network.engine import Engine, load
from charrnn.system import atomic
from charrnn.system.progress import watched
from charrnn.system.terminal import print_json
from charrnn.text.lines import split_lines

PLACES_LISTED = 5
NAME_COLUMNS = 14  # of a word
DISTANCES = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500)
PLACE = re.compile(r"(\d+)(?::(\d+))?\Z")


def place_word(word: str) -> tuple[int, int | None]:
    """An argparse type: a number from 1 on, or two with a colon between."""
    found = PLACE.match(word)
    numbers = [int(part) for part in found.groups() if part] if found else [0]
    if min(numbers) < 1:
        raise argparse.ArgumentTypeError(
            f"{word!r} is no place, such as 120 or 3:14"
        )
    return numbers[0], numbers[1] if len(numbers) > 1 else None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `charrnn connections`."""
    add_reading_arguments(parser, "; a page of it takes seconds")
    parser.add_argument(
        "--at",
        type=place_word,
        metavar="PLACE",
        help="show what one prediction depends on: that of a character by its "
        "line and column, such as 3:14, or of the 120th character (word, "
        "byte)",
    )
    parser.add_argument(
        "--html",
        type=Path,
        metavar="PAGE",
        help="write a web page, one file: point at a character, or touch it, "
        "to see what its prediction depends on, and how it surprised",
    )
    window = defaults(connections)["window"]
    parser.add_argument(
        "--window",
        type=at_least(1),
        default=window,
        metavar="N",
        help="characters (words, bytes) before each prediction to look at "
        f"(default: {window})",
    )
    add_out_flags(parser)
    parser.add_argument(
        "--json",
        action="store_true",
        help="print the shares as JSON: of all predictions, or of --at",
    )


def run(arguments: argparse.Namespace) -> int:
    """Shows the connections; returns the exit code."""
    inputs = {"the model": arguments.model, "the text": arguments.text}
    check_output("--html", arguments.html, inputs, PAGE)
    check_out(arguments, inputs)
    if arguments.out and not arguments.at:
        raise ValueError(
            "--out draws one prediction. Add --at, which says of which "
            "character, or use --html."
        )
    engine = load(arguments.model)
    text = read_for(engine, arguments.text, arguments)
    found = connections(
        engine, text, window=arguments.window, watch=watched("connecting")
    )
    place = None
    if arguments.at:
        place = _place_in(found, engine, *arguments.at)
    if arguments.html:
        _write_page(found, engine, text, arguments)
    if arguments.out:
        write_picture(draw_connections(found, place or 1), arguments)
    if arguments.json:
        print_json(_as_json(found, place))
    elif place is not None:
        _print_place(found, place, Cells())
    else:
        _print(found)
    return 0


def _write_page(
    found: Connections,
    engine: Engine,
    text: str,
    arguments: argparse.Namespace,
) -> None:
    """Writes the page of surprise, which begins with the connections."""
    reading = read_along(engine, text, watch=watched("reading"))
    title = title_of(arguments.text, arguments.model)
    atomic.write_text(arguments.html, page(reading, title, found, True))
    tell_written(arguments.html)


def _place_in(
    found: Connections, engine: Engine, line: int, column: int | None
) -> int:
    """The index of an input: by its number, or by a line and a column."""
    if column is None:
        place = line - 1
    else:
        place = _at_column(found, engine, line, column)
    if not 1 <= place < len(found.inputs):
        raise ValueError(
            f"--at: Expected a place from 2 to {len(found.inputs):,}: the "
            f"first {found.unit} is not predicted. Received {place + 1:,}."
        )
    return place


def _at_column(
    found: Connections, engine: Engine, line: int, column: int
) -> int:
    """The index of the input that has the character at a line and a column."""
    lines = split_lines(found.text)
    # The boundary before the first document is no line of the text.
    number = line - (engine.vocabulary.boundary is None)
    if number >= len(lines) or column > len(lines[number]):
        raise ValueError(
            f"--at: Expected a line and a column of the text. It has no "
            f"{line}:{column}. Lines and columns start at 1."
        )
    character = sum(map(len, lines[:number])) + column - 1
    words = found.inputs if found.unit == "word" else None
    pieces = Pieces.of(found.text, words, found.unit)
    (piece,), _ = pieces.between(np.array([character]), np.array([character]))
    return int(pieces.first_units[piece])


def _as_json(found: Connections, place: int | None) -> dict[str, Any]:
    places = range(1, len(found.inputs)) if place is None else [place]
    return {
        "unit": found.unit,
        "window": found.norms.shape[1],
        "by_distance": found.by_distance.tolist(),
        "predictions": [
            {
                "place": number + 1,
                found.unit: found.inputs[number],
                "norms": found.norms[number - 1, :number].tolist(),
                "shares": found.shares_of(number).tolist(),
            }
            for number in places
        ],
    }


def _print(found: Connections) -> None:
    """Prints how far back predictions look, and those that look furthest."""
    cells = Cells()
    shares = found.by_distance
    print("back  share  together")
    for distance in (k for k in DISTANCES if k <= len(shares)):
        together = shares[:distance].sum()
        print(
            f"{distance:4}  {share_of(shares[distance - 1]):>5}  "
            f"{share_of(together):>8}"
        )
    print(
        f"(mean shares of the gradient of the logit of what came, by how many "
        f"{found.unit}s\nback an input is, of {len(shares)})"
    )
    mean = found.distances()
    furthest = np.argsort(-mean, kind="stable")[:PLACES_LISTED]
    print("\nfurthest back on average:")
    for number in sorted(furthest.tolist()):
        line = rich.text.Text(f"{mean[number]:5.1f} back at {number + 2:>6,}  ")
        _add_inputs(line, found, number + 1, cells)
        cells.print(line)
    _print_legend(found, cells)


def _print_place(found: Connections, place: int, cells: Cells) -> None:
    """Prints the text before a prediction, and the strongest inputs."""
    line = rich.text.Text()
    _add_inputs(line, found, place, cells)
    cells.print(line)
    print("back  share  input")
    for number, share in found.strongest(place, 2 * PLACES_LISTED):
        sign = sign_of(found.inputs[number], NAME_COLUMNS)
        cells.print(f"{place - number:4}  {share_of(share):>5}  {sign}")
    _print_legend(found, cells)


def _add_inputs(
    line: rich.text.Text, found: Connections, place: int, cells: Cells
) -> None:
    """Adds the inputs before a prediction, coloured, and the one predicted."""
    shares = found.shares_of(place)
    largest = shares.max() or 1
    shown = min(len(shares), cells.console.width // 2)
    for number in range(place - shown, place):
        sign = sign_of(found.inputs[number], NAME_COLUMNS)
        cells.on_share(line, sign, shares[place - number - 1] / largest)
    sign = sign_of(found.inputs[place], NAME_COLUMNS)
    line.append(f" [{sign}]", "bold")


def _print_legend(found: Connections, cells: Cells) -> None:
    if cells.in_colour:
        legend = cells.share_legend()
        cells.print(legend.append(": share, relative to the strongest"))
    print(f"(in brackets: the {found.unit} predicted)")
