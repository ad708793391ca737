"""Show the gates and the state of units over a sentence, as heat maps."""

import argparse
from typing import Any

import rich.text
from rich.cells import cell_len

from charrnn.commands.cells import Cells
from charrnn.commands.options import at_least, defaults
from charrnn.commands.picture_flags import (
    add_out_flags,
    add_text_flags,
    add_unit_flags,
    check_out,
    told_units,
    typed_text,
    write_picture,
)
from charrnn.insight.gates import Gates, gates
from charrnn.insight.gates_picture import draw_gates, scaled_rows
from charrnn.insight.layout import bands, sign_of
from charrnn.network.engine import load
from charrnn.system.terminal import print_json

INPUT_COLUMNS = 8  # of a word
LABELS = 20  # terminal columns for the name of a value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `charrnn gates`."""
    add_text_flags(parser, "the text to read, such as a sentence")
    parser.add_argument(
        "--layer",
        type=at_least(1),
        metavar="N",
        help="the recurrent layer, the lowest is 1 (default: the highest)",
    )
    add_unit_flags(parser, "the layer", defaults(gates)["count"])
    add_out_flags(parser)
    parser.add_argument(
        "--json",
        action="store_true",
        help="print the values of the units shown as JSON",
    )


def run(arguments: argparse.Namespace) -> int:
    """Prints the heat maps; returns the exit code."""
    check_out(arguments, {"the model": arguments.model})
    engine = load(arguments.model)
    found = gates(
        engine,
        typed_text(arguments, engine),
        layer=arguments.layer,
        units=arguments.units,
        count=arguments.count,
    )
    if arguments.out:
        write_picture(draw_gates(found), arguments)
    if arguments.json:
        print_json(_as_json(found))
    else:
        _print(found)
    return 0


def _as_json(found: Gates) -> dict[str, Any]:
    return {
        "unit": found.unit,
        "cell": found.cell,
        "layer": found.layer,
        "inputs": found.inputs,
        "units": {
            str(unit): {
                name: values[:, unit].tolist()
                for name, values in found.values.items()
            }
            for unit in found.chosen
        },
    }


def _print(found: Gates) -> None:
    """Prints a heat map for each unit, in as many columns as fit."""
    cells = Cells()
    signs = [sign_of(name, INPUT_COLUMNS) for name in found.inputs]
    each = max(map(cell_len, signs)) + (max(map(cell_len, signs)) > 1)
    room = max(10, cells.console.width - LABELS - 2) // each
    for band in bands(len(signs), max(1, room)):
        read = "".join(
            sign + " " * (each - cell_len(sign))
            for sign in signs[band.start : band.stop]
        )
        cells.print(f"{'reads':>{LABELS}}  {read}")
        for unit in found.chosen:
            cells.print(f"unit {unit}")
            _print_unit(found, unit, band, each, cells)
        cells.print("")
    _print_notes(found, cells)


def _print_unit(
    found: Gates, unit: int, band: range, each: int, cells: Cells
) -> None:
    for name, values in scaled_rows(found, unit):
        line = rich.text.Text(f"{name:>{LABELS}}  ")
        own = values[band.start : band.stop].repeat(each)
        if name in found.gates:
            cells.shares(line, own)
        else:
            cells.signed(line, own)
        cells.print(line)


def _print_notes(found: Gates, cells: Cells) -> None:
    if found.gates:
        cells.print(cells.share_legend().append(": gates, from shut to open"))
    else:
        cells.print(f"(a {found.cell} has no gates: only its output h)")
    cells.print(
        cells.signed_legend().append(": the others; c / 2: divided by 2")
    )
    told = told_units(found.chosen, found.is_given)
    cells.print(f"(layer {found.layer}, {found.cell}: {told})")
