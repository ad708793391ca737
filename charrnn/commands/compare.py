"""Train kinds of cells on the same text, in turns, and compare them."""

import argparse
import bisect
import contextlib
import csv
import json
import sys
from pathlib import Path

from charrnn.commands.corpora import print_table
from charrnn.commands.options import add_text_arguments, at_least, positive
from charrnn.commands.texts import read_corpus
from charrnn.commands.turns import Candidate, train_in_turns
from charrnn.insight.context import TOLERANCE_BITS, context_curve
from charrnn.network.arguments import parameters_of
from charrnn.network.cells import CELLS
from charrnn.network.engine import load
from charrnn.system import atomic
from charrnn.system.plotting import picture
from charrnn.system.progress import watched
from charrnn.system.terminal import terminal_safe
from charrnn.training import run_folder
from charrnn.writing.sampler import Sampler

MEASURED = 20_000  # characters of the held-out part, for the memory
SAMPLE = 200  # characters
SIGNALLED = 128  # exit codes from here on are of a training that was stopped
TEXT = "encoding", "newline", "normalize"  # flags of the text


def cells(words):
    """A type for a list of kinds of cells."""
    found = [word.strip() for word in words.split(",") if word.strip()]
    if not found or not set(found) <= set(CELLS):
        raise argparse.ArgumentTypeError(
            f"{words!r} is not of {', '.join(CELLS)}, separated by commas"
        )
    return list(dict.fromkeys(found))


def add_arguments(parser):
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
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--minutes",
        type=positive,
        default=2.0,
        metavar="N",
        help="of training for each (default: 2)",
    )
    length.add_argument(
        "--epochs",
        type=positive,
        metavar="N",
        help="passes over the training text for each, whatever time they take",
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--units",
        type=at_least(1),
        default=256,
        metavar="N",
        help="size of every recurrent layer (default: 256)",
    )
    size.add_argument(
        "--parameters",
        type=at_least(1),
        metavar="N",
        help="give each cell the units with which it has about so many",
    )
    parser.add_argument(
        "--layers",
        type=at_least(1),
        default=2,
        metavar="N",
        help="of each network (default: 2)",
    )
    parser.add_argument(
        "--seed",
        type=at_least(0),
        default=1,
        metavar="N",
        help="of weights and windows (default: 1)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="for the runs and the picture (default: runs/TEXT-compared); "
        "runs that are there already go on where they stopped",
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="begin anew; runs that are there already are renamed",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the figures as JSON"
    )
    add_text_arguments(parser)


def run(arguments):
    """Trains, measures and prints; returns the exit code."""
    if "-" in arguments.corpus:
        raise ValueError(
            "Expected a text that can be read several times. Received "
            "standard input. Save it in a file."
        )
    text = read_corpus(arguments)
    name = run_folder.name_of(arguments.corpus)
    out = arguments.out or run_folder.FOLDER / f"{name}-compared"
    size = len(set(text))
    candidates = [
        Candidate(cell, _words(cell, out, size, arguments))
        for cell in arguments.cells
    ]
    # A reader of JSON wants nothing else.
    with contextlib.redirect_stdout(
        sys.stderr if arguments.json else sys.stdout
    ):
        code = train_in_turns(candidates)
    folders = [out / cell for cell in arguments.cells]
    finished = all((folder / "metrics.json").exists() for folder in folders)
    if code >= SIGNALLED or not finished:
        print(
            "charrnn compare: not all are trained; the same command goes on "
            "from here",
            file=sys.stderr,
        )
        return code or 1
    _tell([_measure(folder, text) for folder in folders], out, arguments.json)
    return code


def _tell(rows, out, as_json):
    """Writes the picture and the figures, and prints the latter."""
    _plot(rows, out / "compared.png")
    atomic.write_text(out / "compared.json", json.dumps(rows, indent=1) + "\n")
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    _print(rows)
    print(f"\nplot  {terminal_safe(str(out / 'compared.png'))}")


def _words(cell, out, characters, arguments):
    """The words of `charrnn train` for one of the cells."""
    units = arguments.units
    if arguments.parameters:
        units = _units_for(
            arguments.parameters, cell, arguments.layers, characters
        )
    words = ["train", "--quiet", "--out", str(out / cell), "--cell", cell]
    if arguments.fresh:
        words.append("--fresh")
    length = "epochs" if arguments.epochs else "minutes"
    for flag in (length, "layers", "seed", *TEXT):
        value = getattr(arguments, flag)
        if value is not None:
            words += [f"--{flag}", str(value)]
    # The text may be called -x.txt.
    return [*words, "--units", str(units), "--", *arguments.corpus]


