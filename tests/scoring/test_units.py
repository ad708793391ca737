"""The loss is that of the text, per character, whatever the unit is."""

import itertools

import numpy as np
import pytest
from random_networks import engine_of

from charrnn import ByteVocabulary, Vocabulary, WordVocabulary
from charrnn.scoring import baselines, scan
from charrnn.scoring.lines import score_each
from charrnn.scoring.losses import Score
from charrnn.scoring.ranking import lines_in_context
from charrnn.scoring.score import (
    score,
    score_cold,
    score_in_streams,
    standard_error,
)

TEXT = "Don't panic, é 文字!\n\nThe sea, the sea!\nshe sells the sea\n" * 30
KINDS = [Vocabulary, WordVocabulary, ByteVocabulary]
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.unit)


@kinds
def test_a_loss_is_minus_ln_p_of_the_text_by_its_characters(kind):
    vocabulary = kind.from_text(TEXT)
    engine = engine_of(vocabulary)
    ids = vocabulary.encode(TEXT)
    state, nats = engine.zero_state(1), 0.0
    for now, later in itertools.pairwise(ids):
        logits, state = engine.step([now], state)
        nats += np.log(np.exp(logits[0].astype(float)).sum()) - logits[0][later]
    scored = score(engine, TEXT)
    characters = len(TEXT) - len(vocabulary.decode(ids[:1]))
    assert scored.characters == characters
    assert scored.units == len(ids) - 1
    assert scored.nats_per_character == pytest.approx(nats / characters)
    assert scored.perplexity == pytest.approx(np.exp(nats / scored.units))


@kinds
@pytest.mark.parametrize("length", [1, 7, 10_000])
def test_a_score_in_chunks_is_that_of_one_pass(kind, length, monkeypatch):
    engine = engine_of(kind.from_text(TEXT))
    whole = score(engine, TEXT)
    monkeypatch.setattr(scan, "MAX_CHARACTERS_PER_PIECE", length)
    chunks = score(engine, TEXT)
    assert chunks.nats == pytest.approx(whole.nats, abs=1e-5)
    assert chunks.nats_per_character == pytest.approx(
        whole.nats_per_character, rel=1e-6
    )
    assert (chunks.characters, chunks.units) == (whole.characters, whole.units)


@kinds
def test_streams_and_windows_tell_the_same_characters(kind):
    vocabulary = kind.from_text(TEXT)
    engine = engine_of(vocabulary)
    one = score(engine, TEXT * 4)
    streams = score_in_streams(engine, TEXT * 4, streams=2, warm_up=256)
    assert streams.characters == one.characters
    assert streams.nats == pytest.approx(one.nats, abs=1e-3)
    cold = score_cold(engine, TEXT * 4, window=10)
    assert cold.characters == pytest.approx(one.characters, rel=0.02)


@kinds
def test_lines_share_the_whole_score(kind):
    engine = engine_of(kind.from_text(TEXT))
    lines = [f"{line}\n" for line in TEXT.splitlines()]
    whole = score(engine, TEXT)
    found = lines_in_context(lines, whole)
    assert len(found) == sum(line != "\n" for line in lines)
    total = sum(line.score.nats.sum(dtype=float) for line in found)
    blank = 0 if kind is WordVocabulary else sum(
        whole.nats[len(engine.vocabulary.encode("".join(lines[:i]))) - 1]
        for i, line in enumerate(lines)
        if line == "\n"
    )  # fmt: skip
    assert total + blank == pytest.approx(whole.nats.sum(dtype=float))


@kinds
def test_a_line_by_itself_is_scored_after_a_line_end(kind):
    engine = engine_of(kind.from_text(TEXT))
    lines = ["The sea, the sea!", "", "she", "é 文字!"]
    for line, scored in zip(lines, score_each(engine, lines), strict=True):
        before = engine.vocabulary.encode("\n")
        ids = np.concatenate([before, engine.vocabulary.encode(f"{line}\n")])
        expected = score(engine, ids)
        assert scored.characters == expected.characters == len(line) + 1
        assert scored.nats == pytest.approx(expected.nats, abs=1e-5)


def test_bytes_that_begin_no_character_have_a_loss():
    engine = engine_of(ByteVocabulary())
    scored = score(engine, np.full(9, 0x80))
    assert scored.characters == 0
    assert np.isfinite(scored.nats_per_character)
    assert np.isfinite(scored.standard_error)


def test_a_standard_error_is_per_character():
    nats = np.random.default_rng(0).random(500)
    scored = Score(nats, "guessed", "word", np.full(500, 4, np.uint8))
    assert scored.standard_error == pytest.approx(standard_error(nats) / 4)


def test_words_are_spelled_out_for_the_baselines():
    """So the figures are those of characters, but for the first word."""
    words = np.random.default_rng(0).choice(TEXT.split(" "), 4000)
    training, held_out = " ".join(words[:3000]), " ".join(words[3000:])
    losses = {}
    for kind in KINDS:
        vocabulary = kind.from_text(training)
        losses[kind.unit] = baselines.measure(
            vocabulary.encode(training), vocabulary.encode(held_out), vocabulary
        )
    assert losses["word"].keys() == losses["character"].keys()
    for name, nats in losses["word"].items():
        assert nats == pytest.approx(losses["character"][name], rel=0.02), name
    assert losses["byte"]["xz"] == losses["character"]["xz"]


@pytest.mark.parametrize("kind", [WordVocabulary, ByteVocabulary])
def test_a_network_is_compared_with_a_5_gram_unit_by_unit(kind):
    vocabulary = kind.from_text(TEXT)
    ids = vocabulary.encode(TEXT)
    nats = score(engine_of(vocabulary), ids).nats
    _, error = baselines.measure_beside(ids, ids, vocabulary, nats)
    assert 0 < error < 1
