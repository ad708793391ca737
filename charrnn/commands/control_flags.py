"""The flags of `charrnn generate` for texts that keep to a form."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from charrnn.commands.options import Once, at_least
from charrnn.commands.spelling import model_text, typed
from charrnn.network.engine import Engine
from charrnn.network.facts import text_form
from charrnn.system.terminal import counted, remark
from charrnn.text.normal_form import normalize_text
from charrnn.text.units import UnitVocabulary
from charrnn.text.vocabulary import MAX_CHARACTERS_NAMED
from charrnn.writing.constraints import Constraint, Left
from charrnn.writing.counted import MAX_COUNT, Lines, Sentences
from charrnn.writing.forms import Form
from charrnn.writing.named_characters import never_written
from charrnn.writing.patterns import Acrostic, Forbid, ForbidMatch, Match
from charrnn.writing.steering import DEAD_END
from charrnn.writing.word_lists import ForbidWords, OnlyWords

# By default a text of a form may be so many times as long as the shortest one
# that has it.
LENGTHS_OF_SHORTEST = 100

MUCH_FORCED = 0.2  # a larger share of a text is told

# What a text keeps to: a flag's value is an entry of JSON.
NAMES_IN_JSON = (
    "match", "forbid_match", "acrostic", "lines", "sentences", "forbid",
    "forbid_file", "forbid_words", "only_words", "max_copy", "no_loops",
)  # fmt: skip
FLAGS = (
    (
        "--match",
        "REGEX",
        "the new text, what follows the prompt, matches this regular "
        "expression as a whole (Python's; no look-around or references); may "
        "be given several times",
    ),
    (
        "--acrostic",
        "WORD",
        "the first letters of the lines spell WORD; no line end follows the "
        "last line",
    ),
    (
        "--forbid",
        "STRING",
        "STRING never appears, not even within a longer word; may be given "
        "several times",
    ),
    (
        "--forbid-match",
        "REGEX",
        r"nothing in the text matches REGEX (\b: the edge of a word; (?i) at "
        "the beginning: in any letter case); may be given several times",
    ),
    ("--forbid-file", "FILE", "no line of FILE appears, as with --forbid"),
    (
        "--forbid-words",
        "FILE",
        "no line of FILE appears as a whole word, in any letter case (unlike "
        "--forbid-file, which excludes it within longer words too, and only "
        "in the case given); may be given several times",
    ),
    (
        "--only-words",
        "TEXT",
        "each word is one of TEXT: a file or the name of a corpus",
    ),
)


def add_control_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of constraints."""
    group = parser.add_argument_group("form")
    for flag, metavar, text in FLAGS:
        repeats = "several times" in text
        group.add_argument(
            flag,
            action="append" if repeats else Once,
            default=[] if repeats else None,
            metavar=metavar,
            help=text,
        )
    for flag in ("--lines", "--sentences"):
        group.add_argument(
            flag,
            action=Once,
            type=at_least(1, MAX_COUNT),
            metavar="N",
            help=f"end after N {flag[2:]}",
        )


def constraints_of(
    arguments: argparse.Namespace, engine: Engine
) -> list[Constraint]:
    """Makes the constraints that the flags ask for.

    Args:
        arguments: Those of `charrnn generate`.
        engine: The model.

    Returns:
        The constraints, in the order of the flags' help.

    Raises:
        ValueError: if one is impossible, with the flag before the message.
        OSError: if a file cannot be read.
    """
    vocabulary = engine.vocabulary
    found: list[Constraint] = []
    for flag, make in (("match", Match), ("forbid_match", ForbidMatch)):
        for pattern in getattr(arguments, flag):
            found.append(_made(flag, make, pattern, vocabulary))
    _tell_never_written(arguments.match, vocabulary)
    for flag, kind in (
        ("acrostic", Acrostic), ("lines", Lines), ("sentences", Sentences),
    ):  # fmt: skip
        value = getattr(arguments, flag)
        if flag == "acrostic" and value is not None:
            value = _as_learnt(value, arguments, engine)
        if value is not None:
            found.append(_made(flag, kind, value, vocabulary))
    if strings := list(_forbidden(arguments, engine)):
        found.append(_made("forbid", Forbid, strings, vocabulary))
    for source in arguments.forbid_words:
        text = _file("forbid_words", source, arguments, engine, True)
        if text.strip():  # as with --forbid-file, a list may be empty
            found.append(_made("forbid_words", ForbidWords, text, vocabulary))
    if (source := arguments.only_words) is not None:
        text = _file("only_words", source, arguments, engine)
        found.append(_made("only_words", OnlyWords, text, vocabulary))
    return found


