"""Dynamic evaluation: scored first, learnt from afterwards, then put back."""

import itertools
import json

import numpy as np
import pytest

from charrnn import Engine, Vocabulary, build_model, score, score_adapting
from charrnn.commands import main
from charrnn.network.backend import keras
from charrnn.network.model_file import read, save
from charrnn.scoring import adaptation

TEXT = "the cat sat on the mat, and that was that.\n" * 20
WHOLE = TEXT[: 26 * 32 + 1]  # segments of one length: compiled once
SEGMENTS = 20  # of the text that the model writes itself, 200 by default
CELLS = ["simple_rnn", "lstm", "gru"]


def network(cell="lstm", **sizes):
    keras.utils.set_random_seed(1)
    vocabulary = Vocabulary.from_text(TEXT)
    sizes = {"units": 8, "layers": 1, "dropout": 0.5, **sizes}
    return build_model(vocabulary, cell=cell, **sizes), vocabulary


@pytest.fixture(autouse=True)
def short_own_text(monkeypatch):
    """The text that the model writes itself is shorter than usual."""
    monkeypatch.setattr(adaptation, "OWN_TEXT_SEGMENTS", SEGMENTS)


FAST = ("gru", 3)  # other tests have the other cells, without embedding


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "embedding"),
    [
        pytest.param(*pair, marks=[pytest.mark.slow] * (pair != FAST))
        for pair in itertools.product(CELLS, [None, 3])
    ],
)
def test_weights_that_stay_score_as_ever(cell, embedding):
    model, vocabulary = network(cell, embedding=embedding, layers=2)
    text = TEXT[:101]
    static = score(Engine.from_keras(model, vocabulary), text)
    adapted = score_adapting(
        model, vocabulary, text, learning_rate=0.0, decay=0.0
    )
    assert np.allclose(adapted.nats, static.nats, atol=1e-5)
    assert adapted.characters == 100


