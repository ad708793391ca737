"""The flags of `charrnn compare`."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from charrnn.commands.options import add_text_arguments
from charrnn.commands.train_flags import flag_type
from charrnn.network.cells import CELLS
from charrnn.text.units import DEFAULT, UNITS
from charrnn.training.settings import DEFAULTS, KINDS
from charrnn.training.values import whole

DEFAULT_MINUTES = 2.0  # of training for each cell
DEFAULT_UNITS = 256
DEFAULT_LAYERS = 2


def cells(words: str) -> list[str]:
    """An argparse type: a list of kinds of cells."""
    return _listed(words, CELLS)


def units_of_text(words: str) -> list[str]:
    """An argparse type: a list of units."""
    return _listed(words, UNITS)


def _listed(words: str, names: Iterable[str]) -> list[str]:
    found = [word.strip() for word in words.split(",") if word.strip()]
    if not found or not set(found) <= set(names):
        raise argparse.ArgumentTypeError(
            f"{words!r} is not of {', '.join(names)}, separated by commas"
        )
    return list(dict.fromkeys(found))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `charrnn compare`."""
    parser.add_argument(
        "corpus",
        nargs="+",
        metavar="TEXT",
        help="files, folders of .txt files, or a corpus",
    )
    parser.add_argument(
        "--cells",
        type=cells,
        default=list(CELLS),
        metavar="CELL,CELL",
        help=f"which of {', '.join(CELLS)} (default: all)",
    )
    parser.add_argument(
        "--unit",
        type=units_of_text,
        default=[DEFAULT],
        metavar="UNIT,UNIT",
        help=f"which of {', '.join(UNITS)}: each cell is trained with each "
        f"unit (default: {DEFAULT})",
    )
    _add_numbers(parser)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="for the runs and the picture (default: runs/TEXT-compared); "
        "runs that are there already resume where they stopped",
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="start from scratch; runs that are there already are renamed",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the figures as JSON"
    )
    add_text_arguments(parser)


def _add_numbers(parser):
    """Adds the flags for the length and the size of each run."""
    length = parser.add_mutually_exclusive_group()
    _add_number(
        length,
        "minutes",
        f"training time of each run (default: {DEFAULT_MINUTES:g})",
        DEFAULT_MINUTES,
    )
    _add_number(
        length,
        "epochs",
        "passes over the training text for each run, without a time limit",
    )
    _add_sizes(parser)
    seed = DEFAULTS["seed"]
    _add_number(
        parser, "seed", f"of weights and windows (default: {seed})", seed
    )


def _add_sizes(parser):
    """Adds the flags for the sizes of the networks and vocabularies."""
    size = parser.add_mutually_exclusive_group()
    _add_number(
        size,
        "units",
        f"size of every recurrent layer (default: {DEFAULT_UNITS})",
        DEFAULT_UNITS,
    )
    _add_number(
        size,
        "parameters",
        "give each cell as many units as make about N parameters",
        kind=whole(1),
    )
    _add_number(
        parser,
        "layers",
        f"layers of each network (default: {DEFAULT_LAYERS})",
        DEFAULT_LAYERS,
    )
    _add_number(
        parser,
        "max_vocab",
        "maximum number of distinct characters or words, the most frequent "
        "ones (default: all; of words 10,000)",
    )


def _add_number(group, name, words, default=None, kind=None):
    """Adds a flag for a setting of the runs, or for a number of a kind."""
    group.add_argument(
        f"--{name.replace('_', '-')}",
        type=flag_type(kind or KINDS[name]),
        default=default,
        metavar="N",
        help=words,
    )
