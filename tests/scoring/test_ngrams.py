"""n-grams against dictionaries that follow the paper, word for word."""

import collections
import itertools

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from charrnn.scoring.ngrams import ngrams
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
    return np.array(list(itertools.islice(ngrams(*ids, size=3), orders)))


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


def test_documents_are_each_others_context_in_nothing():
    """In another order, each document costs the same."""
    random = np.random.default_rng(0)
    documents = [random.integers(0, 3, size) for size in (3, 1, 4, 2, 5) * 40]
    learnt, scored = documents[:150], documents[150:]

    def nats(learnt, scored):
        training, held_out = (
            np.concatenate([[3], *([*d, 3] for d in part)])
            for part in (learnt, scored)
        )
        found = ngrams(training[:-1], held_out, 4, boundary=3)
        return [order.sum() for order in itertools.islice(found, 6)]

    there = nats(learnt, scored)
    back = nats(learnt[::-1], scored[::-1])
    # The last document learnt has no boundary after it to be counted.
    assert back == pytest.approx(there, rel=0.02)
    assert nats(learnt, scored[::-1]) == pytest.approx(there, rel=1e-6)


def test_probabilities_add_up_after_a_boundary():
    training = np.array([2, 0, 1, 2, 1, 2, 0, 0, 2, 0, 1, 1])
    for n in range(5):
        total = 0.0
        for last in range(3):
            held_out = np.array([2, 1, 2, 0, last])
            found = ngrams(training, held_out, 3, boundary=2)
            nats = next(itertools.islice(found, n, None))
            total += np.exp(-nats[-1])
        assert total == pytest.approx(1)
