"""UTF-8, UTF-16 and UTF-32 are recognised by their bytes."""

import pytest

from charrnn.text.recognition import Utf8Count, without_mark

FRENCH = "« Déjà ? » dit l’élève, où qu’il fût… — “ça” va.\n"


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_utf_8_is_counted_in_pieces(size):
    data = "é中\U0001f600a".encode() + b"\xe9\xe9" + "é".encode()
    count = Utf8Count()
    for start in range(0, len(data), size):
        count.add(data[start : start + size])
    count.add(b"", final=True)
    assert (count.characters, count.invalid, count.size) == (4, 2, len(data))
    assert count.is_mixed and not count.is_valid


@pytest.mark.parametrize(
    "encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
)
@pytest.mark.parametrize("text", [FRENCH, "a", "中文小說。\n", "🙂 \n" * 9])
def test_texts_without_a_mark_are_recognised(text, encoding):
    data = text.encode(encoding)
    expected = encoding if b"\0" in data else None
    assert without_mark(data) == expected


@pytest.mark.parametrize(
    "data", [b"", FRENCH.encode(), b"\x7fELF\x02\0\0\0\xff\xfe" * 9]
)
def test_other_bytes_are_not(data):
    assert without_mark(data) is None
