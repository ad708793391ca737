"""A text is read once, and samples go on from there as from the whole text."""

import dataclasses

import numpy as np
import pytest
from random_networks import engine_of

from charrnn import (
    ByteVocabulary,
    DocumentVocabulary,
    Mixture,
    Sampler,
    Vocabulary,
    WordVocabulary,
    prime,
)
from charrnn.writing import prompts

WORDS = [*"\n ,.Nadelnopté", " Napoleon", " a", "Napoleon", " no", ", "]
UNITS = {
    "characters": Vocabulary("\n ,.Nadelnopté"),
    "words": WordVocabulary(dict.fromkeys(WORDS)),
    "bytes": ByteVocabulary(),
    "lines": DocumentVocabulary(Vocabulary(" ,.Nadelnopté"), "lines"),
    "lines of words": DocumentVocabulary(
        WordVocabulary(w for w in dict.fromkeys(WORDS) if w != "\n"), "lines"
    ),
}
TEXT = "a Napoleon, no dot, né Napole"


@pytest.fixture(params=UNITS)
def engine(request):
    return engine_of(UNITS[request.param], seed=1)


@pytest.mark.parametrize("cut", range(0, len(TEXT) + 1, 4))
def test_a_text_in_two_parts_is_read_as_in_one(engine, cut):
    how = {"length": 20, "count": 3, "seed": 4}
    state = prime(engine, TEXT[:cut]) if cut else None
    parts = Sampler(engine).start(TEXT[cut:], state=state, count=3, seed=4)
    whole = Sampler(engine).start(TEXT, count=3, seed=4)
    assert parts.logits == pytest.approx(whole.logits, abs=1e-5)
    assert parts.opening == whole.opening
    found = Sampler(engine).generate(TEXT[cut:], state=state, **how)
    expected = Sampler(engine).generate(TEXT, **how)
    assert [s.text for s in found] == [s.text for s in expected]


def test_a_text_is_read_on_from_an_earlier_state(engine):
    state = prime(engine, TEXT[17:], state=prime(engine, TEXT[:17]))
    whole = prime(engine, TEXT)
    assert state.logits == pytest.approx(whole.logits, abs=1e-5)
    assert (state.rest, state.read) == (whole.rest, TEXT)


def test_nothing_is_read_again_without_a_prompt(engine):
    state = prime(engine, TEXT[:16])
    again = prime(engine, state=state)
    assert np.array_equal(again.logits, state.logits)
    for layer, own in zip(again.recurrent, state.recurrent, strict=True):
        assert all(map(np.array_equal, layer, own))


def test_an_empty_text_is_an_empty_prompt(engine):
    how = {"length": 20, "seed": 1}
    (sample,) = Sampler(engine).generate(state=prime(engine), **how)
    assert sample == Sampler(engine).generate(**how)[0]


def test_all_of_a_long_text_is_read(engine, monkeypatch):
    whole = prime(engine, TEXT)
    monkeypatch.setattr(prompts, "MAX_PROMPT_CHARACTERS", 3)
    monkeypatch.setattr(prompts, "UNITS_PER_PIECE", 2)
    assert prime(engine, TEXT).logits == pytest.approx(whole.logits, abs=1e-5)
    state = prime(engine, TEXT[:4])
    state = Sampler(engine).start(TEXT[4:], state=state)
    cut = Sampler(engine).start(TEXT)
    if not whole.rest:
        assert state.logits == pytest.approx(whole.logits, abs=1e-5)
        assert cut.logits != pytest.approx(whole.logits, abs=1e-5)


@pytest.mark.parametrize("weights", [[0.5, 0.5], [(1, 0), (0, 1)]])
def test_a_mixture_goes_on_from_a_state(engine, weights):
    other = engine_of(engine.vocabulary, seed=2)
    mixture = Mixture([engine, other], weights, over=20)
    how = {"length": 20, "seed": 4}
    state = prime(mixture, TEXT[:5])
    found = Sampler(mixture).generate(TEXT[5:], state=state, **how)
    assert found == [
        dataclasses.replace(
            sample, nats_per_character=pytest.approx(sample.nats_per_character)
        )
        for sample in Sampler(mixture).generate(TEXT, **how)
    ]


class Witness:
    """A constraint that allows all, and notes the text before."""

    def __init__(self, size):
        self.size, self.read = size, None

    def start(self, prompt):
        self.read = prompt
        return 0

    def allowed(self, state, left):
        return np.ones(self.size, bool)

    def advance(self, state, unit):
        return 0

    def can_finish(self, state):
        return True


def test_constraints_see_the_text_that_was_read_before(engine, monkeypatch):
    monkeypatch.setattr(prompts, "MAX_KEPT_CHARACTERS", 6)
    witness = Witness(len(engine.vocabulary))
    state = prime(engine, TEXT[:12])
    Sampler(engine).start(TEXT[12:], state=state, constraints=[witness])
    assert witness.read == TEXT[6:]


def test_a_state_of_several_samples_is_refused_in_a_line(engine):
    state = Sampler(engine).start(TEXT, count=2)
    with pytest.raises(ValueError, match="state of one sample") as error:
        prime(engine, "a", state=state)
    assert "\n" not in str(error.value)


def test_an_unknown_character_is_named_with_its_place(engine):
    if engine.vocabulary.unit != "byte":
        with pytest.raises(ValueError, match="'q' .* at position 1"):
            prime(engine, "aq", state=prime(engine, "a Nap"))