@pytest.mark.slow
def test_a_text_that_repeats_becomes_likelier():
    model, vocabulary = network()
    before = model.get_weights()
    static = score(Engine.from_keras(model, vocabulary), WHOLE)
    adapted = score_adapting(model, vocabulary, WHOLE, learning_rate=0.01)
    # The first segment is scored before anything is learnt.
    assert np.allclose(adapted.nats[:32], static.nats[:32], atol=1e-5)
    gain = static.nats - adapted.nats
    assert gain[-200:].mean() > 0.2
    for one, other in zip(before, model.get_weights(), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.slow
def test_nothing_is_learnt_from_what_comes_later():
    model, vocabulary = network()
    other = WHOLE[:64] + WHOLE[64:][::-1]
    ours, theirs = (
        score_adapting(model, vocabulary, text, learning_rate=0.01).nats
        for text in (WHOLE, other)
    )
    assert np.array_equal(ours[:63], theirs[:63])
    assert not np.allclose(ours[64:], theirs[64:])


@pytest.mark.slow
def test_an_update_is_the_equation_of_the_docstring():
    """The second segment, with gradients by central differences."""
    model, vocabulary = network("simple_rnn", units=2, layers=1)
    text, segment, rate = TEXT[:9], 4, 0.5
    adapted = score_adapting(
        model, vocabulary, text, segment=segment, learning_rate=rate, decay=0
    )
    roots = root_mean_squares(model, vocabulary, segment)
    mean = np.concatenate([root.ravel() for root in roots]).mean()
    gradients = differences(model, vocabulary, text[: segment + 1])
    model.set_weights(
        [
            weight - rate * gradient / (root + mean)
            for weight, gradient, root in zip(
                model.get_weights(), gradients, roots, strict=True
            )
        ]
    )
    ids = vocabulary.encode(text).astype(np.int32)
    moved = Engine.from_keras(model, vocabulary)
    # The state was found by the weights before.
    still, _ = network("simple_rnn", units=2, layers=1)
    _, state = Engine.from_keras(still, vocabulary).run(ids[None, :segment])
    logits, _ = moved.run(ids[None, segment:-1], state)
    expected = surprise_of(logits[0], ids[segment + 1 :])
    assert np.allclose(adapted.nats[segment:], expected, atol=0.01)
    static = score(Engine.from_keras(still, vocabulary), text).nats
    assert not np.allclose(adapted.nats[segment:], static[segment:], atol=0.1)


def surprise_of(logits, targets):
    logits = logits.astype(np.float64)
    norms = np.log(np.exp(logits).sum(-1))
    return norms - logits[np.arange(len(targets)), targets]


def differences(model, vocabulary, text, step=1e-2):
    """Gradients of a text's mean loss."""
    weights = model.get_weights()
    gradients = [np.zeros(weight.shape) for weight in weights]
    for weight, gradient in zip(weights, gradients, strict=True):
        for place in np.ndindex(weight.shape):
            losses = []
            for sign in (1, -1):
                weight[place] += sign * step
                model.set_weights(weights)
                engine = Engine.from_keras(model, vocabulary)
                losses.append(score(engine, text).nats.mean(dtype=np.float64))
                weight[place] -= sign * step
            gradient[place] = (losses[0] - losses[1]) / (2 * step)
    model.set_weights(weights)
    return gradients


def root_mean_squares(model, vocabulary, segment):
    """The scales, by Keras, segment by segment with the state carried."""
    import tensorflow as tf

    from charrnn.twins.stateful import stateful_twin
    from charrnn.writing.sampler import Sampler

    engine = Engine.from_keras(model, vocabulary)
    (own,) = Sampler(engine).generate(
        "", length=SEGMENTS * segment + 1, temperature=1.0, seed=0
    )
    ids = vocabulary.encode(own.text).astype(np.int32)
    twin = stateful_twin(model, batch_size=1)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    squares = [np.zeros(weight.shape) for weight in model.get_weights()]
    for start in range(0, len(ids) - 1, segment):
        piece = ids[None, start : start + segment + 1]
        with tf.GradientTape() as tape:
            value = loss(piece[:, 1:], twin(piece[:, :-1], training=False))
        found = tape.gradient(value, [v.value for v in twin.trainable_weights])
        for square, gradient in zip(squares, found, strict=True):
            square += np.asarray(gradient) ** 2
    return [np.sqrt(square / SEGMENTS) for square in squares]


@pytest.mark.slow
def test_weights_are_drawn_back():
    model, vocabulary = network()
    free, drawn = (
        score_adapting(
            model, vocabulary, WHOLE, learning_rate=0.01, decay=decay
        ).nats
        for decay in (0.0, 1e9)
    )
    static = score(Engine.from_keras(model, vocabulary), WHOLE).nats
    assert abs(drawn - static).mean() < abs(free - static).mean()


@pytest.mark.slow
def test_the_command_keeps_the_two_apart(tmp_path, monkeypatch, capsys):
    monkeypatch.undo()  # with as long a text as a user has
    model, vocabulary = network()
    path, text = tmp_path / "model.keras", tmp_path / "text.txt"
    save(model, path, vocabulary)
    text.write_text(TEXT, encoding="utf-8")
    words = ["score", str(path), str(text)]
    assert main([*words, "--json"]) == 0
    (static,) = json.loads(capsys.readouterr().out)
    assert main([*words, "--json", "--adapt"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert first == static and not static["adapted"]
    assert second["adapted"]
    assert second["nats_per_character"] < static["nats_per_character"]
    assert "adapting after every 32" in second["method"]
    assert main([*words, "--adapt", "--lines"]) == 0
    shown = capsys.readouterr().out
    static, adapted = shown.split("with --adapt, not comparable")
    lines = TEXT.count("\n")
    assert static.count("text.txt:") == adapted.count("text.txt:") == lines
    assert read(path)["vocabulary"] == vocabulary
