"""A number of minutes becomes a number of steps that keeps it."""

import types

import numpy as np

from charrnn import budget, training


def budget_for(setting, seconds, step_seconds, total_steps=None):
    """A budget with a rigged clock: steps and scoring take known times."""
    schedule = training.Schedule(setting.windows, 0.01, total_steps)
    schedule.elapsed = lambda: 10.0
    schedule.step_seconds = lambda: step_seconds
    validation = training.Validation(
        setting.model, setting.vocabulary, setting.ids
    )
    limit = budget.Budget(seconds, schedule, validation)
    limit.set_params({"steps": 50})
    limit.set_model(types.SimpleNamespace(stop_training=False))
    limit._scoring_seconds = lambda: (5.0, 7.0)
    return limit


def test_budget_counts_steps_validations_and_the_end(setting):
    limit = budget_for(setting, seconds=136.0, step_seconds=0.4)
    limit.plan()
    counting = budget.BASELINE_SECONDS * len(setting.windows.ids)
    left = 136.0 - 10.0 - 5.0 - 7.0 - budget.SLACK_SECONDS - counting
    assert limit.schedule.total_steps == int(left / (0.4 + 5.0 / 50))


def test_a_held_out_part_too_long_for_the_time_is_shortened_once(
    setting, capsys
):
    limit = budget_for(setting, seconds=136.0, step_seconds=0.4)
    held_out = limit.validation.ids
    limit._scoring_seconds = lambda: (
        0.1 * len(limit.validation.ids),  # 74 s of 136 s, at first
        1.0,
    )
    limit.plan()
    kept = len(limit.validation.ids)
    assert kept == int(136.0 / 8 / 0.1)
    assert (limit.validation.ids == held_out[:kept]).all()
    said = f"validation on the first {kept:,} of {len(held_out):,} held-out"
    assert said in capsys.readouterr().out
    limit._scoring_seconds = lambda: (100.0, 1.0)
    limit.plan()
    assert len(limit.validation.ids) == kept


def test_budget_never_adds_epochs(setting):
    limit = budget_for(setting, 1000.0, step_seconds=0.4, total_steps=30)
    limit.plan()
    assert limit.schedule.total_steps == 30


def test_spent_budget_ends_at_once(setting):
    limit = budget_for(setting, seconds=11.0, step_seconds=0.4)
    limit.schedule.step = 17
    limit.plan()
    assert limit.schedule.total_steps == 17
    assert limit.model.stop_training


def test_budget_ends_training_by_itself(setting, monkeypatch):
    monkeypatch.setattr(budget, "SLACK_SECONDS", 0.5)
    schedule = training.Schedule(setting.windows, 0.01)
    validation = training.Validation(
        setting.model, setting.vocabulary, setting.ids
    )
    limit = budget.Budget(4.0, schedule, validation)
    setting.fit([schedule, validation, limit])
    assert schedule.step == schedule.total_steps
    assert schedule.learning_rate == 0.0


def test_budget_is_corrected_every_tenth_of_the_time(setting):
    limit = budget_for(setting, seconds=136.0, step_seconds=0.4)
    now = [0.0]
    limit.schedule.elapsed = lambda: now[0]
    limit.schedule.is_measured = lambda steps: True
    plans, scorings = [], []
    limit.schedule.step_seconds = lambda: plans.append(now[0]) or 0.4
    limit._scoring_seconds = lambda: scorings.append(now[0]) or (5.0, 7.0)
    for second in range(60):
        now[0] = float(second)
        limit.on_train_batch_end(second)
    assert plans == [0.0, 14.0, 28.0, 42.0, 56.0]
    assert scorings == [0.0]  # to measure it takes as long as many steps
    limit.on_epoch_end(0)
    assert scorings == [0.0, 59.0]


def test_training_goes_on_when_slow_steps_made_the_plan_far_too_short(setting):
    limit = budget_for(setting, seconds=136.0, step_seconds=4.0)
    limit.schedule.is_measured = lambda steps: True
    limit.plan()
    slow = limit.schedule.step = limit.schedule.total_steps
    limit.schedule.step_seconds = lambda: 0.4
    limit.schedule.elapsed = lambda: 20.0  # no plan is due yet
    limit.model.stop_training = True  # as by the schedule
    limit.on_train_batch_end(0)
    assert limit.schedule.total_steps > 5 * slow
    assert not limit.model.stop_training
    limit.schedule.step = limit.schedule.total_steps
    limit.schedule.elapsed = lambda: 115.0  # of 136 - 5 - 7 - 4, good enough
    limit._next_plan = np.inf
    limit.model.stop_training = True
    limit.on_train_batch_end(0)
    assert limit.model.stop_training


def test_epochs_end_training_though_there_is_time(setting):
    limit = budget_for(setting, 1000.0, step_seconds=0.4, total_steps=30)
    limit.schedule.is_measured = lambda steps: True
    limit.plan()
    limit.schedule.step = 30
    limit.model.stop_training = True
    limit.on_train_batch_end(0)
    assert limit.schedule.total_steps == 30
    assert limit.model.stop_training
