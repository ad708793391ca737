"""A beam finds the likeliest text, and keeps to constraints and ends."""

import itertools

import numpy as np
import pytest
from random_networks import engine_of

import charrnn
from charrnn.writing import beam
from charrnn.writing.constraints import Left
from charrnn.writing.probabilities import log_total

ABC = charrnn.Vocabulary("\nab")
WORDS = charrnn.WordVocabulary(["\n", "a", "b", " ", " ab"])
LINES = charrnn.DocumentVocabulary(charrnn.Vocabulary("ab"), "lines")
ALL = 10_000  # beams: no text is left out


class Without:
    """Texts without one unit, which may end from the third unit on."""

    name = "without"

    def __init__(self, vocabulary, unit):
        self.mask = np.arange(len(vocabulary)) != unit

    def start(self, prompt):
        return 0

    def allowed(self, state, left):
        return self.mask

    def advance(self, state, unit):
        assert self.mask[unit]
        return state + 1

    def can_finish(self, state):
        return state >= 3


def nats_of(sampler, ids, prompt="a"):
    """-ln p of some units after a prompt."""
    state = sampler.start(prompt)
    nats, logits, recurrent = 0.0, state.logits, state.recurrent
    for unit in ids:
        nats += float(log_total(logits)[0] - logits[0, unit])
        logits, recurrent = sampler.engine.step(np.array([unit]), recurrent)
    return nats


@pytest.mark.parametrize("seed", range(3))
def test_with_enough_beams_it_is_the_likeliest_of_all(seed):
    sampler = charrnn.Sampler(engine_of(ABC, seed=seed))
    found = charrnn.likeliest(sampler, "a", length=5, beams=ALL)
    every = itertools.product(range(3), repeat=5)
    best = min(every, key=lambda ids: nats_of(sampler, ids))
    assert found.text == ABC.decode(best)
    assert found.nats_per_character == pytest.approx(
        nats_of(sampler, best) / 5, rel=1e-5
    )
    assert found.stop_reason == "length"


@pytest.mark.parametrize("vocabulary", [ABC, WORDS, charrnn.ByteVocabulary()])
def test_one_beam_is_greedy_and_more_are_no_worse(vocabulary):
    sampler = charrnn.Sampler(engine_of(vocabulary, seed=2))
    how = {"prompt": "ab", "length": 20}
    (greedy,) = sampler.generate(**how, temperature=0)
    one, four = (charrnn.likeliest(sampler, beams=n, **how) for n in (1, 4))
    assert one.text == greedy.text
    assert four.nats_per_character <= one.nats_per_character + 1e-6


@pytest.mark.parametrize("seed", range(3))
def test_a_document_that_ends_is_compared_with_longer_ones(seed):
    sampler = charrnn.Sampler(engine_of(LINES, seed=seed))
    found = charrnn.likeliest(sampler, "a", length=4, beams=ALL)
    end = LINES.boundary
    every = [
        ids
        for size in range(1, 5)
        for ids in itertools.product(range(len(LINES)), repeat=size)
        if end not in ids[:-1] and (ids[-1] == end or size == 4)
    ]
    best = min(every, key=lambda ids: nats_of(sampler, ids))
    ended = best[-1] == end
    assert found.text == LINES.inner.decode(best[:-1] if ended else best)
    assert found.stop_reason == ("end" if ended else "length")


@pytest.mark.parametrize("unit", ["character", "word", "byte"])
@pytest.mark.parametrize(
    ("ends", "reason"),
    [({"stop": ["ba"]}, "stop"), ({"stop_after": ["b", "\n"]}, "stop_after")],
)
def test_strings_end_a_text(ends, reason, unit):
    vocabularies = {
        "character": ABC, "word": WORDS, "byte": charrnn.ByteVocabulary(),
    }  # fmt: skip
    vocabulary = vocabularies[unit]
    sampler = charrnn.Sampler(engine_of(vocabulary, seed=1))
    (strings,) = ends.values()
    found = charrnn.likeliest(sampler, "a", length=9, beams=5, **ends)
    if found.stop_reason == reason:
        stopped = [s for s in strings if found.text.endswith(s)]
        assert reason == "stop" or len(stopped) == 1
        assert sum(map(found.text.count, strings)) == (reason != "stop")
    else:
        assert not any(string in found.text for string in strings)


