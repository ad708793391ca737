"""A mixture predicts what its models predict, averaged or multiplied."""

import numpy as np
import pytest
from random_networks import engine_of, text_of

from charrnn import (
    ByteVocabulary,
    DocumentVocabulary,
    Mixture,
    Sampler,
    Vocabulary,
    WordVocabulary,
    next_words,
    score,
    score_each,
)
from charrnn.network.mixing import product
from charrnn.writing.probabilities import probabilities

WORDS = [*"\n ,abcd", " ab", " abc", " da", " bad", " cab"]
UNITS = {
    "characters": Vocabulary("\n ,abcd"),
    "words": WordVocabulary(WORDS),
    "bytes": ByteVocabulary(),
    "lines": DocumentVocabulary(Vocabulary(" ,abcd"), "lines"),
    "lines of words": DocumentVocabulary(WordVocabulary(WORDS), "lines"),
}
TEXT = "a bad cab, a dab\nbad abc"


def pair(vocabulary):
    return [engine_of(vocabulary, seed=seed) for seed in (1, 2)]


def p_after(engine, ids):
    logits, _ = engine.read(ids[None])
    return probabilities(logits[0])


def contrast(p, q, weight):
    """What a tenth as likely as the likeliest gains no more than the others."""
    gain = q**-weight
    likely = p >= 0.1 * p.max()
    return p * np.where(likely, gain, np.minimum(gain, gain[likely].min()))


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    ("by", "weights", "expected"),
    [
        ("average", [0.7, 0.3], lambda p, q: 0.7 * p + 0.3 * q),
        ("average", [7, 3], lambda p, q: 0.7 * p + 0.3 * q),
        ("average", None, lambda p, q: (p + q) / 2),
        ("product", [0.6, 0.4], lambda p, q: p**0.6 * q**0.4),
        ("product", [1, -0.3], lambda p, q: contrast(p, q, 0.3)),
        ("product", [2, -0.6], lambda p, q: contrast(p, q, 0.3)),
        ("average", [1, 0], lambda p, q: p),
    ],
)
def test_probabilities_are_as_defined(unit, by, weights, expected):
    one, other = pair(UNITS[unit])
    ids = UNITS[unit].encode(TEXT)
    mixture = Mixture([one, other], weights, by=by)
    p = expected(p_after(one, ids), p_after(other, ids))
    assert p_after(mixture, ids) == pytest.approx(p / p.sum(), rel=1e-5)


@pytest.mark.parametrize("unit", UNITS)
def test_a_step_equals_a_run_and_a_read(unit):
    mixture = Mixture(pair(UNITS[unit]), [0.5, 0.5], by="product")
    ids = np.stack([mixture.vocabulary.encode(TEXT)] * 2)
    logits, after = mixture.run(ids)
    last, _ = mixture.read(ids)
    assert last == pytest.approx(logits[:, -1], abs=1e-5)
    state = mixture.zero_state(2)
    for time in range(ids.shape[1]):
        step, state = mixture.step(ids[:, time], state)
        assert step == pytest.approx(logits[:, time], abs=1e-4)
    for layer, own in zip(after, state, strict=True):
        for array, expected in zip(layer, own, strict=True):
            assert array == pytest.approx(expected, abs=1e-4)


def test_a_character_that_one_model_does_not_know_has_only_the_others_share():
    one, other = engine_of("ab", seed=1), engine_of("abc", seed=2)
    mixture = Mixture([one, other], [0.75, 0.25])
    assert mixture.vocabulary == Vocabulary("abc")
    p = p_after(mixture, mixture.vocabulary.encode("ab"))
    q = p_after(other, other.vocabulary.encode("ab"))
    assert p[2] == pytest.approx(0.25 * q[2], rel=1e-5)
    assert p.sum() == pytest.approx(1)


def test_a_product_writes_what_all_models_know():
    mixture = Mixture(
        [engine_of("abx", seed=1), engine_of("bac", seed=2)], by="product"
    )
    assert mixture.vocabulary == Vocabulary("ab")
    with pytest.raises(ValueError, match="Received 'x'"):
        Sampler(mixture).generate("x", length=1)


def test_what_a_contrast_does_not_know_is_the_least_likely_it_knows():
    one, other = engine_of("abc", seed=1), engine_of("ab", seed=2)
    mixture = Mixture([one, other], [1, -0.5], by="product")
    assert mixture.vocabulary == Vocabulary("abc")
    ids = one.vocabulary.encode("ab")
    p, q = p_after(one, ids), p_after(other, ids)
    expected = contrast(p, np.array([*q, q.min()]), 0.5)
    assert p_after(mixture, ids) == pytest.approx(
        expected / expected.sum(), rel=1e-5
    )


def test_a_contrast_never_favours_what_nobody_expects():
    p, q = (
        np.array([0.6, 0.3, 0.1 - 1e-6, 1e-6]),
        np.array([0.9, 0.05, 0.05, 0]),
    )
    q[3] = 1e-9
    logits = product(np.log([p, q]), [1, -1])
    assert probabilities(logits)[3] < 1e-5
    assert probabilities(logits)[1] == pytest.approx(
        probabilities(logits)[0] * (0.3 / 0.05) / (0.6 / 0.9)
    )


