"""A prompt may end inside a word: the model completes it."""

import collections

import numpy as np
import pytest
from random_networks import engine_of

from charrnn import ByteVocabulary, Sampler, Vocabulary, WordVocabulary
from charrnn.writing.probabilities import surprise

WORDS = WordVocabulary(
    [*"\n ,.Nadelnopt", " Napoleon", " a", "Napoleon", " no", " to", ", "]
)


def exact(engine, context, rest):
    """The probability of each completion, path by path."""
    vocabulary = engine.vocabulary
    logits, state = engine.read(vocabulary.encode(context)[None])
    likelihoods = collections.Counter()
    spelled = tuple(vocabulary.words.index(c) for c in rest)
    paths = {spelled, tuple(vocabulary.encode(rest).tolist())} | {
        (i,) for i, w in enumerate(vocabulary.words) if w.startswith(rest)
    }
    for path in paths:
        nats, now, before = 0.0, logits, state
        for i in path:
            nats += float(surprise(now, np.array([i]))[0])
            now, before = engine.step([i], before)
        word = "".join(vocabulary.words[i] for i in path)
        likelihoods[word[len(rest) :]] += np.exp(-nats)
    total = likelihoods.total()
    return {text: p / total for text, p in likelihoods.items()}


@pytest.mark.parametrize(
    ("prompt", "settled", "rest"),
    [
        ("a Nap", "a", " Nap"),
        ("Nap", "\n", "Nap"),
        ("a, ", "a,", " "),
        ("a n", "a", " n"),
    ],
)
def test_completions_are_drawn_as_the_model_expects_them(prompt, settled, rest):
    engine = engine_of(WORDS)
    count = 4000
    state = Sampler(engine).start(prompt, count=count, seed=5)
    drawn = collections.Counter(state.opening)
    expected = exact(engine, settled, rest)
    assert drawn.keys() <= expected.keys()
    for text, p in expected.items():
        error = (p * (1 - p) / count) ** 0.5
        assert abs(drawn[text] / count - p) < 4 * error + 1e-9, text


def test_a_completed_prompt_leaves_the_network_as_if_it_was_read():
    engine = engine_of(WORDS)
    state = Sampler(engine).start("a Nap", count=40, seed=2)
    assert "oleon" in state.opening
    row = state.opening.index("oleon")
    logits, recurrent = engine.read(WORDS.encode("a Napoleon")[None])
    assert state.logits[row] == pytest.approx(logits[0], abs=1e-5)
    for layer, expected in zip(state.recurrent, recurrent, strict=True):
        for array, own in zip(layer, expected, strict=True):
            assert array[row] == pytest.approx(own[0], abs=1e-5)


def test_the_likeliest_completion_is_taken_at_temperature_0():
    engine = engine_of(WORDS)
    expected = exact(engine, "a", " n")
    (sample,) = Sampler(engine).generate("a n", length=1, temperature=0)
    assert sample.text.startswith(max(expected, key=expected.get))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_sample_does_not_depend_on_the_others(count):
    sampler = Sampler(engine_of(WORDS))
    how = {"length": 9, "seed": 3}
    alone = sampler.generate("a Nap", count=1, **how)
    beside = sampler.generate("a Nap", count=count, **how)
    assert alone[0].text == beside[0].text
    assert beside == sampler.generate("a Nap", count=count, **how)


@pytest.mark.parametrize(
    "vocabulary", [Vocabulary("\n Nanop"), ByteVocabulary()]
)
def test_other_units_have_nothing_to_complete(vocabulary):
    state = Sampler(engine_of(vocabulary)).start("a Nap", count=2)
    assert (state.rest, state.opening, state.position) == ("", (), 0)


def test_an_unknown_character_is_named_with_its_place():
    with pytest.raises(ValueError, match=r"'x' \(U\+0078\) at position 5"):
        Sampler(engine_of(WORDS)).start("a Napx")


@pytest.mark.parametrize("length", [0, 1, 7, 30])
@pytest.mark.parametrize("vocabulary", [WORDS, ByteVocabulary()])
def test_length_may_count_characters(vocabulary, length):
    samples = Sampler(engine_of(vocabulary)).generate(
        "a Nap", length=length, length_in="characters", count=3
    )
    assert [len(sample.text) for sample in samples] == [length] * 3
    assert {sample.stop_reason for sample in samples} == {"length"}


def test_length_counts_words():
    sampler = Sampler(engine_of(WORDS))
    (sample,) = sampler.generate(length=12, seed=4)
    ids, state = [], sampler.start(seed=4)
    for _ in range(12):
        drawn, state = sampler.step(state)
        ids += drawn.tolist()
    assert sample.text == WORDS.decode(ids)


def test_the_unit_of_a_length_is_checked():
    with pytest.raises(ValueError, match="length_in to be one of units, char"):
        Sampler(engine_of(WORDS)).generate(length=1, length_in="words")


@pytest.mark.parametrize("stop", ["ol", "eon", "on t", "n,"])
def test_a_sample_ends_inside_a_word(stop):
    sampler = Sampler(engine_of(WORDS))
    plain = sampler.generate("a Nap", length=300, count=5, seed=1)
    cut = sampler.generate("a Nap", length=300, count=5, seed=1, stop=stop)
    kept = sampler.generate(
        "a Nap", length=300, count=5, seed=1, stop_after=stop
    )
    for whole, before, after in zip(plain, cut, kept, strict=True):
        expected, found, _ = whole.text.partition(stop)
        if found:
            assert before.text == expected
            assert after.text == expected + stop
            assert before.stop_reason == "stop"


def test_bytes_come_as_whole_characters():
    vocabulary = ByteVocabulary()
    sampler = Sampler(engine_of(vocabulary))
    pieces = [text for _, text in sampler.stream("é", length=400, seed=2)]
    ids, state = [], sampler.start("é", seed=2)
    for _ in range(400):
        drawn, state = sampler.step(state)
        ids += drawn.tolist()
    written = "".join(pieces).encode("utf-8", "surrogateescape")
    assert vocabulary.to_bytes(ids).startswith(written)
    assert len(written) > 396
