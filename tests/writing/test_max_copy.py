"""No run of the source that is longer than allowed is ever completed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import engine_of

import charrnn
from charrnn.writing.constraints import Left

SOURCE = "abc abd cab, bad cab; a bad bed\nabc abd cab, dab"
WORDS = charrnn.WordVocabulary([*"\n ,;abcde", " abd", " cab", " bad cab;"])
VOCABULARIES = {
    "character": charrnn.Vocabulary("\n ,;abcde"),
    "word": WORDS,
    "byte": charrnn.ByteVocabulary(),
    "document": charrnn.DocumentVocabulary(
        charrnn.Vocabulary(" ,;abcde"), "lines"
    ),
}
LETTERS = st.text("ab c", max_size=30)


def copies(text, source, max_run, begins):
    """Whether a run ends at or after a position, and is too long."""
    size = max_run + 1
    ends = range(max(begins + 1, size), len(text) + 1)
    return any(text[end - size : end] in source for end in ends)


@given(
    st.sampled_from(["character", "word"]), LETTERS, LETTERS, st.integers(1, 6)
)
@settings(max_examples=60)
def test_a_unit_is_forbidden_if_and_only_if_it_copies(
    unit, source, prompt, max_run
):
    vocabulary = VOCABULARIES[unit]
    rule = charrnn.MaxCopy(source, vocabulary, max_run=max_run)
    allowed = rule.allowed(rule.start(prompt), Left()).tolist()
    texts = [vocabulary.decode([i]) for i in range(len(vocabulary))]
    assert allowed == [
        not copies(prompt + text, source, max_run, len(prompt))
        for text in texts
    ]


@given(
    st.sampled_from(["character", "word"]), LETTERS, LETTERS, st.integers(1, 9)
)
@settings(max_examples=40)
def test_what_is_not_looked_up_would_not_have_been_found(
    unit, source, text, max_run
):
    vocabulary = VOCABULARIES[unit]
    rule = charrnn.MaxCopy(source, vocabulary, max_run=max_run)
    state, so_far = rule.start(""), ""
    for unit_id in vocabulary.encode(text).tolist():
        so_far += vocabulary.decode([unit_id])
        state = rule.advance(state, unit_id)
        again = rule.start(so_far[-max_run:])
        exact = rule.allowed(again._replace(free=0), Left())
        assert (rule.allowed(state, Left()) == exact).all()


def test_a_text_unlike_the_source_is_seldom_looked_up():
    vocabulary = VOCABULARIES["character"]
    rule = charrnn.MaxCopy("abcde" * 9, vocabulary, max_run=20)
    state, looked_up = rule.start(""), 0
    for unit in vocabulary.encode("eba" * 100).tolist():
        state = rule.advance(state, unit)
        looked_up += state.free == 0
    assert not looked_up
    assert rule.mask_key(state) is None and rule.enough(state) == 0


@pytest.mark.parametrize("prompt", ["", "abc a"])
@pytest.mark.parametrize("max_run", [2, 5])
@pytest.mark.parametrize("unit", list(VOCABULARIES))
def test_samples_copy_no_more_than_they_may(unit, max_run, prompt):
    vocabulary = VOCABULARIES[unit]
    source = SOURCE * 2
    sampler = charrnn.Sampler(engine_of(vocabulary))
    rule = charrnn.MaxCopy(source, vocabulary, max_run=max_run)
    samples = sampler.generate(
        prompt, length=60, count=4, seed=2, constraints=[rule]
    )
    for sample in samples:
        text = prompt + sample.text
        assert not copies(text, source, max_run, len(prompt))
    assert any(len(sample.text) > max_run for sample in samples)


def test_a_run_that_begins_in_the_prompt_is_not_completed():
    vocabulary = VOCABULARIES["character"]
    rule = charrnn.MaxCopy("abcde", vocabulary, max_run=3)
    for prompt, forbidden in (("abc", "d"), ("ab", ""), ("xabc", "d")):
        mask = rule.allowed(rule.start(prompt), Left())
        ids = [i for i, allowed in enumerate(mask) if not allowed]
        assert vocabulary.decode(ids) == forbidden


def test_bytes_are_counted_one_by_one():
    vocabulary = VOCABULARIES["byte"]
    rule = charrnn.MaxCopy("né", vocabulary, max_run=2)
    state = rule.start("n\N{LATIN SMALL LETTER E WITH ACUTE}"[:1])
    state = rule.advance(state, 0xC3)
    assert not rule.allowed(state, Left())[0xA9]
    assert rule.allowed(state, Left()).sum() == 255


def test_a_text_ends_if_all_that_may_follow_would_copy():
    vocabulary = charrnn.Vocabulary("a")
    sampler = charrnn.Sampler(engine_of(vocabulary))
    rule = charrnn.MaxCopy("a" * 99, vocabulary, max_run=3)
    (sample,) = sampler.generate(length=9, constraints=[rule])
    assert (sample.text, sample.stop_reason) == ("aaa", "complete")


def test_a_run_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"at least 1 character\. Received 0"):
        charrnn.MaxCopy("a", VOCABULARIES["word"], max_run=0)
