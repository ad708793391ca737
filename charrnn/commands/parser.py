"""Parse a command line, or exit with a one-line error."""

import argparse
import difflib
import importlib
import os
import sys
import textwrap
from collections.abc import Sequence
from typing import Any, NoReturn

import charrnn
from charrnn.commands.mistakes import (
    DASHES,
    about_flag,
    about_strays,
    called,
    flag_in,
    is_dashed,
    quoted,
)
from charrnn.commands.verbs import FORMER_NAMES, VERBS
from charrnn.system.terminal import tell_error

EXAMPLES = """\
examples:
  charrnn generate --prompt "ROMEO:"    write with the bundled model
  charrnn train my.txt --minutes 5      train on your own text
  charrnn generate --prompt "Dear "     write with the newest run
  charrnn surprise runs/my-1 my.txt --typos

`charrnn VERB --help` lists the flags of a verb.
"""

VERB_ALIASES = {
    "sample": "generate", "write": "generate", "learn": "train",
    "fit": "train", "resume": "train", "evaluate": "score",
    "perplexity": "score", "typos": "surprise", "models": "corpora",
}  # fmt: skip


class Parser(argparse.ArgumentParser):
    """A parser of one verb, whose messages are one line each.

    Args:
        verb: One of `VERBS`, or `None` for the program's own flags.

    Example:

    >>> parser = Parser("generate")
    >>> _ = parser.add_argument("--length", type=int)
    >>> parser.parse_args(["--length", "3"]).length
    3
    """

    def __init__(self, verb: str | None = None) -> None:
        super().__init__(
            prog=f"charrnn {verb}" if verb else "charrnn",
            description=VERBS[verb] if verb else None,
            # Otherwise a new flag could change what an abbreviation means.
            allow_abbrev=False,
        )
        self.verb = verb

    def parse_args(  # type: ignore[override]
        self, words: Sequence[str]
    ) -> argparse.Namespace:
        """Reads the words after the verb; exits if one of them is wrong."""
        self._check_flags(words)
        parse = self.parse_known_args
        if any(each.nargs == "*" for each in self._get_positional_actions()):
            parse = self.parse_known_intermixed_args  # flags stand between them
        arguments, strays = parse(words)
        if strays:
            self.error(about_strays(self, words, strays))
        return arguments

    def error(self, message: str) -> NoReturn:
        """Prints the message and where to find help, and exits with 2."""
        what = "flags" if self.verb else "verbs"
        stop = "" if message[-1] in "?." else "."
        advice = f"`{called(self.verb)} --help` lists the {what}."
        tell_error(f"{self.prog}: {message}{stop} {advice}")
        sys.exit(2)

    def _get_values(
        self, action: argparse.Action, arg_strings: list[str]
    ) -> Any:
        # Python 3.11 would make an empty list of `--prompt=--`.
        if action.option_strings and arg_strings == ["--"]:
            value = self._get_value(action, "--")
            self._check_value(action, value)
            return value
        return super()._get_values(action, arg_strings)

    def _check_flags(self, words: Sequence[str]) -> None:
        """Checks flags first: argparse would report a missing text instead."""
        flags = words[: words.index("--")] if "--" in words else words
        for before, word in zip(["", *flags], flags, strict=False):
            name = flag_in(word)
            if name in self._option_string_actions or name is None:
                continue
            if self._is_short(word):
                continue
            if name[0] == "-" or is_dashed(self, name, before):
                self.error(about_flag(self, name, word, before))

    def _is_short(self, word: str) -> bool:
        """Whether a word is a flag of one letter with its value, as -n5."""
        action = self._option_string_actions.get(word[:2])
        return action is not None and action.nargs is None


def read_verb(argv: Sequence[str]) -> str:
    """Finds the verb of a command line; exits if there is none.

    Args:
        argv: The words after `charrnn`.

    Returns:
        One of `VERBS`.

    Example:

    >>> read_verb(["score", "shakespeare", "my.txt"])
    'score'
    >>> read_verb(["memory", "shakespeare", "my.txt"])
    'context'
    """
    first, *others = argv or ["--help"]
    first = FORMER_NAMES.get(first, first)
    if first in VERBS:
        return first
    parser = Parser()
    parser.usage = "charrnn VERB ..."
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = _contents()
    parser.epilog = EXAMPLES
    parser.add_argument(
        "--version", action="version", version=charrnn.__version__
    )
    if first in ("-h", "--help", "--version", "help"):
        parser.parse_args(["--help" if first == "help" else first])
    parser.error(_about_verb(first, others))


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """Parses the arguments for a verb's `run`.

    Args:
        words: The verb and its flags, as for `main`.

    Returns:
        The arguments, with defaults for those that were not given.

    Example:

    >>> parsed(["corpora", "--json"]).json
    True
    """
    verb = read_verb(words)
    flags = words[1:]
    parser = Parser(verb)
    importlib.import_module(f"charrnn.commands.{verb}").add_arguments(parser)
    return parser.parse_args(flags)


def _contents() -> str:
    """Describes the program, verb by verb."""
    lines = ["Learn to write like a text, one character at a time.", ""]
    for verb, sentence in VERBS.items():
        lines += textwrap.wrap(
            sentence,
            width=78,
            initial_indent=f"  {verb:<12}",
            subsequent_indent=" " * 14,
        )
    return "\n".join(lines)


def _about_verb(word: str, others: Sequence[str]) -> str:
    """The message for a first word that is not a verb."""
    if word.startswith(tuple(DASHES)):
        verb = next((other for other in others if other in VERBS), "VERB")
        return f"expected a verb first: {called()} {verb} {word} ..."
    bare = word.lower()
    near = difflib.get_close_matches(bare, [*VERBS, *VERB_ALIASES], n=1)
    if near:
        verb = VERB_ALIASES.get(near[0], near[0])
        return f"there is no verb {word!r}. Did you mean {called(verb)}?"
    if os.path.exists(word):
        command = f"{called('train')} {quoted(word)}"
        return f"expected a verb first. Did you mean {command}?"
    return f"there is no verb {word!r}. Expected one of {', '.join(VERBS)}"
