"""Train kinds of cells on the same text, in turns, and compare them."""

import argparse
import bisect
import contextlib
import json
import sys
from pathlib import Path

from charrnn.commands import outcome
from charrnn.commands.corpora import print_table
from charrnn.commands.options import add_text_arguments
from charrnn.commands.outputs import tell_written
from charrnn.commands.texts import read_corpus
from charrnn.commands.train_flags import flag_type
from charrnn.insight import comparison
from charrnn.insight.context import TOLERANCE_BITS
from charrnn.network.arguments import parameters_of
from charrnn.network.cells import CELLS
from charrnn.system import atomic
from charrnn.system.terminal import say, terminal_safe
from charrnn.training.places import RUNS, name_of
from charrnn.training.session import Session
from charrnn.training.settings import DEFAULTS, KINDS
from charrnn.training.turns import Candidate, train_in_turns, unsteady
from charrnn.training.values import whole

DEFAULT_MINUTES = 2.0  # of training for each cell
DEFAULT_UNITS = 256
DEFAULT_LAYERS = 2
SIGNALLED = 128  # exit codes from here on mean that a signal stopped training
TEXT = "encoding", "newline", "normalize"  # flags for reading the text


def cells(words: str) -> list[str]:
    """An argparse type: a list of kinds of cells."""
    found = [word.strip() for word in words.split(",") if word.strip()]
    if not found or not set(found) <= set(CELLS):
        raise argparse.ArgumentTypeError(
            f"{words!r} is not of {', '.join(CELLS)}, separated by commas"
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
    seed = DEFAULTS["seed"]
    _add_number(
        parser, "seed", f"of weights and windows (default: {seed})", seed
    )


def _add_number(group, name, words, default=None, kind=None):
    """Adds a flag for a setting of the runs, or for a number of a kind."""
    group.add_argument(
        f"--{name}",
        type=flag_type(kind or KINDS[name]),
        default=default,
        metavar="N",
        help=words,
    )


def run(arguments: argparse.Namespace) -> int:
    """Trains, measures and prints; returns the exit code."""
    if "-" in arguments.corpus:
        raise ValueError(
            "Expected a text that can be read several times. Received "
            "standard input. Save it in a file."
        )
    text = read_corpus(arguments)
    name = name_of(arguments.corpus)
    out = arguments.out or RUNS / f"{name}-compared"
    size = len(set(text))
    candidates = [
        _candidate(cell, out, size, arguments) for cell in arguments.cells
    ]
    # With --json, nothing but JSON goes to stdout.
    with contextlib.redirect_stdout(
        sys.stderr if arguments.json else sys.stdout
    ):
        code = train_in_turns(candidates, say)
    warn_of_speeds(candidates, by_passes=arguments.epochs is not None)
    folders = [out / cell for cell in arguments.cells]
    finished = all((folder / "metrics.json").exists() for folder in folders)
    if code >= SIGNALLED or not finished:
        print(
            "charrnn compare: not all runs are finished; the same command "
            "resumes them",
            file=sys.stderr,
        )
        return code or 1
    _tell(
        [comparison.measure(folder, text) for folder in folders],
        out,
        arguments.json,
    )
    return code


def _tell(rows, out, as_json):
    """Writes the picture and the figures, and prints the latter."""
    comparison.plot(rows, out / "compared.png")
    atomic.write_text(out / "compared.json", json.dumps(rows, indent=1) + "\n")
    if as_json:
        print(json.dumps(rows, indent=1))
    else:
        _print(rows)
    tell_written(out / "compared.png")


def _candidate(cell, out, characters, arguments):
    """The run of a cell, which is trained in turns."""
    units = arguments.units
    if arguments.parameters:
        units = _units_for(
            arguments.parameters, cell, arguments.layers, characters
        )
    given = {"cell": cell, "units": units, "quiet": True}
    length = "epochs" if arguments.epochs else "minutes"
    for name in (length, "layers", "seed", *TEXT):
        value = getattr(arguments, name)
        if value is not None:
            given[name] = value

    def start(signals, clock):
        return outcome.told(
            Session(
                arguments.corpus,
                given,
                out / cell,
                fresh=arguments.fresh,
                clock=clock,
                catch_stop_requests=lambda: contextlib.nullcontext(signals),
            )
        )

    return Candidate(cell, start)


def _units_for(parameters, cell, layers, characters):
    """The largest number of units within a number of parameters."""
    units = bisect.bisect_right(
        range(1, parameters + 1),  # a unit has one parameter or more
        parameters,
        key=lambda units: parameters_of(characters, cell, units, layers),
    )
    if not units:
        raise ValueError(
            f"Expected more --parameters. Received {parameters:,}, too few for "
            f"one {cell} unit a layer and {characters:,} characters."
        )
    return units


def warn_of_speeds(
    candidates: list[Candidate], by_passes: bool = False
) -> None:
    """Warns if the speed of the machine changed during training."""
    wandered = [
        f"{candidate.name} from {min(candidate.speeds):,.0f} to "
        f"{max(candidate.speeds):,.0f}"
        for candidate in unsteady(candidates)
    ]
    if wandered:
        advice = (
            "The losses, after equal passes, do not depend on it."
            if by_passes
            else "For losses that do not depend on the speed, give --epochs."
        )
        print(
            "charrnn compare: the speed was not the same in all turns: "
            f"{', '.join(wandered)} characters a second. Other programs used "
            "the machine. As the runs took turns, this slowed all alike. "
            + advice,
            file=sys.stderr,
        )


def _print(rows):
    """Prints a sample of each cell, and two tables."""
    for row in rows:
        print(f"\n--- {row['cell']} writes ---\n{terminal_safe(row['sample'])}")
    print()
    names = (
        "cell", "units", "parameters", "rate", "dropout", "minutes", "passes",
        "chars/s",
    )  # fmt: skip
    print_table([names, *map(_training_cells, rows)])
    print("(rate and dropout: what charrnn chooses for such a network)\n")
    headings = "cell", "bits/char", "half of the gain", "all of the gain"
    print_table([headings, *map(_loss_cells, rows)])
    print(
        "(gain: how much context lowers the loss. The columns show how much "
        "context gives\n"
        f"half of it, and all of it within {TOLERANCE_BITS} bits)"
    )


def _training_cells(row):
    """A row of the table of how each run was trained."""
    return (
        row["cell"],
        f"{row['units']:,}",
        f"{row['parameters']:,}",
        f"{row['learning_rate']:g}",
        f"{row['dropout']:g}",
        f"{row['train_minutes']:.2f}",
        f"{row['epochs']:.1f}",
        f"{row['characters_per_second']:,}",
    )


def _loss_cells(row):
    """A row of the table of how well each model does."""
    half, reach = row["context_half"], row["context_reach"]
    return (
        row["cell"],
        f"{row['validation_bits_per_character']:.4f}",
        f"{half:.1f} characters" if half else "-",
        f"{reach:,} characters" if reach else "more than measured",
    )
