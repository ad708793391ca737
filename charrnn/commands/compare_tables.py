"""Print the samples and the figures of a comparison as tables."""

from collections.abc import Sequence
from typing import Any

from charrnn.commands.corpora import print_table
from charrnn.insight.context import TOLERANCE_BITS
from charrnn.system.terminal import terminal_safe
from charrnn.text.units import DEFAULT

Row = dict[str, Any]  # what `charrnn.insight.comparison.measure` returns


def print_comparison(rows: Sequence[Row]) -> None:
    """Prints a sample of each run, and two tables.

    Args:
        rows: The rows of the runs.
    """
    of_units = any(row["unit"] != DEFAULT for row in rows)
    for row in rows:
        of = f" of {row['unit']}s" * of_units
        print(f"\n--- {row['cell']}{of} writes ---")
        print(terminal_safe(row["sample"]))
    print()
    names = ("cell", "unit") if of_units else ("cell",)
    _print_training(rows, names)
    print("(rate and dropout: what charrnn chooses for such a network)\n")
    _print_losses(rows, names)
    print(
        "(gain: how much context lowers the loss. The columns show how much "
        "context gives\n"
        f"half of it, and all of it within {TOLERANCE_BITS} bits)"
    )


def _print_training(rows: Sequence[Row], names: Sequence[str]) -> None:
    """Prints the table of how each run was trained."""
    headings = (
        "units", "parameters", "rate", "dropout", "minutes", "passes",
        "chars/s",
    )  # fmt: skip
    cells = [
        (
            f"{row['units']:,}",
            f"{row['parameters']:,}",
            f"{row['learning_rate']:g}",
            f"{row['dropout']:g}",
            f"{row['train_minutes']:.2f}",
            f"{row['epochs']:.1f}",
            f"{row['characters_per_second']:,}",
        )
        for row in rows
    ]
    _print_table(rows, names, headings, cells)


def _print_losses(rows: Sequence[Row], names: Sequence[str]) -> None:
    """Prints the table of how well each model does."""
    headings = "bits/char", "nats/char", "half of the gain", "all of the gain"
    cells = []
    for row in rows:
        half, reach = (
            row[name] and row[name] * row["characters_per_unit"]
            for name in ("context_half", "context_reach")
        )
        cells.append(
            (
                f"{row['validation_bits_per_character']:.4f}",
                f"{row['validation_nats_per_character']:.4f}",
                f"{half:.1f} characters" if half else "-",
                f"{reach:,.0f} characters" if reach else "more than measured",
            )
        )
    _print_table(rows, names, headings, cells)


def _print_table(
    rows: Sequence[Row],
    names: Sequence[str],
    headings: Sequence[str],
    cells: Sequence[Sequence[str]],
) -> None:
    """Prints a table whose first columns name the runs."""
    firsts = [[row[name] for name in names] for row in rows]
    print_table(
        [
            [*names, *headings],
            *([*a, *b] for a, b in zip(firsts, cells, strict=True)),
        ]
    )
