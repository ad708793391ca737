"""Characters that an expression names, and a model does not know."""

import pytest

from charrnn import Vocabulary
from charrnn.writing.named_characters import never_written


@pytest.mark.parametrize("pattern, expected", [
    ("[0-9]+", "01456789"), (r"\d", "01456789"), (r"[\d.]", ".01456789"),
    ("(cab|dot|b)", "dot"), ("(?:x?|[yz]*?)a", "xyz"),
    ("(?i)[A-D]", "D"), ("[A-D]", "ABD"), ("(?i:A)|(B)", "B"),
    ("(?i)(?-i:A)", "A"), (".", ""), ("[^q]", ""), (r"\w|\s|\D", ""),
    (r"[\w!]", ""), (r"[\x00-\uffff]|[ -~]", ""), ("[abc]|a{2,3}2", ""),
])  # fmt: skip
def test_small_classes_and_literals_are_named(pattern, expected):
    vocabulary = Vocabulary("23Cabc")
    assert "".join(never_written([pattern], vocabulary)) == expected


def test_each_character_of_several_expressions_is_named_once():
    assert never_written(["[12]", "[23]"], Vocabulary("2")) == ["1", "3"]
