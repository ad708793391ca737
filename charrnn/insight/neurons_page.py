"""Write an HTML page of heat maps that show what units track."""

import html
import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from charrnn.insight.neurons import Neurons, Unit
from charrnn.insight.templates import escaped, filled, stylesheet
from charrnn.system.palette import LIGHT
from charrnn.system.terminal import one_line
from charrnn.text.lines import coloured_lines

COLOURS = len(LIGHT.activation)
MAX_PAGE_LINES = 100  # of the text, in each heat map of a page

# The index of a colour in `Palette.activation`, and a piece of a line in it.
Piece = tuple[int, str]


def clear_units(units: Sequence[Unit]) -> list[tuple[str, Unit]]:
    """Drops units that may be chance findings, and lists each unit once.

    Args:
        units: As `read_neurons` finds them: the best unit for each probe.

    Returns:
        For each unit a heading with everything that it tracks, and the unit.

    Example:

    >>> unit = Unit("quotes", 1, 7, 0.9, 0.1, np.zeros(3))
    >>> [heading for heading, _ in clear_units([unit])]
    ['layer 1, unit 7: quotes 0.90']
    """
    clear: dict[tuple[int, int], list[Unit]] = {}
    for unit in units:
        if unit.clear:
            clear.setdefault((unit.layer, unit.unit), []).append(unit)
    return [
        (
            f"layer {layer}, unit {number}: "
            + ", ".join(f"{u.probe} {u.correlation:.2f}" for u in own),
            own[0],
        )
        for (layer, number), own in clear.items()
    ]


def heat_map(unit: Unit, text: str, lines: int) -> Iterator[list[Piece]]:
    """Colours the first lines of a text by the activation of a unit.

    Args:
        unit: One of those that `read_neurons` found.
        text: The text that was read.
        lines: Maximum number of lines.

    Yields:
        A line as a list of `(index in `Palette.activation`, piece)`.

    Example:

    >>> unit = Unit("quotes", 1, 7, 0.9, 0.1, np.array([-1, 0, 0, 1]))
    >>> list(heat_map(unit, "abc\\nd", 1))
    [[(0, 'a'), (3, 'bc'), (6, '\\n')]]
    """
    levels = np.rint((unit.activations + 1) / 2 * (COLOURS - 1))
    coloured = coloured_lines(text, levels.astype(int).tolist())
    for _, pieces in itertools.islice(coloured, lines):
        yield pieces


def neurons_page(found: Neurons, text: str, title: str) -> str:
    """Makes a page with all units found, and a heat map for each clear one.

    Args:
        found: The result of `read_neurons`.
        text: The text that was read.
        title: Of the page, such as the names of text and model.

    Returns:
        The page as self-contained HTML.

    Example:

    >>> unit = Unit("quotes", 1, 7, 0.9, 0.1, np.ones(2))
    >>> "layer-1-unit-7" in neurons_page(Neurons([unit], {}), '"a', "a text")
    True
    """
    legend = "".join(
        f'<span class="l{i}">&nbsp;</span>' for i in range(COLOURS)
    )
    maps = [
        _html_map(heading, unit, text)
        for heading, unit in clear_units(found.units)
    ]
    places = {
        "STYLE": stylesheet(),
        "TITLE": html.escape(title),
        "LIST": _html_list(found.units),
        "LEGEND": legend,
        "LINES": str(MAX_PAGE_LINES),
        "MAPS": "\n".join(maps),
    }
    return filled("neurons.html", places)


def _html_list(units: Sequence[Unit]) -> str:
    """A table of all units found, with links to the heat maps."""
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


def _anchor(unit: Unit) -> str:
    return f"layer-{unit.layer}-unit-{unit.unit}"


def _html_map(heading: str, unit: Unit, text: str) -> str:
    lines = []
    for line in heat_map(unit, text, MAX_PAGE_LINES):
        lines += [
            f'<span class="l{level}">{escaped(_with_ends(piece))}</span>'
            for level, piece in line
        ]
        if line[-1][1].endswith("\r"):  # No browser breaks a line at a CR.
            lines.append("\u21b5\n")
    return (
        f'<h2 id="{_anchor(unit)}">{html.escape(heading)}</h2>\n'
        f"{_html_extremes(unit)}<pre>{''.join(lines)}</pre>\n"
        '<p><a href="#units">all units</a></p>'
    )


def _html_extremes(unit: Unit) -> str:
    """After what the unit is highest and lowest, if that is known."""
    sides = {"highest": unit.highest_after, "lowest": unit.lowest_after}
    listed = [
        f"{side} after "
        + " ".join(f"<q>{_visible(name)}</q>" for name in names)
        for side, names in sides.items()
        if names
    ]
    return f'<p class="faint">{"; ".join(listed)}</p>\n' if listed else ""


def _visible(name: str) -> str:
    return escaped(one_line(name))


def _with_ends(piece: str) -> str:
    """The piece with an arrow before each line end."""
    return piece.replace("\n", "\u21b5\n")
