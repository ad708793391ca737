"""Explain mistakes in a command line, and suggest what was meant."""

import argparse
import contextlib
import difflib
import importlib
import itertools
import os
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from charrnn.commands.verbs import VERBS

# Other programs' names for our flags and arguments.
ALIASES = {
    "output": "out", "checkpoint-dir": "out", "checkpoint-name": "out",
    "out-dir": "out", "model-type": "cell", "model": "cell",
    "rnn-size": "units", "n-embd": "units", "hidden-size": "units",
    "num-layers": "layers", "n-layer": "layers",
    "block-size": "seq-length", "max-epochs": "epochs", "max-iters": "epochs",
    "lr": "learning-rate", "grad-clip": "clip-norm",
    "val-frac": "validation", "primetext": "prompt", "start-text": "prompt",
    "start": "prompt", "max-new-tokens": "length", "sample": "temperature",
    "num-samples": "count", "data-dir": "text", "input-h5": "text",
    "dataset": "text", "input": "text", "txt": "text",
}  # fmt: skip
DASHES = "-‐‑‒–—―−"  # word processors turn two hyphens into one of these
FLAG = re.compile(rf"[{DASHES}]{{1,2}}[^\W\d][\w-]*(?==|\Z)")


def program(verb: str | None = None) -> list[str]:
    """Returns the words with which the user runs a verb.

    Args:
        verb: One of `VERBS`; `None` for the program itself.

    Returns:
        The words: `python train.py` if charrnn was started like that.
    """
    script = Path(sys.argv[0])
    if verb and script.name in ("train.py", "generate.py"):
        return ["python", f"{verb}.py"]
    words = ["charrnn", verb] if verb else ["charrnn"]
    by_module = script.parts[-2:] == ("charrnn", "__main__.py")
    return ["python", "-m", *words] if by_module else words


def called(verb: str | None = None) -> str:
    """Returns the words of `program`, quoted for a shell.

    Args:
        verb: As for `program`.
    """
    return shlex.join(program(verb))


def about_flag(
    parser: argparse.ArgumentParser, name: str, word: str, before: str
) -> str:
    """Says what to do about a flag that does not exist.

    Args:
        parser: The parser of the verb.
        name: The flag, as `flag_in` finds it.
        word: The word that contains it, perhaps with a value.
        before: The word before that.

    Returns:
        A sentence without its full stop.
    """
    bare = {_bare(name), ALIASES.get(_bare(name))}
    for positional in parser._get_positional_actions():
        if bare & {positional.dest, str(positional.metavar).lower()}:
            return (
                f"there is no {name}. {positional.metavar} is given without "
                f"a flag: {called(_verb_of(parser))} {_positionals(parser)}"
            )
    near = _nearest(parser, name)
    if near:
        return f"there is no {name}. Did you mean {' or '.join(near)}?"
    if _takes_words(parser, before):
        joined = f"{before}={quoted(word)}"
        return (
            f"there is no {name}. If it is the value of {before}, join "
            f"the two: {joined}"
        )
    others = _verbs_with("--" + _bare(name))
    if others:
        return f"there is no {name} here: it is a flag of {', '.join(others)}"
    return f"there is no {name}"


def about_strays(
    parser: argparse.ArgumentParser, words: Sequence[str], strays: Sequence[str]
) -> str:
    """Says what to do about words that belong to no flag and no argument.

    Args:
        parser: The parser of the verb.
        words: All words after the verb.
        strays: The words that argparse did not recognise.

    Returns:
        A sentence without its full stop.
    """
    if found := _phrase(parser, words, strays):
        flag, phrase = found
        return (
            f"{flag} takes one word, or several in quotes. Did you mean "
            f"{flag} {quoted(phrase)}?"
        )
    if listed := _list_before(parser, words, strays):
        return listed
    phrase = " ".join(strays)
    if f"--{strays[0].partition('=')[0]}" in parser._option_string_actions:
        return (
            f"expected two hyphens before a flag. Received {phrase!r}. Did "
            f"you mean --{strays[0]}?"
        )
    if parser._get_positional_actions():
        return (
            f"expected {_positionals(parser)} only. Received {phrase!r}, too. "
            "Put a name with spaces in quotes"
        )
    return f"expected flags only. Received {phrase!r}{_use(parser, phrase)}"


def is_dashed(parser: argparse.ArgumentParser, name: str, before: str) -> bool:
    """Whether a word is a flag of the verb, written with a long dash.

    Args:
        parser: The parser of the verb.
        name: The word, as `flag_in` finds it.
        before: The word before it, whose value may start with a long dash.
    """
    of_ours = f"--{_bare(name)}" in parser._option_string_actions
    return of_ours and not _takes_words(parser, before)


