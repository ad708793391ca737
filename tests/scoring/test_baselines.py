"""n-grams against dictionaries that follow the paper, word for word."""

import collections
import itertools

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from charrnn.scoring import baselines
from charrnn.text.vocabulary import Vocabulary

TEXTS = st.text("abc", min_size=2, max_size=40)


class Naive:
    """Modified Kneser-Ney, a dictionary for each order."""

    def __init__(self, training, order):
        self.order = order
        self.counts = {
            n: collections.Counter(
                training[i : i + n] for i in range(len(training) - n + 1)
            )
            for n in range(1, order + 2)
        }
        self.continuations = {
            n: collections.Counter(gram[1:] for gram in self.counts[n + 1])
            for n in range(1, order + 1)
        }

    def probability(self, context, character, size):
        """p(character | context), the context cut to what the order reads."""
        context = context[max(0, len(context) - self.order + 1) :]
        chance = 1 / size
        for n in range(1, len(context) + 2):
            longest = n == self.order
            counts = self.counts[n] if longest else self.continuations[n]
            before = context[len(context) - n + 1 :]
            followers = {g: c for g, c in counts.items() if g[:-1] == before}
            if not followers:
                break
            taken = self.discounts(counts)
            count = followers.get(before + character, 0)
            rest = sum(taken[min(c, 3)] for c in followers.values())
            chance = (count - taken[min(count, 3)] + rest * chance) / sum(
                followers.values()
            )
        return chance

    @staticmethod
    def discounts(counts):
        n1, n2, n3, n4 = (
            sum(count == n for count in counts.values()) for n in (1, 2, 3, 4)
        )
        if not (n1 and n2 and n3 and n4):
            return [0, 0.5, 1, 1.5]
        y = n1 / (n1 + 2 * n2)
        taken = [1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3]
        return [0] + [min(max(d, 0.1), n - 0.1) for n, d in enumerate(taken, 1)]


def scores(training, held_out, orders=6):
    """Nats by order and character: (orders, characters - 1)."""
    vocabulary = Vocabulary("abc")
    ids = vocabulary.encode(training), vocabulary.encode(held_out)
    return np.array(
        list(itertools.islice(baselines.ngrams(*ids, size=3), orders))
    )


@hypothesis.given(training=TEXTS, held_out=TEXTS)
def test_ngrams_are_those_of_the_paper(training, held_out):
    computed = scores(training, held_out)
    for order, nats in enumerate(computed, 1):
        naive = Naive(training, order)
        expected = [
            -np.log(naive.probability(held_out[:i], held_out[i], 3))
            for i in range(1, len(held_out))
        ]
        np.testing.assert_allclose(nats, expected, err_msg=str(order))


def test_ngrams_of_a_text_with_every_discount():
    training = "".join(np.random.default_rng(0).choice(list("aaabbc"), 400))
    naive = Naive(training, 4)
    assert naive.discounts(naive.counts[4]) != [0, 0.5, 1, 1.5]
    expected = [
        -np.log(naive.probability("abcab"[:i], "abcab"[i], 3))
        for i in range(1, 5)
    ]
    np.testing.assert_allclose(scores(training, "abcab")[3], expected)


@hypothesis.given(training=TEXTS, context=TEXTS)
def test_the_chances_of_all_next_characters_are_one(training, context):
    chances = sum(
        np.exp(-scores(training, context + character)[:, -1])
        for character in "abc"
    )
    np.testing.assert_allclose(chances, 1)


@pytest.mark.parametrize("text", ["a", "b", "ab" * 10, "ab" * 500])
def test_no_text_is_for_nothing(text):
    bits = baselines.xz("ab" * 5000, text) / np.log(2)
    assert bits > 7.99 / len(text)
    assert "0.00" not in baselines.comparison({"5-gram": 9, "xz": bits}, 1, 9)


def test_small_figures_are_not_nothing():
    losses = {"unigram": 0.0, "5-gram": 0.003, "xz": 0.004}
    shown = baselines.comparison(losses, 1e-4, 5000)
    assert shown == "to compare  unigram 0.00, 5-gram < 0.01, xz 0.01 bits/char"


def test_xz_knows_what_it_has_seen():
    random = np.random.default_rng(0)
    noise, other = (
        "".join(random.choice(list("abcdefgh"), 5000)) for _ in range(2)
    )
    assert baselines.xz(noise, noise) < 0.1
    assert baselines.xz(noise, other) == pytest.approx(np.log(8), rel=0.15)


def test_the_best_order_is_named():
    text = "to be or not to be, that is it. " * 40
    vocabulary = Vocabulary("".join(sorted(set(text))))
    ids = vocabulary.encode(text)
    losses = baselines.measure(ids[:1000], ids[1000:], vocabulary)
    assert losses["unigram"] > losses["5-gram"] > losses["xz"]
    (best,) = set(losses) - {"unigram", "5-gram", "xz"}
    assert losses[best] < losses["5-gram"]


def test_of_a_long_text_the_end_is_read(monkeypatch):
    monkeypatch.setattr(baselines, "MAX_TRAINING_CHARACTERS", 100)
    vocabulary = Vocabulary("ab")
    ids = vocabulary.encode("a" * 500 + "ab" * 50)
    losses = baselines.measure(ids, ids[-50:], vocabulary)
    assert losses == baselines.measure(ids[-100:], ids[-50:], vocabulary)


@pytest.mark.parametrize(
    ("nats", "characters", "warns"),
    [(1.6, 5000, False), (1.61, 5000, True), (1.61, 33, False)],
)
def test_a_network_worse_than_a_5_gram_is_told(nats, characters, warns):
    said = baselines.comparison({"5-gram": 1.6, "xz": 2.0}, nats, characters)
    assert ("warning     the 5-gram" in said) == warns


def test_few_characters_are_compared_with_their_uncertainty():
    losses = {"5-gram": np.log(2), "xz": 2.0}
    surely = baselines.comparison(losses, np.log(8), 400, error=np.log(2) / 2)
    assert "by 2.00 \u00b1 0.50 bits/char of 400 characters: the" in surely
    perhaps = baselines.comparison(losses, np.log(4), 400, error=np.log(2))
    assert "1.00 \u00b1 1.00 bits/char of 400 characters: that may" in perhaps
    assert "warning" not in baselines.comparison(losses, 0.6, 400, error=0.1)


def test_the_uncertainty_is_that_of_the_difference():
    text = "to be or not to be, that is it. " * 40
    vocabulary = Vocabulary("".join(sorted(set(text))))
    ids = vocabulary.encode(text)
    parts = ids[:800], ids[800:]
    five = list(itertools.islice(baselines.ngrams(*parts, len(vocabulary)), 5))
    _, error = baselines.measure_beside(*parts, vocabulary, five[4] + 0.5)
    assert error == pytest.approx(0, abs=1e-9)  # it is 0.5 worse everywhere
    assert baselines.measure_beside(*parts, vocabulary)[1] is None
