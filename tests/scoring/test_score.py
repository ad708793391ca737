"""A score is the surprise -ln p of every character, however it is found."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import LETTERS, engine_of, text_of

from charrnn.network.engine import Engine
from charrnn.scoring.scan import nats_of_rows
from charrnn.scoring.score import (
    Score,
    score,
    score_cold,
    score_exactly,
    score_in_streams,
)
from charrnn.text.vocabulary import Vocabulary

SCORE, SCAN = "charrnn.scoring.score", "charrnn.scoring.scan"
repeatable = settings(deadline=None, derandomize=True)


@pytest.mark.parametrize("size", [2, 3, 8, 26])
def test_a_zeroed_output_layer_costs_log2_of_the_vocabulary(size):
    units = 4
    vocabulary = Vocabulary(LETTERS[:size])
    random = np.random.default_rng(size)
    lstm = [
        random.normal(size=shape).astype(np.float32)
        for shape in [(size, 4 * units), (units, 4 * units), (4 * units,)]
    ]
    dense = [np.zeros((units, size), "f4"), np.zeros(size, "f4")]
    engine = Engine([("LSTM", {}, lstm), ("Dense", {}, dense)], vocabulary)
    result = score(engine, text_of(300, vocabulary.characters))
    assert result.bits_per_character == pytest.approx(np.log2(size), rel=1e-6)
    assert result.nats == pytest.approx(np.log(size), rel=1e-6)


@pytest.mark.parametrize("cell", ["SimpleRNN", "LSTM"])
def test_a_score_is_minus_ln_p_step_by_step(cell):
    engine = engine_of(cell=cell)
    text = text_of(40)
    ids = engine.vocabulary.encode(text)
    state, nats = engine.zero_state(1), []
    for now, later in itertools.pairwise(ids):
        logits, state = engine.step([now], state)
        p = np.exp(logits[0].astype(np.float64))
        nats.append(-np.log(p[later] / p.sum()))
    assert score(engine, text).nats == pytest.approx(np.array(nats), abs=1e-5)


def test_a_score_does_not_look_ahead():
    engine, text = engine_of(), text_of(150)
    whole = score(engine, text).nats
    for length in (2, 64, 65, 66, 149):
        start = score(engine, text[:length]).nats
        assert start == pytest.approx(whole[: length - 1], abs=1e-5)


@pytest.mark.parametrize("steps", [1, 3, 7, 64])
def test_scoring_in_pieces_equals_one_pass(monkeypatch, steps):
    engine, text = engine_of(), text_of(200)
    ids = engine.vocabulary.encode(text)
    logits, _ = engine.run(ids[None, :-1])  # all 199 steps at once
    p = np.exp(logits[0].astype(np.float64))
    by_hand = np.log(p.sum(-1)) - logits[0, np.arange(199), ids[1:]]
    monkeypatch.setattr(
        f"{SCAN}.MAX_LOGITS_PER_PIECE", steps * len(engine.vocabulary)
    )
    assert score(engine, text).nats == pytest.approx(by_hand, abs=1e-5)


@pytest.mark.parametrize("steps", [1, 5])
def test_no_piece_has_more_logits_than_the_limit(monkeypatch, steps):
    engine = engine_of()
    lengths, run = [], engine.run

    def recorded(ids, state):
        lengths.append(ids.shape[1])
        return run(ids, state)

    monkeypatch.setattr(engine, "run", recorded)
    monkeypatch.setattr(
        f"{SCAN}.MAX_LOGITS_PER_PIECE", steps * len(engine.vocabulary)
    )
    score(engine, text_of(23))
    assert max(lengths) == steps
    assert sum(lengths) == 22


def test_the_first_character_is_context_and_not_scored():
    engine = engine_of()
    result = score(engine, "ab")
    assert result.characters == 1
    assert score(engine, "abc").nats[0] == pytest.approx(result.nats[0])
    assert score(engine, "zb").nats[0] != pytest.approx(result.nats[0])


def test_ids_are_scored_as_their_text():
    engine, text = engine_of(), text_of(50)
    by_ids = score(engine, engine.vocabulary.encode(text))
    assert np.array_equal(by_ids.nats, score(engine, text).nats)


@pytest.mark.parametrize("text", ["", "a"])
def test_a_text_too_short_is_refused(text):
    with pytest.raises(ValueError, match=rf"Received {len(text)}\."):
        score(engine_of(), text)


def test_an_unknown_character_is_named():
    with pytest.raises(ValueError, match=r"'é' \(U\+00E9\) at position 3"):
        score(engine_of(), "cafés")


def test_a_score_knows_its_mean_in_nats_and_bits():
    result = Score(np.log([2, 8, 4], dtype=np.float32), "by hand")
    assert result.characters == 3
    assert result.nats_per_character == pytest.approx(2 * np.log(2))
    assert result.bits_per_character == pytest.approx(2)


def test_the_mean_of_many_characters_keeps_its_digits():
    nats = np.random.default_rng(0).random(100_001, np.float32)
    mean = math.fsum(nats.tolist()) / len(nats)
    found = Score(nats, "by hand").nats_per_character
    assert found == pytest.approx(mean, rel=1e-12)


def test_streams_equal_one_pass(monkeypatch):
    monkeypatch.setattr(f"{SCORE}.MIN_CHARACTERS_PER_STREAM", 300)
    engine, text = engine_of(), text_of(3001)
    ids = engine.vocabulary.encode(text)
    one_pass = score(engine, text)
    streams = score_in_streams(engine, ids, warm_up=150)
    assert streams.method == "10 streams, each warmed up on 150 characters"
    assert score_in_streams(engine, ids[:500]).method == "1 stream"
    cold = score_in_streams(engine, ids, warm_up=0).method
    assert cold == "10 streams, not warmed up"
    assert streams.nats == pytest.approx(one_pass.nats, abs=1e-4)


@pytest.mark.parametrize("warm_up", [1, 150])
def test_a_text_is_scored_in_one_pass_unless_streams_meet(monkeypatch, warm_up):
    engine, text = engine_of(), text_of(3001)
    ids = engine.vocabulary.encode(text)
    one_pass = nats_of_rows(engine, ids[None])[0]
    monkeypatch.setattr(f"{SCORE}.EXACT_WARM_UP_CHARACTERS", warm_up)
    monkeypatch.setattr(f"{SCORE}.exact_streams", lambda characters: 10)
    exact = score_exactly(engine, ids)
    met = warm_up == 150
    assert (exact.method == "one pass, state carried") is met
    assert bool(np.abs(exact.nats - one_pass).max() < 1e-5) is met
    scored = score(engine, text)
    assert scored.method == "one pass, state carried"
    assert scored.nats == pytest.approx(one_pass, abs=1e-5)


def test_streams_need_their_warm_up(monkeypatch):
    monkeypatch.setattr(f"{SCORE}.MIN_CHARACTERS_PER_STREAM", 300)
    engine, text = engine_of(), text_of(3001)
    ids = engine.vocabulary.encode(text)
    one_pass = score(engine, text).nats
    cold = score_in_streams(engine, ids, warm_up=0).nats
    starts = np.arange(0, 3000, 300)
    wrong = np.abs(cold - one_pass) > 1e-3
    assert wrong[starts[1:]].all()
    assert not wrong[:300].any()


@repeatable
@given(
    st.integers(2, 300),
    st.integers(1, 12),
    st.integers(0, 40),
    st.integers(1, 20),
    st.integers(0, 2**32),
)
def test_streams_cover_each_character(
    length, streams, warm_up, stream_length, seed
):
    engine = engine_of(cell="SimpleRNN", recurrence=0.0)
    ids = engine.vocabulary.encode(text_of(length, seed=seed))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{SCORE}.MIN_CHARACTERS_PER_STREAM", stream_length)
        result = score_in_streams(engine, ids, streams, warm_up)
    one_pass = score(engine, ids)
    assert result.nats.shape == one_pass.nats.shape
    assert result.nats == pytest.approx(one_pass.nats, abs=1e-5)


def test_a_single_stream_is_one_pass_exactly():
    engine = engine_of()
    ids = engine.vocabulary.encode(text_of(500))
    single = score_in_streams(engine, ids)
    assert single.method.startswith("1 stream")
    assert np.array_equal(single.nats, score(engine, ids).nats)


def test_long_texts_take_streams_and_say_so(monkeypatch):
    monkeypatch.setattr(f"{SCORE}.ONE_PASS_CHARACTERS", 1000)
    monkeypatch.setattr(f"{SCORE}.MIN_CHARACTERS_PER_STREAM", 200)
    engine = engine_of()
    short, long = text_of(1000), text_of(1001)
    assert score(engine, short).method == "one pass, state carried"
    assert score(engine, long).method.startswith("5 streams, each warmed up")


@pytest.mark.parametrize(
    ("length", "window"),
    [(101, 25), (101, 100), (601, 4), (130, 1), (110, 25), (124, 25)],
)
def test_cold_windows_are_scored_each_for_itself(length, window):
    engine = engine_of()
    ids = engine.vocabulary.encode(text_of(length))
    result = score_cold(engine, ids, window)
    count = (length - 1) // window  # a remainder is left out
    alone = [
        score(engine, ids[i * window : (i + 1) * window + 1]).nats
        for i in range(count)
    ]
    assert result.characters == count * window
    assert result.nats == pytest.approx(np.concatenate(alone), abs=1e-5)
    assert result.method == f"cold windows of {window} characters"


@pytest.mark.parametrize("length", [2, 3, 256, 257])
def test_a_text_shorter_than_a_window_is_one_window(length):
    engine = engine_of()
    ids = engine.vocabulary.encode(text_of(length))
    result = score_cold(engine, ids)
    assert result.method == f"cold windows of {length - 1} characters"
    assert result.nats == pytest.approx(score(engine, ids).nats, abs=1e-5)


@pytest.mark.parametrize("scorer", [score, score_in_streams, score_cold])
@pytest.mark.parametrize("last", [-1, 2**20])
def test_ids_outside_of_the_vocabulary_are_refused(scorer, last):
    with pytest.raises(ValueError, match=rf"Received {last}\."):
        scorer(engine_of(), [0, 1, last])


@pytest.mark.parametrize("size", [2, 3, 26])
def test_guessing_has_the_perplexity_of_the_vocabulary(size):
    result = Score(np.full(100, np.log(size), np.float32), "by hand")
    assert result.perplexity == pytest.approx(size, rel=1e-6)


def test_a_perplexity_may_be_infinite():
    assert Score(np.array([1e4], np.float32), "by hand").perplexity == math.inf
