"""Cut a text into lines, which end at LF, CRLF or CR."""

import re

# Unlike str.splitlines, which also cuts at form feeds, U+2028 and others.
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def split_lines(text):
    r"""Cuts a text into lines.

    Args:
        text: A `str`.

    Returns:
        A list of `str`, the lines with their ends: joined, they are the text.

    Example:

    >>> split_lines("one\r\ntwo\f\nthree")
    ['one\r\n', 'two\x0c\n', 'three']
    """
    return LINE.findall(text)
