"""`charrnn.copied` finds exactly what a text shares with a source."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import charrnn
from charrnn.text.copying import Run

LETTERS = ["ab", "abc", "a\x00\U0001f600"]
PAIRS = st.one_of(
    *(
        st.tuples(st.text(letters, max_size=40), st.text(letters, max_size=40))
        for letters in LETTERS
    )
)


def lengths_by_hand(text, source, min_run):
    """The longest common run that each character is in, by trying all."""
    lengths = [0] * len(text)
    for start in range(len(text)):
        for end in range(start + min_run, len(text) + 1):
            if text[start:end] in source:
                for i in range(start, end):
                    lengths[i] = max(lengths[i], end - start)
    return lengths


@given(PAIRS, st.integers(1, 6))
@settings(max_examples=80)
def test_every_run_is_found_and_none_is_made_up(pair, min_run):
    text, source = pair
    found = charrnn.copied(text, source, min_run=min_run)
    expected = lengths_by_hand(text, source, min_run)
    assert found.lengths.tolist() == expected
    assert found.characters == sum(map(bool, expected))
    longest = max(lengths_by_hand(text, source, 1), default=0)
    assert found.longest == longest  # whether it counts as copied or not
    for run in found.runs:
        part = text[run.start : run.start + run.length]
        assert source.find(part) == run.source_start
        longer = text[max(0, run.start - 1) : run.start + run.length]
        assert run.start == 0 or longer not in source
        longer = text[run.start : run.start + run.length + 1]
        assert longer == part or longer not in source


def test_occurrences_are_counted_and_the_longest_run_is_first():
    found = charrnn.copied("xabcdxabx", "ab, abcd, abc", min_run=2)
    assert found.runs == (Run(1, 4, 4, 1), Run(6, 0, 2, 3))
    assert found.share == 6 / 9


def test_a_text_that_is_the_source_is_one_run():
    text = "the sea, the sea " * 300
    found = charrnn.copied(text, text)
    assert [run.length for run in found.runs] == [len(text)]
    assert found.share == 1


def test_runs_of_one_letter_take_no_time_to_speak_of():
    found = charrnn.copied(("a" * 30 + "b") * 300, "a" * 10_000)
    assert found.share == pytest.approx(30 / 31)
    assert len(found.runs) == 300


def test_a_run_of_no_characters_is_refused():
    with pytest.raises(ValueError, match=r"at least 1\. Received 0"):
        charrnn.copied("a", "a", min_run=0)


@given(st.lists(PAIRS, max_size=4), st.integers(1, 4))
@settings(max_examples=40)
def test_no_run_goes_from_one_document_into_the_next(pairs, min_run):
    documents = [text for text, _ in pairs]
    source = "".join(source for _, source in pairs)
    found = charrnn.copied(documents, source, min_run=min_run)
    assert found.text == "".join(documents)
    each = [charrnn.copied(d, source, min_run=min_run) for d in documents]
    assert found.lengths.tolist() == [n for d in each for n in d.lengths]
    assert found.longest == max((d.longest for d in each), default=0)
    assert len(found.runs) == sum(len(d.runs) for d in each)
