"""Gradients at earlier states against central differences."""

import numpy as np
import pytest

from charrnn.insight.gradients import Decay, gradient_decay, state_gradients
from charrnn.network.engine import Engine
from charrnn.network.model import build_model
from charrnn.text.vocabulary import Vocabulary
from charrnn.writing.probabilities import surprise

VOCABULARY = Vocabulary("abcdef")


@pytest.fixture(params=["simple_rnn", "lstm", "gru"])
def model(request):
    model = build_model(VOCABULARY, cell=request.param, units=6, layers=1)
    random = np.random.default_rng(1)
    model.set_weights(
        [random.normal(0, 0.6, w.shape) for w in model.get_weights()]
    )
    return model


@pytest.fixture
def ids():
    return np.random.default_rng(2).integers(6, size=(3, 9))


def loss_from(engine, ids, state):
    """The loss of the last character of each text, read from a state on."""
    logits, _ = engine.run(ids[:, :-1], state)
    return surprise(logits[:, -1].astype(float), ids[:, -1])


@pytest.mark.parametrize("lag", [1, 2, 7])
def test_gradients_are_central_differences(model, ids, lag):
    engine = Engine.from_keras(model, VOCABULARY)
    computed = state_gradients(model, ids)[lag]
    boundary = ids.shape[1] - 1 - lag
    _, ((h, *others),) = engine.run(ids[:, :boundary], engine.zero_state(3))
    small = 0.01
    for unit in range(6):
        losses = []
        for change in (small, -small):
            changed = h.copy()
            changed[:, unit] += change
            state = [(changed, *others)]
            losses.append(loss_from(engine, ids[:, boundary:], state))
        difference = (losses[0] - losses[1]) / (2 * small)
        np.testing.assert_allclose(
            computed[:, unit], difference, rtol=0.02, atol=1e-4
        )


def test_the_first_is_that_of_the_output(model, ids):
    """d loss / d h(t) = (p - y) V, the gradient of softmax regression."""
    kernel, _ = model.layers[-1].get_weights()
    logits = np.asarray(model(ids[:, :-1]))[:, -1].astype(float)
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    expected = (p - np.eye(6)[ids[:, -1]]) @ kernel.T
    np.testing.assert_allclose(
        state_gradients(model, ids)[0], expected, atol=1e-5
    )


def test_norms_are_means_over_texts(model, ids):
    gradients = state_gradients(model, ids)
    norms = np.sqrt((gradients**2).sum(-1)).mean(-1)
    np.testing.assert_allclose(gradient_decay(model, ids).norms, norms, 1e-5)


def test_only_the_lags_asked_for_are_measured(model, ids):
    norms = gradient_decay(model, ids).norms
    np.testing.assert_array_equal(
        gradient_decay(model, ids, lags=3).norms, norms[:4]
    )


def test_half_life_of_a_known_decay():
    assert Decay(0.5 ** (np.arange(50) / 7)).half_life == pytest.approx(7)
    assert Decay(1.1 ** np.arange(50)).half_life == np.inf
    assert Decay(np.zeros(50)).half_life == 0


def test_more_layers_are_refused():
    model = build_model(VOCABULARY, units=4, layers=2)
    with pytest.raises(ValueError, match="one recurrent layer"):
        gradient_decay(model, np.zeros((1, 3), int))