def _units_for(parameters, cell, layers, characters):
    """The most units whose network has no more than so many parameters."""
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


def _measure(folder, text):
    """What a finished run came to."""
    engine = load(folder)
    try:
        row, training_characters = _row(folder)
    except (LookupError, TypeError, ArithmeticError, ValueError) as error:
        raise ValueError(
            f"Expected the figures of a finished run in '{folder}'. Its "
            f"metrics.json or history.csv is damaged ({error}). Begin anew "
            "with --fresh."
        ) from error
    held_out = text[training_characters:][:MEASURED]
    curve = context_curve(engine, held_out, watch=watched("measuring"))
    (sample,) = Sampler(engine).generate("", length=SAMPLE, seed=0)
    return {
        **row,
        "memory_half": curve.half,
        "memory_reach": curve.reach,
        "contexts": list(curve.contexts),
        "bits_by_context": curve.bits_per_character.tolist(),
        "sample": sample.text,
    }


def _row(folder):
    """The figures that a run has written, and where its training text ends."""
    for name in ("metrics.json", "history.csv"):
        atomic.check_regular(folder / name)
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    with open(folder / "history.csv", encoding="utf-8", newline="") as file:
        history = [
            (int(row["step"]), float(row["validation_bits_per_char"]))
            for row in csv.DictReader(file)
        ]
    minutes = float(metrics["train_seconds"]) / 60
    row = {
        "cell": metrics["network"]["cell"],
        "units": int(metrics["network"]["units"]),
        "parameters": int(metrics["parameters"]),
        "learning_rate": float(metrics["training"]["learning_rate"]),
        "dropout": float(metrics["network"]["dropout"]),
        "train_minutes": minutes,
        "epochs": float(metrics["epochs"]),
        "characters_per_second": int(metrics["characters_per_second"]),
        "validation_bits_per_char": float(metrics["validation_bits_per_char"]),
        "minutes": [step / metrics["steps"] * minutes for step, _ in history],
        "validation": [bits for _, bits in history],
    }
    return row, int(metrics["split"]["training_characters"])


def _print(rows):
    for row in rows:
        print(f"\n--- {row['cell']} writes ---\n{terminal_safe(row['sample'])}")
    print()
    table = [
        (
            "cell", "units", "parameters", "rate", "dropout", "minutes",
            "passes", "chars/s",
        )
    ]  # fmt: skip
    for row in rows:
        table.append(
            (
                row["cell"],
                f"{row['units']:,}",
                f"{row['parameters']:,}",
                f"{row['learning_rate']:g}",
                f"{row['dropout']:g}",
                f"{row['train_minutes']:.2f}",
                f"{row['epochs']:.1f}",
                f"{row['characters_per_second']:,}",
            )
        )
    print_table(table)
    print("(rate and dropout: what charrnn chooses for such a network)\n")
    table = [("cell", "bits/char", "half of memory", "all of memory")]
    for row in rows:
        half, reach = row["memory_half"], row["memory_reach"]
        table.append(
            (
                row["cell"],
                f"{row['validation_bits_per_char']:.4f}",
                f"{half:.1f} characters" if half else "-",
                f"{reach:,} characters" if reach else "more than measured",
            )
        )
    print_table(table)
    print(
        "(memory: with so much context, half of what context brings is there,\n"
        f"and all of it within {TOLERANCE_BITS} bits)"
    )


def _plot(rows, path):
    """Draws losses over the time, and over the context."""
    with picture(path, 2, width=10) as [over_time, over_context]:
        for row in rows:
            cell = CELLS[row["cell"]]
            best = row["validation_bits_per_char"]
            over_time.plot(
                row["minutes"], row["validation"], "o-",
                color=cell.colour,
                label=f"{cell.layer}, {best:.3f} at its best",
            )  # fmt: skip
            over_context.plot(
                row["contexts"], row["bits_by_context"], "o-",
                color=cell.colour, label=cell.layer,
            )  # fmt: skip
        over_time.set_xlabel("minutes of training")
        over_time.set_ylabel("validation loss (bits per character)")
        over_context.set_xlabel("context (characters before the one predicted)")
        over_context.set_ylabel(
            "loss with so much context (bits per character)"
        )
        over_context.set_xscale("log", base=2)
        some = rows[0]["contexts"][::2]
        over_context.set_xticks(some, [f"{k:,}" for k in some])
