"""Draw the gates and the state of units as heat maps over a text."""

from collections.abc import Iterator

import numpy as np
from rich.cells import cell_len

from charrnn.insight.gates import Gates
from charrnn.insight.layout import (
    MARGIN,
    bands,
    draw_scale,
    share_colour,
    sign_of,
    signed_colour,
    write_caption,
)
from charrnn.system.drawing import Drawing
from charrnn.system.palette import LIGHT

WIDTH = 900  # pixels, of the picture at most
LABELS = 118  # pixels for the names of the rows
CELL = 13  # pixels: the height of a value, and the least width
LETTER = 8  # pixels: the width of a letter of what was read
INPUT_COLUMNS = 8  # of a word
HEADING = 36  # pixels
SPACE = 12  # pixels between units


def scaled_rows(gates: Gates, unit: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yields the values of one unit, as they are coloured.

    Args:
        gates: The result of `charrnn.gates`.
        unit: The number of the unit.

    Yields:
        `(name, values)`: gates from 0 to 1, the others from -1 to 1. What
        goes beyond, such as the cell state of an LSTM, is divided by its
        largest absolute value, which the name then tells.

    Example:

    >>> values = {"forget gate": np.ones((2, 1)), "c": np.array([[1], [-4]])}
    >>> found = Gates(("a", "b"), 1, "LSTM", values, ("forget gate",), (0,))
    >>> [name for name, _ in scaled_rows(found, 0)]
    ['forget gate', 'c / 4']
    """
    for name, values in gates.values.items():
        own = values[:, unit]
        largest = float(np.abs(own).max())
        if largest > 1:
            yield f"{name} / {largest:.2g}", own / largest
        else:
            yield name, own


def draw_gates(gates: Gates) -> Drawing:
    """Draws a heat map for each unit chosen: a row for each value.

    Args:
        gates: The result of `charrnn.gates`.

    Returns:
        A `charrnn.system.drawing.Drawing`, to save or to show.

    Example:

    >>> values = {"h": np.zeros((2, 8))}
    >>> draw_gates(Gates(("a", "b"), 2, "SimpleRNN", values, (), (5,))).title
    'Inside a unit of layer 2 (SimpleRNN)'
    """
    return _Picture(gates).drawing


class _Picture:
    """The picture, and where its rows and columns are."""

    def __init__(self, gates: Gates) -> None:
        self.gates = gates
        self.signs = [sign_of(name, INPUT_COLUMNS) for name in gates.inputs]
        widest = max(map(cell_len, self.signs))
        self.cell = max(CELL, widest * LETTER + 4)
        room = (WIDTH - LABELS - 2 * MARGIN) // self.cell
        columns = min(room, len(self.signs))
        width = max(560, LABELS + 2 * MARGIN + columns * self.cell)
        self.drawing = Drawing(width, 0, _title(gates))
        self.drawing.words(
            MARGIN, 24, self.drawing.title, size=15, bold=True, mono=False
        )
        y: float = HEADING
        for band in bands(len(self.signs), room):
            y = self._draw_band(band, y)
        self.drawing.height = self._draw_foot(y) + MARGIN

    def _draw_band(self, band: range, y: float) -> float:
        """Draws some steps of all units; returns where they end."""
        left = MARGIN + LABELS
        for place, step in enumerate(band):
            middle = left + (place + 0.5) * self.cell
            self.drawing.words(
                middle, y + 16, self.signs[step], size=13, anchor="middle"
            )
        y += 24
        for unit in self.gates.chosen:
            y = self._draw_unit(unit, band, y)
        return y + SPACE

    def _draw_unit(self, unit: int, band: range, y: float) -> float:
        left = MARGIN + LABELS
        self.drawing.words(
            MARGIN, y + 11, f"unit {unit}", size=12, bold=True, mono=False
        )
        y += 2 + CELL
        was_gate = False
        for name, values in scaled_rows(self.gates, unit):
            is_gate = name in self.gates.gates
            y += 3 * (was_gate and not is_gate)
            was_gate = is_gate
            self.drawing.words(
                left - 8, y + 10, name, "faint",
                size=11, anchor="end", mono=False,
            )  # fmt: skip
            colour_of = share_colour if is_gate else signed_colour
            for place, value in enumerate(values[band.start : band.stop]):
                self.drawing.rectangle(
                    left + place * self.cell, y,
                    self.cell, CELL, colour_of(value),
                )  # fmt: skip
            width = len(band) * self.cell
            self._draw_border(left, y, width)
            y += CELL
        return y + SPACE - 4

    def _draw_border(self, x: float, y: float, width: float) -> None:
        for end in (y, y + CELL):
            self.drawing.line(x, end, x + width, end, "line")

    def _draw_foot(self, y: float) -> float:
        """Draws the scales, and says which units are shown."""
        x: float = MARGIN
        if self.gates.gates:
            levels = [f"surprise-{i + 1}" for i in range(len(LIGHT.surprise))]
            ends = "gate: 0, shut", "1, open"
            x = draw_scale(self.drawing, x, y, ends, ["page", *levels]) + 16
        colours = [f"activation-{i}" for i in range(len(LIGHT.activation))]
        draw_scale(self.drawing, x, y, ("others: -1", "1"), colours)
        return write_caption(self.drawing, y + 18, _caption(self.gates))


def _title(gates: Gates) -> str:
    many = len(gates.chosen) > 1
    units = f"{len(gates.chosen)} units" if many else "a unit"
    return f"Inside {units} of layer {gates.layer} ({gates.cell})"


def _caption(gates: Gates) -> str:
    """Says which units are shown, and what is missing."""
    which = (
        "Units as asked for."
        if gates.is_given
        else "Units whose output h varies most over this text."
    )
    if not gates.gates:
        return f"{which} A {gates.cell} has no gates: only its output h."
    return f"{which} A column is the step that read the {gates.unit} above it."
