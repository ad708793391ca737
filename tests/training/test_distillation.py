"""A student learns from its teachers' probabilities and from the text."""

import numpy as np
import pytest
import tensorflow as tf

from charrnn.text.student_windows import KEPT, keeps_all
from charrnn.training.distillation import Distillation
from charrnn.training.schedule import loss

SHAPE = 2, 3
SIZES = [2, 65, 128, 129, 300]  # on either side of the limits


def softmax(logits):
    p = np.exp(logits - logits.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def case(units, seed=0):
    """Logits, ids, the teachers' probabilities, and the targets of them."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (*SHAPE, units)).astype(np.float32)
    ids = random.integers(0, units, SHAPE)
    expected = softmax(random.normal(0, 3, (*SHAPE, units)))
    if keeps_all(units):
        columns = [ids[..., None], expected]
    else:
        order = np.argsort(expected, -1)[..., -KEPT:]
        likeliest = np.take_along_axis(expected, order, -1)
        rest = 1 - likeliest.sum(-1, keepdims=True)
        columns = [ids[..., None], order, likeliest, rest]
    return logits, ids, expected, np.concatenate(columns, -1, dtype=np.float32)


def value_and_gradient(loss, targets, logits):
    logits = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = loss(targets, logits)
    return float(value), tape.gradient(value, logits).numpy()


def wanted(logits, ids, expected, weight):
    """The probabilities at which the loss of teachers and text is lowest.

    Teachers say nothing of how likely each of the rest is.
    """
    units = logits.shape[-1]
    if not keeps_all(units):
        own, least = softmax(logits), np.sort(expected, -1)[..., [-KEPT]]
        is_rest = expected < least
        share = (expected * is_rest).sum(-1, keepdims=True)
        rest = own * is_rest / (own * is_rest).sum(-1, keepdims=True)
        expected = np.where(is_rest, share * rest, expected)
    return weight * expected + (1 - weight) * np.eye(units)[ids]


@pytest.mark.parametrize("units", SIZES)
@pytest.mark.parametrize("weight", [0.0, 0.3, 0.9, 1.0])
def test_the_gradient_is_that_of_both_and_the_value_that_of_the_text(
    units, weight
):
    logits, ids, expected, targets = case(units)
    value, gradient = value_and_gradient(Distillation(weight), targets, logits)
    text, _ = value_and_gradient(loss(), ids, logits)
    assert value == pytest.approx(text, rel=1e-5)
    known = softmax(logits) - wanted(logits, ids, expected, weight)
    np.testing.assert_allclose(gradient, known / ids.size, atol=1e-6)


@pytest.mark.parametrize("units", [5, 300])
def test_without_teachers_the_gradient_is_the_ordinary_one(units):
    logits, ids, _, targets = case(units)
    _, gradient = value_and_gradient(Distillation(0.0), targets, logits)
    _, known = value_and_gradient(loss(), ids, logits)
    np.testing.assert_allclose(gradient, known, atol=1e-6)


@pytest.mark.parametrize("units", [5, 300])
def test_probabilities_that_were_rounded_are_made_to_add_up(units):
    logits, _, _, targets = case(units)
    scaled = targets.copy()
    first = 1 if keeps_all(units) else 1 + KEPT
    scaled[..., first:] *= 0.999
    own, known = (
        value_and_gradient(Distillation(1.0), t, logits)[1]
        for t in (scaled, targets)
    )
    np.testing.assert_allclose(own, known, atol=1e-6)
    np.testing.assert_allclose(own.sum(-1), 0, atol=1e-6)


@pytest.mark.parametrize("units", [5, 300])
def test_a_sure_student_and_sure_teachers_give_finite_gradients(units):
    logits, _, _, targets = case(units)
    logits[:] = 0
    logits[..., 1] = 90  # all else has the probability 0 in float32
    first = 1 if keeps_all(units) else 1 + KEPT
    targets[..., first:] = 0
    targets[..., -1] = 1
    value, gradient = value_and_gradient(Distillation(0.9), targets, logits)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
