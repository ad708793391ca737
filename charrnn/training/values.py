"""Check the values of settings, by one rule for flags and for Python."""

import dataclasses
import operator
import os
from collections.abc import Callable
from numbers import Real
from typing import Any

from charrnn.text.documents import check_division
from charrnn.text.escapes import unescaped

MAX_WHOLE = 2**63 - 1  # the largest of NumPy's integers
MAX_NUMBER = 1e15  # larger numbers make no sense and soon overflow


@dataclasses.dataclass(frozen=True)
class Kind:
    """The kind of values that a setting may have.

    Attributes:
        name: The name of such a value in messages.
        from_word: Converts a word of the command line to a value, or raises a
            `ValueError`.
        from_python: Converts an object to a value, or raises a `TypeError` or
            a `ValueError`.
        problem: Returns a phrase that says what is wrong with a value, or
            `None`.
        choices: All allowed values; empty if they cannot be listed.
    """

    name: str
    from_word: Callable[[str], Any]
    from_python: Callable[[Any], Any]
    problem: Callable[[Any], str | None] = lambda value: None
    choices: tuple[str, ...] = ()

    def checked(self, value: Any, from_word: bool = False) -> Any:
        """Converts and checks a value.

        Args:
            value: A word, or an object.
            from_word: Whether it is a word of the command line.

        Returns:
            The value; plain Python objects for NumPy numbers and paths.

        Raises:
            ValueError: saying what is wrong, without the setting's name.

        Example:

        >>> whole(1).checked("8", from_word=True)
        8
        >>> whole(1).checked(0)
        Traceback (most recent call last):
        ValueError: 0 is less than 1
        """
        convert = self.from_word if from_word else self.from_python
        try:
            found = convert(value)
        except (TypeError, ValueError, OverflowError):
            if self.choices:
                raise ValueError(
                    f"invalid choice: {value!r} (choose from "
                    f"{', '.join(self.choices)})"
                ) from None
            raise ValueError(f"invalid {self.name} value: {value!r}") from None
        if reason := self.problem(found):
            raise ValueError(f"{value} {reason}")
        return found


def whole(least: int, most: int = MAX_WHOLE) -> Kind:
    """Whole numbers from `least` to `most`."""

    def problem(number: int) -> str | None:
        if number < least:
            return f"is less than {least}"
        return f"is more than {most}" if number > most else None

    return Kind("whole number", int, _as_whole, problem)


def _number(allows: Callable[[float], bool], reason: str) -> Kind:
    """Numbers for which `allows` is true; `reason` is the problem of others."""
    return Kind(
        "number", float, _as_float, lambda x: None if allows(x) else reason
    )


def choice(names: tuple[str, ...]) -> Kind:
    """One of some names."""

    def one_of(value: str) -> str:
        if value not in names:
            raise ValueError
        return value

    return Kind("name", one_of, one_of, choices=names)


def _as_whole(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    return operator.index(value)


def _as_float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError
    return float(value)


def _as_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _as_path(value: Any) -> str:
    path = os.fspath(value)
    if isinstance(path, bytes):
        raise TypeError
    return path


def _as_paths(value: Any) -> list[str]:
    several = not isinstance(value, (str, os.PathLike))
    return [_as_path(path) for path in (value if several else [value])]


def _as_switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _embedding_from_word(word: str) -> int | str | None:
    if word == "none":
        return None
    return word if word == "auto" else int(word)


def _as_embedding(value: Any) -> int | str | None:
    return value if value in (None, "auto") else _as_whole(value)


def _embedding_problem(value: int | str | None) -> str | None:
    return whole(1).problem(value) if isinstance(value, int) else None


def _as_division(value: Any) -> str:
    check_division(value)
    return value


POSITIVE = _number(
    lambda x: 0 < x <= MAX_NUMBER, f"is not above 0 and at most {MAX_NUMBER:g}"
)
NOT_NEGATIVE = _number(
    lambda x: 0 <= x <= MAX_NUMBER, f"is not from 0 to {MAX_NUMBER:g}"
)
# Below this range, a step is lost to the rounding of the weights or to Adam's
# epsilon of 1e-7; above it, nothing is learnt.
LEARNING_RATE = _number(lambda x: 1e-12 <= x <= 10, "is not from 1e-12 to 10")
CLIP_NORM = _number(
    lambda x: 1e-6 <= x <= MAX_NUMBER, f"is not from 1e-06 to {MAX_NUMBER:g}"
)
RATE = _number(
    lambda x: 0 <= x < 1, "is not from 0 up to, but not including, 1"
)
SHARE = _number(lambda x: 0 <= x <= 1, "is not from 0 to 1")
TEXT = Kind("text", _as_text, _as_text)
DOCUMENTS = Kind(
    "files, lines or separator",
    lambda word: _as_division(unescaped(word)),
    _as_division,
)
PATH = Kind("path", _as_path, _as_path)
PATHS = Kind(
    "path or list of paths",
    _as_path,  # a word of the command line is one of them
    _as_paths,
    lambda value: None if value else "names none",
)
SWITCH = Kind("true or false", bool, _as_switch)
EMBEDDING = Kind(
    "size, auto or none",
    _embedding_from_word,
    _as_embedding,
    _embedding_problem,
)
