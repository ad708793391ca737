"""Draw which earlier characters one prediction depends on."""

from rich.cells import cell_len

from charrnn.insight.connections import Connections
from charrnn.insight.layout import (
    MARGIN,
    draw_scale,
    share_colour,
    share_of,
    sign_of,
    write_caption,
)
from charrnn.system.drawing import Drawing
from charrnn.system.palette import LIGHT

WIDTH = 760  # pixels
HEADING = 40  # pixels
LETTER = 11  # pixels: the width of a character
ROW = 26  # pixels: a line of the text
BOX = 21  # pixels: the height of an input
SIZE = 16  # pixels: the size of the letters
NAME_COLUMNS = 14  # of a word
AFTER = 20  # inputs that are shown after the one predicted


def draw_connections(connections: Connections, place: int) -> Drawing:
    """Draws the text around a prediction, coloured by what it depends on.

    Args:
        connections: The result of `charrnn.connections`.
        place: The index of the input predicted, from 1.

    Returns:
        A `charrnn.system.drawing.Drawing`, to save or to show.

    Raises:
        ValueError: if there is no such prediction.

    Example:

    >>> import numpy as np
    >>> found = Connections(tuple("sea"), np.ones((2, 2)))
    >>> draw_connections(found, 2).title
    'What the prediction of a depends on'
    """
    shares = connections.shares_of(place)
    sign = sign_of(connections.inputs[place], NAME_COLUMNS)
    title = f"What the prediction of {sign} depends on"
    drawing = Drawing(WIDTH, 0, title)
    drawing.words(MARGIN, 26, title, size=15, bold=True, mono=False)
    x, y = float(MARGIN), float(HEADING)
    first = max(0, place - len(shares))
    end = min(len(connections.inputs), place + AFTER)
    for number in range(first, end):
        sign = sign_of(connections.inputs[number], NAME_COLUMNS)
        width = cell_len(sign) * LETTER
        if x + width > WIDTH - MARGIN:
            x, y = MARGIN, y + ROW
        back = place - number
        share = shares[back - 1] / (shares.max() or 1) if back > 0 else 0
        _draw_input(drawing, (x, y, width), sign, share, back)
        x += width
    y = _draw_foot(drawing, y + ROW + 12, float(shares.max()))
    caption = _caption(connections, place, len(shares))
    drawing.height = write_caption(drawing, y, caption) + MARGIN
    return drawing


def _draw_input(
    drawing: Drawing,
    box: tuple[float, float, float],
    sign: str,
    share: float,
    back: int,
) -> None:
    """Draws an input; the one predicted has a frame, later ones are faint."""
    x, y, width = box
    if back >= 0:
        border = None if back else "accent"
        drawing.rectangle(x, y, width, BOX, share_colour(share), border)
    colour = "ink" if back > 0 else "faint" if back else "accent"
    drawing.words(
        x + width / 2, y + 16, sign, colour,
        size=SIZE, anchor="middle", bold=not back,
    )  # fmt: skip


def _draw_foot(drawing: Drawing, y: float, largest: float) -> float:
    levels = [f"surprise-{i + 1}" for i in range(len(LIGHT.surprise))]
    ends = "share 0%", share_of(largest)
    draw_scale(drawing, MARGIN, y, ends, ["page", *levels])
    return y + 18


def _caption(connections: Connections, place: int, window: int) -> str:
    """Says what is coloured, and which inputs are the strongest."""
    strongest = ", ".join(
        f"{sign_of(connections.inputs[number], NAME_COLUMNS)} "
        f"({place - number} back) {share_of(share)}"
        for number, share in connections.strongest(place, 3)
    )
    unit = connections.unit
    return (
        f"The {unit} in the frame is predicted. Colours: the norm of the "
        f"gradient of its logit at each of the {window} {unit}s before it, as "
        f"a share of their sum. Strongest: {strongest}."
    )
