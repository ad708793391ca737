"""Draw a picture: axes side by side, in colours that all can tell apart."""

import contextlib

from charrnn import atomic

BLUE, ORANGE, GREEN, PURPLE = "#2166ac", "#d95f02", "#1b9e77", "#7570b3"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE)
CELL_COLOURS = {"simple_rnn": ORANGE, "lstm": BLUE, "gru": GREEN}


@contextlib.contextmanager
def picture(path, panels=1, width=7, **options):
    """Gives axes to draw on, and writes them to a file at the end.

    Args:
        path: The `.png` file; it is whole, or as it was before.
        panels: How many axes, side by side.
        width: Of all, in inches.
        **options: As for matplotlib's `Figure.subplots`.

    Yields:
        A list of axes. They get a grid, and a legend where something has a
        label.

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
    from matplotlib.figure import Figure  # here: a second, only if wanted

    figure = Figure(figsize=(width, 4.2), layout="constrained")
    row = figure.subplots(1, panels, squeeze=False, **options)[0]
    yield list(row)
    for axes in row:
        axes.grid(alpha=0.3)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(frameon=False)
    with atomic.replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=150)
