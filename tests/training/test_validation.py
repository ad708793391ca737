"""The held-out part is scored, and the best model kept."""

import json
import math
import os
import signal
import types

import numpy as np
import pytest
from small_runs import SMALL, at_step, left_behind

from charrnn.commands import main
from charrnn.network import model_file
from charrnn.network.engine import Engine
from charrnn.scoring import score as scoring
from charrnn.training import metrics, round_scoring
from charrnn.training.round_scoring import is_exact, round_scorer
from charrnn.training.schedule import Schedule
from charrnn.training.validation import SaveBest, Validation
from charrnn.twins.fused import fused


def test_validation_leaves_what_training_carries_untouched(setting):
    schedule = Schedule(setting.windows, 0.01, total_steps=5)
    validation = Validation(setting.model, setting.vocabulary, setting.ids)
    setting.fit([schedule])
    carried = [
        v.numpy()
        for layer in setting.twin.working_layers()
        for v in getattr(layer, "states", None) or []
    ]
    assert carried
    assert any(state.any() for state in carried)
    logs = {}
    validation.on_epoch_end(0, logs)
    after = [
        v.numpy()
        for layer in setting.twin.working_layers()
        for v in getattr(layer, "states", None) or []
    ]
    for before_array, after_array in zip(carried, after, strict=True):
        assert (before_array == after_array).all()
    engine = Engine.from_keras(setting.model, setting.vocabulary)
    expected = scoring.score(engine, setting.ids).nats_per_character
    assert logs["val_loss"] == pytest.approx(expected, abs=1e-6)


def test_only_a_lower_loss_replaces_the_model(setting, tmp_path):
    schedule = Schedule(setting.windows, 0.01)
    validation = Validation(setting.model, setting.vocabulary, setting.ids)
    path = tmp_path / "model.keras"
    best = SaveBest(validation, path, {"note": "kept"}, schedule)
    best.set_model(types.SimpleNamespace(stop_training=False))
    for step, loss in enumerate([3.0, math.nan, 2.0, 2.5, math.nan]):
        schedule.step = step
        best.on_epoch_end(step, {"val_loss": loss})
    facts = model_file.read(path)["facts"]
    assert facts["metrics"]["validation_nats_per_character"] == 2.0
    assert facts["metrics"]["step"] == best.step == 2
    assert facts["note"] == "kept"


def test_nan_from_the_start_saves_nothing(setting, tmp_path):
    validation = Validation(setting.model, setting.vocabulary, setting.ids)
    schedule = Schedule(setting.windows, 0.01)
    path = tmp_path / "model.keras"
    best = SaveBest(validation, path, {}, schedule)
    best.set_model(types.SimpleNamespace(stop_training=False))
    best.on_epoch_end(0, {"val_loss": math.nan})
    assert best.step is None
    assert not path.exists()


@pytest.mark.parametrize(("patience", "rounds"), [(None, 6), (2, 5), (1, 2)])
def test_patience_counts_the_rounds_without_a_better_loss(
    setting, tmp_path, patience, rounds
):
    validation = Validation(setting.model, setting.vocabulary, setting.ids)
    schedule = Schedule(setting.windows, 0.01)
    path = tmp_path / "model.keras"
    best = SaveBest(validation, path, {}, schedule, patience)
    best.set_model(types.SimpleNamespace(stop_training=False))
    done = 0
    for loss in (3.0, 3.0, 2.0, 2.5, 2.5, 2.5):
        best.on_epoch_end(done, {"val_loss": loss})
        done += 1
        if best.model.stop_training:
            break
    assert done == rounds


def best_of(setting, tmp_path, patience=None, held_out=None):
    """A `SaveBest` for the tiny model, with nothing to stop."""
    ids = setting.ids if held_out is None else held_out
    validation = Validation(setting.model, setting.vocabulary, ids)
    schedule = Schedule(setting.windows, 0.01)
    best = SaveBest(
        validation, tmp_path / "model.keras", {}, schedule, patience
    )
    best.set_model(types.SimpleNamespace(stop_training=False))
    return best


def rounds_until_it_stops(best, losses):
    """Tells it pairs of training and validation losses; how many it takes."""
    for number, (loss, validation) in enumerate(losses, 1):
        best.schedule.step = number
        best.on_epoch_end(number, {"loss": loss, "val_loss": validation})
        if best.model.stop_training:
            return number
    return None


BY_HEART = [  # a text of 3,600 characters, as it went
    (3.01, 2.36), (1.72, 2.38), (1.0, 2.7), (0.54, 3.16), (0.3, 3.63),
    (0.18, 3.85), (0.14, 3.86),
]  # fmt: skip
ORDINARY = {
    "over-fits a little": [(1.9, 1.652), (1.3, 1.7), (1.1, 1.774)] * 9,
    "rises and falls again": [(2.0, 1.7), (2.4, 2.4), (2.4, 2.5), (1.9, 1.6)],
    "states told streams apart": [(1.6, 1.8), (1.397, 1.9), (1.2, 2.2)] * 9,
    "easy text": [(0.3, 0.25), (0.1, 0.3), (0.01, 0.4), (0.01, 0.5)] * 9,
    "one bad round": [(1.0, 2.0), (0.4, 3.0), (0.4, 2.4), (0.4, 3.0)],
    "diverges": [(2.0, 2.0), (4.0, 4.0), (4.0, 4.0), (4.0, 4.0)],
}


def test_a_text_learnt_by_heart_ends_training(setting, tmp_path):
    best = best_of(setting, tmp_path)
    assert rounds_until_it_stops(best, BY_HEART) == 5
    assert best.is_by_heart
    assert best.step == 1


