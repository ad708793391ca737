"""Measure how gradients vanish in SimpleRNN, LSTM and GRU."""

import argparse
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from charrnn.commands.options import add_text_arguments, at_least, defaults
from charrnn.commands.outputs import PNG, check_output, tell_written
from charrnn.commands.texts import read_corpus
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
    parser.add_argument(
        "--plot", type=Path, metavar="PNG", help="also draw the norms"
    )
    parser.add_argument(
        "--json", action="store_true", help="print the norms as JSON"
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
        watch=watched("training", total=len(CELLS)),
    )
    if arguments.plot:
        draw_decays(decays, arguments.plot)
        tell_written(arguments.plot)
    if arguments.json:
        print(json.dumps([_as_json(each) for each in decays], indent=1))
    else:
        _print(decays)
    return 0


def _as_json(each: CellDecay) -> dict[str, Any]:
    return {
        "cell": each.cell,
        "unit": each.unit,
        "steps": each.steps,
        "half_life": _finite(each.decay.half_life),
        "norms": each.decay.norms.tolist(),
        "training_nats_per_character": _finite(
            each.training_nats_per_character
        ),
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


def _print_row(name: str, values: Iterable[str]) -> None:
    """Prints a row; six columns fit into 80 characters."""
    print(f"{name:<9}" + "".join(f" {value:>10}" for value in values))


def _simple_rnn_keeps_best(decays: Sequence[CellDecay]) -> bool:
    """Whether its gradients last longest among the untrained networks."""
    untrained = [each for each in decays if not each.steps]
    best = max(untrained, key=lambda each: each.decay.half_life)
    return best.cell == "simple_rnn"
