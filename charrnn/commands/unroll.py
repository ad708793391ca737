"""Show a network unrolled in time over a short text, step by step."""

import argparse
from typing import Any

import rich.text
from rich.cells import cell_len

from charrnn.commands.cells import Cells
from charrnn.commands.options import defaults
from charrnn.commands.picture_flags import (
    add_out_flags,
    add_text_flags,
    add_unit_flags,
    check_out,
    told_units,
    typed_text,
    write_picture,
)
from charrnn.insight.layout import share_of, sign_of
from charrnn.insight.unroll import Unrolled, unroll
from charrnn.insight.unroll_picture import draw_unrolled
from charrnn.network.engine import load
from charrnn.system.terminal import print_json

MAX_NAME_COLUMNS = 8  # of a terminal, for what a step reads or expects


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `charrnn unroll`."""
    add_text_flags(parser, "the text to read: 5 to 20 characters show well")
    add_unit_flags(parser, "each layer", defaults(unroll)["count"])
    add_out_flags(parser)
    parser.add_argument(
        "--json",
        action="store_true",
        help="print all steps as JSON, with the states of all units",
    )


def run(arguments: argparse.Namespace) -> int:
    """Prints the steps; returns the exit code."""
    check_out(arguments, {"the model": arguments.model})
    engine = load(arguments.model)
    unrolled = unroll(
        engine,
        typed_text(arguments, engine),
        units=arguments.units,
        count=arguments.count,
    )
    if arguments.out:
        write_picture(draw_unrolled(unrolled), arguments)
    if arguments.json:
        print_json(_as_json(unrolled))
    else:
        _print(unrolled)
    return 0


def _as_json(unrolled: Unrolled) -> dict[str, Any]:
    bits = [*unrolled.bits.tolist(), None]
    return {
        "unit": unrolled.unit,
        "shown": unrolled.chosen,
        "steps": [
            {
                "reads": name,
                "hidden": [h[step].tolist() for h in unrolled.hidden],
                "expected": dict(
                    zip(
                        unrolled.expected[step].tolist(),
                        unrolled.probabilities[step].tolist(),
                        strict=True,
                    )
                ),
                "bits": bits[step],
            }
            for step, name in enumerate(unrolled.inputs)
        ],
    }


def _print(unrolled: Unrolled) -> None:
    """Prints a line for each step, and what the lines mean."""
    cells = Cells()
    widths = [max(9, 2 * len(chosen)) for chosen in unrolled.chosen]
    if sum(widths) > cells.console.width // 2:
        widths = [max(9, len(chosen)) for chosen in unrolled.chosen]
    names = _name_columns(unrolled)
    columns = max(8, unrolled.expected.shape[1] * (names + 7) - 1)
    head = f"{'reads':<{max(5, names)}}  "
    for number, width in enumerate(widths, 1):
        head += f"{f'layer {number}':<{width}}  "
    cells.print(f"{head}{'expects':<{columns}}   bits")
    for step in range(len(unrolled.inputs)):
        cells.print(_line(unrolled, step, widths, names, cells))
    for number, chosen in enumerate(unrolled.chosen, 1):
        cells.print(
            f"(layer {number}: {told_units(chosen, unrolled.is_given)})"
        )
    cells.print(
        cells.signed_legend().append(
            ": the hidden state h; bits: the loss, of what the next line reads"
        )
    )


def _name_columns(unrolled: Unrolled) -> int:
    """The columns of the widest name, within a limit."""
    names = {*unrolled.inputs, *unrolled.expected.ravel()}
    return max(cell_len(sign_of(name, MAX_NAME_COLUMNS)) for name in names)


def _line(
    unrolled: Unrolled, step: int, widths: list[int], names: int, cells: Cells
) -> rich.text.Text:
    """One step: what it reads, the states, and what it expects."""
    line = rich.text.Text(_padded(unrolled.inputs[step], max(5, names)) + "  ")
    for h, chosen, width in zip(
        unrolled.hidden, unrolled.chosen, widths, strict=True
    ):
        each = 2 if width >= 2 * len(chosen) else 1
        cells.signed(line, h[step, list(chosen)], each)
        line.append(" " * (width - each * len(chosen) + 2))
    came = unrolled.inputs[step + 1 : step + 2]
    for name, chance in zip(
        unrolled.expected[step], unrolled.probabilities[step], strict=True
    ):
        text = f"{_padded(name, names)} {share_of(chance):>4}"
        line.append(text, "bold" if name in came else "").append("  ")
    for bits in unrolled.bits[step : step + 1]:
        line.append(f"{bits:5.2f}")
    return line


def _padded(name: str, columns: int) -> str:
    sign = sign_of(name, columns)
    return sign + " " * (columns - cell_len(sign))
