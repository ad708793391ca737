"""A run's time over pauses and processes, and the time left that is shown."""

import json

import numpy as np
import pytest
from machine import Machine, Run

from charrnn.training.clock import SUDDEN_RISE, UNTIMED_STEPS, Clock, Countdown


def steps(machine, clock, seconds):
    """Takes steps of so many seconds each."""
    clock.begin_round()
    for second in seconds:
        machine.work(second)
        clock.end_step()


def test_steps_that_compile_are_not_timed():
    machine = Machine()
    clock = Clock(machine.now)
    clock.start()
    steps(machine, clock, [20.0, 9.0, 9.0] + 10 * [0.5])
    assert UNTIMED_STEPS == 3
    assert clock.timed_steps == 10
    assert clock.timed_seconds == pytest.approx(5.0)
    assert clock.step_seconds() == pytest.approx(0.5)
    assert clock.is_settled()
    assert clock.trained() == pytest.approx(23.0)  # all but the first
    assert clock.elapsed() == pytest.approx(43.0)


def test_time_between_steps_belongs_to_none():
    machine = Machine()
    clock = Clock(machine.now)
    clock.start()
    steps(machine, clock, 4 * [1.0])
    machine.work(50.0)
    assert clock.since_step() == pytest.approx(50.0)
    steps(machine, clock, 4 * [1.0])
    assert clock.timed_seconds == pytest.approx(4.0)  # of the fourth on
    assert clock.timed_steps == 4


def test_the_speed_is_that_of_the_latest_steps():
    machine = Machine()
    clock = Clock(machine.now)
    clock.start()
    steps(machine, clock, 1000 * [0.1])
    steps(machine, clock, 150 * [0.2])  # 30 seconds
    assert clock.step_seconds() == pytest.approx(0.2, rel=0.1)


def test_a_stopped_clock_stands_still():
    machine = Machine()
    clock = Clock(machine.now)
    clock.start()
    steps(machine, clock, 5 * [1.0])
    clock.stop()
    machine.work(100.0)
    assert (clock.elapsed(), clock.trained()) == pytest.approx((5.0, 4.0))
    assert clock.since_step() is None
    clock.start()
    clock.start()  # it is running
    steps(machine, clock, [2.0])
    assert (clock.elapsed(), clock.trained()) == pytest.approx((7.0, 6.0))
    assert clock.timed_seconds == pytest.approx(2.0)


@pytest.mark.parametrize("earlier", [False, True])
def test_a_clock_goes_on_in_another_process(earlier):
    machine = Machine()
    clock = Clock(machine.now)
    clock.start()
    steps(machine, clock, 5 * [1.0])
    state = json.loads(json.dumps(clock.state()))
    if earlier:  # versions that knew nothing of it
        del state["trained"]
    other = Clock(machine.now)
    other.restore(state)
    machine.work(100.0)
    other.start()
    machine.work(1.0)
    assert other.elapsed() == pytest.approx(6.0)
    assert other.trained() == pytest.approx(5.0 if earlier else 4.0)
    steps(machine, other, [2.0])
    machine.work(1.0)
    assert other.trained() - clock.state()["trained"] < 102
    assert other.elapsed() == pytest.approx(9.0)


def shown_of(estimates, seconds=1.0):
    """What a countdown shows when it is asked every so many seconds."""
    machine = Machine()
    countdown = Countdown(machine.now)
    shown = []
    for estimate in estimates:
        shown.append(countdown.shown(estimate))
        machine.work(seconds)
    return np.array(shown)


def test_an_exact_time_left_is_shown_as_it_is():
    exact = np.arange(100.0, -1, -1)
    assert shown_of(exact) == pytest.approx(exact, abs=1e-6)


def test_the_time_left_falls_though_estimates_waver():
    exact = np.arange(200.0, -1, -1)
    random = np.random.default_rng(5)
    shown = shown_of(exact * random.uniform(0.9, 1.1, len(exact)))
    assert (np.diff(shown) <= 0).all()
    assert abs(shown - exact)[20:].max() < 15
    assert abs(shown - exact)[-20:].max() < 3


def test_a_time_left_that_is_far_longer_is_told_at_once():
    before, after = np.arange(100.0, 50, -1), np.arange(100.0, -1, -1)
    shown = shown_of([*before, *after])
    assert shown[50] == 100.0 > SUDDEN_RISE * before[-1]
    assert (np.diff(shown[50:]) < 0).all()


LOADS = {
    "constant": lambda time: 1.0,
    "spiky": lambda time: 4.0 if time % 7 < 0.7 else 1.0,
    "waves": lambda time: 1.3 + 0.5 * np.sin(time / 5),
    "halved": lambda time: 2.0 if time < 100 else 1.0,
    "doubled": lambda time: 2.0 if time > 150 else 1.0,
}


@pytest.mark.parametrize("load", LOADS)
def test_the_time_left_of_a_number_of_steps_falls_to_the_end(load):
    machine = Machine(LOADS[load])
    run = Run(machine, seconds=None, total_steps=4000)
    run.train()
    assert run.schedule.step == 4000
    known = [(time, left) for time, left in run.left if left is not None]
    assert known[0][0] < 20  # seconds, of which 8 are start and compiling
    times, left = np.array(known).T
    rises = (np.diff(left) > 1e-9).sum()
    assert rises == (1 if load == "doubled" else 0)
    # Validation, scoring, figures and files included.
    late = left - (machine.time - times)
    assert abs(late[times > 0.9 * machine.time]).max() < 0.04 * machine.time


def test_without_a_number_of_steps_or_a_time_nothing_is_told():
    machine = Machine()
    run = Run(machine, seconds=None)
    assert run.schedule.seconds_left() is None
