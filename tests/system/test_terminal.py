"""A terminal shows what is printed; a file gets it to the byte."""

import io
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.system.terminal import (
    escape_controls,
    one_line,
    remark,
    say,
    terminal_safe,
    wrapped,
)

RED = "\x1b[31mred"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b31m", r"\x9b31m"),
        ("\x85", r"\x85"),
        ("\x7f", r"\x7f"),
        ("\x00\x07\x08", r"\x00\x07\x08"),
        ("one\rtwo", r"one\rtwo"),
    ],
)
def test_control_characters_are_escaped(text, expected):
    assert escape_controls(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "one\n\ttwo",
        "👩\u200d👩\u200d👧 🏳\ufe0f\u200d🌈",
        "第一回\u3000甄士隱",
        "e\u0301",
        "\\x1b",
        "\xa0",
    ],
)
def test_other_text_is_left_alone(text):
    assert escape_controls(text) == text


@settings(derandomize=True)
@given(st.text())
def test_escaped_text_has_no_control_characters(text):
    def harmless(character):
        return character in "\n\t" or unicodedata.category(character) != "Cc"

    assert all(map(harmless, escape_controls(text)))
    kept = "".join(filter(harmless, text))
    assert escape_controls(kept) == kept


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_only_a_terminal_gets_escapes(monkeypatch, stream):
    monkeypatch.setattr(sys, "stdout", stream())
    expected = r"\x1b[31mred" if stream is Terminal else RED
    say(RED)
    assert sys.stdout.getvalue() == f"{expected}\n"
    assert terminal_safe(RED) == expected
    other = stream()
    say(RED, other)
    assert other.getvalue() == f"{expected}\n"


@pytest.mark.parametrize(
    "message", ["one\ntwo", RED, "\u202ethree", "caf\u00e9", "\udcff"]
)
def test_a_remark_is_one_harmless_line(capsys, message):
    remark(message)
    output, error = capsys.readouterr()
    assert output == ""
    assert error.startswith("(") and error.endswith(")\n")
    assert error[:-1].isprintable()


def test_a_line_shows_each_character():
    assert one_line("a\tb\n\x00") == "a\u21e5b\u21b5\\x00"


def test_lines_break_between_words_on_a_terminal_only(monkeypatch):
    line = "loss 1.25, validation 1.5: " * 4
    assert wrapped(line) == line
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", "40")
    lines = wrapped(line).split("\n")
    assert len(lines) > 2 and all(len(own) <= 40 for own in lines)
    assert all(own.startswith("  ") for own in lines[1:])
    assert " ".join(map(str.strip, lines)) == line.strip()
