"""What an expression means is what Python says; every sample matches it."""

import re

import pytest
from control_samplers import SAMPLERS, VOCABULARIES
from hypothesis import given, settings
from hypothesis import strategies as st
from random_expressions import expressions, texts

from charrnn import Forbid, Match

repeatable = settings(deadline=None, derandomize=True)


def accepts(form, text):
    vocabulary = form.vocabulary.inner
    state = form.start("")
    for unit in vocabulary.encode(text).tolist():
        state = form.advance(state, unit)
        if state < 0:
            return False
    return form.can_finish(state)


@given(expressions(), st.lists(texts(), max_size=20))
@settings(repeatable, max_examples=40)
def test_an_expression_means_what_python_says(pattern, strings):
    try:
        match = Match(pattern, VOCABULARIES["character"])
    except ValueError:
        match = None
    for text in strings:
        expected = re.fullmatch(pattern, text) is not None
        assert expected == (match is not None and accepts(match, text)), text


def check_samples(pattern, name, length, count):
    """Whether samples match; how many there were."""
    sampler = SAMPLERS[name]
    try:
        match = Match(pattern, sampler.vocabulary)
        how = {"length": length, "count": count, "constraints": [match]}
        samples = sampler.generate(**how)
    except ValueError as error:
        assert re.search("nothing matches|takes more|shortest", str(error))
        return 0
    for sample in samples:
        assert re.fullmatch(pattern, sample.text), (pattern, sample)
        assert sample.stop_reason in ("complete", "length", "end")
        assert len(VOCABULARIES[name].inner.encode(sample.text)) <= 4 * length
    return count


KINDS = ("character", "word", "document")  # bytes take longer to prepare


@given(expressions(), st.sampled_from(KINDS), st.integers(0, 40))
@settings(repeatable, max_examples=10)
def test_every_sample_matches(pattern, name, length):
    check_samples(pattern, name, length, count=3)


@pytest.mark.slow
@given(expressions(), st.sampled_from(sorted(VOCABULARIES)), st.integers(0, 40))
@settings(repeatable, max_examples=100)
def test_every_sample_of_any_unit_matches(pattern, name, length):
    check_samples(pattern, name, length, count=3)


@pytest.mark.reliability
def test_ten_thousand_samples_match(tally):
    @given(
        expressions(12),
        st.sampled_from(sorted(VOCABULARIES)),
        st.integers(0, 60),
    )
    @settings(repeatable, max_examples=1000)
    def check(pattern, name, length):
        drawn = check_samples(pattern, name, length, count=20)
        tally["samples of random expressions match"] += drawn
        tally["random expressions"] += drawn > 0

    check()
    assert tally["samples of random expressions match"] >= 10_000


def ended(text, pattern, strings, reason):
    """A text up to the first stop string where an expression lets it end."""
    for place in range(len(text) + 1):
        for string in strings:
            cut = place - (len(string) if reason == "stop" else 0)
            found = text[:place].endswith(string)
            if found and re.fullmatch(pattern, text[:cut]):
                return text[:cut], reason
    return text, "complete"


@pytest.mark.parametrize("reason", ["stop", "stop_after"])
@pytest.mark.parametrize("name", ["character", "word"])
def test_a_stop_string_counts_only_where_the_text_may_end(name, reason):
    pattern, strings = r"(?s:.{2})*", ["a", "b. "]
    sampler = SAMPLERS[name]
    match = Match(pattern, sampler.vocabulary)
    how = {"length": 60, "count": 30, "constraints": [match], "seed": 1}
    whole = sampler.generate(**how)
    samples = sampler.generate(**how, **{reason: strings})
    ignored = 0
    for sample, all_of_it in zip(samples, whole, strict=True):
        text, why = ended(all_of_it.text, pattern, strings, reason)
        assert sample.text == text
        if why == reason:
            assert sample.stop_reason == reason
        ignored += "a" in sample.text[:-1]
    assert 0 < ignored < 30


def test_stop_strings_are_kept_beside_what_is_forbidden():
    sampler = SAMPLERS["word"]
    forbid = Forbid(["b"], sampler.vocabulary)
    how = {"length": 90, "count": 40, "stop": ["a"]}
    for sample in sampler.generate(constraints=[forbid], **how):
        assert not {"a", "b"} & set(sample.text)
