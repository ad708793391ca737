"""Lay out the steps of a network as columns of a picture."""

import textwrap
import unicodedata
from collections.abc import Sequence

import numpy as np
from rich.cells import cell_len

from charrnn.system.drawing import ASPECT, Drawing
from charrnn.system.palette import LIGHT
from charrnn.system.terminal import one_line

DOTTED_CIRCLE = "\u25cc"
OPEN_BOX = "\u2423"  # the sign of a space
ELLIPSIS = "\u2026"

MARGIN = 14  # pixels
CAPTION = 12  # pixels: the size of its letters
LINE_HEIGHT = 17  # pixels
SWATCH = 16  # pixels: the width of a colour of a scale
# Letters of SANS are narrower on average than those of MONO.
SANS_ASPECT = 0.55


def sign_of(name: str, columns: int) -> str:
    r"""Makes a character, a word or a byte visible in a few columns.

    Args:
        name: As `charrnn.insight.alignment.names_of` writes it.
        columns: The width, in columns of a terminal; wide characters take two.

    Returns:
        The name on one line, cut with an ellipsis if it is wider.

    Example:

    >>> sign_of(" ", 3), sign_of("\n", 3), sign_of(" everything", 6)
    ('␣', '↵', '␣ever…')
    """
    sign = one_line(name).replace(" ", OPEN_BOX)
    if sign and unicodedata.category(sign[0]).startswith("M"):
        sign = DOTTED_CIRCLE + sign
    if cell_len(sign) <= columns:
        return sign
    while cell_len(sign) >= columns and len(sign) > 1:
        sign = sign[:-1]
    return sign + ELLIPSIS


def bands(steps: int, most: int) -> list[range]:
    """Divides steps into bands, which stand below each other.

    Args:
        steps: Their number.
        most: The number of steps in a band at most.

    Returns:
        The steps of each band.

    Example:

    >>> bands(5, most=3)
    [range(0, 3), range(3, 5)]
    """
    return [
        range(start, min(start + most, steps))
        for start in range(0, steps, most)
    ]


def signed_level(value: float) -> int:
    """The index in `Palette.activation` of a value from -1 to 1.

    Args:
        value: Values beyond the limits get the colour of the limit.

    Returns:
        A number from 0; the middle one is that of 0.

    Example:

    >>> signed_level(-1.0), signed_level(0.0), signed_level(9.0)
    (0, 3, 6)
    """
    highest = len(LIGHT.activation) - 1
    return int(np.rint((np.clip(value, -1, 1) + 1) / 2 * highest))


def share_level(value: float) -> int:
    """The level of surprise whose colour shows a value from 0 to 1.

    Args:
        value: Values beyond the limits get the level of the limit.

    Returns:
        0 for no colour, or a level from 1, as of `"surprise-1"`.

    Example:

    >>> share_level(0.0), share_level(0.5), share_level(1.0)
    (0, 4, 8)
    """
    return int(np.rint(np.clip(value, 0, 1) * len(LIGHT.surprise)))


def signed_colour(value: float) -> str:
    """The name of the colour of a value from -1 to 1.

    Example:

    >>> signed_colour(1.0)
    'activation-6'
    """
    return f"activation-{signed_level(value)}"


def share_colour(value: float) -> str:
    """The name of the colour of a value from 0 to 1.

    Example:

    >>> share_colour(0.0), share_colour(1.0)
    ('page', 'surprise-8')
    """
    level = share_level(value)
    return f"surprise-{level}" if level else "page"


def share_of(value: float) -> str:
    """Writes a share or a probability in four columns at most.

    Example:

    >>> share_of(0.254), share_of(0.004)
    ('25%', '<1%')
    """
    return f"{value:.0%}" if value >= 0.005 else "<1%"


def write_caption(drawing: Drawing, y: float, sentences: str) -> float:
    """Writes lines of explanation below each other, as wide as the picture.

    Args:
        drawing: The picture.
        y: The upper end of the first line.
        sentences: What to write.

    Returns:
        The lower end of the last line.
    """
    room = (drawing.width - 2 * MARGIN) / (CAPTION * SANS_ASPECT)
    for line in textwrap.wrap(sentences, int(room)):
        y += LINE_HEIGHT
        drawing.words(MARGIN, y - 4, line, "faint", size=CAPTION, mono=False)
    return y


def draw_scale(
    drawing: Drawing, x: float, y: float, names: Sequence[str], colours: list
) -> float:
    """Draws a scale of colours between the names of its ends.

    Args:
        drawing: The picture.
        x: The left end.
        y: The upper end.
        names: Of the lowest and the highest value.
        colours: The names of the colours.

    Returns:
        The right end.
    """
    low, high = names
    size = CAPTION * ASPECT
    drawing.words(x, y + 11, low, "faint", size=CAPTION)
    x += (len(low) + 1) * size
    for colour in colours:
        drawing.rectangle(x, y, SWATCH, 13, colour, "line")
        x += SWATCH
    drawing.words(x + size, y + 11, high, "faint", size=CAPTION)
    return x + (len(high) + 1) * size