def _nearest(parser: argparse.ArgumentParser, name: str) -> list[str]:
    """The flags that were probably meant, at most three."""
    flags = {flag.lstrip("-"): flag for flag in parser._option_string_actions}
    bare = _bare(name)
    bare = bare if bare in flags else ALIASES.get(bare, bare)
    if bare in flags:
        return [flags[bare]]
    if _verbs_with(f"--{bare}") and f"{bare}s" not in flags:
        return []
    names = [name for name in flags if len(name) > 1]
    longer = [name for name in names if name.startswith(bare)]
    near = longer or difflib.get_close_matches(bare, names, n=1)
    return [flags[name] for name in near[:3]]


def _verb_of(parser: argparse.ArgumentParser) -> str:
    return parser.prog.partition(" ")[2]


def _positionals(parser: argparse.ArgumentParser) -> str:
    """The arguments without a flag, as the help writes them."""
    return " ".join(str(a.metavar) for a in parser._get_positional_actions())


def _phrase(
    parser: argparse.ArgumentParser, words: Sequence[str], strays: Sequence[str]
) -> tuple[str, str] | None:
    """The flag before the first stray word, and all words meant for it.

    If a phrase was typed without quotes, the flag took its first word. The
    flag is two words before the first stray word, or one if the flag and its
    value are joined by "=".
    """
    for i in range(1, len(words)):
        if words[i] != strays[0]:
            continue
        flag, joined, value = words[i - 1].partition("=")
        if not joined:
            flag, value = words[i - 2] if i > 1 else "", words[i - 1]
            if i > 2 and _takes_words(parser, words[i - 3]):
                continue  # what looks like a flag is the value of another
        if _takes_words(parser, flag):
            return flag, " ".join([value, *_until_flag(words[i:])])
    return None


def _list_before(
    parser: argparse.ArgumentParser, words: Sequence[str], strays: Sequence[str]
) -> str:
    """The message if stray words belong to a list before them, or ''."""
    place = words.index(strays[0])
    flag, first = words[place - 2 : place] if place > 1 else ("", "")
    action = parser._option_string_actions.get(flag)
    if action is None or "," not in str(action.metavar):
        return ""
    whole = ",".join([first, *strays])
    whole = re.sub(",+", ",", whole)
    return f"{flag} takes a list without spaces. Did you mean {flag} {whole}?"


def _takes_words(parser: argparse.ArgumentParser, flag: str) -> bool:
    """Whether a flag's value is a text or a name."""
    action = parser._option_string_actions.get(flag)
    return (
        action is not None
        and action.nargs is None
        and action.choices is None
        and action.type in (None, Path)
    )


def _use(parser: argparse.ArgumentParser, phrase: str) -> str:
    """Suggests the flag for a text or a model that was given without one."""
    fits = "--model" if os.path.exists(phrase) else "--prompt"
    if fits not in parser._option_string_actions:
        return ""
    return f". Did you mean {fits} {quoted(phrase)}?"


def flag_in(word: str) -> str | None:
    """Finds the flag in a word of the command line.

    Args:
        word: Perhaps with a value, as in `--length=20`.

    Returns:
        The flag as it was written; `None` if the word is no flag.

    Example:

    >>> flag_in("--length=20"), flag_in("-5"), flag_in("—length")
    ('--length', None, '—length')
    """
    found = FLAG.match(word)
    return found[0] if found else None


def _bare(flag: str) -> str:
    """A flag's name in charrnn's spelling, without hyphens before it."""
    return flag.lstrip(DASHES).replace("_", "-").lower()


def _verbs_with(flag: str) -> list[str]:
    """The commands that have a flag."""
    found = []
    for verb in VERBS:
        other = argparse.ArgumentParser(add_help=False)
        with contextlib.suppress(ImportError):  # a package is missing
            module = importlib.import_module(f"charrnn.commands.{verb}")
            module.add_arguments(other)
        if flag in other._option_string_actions:
            found.append(called(verb))
    return found


def _until_flag(words: Sequence[str]) -> Iterator[str]:
    return itertools.takewhile(lambda word: not flag_in(word), words)


def quoted(text: str) -> str:
    """Quotes a text for a shell, in double quotes if it expands nothing there.

    Args:
        text: One word or several.

    Returns:
        The text as a word of a command line.

    Example:

    >>> print(quoted("To be"), quoted("$5"))
    "To be" '$5'
    """
    # A Windows shell does not remove single quotes.
    if len(text) > 1 and text[0] == text[-1] == "'":
        text = text[1:-1]
    return shlex.quote(text) if set(text) & set('"$`\\!') else f'"{text}"'
