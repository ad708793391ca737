"""How many steps a call does, and what the loop makes of several."""

import importlib.util
import types

import numpy as np
import pytest

from charrnn.text.windows import Windows
from charrnn.training import engines, history, loop
from charrnn.training.clock import Clock
from charrnn.training.schedule import Schedule

needs_jax = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="needs jax"
)


def schedule_with(seconds, total_steps=None, left=None, step=0):
    """What `steps_of_call` asks of a schedule."""
    return types.SimpleNamespace(
        step_seconds=lambda: seconds,
        total_steps=total_steps,
        step=step,
        end=left,
        elapsed=lambda: 0.0,
    )


@needs_jax
@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"seconds": 0.0}, 1),  # not timed yet
        ({"seconds": 0.001}, 250),
        ({"seconds": 0.0001}, 256),  # the arrays' size
        ({"seconds": 7.0}, 1),
        ({"seconds": 0.001, "total_steps": 90, "step": 50}, 40),
        ({"seconds": 0.001, "left": 0.1}, 100),
        ({"seconds": 0.001, "left": -3.0}, 1),
    ],
)
def test_a_call_takes_a_quarter_of_a_second_or_what_is_left(state, expected):
    assert engines.steps_of_call(schedule_with(**state), 1000) == expected


@needs_jax
def test_a_call_ends_with_its_round():
    assert engines.steps_of_call(schedule_with(0.001), 12) == 12


def schedule_of(**settings):
    windows = Windows(np.arange(400) % 5, batch_size=4, seq_length=5, seed=1)
    schedule = Schedule(windows, 0.01, **settings)
    optimizer = types.SimpleNamespace(learning_rate=0.0)
    schedule.set_model(types.SimpleNamespace(optimizer=optimizer))
    return schedule


@pytest.mark.parametrize("together", [(1,) * 12, (1, 4, 7), (12,)])
def test_rates_do_not_depend_on_the_division_into_calls(together):
    schedule = schedule_of(total_steps=30)
    rates = []
    for count in together:
        rates += schedule.learning_rates(count)
        schedule.on_train_batch_begin(schedule.step)
        schedule.on_train_batch_end(schedule.step + count - 1)
        assert schedule.steps_together == count
    expected = schedule_of(total_steps=30)
    assert rates == expected.learning_rates(12)
    assert schedule.step == 12


def test_rates_of_a_call_fall_with_the_time_that_it_will_take():
    schedule = schedule_of()
    schedule.step, schedule.end = 1000, 100.0
    schedule.elapsed = lambda: 50.0
    schedule.step_seconds = lambda: 0.05
    schedule.clock.trained = lambda: 50.0
    rates = schedule.learning_rates(500)
    assert rates[0] == schedule.learning_rate
    assert (np.diff(rates) < 0).all()
    assert rates[-1] < 0.75 * rates[0]


def test_steps_that_end_together_are_timed_together():
    now = types.SimpleNamespace(value=0.0)
    clock = Clock(lambda: now.value)
    clock.start()
    for count in (1, 2, 4, 10):
        now.value += 0.1 * count
        clock.end_step(count)
    assert clock.timed_steps == 14  # without the first three
    assert clock.step_seconds() == pytest.approx(0.1)


def test_a_loss_that_is_not_finite_is_found_within_a_call():
    schedule = schedule_of()
    schedule.step = 7
    with pytest.raises(FloatingPointError, match="a loss of nan"):
        loop._note([2.0, 1.5, float("nan"), 1.0], schedule)
    assert (schedule.step, schedule.losses) == (9, [2.0, 1.5])


def test_the_curve_has_as_many_points_however_steps_are_done(tmp_path):
    schedule = types.SimpleNamespace(
        step=1, epoch=0.5, losses=[], steps_together=1
    )
    counts = []
    for together in (1, 3, 7):
        schedule.losses, schedule.steps_together = [], together
        kept = history.History(tmp_path / "history.csv", schedule)
        kept.set_params({"steps": 1050})
        for batch in range(together - 1, 1050, together):
            schedule.losses += [1.0] * together
            kept.on_train_batch_end(batch)
        counts.append(len(kept.curve))
    assert counts == [50, 50, 50]
