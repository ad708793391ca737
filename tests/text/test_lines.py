"""Lines end at LF, CRLF or CR, whatever else str.splitlines would take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.text.lines import split_lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("a", ["a"]),
        ("a\nb", ["a\n", "b"]),
        ("a\r\n\r\nb\n", ["a\r\n", "\r\n", "b\n"]),
        ("a\rb\r", ["a\r", "b\r"]),
        ("a\n\rb", ["a\n", "\r", "b"]),
        ("\n\n", ["\n", "\n"]),
        (
            "a\fb\vc\x1cd\x85e\u2028f\u2029g",
            ["a\fb\vc\x1cd\x85e\u2028f\u2029g"],
        ),
    ],
)
def test_lines_end_at_lf_crlf_and_cr_only(text, lines):
    assert split_lines(text) == lines


@given(st.text(st.sampled_from("a\r\n\f\u2028")))
def test_lines_are_the_text(text):
    lines = split_lines(text)
    assert "".join(lines) == text
    unix = text.replace("\r\n", "\n").replace("\r", "\n")
    assert len(lines) == unix.count("\n") + (unix[-1:] not in ("", "\n"))
