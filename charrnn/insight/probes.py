"""Compute features of a text that a reader can name: quotes, lines, words.

A probe is a function of a text that returns a number for each character. The
number may depend on that character and all before it, as a network's
activation does. Only the probe for a speaker's name looks ahead, to the colon.

A model of words or bytes has one activation for a whole word, or several for a
character. `by_unit` gives a probe's value for each of its units.
"""

import re
from collections.abc import Callable, Sequence

import numpy as np

from charrnn.text.normal_form import normalize_text

OPENING, CLOSING = "([{", ")]}"


def probed(text: str) -> dict[str, np.ndarray]:
    """Computes all probes of a text.

    Probes see line ends as LF; both characters of a CRLF get its value.

    Args:
        text: A `str` with any line ends.

    Returns:
        Float32 arrays `(characters,)` by the names in `PROBES`, without
        those that are constant: nothing can be correlated with them.

    Example:

    >>> sorted(probed("I am."))
    ['after punctuation', 'position in line', 'position in word', 'upper case']
    """
    pairs = [text.startswith("\r\n", i) for i in range(len(text))]
    places = np.arange(len(text)) - np.cumsum(pairs) + pairs
    text = normalize_text(text)
    values = {
        name: np.array(probe(text), np.float32)[places]
        for name, probe in PROBES.items()
    }
    return {name: v for name, v in values.items() if v.min() < v.max()}


def by_unit(
    values: dict[str, np.ndarray], units: np.ndarray, last: np.ndarray
) -> dict[str, np.ndarray]:
    """Computes the value of each probe for each unit of a model.

    It is that of the unit's last character, after which the network has read
    the unit. What may happen anywhere in a word, such as a capital letter, is
    its highest value in the word.

    Args:
        values: What `probed` returned.
        units: The unit after which each character has been read,
            `(characters,)`.
        last: The last character of each unit, `(units,)`.

    Returns:
        Arrays `(units,)` by the names of probes, without constant ones.

    Example:

    >>> values = {"upper case": np.array([1.0, 0.0, 0.0])}
    >>> found = by_unit(values, np.array([0, 0, 1]), np.array([1, 2]))
    >>> found["upper case"].tolist()
    [1.0, 0.0]
    """
    found = {name: value[last] for name, value in values.items()}
    for name in ANYWHERE & values.keys():
        highest = np.full(units[-1] + 1, -np.inf, np.float32)
        np.maximum.at(highest, units, values[name])
        # Of the bytes of a character, only the last occurs in `units`.
        found[name] = np.where(np.isfinite(highest), highest, found[name])
    return {name: v for name, v in found.items() if v.min() < v.max()}


def quotes(text: str) -> list[int]:
    """1 inside quotation marks; unclosed ones end with the paragraph."""
    inside, before = 0, ""
    values = []
    for character in text:
        if character == '"':
            inside = 1 - inside
        elif character in "“”":
            inside = int(character == "“")
        elif character == before == "\n":
            inside = 0
        before = character
        values.append(inside)
    return values


def brackets(text: str) -> list[int]:
    """The number of open brackets."""
    depth = 0
    values = []
    for character in text:
        depth += (character in OPENING) - (character in CLOSING)
        depth = max(depth, 0)
        values.append(depth)
    return values


def line_position(text: str) -> list[int]:
    """The number of characters since the line began."""
    return _since(text, lambda character: character == "\n")


def word_position(text: str) -> list[int]:
    """The number of letters since the word began."""
    return _since(text, lambda character: not character.isalpha())


def indentation(text: str) -> list[int]:
    """The number of spaces and tabs at the start of the line, so far."""
    leading, counting = 0, True
    values = []
    for character in text:
        if character == "\n":
            leading, counting = 0, True
        elif counting and character in " \t":
            leading += 1
        else:
            counting = False
        values.append(leading)
    return values


def upper_case(text: str) -> list[bool]:
    """1 at capital letters."""
    return [character.isupper() for character in text]


def after_punctuation(text: str) -> list[int]:
    """1 at a mark that ends a clause, and at the space after it."""
    marked = 0
    values = []
    for character in text:
        if not character.isspace():
            marked = int(character in ".,;:!?")
        values.append(marked)
    return values


def speaker(text: str) -> np.ndarray:
    """1 in a speaker's name: a paragraph's first line that ends in a colon."""
    return _inside(text, r"(?<![^\n]\n)^[A-Z][^\n:]{0,40}:$", re.MULTILINE)


def after_speaker(text: str) -> np.ndarray:
    """1 in the line after a speaker's name."""
    return _inside(
        text, r"(?<![^\n]\n)^[A-Z][^\n:]{0,40}:\n([^\n]*)", re.MULTILINE, 1
    )


def comment(text: str) -> np.ndarray:
    """1 from a # to the end of its line."""
    return _inside(text, r"#[^\n]*")


PROBES: dict[str, Callable[[str], Sequence | np.ndarray]] = {
    "inside quotes": quotes,
    "brackets open": brackets,
    "position in line": line_position,
    "position in word": word_position,
    "indentation": indentation,
    "upper case": upper_case,
    "after punctuation": after_punctuation,
    "speaker's name": speaker,
    "line after the speaker's name": after_speaker,
    "comment": comment,
}

# Probes that a word follows if any of its characters does.
ANYWHERE = {"upper case", "after punctuation"}


def _since(text: str, ends: Callable[[str], bool]) -> list[int]:
    """The number of characters since the last one for which `ends` is true."""
    count = 0
    values = []
    for character in text:
        count = 0 if ends(character) else count + 1
        values.append(count)
    return values


def _inside(
    text: str, pattern: str, flags: int = 0, group: int = 0
) -> np.ndarray:
    """1 at characters that match a pattern, or a group of it."""
    values = np.zeros(len(text))
    for match in re.finditer(pattern, text, flags):
        values[match.start(group) : match.end(group)] = 1
    return values
