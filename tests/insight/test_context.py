"""The loss with a short context, against one character at a time."""

import numpy as np
import pytest

from charrnn.insight import context
from charrnn.insight.context import context_curve
from charrnn.network.backend import keras
from charrnn.network.engine import Engine
from charrnn.network.model import build_model
from charrnn.text.vocabulary import Vocabulary
from charrnn.text.windows import Windows
from charrnn.training.schedule import Schedule, loss, optimizer
from charrnn.twins.fused import fused

TEXT = "I go, and it is done; the bell invites me. Hear it not, Duncan. " * 2


@pytest.fixture(scope="module")
def vocabulary():
    return Vocabulary.from_text(TEXT)


@pytest.fixture(scope="module", params=["simple_rnn", "lstm", "gru"])
def engine(vocabulary, request):
    model = build_model(vocabulary, cell=request.param, units=12)
    random = np.random.default_rng(0)
    model.set_weights(
        [random.normal(0, 0.7, w.shape) for w in model.get_weights()]
    )
    return Engine.from_keras(model, vocabulary)


def bits_after(engine, ids, target):
    """The surprise of a character after others, from the zero state."""
    logits, _ = engine.run(np.array([ids]), engine.zero_state(1))
    p = np.exp(logits[0, -1].astype(float))
    return -np.log2(p[target] / p.sum())


@pytest.mark.parametrize("k", [1, 3, 32, 100])
def test_each_context_is_what_it_says(engine, vocabulary, k):
    ids = vocabulary.encode(TEXT)
    curve = context_curve(engine, TEXT, contexts=(1, 3, 32, 100))
    short, full = [
        np.array(
            [
                bits_after(engine, ids[max(0, t - most) : t], ids[t])
                for t in range(k, len(ids))
            ]
        )
        for most in (k, len(ids))
    ]
    row = curve.contexts.index(k)
    every = [bits_after(engine, ids[:t], ids[t]) for t in range(1, len(ids))]
    assert curve.bits_per_character_with_all == pytest.approx(
        np.mean(every), rel=1e-4
    )
    difference = (
        curve.bits_per_character[row] - curve.bits_per_character_with_all
    )
    assert difference == pytest.approx((short - full).mean(), abs=1e-4)
    error = (short - full).std() / len(short) ** 0.5
    assert curve.standard_errors[row] == pytest.approx(error, abs=1e-4)


def test_contexts_longer_than_the_text_are_left_out(engine):
    assert context_curve(engine, TEXT[:9], contexts=(1, 8, 9)).contexts == (
        1, 8,
    )  # fmt: skip


def test_a_part_of_a_long_text_says_nearly_the_same(engine, monkeypatch):
    whole = context_curve(engine, TEXT * 4, contexts=(1, 2, 4, 8))
    monkeypatch.setattr(context, "UNITS_PER_CONTEXT", 200)
    monkeypatch.setattr(context, "MIN_POSITIONS", 200)  # of 500 places
    part = context_curve(engine, TEXT * 4, contexts=(1, 2, 4, 8))
    assert (
        np.abs(part.bits_per_character - whole.bits_per_character)
        < 4 * part.standard_errors + 1e-6
    ).all()
    assert (part.standard_errors > whole.standard_errors).all()


@pytest.mark.slow
def test_two_characters_are_all_where_no_more_count():
    """A text whose every character depends on the two before it."""
    random = np.random.default_rng(0)
    chances = random.dirichlet(np.full(6, 0.2), size=(6, 6)).cumsum(-1)
    ids = [0, 0]
    for draw in random.random(40_000):
        ids.append(min(5, np.searchsorted(chances[ids[-2], ids[-1]], draw)))
    ids = np.array(ids)
    vocabulary = Vocabulary("abcdef")
    keras.utils.set_random_seed(0)
    model = build_model(vocabulary, units=32, layers=1)
    twin = fused(model, batch_size=8)
    windows = Windows(ids[:35_000], batch_size=8, seq_length=32, seed=0)
    twin.compile(optimizer(0.02), loss())
    schedule = Schedule(windows, 0.02, total_steps=300)
    twin.fit(
        windows.dataset(), steps_per_epoch=300, callbacks=[schedule],
        shuffle=False, verbose=0,
    )  # fmt: skip
    curve = context_curve(Engine.from_keras(model, vocabulary), ids[35_000:])
    errors = np.hypot(curve.standard_errors[1:], curve.standard_errors[:-1])
    assert (np.diff(curve.bits_per_character) <= 2 * errors + 0.01).all(), curve
    assert curve.bits_per_character[0] > curve.bits_per_character_with_all + 0.2
    assert (
        curve.bits_per_character[1] < curve.bits_per_character_with_all + 0.05
    )
    assert curve.reach <= 8


@pytest.mark.parametrize(
    ("bits", "reach", "half"),
    [
        ([3, 2, 1, 1], 4, 2),
        ([3, 2.5, 1, 1], 4, 2 ** (1 + 1 / 3)),
        ([1, 1, 1, 1], 1, None),
        ([3, 1, 3, 1.02], None, 2 ** (2 + 1 / 1.98)),
        ([3, 1, 0.5, 1], 8, 2**0.5),
        ([1.001, 1, 1, 1], 1, None),
    ],
)
def test_reach_and_half(bits, reach, half):
    curve = context.Curve((1, 2, 4, 8), np.array(bits), np.zeros(4), 1.0)
    assert curve.reach == reach
    assert curve.half == (half and pytest.approx(half))
