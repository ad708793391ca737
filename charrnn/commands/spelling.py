"""Convert what is typed or read to the characters that a model knows."""

import argparse
import collections
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from charrnn.network.engine import Engine
from charrnn.network.facts import text_form
from charrnn.system.terminal import counted, remark
from charrnn.text import nearest
from charrnn.text.escapes import unescaped
from charrnn.text.normal_form import (
    NORMAL_FORMS,
    normalize_text,
    normalized,
)
from charrnn.text.vocabulary import MAX_CHARACTERS_NAMED, describe

# Looks like an escape, in a text whose escapes are not read.
LIKE_AN_ESCAPE = re.compile(r"\\(?:[ntr]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})")


def model_text(
    text: str,
    engine: Engine,
    unknown: str,
    name: str = "text",
    skip: bool = True,
    tell: Callable[[str], None] | None = remark,
) -> str:
    """Converts a text to the form and the characters of a model's own text.

    Args:
        text: A text that was typed or read from a file.
        engine: The model, whose file holds the line ends and the normal form
            of its training text.
        unknown: As for `Vocabulary.encode`.
        name: The name of the text in messages.
        skip: Whether to suggest leaving out unknown characters.
        tell: Called with a line about what was left out or replaced, if it
            is not `None`.

    Returns:
        The text as the model reads it.

    Raises:
        ValueError: naming the characters that the model does not know, and
            the value of --unknown that helps.
    """
    form: dict[str, Any] = text_form(engine.facts)
    text = normalize_text(text, **form)
    vocabulary = engine.vocabulary
    try:
        result = vocabulary.respelled(text, unknown)
    except ValueError as error:
        hints = _hints(text, vocabulary.alphabet, unknown, skip)
        raise ValueError(" ".join([str(error), *hints])) from error
    if tell and result != text:
        tell(f"{name}: {_changes(text, vocabulary.alphabet, unknown)}")
    return result


def _hints(text: str, known: str, unknown: str, skip: bool) -> Iterator[str]:
    """Yields advice about unknown characters."""
    spelling, replaced = nearest.spelled(text, known)
    if replaced and unknown != "nearest":
        all_known = set(known).issuperset(spelling)
        form = _normal_form(replaced)
        if form and all_known:
            yield f"--unknown nearest brings it into {form}, which is known."
        else:
            changes = _listed(replaced, _change)
            rest = "" if all_known else ", but not the others"
            yield f"--unknown nearest reads {changes}{rest}."
    if skip and unknown == "replace":
        yield (
            "Or leave them out: --unknown skip (replace needs a model in whose "
            "training --min-count or --max-vocab left characters out)."
        )
    elif skip:
        yield "Or leave them out: --unknown skip."


def _normal_form(replaced: Iterable[tuple[str, str]]) -> str | None:
    """The normal form that makes all these replacements, or `None`."""
    for form in NORMAL_FORMS:
        if all(normalized(before, form) == after for before, after in replaced):
            return form
    return None


def _changes(text: str, known: str, unknown: str) -> str:
    """Says how the characters that the model does not know were replaced."""
    if unknown == "nearest":
        _, replaced = nearest.spelled(text, known)
        return f"read {_listed(replaced, _change)}"
    counts = collections.Counter(text)
    strange = collections.Counter(
        {c: count for c, count in counts.items() if c not in known}
    )
    total = strange.total()
    what = "a character" if total == 1 else f"{total:,} characters"
    done = "left out" if unknown == "skip" else "read as U+FFFD:"
    return (
        f"{done} {what} that the model does not know: "
        f"{_listed(strange, describe)}"
    )


def _listed(counts: collections.Counter, describe_item: Callable) -> str:
    """Lists the most frequent items, and how often each occurs."""
    named = [
        describe_item(item) + (f", {count:,} times" if count > 1 else "")
        for item, count in counts.most_common(MAX_CHARACTERS_NAMED)
    ]
    others = len(counts) - MAX_CHARACTERS_NAMED
    if others > 0:
        named.append(f"and {counted(others, 'other')}")
    return "; ".join(named)


