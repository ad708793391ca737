"""Flags and texts come in a model's characters, or it is said why not."""

import unicodedata

import pytest

from charrnn.commands import spelling
from charrnn.commands.spelling import model_text, typed, unescaped


class Engine:
    """What `model_text` looks at."""

    def __init__(self, characters, **text):
        from charrnn.text.vocabulary import Vocabulary

        self.vocabulary = Vocabulary(characters)
        self.facts = {"text": text}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"a\nb\t\r", "a\nb\t\r"),
        (r"\\n", r"\n"),
        (r"\\\n", "\\\n"),
        (r"\x41\xe9\u2014\U0001F600", "Aé—\U0001f600"),
        ("plain é", "plain é"),
        ("", ""),
    ],
)
def test_escapes_are_the_characters_that_they_stand_for(text, expected):
    assert unescaped(text) == expected


@pytest.mark.parametrize(
    ("text", "received"),
    [
        (r"a\q", r"'\q' at position 1"),
        ("a\\", r"'\' at position 1"),
        (r"\x4", r"'\x'"),
        (r"\u12 4", r"'\u'"),
        (r"\U00110000", r"'\U00110000'"),
        ("\\\n", "'\\\n'"),
        (r"\0", r"'\0'"),
    ],
)
def test_what_is_no_escape_is_named(text, received):
    with pytest.raises(ValueError, match=r"Expected the escapes") as error:
        unescaped(text)
    assert f"Received {received}" in str(error.value)


def test_flags_take_the_line_ends_and_the_normal_form_of_the_model(capsys):
    engine = Engine("\ncafé", newline="lf", normalize="NFC")
    assert typed("cafe\u0301\r\n", "--stop", engine) == "café\n"
    assert typed(r"e\u0301\r", "--stop", engine, escapes=True) == "é\n"
    assert capsys.readouterr().err == ""
    kept = Engine("\r\na", newline="keep")
    assert typed("a\r\n", "--stop", kept) == "a\r\n"


@pytest.mark.parametrize("escape", [r"\n", r"\t", r"\r", r"\x0a", r"\u000a"])
def test_what_looks_like_an_escape_gets_a_hint(capsys, escape):
    word = f"A{escape}B"
    with pytest.raises(ValueError, match=r"--stop: .*U\+005C") as error:
        typed(word, "--stop", Engine("\nAB"), skip=False)
    assert f"--escapes makes one character of it, and so does $'{escape}'" in (
        str(error.value)
    )
    assert "--unknown skip" not in str(error.value)
    # A model of source code knows it: it may be meant.
    assert typed(word, "--prompt", Engine("\nAB\\ntrxua0")) == word
    told = capsys.readouterr().err
    assert told.startswith(f"(--prompt: {escape} is read as it is typed")
    assert "--prompt-file" in told


def test_a_backslash_alone_gets_no_hint(capsys):
    assert typed("C:\\Down", "--prompt", Engine("C:\\Down")) == "C:\\Down"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("unknown", "text", "expected", "told"),
    [
        ("nearest", "“A” — A’A", "\"A\" -- A'A",
         "(x: read '“' (U+201C) as '\"'; '”' (U+201D) as '\"'; '—' (U+2014) as "
         "'--'; '’' (U+2019) as \"'\")"),
        ("nearest", "A’’A\u200b", "A''A",
         "(x: read '’' (U+2019) as \"'\", 2 times; '\\u200b' (U+200B) as "
         "nothing)"),
        ("skip", "A€A→€", "AA",
         "(x: left out 3 characters that the model does not know: '€' "
         "(U+20AC), 2 times; '→' (U+2192))"),
        ("replace", "A€", "A\ufffd",
         "(x: read as U+FFFD: a character that the model does not know: '€' "
         "(U+20AC))"),
        ("skip", "A A", "A A", ""),
    ],
)  # fmt: skip
def test_what_became_of_unknown_characters_is_told_once(
    capsys, unknown, text, expected, told
):
    engine = Engine(" \"'-A\ufffd")
    assert model_text(text, engine, unknown, "x") == expected
    assert capsys.readouterr().err == (told and told + "\n")


def test_many_kinds_of_characters_are_told_in_one_line(capsys):
    strange = "".join(map(chr, range(0x4E00, 0x4E00 + 500))) * 2
    assert model_text(f"A{strange}", Engine("A"), "skip", "a\nb") == "A"
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("(a\\nb: left out 1,000 characters")
    assert line.endswith("and 492 others)")
    assert len(line) < 400


@pytest.mark.parametrize(
    ("text", "characters", "hint"),
    [
        ("It’s", "It's", "--unknown nearest reads '’' (U+2019) as \"'\"."),
        ("’漢", "'", 'as "\'", but not the others.'),
        (unicodedata.normalize("NFD", "déjà"), "déjà", "into NFC, which is"),
        ("déjà", unicodedata.normalize("NFD", "déjà"), "into NFD, which is"),
        ("Ａ１", "A1", "into NFKC, which is"),
    ],
)
def test_an_unknown_character_gets_the_advice_that_helps(
    text, characters, hint
):
    with pytest.raises(ValueError, match=r"Received") as error:
        model_text(text, Engine(characters), "error")
    assert hint in str(error.value)
    assert str(error.value).endswith("Or leave them out: --unknown skip.")


def test_what_resembles_nothing_gets_no_such_advice():
    for unknown in ("error", "nearest"):
        with pytest.raises(ValueError, match=r"U\+6F22") as error:
            model_text("漢", Engine("A"), unknown)
        assert "nearest" not in str(error.value)


def test_bytes_that_a_c_locale_does_not_read_are_utf8():
    word = "é".encode().decode("ascii", "surrogateescape")
    assert typed(word, "--prompt", Engine("é")) == "é"
    with pytest.raises(ValueError, match=r"byte 0xE9 at .*--encoding"):
        typed("a\udce9", "--prompt", Engine("a"))
    with pytest.raises(ValueError, match=r"half of a surrogate pair"):
        typed("a\ud800", "--prompt", Engine("a"))


def test_a_locale_that_reads_utf8_as_something_else_is_named(monkeypatch):
    monkeypatch.setattr(
        spelling.sys, "getfilesystemencoding", lambda: "iso8859-1"
    )
    with pytest.raises(ValueError, match=r"flags are in iso8859-1: .*UTF-8"):
        typed("Ã©", "--prompt", Engine("é"))
