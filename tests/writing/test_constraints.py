"""Samples keep to constraints, and are drawn as the model would draw them."""

import collections

import numpy as np
import pytest
from random_networks import engine_of

from charrnn import (
    ByteVocabulary,
    DocumentVocabulary,
    Sampler,
    Vocabulary,
    WordVocabulary,
)
from charrnn.writing.constraints import Left
from charrnn.writing.probabilities import log_total, probabilities
from charrnn.writing.random_numbers import uniforms
from charrnn.writing.state import keep_rows

WORDS = WordVocabulary([*" .abcdeno", " abc", " bed", " cab", " ocean"])
VOCABULARIES = {
    "character": Vocabulary("\n .abcde"),
    "word": WORDS,
    "byte": ByteVocabulary(),
    "document": DocumentVocabulary(Vocabulary("\n .abcde"), "lines"),
}


class Without:
    """Texts without some characters, of a minimum number of units."""

    def __init__(self, vocabulary, characters, least=0):
        texts = [vocabulary.decode([i]) for i in range(len(vocabulary))]
        self.mask = np.array(
            [not set(characters) & set(text) for text in texts]
        )
        self.least = least
        self.prompts = []
        self.lefts = []

    def start(self, prompt):
        self.prompts.append(prompt)
        return 0

    def allowed(self, state, left):
        self.lefts.append(left)
        return self.mask

    def advance(self, state, unit):
        assert self.mask[unit]
        return min(state + 1, self.least)

    def can_finish(self, state):
        return state == self.least


class Script(Without):
    """One text only, from which the model may end where `may_end` says."""

    def __init__(self, vocabulary, text, may_end=()):
        self.ids = vocabulary.inner.encode(text).tolist()
        self.size, self.may_end = len(vocabulary), may_end

    def start(self, prompt):
        return 0

    def allowed(self, state, left):
        mask = np.zeros(self.size, bool)
        mask[self.ids[state : state + 1]] = True
        return mask

    def ends(self, state, left):
        return np.ones(self.size, bool)

    def advance(self, state, unit):
        assert self.ids[state] == unit
        return state + 1

    def can_finish(self, state):
        return state == len(self.ids) or state in self.may_end


@pytest.fixture(params=VOCABULARIES)
def sampler(request):
    return Sampler(engine_of(VOCABULARIES[request.param]))


def test_a_constraint_holds_in_each_sample(sampler):
    rule = Without(sampler.vocabulary, "ae", least=3)
    samples = sampler.generate("b", length=30, count=20, constraints=[rule])
    assert rule.prompts == ["b"]
    for sample in samples:
        assert not {"a", "e"} & set(sample.text)
        assert sample.stop_reason in ("length", "end")
        assert 0 < sample.masked < 1
    assert rule.lefts[-1].units is not None


def test_all_of_several_constraints_hold(sampler):
    rules = [Without(sampler.vocabulary, c) for c in "ab."]
    for sample in sampler.generate(length=50, count=5, constraints=rules):
        assert not set("ab.") & set(sample.text)


def test_without_constraints_nothing_is_masked(sampler):
    (sample,) = sampler.generate(length=20)
    assert sample.masked == 0
    state = sampler.start("b")
    assert state.constraints == state.progress == ()
    _, state = sampler.step(state)
    assert state.ended == () and state.steered is None


def test_units_are_drawn_from_the_models_distribution_without_the_masked():
    sampler = Sampler(engine_of(VOCABULARIES["character"]))
    rule = Without(sampler.vocabulary, "ab")
    state = sampler.start("c", count=9, seed=4, constraints=[rule])
    for position in range(20):
        p = probabilities(state.logits, temperature=0.7) * rule.mask
        ends = (p / p.sum(-1, keepdims=True)).cumsum(-1)
        numbers = [uniforms(4, i, position, 1)[0] for i in range(9)]
        plain = 1 - (probabilities(state.logits) * rule.mask).sum(-1)
        before = state.logits
        ids, state = sampler.step(state, temperature=0.7)
        assert ids.tolist() == [
            np.searchsorted(row, number, side="right")
            for row, number in zip(ends, numbers, strict=True)
        ]
        kept = np.exp(log_total(state.steered) - log_total(before))
        assert 1 - kept == pytest.approx(plain, abs=1e-6)


@pytest.mark.parametrize("filters", [
    {"temperature": 0.0}, {"top_k": 1}, {"top_p": 0.1}, {"min_p": 1.0},
])  # fmt: skip
def test_filters_see_only_what_is_allowed(sampler, filters):
    likeliest = int(sampler.start("b").logits[0].argmax())
    rule = Without(sampler.vocabulary, "")
    rule.mask = np.arange(len(sampler.vocabulary)) != likeliest
    state = sampler.start("b", constraints=[rule])
    ids, _ = sampler.step(state, **filters)
    assert ids[0] != likeliest


