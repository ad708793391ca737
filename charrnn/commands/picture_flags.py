"""The flags of pictures of a network: a text, units, and a file to write."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from charrnn.commands.options import (
    add_model_argument,
    add_unknown_argument,
    at_least,
)
from charrnn.commands.outputs import PNG, SVG, check_output, tell_written
from charrnn.commands.spelling import typed
from charrnn.network.engine import Engine
from charrnn.system.drawing import Drawing


def whole_numbers(word: str) -> list[int]:
    """An argparse type: whole numbers from 0 on, with commas between them."""
    numbers = [int(part) for part in word.split(",")]
    if min(numbers) < 0:
        raise argparse.ArgumentTypeError(f"{min(numbers)} is less than 0")
    return numbers


whole_numbers.__name__ = "list of whole numbers, such as 3,17"


def add_text_flags(parser: argparse.ArgumentParser, text: str) -> None:
    """Adds a model, and a text that is typed.

    Args:
        parser: The verb's parser.
        text: The help of the text.
    """
    add_model_argument(parser)
    parser.add_argument("--text", required=True, metavar="TEXT", help=text)
    parser.add_argument(
        "--escapes",
        action="store_true",
        help=r"read \n, \t, \xHH and other escapes in --text as the "
        "characters they stand for",
    )
    add_unknown_argument(parser)


def typed_text(arguments: argparse.Namespace, engine: Engine) -> str:
    """Reads the text of `--text` in the form and characters of a model."""
    return typed(
        arguments.text, "--text", engine, arguments.unknown, arguments.escapes
    )


def add_unit_flags(
    parser: argparse.ArgumentParser, which: str, count: int
) -> None:
    """Adds the flags that choose units.

    Args:
        parser: The verb's parser.
        which: The layers whose units are meant, in words.
        count: How many units to choose by default.
    """
    units = parser.add_mutually_exclusive_group()
    units.add_argument(
        "--units",
        type=whole_numbers,
        metavar="N,N",
        help=f"the units to show of {which}, the first is 0 (default: those "
        "whose output h varies most over the text)",
    )
    units.add_argument(
        "--count",
        type=at_least(1),
        default=count,
        metavar="N",
        help=f"the number of units to show (default: {count})",
    )


def add_out_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the picture to write."""
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="also draw it: an .svg file, which is light or dark as its "
        "reader prefers, or a .png file",
    )
    parser.add_argument(
        "--dark", action="store_true", help="a .png in dark colours"
    )


def check_out(arguments: argparse.Namespace, inputs: dict[str, Any]) -> None:
    """Checks `--out` and `--dark` before any work.

    Args:
        arguments: Those of the verb.
        inputs: As for `check_output`.

    Raises:
        ValueError: as `check_output` does, or if the file is neither an SVG
            nor a PNG, or `--dark` does not apply.
    """
    path = arguments.out
    if path is not None and path.suffix.lower() not in (".svg", ".png"):
        raise ValueError(
            f"Expected --out to end in .svg or .png. Received '{path}'."
        )
    is_png = path is not None and path.suffix.lower() == ".png"
    if arguments.dark and not is_png:
        raise ValueError(
            "--dark is for --out with a .png file: an .svg file has both "
            "colours. Leave --dark out."
        )
    check_output("--out", path, inputs, PNG if is_png else SVG)


def write_picture(drawing: Drawing, arguments: argparse.Namespace) -> None:
    """Writes the picture that `--out` and `--dark` ask for."""
    drawing.save(arguments.out, arguments.dark)
    tell_written(arguments.out)


def told_units(chosen: Sequence[int], is_given: bool) -> str:
    """Says which units are shown, and why.

    Example:

    >>> told_units([3, 17], False)
    'units 3, 17, whose h varies most here'
    """
    listed = ", ".join(map(str, chosen))
    return f"units {listed}" + (
        "" if is_given else ", whose h varies most here"
    )
