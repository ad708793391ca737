"""Find the units of a model that track something readable, and show them."""

import html
import itertools
import json
from pathlib import Path

import numpy as np
import rich.text

from charrnn.commands.options import (
    PAGE,
    PNG,
    add_reading_arguments,
    at_least,
    check_output,
    prepared,
)
from charrnn.insight.neurons import PIECE, read_neurons
from charrnn.insight.pages import escaped, filled, title_of
from charrnn.network.engine import load
from charrnn.system import atomic
from charrnn.system.plotting import COLOURS as LAYER_COLOURS
from charrnn.system.plotting import picture
from charrnn.system.progress import Console, watched
from charrnn.system.terminal import one_line, terminal_safe
from charrnn.text.lines import coloured_lines

# Backgrounds from -1 to 1: blue, nothing, orange, which the colour-blind tell
# apart, too. The characters on them are black, on the dark ones white.
COLOURS = (
    "#5e9fd4", "#8fbce2", "#c3dbf0", "#ffffff", "#fddcb8", "#fbb878", "#f5923e",
)  # fmt: skip
DARK_COLOURS = (
    "#2b6ca3", "#24557f", "#1d3e5c", "#15171a", "#45331c", "#6d4a1c", "#96601a",
)  # fmt: skip
LINES = 12  # of each map on the terminal
PAGE_LINES = 100  # of each on the page


def add_arguments(parser):
    """Adds the flags of `charrnn neurons`."""
    add_reading_arguments(parser, "; some thousand characters")
    parser.add_argument(
        "--count",
        type=at_least(0),
        default=3,
        metavar="N",
        help="how many units to show as heat maps (default: 3)",
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
        help="draw how often each gate is saturated",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the figures as JSON"
    )


