"""Arguments that several verbs share, and their types."""

import argparse
import inspect
import os
from pathlib import Path

from charrnn.commands.spelling import in_form, prepare
from charrnn.system.terminal import say
from charrnn.text import sources
from charrnn.text.corpus import NEWLINES, NORMAL_FORMS, read
from charrnn.text.lines import split_lines
from charrnn.text.vocabulary import UNKNOWN

# How files begin, and how their names end.
PNG = b"\x89PNG", ".png"
PAGE = b"<!doctype html>", ".html"
MOST = 2**63 - 1  # of whole numbers: what NumPy can hold
LARGEST = 1e15  # of others: what can still be reckoned with


def add_text_arguments(group):
    """Adds how a text is read: the arguments of `charrnn.read`."""
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
        help="Unicode normal form to bring the text into (default: as it is)",
    )


def add_model_argument(parser):
    """Adds the model that reads: what `charrnn.load` takes."""
    parser.add_argument(
        "model",
        type=Path,
        metavar="MODEL",
        help="a .keras file, a run, or shakespeare, which comes with charrnn",
    )


def add_reading_arguments(parser, text=""):
    """Adds a model and a text for it to read: the arguments of `prepared`.

    Args:
        parser: The verb's parser.
        text: What more to say of the text.
    """
    add_model_argument(parser)
    parser.add_argument(
        "text",
        nargs="+",
        metavar="FILE",
        help="files, folders of .txt files, - for stdin, or a corpus" + text,
    )
    parser.add_argument(
        "--encoding", default="utf-8", help="of the text (default: utf-8)"
    )
    add_unknown_argument(parser)


def read_corpus(arguments):
    """Reads the text that `corpus` and `add_text_arguments` name.

    Args:
        arguments: With `corpus`, `encoding`, `newline` and `normalize`, and
            perhaps `out`, a folder that is none of the text.

    Returns:
        A `str`.

    Raises:
        ValueError: as `charrnn.read` does.
        OSError: if the text cannot be read.
    """
    return read(
        arguments.corpus,
        encoding=arguments.encoding or "utf-8",
        newline=arguments.newline or "lf",
        normalize=arguments.normalize,
        without=[getattr(arguments, "out", None)],
    )


def at_least(least, most=MOST):
    """A type for whole numbers that are not below `least`."""

    def number(word):
        if int(word) < least:
            raise argparse.ArgumentTypeError(f"{word} is less than {least}")
        if int(word) > most:
            raise argparse.ArgumentTypeError(f"{word} is more than {most}")
        return int(word)

    number.__name__ = "whole number"  # argparse names it in its message
    return number


def between(least, most):
    """A type for numbers from `least` to `most`."""

    def number(word):
        if not least <= float(word) <= most:
            raise argparse.ArgumentTypeError(
                f"{word} is not from {least:g} to {most:g}"
            )
        return float(word)

    number.__name__ = "number"  # argparse names it in its message
    return number


def positive(word):
    """A type for numbers above zero."""
    number = float(word)
    if not 0 < number <= LARGEST:
        raise argparse.ArgumentTypeError(
            f"{word} is not above 0 and up to {LARGEST:g}"
        )
    return number


def not_negative(word):
    """A type for numbers from zero on."""
    number = float(word)
    if not 0 <= number <= LARGEST:
        raise argparse.ArgumentTypeError(f"{word} is not from 0 to {LARGEST:g}")
    return number


def fraction(word):
    """A type for numbers from 0 to 1."""
    number = float(word)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{word} is not from 0 to 1")
    return number


def rate(word):
    """A type for numbers from 0 up to, but not, 1."""
    number = fraction(word)
    if number == 1:
        raise argparse.ArgumentTypeError(f"{word} would leave nothing")
    return number


def add_unknown_argument(parser):
    """Adds what to do with characters that the model does not know."""
    parser.add_argument(
        "--unknown",
        choices=UNKNOWN,
        default="error",
        help="characters that the model does not know: nearest reads them as "
        "similar ones (’ as ', é as e), skip leaves them out, replace reads "
        "them as what --min-count made of rare ones (default: error)",
    )


