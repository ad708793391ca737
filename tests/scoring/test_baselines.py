"""What counting and compressing reach, and what is said of it."""

import itertools

import numpy as np
import pytest

from charrnn.scoring import baselines
from charrnn.scoring.ngrams import ngrams
from charrnn.text.vocabulary import Vocabulary


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
    five = list(itertools.islice(ngrams(*parts, len(vocabulary)), 5))
    _, error = baselines.measure_beside(*parts, vocabulary, five[4] + 0.5)
    assert error == pytest.approx(0, abs=1e-9)  # it is 0.5 worse everywhere
    assert baselines.measure_beside(*parts, vocabulary)[1] is None