def run(arguments):
    """Prints units, maps and gates; returns the exit code."""
    inputs = {"the model": arguments.model, "the text": arguments.text}
    check_output("--html", arguments.html, inputs, PAGE)
    check_output("--plot", arguments.plot, inputs, PNG)
    engine = load(arguments.model)
    text = prepared(arguments.text, engine, arguments)
    pieces = -(-len(text) // PIECE)
    found = read_neurons(engine, text, watched("reading", total=pieces))
    if arguments.plot and not found.saturation:
        raise ValueError(
            "Expected layers with gates for --plot. Received those of a "
            "SimpleRNN, which has none. Leave --plot out."
        )
    if arguments.html:
        title = title_of(arguments.text, arguments.model)
        atomic.write_text(arguments.html, _page(found, text, title))
    if arguments.plot:
        _plot(found.saturation, arguments.plot)
    if arguments.json:
        print(json.dumps(_as_json(found), indent=1))
        return 0
    _print_units(found.units)
    console = Console()
    if console.color_system and not console.no_color:
        for heading, unit in _clear_units(found.units)[: arguments.count]:
            _print_map(console, heading, unit, text)
    elif arguments.count and not arguments.html:
        print("(heat maps: on a terminal with colours, or with --html)")
    _print_saturation(found.saturation)
    for what, path in (("page", arguments.html), ("plot", arguments.plot)):
        if path:
            print(f"{what}  {terminal_safe(str(path))}")
    return 0


def _as_json(found):
    return {
        "units": [
            {
                "probe": unit.probe,
                "layer": unit.layer,
                "unit": unit.unit,
                "correlation": unit.correlation,
                "control": unit.control,
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


def _print_units(units):
    print("what a unit tracks              layer  unit  correlation  control")
    for unit in units:
        print(
            f"{unit.probe:<30}  {unit.layer:5}  {unit.unit:4}  "
            f"{unit.correlation:11.2f}  {unit.control:7.2f}"
            + ("" if unit.clear else "  may be chance")
        )
    print(
        "(below 0: the unit falls where the other rises; control: what the "
        "best of all\nunits reaches with the wrong place of the text)"
    )


def _clear_units(units):
    """Pairs of a heading and a unit, each once, without what may be chance."""
    probes = {}
    for unit in filter(lambda unit: unit.clear, units):
        probes.setdefault((unit.layer, unit.unit), []).append(unit)
    return [
        (
            f"layer {layer}, unit {number}: "
            + ", ".join(f"{u.probe} {u.correlation:.2f}" for u in own),
            own[0],
        )
        for (layer, number), own in probes.items()
    ]


def _print_map(console, heading, unit, text):
    print(f"\n{heading}")
    for pieces in _map(unit, text, LINES):
        line = rich.text.Text()
        for level, piece in pieces:
            line.append(one_line(piece), f"black on {COLOURS[level]}")
        console.print(line, soft_wrap=True)
    legend = rich.text.Text("-1 ")
    for colour in COLOURS:
        legend.append("  ", f"black on {colour}")
    console.print(legend.append(" 1"))


def _map(unit, text, lines):
    """Yields for each line a list of (level, piece of text)."""
    levels = np.rint((unit.activations + 1) / 2 * (len(COLOURS) - 1))
    for _, pieces in itertools.islice(
        coloured_lines(text, levels.astype(int)), lines
    ):
        yield pieces


def _with_ends(piece):
    return piece.replace("\n", "\u21b5\n")


def _print_saturation(saturation):
    if not saturation:
        print("\n(a SimpleRNN has no gates)")
        return
    print("\ngate                 below 0.1  above 0.9  (part of the text)")
    for (layer, gate), (left, right) in saturation.items():
        name = f"layer {layer}, {gate}"
        print(f"{name:<20} {left.mean():10.3f} {right.mean():10.3f}")


def _page(found, text, title):
    """A page with the units found, and a map for each that is clear."""
    clear = _clear_units(found.units)
    maps = [_html_map(heading, unit, text) for heading, unit in clear]
    legend = "".join(
        f'<span class="l{i}">&nbsp;</span>' for i in range(len(COLOURS))
    )
    return filled(
        "neurons.html",
        {
            "STYLES": _styles(),
            "TITLE": html.escape(title),
            "LIST": _html_list(found.units),
            "LEGEND": legend,
            "LINES": str(PAGE_LINES),
            "MAPS": "\n".join(maps),
        },
    )


def _styles():
    """The colours, in the light and in the dark."""
    light, dark = (
        "\n".join(f".l{i} {{ background: {c} }}" for i, c in enumerate(colours))
        for colours in (COLOURS, DARK_COLOURS)
    )
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}"


def _html_list(units):
    """A table of all units found, which leads to the maps."""
    rows = [
        "<tr><th>what a unit tracks</th><th>layer</th><th>unit</th>"
        "<th>correlation</th><th>control</th></tr>"
    ]
    for unit in units:
        name = html.escape(unit.probe)
        if unit.clear:
            name = f'<a href="#{_anchor(unit)}">{name}</a>'
        else:
            name += ' <span class="faint">(may be chance)</span>'
        rows.append(
            f"<tr><td>{name}</td><td>{unit.layer}</td><td>{unit.unit}</td>"
            f"<td>{unit.correlation:.2f}</td><td>{unit.control:.2f}</td></tr>"
        )
    table = '<table id="units">\n{}\n</table>'.format("\n".join(rows))
    if any(unit.clear for unit in units):
        return table
    return f"{table}\n<p>No unit follows a probe better than chance.</p>"


def _anchor(unit):
    return f"layer-{unit.layer}-unit-{unit.unit}"


def _html_map(heading, unit, text):
    lines = []
    for line in _map(unit, text, PAGE_LINES):
        lines += [
            f'<span class="l{level}">{escaped(_with_ends(piece))}</span>'
            for level, piece in line
        ]
        if line[-1][1].endswith("\r"):  # where a browser would not break
            lines.append("\u21b5\n")
    return (
        f'<h2 id="{_anchor(unit)}">{html.escape(heading)}</h2>\n'
        f"<pre>{''.join(lines)}</pre>\n"
        '<p><a href="#units">all units</a></p>'
    )


def _plot(saturation, path):
    """Draws for each gate of each unit how often it is saturated."""
    gates = sorted({gate for _, gate in saturation})
    layers = sorted({layer for layer, _ in saturation})
    shared = {"sharex": True, "sharey": True}
    with picture(path, len(gates), width=4 * len(gates), **shared) as row:
        for axes, gate in zip(row, gates, strict=True):
            for layer in layers:
                axes.plot(
                    *saturation[layer, gate][::-1],
                    ".",
                    alpha=0.5,
                    color=LAYER_COLOURS[(layer - 1) % len(LAYER_COLOURS)],
                    label=f"a unit of layer {layer}",
                )
            axes.plot([0, 1], [1, 0], color="#999999", linewidth=1)
            axes.set_title(gate)
            axes.set_xlabel("above 0.9: open (part of the text)")
        row[0].set_ylabel("below 0.1: shut (part of the text)")
