"""What is strange in a text is told, in a line each, with its first place."""

import tracemalloc

import pytest

from charrnn.text import decoding
from charrnn.text.corpus import Text

NFC, NFD = "élève\n", "e\u0301le\u0300ve\n"


@pytest.fixture
def told(tmp_path, monkeypatch):
    """A function of texts, that returns what is told of their files."""
    monkeypatch.chdir(tmp_path)

    def told(*texts, encoding="utf-8", **how):
        lines, names = [], []
        for number, text in enumerate(texts):
            names.append(f"{number}.txt")
            data = text if isinstance(text, bytes) else text.encode()
            (tmp_path / names[-1]).write_bytes(data)
        text = Text(names, encoding=encoding, say=lines.append, **how)
        for _ in text.pieces():
            pass
        title = f"{', '.join(names)}: "
        assert all(line.startswith(title) for line in lines)
        return [line.removeprefix(title) for line in lines]

    return told


@pytest.mark.parametrize(
    "text",
    ["plain\ttext\n", NFC, NFD, "привет", "中文", "안녕", "\u0915\u094d\u0930",
     "\ufeffmark first", "‘quotes’"],
)  # fmt: skip
def test_nothing_is_told_of_ordinary_texts(told, text):
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "beginning", "end"),
    [
        ("a\nb\x92c\x93", "2 control characters from U+0080", "repair"),
        ("a\n\ufeffb\ufeff", "2 U+FEFF", "first in line 2"),
        ("\u202eabc\u202c", "2 invisible", "(U+202C, U+202E); first in line 1"),
        ("a\r\rb\x00", "control characters kept: 1", "first in line 3"),
    ],
)
def test_characters_are_told_with_count_and_place(told, text, beginning, end):
    line = told(text)[-1]
    assert line.startswith(beginning) and end in line


def test_the_advice_on_a_text_of_cp1252_is_cp1252(told):
    data = "so\n“What’s this?”".encode("cp1252")
    (line,) = told(data, encoding="latin-1")
    assert line.startswith("3 control characters from U+0080 to U+009F kept")
    assert "first in line 2" in line and "--encoding cp1252" in line
    assert told(data, encoding="cp1252") == []


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        ("“déjà”".encode(), "is valid UTF-8, read as"),
        ("“déjà”".encode() + b"\xe9", "is UTF-8 in some places"),
        (b"d\x8ej\x81 vu", "neither latin-1 nor cp1252"),
        (("中文" * 30).encode("gb18030"), None),
    ],
)
def test_no_advice_damages_a_text(told, data, advice):
    lines = told(data, encoding="latin-1")
    assert not any("cp1252)" in line for line in lines)
    assert advice is None or advice in lines[0]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
@pytest.mark.parametrize("read_as", ["utf-8", "latin-1"])
def test_utf_16_that_was_read_as_something_else_is_told(
    told, encoding, read_as
):
    lines = told("It was a dark night.\n".encode(encoding), encoding=read_as)
    assert f"use --encoding {encoding}" in lines[0]


@pytest.mark.parametrize(
    ("texts", "place"),
    [
        ([NFC + NFD], "U+0065 U+0301 in line 2"),
        ([NFD + NFC], "U+0065 U+0301 in line 1"),
        ([NFC, "a\n" + NFD], "U+0065 U+0301 in line 2 of 1.txt"),
        (["각\n\u1100\u1161"], "U+1100 U+1161 in line 2"),
    ],
)
def test_mixed_normal_forms_are_told(told, texts, place):
    line = told(*texts)[-1]
    assert line.startswith("NFC and NFD are mixed") and place in line
    for form in ("NFC", "NFD"):
        lines = told(*texts, normalize=form)
        assert not any("mixed" in line for line in lines)


def test_all_accents_are_counted_across_pieces(told, monkeypatch):
    monkeypatch.setattr(decoding, "BYTES_PER_PIECE", 1000)
    assert "mixed: 1,000 accents" in told(NFC + NFD * 500)[-1]


def test_a_file_of_several_is_named(told):
    lines = told("plain", "\u200ba\n\ufeff", "\ufeffb\u200e")
    assert lines[0] == "3 files read"
    assert "first in line 2 of 1.txt" in lines[1]
    assert "first in line 1 of 2.txt" in lines[2]


def test_marks_without_an_end_neither_take_long_nor_stop_the_reading(told):
    assert told("\u0301\u0323" * 400_000) == []


def test_the_memory_does_not_grow_with_the_text(told, monkeypatch):
    monkeypatch.setattr(decoding, "BYTES_PER_PIECE", 1 << 16)
    peaks = []
    for times in (1, 4):
        text = "".join(map(chr, range(0x300, 0x3000))) * 10 * times
        data = text.encode()
        tracemalloc.start()
        told(data)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]