def _change(change: tuple[str, str]) -> str:
    """Describes the replacement of a character."""
    before, after = change
    named = describe(before) if len(before) == 1 else repr(before)
    return f"{named} as {after!r}" if after else f"{named} as nothing"


def typed(
    word: str,
    flag: str,
    engine: Engine,
    unknown: str = "error",
    escapes: bool = False,
    skip: bool = True,
) -> str:
    r"""Reads a text that was typed as a flag's value.

    Args:
        word: The value.
        flag: The flag, for messages.
        engine: The model that will read or write it.
        unknown: As for `model_text`, like `skip`.
        escapes: Whether to read backslash escapes.
        skip: As for `model_text`.

    Returns:
        The text as `model_text` returns it.

    Raises:
        ValueError: with the flag before the message: as `model_text` does, or
            if the word is not in UTF-8, or a backslash starts no escape.
    """
    hint = ""
    try:
        text = _as_utf8(word)
        if escapes:
            text = unescaped(text)
        else:
            hint = _escape_hint(text, flag)
        result = model_text(text, engine, unknown, flag, skip)
    except ValueError as error:
        hints = filter(None, [hint, _encoding_hint(word)])
        message = " ".join([f"{flag}: {error}", *hints])
        raise ValueError(message) from error
    if hint:
        remark(f"{flag}: {hint}")
    return result


def separator_of(arguments: argparse.Namespace) -> str | None:
    """Reads what stands between samples, which no model needs to know.

    Args:
        arguments: With `separator` and `escapes`.

    Returns:
        The text; `None` without --separator.

    Raises:
        ValueError: as `typed` does, except about unknown characters.
    """
    if arguments.separator is None:
        return None
    try:
        text = _as_utf8(arguments.separator)
        if arguments.escapes:
            return unescaped(text)
    except ValueError as error:
        raise ValueError(f"--separator: {error}") from error
    if hint := _escape_hint(text, "--separator"):
        remark(f"--separator: {hint}")
    return text


def _escape_hint(text: str, flag: str) -> str:
    """The hint about what looks like an escape but is read as typed, or ''."""
    found = LIKE_AN_ESCAPE.search(text)
    if not found:
        return ""
    return (
        f"{found[0]} is read as it is typed, a backslash first; --escapes "
        f"makes one character of it, and so does $'{found[0]}' in bash"
        + (" (or use --prompt-file)." if flag == "--prompt" else ".")
    )


def _as_utf8(word: str) -> str:
    """The word read as UTF-8, whatever the encoding of the locale."""
    try:
        word.encode("utf-8")
        return word
    except UnicodeEncodeError:
        pass  # Lone surrogates stand for bytes that the locale cannot decode.
    try:
        return os.fsencode(word).decode("utf-8")
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise ValueError(
            f"Expected UTF-8. Received the byte 0x{byte:02X} at offset "
            f"{error.start:,}. Use --prompt-file with --encoding, or a "
            "terminal and a locale of UTF-8 (LC_ALL=C.UTF-8)."
        ) from error
    except UnicodeEncodeError as error:
        raise ValueError(
            f"Expected characters. Received {error.object[error.start]!a}, "
            "half of a surrogate pair."
        ) from error


def _encoding_hint(word: str) -> str:
    """The hint if the locale may have decoded UTF-8 wrongly, or ''."""
    encoding = sys.getfilesystemencoding()
    escaped = any("\ud800" <= character <= "\udfff" for character in word)
    if word.isascii() or escaped or encoding == "utf-8":
        return ""
    return (
        f"Your locale says that flags are in {encoding}: if they are in UTF-8, "
        "set LC_ALL=C.UTF-8, or use --prompt-file."
    )
