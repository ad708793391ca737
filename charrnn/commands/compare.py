"""Train kinds of cells, and units, on one text in turns, and compare them.

Each run learns the same text, with one kind of cell and one unit.
"""

import argparse
import bisect
import contextlib
import json
import sys

from charrnn.commands import outcome
from charrnn.commands.compare_flags import add_arguments
from charrnn.commands.compare_tables import print_comparison
from charrnn.commands.outputs import tell_written
from charrnn.commands.texts import read_corpus
from charrnn.insight import comparison
from charrnn.network.arguments import parameters_of
from charrnn.system import atomic
from charrnn.system.terminal import say
from charrnn.text import kinds
from charrnn.text.units import DEFAULT
from charrnn.training.places import RUNS, name_of
from charrnn.training.session import Session
from charrnn.training.turns import Candidate, train_in_turns, unsteady
from charrnn.training.units import with_defaults

__all__ = ["add_arguments", "run"]

SIGNALLED = 128  # exit codes from here on mean that a signal stopped training
TEXT = "encoding", "newline", "normalize"  # flags for reading the text


def run(arguments: argparse.Namespace) -> int:
    """Trains, measures and prints; returns the exit code."""
    _check(arguments)
    texts = _texts(arguments)
    name = name_of(arguments.corpus)
    out = arguments.out or RUNS / f"{name}-compared"
    runs = [(cell, unit) for unit in arguments.unit for cell in arguments.cells]
    sizes = _sizes(texts, arguments)
    candidates = [
        _candidate(cell, unit, out, sizes[unit], arguments)
        for cell, unit in runs
    ]
    # With --json, nothing but JSON goes to stdout.
    with contextlib.redirect_stdout(
        sys.stderr if arguments.json else sys.stdout
    ):
        code = train_in_turns(candidates, say)
    warn_of_speeds(candidates, by_passes=arguments.epochs is not None)
    folders = [out / _name(cell, unit) for cell, unit in runs]
    finished = all((folder / "metrics.json").exists() for folder in folders)
    if code >= SIGNALLED or not finished:
        print(
            "charrnn compare: not all runs are finished; the same command "
            "resumes them",
            file=sys.stderr,
        )
        return code or 1
    _tell(
        [
            comparison.measure(folder, texts[unit])
            for folder, (_, unit) in zip(folders, runs, strict=True)
        ],
        out,
        arguments.json,
    )
    return code


def _check(arguments):
    """Checks what can be checked without reading the text."""
    if "-" in arguments.corpus:
        raise ValueError(
            "Expected a text that can be read several times. Received "
            "standard input. Save it in a file."
        )
    if arguments.max_vocab and arguments.unit == ["byte"]:
        raise ValueError(
            "Expected no --max-vocab with --unit byte: there are always 256. "
            "Leave one of the two out."
        )


def _tell(rows, out, as_json):
    """Writes the picture and the figures, and prints the latter."""
    comparison.plot(rows, out / "compared.png")
    atomic.write_text(out / "compared.json", json.dumps(rows, indent=1) + "\n")
    if as_json:
        print(json.dumps(rows, indent=1))
    else:
        print_comparison(rows)
    tell_written(out / "compared.png")


def _texts(arguments):
    """The text as the runs of each unit read it."""
    texts = {}
    if "byte" in arguments.unit:
        texts["byte"] = read_corpus(arguments, unit="byte")
        # The others have to read the same line ends for a fair comparison.
        if "\r" in texts["byte"] and not arguments.newline:
            arguments.newline = "keep"
    for unit in arguments.unit:
        if unit not in texts:
            texts[unit] = read_corpus(arguments, unit=unit)
    return texts


def _sizes(texts, arguments):
    """The size of each unit's vocabulary, if the networks' sizes need it."""
    if not arguments.parameters:
        return dict.fromkeys(arguments.unit)
    sizes = {}
    for unit in arguments.unit:
        form = with_defaults({"unit": unit, **_limits(unit, arguments)})
        limits = {name: form.get(name) for name in ("min_count", "max_vocab")}
        sizes[unit] = len(kinds.from_text(unit, [texts[unit]], **limits))
    return sizes


def _limits(unit, arguments):
    """The settings of a unit's vocabulary; bytes are always 256."""
    if unit == "byte" or arguments.max_vocab is None:
        return {}
    return {"max_vocab": arguments.max_vocab}


def _name(cell, unit):
    """The name of a run, and of its folder."""
    return cell if unit == DEFAULT else f"{cell}-{unit}"


def _candidate(cell, unit, out, size, arguments):
    """The run of a cell and a unit, which is trained in turns."""
    units = arguments.units
    if arguments.parameters:
        units = _units_for(
            arguments.parameters, cell, arguments.layers, size, unit
        )
    given = {"cell": cell, "units": units, "quiet": True}
    given |= _limits(unit, arguments)
    if unit != DEFAULT:
        given["unit"] = unit
    length = "epochs" if arguments.epochs else "minutes"
    text = () if unit == "byte" else TEXT  # bytes are read as they are
    for name in (length, "layers", "seed", *text):
        value = getattr(arguments, name)
        if value is not None:
            given[name] = value
    name = _name(cell, unit)

    def start(signals, clock):
        return outcome.told(
            Session(
                arguments.corpus,
                given,
                out / name,
                fresh=arguments.fresh,
                clock=clock,
                catch_stop_requests=lambda: contextlib.nullcontext(signals),
            )
        )

    return Candidate(name, start)


def _units_for(parameters, cell, layers, size, unit):
    """The largest number of units within a number of parameters."""
    units = bisect.bisect_right(
        range(1, parameters + 1),  # a unit has one parameter or more
        parameters,
        key=lambda units: parameters_of(size, cell, units, layers),
    )
    if not units:
        raise ValueError(
            f"Expected more --parameters. Received {parameters:,}, too few for "
            f"one {cell} unit a layer and {size:,} {unit}s."
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
