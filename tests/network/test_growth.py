"""A network that grows predicts what it predicted before."""

import numpy as np
import pytest

from charrnn.network.arguments import network_of
from charrnn.network.engine import Engine
from charrnn.network.growth import MAX_SHARE, grown, log_ratios
from charrnn.network.shapes import planned_shapes
from charrnn.text.document_vocabulary import DocumentVocabulary
from charrnn.text.relatives import Relative, relatives
from charrnn.text.vocabulary import Vocabulary
from charrnn.text.word_vocabulary import WordVocabulary

OLD, NEW = Vocabulary("abcdefgos .,'-ACOU24\n"), Vocabulary(
    "abcdefgos .,'-ACOU24\n" + "äöüßÄÖÜ013„“–…()*"
)  # fmt: skip
OLD_WORDS = WordVocabulary([*" abcdehst", " the", " seat"])
NEW_WORDS = WordVocabulary(
    [*OLD_WORDS.words, "ä", "T", " The", " stäbe", " bad"]
)


def layers_of(size, cell="LSTM", embedding=None, seed=0):
    """Random layers, as a model file has them; large logits."""
    random = np.random.default_rng(seed)

    def weights(*shape, scale=0.5):
        return random.normal(0, scale, shape).astype(np.float32)

    units, gates = 6, {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}[cell]
    width = embedding or size
    bias = (2, 18) if cell == "GRU" else (gates * units,)
    rnn = [weights(width, gates * units), weights(units, gates * units)]
    first = ("CategoryEncoding", {"num_tokens": size}, [])
    if embedding:
        first = (
            "Embedding",
            {"input_dim": size, "output_dim": embedding},
            [weights(size, embedding)],
        )
    return [
        first,
        (cell, {"units": units}, [*rnn, weights(*bias)]),
        ("Dropout", {"rate": 0.5}, []),
        (
            "Dense",
            {"units": size},
            [weights(units, size, scale=4), weights(size)],
        ),
    ]


def counts_of(new, seed):
    """Counts of a text in which what is new is as frequent as what is old."""
    return np.random.default_rng(seed).integers(0, 1000, len(new))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("cell", ["SimpleRNN", "LSTM", "GRU"])
@pytest.mark.parametrize("embedding", [None, 5])
@pytest.mark.parametrize(
    ("old", "new"), [(OLD, NEW), (OLD_WORDS, NEW_WORDS)], ids=["char", "word"]
)
def test_old_texts_lose_no_more_than_a_hundredth(
    old, new, cell, embedding, seed
):
    layers = layers_of(len(old), cell, embedding, seed)
    counts = counts_of(new, seed)
    larger = grown(layers, relatives(old, new, counts), counts)
    ids = np.random.default_rng(seed).integers(0, len(old), (2, 50))
    before, _ = Engine(layers, old).run(ids)
    after, _ = Engine(larger, new).run(ids)
    np.testing.assert_allclose(after[..., : len(old)], before, atol=1e-5)
    more = total(after) - total(before)
    assert 0 < more.max() < 0.01


def total(logits):
    """The logarithm of the sum of exponentials."""
    logits = logits.astype(np.float64)
    largest = logits.max(-1, keepdims=True)
    return np.log(np.exp(logits - largest).sum(-1)) + largest[..., 0]


def test_a_new_unit_begins_like_its_relative():
    layers = layers_of(len(OLD))
    counts = np.full(len(NEW), 9)
    larger = grown(layers, relatives(OLD, NEW, counts), counts)
    engine = Engine(larger, NEW)
    [[one, _]], _ = engine.run([NEW.encode("öo")])
    same, _ = engine.run([NEW.encode("o")])
    np.testing.assert_array_equal(one, same[0, 0])
    difference = one - one[NEW.encode("o")]
    assert difference[NEW.encode("ö")] < np.log(MAX_SHARE) + 1e-5


def test_the_bias_follows_the_frequency():
    like = [Relative(np.array([i]), np.ones(1), "similar") for i in (0, 0, 1)]
    counts = np.array([99_999, 9_999, 99, 199, 9_999])
    ratios = np.exp(log_ratios(like, counts, 2))
    np.testing.assert_allclose(ratios, [0.001, 0.002, MAX_SHARE])


def test_all_settings_fit_the_larger_vocabulary():
    for embedding in (None, 5):
        layers = layers_of(len(OLD), embedding=embedding)
        counts = np.ones(len(NEW))
        larger = grown(layers, relatives(OLD, NEW, counts), counts)
        shapes = planned_shapes([layer[:2] for layer in larger], len(NEW))
        assert [[a.shape for a in arrays] for *_, arrays in larger] == shapes
        assert {a.dtype for *_, arrays in larger for a in arrays} == {
            np.dtype("float32")
        }


def test_one_hot_input_grows_beyond_256_characters():
    old = Vocabulary("".join(map(chr, range(0x4E00, 0x4E00 + 250))))
    new = Vocabulary("".join(map(chr, range(0x4E00, 0x4E00 + 300))))
    layers, counts = layers_of(250), np.ones(300)
    larger = grown(layers, relatives(old, new, counts), counts)
    assert network_of(larger)["embedding"] is None
    ids = np.array([[3, 1, 200]])
    before, _ = Engine(layers, old).run(ids)
    after, _ = Engine(larger, new).run(ids)
    np.testing.assert_allclose(after[..., :250], before, atol=1e-5)


def test_the_boundary_of_documents_moves_to_the_end():
    old, new = (
        DocumentVocabulary(OLD, "lines"),
        DocumentVocabulary(NEW, "lines"),
    )
    layers, counts = layers_of(len(old)), counts_of(new, 0)
    larger = grown(layers, relatives(OLD, NEW, counts), counts, len(OLD))
    text = "abcd\no24\n"
    before, _ = Engine(layers, old).run([old.encode(text)])
    after, _ = Engine(larger, new).run([new.encode(text)])
    size = len(OLD)
    np.testing.assert_allclose(after[..., :size], before[..., :size], atol=1e-5)
    np.testing.assert_allclose(after[..., -1], before[..., -1], atol=1e-5)
    assert (total(after) - total(before)).max() < 0.01