@pytest.mark.parametrize("losses", ORDINARY.values(), ids=ORDINARY)
def test_no_ordinary_run_is_taken_for_that(setting, tmp_path, losses):
    best = best_of(setting, tmp_path)
    assert rounds_until_it_stops(best, losses) is None
    assert not best.is_by_heart


@pytest.mark.parametrize(("patience", "rounds"), [(100, None), (1, 2)])
def test_patience_rules_where_it_is_given(setting, tmp_path, patience, rounds):
    best = best_of(setting, tmp_path, patience)
    assert rounds_until_it_stops(best, BY_HEART) == rounds


@pytest.mark.parametrize("done", range(1, len(BY_HEART)))
def test_a_restored_one_stops_where_the_first_would(setting, tmp_path, done):
    first = best_of(setting, tmp_path)
    stopped = rounds_until_it_stops(first, BY_HEART[:done])
    second = best_of(setting, tmp_path)
    second.restore(json.loads(json.dumps(first.state())))
    if stopped is None:
        left = rounds_until_it_stops(second, BY_HEART[done:])
        assert done + left == 5
    assert second.is_by_heart == first.is_by_heart or done < 5


def test_without_a_held_out_part_the_last_model_is_kept(setting, tmp_path):
    best = best_of(setting, tmp_path, held_out=setting.ids[:0])
    for step in (10, 20, 30):
        best.schedule.step = step
        logs = {"loss": 1.0}
        best.validation.on_epoch_end(step, logs)
        assert "val_loss" not in logs
        best.on_epoch_end(step, logs)
        metrics = model_file.read(best.path)["facts"]["metrics"]
        assert metrics == {"step": step}
    assert not best.model.stop_training


class Scorer:
    """Stands for the loops of a training in bfloat16."""

    precision = "bfloat16"

    def nats_of_rows(self, engine, ids):
        return np.full((len(ids), ids.shape[1] - 1), 1.5, np.float32)


@pytest.mark.parametrize("over", [False, True])
def test_the_loops_of_the_training_score_all_rounds_but_the_last(setting, over):
    validation = Validation(
        setting.model, setting.vocabulary, setting.ids, Scorer()
    )
    validation.set_model(types.SimpleNamespace(stop_training=over))
    logs = {}
    validation.on_epoch_end(0, logs)
    assert (logs["val_loss"] == 1.5) is not over
    assert is_exact(validation.method) is over


@pytest.mark.parametrize(
    ("precision", "units", "fast"),
    [("bfloat16", 10**9, True), ("bfloat16", 1000, False),
     ("float32", 10**9, False)],
)  # fmt: skip
def test_loops_score_where_that_is_faster(setting, precision, units, fast):
    twin = fused(setting.model, batch_size=4, precision=precision)
    assert (round_scorer(twin, units) is not None) is fast


@pytest.mark.slow
def test_a_run_whose_rounds_are_scored_by_its_loops(
    text, tmp_path, monkeypatch
):
    """It ends with an exact loss, and resumes to the bit."""
    monkeypatch.setattr(round_scoring, "MIN_WORK", 0)
    by_loops = []
    score_rows = round_scoring.RoundScorer.nats_of_rows

    def recorded(scorer, *rows):
        by_loops.append(score_rows(scorer, *rows))
        return by_loops[-1]

    monkeypatch.setattr(round_scoring.RoundScorer, "nats_of_rows", recorded)
    flags = [*SMALL, "--precision=bfloat16", "--dropout=0.2"]
    command = ["train", str(text), *flags, "--out"]
    assert main([*command, str(tmp_path / "whole")]) == 0
    whole = left_behind(tmp_path / "whole")
    assert by_loops and is_exact(whole["metrics"]["validation_method"])
    metrics = json.loads((tmp_path / "whole/metrics.json").read_text("utf-8"))
    assert metrics["validation_method"] == "one pass, state carried"
    rounds = whole["metrics"]["validation_nats_per_character"]
    reported = metrics["validation_nats_per_character"]
    assert reported == pytest.approx(rounds, abs=1e-3)
    with monkeypatch.context() as patches:
        at_step(patches, 130, lambda _: os.kill(os.getpid(), signal.SIGINT))
        assert main([*command, str(tmp_path / "parts")]) == 130
    assert main([*command, str(tmp_path / "parts")]) == 0
    assert left_behind(tmp_path / "parts") == whole


@pytest.mark.parametrize("has_time", [False, True])
@pytest.mark.parametrize(
    ("long", "method", "exact"),
    [
        (False, "one pass, state carried", True),
        (False, "9 streams", False),
        (False, "9 streams, in bfloat16", False),
        (True, "9 streams", True),
        (True, "9 streams, in bfloat16", False),
    ],
)
def test_the_loss_that_is_reported_is_exact_though_the_model_was_not_last(
    setting, monkeypatch, long, method, exact, has_time
):
    engine = Engine.from_keras(setting.model, setting.vocabulary)
    ids = setting.ids[:500]
    monkeypatch.setattr(scoring, "ONE_PASS_CHARACTERS", 100 if long else 1000)
    saved = {
        "validation_nats_per_character": 9.0,
        "validation_method": method,
    }
    engine.facts = {"metrics": saved}
    ending = types.SimpleNamespace(has_time_to_score=lambda: has_time)
    nats, how = metrics._loss(engine, ids, ending)
    if exact or not has_time:
        assert (nats, how) == (9.0, method)
    else:
        expected = scoring.score(engine, ids)
        assert nats == pytest.approx(expected.nats_per_character, abs=1e-6)
        assert is_exact(how)
