"""Flags that several verbs share, and the types of their values."""

import argparse
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from charrnn.text.normal_form import NEWLINES, NORMAL_FORMS
from charrnn.text.vocabulary import UNKNOWN

MAX_INTEGER = 2**63 - 1  # the largest that NumPy's integers hold


def add_text_arguments(group: argparse._ActionsContainer) -> None:
    """Adds flags for reading a text, the arguments of `charrnn.read`."""
    group.add_argument("--encoding", help="of the text (default: utf-8)")
    group.add_argument(
        "--newline",
        choices=NEWLINES,
        help="lf: CRLF and CR line ends become LF; keep: leave them "
        "(default: lf)",
    )
    group.add_argument(
        "--normalize",
        choices=NORMAL_FORMS,
        help="convert the text to this Unicode normal form (default: leave it)",
    )


def add_model_argument(parser: argparse._ActionsContainer) -> None:
    """Adds the model, in any form that `charrnn.load` accepts."""
    parser.add_argument(
        "model",
        type=Path,
        metavar="MODEL",
        help="a .keras file, a run's folder, or shakespeare, which comes with "
        "charrnn",
    )


def add_reading_arguments(
    parser: argparse._ActionsContainer, text: str = ""
) -> None:
    """Adds a model and a text for it to read.

    Args:
        parser: The verb's parser.
        text: An addition to the help of the text.
    """
    add_model_argument(parser)
    parser.add_argument(
        "text",
        nargs="+",
        metavar="FILE",
        help="files, folders of .txt files, - for standard input, or the name "
        "of a corpus" + text,
    )
    parser.add_argument(
        "--encoding", default="utf-8", help="of the text (default: utf-8)"
    )
    add_unknown_argument(parser)


class Once(argparse.Action):
    """Stores a flag's value, and refuses a second one."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Stores the value, or exits if there is one already."""
        if getattr(namespace, self.dest) is not None:
            parser.error(
                f"Expected {option_string} once. Received it twice. Leave one "
                "of them out"
            )
        setattr(namespace, self.dest, values)


def at_least(least: int, most: int = MAX_INTEGER) -> Callable[[str], int]:
    """An argparse type: whole numbers from `least` to `most`."""

    def number(word: str) -> int:
        if int(word) < least:
            raise argparse.ArgumentTypeError(f"{word} is less than {least}")
        if int(word) > most:
            raise argparse.ArgumentTypeError(f"{word} is more than {most}")
        return int(word)

    number.__name__ = "whole number"  # argparse names it in its message
    return number


def fraction(word: str) -> float:
    """An argparse type: numbers from 0 to 1."""
    number = float(word)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{word} is not from 0 to 1")
    return number


def temperature(word: str) -> float | tuple[float, float]:
    """An argparse type: a number, or two of which one has a decimal point.

    Many write the number 0.8 as "0,8", which is no pair.
    """
    first, comma, rest = word.partition(",")
    if not comma:
        return float(word)
    if first.isdecimal() and rest.isdecimal():
        raise argparse.ArgumentTypeError(
            f"{word} may be one number or two. Write {first}.{rest}, or two "
            f"as {first}.0,{rest}.0"
        )
    return float(first), float(rest)


temperature.__name__ = "float"  # argparse names it in its message


def add_unknown_argument(parser: argparse._ActionsContainer) -> None:
    """Adds the flag for characters that the model does not know."""
    parser.add_argument(
        "--unknown",
        choices=UNKNOWN,
        default="error",
        help="what to do with characters that the model does not know. "
        "nearest: read them as similar ones (’ as ', é as e); skip: leave "
        "them out; replace: read them as U+FFFD, as --min-count did with "
        "rare ones in training (default: error)",
    )


def defaults(function: Callable) -> dict[str, Any]:
    """Returns the defaults of a function's keyword-only arguments.

    Flags take their defaults from it, so that each is written once.

    Args:
        function: The function that a verb calls.

    Returns:
        The default of each argument, by its name.

    Example:

    >>> def stretch(text, *, times=2):
    ...     return text * times
    >>> defaults(stretch)
    {'times': 2}
    """
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.kind == p.KEYWORD_ONLY}
