"""What an unrolled network shows is what the engine computes, step by step."""

import numpy as np
import pytest
from random_networks import engine_of

import charrnn
from charrnn.insight.selection import most_varying
from charrnn.network.cells import CELLS
from charrnn.writing.probabilities import surprise

LAYERS = [cell.layer for cell in CELLS.values()]


@pytest.mark.parametrize("cell", LAYERS)
def test_each_step_is_that_of_the_engine(cell):
    engine = engine_of(cell=cell, layers=2)
    unrolled = charrnn.unroll(engine, "hello", likeliest=4)
    state = engine.zero_state(1)
    ids = engine.vocabulary.encode("hello")
    for step, id in enumerate(ids):
        logits, state = engine.step([id], state)
        for hidden, (h, *_) in zip(unrolled.hidden, state, strict=True):
            np.testing.assert_allclose(hidden[step], h[0], atol=1e-6)
        p = np.exp(logits[0].astype(float))
        p /= p.sum()
        best = np.argsort(-p)[:4]
        assert "".join(unrolled.expected[step]) == "".join(
            engine.vocabulary.decode(best)
        )
        np.testing.assert_allclose(unrolled.probabilities[step], p[best], 1e-5)
        if step < 4:
            nats = surprise(logits, ids[step + 1 : step + 2])[0]
            assert unrolled.bits[step] == pytest.approx(nats / np.log(2), 1e-5)
    assert unrolled.inputs == tuple("hello") and unrolled.bits.shape == (4,)


@pytest.mark.parametrize(
    "kind", [charrnn.WordVocabulary, charrnn.ByteVocabulary]
)
def test_words_and_bytes_are_steps(kind):
    text = "the sea, the sea! é"
    engine = engine_of(kind.from_text(text), layers=2)
    unrolled = charrnn.unroll(engine, text)
    assert len(unrolled.inputs) == len(engine.vocabulary.encode(text))
    score = charrnn.score(engine, text)
    assert unrolled.bits.sum() == pytest.approx(score.nats.sum() / np.log(2))
    assert charrnn.draw_unrolled(unrolled).svg()


def test_documents_have_their_boundaries():
    vocabulary = charrnn.DocumentVocabulary(charrnn.Vocabulary("abn%"), "%")
    engine = engine_of(vocabulary)
    unrolled = charrnn.unroll(engine, "ban%an")
    assert unrolled.inputs == ("\n", *"ban", "\n", *"an", "\n")
    np.testing.assert_array_equal(*(unrolled.hidden[0][[0, 4]]))


def test_the_units_shown_are_those_asked_for_or_those_that_vary_most():
    engine = engine_of(layers=2)
    assert charrnn.unroll(engine, "sea", units=[5, 0]).chosen == [(5, 0)] * 2
    unrolled = charrnn.unroll(engine, "the sea".replace(" ", ""), count=3)
    for hidden, chosen in zip(unrolled.hidden, unrolled.chosen, strict=True):
        assert chosen == most_varying(hidden, 3)
        rest = np.delete(hidden.std(0), chosen)
        assert hidden.std(0)[list(chosen)].min() >= rest.max()
    everything = charrnn.unroll(engine, "sea", count=99)
    assert everything.chosen == [tuple(range(8))] * 2


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"text": "a" * 101}, "at most 100 characters for a picture"),
        ({"text": "a"}, "at least 2"),
        ({"units": [8]}, "units from 0 to 7"),
        ({"units": []}, "Received none"),
    ],
)
def test_what_cannot_be_shown_is_refused(options, says):
    with pytest.raises(ValueError, match=says):
        charrnn.unroll(engine_of(), **{"text": "sea", **options})


def test_the_picture_has_every_step_and_loss():
    unrolled = charrnn.unroll(engine_of(layers=2), "outofthecradleends")
    svg = charrnn.draw_unrolled(unrolled).svg()
    for bits in unrolled.bits:
        assert f">{bits:.2f}<" in svg
    assert svg.count(">reads<") == 3  # bands
    few = charrnn.unroll(engine_of(units=40), "outofthecradleends", count=40)
    assert charrnn.draw_unrolled(few).width <= 1020
    cells = sum(map(len, unrolled.chosen)) * len(unrolled.inputs)
    assert svg.count('class="f-activation') == cells + 7  # and a scale