def test_a_constraint_is_kept():
    sampler = charrnn.Sampler(engine_of(ABC, seed=5))
    free = charrnn.likeliest(sampler, "a", length=6, beams=ALL)
    unit = int(ABC.encode(free.text[0])[0])
    rule = Without(ABC, unit)
    found = charrnn.likeliest(
        sampler, "a", length=6, beams=ALL, constraints=[rule]
    )
    assert free.text[0] not in found.text and len(found.text) == 6
    every = itertools.product(np.flatnonzero(rule.mask).tolist(), repeat=6)
    best = min(every, key=lambda ids: nats_of(sampler, ids))
    assert found.text == ABC.decode(best)


def test_a_text_that_must_match_does():
    sampler = charrnn.Sampler(engine_of(ABC, seed=6))
    rule = charrnn.Match("a(ba|ab){2}b", ABC)
    found = charrnn.likeliest(sampler, length=9, beams=4, constraints=[rule])
    assert found.text in ("ababab", "abaabb", "aabbab", "aababb")


@pytest.mark.parametrize("beams", [1, ALL])
def test_a_unit_that_is_not_written_does_not_count(beams):
    sampler = charrnn.Sampler(engine_of(ABC, seed=7))
    rule = charrnn.Match("ab", ABC)
    found = charrnn.likeliest(
        sampler, "a", length=5, beams=beams, constraints=[rule]
    )
    expected = nats_of(sampler, ABC.encode("ab")) / 2
    assert (found.text, found.stop_reason) == ("ab", "complete")
    assert found.nats_per_character == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("seed", range(6))
def test_an_end_is_as_likely_as_the_unit_that_makes_it(seed):
    sampler = charrnn.Sampler(engine_of(ABC, seed=seed))
    rule = charrnn.Match("a{1,3}", ABC)

    def cost(size):
        ids = ABC.encode("a" * size).tolist()
        ends = [ABC.encode(unit).tolist() for unit in "\nb"]
        if size == 3:  # it can only end
            return nats_of(sampler, ids)
        return min(nats_of(sampler, ids + end) for end in ends)

    found = charrnn.likeliest(
        sampler, "a", length=5, beams=ALL, constraints=[rule]
    )
    size = min(range(1, 4), key=cost)
    expected = nats_of(sampler, ABC.encode("a" * size)) / size
    assert found.text == "a" * size
    assert found.nats_per_character == pytest.approx(expected, rel=1e-5)


def test_texts_that_end_alike_take_one_place_in_a_beam():
    sampler = charrnn.Sampler(engine_of(ABC, seed=1))
    rule = charrnn.Match("a|ab{5}", ABC)
    state = sampler.start("a", constraints=[rule], left=Left(9))
    search = beam._Search(sampler, state, 2, ())
    search.step(Left(9))
    search.step(Left(8))
    assert len(search._ended) == len(search._texts) == 1


def test_nothing_is_found_if_nothing_may_follow():
    sampler = charrnn.Sampler(engine_of(charrnn.Vocabulary("a")))

    class Stuck(Without):
        def allowed(self, state, left):
            return np.array([state == 0])

    rule = Stuck(sampler.vocabulary, 1)
    with pytest.raises(ValueError, match="that let nothing follow"):
        charrnn.likeliest(sampler, length=5, constraints=[rule])


def test_a_prompt_s_last_word_is_completed():
    sampler = charrnn.Sampler(engine_of(WORDS, seed=3))
    found = charrnn.likeliest(sampler, "a a", length=3, beams=2)
    (greedy,) = sampler.generate("a a", length=3, temperature=0)
    assert found.text[:1] == greedy.text[:1]


def test_it_can_be_interrupted():
    sampler = charrnn.Sampler(engine_of(ABC))
    calls = iter([False, False, True])
    found = charrnn.likeliest(
        sampler, length=9, interrupted=lambda: next(calls)
    )
    assert (len(found.text), found.stop_reason) == (2, "interrupted")


@pytest.mark.parametrize(
    ("how", "message"),
    [({"beams": 0}, "at least 1 beam"), ({"length": -1}, "length of at least")],
)
def test_bad_numbers_are_refused(how, message):
    sampler = charrnn.Sampler(engine_of(ABC))
    with pytest.raises(ValueError, match=message):
        charrnn.likeliest(sampler, **{"length": 3, **how})
