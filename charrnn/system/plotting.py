"""Draw plots side by side, with legends that cover nothing."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn.system import atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# To make room for a legend, the top of the axes is raised by this fraction of
# their height, repeatedly, but no more than this number of times.
RAISE = 0.1
MAX_RAISES = 8
POINT_RADIUS = 5  # pixels: a point this close to the legend touches it


@contextlib.contextmanager
def picture(
    path: Path | str, panels: int = 1, width: float = 7, **options: Any
) -> Iterator[list["Axes"]]:
    """Yields axes to draw on, and writes them to a file at the end.

    Args:
        path: The `.png` file. It is replaced only by a whole picture.
        panels: Number of axes, side by side.
        width: Of the whole picture, in inches.
        **options: As for matplotlib's `Figure.subplots`.

    Yields:
        A list of axes. They get a grid and, if anything has a label, a legend
        that covers no line or point.

    Raises:
        OSError: if the file cannot be written.

    Example:

    >>> import os, tempfile
    >>> path = tempfile.mkdtemp() + "/line.png"
    >>> with picture(path) as [axes]:
    ...     _ = axes.plot([1, 2, 4], label="doubled")
    >>> os.path.getsize(path) > 1000
    True
    """
    from matplotlib.figure import Figure  # here: it takes a second

    figure = Figure(figsize=(width, 4.2), layout="constrained")
    row = figure.subplots(1, panels, squeeze=False, **options)[0]
    yield list(row)
    for axes in row:
        axes.grid(alpha=0.3)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(frameon=False)
    for axes in row:
        _make_room(figure, axes)
    with atomic.replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=150)


def _make_room(figure, axes):
    """Raises the top of the axes until their legend covers no line or point.

    matplotlib chooses the best place, but even that may cover something.
    """
    for _ in range(MAX_RAISES):
        figure.draw_without_rendering()
        if not axes.get_legend() or not _is_covered(axes):
            return
        bottom, top = axes.transAxes.transform([(0, 0), (0, 1)])[:, 1]
        raised = axes.transData.inverted().transform(
            (0, top + RAISE * (top - bottom))
        )
        axes.set_ylim(top=raised[1])


def _is_covered(axes):
    """Whether a line, or a point, lies under the legend."""
    box = axes.get_legend().get_window_extent().padded(POINT_RADIUS)
    return any(_meets(line, box) for line in axes.lines)


def _meets(line, box):
    path = line.get_transform().transform_path(line.get_path())
    if line.get_linestyle() == "None":  # points only
        return any(box.contains(x, y) for x, y in path.vertices)
    return path.intersects_bbox(box, filled=False)
