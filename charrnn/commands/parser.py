"""Read a command line, and say what to do about a slip in it."""

import argparse
import difflib
import importlib
import os
import textwrap

import charrnn
from charrnn.commands.slips import (
    DASHES,
    about_flag,
    about_strays,
    called,
    flag_in,
    is_dashed,
    quoted,
)
from charrnn.commands.verbs import VERBS

EXAMPLES = """\
examples:
  charrnn generate --prompt "ROMEO:"    write with the model that comes along
  charrnn train my.txt --minutes 5      learn a text of yours
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
    """A parser of one verb, whose messages have one line.

    Args:
        verb: One of `VERBS`, or `None` for the program's own flags.

    Example:

    >>> parser = Parser("generate")
    >>> _ = parser.add_argument("--length", type=int)
    >>> parser.parse_args(["--length", "3"]).length
    3
    """

    def __init__(self, verb=None):
        super().__init__(
            prog=f"charrnn {verb}" if verb else "charrnn",
            description=VERBS.get(verb),
            # A flag that is new could change what a shortened one means.
            allow_abbrev=False,
        )
        self.verb = verb

    def parse_args(self, words):
        """Reads the words after the verb; leaves the process at a slip."""
        self._check_flags(words)
        arguments, strays = self.parse_known_args(words)
        if strays:
            self.error(about_strays(self, words, strays))
        return arguments

    def error(self, message):
        what = "flags" if self.verb else "verbs"
        message = one_line(message)
        stop = "" if message[-1] in "?." else "."
        advice = f"`{called(self.verb)} --help` lists the {what}."
        self.exit(2, f"{self.prog}: {message}{stop} {advice}\n")

    def _get_values(self, action, arg_strings):
        # Python 3.11 would make an empty list of `--prompt=--`.
        if action.option_strings and arg_strings == ["--"]:
            value = self._get_value(action, "--")
            self._check_value(action, value)
            return value
        return super()._get_values(action, arg_strings)

    def _check_flags(self, words):
        """Checks that each flag is one: argparse would miss a text first."""
        flags = words[: words.index("--")] if "--" in words else words
        for before, word in zip(["", *flags], flags, strict=False):
            name = flag_in(word)
            if name in self._option_string_actions or name is None:
                continue
            if name[0] == "-" or is_dashed(self, name, before):
                self.error(about_flag(self, name, word, before))


def read_verb(argv):
    """Finds the verb of a command line; leaves the process without one.

    Args:
        argv: The words after `charrnn`.

    Returns:
        One of `VERBS`.

    Example:

    >>> read_verb(["score", "shakespeare", "my.txt"])
    'score'
    """
    first, *others = argv or ["--help"]
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


def parsed(words):
    """What a verb's `run` is given.

    Args:
        words: The verb and its flags, as for `main`.

    Returns:
        An `argparse.Namespace`.
    """
    verb, *flags = words
    parser = Parser(verb)
    importlib.import_module(f"charrnn.commands.{verb}").add_arguments(parser)
    return parser.parse_args(flags)


def one_line(message):
    """A message in one line, whatever names the user's files have.

    Args:
        message: A `str`.

    Returns:
        A `str` of printable characters.

    Example:

    >>> one_line("no such file: 'a\\nb'")
    "no such file: 'a\\\\nb'"
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in message)


def _contents():
    """What the program does, verb by verb."""
    lines = ["Learn to write like a text, one character at a time.", ""]
    for verb, sentence in VERBS.items():
        lines += textwrap.wrap(
            sentence,
            width=78,
            initial_indent=f"  {verb:<11}",
            subsequent_indent=" " * 13,
        )
    return "\n".join(lines)


def _about_verb(word, others):
    """What to do about a first word that is no verb."""
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
