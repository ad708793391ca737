"""Any bytes come back from their ids."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.text.byte_vocabulary import ByteVocabulary, shown

repeatable = settings(deadline=None, derandomize=True, max_examples=200)


@repeatable
@given(st.one_of(st.binary(), st.text().map(lambda s: s.encode("utf-8"))))
def test_decode_inverts_encode_of_any_bytes(data):
    bytes_known = ByteVocabulary()
    ids = bytes_known.encode(data)
    assert bytes_known.to_bytes(ids) == data
    text = bytes_known.decode(ids)
    assert bytes_known.encode(text).tobytes() == data
    shown(text).encode("utf-8")  # is a text that can be printed


@repeatable
@given(st.binary())
def test_one_byte_after_another_gives_the_same_text(data):
    decode = ByteVocabulary().decoder()
    text = "".join(map(decode, data))
    written = text.encode("utf-8", "surrogateescape")
    assert data.startswith(written)
    assert len(data) - len(written) < 4  # the beginning of a character


@repeatable
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_characters_are_counted(text):
    bytes_known = ByteVocabulary()
    assert bytes_known.characters_of(bytes_known.encode(text)) == len(text)


def test_half_a_surrogate_pair_is_no_byte():
    with pytest.raises(ValueError, match="U\\+D800, at position 12"):
        ByteVocabulary().encode("ab\ud800", position=10)


@pytest.mark.parametrize("wrong", [-1, 256])
def test_other_numbers_are_no_bytes(wrong):
    with pytest.raises(ValueError, match="Expected ids from 0 to 255"):
        ByteVocabulary().decode(np.array([wrong]))


def test_all_byte_vocabularies_are_equal():
    assert ByteVocabulary() == ByteVocabulary.from_text("any")
    assert len({ByteVocabulary(), ByteVocabulary()}) == 1
