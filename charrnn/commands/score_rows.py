"""Format scores as rows, for a table or for JSON."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from charrnn.scoring import baselines
from charrnn.scoring.lines import AS_DOCUMENT, FROM_LINE_END
from charrnn.scoring.ranking import LineScore
from charrnn.scoring.score import BY_DOCUMENTS, Score, to_bits
from charrnn.system.terminal import terminal_safe

# In these ways all characters of a text are scored.
WITHOUT_CONTEXT = (FROM_LINE_END, AS_DOCUMENT, BY_DOCUMENTS)

Row = dict[str, Any]  # what --json prints of a text or a line


def line_rows(
    source: str, lines: Sequence[LineScore], adapted: bool = False
) -> list[Row]:
    """Returns the rows of lines, in their order."""
    return [
        row_of(
            source, line.score, adapted,
            line=line.number, content=line.content,
        )
        for line in lines
    ]  # fmt: skip


def row_of(source: str, scored: Score, adapted: bool, **more: Any) -> Row:
    """Returns the row of a score, as --json prints it."""
    with np.errstate(over="ignore"):
        perplexity = float(np.exp(np.float64(scored.nats_per_character)))
    total = float(scored.nats.sum(dtype=np.float64))
    return {
        "text": source,
        "bits_per_character": scored.bits_per_character,
        "nats_per_character": scored.nats_per_character,
        # JSON has no infinity.
        "perplexity_per_character": (
            perplexity if math.isfinite(perplexity) else None
        ),
        "characters": scored.characters,
        **_of_units(scored),
        "bits": to_bits(total),
        "nats": total,
        **more,
        "method": scored.method,
        "adapted": adapted,
    }


def _of_units(scored: Score) -> Row:
    """The additional figures for a model of words or bytes."""
    if scored.unit == "character":
        return {}
    perplexity = scored.perplexity
    return {
        "unit": scored.unit,
        "units": scored.units,
        "perplexity_per_unit": perplexity
        if math.isfinite(perplexity)
        else None,
    }


def print_rows(rows: Sequence[Row], adapted_or_not: Iterable[bool]) -> None:
    """Prints a table for the model as it is, and one for --adapt."""
    for adapted in adapted_or_not:
        if adapted:
            print("\nwith --adapt, not comparable with the above:")
        _print_table([row for row in rows if row["adapted"] == adapted])
    for row in rows:
        if "baselines_nats_per_character" in row and not row["adapted"]:
            _print_baselines(row)


def _print_table(rows: Sequence[Row]) -> None:
    of_lines = any("line" in row for row in rows)
    total = "        bits" if of_lines else ""
    print(f"bits/char  nats/char  perplexity  characters{total}  text")
    for row in rows:
        name = row["text"]
        if of_lines:
            name += f":{row['line']}: {row['content']}"
            total = f"  {row['bits']:10.2f}"
        print(
            f"{row['bits_per_character']:9.4f}  "
            f"{row['nats_per_character']:9.4f}  "
            f"{_perplexity(row)}  "
            f"{row['characters']:10,}{total}  {terminal_safe(name)}"
        )
    units = {row.get("unit", "character") for row in rows} or {"character"}
    _print_notes({row["method"] for row in rows}, units.pop())


def _perplexity(row: Row) -> str:
    name = f"perplexity_per_{'unit' if 'unit' in row else 'character'}"
    perplexity = row[name] or math.inf
    return f"{perplexity:10.{'3f' if perplexity < 100_000 else '3g'}}"


def _print_notes(methods: Iterable[str], unit: str) -> None:
    """Prints notes below the table on how it was scored."""
    methods = sorted(methods)
    for method in methods:
        context = f"; the first {unit} is context"
        if method in WITHOUT_CONTEXT:
            context = ""
        print(f"({method}{context})")
    if any("lines before" in method for method in methods):
        print(
            "(in another order the lines would score differently; --each "
            "scores each one separately)"
        )
    print(f"(perplexity: per {unit})")


def _print_baselines(row: Row) -> None:
    losses = row["baselines_nats_per_character"]
    nats, characters = row["nats_per_character"], row["characters"]
    print(f"\n{terminal_safe(row['text'])}")
    print(baselines.comparison(losses, nats, characters))