def constraints_as_json(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Lists what the samples keep to, as it was given.

    Args:
        arguments: Those of `charrnn generate`.

    Returns:
        An entry for each value of a flag, such as `{"match": "[a-z]+"}`.
    """
    found = []
    for name in NAMES_IN_JSON:
        value = getattr(arguments, name)
        values = value if isinstance(value, list) else [value]
        found += [{name: each} for each in values if each not in (None, False)]
    return found


def _made(
    flag: str, make: Callable, value: object, vocabulary: UnitVocabulary
) -> Constraint:
    """Makes a constraint; an error begins with the flag."""
    try:
        return make(value, vocabulary)
    except ValueError as error:
        name = flag.replace("_", "-")
        raise ValueError(f"--{name}: {error}") from error


def _tell_never_written(
    patterns: Sequence[str], vocabulary: UnitVocabulary
) -> None:
    """Says which characters that --match names never come, if some do not."""
    unknown = never_written(patterns, vocabulary)
    if not unknown:
        return
    named = ", ".join(map(repr, unknown[:MAX_CHARACTERS_NAMED]))
    if more := len(unknown[MAX_CHARACTERS_NAMED:]):
        named += f" and {counted(more, 'other')}"
    they = "it never comes" if len(unknown) == 1 else "they never come"
    remark(f"--match: the model does not know {named}: {they}")


def _file(
    flag: str,
    source: str,
    arguments: argparse.Namespace,
    engine: Engine,
    may_be_empty: bool = False,
) -> str:
    """Reads the text that a flag names; an error begins with the flag."""
    from charrnn.text.corpus import EmptyTextError  # slow to import

    try:
        return _text(source, arguments, engine)
    except ValueError as error:
        if may_be_empty and isinstance(error, EmptyTextError):
            return ""
        name = flag.replace("_", "-")
        raise ValueError(f"--{name}: {error}") from error


def _forbidden(arguments: argparse.Namespace, engine: Engine) -> Iterable[str]:
    """Yields the strings of --forbid, and the lines of --forbid-file."""
    nearest = "nearest" if arguments.unknown == "nearest" else "error"
    for word in arguments.forbid:
        yield typed(
            word, "--forbid", engine, nearest, arguments.escapes, skip=False
        )
    if (source := arguments.forbid_file) is not None:
        text = _file("forbid_file", source, arguments, engine, True)
        yield from filter(str.strip, text.splitlines())


def _as_learnt(word: str, arguments: argparse.Namespace, engine: Engine) -> str:
    """A word in the normal form of the model's text, and its spelling."""
    word = normalize_text(word, **text_form(engine.facts))
    if arguments.unknown != "nearest":
        return word
    return model_text(word, engine, "nearest", "--acrostic", skip=False)


def _text(source: str, arguments: argparse.Namespace, engine: Engine) -> str:
    """Reads a text in the form of the model's own."""
    from charrnn.text.corpus import read  # slow to import

    text = read(source, encoding=arguments.encoding)
    return normalize_text(text, **text_form(engine.facts))


def length_with(constraints: Iterable[Constraint], default: int) -> int:
    """The maximum length of a text if the user gave none.

    Args:
        constraints: What the text keeps to.
        default: The length without constraints.

    Returns:
        A number of units: enough for all lines of a long poem, for example.
    """
    shortest = [
        form.shortest(0, Left(units=0))
        for form in constraints
        if isinstance(form, Form)
    ]
    return default + LENGTHS_OF_SHORTEST * max(shortest, default=0)


def tell_dead_ends(reasons: Sequence[str]) -> None:
    """Says how many samples ended where nothing could follow, if any.

    Args:
        reasons: Why each sample ended.
    """
    stuck, count = reasons.count(DEAD_END), len(reasons)
    if not stuck:
        return
    which = f"{stuck:,} of {count:,} samples"
    if stuck == count:
        which = f"all {count:,} samples" if count > 1 else "the sample"
    remark(f"{which} ended unfinished: the constraints let nothing follow")


def tell_forced(shares: Sequence[float], length: int) -> None:
    """Says how much the length forced, if that is much of a sample.

    Args:
        shares: Of the units of each sample, `Sample.forced`.
        length: The maximum length.
    """
    much = [share for share in shares if share > MUCH_FORCED]
    if not much:
        return
    part, which = f"{max(much):.0%}", "the sample"
    if len(shares) > 1:
        all_of = "all" if len(much) == len(shares) else f"{len(much):,} of"
        part, which = f"up to {part}", f"{all_of} {len(shares):,} samples"
    remark(
        f"a length of {length:,} left only the shortest way to the end for "
        f"{part} of {which}; use a greater --length"
    )
