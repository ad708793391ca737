"""Measure how far back a model remembers: its loss with a short context."""

import argparse
import json
from pathlib import Path
from typing import Any

from charrnn.commands.options import add_reading_arguments
from charrnn.commands.outputs import PNG, check_output, tell_written
from charrnn.commands.texts import read_for
from charrnn.insight.context import TOLERANCE_BITS, Curve, context_curve
from charrnn.insight.pictures import draw_context
from charrnn.network.engine import load
from charrnn.system.progress import watched
from charrnn.text.units import DEFAULT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `charrnn context`."""
    more = "; preferably a text that the model was not trained on"
    add_reading_arguments(parser, more)
    parser.add_argument(
        "--plot", type=Path, metavar="PNG", help="also draw the curve"
    )
    parser.add_argument(
        "--json", action="store_true", help="print the curve as JSON"
    )


def run(arguments: argparse.Namespace) -> int:
    """Prints the curve; returns the exit code."""
    inputs = {"the model": arguments.model, "the text": arguments.text}
    check_output("--plot", arguments.plot, inputs, PNG)
    engine = load(arguments.model)
    text = read_for(engine, arguments.text, arguments)
    curve = context_curve(engine, text, watch=watched("measuring"))
    if arguments.plot:
        draw_context(curve, arguments.plot)
        tell_written(arguments.plot)
    if arguments.json:
        print(json.dumps(_as_json(curve), indent=1))
    else:
        _print(curve)
    return 0


def _as_json(curve: Curve) -> dict[str, Any]:
    return {
        "unit": curve.unit,
        "characters_per_unit": curve.characters_per_unit,
        "contexts": list(curve.contexts),
        "bits_per_character": curve.bits_per_character.tolist(),
        "standard_errors": curve.standard_errors.tolist(),
        "bits_per_character_with_all": curve.bits_per_character_with_all,
        "reach": curve.reach,
        "half": curve.half,
    }


def _print(curve: Curve) -> None:
    if curve.unit != DEFAULT:
        print(f"(context: in {curve.unit}s)")
    print("context  bits/char       +-")
    for context, bits, error in zip(
        curve.contexts,
        curve.bits_per_character,
        curve.standard_errors,
        strict=True,
    ):
        print(f"{context:7,}  {bits:9.4f}  {error:7.4f}")
    print(f"    all  {curve.bits_per_character_with_all:9.4f}")
    print("(+-: standard error of the difference from all of the context)")
    if curve.half:
        half = _length(curve.half, curve)
        print(f"half of the gain from context: {half}")
    if curve.reach:
        reach = _length(curve.reach, curve)
        print(f"all of it within {TOLERANCE_BITS} bits: {reach}")
    else:
        print(
            f"all of it within {TOLERANCE_BITS} bits: more than any of these "
            "contexts"
        )


def _length(context: float, curve: Curve) -> str:
    """The length of a context in units, and in characters."""
    number = f"{context:,}" if isinstance(context, int) else f"{context:.1f}"
    if curve.unit == DEFAULT:
        return f"{number} characters"
    characters = context * curve.characters_per_unit
    return f"{number} {curve.unit}s, about {characters:,.0f} characters"
