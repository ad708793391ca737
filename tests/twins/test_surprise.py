"""The layers of a twin score a text as the NumPy engine does."""

import numpy as np
import pytest
from in_jax import nats_of_twins

from charrnn.network.engine import Engine, load
from charrnn.scoring.scan import nats_of_rows
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.round_scoring import RoundScorer
from charrnn.twins.fused import fused

BOUNDED = {"float32": (2e-6, 1e-7), "bfloat16": (3e-2, 1e-3)}  # each, and mean


def check_close(nats, expected, precision):
    each, mean = BOUNDED[precision]
    assert nats.shape == expected.shape
    assert abs(nats - expected).max() < each
    assert abs((nats - expected).mean()) < mean


@pytest.mark.parametrize(
    ("cell", "precision", "boundary"),
    [
        ("lstm", "float32", None),
        pytest.param("gru", "float32", 8, marks=pytest.mark.slow),
        pytest.param("lstm", "bfloat16", 8, marks=pytest.mark.slow),
        pytest.param("simple_rnn", "bfloat16", None, marks=pytest.mark.slow),
    ],
)
def test_nats_are_those_of_numpy(cell, precision, boundary):
    nats, expected, before, after = nats_of_twins(cell, precision, boundary)
    check_close(nats, expected, precision)
    for one, other in zip(before, after, strict=True):
        assert (one == other).all()


@pytest.mark.slow
@pytest.mark.parametrize("length", [2, 65, 129])
def test_windows_that_are_filled_up_change_nothing(length):
    model, vocabulary = _model(16, units=4)
    ids = np.random.default_rng(length).integers(0, 16, (3, length))
    twin = fused(model, batch_size=2, precision="float32")
    expected = nats_of_rows(Engine.from_keras(model, vocabulary), ids)
    nats = RoundScorer(twin).nats_of_rows(None, ids)
    check_close(nats, expected, "float32")


@pytest.mark.slow
def test_many_characters_are_read_in_short_windows(monkeypatch):
    from charrnn.training import round_scoring

    monkeypatch.setattr(round_scoring, "MAX_LOGITS_PER_PIECE", 5 * 3 * 300)
    model, vocabulary = _model(300, units=4)
    ids = np.random.default_rng(1).integers(0, 300, (3, 33))
    scorer = RoundScorer(fused(model, batch_size=2, precision="bfloat16"))
    assert {w.shape for w in scorer._windows(ids)} == {(3, 6)}
    expected = nats_of_rows(Engine.from_keras(model, vocabulary), ids)
    check_close(scorer.nats_of_rows(None, ids), expected, "bfloat16")


@pytest.mark.slow
def test_of_a_trained_model_means_agree_to_a_ten_thousandth():
    from charrnn import Sampler

    engine = load("shakespeare")
    texts = Sampler(engine).generate(length=200, count=8, seed=1)
    ids = np.stack([engine.vocabulary.encode(t.text[:200]) for t in texts])
    twin = fused(engine.to_keras(), batch_size=2, precision="bfloat16")
    difference = RoundScorer(twin).nats_of_rows(None, ids) - nats_of_rows(
        engine, ids
    )
    assert abs(difference).max() < 0.2
    assert abs(difference.mean()) < 1e-4


def _model(distinct, units):
    from charrnn.network.model import build_model

    vocabulary = Vocabulary("".join(map(chr, range(200, 200 + distinct))))
    return build_model(vocabulary, units=units, layers=1), vocabulary
