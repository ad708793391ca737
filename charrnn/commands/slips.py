"""Say what to do about a slip in a command line."""

import contextlib
import difflib
import importlib
import itertools
import os
import re
import shlex
import sys
from pathlib import Path

from charrnn.commands.verbs import VERBS

# What other programs call our flags.
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
DASHES = "-‐‑‒–—―−"  # what a word processor makes of two hyphens, too
FLAG = re.compile(rf"[{DASHES}]{{1,2}}[^\W\d][\w-]*(?==|\Z)")


def program(verb=None):
    """The words by which the user calls a verb.

    Args:
        verb: One of `VERBS`; `None` for the program itself.

    Returns:
        A `list` of `str`: the script's if this is one of the scripts.
    """
    script = Path(sys.argv[0])
    if verb and script.name in ("train.py", "generate.py"):
        return ["python", f"{verb}.py"]
    words = ["charrnn", verb] if verb else ["charrnn"]
    by_module = script.parts[-2:] == ("charrnn", "__main__.py")
    return ["python", "-m", *words] if by_module else words


def called(verb=None):
    """The same as one `str`.

    Args:
        verb: As for `program`.

    Returns:
        A `str`.
    """
    return shlex.join(program(verb))


def about_flag(parser, name, word, before):
    """Says what to do about a flag that does not exist.

    Args:
        parser: The `Parser` of the verb.
        name: The flag, as `flag_in` finds it.
        word: The word that holds it, with a value perhaps.
        before: The word before that.

    Returns:
        A `str`, a sentence without its full stop.
    """
    bare = {_bare(name), ALIASES.get(_bare(name))}
    for place in parser._get_positional_actions():
        if bare & {place.dest, place.metavar.lower()}:
            return (
                f"there is no {name}. The {place.metavar} stands without "
                f"a flag: {called(parser.verb)} {_places(parser)}"
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
    others = _verbs_with(parser, "--" + _bare(name))
    if others:
        return f"there is no {name} here: it is a flag of {', '.join(others)}"
    return f"there is no {name}"


def about_strays(parser, words, strays):
    """Says what to do about words that no flag and no place has taken.

    Args:
        parser: The `Parser` of the verb.
        words: All words after the verb.
        strays: Those that argparse made nothing of, a `list`.

    Returns:
        A `str`, a sentence without its full stop.
    """
    flag, phrase = _phrase(parser, words, strays)
    if flag:
        return (
            f"{flag} takes one word, or several in quotes. Did you mean "
            f"{flag} {quoted(phrase)}?"
        )
    if listed := _list_before(parser, words, strays):
        return listed
    phrase = " ".join(strays)
    if f"--{strays[0].partition('=')[0]}" in parser._option_string_actions:
        return (
            f"{phrase!r} is no flag without two hyphens. Did you mean "
            f"--{strays[0]}?"
        )
    if parser._get_positional_actions():
        return (
            f"expected {_places(parser)} only. Received {phrase!r}, too. "
            "A name with spaces is written in quotes"
        )
    return f"expected flags only. Received {phrase!r}{_use(parser, phrase)}"


def is_dashed(parser, name, before):
    """Whether a word is a flag of the verb, but for its long dash.

    Args:
        parser: The `Parser` of the verb.
        name: The word, as `flag_in` finds it.
        before: The word before it: a long dash may begin a flag's value.
    """
    of_ours = f"--{_bare(name)}" in parser._option_string_actions
    return of_ours and not _takes_words(parser, before)


def _nearest(parser, name):
    """The flags that a word may have been meant for, the likeliest."""
    names = [flag.lstrip("-") for flag in parser._option_string_actions]
    bare = _bare(name)
    bare = bare if bare in names else ALIASES.get(bare, bare)
    if bare in names:
        return [f"--{bare}"]
    if _verbs_with(parser, f"--{bare}"):
        return []
    longer = [name for name in names if name.startswith(bare)]
    near = longer or difflib.get_close_matches(bare, names, n=1)
    return [f"--{name}" for name in near[:3]]


def _places(parser):
    """What stands without a flag, as the help writes it."""
    return " ".join(a.metavar for a in parser._get_positional_actions())


def _phrase(parser, words, strays):
    """The flag before the first stray word, and all words meant for it."""
    for i in range(1, len(words)):
        flag, joined, value = words[i - 1].partition("=")
        start = i - 1
        if not joined:
            flag, value = words[i - 2] if i > 1 else "", words[i - 1]
            start = i - 2
        if words[i] == strays[0] and _takes_words(parser, flag):
            if not joined and _takes_words(parser, words[start - 1]):
                continue  # what looks like a flag is a value
            return flag, " ".join([value, *_until_flag(words[i:])])
    return None, None


def _list_before(parser, words, strays):
    """What to say of stray words that belong to a list before them, or ''."""
    place = words.index(strays[0])
    flag, first = words[place - 2 : place] if place > 1 else ("", "")
    action = parser._option_string_actions.get(flag)
    if action is None or "," not in str(action.metavar):
        return ""
    whole = ",".join([first, *strays])
    whole = re.sub(",+", ",", whole)
    return f"{flag} takes a list without spaces. Did you mean {flag} {whole}?"


def _takes_words(parser, flag):
    """Whether a flag's value is a text or a name."""
    action = parser._option_string_actions.get(flag)
    return (
        action is not None
        and action.nargs is None
        and action.choices is None
        and action.type in (None, Path)
    )


def _use(parser, phrase):
    """Where a text or a model belongs that stands alone."""
    fits = "--model" if os.path.exists(phrase) else "--prompt"
    if fits not in parser._option_string_actions:
        return ""
    return f". Did you mean {fits} {quoted(phrase)}?"


def flag_in(word):
    """Finds the flag in a word of the command line.

    Args:
        word: A `str`.

    Returns:
        The flag as it was written, `None` if the word is no flag.

    Example:

    >>> flag_in("--length=20"), flag_in("-5"), flag_in("—length")
    ('--length', None, '—length')
    """
    found = FLAG.match(word)
    return found[0] if found else None


def _bare(flag):
    """A flag's name as charrnn would write it."""
    return flag.lstrip(DASHES).replace("_", "-").lower()


def _verbs_with(parser, flag):
    """The commands that have a flag."""
    found = []
    for verb in VERBS:
        parser = type(parser)(verb)
        with contextlib.suppress(ImportError):  # a package is missing
            module = importlib.import_module(f"charrnn.commands.{verb}")
            module.add_arguments(parser)
        if flag in parser._option_string_actions:
            found.append(called(verb))
    return found


def _until_flag(words):
    return itertools.takewhile(lambda word: not flag_in(word), words)


def quoted(text):
    """Puts a text in quotes, double ones where all shells take them.

    Args:
        text: A `str`.

    Returns:
        A `str`.

    Example:

    >>> print(quoted("To be"), quoted("$5"))
    "To be" '$5'
    """
    if len(text) > 1 and text[0] == text[-1] == "'":  # of a Windows shell
        text = text[1:-1]
    return shlex.quote(text) if set(text) & set('"$`\\!') else f'"{text}"'
