"""A line scores the same whatever the lines around it are."""

import numpy as np
import pytest
from random_networks import LETTERS, engine_of, text_of

from charrnn.scoring.lines import FROM_NOTHING, line_end, score_each
from charrnn.scoring.score import score


def lines_of(count, seed=0):
    random = np.random.default_rng(seed)
    lengths = random.integers(0, 200, count).tolist()
    return [text_of(n, seed=seed + i) for i, n in enumerate(lengths)]


@pytest.mark.parametrize("cell", ["SimpleRNN", "LSTM"])
def test_each_line_is_scored_as_if_it_stood_alone(cell):
    engine, lines = engine_of(LETTERS + "\n", cell), lines_of(70)
    for line, own in zip(lines, score_each(engine, lines), strict=True):
        alone = score(engine, f"\n{line}\n")
        assert own.characters == len(line) + 1
        assert own.nats == pytest.approx(alone.nats, abs=2e-5)


def test_each_line_scores_the_same_whatever_the_others_are():
    engine, lines = engine_of(LETTERS + "\n", units=40), lines_of(150)
    together = score_each(engine, lines)
    backwards = score_each(engine, lines[::-1])[::-1]
    for own, other in zip(together, backwards, strict=True):
        assert own.nats == pytest.approx(other.nats, abs=1e-6)
    for line, own in list(zip(lines, together, strict=True))[::4]:
        (alone,) = score_each(engine, [line])
        assert own.nats == pytest.approx(alone.nats, abs=1e-6)


def test_very_long_lines_are_scored_too(monkeypatch):
    engine = engine_of(LETTERS + "\n")
    lines = [*lines_of(9), text_of(900), text_of(700, seed=1)]
    expected = score_each(engine, lines)
    monkeypatch.setattr("charrnn.scoring.lines.ONE_PASS_CHARACTERS", 500)
    for own, other in zip(expected, score_each(engine, lines), strict=True):
        assert own.nats == pytest.approx(other.nats, abs=2e-5)


def test_a_line_of_a_model_without_line_ends_begins_with_context():
    engine = engine_of()
    assert line_end(engine) == ""
    for own, line in zip(
        score_each(engine, ["", "a", "sea"]), ["", "a", "sea"], strict=True
    ):
        assert own.characters == max(0, len(line) - 1)
    assert own.nats == pytest.approx(score(engine, "sea").nats, abs=1e-5)
    assert own.method == FROM_NOTHING


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_ends_as_those_of_the_training_text(end):
    engine = engine_of(LETTERS + end)
    assert line_end(engine) == end
    (own,) = score_each(engine, ["sea"])
    alone = score(engine, f"{end}sea{end}").nats[len(end) - 1 :]
    assert own.nats == pytest.approx(alone, abs=1e-5)


def test_no_lines_have_no_scores():
    assert score_each(engine_of(), []) == []
