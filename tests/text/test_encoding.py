"""Texts of any size become ids, in the memory or on the disk."""

import hashlib
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn import Vocabulary
from charrnn.text import decoding
from charrnn.text import encoding as encoded
from charrnn.text.byte_vocabulary import ByteVocabulary
from charrnn.text.corpus import Text
from charrnn.text.word_vocabulary import WordVocabulary


@pytest.fixture(params=["memory", "disk"])
def place(request, monkeypatch):
    limit = 1 << 20 if request.param == "memory" else 0
    monkeypatch.setattr(encoded, "MAX_BYTES_IN_RAM", limit)
    return request.param


def text_in(folder, text):
    path = folder / "text.txt"
    path.write_text(text, encoding="utf-8", newline="")
    return Text(path)


def test_a_text_becomes_ids_wherever_they_lie(place, tmp_path):
    text = "to be or not to be\n" * 50 + "é中\U0001f600"
    vocabulary = Vocabulary.from_text(text)
    result = encoded.encode(
        text_in(tmp_path, text), vocabulary, folder=tmp_path
    )
    assert isinstance(result.ids, np.memmap) == (place == "disk")
    assert vocabulary.decode(result.ids) == text
    assert result.ids.dtype == np.uint8
    assert result.sha256 == hashlib.sha256(result.ids.tobytes()).hexdigest()
    assert result.stand_ins == 0


def test_nothing_is_left_on_the_disk(place, tmp_path):
    text = text_in(tmp_path, "abba")
    encoded.encode(text, Vocabulary("ab"), folder=tmp_path)
    assert os.listdir(tmp_path) == ["text.txt"]


@given(
    text=st.text(st.sampled_from("abcdé中"), min_size=1),
    size=st.integers(1, 9),
)
def test_rare_characters_are_replaced_and_counted(tmp_path_factory, text, size):
    source = text_in(tmp_path_factory.mktemp("rare"), text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "BYTES_PER_PIECE", size)
        vocabulary = Vocabulary.from_text(source.pieces(), max_vocab=3)
        result = encoded.encode(source, vocabulary, "replace")
    assert vocabulary == Vocabulary.from_text(text, max_vocab=3)
    assert np.array_equal(result.ids, vocabulary.encode(text, "replace"))
    assert result.stand_ins == sum(
        character not in vocabulary.characters for character in text
    )


def test_an_unknown_character_is_named_with_its_place(
    place, tmp_path, monkeypatch
):
    monkeypatch.setattr(decoding, "BYTES_PER_PIECE", 4)
    with pytest.raises(ValueError, match=r"'x' \(U\+0078\) at position 1,001"):
        encoded.encode(
            text_in(tmp_path, "a" * 1001 + "x"),
            Vocabulary("a"),
            folder=tmp_path,
        )


@pytest.mark.parametrize(
    "kind",
    [
        Vocabulary,
        pytest.param(WordVocabulary, marks=pytest.mark.reliability),
        ByteVocabulary,
    ],
    ids=lambda k: k.unit,
)
def test_a_large_text_takes_no_memory(kind, tmp_path, monkeypatch):
    # Of 64 MB at most a few pieces are in the memory: counted by Python.
    import tracemalloc

    monkeypatch.setattr(encoded, "MAX_BYTES_IN_RAM", 0)
    path = tmp_path / "text.txt"
    size = 64 if kind is Vocabulary else 4  # tracemalloc is slow
    path.write_bytes(b"to be or not to be\n" * ((size << 20) // 19))
    text = Text(path, binary=kind is ByteVocabulary)
    tracemalloc.start()
    vocabulary = kind.from_text(text.pieces())
    result = encoded.encode(text, vocabulary, folder=tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert vocabulary.characters_of(result.ids) == path.stat().st_size
    assert peak < 40 << 20


WORDS = "Don't  panic: 42!\r\n\tif x == e\u0301 \U0001f469\u200d\U0001f467 " * 9


@pytest.mark.parametrize("size", [7, 64])
def test_words_are_not_cut_at_the_end_of_a_piece(
    size, place, tmp_path, monkeypatch
):
    text = WORDS + "a" * 9000 + "中" * 9000
    whole = WordVocabulary.from_text(text)
    text_in(tmp_path, text)
    source = Text(tmp_path / "text.txt", newline="keep")
    monkeypatch.setattr(decoding, "BYTES_PER_PIECE", size)
    assert WordVocabulary.from_text(source.pieces()) == whole
    result = encoded.encode(source, whole, folder=tmp_path)
    assert np.array_equal(result.ids, whole.encode(text))
    assert whole.decode(result.ids) == text


def test_any_bytes_are_read_as_they_are(place, tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "BYTES_PER_PIECE", 3)
    data = b"\xef\xbb\xbfcaf\xc3\xa9\r\n\x00\xff\xe9 \xf0\x9f\x99\x82\xf0\x9f"
    path = tmp_path / "any.bin"
    path.write_bytes(data)
    vocabulary = ByteVocabulary()
    text = Text(path, binary=True, say=print)
    result = encoded.encode(text, vocabulary, folder=tmp_path)
    assert vocabulary.to_bytes(result.ids) == data
    assert result.ids.dtype == np.uint8
