"""Measure how gradients vanish in SimpleRNN, LSTM and GRU."""

import argparse
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.commands.options import add_text_arguments, at_least, defaults
from charrnn.commands.outputs import PNG, check_output, tell_written
from charrnn.commands.texts import read_corpus
from charrnn.insight.first_character import first_character
from charrnn.insight.pictures import draw_decays
from charrnn.insight.vanishing import CellDecay, decay_by_cell
from charrnn.network.cells import CELLS
from charrnn.system.progress import watched
from charrnn.system.terminal import remark
from charrnn.text.units import DEFAULT, UNITS

LAGS_IN_TABLE = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `charrnn gradients`."""
    parser.add_argument(
        "corpus",
        nargs="+",
        metavar="TEXT",
        help="files, folders of .txt files, - for standard input, or the name "
        "of a corpus; the last tenth is held out, to measure on",
    )
    add_text_arguments(parser)
    parser.add_argument(
        "--unit",
        choices=UNITS,
        default=DEFAULT,
        help=f"what the networks read (default: {DEFAULT})",
    )
    default = defaults(decay_by_cell)
    for name, least, text in (
        ("units", 1, "size of the one layer of each network"),
        ("steps", 0, "training steps between the two measurements"),
        ("lags", 1, "characters, words or bytes to look back"),
        ("seed", 0, "of the weights and the windows"),
    ):
        parser.add_argument(
            f"--{name}",
            type=at_least(least),
            default=default[name],
            metavar="N",
            help=f"{text} (default: {default[name]})",
        )
    _add_more(parser)
    parser.add_argument(
        "--plot", type=Path, metavar="PNG", help="also draw the norms"
    )
    parser.add_argument(
        "--json", action="store_true", help="print the norms as JSON"
    )


def _add_more(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of what else to measure."""
    parser.add_argument(
        "--singular-values",
        action="store_true",
        help="also measure the largest and the smallest singular value of "
        "d h(t) / d h(t - k), the product of k Jacobians",
    )
    parser.add_argument(
        "--first-character",
        action="store_true",
        help="also train a tiny network of each cell to remember the first of "
        "many random letters, and print how often it does; takes a minute",
    )


def run(arguments: argparse.Namespace) -> int:
    """Trains and measures a network of each cell; returns the exit code."""
    inputs = {"the text": arguments.corpus}
    check_output("--plot", arguments.plot, inputs, PNG)
    decays = decay_by_cell(
        read_corpus(arguments, remark, arguments.unit),
        unit=arguments.unit,
        units=arguments.units,
        steps=arguments.steps,
        lags=arguments.lags,
        seed=arguments.seed,
        singular=arguments.singular_values,
        watch=watched("training", total=len(CELLS)),
    )
    remembered: dict[str, np.ndarray] = {}
    if arguments.first_character:
        watch = watched("remembering", total=len(CELLS))
        remembered = first_character(seed=arguments.seed, watch=watch)
    if arguments.plot:
        draw_decays(decays, arguments.plot)
        tell_written(arguments.plot)
    if arguments.json:
        rows = [_as_json(each, remembered) for each in decays]
        print(json.dumps(rows, indent=1))
    else:
        _print(decays)
        _print_singular(decays)
        _print_remembered(remembered)
    return 0


def _as_json(
    each: CellDecay, remembered: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    more = {}
    if each.singular is not None:
        more["largest_singular_values"] = each.singular.largest.tolist()
        more["smallest_singular_values"] = each.singular.smallest.tolist()
    if each.cell in remembered:
        more["first_character_accuracy"] = remembered[each.cell].tolist()
    return {
        "cell": each.cell,
        "unit": each.unit,
        "steps": each.steps,
        "half_life": _finite(each.decay.half_life),
        "norms": each.decay.norms.tolist(),
        "training_nats_per_character": _finite(
            each.training_nats_per_character
        ),
        **more,
    }


def _finite(number: float | None) -> float | None:
    """The number for JSON; `None` for infinity, which JSON lacks."""
    if number is None or not math.isfinite(number):
        return None
    return float(number)


def _print(decays: Sequence[CellDecay]) -> None:
    norms = [each.decay.norms for each in decays]
    unit = decays[0].unit
    print(f"norm of d loss(t) / d h(t - k), and after how many {unit}s it is")
    print("half, by the slope of its logarithm over all lags\n")
    _print_row("cell", [each.cell for each in decays])
    steps = [each.steps for each in decays]
    _print_row("trained", [f"{n} steps" if n else "not" for n in steps])
    halves = [each.decay.half_life for each in decays]
    _print_row(
        "half-life",
        [f"{half:.1f}" if math.isfinite(half) else "grows" for half in halves],
    )
    for k in LAGS_IN_TABLE:
        if k < len(norms[0]):
            _print_row(f"k = {k}", [f"{own[k]:.2g}" for own in norms])
    if _simple_rnn_keeps_best(decays):
        print(
            "(untrained, the SimpleRNN keeps gradients longest: its recurrent\n"
            "matrix is orthogonal, which preserves their length; gates start "
            "half shut)"
        )


def _print_singular(decays: Sequence[CellDecay]) -> None:
    """Prints the largest and the smallest singular values by lag."""
    found = [each.singular for each in decays if each.singular is not None]
    for side in ("largest", "smallest") if found else ():
        print(f"\n{side} singular value of d h(t) / d h(t - k)")
        columns = [getattr(each, side) for each in found]
        for k in LAGS_IN_TABLE:
            if k < len(columns[0]):
                _print_row(f"k = {k}", [f"{own[k]:.2g}" for own in columns])


def _print_remembered(remembered: Mapping[str, np.ndarray]) -> None:
    """Prints how often each cell knows the first of many letters."""
    if not remembered:
        return
    print("\nhow often a network of 20 units, trained on just this, knows the")
    print("first of random letters after k more (by chance: 4%)\n")
    _print_row("cell", remembered)
    for k in LAGS_IN_TABLE:
        if all(k < len(own) for own in remembered.values()):
            shares = [f"{own[k]:.0%}" for own in remembered.values()]
            _print_row(f"k = {k}", shares)


def _print_row(name: str, values: Iterable[str]) -> None:
    """Prints a row; six columns fit into 80 characters."""
    print(f"{name:<9}" + "".join(f" {value:>10}" for value in values))


def _simple_rnn_keeps_best(decays: Sequence[CellDecay]) -> bool:
    """Whether its gradients last longest among the untrained networks."""
    untrained = [each for each in decays if not each.steps]
    best = max(untrained, key=lambda each: each.decay.half_life)
    return best.cell == "simple_rnn"
