"""Read the texts of a verb in the form that its model was trained on."""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from charrnn.commands.spelling import model_text
from charrnn.network.engine import Engine
from charrnn.network.facts import text_form
from charrnn.system.terminal import remark
from charrnn.text import sources
from charrnn.text.corpus import Text, read
from charrnn.text.document_vocabulary import DocumentVocabulary
from charrnn.text.lines import first_refused, split_lines
from charrnn.text.units import DEFAULT
from charrnn.training.units import with_defaults

Sources = str | list[str]


def read_corpus(
    arguments: argparse.Namespace,
    tell: Callable[[str], None] | None = None,
    unit: str = DEFAULT,
) -> str:
    """Reads the text of `corpus` with the flags of `add_text_arguments`.

    Args:
        arguments: With `corpus`, `encoding`, `newline` and `normalize`, and
            perhaps `out`, a folder that is not part of the text.
        tell: Called with each line about the text, if it is not `None`.
        unit: The unit of the model that is to read it. The bytes of a file
            are read as they are.

    Returns:
        The text.

    Raises:
        ValueError: as `charrnn.read` does, or if a flag does not apply to
            bytes.
        OSError: if the text cannot be read.
    """
    names = "encoding", "newline", "normalize"
    given = {name: getattr(arguments, name) for name in names}
    given = {name: value for name, value in given.items() if value}
    form = with_defaults({"unit": unit, **given})
    return read(
        arguments.corpus,
        encoding=form.get("encoding", "utf-8"),
        newline=form.get("newline", "lf"),
        normalize=form.get("normalize"),
        say=tell,
        without=[getattr(arguments, "out", None)],
        binary=unit == "byte",
    )


def read_for(
    engine: Engine,
    source: Sources,
    arguments: argparse.Namespace,
    tell: Callable[[str], None] = remark,
) -> str:
    """Reads a text in the form and characters of a model.

    Args:
        engine: The model.
        source: As for `charrnn.read`.
        arguments: With `encoding` and `unknown`.
        tell: Called with each line about the text.

    Returns:
        The text, in the model's form and characters.

    Raises:
        ValueError: with the source before the message: as `charrnn.read` and
            `model_text` do.
        OSError: if the text cannot be read.
    """
    text = read_as_written(source, arguments, tell, _is_binary(engine))
    return _checked(text, engine, source, arguments)


def read_documents_for(
    vocabulary: DocumentVocabulary,
    engine: Engine,
    source: Sources,
    arguments: argparse.Namespace,
) -> list[np.ndarray]:
    """Reads the documents of a text, divided as those of a model.

    Args:
        vocabulary: The model's.
        engine: The model.
        source: As for `charrnn.read`; each file is a text of its own.
        arguments: With `encoding` and `unknown`.

    Returns:
        The ids of each document, without boundaries.

    Raises:
        ValueError, OSError: as `read_for` does.
    """
    title = sources.title(source)
    text = Text(
        source,
        encoding=arguments.encoding,
        say=remark,
        binary=_is_binary(engine),
        **text_form(engine.facts),
    )
    documents = []
    for number, document in enumerate(text.documents(vocabulary.by), 1):
        name = f"{title}: document {number:,}"
        try:
            document = model_text(document, engine, arguments.unknown, name)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        documents.append(document)
    return vocabulary.encode_each(documents)


def read_lines_for(
    engine: Engine,
    source: Sources,
    arguments: argparse.Namespace,
    tell: Callable[[str], None] = remark,
) -> list[str]:
    """Reads a text as `read_for` does, and splits it into lines.

    They are the lines of the file: a line end still ends one if the model
    lacks it, and a character that is replaced by a line end does not.

    Args:
        engine, source, arguments, tell: As for `read_for`.

    Returns:
        The lines with their ends; joined, they are the text.

    Raises:
        ValueError, OSError: as `read_for` does.
    """
    text = read_as_written(source, arguments, tell, _is_binary(engine))
    _checked(text, engine, source, arguments)  # prints notices only once
    return [
        model_text(line, engine, arguments.unknown, tell=None)
        for line in split_lines(text)
    ]


def read_as_written(
    source: Sources,
    arguments: argparse.Namespace,
    tell: Callable[[str], None] = remark,
    binary: bool = False,
) -> str:
    """Reads a text with its own line ends and characters.

    Args:
        source, arguments, tell: As for `read_for`.
        binary: Whether to read any bytes, as `charrnn.read` does.

    Returns:
        The text.

    Raises:
        ValueError, OSError: as `charrnn.read` does.
    """
    return read(
        source,
        encoding=arguments.encoding,
        newline="keep",
        say=tell,
        binary=binary,
    )


def _is_binary(engine: Engine) -> bool:
    """Whether a model reads the bytes of a file, of any kind."""
    return engine.vocabulary.unit == "byte"


def _checked(
    text: str, engine: Engine, source: Sources, arguments: argparse.Namespace
) -> str:
    """The text in the model's form; errors begin with the source's name."""
    title = sources.title(source)
    try:
        return model_text(text, engine, arguments.unknown, title)
    except ValueError as error:
        line = None
        if _is_one_file(source) and len(split_lines(text)) > 1:
            line = first_refused(
                text,
                lambda line: model_text(
                    line, engine, arguments.unknown, tell=None
                ),
            )
        where = title if line is None else f"{title}, line {line:,}"
        raise ValueError(f"{where}: {error}") from error


def _is_one_file(source: Sources) -> bool:
    """Whether the lines of a text are those of one file."""
    names = [source] if isinstance(source, str) else source
    return len(names) == 1 and (names[0] == "-" or Path(names[0]).is_file())
