"""Measure how far back a model remembers: its loss with a short context."""

import json
from pathlib import Path

from charrnn.commands.options import (
    PNG,
    add_reading_arguments,
    check_output,
    prepared,
)
from charrnn.insight.context import NEARLY, context_curve
from charrnn.network.engine import load
from charrnn.system.plotting import BLUE, ORANGE, picture
from charrnn.system.progress import watched
from charrnn.system.terminal import terminal_safe


def add_arguments(parser):
    """Adds the flags of `charrnn memory`."""
    more = "; best one that the model was not trained on"
    add_reading_arguments(parser, more)
    parser.add_argument(
        "--plot", type=Path, metavar="PNG", help="draw the curve, too"
    )
    parser.add_argument(
        "--json", action="store_true", help="print the curve as JSON"
    )


def run(arguments):
    """Prints the curve; returns the exit code."""
    inputs = {"the model": arguments.model, "the text": arguments.text}
    check_output("--plot", arguments.plot, inputs, PNG)
    engine = load(arguments.model)
    text = prepared(arguments.text, engine, arguments)
    curve = context_curve(engine, text, watch=watched("measuring"))
    if arguments.json:
        print(json.dumps(_as_json(curve), indent=1))
    else:
        _print(curve)
    if arguments.plot:
        _plot(curve, arguments.plot)
        if not arguments.json:
            print(f"plot  {terminal_safe(str(arguments.plot))}")
    return 0


def _as_json(curve):
    return {
        "contexts": list(curve.contexts),
        "bits_per_character": curve.bits.tolist(),
        "standard_errors": curve.errors.tolist(),
        "bits_per_character_with_all": curve.bits_with_all,
        "reach": curve.reach,
        "half": curve.half,
    }


def _print(curve):
    print("context  bits/char       +-")
    for context, bits, error in zip(
        curve.contexts, curve.bits, curve.errors, strict=True
    ):
        print(f"{context:7,}  {bits:9.4f}  {error:7.4f}")
    print(f"    all  {curve.bits_with_all:9.4f}")
    print("(+-: the standard error of the difference from all)")
    if curve.half:
        print(f"half of what context brings: {curve.half:.1f} characters")
    if curve.reach:
        print(
            f"within {NEARLY} bits of all from: {curve.reach:,} characters on"
        )
    else:
        print(f"not within {NEARLY} bits of all with any of these contexts")


def _plot(curve, path):
    """Draws the curve over the context."""
    with picture(path) as [axes]:
        axes.errorbar(
            curve.contexts, curve.bits, 2 * curve.errors, fmt="o-", color=BLUE,
            capsize=3, label="with so much context (bars: two standard errors)",
        )  # fmt: skip
        axes.axhline(
            curve.bits_with_all, color=ORANGE, linestyle="--",
            label=f"with all of it, {curve.bits_with_all:.3f}",
        )  # fmt: skip
        axes.set_xscale("log", base=2)
        axes.set_xticks(curve.contexts, [f"{k:,}" for k in curve.contexts])
        axes.set_xlabel("context (characters before the one predicted)")
        axes.set_ylabel("loss (bits per character)")
