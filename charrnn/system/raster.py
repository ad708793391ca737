"""Draw shapes with matplotlib, into a PNG file."""

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from charrnn.system import atomic
from charrnn.system.palette import Palette
from charrnn.system.shapes import Line, Rectangle, Shape, Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PIXELS_PER_INCH = 96
SCALE = 2  # pixels of a PNG for each of the drawing
POINTS_PER_PIXEL = 72 / PIXELS_PER_INCH
ANCHORS = {"start": "left", "middle": "center", "end": "right"}


def save_png(
    shapes: Iterable[Shape],
    size: tuple[float, float],
    path: Path | str,
    palette: Palette,
) -> None:
    """Draws shapes, and writes them to a file, whole or not at all.

    Args:
        shapes: What to draw, in this order.
        size: The width and the height of the picture, in pixels.
        path: The `.png` file.
        palette: Its colours.

    Raises:
        OSError: if the file cannot be written.

    Example:

    >>> import os, tempfile
    >>> from charrnn.system.palette import DARK
    >>> path = tempfile.mkdtemp() + "/dark.png"
    >>> save_png([Rectangle(2, 2, 9, 9, "accent")], (20, 20), path, DARK)
    >>> os.path.getsize(path) > 100
    True
    """
    from matplotlib.figure import Figure  # here: it takes a second

    width, height = size
    inches = width / PIXELS_PER_INCH, height / PIXELS_PER_INCH
    figure = Figure(figsize=inches, facecolor=palette.page)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    for shape in shapes:
        _draw(axes, shape, palette)
    with atomic.replacing(path) as temporary, warnings.catch_warnings():
        # The font lacks many writing systems: such letters become boxes.
        warnings.filterwarnings("ignore", "Glyph")
        figure.savefig(temporary, format="png", dpi=SCALE * PIXELS_PER_INCH)


def _draw(axes: "Axes", shape: Shape, palette: Palette) -> None:
    if isinstance(shape, Rectangle):
        _draw_rectangle(axes, shape, palette)
    elif isinstance(shape, Line):
        _draw_line(axes, shape, palette)
    else:
        _draw_words(axes, shape, palette)


def _draw_rectangle(axes: "Axes", shape: Rectangle, palette: Palette) -> None:
    from matplotlib.patches import Rectangle as Patch

    axes.add_patch(
        Patch(
            (shape.x, shape.y),
            shape.width,
            shape.height,
            linewidth=POINTS_PER_PIXEL,
            facecolor=palette.named(shape.fill),
            edgecolor=palette.named(shape.border) if shape.border else "none",
        )
    )


def _draw_line(axes: "Axes", line: Line, palette: Palette) -> None:
    from matplotlib.patches import Polygon

    colour = palette.named(line.colour)
    ends = [line.x1, line.x2], [line.y1, line.y2]
    axes.plot(*ends, color=colour, linewidth=POINTS_PER_PIXEL)
    if line.arrow:
        axes.add_patch(Polygon(line.head, color=colour, linewidth=0))


def _draw_words(axes: "Axes", words: Words, palette: Palette) -> None:
    axes.text(
        words.x,
        words.y,
        words.text,
        color=palette.named(words.colour),
        fontsize=words.size * POINTS_PER_PIXEL,
        family="DejaVu Sans Mono" if words.mono else "DejaVu Sans",
        weight="bold" if words.bold else "normal",
        ha=ANCHORS[words.anchor],
        va="baseline",
        parse_math=False,  # a text may have a $
    )
