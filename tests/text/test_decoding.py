"""What is said of bytes that are not in their encoding is right."""

import io

import pytest

from charrnn.text import decoding
from charrnn.text.decoding import decoded

FRENCH = "« Déjà ? » dit l’élève, où qu’il fût… — “ça” va.\n"


def refused(data, encoding="utf-8"):
    with pytest.raises(ValueError) as error:
        list(decoded(io.BytesIO(data), encoding, "notes.txt"))
    return str(error.value)


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (FRENCH.encode("cp1252"), "for example cp1252"),
        ("l\u2019\u0153uvre".encode("cp1252"), "for example cp1252"),
        ("déjà vu".encode("latin-1"), "for example latin-1."),
        (("déjà été, où çà\n" * 30).encode("mac_roman"), "mac_roman"),
        (("für déjà vu, Öl\n" * 30).encode("cp850"), "cp850"),
        (("— Привет, мир!\n" * 30).encode("cp1251"), "cp1251"),
        (("中文小說，寶玉。\n" * 30).encode("gb18030"), "gb18030"),
        (("吾輩は猫である。\n" * 30).encode("shift_jis"), "shift_jis"),
        (("안녕하세요 세계\n" * 30).encode("euc-kr"), "euc-kr"),
        (FRENCH.encode("utf-16"), "use --encoding utf-16."),
        (FRENCH.encode("utf-16-le"), "use --encoding utf-16-le."),
        (FRENCH.encode("utf-16-be"), "use --encoding utf-16-be."),
        (FRENCH.encode("utf-32-be"), "use --encoding utf-32-be."),
        (("中文小說。\n" * 9).encode("utf-16-le"), "--encoding utf-16-le."),
        (FRENCH.encode()[:-7], "was cut off"),
        (FRENCH.encode() + "déjà".encode("latin-1"), "It is mixed"),
        ("café ".encode("latin-1") + FRENCH.encode(), "It is mixed"),
        (b"\x7fELF\x02\x01\x00\x00\x00\xff\xfe" * 9, "binary file"),
    ],
)
def test_the_advice_fits_the_bytes(data, advice):
    assert advice in refused(data)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-16"])
def test_a_text_in_utf_8_is_known(encoding):
    advice = refused("“déjà” \u0411".encode(), encoding)
    assert "leave --encoding out" in advice or "utf-16-le" in advice


@pytest.mark.parametrize("piece", [1, 3, 7, 1 << 20])
def test_the_first_invalid_byte_has_an_offset_and_a_line(monkeypatch, piece):
    monkeypatch.setattr(decoding, "BYTES_PER_PIECE", piece)
    message = refused("one\ntwo é\n".encode() * 200 + b"caf\xe9\n")
    place = "byte 0xE9 at offset 2,203 (line 401); all before it is valid"
    assert place in message
    assert "all before" not in refused(b"\x93What?\x94")


@pytest.mark.parametrize("place", [0, 10_000, 20_000])
def test_of_a_large_file_what_is_around_the_byte_counts(monkeypatch, place):
    monkeypatch.setattr(decoding, "SAMPLE_BYTES", 100)
    data = bytearray("ééééé".encode() * 2000)
    data[place:place] = b"\xff\xff"
    message = refused(bytes(data))
    assert f"offset {place:,}" in message and "It is mixed" in message
