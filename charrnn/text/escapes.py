"""Read backslash escapes as the characters they stand for."""

import re
import sys

SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
ESCAPE = re.compile(
    r"\\(?:([ntr\\])|x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|)"
)


def unescaped(text: str) -> str:
    r"""Reads backslash escapes.

    Args:
        text: With the escapes \n, \t, \r, \\, \xHH, \uHHHH or
            \UHHHHHHHH, in which H is a hexadecimal digit.

    Returns:
        The text that they stand for.

    Raises:
        ValueError: if a backslash does not start an escape.

    Example:

    >>> unescaped(r"one\ntwo \u2014")
    'one\ntwo —'
    """

    def character(match: re.Match[str]) -> str:
        simple, *numbers = match.groups()
        if simple:
            return SIMPLE[simple]
        number = int(next(filter(None, numbers), "110000"), 16)
        if number > sys.maxunicode:
            received = text[match.start() : max(match.end(), match.start() + 2)]
            raise ValueError(
                r"Expected the escapes \n, \t, \r, \\, \xHH, \uHHHH or "
                rf"\UHHHHHHHH. Received '{received}' at position "
                rf"{match.start():,}. Write \\ for a backslash."
            )
        return chr(number)

    return ESCAPE.sub(character, text)