def test_a_sample_is_complete_when_nothing_may_follow(sampler):
    rule = Script(sampler.vocabulary, "abc")
    (sample,) = sampler.generate(length=9, constraints=[rule])
    boundary = sampler.vocabulary.boundary
    assert sample.text == "abc"
    assert sample.stop_reason == ("complete" if boundary is None else "end")
    (sample,) = sampler.generate(length=3, constraints=[rule])
    assert (sample.text, sample.stop_reason) == ("abc", "length")


def test_the_model_may_end_where_a_constraint_says_so():
    """The text ends as often as the model would leave the script there."""
    sampler = Sampler(engine_of(VOCABULARIES["character"]))
    rule = Script(sampler.vocabulary, "abc", may_end={2})
    logits, _ = sampler.engine.read(sampler.vocabulary.encode("dab")[None])
    p = probabilities(logits)[0, sampler.vocabulary.characters.index("c")]
    samples = sampler.generate("d", length=9, count=4000, constraints=[rule])
    texts = collections.Counter(sample.text for sample in samples)
    assert set(texts) == {"ab", "abc"}
    sigma = np.sqrt(4000 * p * (1 - p))
    assert abs(texts["abc"] - 4000 * p) < 4 * sigma
    assert {sample.stop_reason for sample in samples} == {"complete"}


def test_a_constraint_that_ends_nothing_is_kept_beside_one_that_does():
    sampler = Sampler(engine_of(VOCABULARIES["character"]))
    script = Script(sampler.vocabulary, "abc", may_end={2})
    # Only "c" may be drawn after "ab", so that the text cannot end there.
    rule = Without(sampler.vocabulary, "\n .abde")
    state = sampler.start("ab", constraints=[script, rule])
    at_end = keep_rows(state, [0])
    object.__setattr__(at_end, "progress", ((2, 0),))
    _, after = sampler.step(at_end)
    assert after.progress == ((3, 0),)


def test_a_dead_end_ends_a_sample():
    sampler = Sampler(engine_of(VOCABULARIES["character"]))
    rule = Script(sampler.vocabulary, "ab")
    rule.can_finish = lambda state: False
    (sample,) = sampler.generate(length=9, constraints=[rule])
    assert (sample.text, sample.stop_reason) == ("ab", "dead end")


def test_constraints_know_how_much_is_left():
    sampler = Sampler(engine_of(VOCABULARIES["word"]))
    for length_in in ("units", "characters"):
        rule = Without(WORDS, "a")
        how = {"length": 6, "length_in": length_in, "constraints": [rule]}
        (sample,) = sampler.generate(". ", **how)
        lefts = [getattr(left, length_in) for left in rule.lefts]
        assert lefts[-1] >= 1 and min(lefts) >= 1
        other = {"units": "characters", "characters": "units"}[length_in]
        assert {getattr(left, other) for left in rule.lefts} == {None}
        assert "a" not in sample.text
    rule = Without(WORDS, "a")
    sampler.step(sampler.start(". ", constraints=[rule]))
    assert rule.lefts[-1] == Left()


def test_the_completion_of_a_prompts_last_word_keeps_to_constraints():
    sampler = Sampler(engine_of(VOCABULARIES["word"]))
    rule = Without(WORDS, "d")
    how = {"length": 0, "count": 50, "seed": 3}
    state = sampler.start("a ", count=50, seed=3, constraints=[rule])
    texts = set(state.opening)
    assert any("d" in text for text in sampler.start("a ", count=50).opening)
    assert "" in texts and not any("d" in text for text in texts), how
    rule = Without(WORDS, "".join(WORDS.alphabet))
    state = sampler.start("a ", count=50, seed=3, constraints=[rule])
    assert set(state.opening) == {""}


def test_samples_are_the_same_whatever_the_count(sampler):
    rule = Without(sampler.vocabulary, "a", least=2)
    how = {"length": 12, "seed": 5, "constraints": [rule]}
    many = sampler.generate(count=7, **how)
    few = sampler.generate(count=3, **how)
    assert few == many[:3]


def test_a_mask_of_the_wrong_shape_is_refused(sampler):
    rule = Without(sampler.vocabulary, "a")
    rule.mask = rule.mask[1:]
    with pytest.raises(ValueError, match="Expected constraints to return"):
        sampler.generate(length=3, constraints=[rule])
