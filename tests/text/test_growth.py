"""A vocabulary that grows keeps its ids, and then knows the new text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.text.byte_vocabulary import ByteVocabulary
from charrnn.text.document_vocabulary import DocumentVocabulary
from charrnn.text.growth import grown
from charrnn.text.relatives import units_of
from charrnn.text.vocabulary import Vocabulary
from charrnn.text.word_vocabulary import WordVocabulary

repeatable = settings(deadline=None, derandomize=True, max_examples=25)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
KINDS = [Vocabulary, WordVocabulary]
OLD = "out of the cradle, out of the cradle\n"


@pytest.mark.parametrize("kind", KINDS)
@repeatable
@given(old=texts, new=texts)
def test_old_ids_stay_and_the_new_text_is_known(kind, old, new):
    before = kind.from_text(old * 2)
    after = grown(before, [new * 2])
    assert units_of(after)[: len(before)] == units_of(before)
    assert after.decode(after.encode(new)) == new
    assert set(after.alphabet) == {*old, *new}
    assert grown(after, [new * 2]) is after


@pytest.mark.parametrize(
    "new",
    [
        "Straße, süß — geht’s?\n",
        "Все счастливые семьи\n",
        "紅樓夢\u3000第一回",
        "e\u0301 🏳\ufe0f\u200d🌈\x00",
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_nasty_texts_are_known_after_growing(kind, new):
    after = grown(kind.from_text(OLD), [new, new])
    assert after.decode(after.encode(OLD + new)) == OLD + new


def test_bytes_never_grow():
    known = ByteVocabulary()
    assert grown(known, ["süß"]) is known


def test_rare_new_characters_are_read_as_one():
    after = grown(Vocabulary("ab"), ["abßöö"], min_count=2)
    assert after.characters == "abö\ufffd"
    assert after.encode("aßö", "replace").tolist() == [0, 3, 2]


def test_a_stand_in_that_is_there_serves_again():
    after = grown(Vocabulary("a\ufffd"), ["bbb c"], min_count=2)
    assert after.characters == "a\ufffdb"


def test_the_most_frequent_new_characters_are_added():
    after = grown(Vocabulary("ab"), ["cdddeef"], max_vocab=5)
    assert after.characters == "abde\ufffd"


def test_no_place_for_the_stand_in_is_an_error():
    with pytest.raises(ValueError, match="--max-vocab of 3 or more.* 2 char"):
        grown(Vocabulary("ab"), ["abc"], max_vocab=2)
    assert len(grown(Vocabulary("ab"), ["ab"], max_vocab=2)) == 2


@pytest.mark.parametrize("max_vocab", [1, 8, 11, 12, None])
def test_words_grow_to_a_limit_and_characters_always(max_vocab):
    before = WordVocabulary([*" aehst", " the"])
    text = " the sea saß, sah, saß, saß, sah, mal"
    after = grown(before, [text], min_count=2, max_vocab=max_vocab)
    new = ["ß", "l", "m", ","]
    added = [" saß", " sah"]
    size = max(11, min(max_vocab or 99, 13))
    assert after.words[7:11] == tuple(sorted(new))
    assert list(after.words[11:]) == added[: size - 11]
    assert after.decode(after.encode(text)) == text


@pytest.mark.parametrize("kind", KINDS)
def test_a_vocabulary_of_documents_grows_inside(kind):
    before = DocumentVocabulary(kind.from_text("anna\n", 1), "lines")
    after = grown(before, ["süß", "süß"])
    assert after.decode(after.encode("süß\nanna\n")) == "süß\nanna\n"
    assert units_of(after.base)[: len(before.base)] == units_of(before.base)
    assert after.boundary == len(after) - 1 > before.boundary
    assert after.by == "lines"
    assert grown(after, ["süß"]) is after
