"""Read the source that a text may have copied from."""

import os
from collections.abc import Callable

from charrnn.network.engine import Engine
from charrnn.network.facts import expect, text_form
from charrnn.system.terminal import remark
from charrnn.text import catalogue, sources


def source_of(engine: Engine, advice: str) -> str:
    """Finds the text that a model was trained on, if it can be read here.

    Args:
        engine: The model, whose file names its text.
        advice: What to do if there is no such text, a sentence.

    Returns:
        The name of a corpus, or the path of a file or a folder.

    Raises:
        ValueError: if the file names no such text.

    Example:

    >>> from charrnn import load
    >>> source_of(load("shakespeare"), "Name another.")
    'shakespeare'
    """
    text = expect(engine.facts.get("text", {}), dict, "text")
    name = expect(text.get("name", ""), str, "the text's name")
    # A name in a stranger's file is no reason to read standard input.
    if name in catalogue.names() or (name != "-" and os.path.exists(name)):
        return name
    named = f"which it calls '{name}'" if name else "which it does not name"
    raise ValueError(
        f"Expected the text that the model was trained on, {named}. There is "
        f"no such text here. {advice}"
    )


def read_source(
    source: sources.Source,
    engine: Engine,
    encoding: str = "utf-8",
    tell: Callable[[str], None] = remark,
) -> str:
    """Reads a source in the form of a model's texts.

    Args:
        source: As for `charrnn.read`.
        engine: The model.
        encoding: That of the source.
        tell: Called with each line about the source.

    Returns:
        The source, with its own characters.

    Raises:
        ValueError: as `charrnn.read` does.
        OSError: if the source cannot be read.
    """
    from charrnn.text.corpus import read  # slow to import

    is_binary = engine.vocabulary.unit == "byte"
    form = text_form(engine.facts)
    return read(source, encoding=encoding, say=tell, binary=is_binary, **form)
