"""Characters are named, counted and turned into code points."""

import collections

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.text import characters
from charrnn.text.characters import blocks, code_points, frequencies


@settings(derandomize=True)
@given(st.lists(st.text()), st.integers(1, 5))
def test_pieces_are_counted_as_one_text(pieces, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(characters, "CHARACTERS_PER_BLOCK", size)
        assert all(0 < len(block) <= size for block in blocks(pieces))
        assert "".join(blocks(pieces)) == "".join(pieces)
        counts = frequencies(pieces)
    expected = collections.Counter(map(ord, "".join(pieces)))
    assert counts.sum() == expected.total()
    assert all(counts[point] == n for point, n in expected.items())


@pytest.mark.parametrize("text", ["", "a", "é曹🙂\0\U0010ffff", "\ud800"])
def test_code_points_are_those_of_python(text):
    assert code_points(text).tolist() == list(map(ord, text))
