"""The flags that mix several models."""

import argparse
from pathlib import Path
from typing import Any, NamedTuple

from charrnn.network.engine import Engine, load
from charrnn.network.mixing import AVERAGE, WAYS
from charrnn.network.mixture import Mixture
from charrnn.network.model_file import model_path
from charrnn.system.terminal import terminal_safe

ROUNDING = 1e-9  # by which a sum of weights may exceed 1


class Part(NamedTuple):
    """A model of --mix.

    Attributes:
        name: As it was given.
        begin: Its weight at the beginning of the text.
        end: Its weight at the end.
    """

    name: str
    begin: float
    end: float


def add_mix_arguments(
    group: argparse._ActionsContainer, moving: str = ""
) -> None:
    """Adds the flags.

    Args:
        group: The verb's parser, or a group of its flags.
        moving: An addition to the help about weights.
    """
    group.add_argument(
        "--mix",
        action="append",
        default=[],
        metavar="MODEL:WEIGHT",
        help="mix the predictions of another model in, with a weight such as "
        f"0.3{moving}; the first model has the rest of 1; may be given several "
        "times",
    )
    group.add_argument(
        "--mix-by",
        choices=WAYS,
        help="average the probabilities, or multiply them, each to the power "
        "of its weight; in a product, a negative weight makes what its model "
        f"expects less likely (default: {AVERAGE})",
    )


def mixed(
    engine: Engine,
    arguments: argparse.Namespace,
    over: int | None = None,
    over_in: str = "units",
) -> Engine:
    """Mixes the models of --mix with another one.

    Args:
        engine: The other one.
        arguments: With `mix` and `mix_by`.
        over: As for `charrnn.Mixture`; `None` if weights may not move.
        over_in: As for `charrnn.Mixture`.

    Returns:
        A `charrnn.Mixture`, or the engine itself without --mix.

    Raises:
        ValueError: if a word is no model and weight, a weight is out of range,
            or the models cannot be mixed.
        OSError: if a model cannot be read.
    """
    if not arguments.mix:
        if arguments.mix_by:
            raise ValueError("Expected --mix with --mix-by. Received none.")
        return engine
    by = arguments.mix_by or AVERAGE
    parts = [parsed(word) for word in arguments.mix]
    if over is None and any(part.begin != part.end for part in parts):
        raise ValueError(
            "Expected weights of --mix that do not move: only `charrnn "
            f"generate` moves them. Received {', '.join(arguments.mix)}."
        )
    weights = [_rest(parts), *((part.begin, part.end) for part in parts)]
    _check_signs(parts, by)
    try:
        others = [load(part.name) for part in parts]
        return Mixture(
            [engine, *others], weights, by=by, over=over, over_in=over_in
        )
    except ValueError as error:
        raise ValueError(f"--mix: {error}") from error


def parsed(word: str) -> Part:
    """Reads a model and its weight.

    Args:
        word: A value of --mix. The weight comes after the last colon: a path
            may have others.

    Returns:
        A `Part`.

    Raises:
        ValueError: if there is no weight.

    Example:

    >>> parsed("C:/runs/my-2:0.1>0.9")
    Part(name='C:/runs/my-2', begin=0.1, end=0.9)
    """
    name, _, weight = word.rpartition(":")
    begin, moves, end = weight.partition(">")
    try:
        part = Part(name, float(begin), float(end if moves else begin))
    except ValueError:
        part = Part("", 0, 0)
    if not part.name:
        raise ValueError(
            "--mix: Expected MODEL:WEIGHT, such as runs/my-2:0.3, or a weight "
            f"that moves, in quotes: 'runs/my-2:0.1>0.9'. Received {word!r}."
        )
    return part


def mixed_paths(arguments: argparse.Namespace) -> list[Path]:
    """Finds the model files of --mix.

    Args:
        arguments: With `mix`.

    Returns:
        Their paths.

    Raises:
        ValueError: if a word is no model and weight, or there is no such
            model.
    """
    return [model_path(parsed(word).name) for word in arguments.mix]


def described(model: Path, arguments: argparse.Namespace) -> str:
    """Describes a mixture in a line.

    Args:
        model: The name of the first model.
        arguments: With `mix` and `mix_by`.

    Returns:
        Each model and its weight, and how they are mixed.
    """
    parts = [parsed(word) for word in arguments.mix]
    begin, end = _rest(parts)
    listed = [Part(str(model), begin, end), *parts]
    weights = ", ".join(f"{part.name} {part.begin:g}" for part in listed)
    by = arguments.mix_by or AVERAGE
    return terminal_safe(f"{by} of {weights}")


def as_json(arguments: argparse.Namespace) -> dict[str, Any]:
    """Describes a mixture in entries of JSON.

    Args:
        arguments: With `mix` and `mix_by`.

    Returns:
        The entries; none without --mix.
    """
    if not arguments.mix:
        return {}
    return {"mix": arguments.mix, "mix_by": arguments.mix_by or AVERAGE}


def _rest(parts: list[Part]) -> tuple[float, float]:
    """The weight of the first model, at the beginning and at the end."""
    begin = 1 - sum(max(part.begin, 0) for part in parts)
    end = 1 - sum(max(part.end, 0) for part in parts)
    if min(begin, end) < -ROUNDING:
        raise ValueError(
            "Expected weights of --mix that add up to at most 1: the first "
            f"model has the rest. Received {1 - min(begin, end):g}."
        )
    return max(begin, 0.0), max(end, 0.0)


def _check_signs(parts: list[Part], by: str) -> None:
    """Checks that no weight is negative, unless models are multiplied."""
    least = min(min(part.begin, part.end) for part in parts)
    if by == AVERAGE and least < 0:
        raise ValueError(
            "Expected weights of --mix from 0 to 1. Received "
            f"{least:g}. A negative weight needs --mix-by product."
        )
