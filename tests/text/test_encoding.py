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
from charrnn.text.corpus import Text


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


def test_a_large_text_takes_no_memory(tmp_path, monkeypatch):
    # Of 64 MB at most a few pieces are in the memory: counted by Python.
    import tracemalloc

    monkeypatch.setattr(encoded, "MAX_BYTES_IN_RAM", 0)
    path = tmp_path / "text.txt"
    path.write_bytes(b"to be or not to be\n" * ((64 << 20) // 19))
    text = Text(path)
    tracemalloc.start()
    vocabulary = Vocabulary.from_text(text.pieces())
    result = encoded.encode(text, vocabulary, folder=tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(result.ids) == path.stat().st_size
    assert peak < 40 << 20
