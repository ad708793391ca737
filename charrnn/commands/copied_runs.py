"""Print the runs of a text that are copied: a list, in colours, or as JSON."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import rich.text

from charrnn.system.progress import Console
from charrnn.system.terminal import counted, one_line, remark
from charrnn.text.byte_vocabulary import shown
from charrnn.text.copying import Copied, Run
from charrnn.text.lines import coloured_lines, lines_and_columns

COLUMNS = 60  # of the text of a run in the list
# Backgrounds of runs that are at least so many times as long as the shortest
# that counts, from pale to dark orange. The characters on them are black.
COLOURS = {1: "#ffe6c2", 1.5: "#ffc36e", 2: "#fb9528", 4: "#df6a06"}


def as_json(found: Copied) -> dict[str, Any]:
    """The figures and all runs, as an object of JSON.

    Args:
        found: What was found.

    Returns:
        A `dict`.
    """
    return {
        "characters": len(found.text),
        "source_characters": len(found.source),
        "min_run": found.min_run,
        "copied_characters": found.characters,
        "share": found.share,
        "longest": found.longest,
        "runs": [
            {
                "length": run.length,
                "line": line,
                "column": column,
                "source_line": source_line,
                "source_column": source_column,
                "occurrences": run.occurrences,
                "text": found.text[run.start : run.start + run.length],
            }
            for run, (line, column), (source_line, source_column) in zip(
                found.runs, *_places(found, found.runs), strict=True
            )
        ],
    }


def _places(found: Copied, runs: Sequence[Run]) -> tuple[list, list]:
    """The lines and columns of runs in the text, and in the source."""
    return (
        lines_and_columns(found.text, [run.start for run in runs]),
        lines_and_columns(found.source, [run.source_start for run in runs]),
    )


def print_runs(found: Copied, count: int) -> None:
    """Lists the longest runs, each with its places in both texts.

    Args:
        found: What was found.
        count: Maximum number of runs. One that mostly belongs to longer ones
            is left out.
    """
    if not found.runs:
        return
    console = Console()
    print("characters  line:column   in source  text")
    runs = _passages(found)
    listed = runs[:count]
    for run, here, there in zip(listed, *_places(found, listed), strict=True):
        text = found.text[run.start : run.start + run.length]
        text = one_line(shown(text))
        if len(text) > COLUMNS:
            text = text[: COLUMNS - 1] + "…"
        line = rich.text.Text(
            f"{run.length:>10,}  {_standing(here):>11}  "
            f"{_standing(there):>10}  "
        )
        line.append(text, _style(run.length, found.min_run))
        console.print(line, soft_wrap=True)
    if len(runs) > count:
        print(f"(and {len(runs) - count:,} more: --count lists them)")


def _passages(found: Copied) -> list[Run]:
    """Leaves out runs of which longer ones have more than half."""
    passages, seen = [], np.zeros(len(found.text), bool)
    for run in found.runs:
        own = seen[run.start : run.start + run.length]
        if 2 * np.count_nonzero(own) <= run.length:
            passages.append(run)
        own[:] = True
    return passages


def _standing(place: tuple[int, int]) -> str:
    line, column = place
    return f"{line}:{column}"


def _style(length: int, min_run: int) -> str:
    """The colours of a run, by its length; empty for what is not copied."""
    times = [times for times in COLOURS if length >= times * min_run]
    return f"black on {COLOURS[times[-1]]}" if times else ""


def print_text(found: Copied) -> None:
    """Prints the text, with the copied runs in colours.

    Args:
        found: What was found.
    """
    console = Console()
    for _, pieces in coloured_lines(found.text, found.lengths.tolist()):
        line = rich.text.Text()
        for length, piece in pieces:
            piece = shown(piece)
            if length:
                line.append(one_line(piece), _style(length, found.min_run))
            else:
                line.append(one_line(piece.rstrip("\r\n")))
        console.print(line, soft_wrap=True)
    if console.no_color or not console.color_system:
        remark("colours need a terminal that has them")
        return
    legend = rich.text.Text("characters")
    for times, colour in COLOURS.items():
        length = math.ceil(times * found.min_run)
        legend.append(f" {length:,} ", f"black on {colour}")
    console.print(legend.append(" or more"))


def print_share(found: Copied, title: str) -> None:
    """Prints how much of the text is copied.

    Args:
        found: What was found.
        title: The name of the source.
    """
    runs = len(found.runs)
    print(
        f"{found.share:.2%} of {counted(len(found.text), 'character')} "
        f"copied, in {counted(runs, 'run')} of at least {found.min_run:,}"
        + (f" (the longest: {found.longest:,})" if found.longest else "")
        + f"; source: {title}, "
        + counted(len(found.source), "character")
    )
