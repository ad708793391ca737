"""The flags of a prompt: text to continue, typed or in a file."""

import argparse
import re

from charrnn.commands.options import add_unknown_argument
from charrnn.commands.spelling import model_text, typed
from charrnn.network.engine import Engine
from charrnn.system.terminal import remark
from charrnn.text import sources
from charrnn.writing.prompts import MAX_PROMPT_CHARACTERS

LAST_LINE_END = re.compile(r"(?:\r\n|\r|\n)\Z")


def add_prompt_arguments(
    parser: argparse.ArgumentParser, escaped: str = "--prompt"
) -> None:
    """Adds the flags of a prompt.

    Args:
        parser: The verb's parser.
        escaped: The flags whose values may have escapes.
    """
    prompt = parser.add_mutually_exclusive_group()
    prompt.add_argument(
        "--prompt", default="", metavar="TEXT", help="the text to continue"
    )
    prompt.add_argument(
        "--prompt-file",
        metavar="FILE",
        help="continue the text in FILE (-: standard input), without its last "
        "line end",
    )
    parser.add_argument(
        "--encoding",
        default="utf-8",
        help="of the file with the prompt (default: utf-8)",
    )
    parser.add_argument(
        "--escapes",
        action="store_true",
        help=r"read \n, \t, \r, \\, \xHH, \uHHHH and \UHHHHHHHH in "
        f"{escaped} as the characters they stand for",
    )
    add_unknown_argument(parser)


def read_prompt(
    arguments: argparse.Namespace, engine: Engine, whole: bool = False
) -> str:
    """Reads the prompt in the form and characters of a model.

    Args:
        arguments: Those of `add_prompt_arguments`.
        engine: The model.
        whole: Whether the network reads all of it, however long it is.

    Returns:
        The prompt.

    Raises:
        ValueError: with the flag or the file before the message: as `typed`,
            `model_text` and `charrnn.read` do.
        OSError: if the file cannot be read.
    """
    if arguments.prompt_file:
        prompt = _of_file(arguments, engine)
    else:
        prompt = typed(
            arguments.prompt, "--prompt", engine,
            arguments.unknown, arguments.escapes,
        )  # fmt: skip
    if len(prompt) > MAX_PROMPT_CHARACTERS and not whole:
        remark(
            f"of the prompt's {len(prompt):,} characters the network reads "
            f"the last {MAX_PROMPT_CHARACTERS:,}: it remembers far fewer"
        )
    return prompt


def _of_file(arguments: argparse.Namespace, engine: Engine) -> str:
    from charrnn.text.corpus import read  # slow to import

    source = arguments.prompt_file
    binary = engine.vocabulary.unit == "byte"
    try:
        text = read(
            source, encoding=arguments.encoding, newline="keep", binary=binary
        )
    except ValueError as error:
        raise ValueError(f"--prompt-file: {error}") from error
    text = LAST_LINE_END.sub("", text)
    title = sources.title(source)
    try:
        return model_text(text, engine, arguments.unknown, title)
    except ValueError as error:
        raise ValueError(f"{title}: {error}") from error
