"""Translate a regular expression of Python into one of JavaScript."""

import functools
import re

# A class such as `[^\W\d_]`, or the escape of one outside of a class.
_CLASS = re.compile(r"\[\^?[^\]]*\]|\\[wWdDsS]")
_ANY_CHARACTER = "(?s:.)"


def javascript_pattern(pattern: str) -> str:
    r"""Translates a regular expression.

    Every class of characters is listed as ranges of code points, because
    `\w`, `\d` and `\s` mean other characters in JavaScript, and browsers know
    other versions of Unicode.

    Args:
        pattern: Of literal characters, classes, groups, look-ahead and
            quantifiers.

    Returns:
        The source of a regular expression with the flag `u`.

    Example:

    >>> print(javascript_pattern(r"[a-c\t]{1,3}(?= [!b])(?s:.)"))
    [\u{9}\u{61}-\u{63}]{1,3}(?= [\u{21}\u{62}])[^]
    """
    return "[^]".join(
        _CLASS.sub(lambda found: _listed(found[0]), part)
        for part in pattern.split(_ANY_CHARACTER)
    )


@functools.cache
def _listed(of: str) -> str:
    """A class of characters as ranges of code points."""
    runs = re.finditer(f"{of}+", _all_characters())
    ranges = [(ord(run[0][0]), ord(run[0][-1])) for run in runs]
    return f"[{''.join(_range(*bounds) for bounds in ranges)}]"


def _range(first: int, last: int) -> str:
    code = f"\\u{{{first:x}}}"
    return code if first == last else f"{code}-\\u{{{last:x}}}"


@functools.cache
def _all_characters() -> str:
    """All code points in order, with halves of surrogate pairs."""
    return "".join(map(chr, range(0x110000)))
