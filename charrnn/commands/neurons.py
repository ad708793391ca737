"""Find and show the units of a model that track something readable."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rich.text
from rich.cells import cell_len

from charrnn.commands.options import add_reading_arguments, at_least
from charrnn.commands.outputs import PAGE, PNG, check_output, tell_written
from charrnn.commands.texts import read_for
from charrnn.insight.neurons import (
    EXTREMES,
    MIN_OCCURRENCES,
    Neurons,
    Unit,
    read_neurons,
)
from charrnn.insight.neurons_page import (
    clear_units,
    heat_map,
    neurons_page,
)
from charrnn.insight.pages import title_of
from charrnn.insight.pictures import draw_saturation
from charrnn.network.engine import load
from charrnn.system import atomic
from charrnn.system.palette import LIGHT
from charrnn.system.progress import Console, watched
from charrnn.system.terminal import one_line, remark

MAX_SCREEN_LINES = 12  # maximum lines of text in a heat map on the terminal
WORDS_COLUMNS = 32  # terminal columns for what a unit responds to


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `charrnn neurons`."""
    add_reading_arguments(parser, "; a few thousand characters are enough")
    parser.add_argument(
        "--count",
        type=at_least(0),
        default=3,
        metavar="N",
        help="number of units to show as heat maps (default: 3)",
    )
    parser.add_argument(
        "--html",
        type=Path,
        metavar="PAGE",
        help="write the heat maps of all units found as a web page",
    )
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="PNG",
        help="also draw how often each gate is saturated",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the figures as JSON"
    )


def run(arguments: argparse.Namespace) -> int:
    """Prints units, heat maps and gates; returns the exit code."""
    inputs = {"the model": arguments.model, "the text": arguments.text}
    check_output("--html", arguments.html, inputs, PAGE)
    check_output("--plot", arguments.plot, inputs, PNG)
    engine = load(arguments.model)
    text = read_for(engine, arguments.text, arguments)
    found = read_neurons(engine, text, watched("reading"))
    if arguments.plot and not found.saturation:
        raise ValueError(
            "Expected layers with gates for --plot. Received those of a "
            "SimpleRNN, which has none. Leave --plot out."
        )
    if arguments.html:
        title = title_of(arguments.text, arguments.model)
        page = neurons_page(found, found.text, title)
        atomic.write_text(arguments.html, page)
        tell_written(arguments.html)
    if arguments.plot:
        draw_saturation(found, arguments.plot)
        tell_written(arguments.plot)
    if arguments.json:
        print(json.dumps(_as_json(found), indent=1))
    else:
        _print(found, engine.vocabulary.plural, arguments)
    return 0


def _print(found: Neurons, plural: str, arguments: argparse.Namespace) -> None:
    """Prints a table of the units, their heat maps, and a table of gates."""
    _print_units(found.units)
    if found.units:
        _print_extremes(found.units, plural)
    console = Console()
    if console.color_system and not console.no_color:
        for heading, unit in clear_units(found.units)[: arguments.count]:
            _print_map(console, heading, unit, found.text)
    elif arguments.count and not arguments.html:
        remark("heat maps: on a terminal with colours, or with --html")
    _print_saturation(found.saturation)


def _as_json(found: Neurons) -> dict[str, Any]:
    return {
        "units": [
            {
                "probe": unit.probe,
                "layer": unit.layer,
                "unit": unit.unit,
                "correlation": unit.correlation,
                "control": unit.control,
                "highest_after": list(unit.highest_after),
                "lowest_after": list(unit.lowest_after),
            }
            for unit in found.units
        ],
        "saturation": [
            {
                "layer": layer,
                "gate": gate,
                "left": left.tolist(),
                "right": right.tolist(),
            }
            for (layer, gate), (left, right) in found.saturation.items()
        ],
    }


def _print_units(units: Sequence[Unit]) -> None:
    if not units:
        print("(nothing that units may track varies: read a longer text)")
        return
    print("what a unit tracks              layer  unit  correlation  control")
    for unit in units:
        print(
            f"{unit.probe:<30}  {unit.layer:5}  {unit.unit:4}  "
            f"{unit.correlation:11.2f}  {unit.control:7.2f}"
            + ("" if unit.clear else "  may be chance")
        )
    print(
        "(below 0: the unit falls when the property rises; control: what the "
        "best of all\nunits reaches by chance, on another part of the text)"
    )


def _print_extremes(units: Sequence[Unit], plural: str) -> None:
    """Prints what each unit listed responds to, or why that is not known."""
    if not any(unit.highest_after for unit in units):
        print(
            f"\n(fewer than two {plural} occur {MIN_OCCURRENCES} times, so "
            "there is no list of those\nafter which a unit is high or low: "
            "read a longer text)"
        )
        return
    print(f"\nlayer, unit {'highest after':<{WORDS_COLUMNS}}  lowest after")
    for layer, number in dict.fromkeys((u.layer, u.unit) for u in units):
        unit = next(u for u in units if (u.layer, u.unit) == (layer, number))
        highest, lowest = map(_listed, (unit.highest_after, unit.lowest_after))
        highest += " " * (WORDS_COLUMNS - cell_len(highest))
        print(f"{f'{layer}, {number}':<11} {highest}  {lowest}".rstrip())
    if min(len(unit.highest_after) for unit in units) < EXTREMES:
        print(
            f"({plural} that occur {MIN_OCCURRENCES} times or more: a longer "
            "text has more of them)"
        )


def _listed(names: Sequence[str]) -> str:
    """As many names as fit into a column."""
    listed = ""
    for name in names:
        longer = f"{listed} '{one_line(name)}'".lstrip()
        if cell_len(longer) > WORDS_COLUMNS:
            break
        listed = longer
    return listed


def _print_map(console: Console, heading: str, unit: Unit, text: str) -> None:
    print(f"\n{heading}")
    for pieces in heat_map(unit, text, MAX_SCREEN_LINES):
        line = rich.text.Text()
        for level, piece in pieces:
            line.append(one_line(piece), f"black on {LIGHT.activation[level]}")
        console.print(line, soft_wrap=True)
    legend = rich.text.Text("-1 ")
    for colour in LIGHT.activation:
        legend.append("  ", f"black on {colour}")
    console.print(legend.append(" 1"))


def _print_saturation(
    saturation: Mapping[tuple[int, str], np.ndarray],
) -> None:
    if not saturation:
        print("\n(a SimpleRNN has no gates)")
        return
    print("\ngate                 below 0.1  above 0.9  (share of the text)")
    for (layer, gate), (left, right) in saturation.items():
        name = f"layer {layer}, {gate}"
        print(f"{name:<20} {left.mean():10.3f} {right.mean():10.3f}")
