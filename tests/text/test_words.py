"""A text is cut where a reader expects it, and however it comes in."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.text import words
from charrnn.text.words import cut, first_word, settled, settled_length

repeatable = settings(deadline=None, derandomize=True, max_examples=200)
# What is easily torn: marks, joiners, spaces and line ends of all kinds.
PARTS = [
    " ", "  ", "\n", "\r\n", "\r", "\t", "\u3000", "\xa0", "\u2028", "'", "’",
    "don't", "e\u0301", "\u0301", "a" * 40, "\u0301" * 20, "\u200d", "\u200c",
    "\U0001f469\u200d\U0001f467", "1\ufe0f\u20e3", "שלום", "\u202e", "12345",
    "if (x==y_1):\n    return  x", "紅樓夢", "アメリカ", "です", "ไทย", "हिन्दी",
    "Привет", "Straße", "--", "...", "\x00", "\x1b[31m", "\ufffd", "_", "²",
]  # fmt: skip
nasty = st.lists(
    st.one_of(
        st.sampled_from(PARTS),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    )
).map("".join)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("To be, or not", "To| be|,| or| not"),
        ("I don't know", "I| don't| know"),
        ("Über die Straße geht’s.", "Über| die| Straße| geht’s|."),
        ("Привет, мир!", "Привет|,| мир|!"),
        (
            "\tif x == 10:\n        return",
            "\t|if| x| ==| 10|:|\n|       | return",
        ),
        ("紅樓夢 第一回", "紅|樓|夢| |第|一|回"),
        ("アメリカへ", "アメリカ|へ"),
        ("e\u0301te\u0301 caf\u00e9", "e\u0301te\u0301| caf\u00e9"),
        ("हिन्दी में", "हिन्दी| में"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("🏳\ufe0f\u200d🌈 1\ufe0f\u20e3", "🏳\ufe0f\u200d🌈| 1\ufe0f\u20e3"),
        ("a\r\n\r\nb", "a|\r\n\r\n|b"),
        ("foo_bar1", "foo|_|bar|1"),
        ("in 1984, 12345", "in| 1984|,| 1234|5"),
    ],
)
def test_words_are_cut_where_a_reader_expects_it(text, expected):
    assert cut(text) == expected.split("|")


@repeatable
@given(nasty)
def test_the_cuts_are_the_text(text):
    assert "".join(cut(text)) == text


@repeatable
@given(nasty, st.lists(st.integers(0, 200)))
def test_blocks_are_cut_like_the_whole(text, places):
    text *= 3
    places = [0, *sorted(min(p, len(text)) for p in places), len(text)]
    blocks = [text[a:b] for a, b in itertools.pairwise(places) if a < b]
    pieces = list(settled(blocks))
    assert "".join(pieces) == text
    assert [word for piece in pieces for word in cut(piece)] == cut(text)


@pytest.mark.parametrize("kind", ["a", "中", "a\u0301", ".", "1", "a'"])
def test_blocks_without_white_space_are_cut_like_the_whole(kind):
    text = kind * (40_000 // len(kind))
    blocks = [text[i : i + 9_999] for i in range(0, len(text), 9_999)]
    pieces = list(settled(blocks))
    assert len(pieces) > 2
    assert [word for piece in pieces for word in cut(piece)] == cut(text)


@repeatable
@given(nasty)
def test_what_stands_before_a_border_is_cut_alike_by_itself(text):
    cuts = cut(text)
    for count in range(len(cuts)):
        assert cut("".join(cuts[:count])) == cuts[:count]


def test_no_cut_looks_further_ahead_than_it_says():
    longest = "'".join([("a" * 32 + ("\u0301" * 8 + "a" * 32) * 32)] * 4)
    assert cut(f" {longest}'") == [f" {longest}", "'"]
    assert len(longest) + 2 < words.LONGEST_CUT


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("I am Napo", " Napo"),
        ("Emperor of ", " "),
        ("don'", "don'"),
        ("He said: ", " "),
        ("the end.\n", "\n"),
        ("日本", "本"),
        ("x = 12", " 12"),
        ("", ""),
    ],
)
def test_the_rest_of_a_prompt_is_what_may_become_longer(text, rest):
    assert text[settled_length(text) :] == rest


@repeatable
@given(nasty, nasty)
def test_what_is_settled_is_cut_alike_whatever_comes_next(text, more):
    place = settled_length(text)
    settled_cuts = cut(text[:place])
    assert cut(text + more)[: len(settled_cuts)] == settled_cuts


@repeatable
@given(nasty, nasty, nasty)
def test_a_whole_word_stays_whatever_is_written_next(before, text, rest):
    position = len(before)
    text = before + text
    word = first_word(text, position)
    if word is None or not word.is_whole:
        return
    end = 0
    for part in cut(text + rest):
        end += len(part)
        if end > position and not part.isspace():
            break
    assert (text[word.begin : word.end], word.end) == (part.lstrip(" "), end)


@repeatable
@given(nasty, nasty)
def test_white_space_makes_every_word_whole(before, text):
    word = first_word(before + text + "\n", len(before))
    assert word is None if not text.strip() else word.is_whole