def test_a_word_that_a_model_does_not_know_is_read_spelled_out():
    one = engine_of(WordVocabulary([*" abcd", " ab"]), seed=1)
    other = engine_of(WordVocabulary([*" abcd", " cd"]), seed=2)
    mixture = Mixture([one, other], [0.5, 0.5])
    vocabulary = mixture.vocabulary
    assert vocabulary.words[-2:] == (" ab", " cd")
    p = p_after(mixture, vocabulary.encode("a cd ab"))
    own = p_after(one, one.vocabulary.encode("a cd ab"))  # " ", "c", "d"
    others = p_after(other, other.vocabulary.encode("a cd ab"))
    assert p[-1] == pytest.approx(0.5 * others[-1], rel=1e-4)
    assert p[0] == pytest.approx(0.5 * own[0] + 0.5 * others[0], rel=1e-4)
    state = mixture.zero_state(1)
    for i in vocabulary.encode("a cd ab"):
        logits, state = mixture.step([i], state)
    assert probabilities(logits[0]) == pytest.approx(p, abs=1e-5)


def test_weights_move_with_the_units_that_are_drawn():
    one, other = pair(UNITS["characters"])
    mixture = Mixture([one, other], [(1, 0), (0, 1)], over=5)
    ids = mixture.vocabulary.encode("a bad cab")
    logits, state = mixture.read(ids[None])  # a prompt moves nothing
    shares = []
    for i in (2, 3, 1, 0, 0, 4):
        p = probabilities(logits[0])
        p1, p2 = p_after(one, ids), p_after(other, ids)
        shares.append(float((p - p1) @ (p2 - p1) / ((p2 - p1) @ (p2 - p1))))
        logits, state = mixture.step([i], state)
        ids = np.append(ids, i)
    assert shares == pytest.approx([0, 0.25, 0.5, 0.75, 1, 1], abs=1e-4)


def test_weights_may_move_with_characters_instead():
    words = WordVocabulary([*" ab", " ab"])
    mixture = Mixture(
        pair(words), [(1, 0), (0, 1)], over=7, over_in="characters"
    )
    _, state = mixture.step([3], mixture.zero_state(1))
    _, state = mixture.step([0], state)
    assert state[-1][0].tolist() == [[4.0]]


@pytest.mark.parametrize("unit", UNITS)
def test_a_mixture_of_one_model_writes_and_scores_as_it_does(unit):
    engine = engine_of(UNITS[unit], seed=3)
    mixture = Mixture([engine, engine], [0.5, 0.5])
    how = {"length": 40, "count": 3, "seed": 5}
    expected = Sampler(engine).generate("a b", **how)
    found = Sampler(mixture).generate("a b", **how)
    assert [s.text for s in found] == [s.text for s in expected]
    assert score(mixture, TEXT).nats == pytest.approx(
        score(engine, TEXT).nats, abs=1e-4
    )


def test_other_functions_read_texts_with_it():
    one, other = pair(UNITS["characters"])
    mixture = Mixture([one, other])
    assert next_words(mixture, "a ba", n=3).words
    found = [s.nats_per_character for s in score_each(mixture, ["ab", "cab"])]
    assert all(0 < nats < 20 for nats in found)
    assert score(Mixture([mixture, one]), TEXT).nats_per_character > 0


def test_a_text_scores_the_same_in_streams():
    mixture = Mixture([engine_of(seed=1), engine_of("abc", seed=2)])
    text = text_of(5000)
    from charrnn.scoring.score import score_in_streams

    whole = score(mixture, text).nats_per_character
    streams = score_in_streams(mixture, text).nats_per_character
    assert streams == pytest.approx(whole, abs=1e-4)


def test_probabilities_that_no_float_holds_are_averaged_as_logarithms():
    vocabulary = Vocabulary("ab")
    one, other = pair(vocabulary)
    for engine in (one, other):
        engine._kernel *= 0
        engine._bias = np.array([0, -5000], np.float32)
    assert score(Mixture([one, other]), "ab").nats.tolist() == [5000]


def test_large_weights_are_no_matter():
    for weights in ([1e308, 1e308], [1e-308, 1e-308]):
        mixture = Mixture(pair(UNITS["characters"]), weights)
        assert mixture.weights.tolist() == [[0.5, 0.5]] * 2


@pytest.mark.parametrize(
    ("weights", "more", "message"),
    [
        ([1], {}, "a weight for each of 2 models"),
        ([1, float("nan")], {}, "finite"),
        ([1, float("inf")], {}, "finite"),
        ([1, -0.3], {}, "A product takes negative weights"),
        ([1, -101], {"by": "product"}, "at least -100 times"),
        ([1e-300, -1e300], {"by": "product"}, "at least -100 times"),
        ([0, 0], {}, "above 0"),
        ([-1, -1], {"by": "product"}, "above 0"),
        ([(1, 0), (1, 0)], {"over": 9}, "above 0 at each place"),
        ([(1, 0), (0, 1)], {}, "Expected `over`"),
        ([1, 1], {"by": "sum"}, "average, product"),
    ],
)
def test_weights_are_checked_at_the_door(weights, more, message):
    with pytest.raises(ValueError, match=message) as error:
        Mixture(pair(UNITS["characters"]), weights, **more)
    assert "\n" not in str(error.value)


def test_what_needs_one_network_refuses_a_mixture_in_a_line():
    mixture = Mixture(pair(UNITS["characters"]))
    for call in (mixture.to_keras, lambda: mixture.activations([[0]])):
        with pytest.raises(
            ValueError, match="Expected one model. Received Mix"
        ):
            call()
    with pytest.raises(ValueError, match="at least one model"):
        Mixture([])
    with pytest.raises(ValueError, match="ids from 0 to 6"):
        mixture.step([-1], mixture.zero_state(1))