def check_output(flag, path, inputs, kind=(b"", "")):
    """Checks, before any work, that a file can be written and none is lost.

    Args:
        flag: The flag that names the file to write.
        path: That file, or `None`.
        inputs: A `dict` of what is read: what it is, and its path, a list of
            paths, or `None`.
        kind: How the files begin that may be replaced, such as older
            pictures, and how the name must end.

    Raises:
        ValueError: if it is one of the inputs or in their folder, if there
            is no folder for it, or if it would be, or replace, a file of
            another kind.
    """
    if path is None:
        return
    for what, others in inputs.items():
        if isinstance(others, list):
            others = sources.expanded(others)
        else:
            others = [others] if others else []
        if any(_is_within(path, other) for other in others):
            raise ValueError(
                f"Expected {flag} to be a file of its own. '{path}' is {what}, "
                "or in its folder. Choose another name."
            )
    if not Path(path).parent.is_dir():
        raise ValueError(
            f"Expected {flag} in a folder that exists. There is no "
            f"'{Path(path).parent}'. Make it first, or choose another name."
        )
    begins, suffix = kind
    if suffix and Path(path).suffix.lower() != suffix:
        raise ValueError(
            f"Expected {flag} to end in {suffix}. Received '{path}'."
        )
    if os.path.isfile(path):
        with open(path, "rb") as file:
            there = file.read(len(begins))
        if there != begins:
            raise ValueError(
                f"Expected {flag} to be a new file, or to replace one of its "
                f"kind. '{path}' is something else. Choose another name."
            )


def _is_within(path, other):
    """Whether a path is another, or lies in it."""
    path, other = Path(os.path.realpath(path)), Path(os.path.realpath(other))
    return path == other or (other.is_dir() and other in path.parents)


def prepared(source, engine, arguments, tell=say):
    """Reads a text that the user names, in the form the model was trained on.

    Args:
        source: As for `charrnn.read`.
        engine: The `charrnn.Engine`.
        arguments: With `encoding`, `unknown` and `json`.
        tell: Called with each line about the text, unless JSON is printed.

    Returns:
        A `str`.

    Raises:
        ValueError: as `charrnn.read` and `prepare` do, with the source.
        OSError: if the text cannot be read.
    """
    text = as_written(source, arguments, tell)
    return _prepared(text, source, engine, arguments)


def prepared_lines(source, engine, arguments, tell=say):
    """Reads a text as `prepared` does, and cuts it where its lines end.

    They are the lines of the file: a line end that is left out still ends
    one, and another character that is read as a line end does not.

    Args:
        source, engine, arguments, tell: As for `prepared`.

    Returns:
        A list of `str`, the lines with their ends: joined, they are the text.

    Raises:
        ValueError, OSError: as `prepared` does.
    """
    text = as_written(source, arguments, tell)
    _prepared(text, source, engine, arguments)  # tells what is changed
    return [
        in_form(line, engine, arguments.unknown) for line in split_lines(text)
    ]


def as_written(source, arguments, tell=say):
    """Reads a text that the user names, with its own line ends.

    Args:
        source, arguments, tell: As for `prepared`.

    Returns:
        A `str`.

    Raises:
        ValueError, OSError: as `charrnn.read` does.
    """
    return read(
        source,
        encoding=arguments.encoding,
        newline="keep",
        say=None if arguments.json else tell,
    )


def _prepared(text, source, engine, arguments):
    title = sources.title(source)
    try:
        return prepare(text, engine, arguments.unknown, title)
    except ValueError as error:
        raise ValueError(f"{title}: {error}") from error


def defaults(function):
    """The defaults of a function's arguments: their only home.

    Args:
        function: With keyword-only arguments.

    Returns:
        A `dict` of names and values.
    """
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.kind == p.KEYWORD_ONLY}
