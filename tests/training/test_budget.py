"""Training ends so that everything is done when the time is over."""

import numpy as np
import pytest
from machine import Machine, Run

from charrnn.training import budget
from charrnn.training.schedule import Schedule, warmup_cosine
from charrnn.training.validation import Validation

# How long a second of work takes, at a time of so many seconds in all.
LOADS = {
    "constant": lambda time, seconds: 1.0,
    "twice as slow from the middle": lambda t, s: 2.0 if t > s / 2 else 1.0,
    "twice as fast from the middle": lambda t, s: 2.0 if t < s / 2 else 1.0,
    "now and then slow": lambda time, seconds: 4.0 if time % 7 < 0.7 else 1.0,
}
# A small network on a fast machine, and a large one on a slow machine.
SPEEDS = {
    "fast": {},
    "fast, scored by the loops": {"loops": 150_000},
    "long text, scored by the loops": {"loops": 150_000, "held_out": 400_000},
    "slow": {"many": 20_000, "step": 0.3, "steps_per_round": 400},
}


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("seconds", [60, 120, 300])
def test_everything_is_done_within_five_percent_of_the_time(
    seconds, load, speed
):
    machine = Machine(lambda time: LOADS[load](time, seconds))
    run = Run(machine, seconds, **SPEEDS[speed])
    run.train()
    assert machine.time == pytest.approx(seconds, rel=0.05)
    assert run.validations
    # The rate rose and came down again.
    assert max(run.rates) > 0.99 * run.schedule.peak
    assert run.rates[-1] < 0.01 * run.schedule.peak or (
        run.schedule.step < 100 and run.rates[-1] < run.schedule.peak / 2
    )
    # What is shown falls by what has passed: the time is kept.
    times, left = np.array(run.left).T
    assert (np.diff(left) <= 1e-9).all()
    assert left == pytest.approx(seconds - times)


@pytest.mark.parametrize("compiling", [(20.0,), (10.0, 10.0), (1, 1, 9, 1, 9)])
def test_no_end_follows_from_steps_that_compile(compiling):
    machine = Machine()
    run = Run(machine, 60, compiling=compiling, step=0.05)
    run.train()
    assert machine.time == pytest.approx(60, rel=0.05)
    assert run.schedule.step > 400  # of 600 to 700 that there is time for
    assert run.schedule.step_seconds() == pytest.approx(0.05, rel=0.2)


def test_what_starts_late_takes_one_step_and_ends():
    machine = Machine()
    run = Run(machine, 10, start=12.0)
    run.train()
    assert run.schedule.step == 1
    assert run.validations == 1
    assert not run.scores_again  # which would make it later still


def test_an_earlier_model_is_scored_again_unless_that_would_be_late():
    busy_at_the_end = Machine(lambda time: 3.0 if time > 108 else 1.0)
    run = Run(busy_at_the_end, 120)
    run.train()
    assert not run.scores_again
    calm = Run(Machine(), 120)
    calm.train()
    assert calm.scores_again


def test_a_validation_that_no_step_could_follow_is_made_at_the_end():
    machine = Machine()
    run = Run(machine, 60, steps_per_round=870)  # it would be at 51 s
    run.train()
    assert run.schedule.step > 700
    assert run.validations == 1
    assert machine.time == pytest.approx(60, rel=0.05)


def test_a_held_out_part_too_long_for_the_time_is_shortened_once(capsys):
    machine = Machine()
    run = Run(machine, 120, held_out=10_000_000, steps_per_round=200)
    held_out = run.validation.ids
    run.train()
    kept = len(run.validation.ids)
    said = f"validation on the first {kept:,} of {len(held_out):,} held-out"
    assert capsys.readouterr().out.count(said) == 1
    seconds = 1.25 * kept / 60_000
    assert seconds == pytest.approx(
        120 * budget.SHARE_OF_SHORTENED_VALIDATION, rel=0.01
    )
    assert machine.time == pytest.approx(120, rel=0.05)
    other = Run(Machine(), 120)
    other.budget.restore(run.budget.state())
    other.validation.ids = held_out
    other.budget._plan()
    assert len(other.validation.ids) == len(held_out)


def test_steps_end_training_though_there_is_time():
    machine = Machine()
    run = Run(machine, 1000, total_steps=30)
    run.train()
    assert run.schedule.step == 30
    assert run.rates == pytest.approx(
        [warmup_cosine(step, 30, 0.01) for step in range(1, 31)],
        abs=1e-4,
    )


def test_the_rate_falls_with_the_time_whatever_the_speed():
    rates = {}
    for slowness in (1.0, 2.0):
        machine = Machine(lambda time, slowness=slowness: slowness)
        run = Run(machine, 300, start=0.0, compiling=(), held_out=1000)
        run.train()
        middle = np.searchsorted([time for time, _ in run.left], 150)
        rates[slowness] = run.rates[middle]
    assert rates[1.0] == pytest.approx(rates[2.0], rel=0.05)
    assert rates[1.0] == pytest.approx(0.005, rel=0.1)


def test_a_run_that_goes_on_keeps_its_time():
    machine = Machine()
    whole = Run(machine, 200)
    whole.schedule.clock.restore({"seconds": 100, "timed": [900, 90.0]})
    whole.schedule.step = 1000
    whole.train()
    assert machine.time == pytest.approx(100, abs=10)


@pytest.mark.slow
def test_budget_ends_the_training_of_keras_by_itself(setting):
    schedule = Schedule(setting.windows, 0.01)
    validation = Validation(setting.model, setting.vocabulary, setting.ids)
    limit = budget.Budget(4.0, schedule, validation)
    setting.fit([schedule, validation, limit])
    assert schedule.step
    assert schedule.is_over()
    assert schedule.progress == 1.0
