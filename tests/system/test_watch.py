import threading
import time

import pytest
from key_value_store import Store

from charrnn.system import watch
from charrnn.system.group import Group
from charrnn.system.launchers import Place
from charrnn.system.watch import (
    BEAT_SECONDS,
    HUNG_SECONDS,
    Pulse,
    Silence,
    Watch,
)


class Seconds:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Seconds()


def test_a_process_that_gives_signs_is_never_silent_for_long(clock):
    silence = Silence([1, 2], clock)
    for beat in range(100):
        clock.now += BEAT_SECONDS
        silence.hear({1: str(beat), 2: str(beat)})
        assert silence.longest()[1] == 0


def test_the_process_that_has_stopped_is_found(clock):
    silence = Silence([1, 2, 3], clock)
    for beat in range(20):
        clock.now += BEAT_SECONDS
        silence.hear({1: str(beat), 2: str(min(beat, 4)), 3: str(beat)})
    assert silence.longest() == (2, 15 * BEAT_SECONDS)


def test_a_pause_of_its_own_is_no_silence_of_others(clock):
    silence = Silence([1], clock)
    clock.now += 3600  # a laptop was closed
    silence.hear({})
    assert silence.longest() == (1, 2 * BEAT_SECONDS)


def stopped_after(pulse, clock):
    """How long a pulse is still counted from here; None if it goes on."""
    for seconds in range(1000):
        clock.now += 1
        if pulse.has_stopped():
            return seconds
    return None


def test_a_loop_that_comes_no_further_hangs(clock):
    pulse = Pulse(clock)
    pulse.feed()
    assert stopped_after(pulse, clock) == pytest.approx(HUNG_SECONDS, abs=2)


def test_a_loop_that_turns_does_not_hang(clock):
    pulse = Pulse(clock)
    for _ in range(100):
        pulse.feed()
        clock.now += HUNG_SECONDS / 20
        assert not pulse.has_stopped()


def test_before_its_first_turn_and_while_it_may_take_long_none_hangs(clock):
    pulse = Pulse(clock)
    assert stopped_after(pulse, clock) is None
    pulse.feed()
    with pulse.uncounted(), pulse.uncounted():
        assert stopped_after(pulse, clock) is None
    assert stopped_after(pulse, clock) == pytest.approx(HUNG_SECONDS, abs=2)


def test_a_block_before_the_first_turn_begins_no_count(clock):
    pulse = Pulse(clock)
    with pulse.uncounted():
        pass
    assert stopped_after(pulse, clock) is None


def test_a_loop_that_paused_for_long_is_given_longer(clock):
    pulse = Pulse(clock)
    pulse.feed()
    for _ in range(30):
        clock.now += 1
        assert not pulse.has_stopped()
    pulse.feed()
    assert stopped_after(pulse, clock) == pytest.approx(4 * 30, abs=5)


def test_a_pause_of_the_whole_process_is_no_hang(clock):
    pulse = Pulse(clock)
    pulse.feed()
    assert not pulse.has_stopped()
    clock.now += 3600
    assert not pulse.has_stopped()


@pytest.fixture
def ended(monkeypatch):
    """The lines with which watches end their processes; quickly."""
    lines = []

    def end(line):
        lines.append(line)
        raise SystemExit  # of this thread

    monkeypatch.setattr(watch, "end", end)
    monkeypatch.setattr(watch, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(watch, "SILENT_SECONDS", 0.5)
    monkeypatch.setattr(watch, "HUNG_SECONDS", 0.1)
    monkeypatch.setattr(watch, "explain_aborts", lambda explain, code: None)
    monkeypatch.setattr(threading, "excepthook", lambda arguments: None)
    return lines


def watches(store, count=2):
    return [
        Watch(Group(Place("h:1", count, number), store))
        for number in range(count)
    ]


def wait_for(condition):
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen")


def test_processes_that_live_are_left_alone(ended):
    store = Store()
    started = watches(store, 3)
    for number in range(3):
        beat = f"{watch.BEATS}{number}"
        wait_for(lambda beat=beat: int(store.values.get(beat, 0)) > 50)
    for each in started:
        each.stop()
    assert ended == []


def test_a_silent_process_ends_all_others(ended):
    leader, first, second = watches(Store(), 3)
    second.stop()
    leader.resume = first.resume = "Begin anew."
    wait_for(lambda: len(ended) == 2)
    line = "charrnn train: process 2 of 3 does not answer any more. Begin anew."
    assert ended == [line, line]


@pytest.mark.parametrize("number", [0, 1])
def test_a_loop_that_hangs_ends_all_processes(ended, number):
    started = watches(Store(), 3)
    for each in started:
        each.resume = "Begin anew."
    started[number].pulse.feed()
    wait_for(lambda: len(ended) == 3)
    line = f"charrnn train: process {number} of 3 hangs. Begin anew."
    assert ended == [line] * 3


def test_without_process_0_all_others_end(ended):
    store = Store()
    leader, _first = watches(store)
    leader.stop()
    store.is_gone = True
    wait_for(lambda: ended)
    assert "process 0 of 2 does not answer any more" in ended[0]


def test_an_error_is_told_to_the_others(ended):
    leader, first = watches(Store())
    first.fail("No space left on device")
    wait_for(lambda: ended)
    leader.stop()
    line = "charrnn train: process 1 of 2: No space left on device"
    assert ended == [line]


def test_process_0_hears_of_signals_of_others(ended):
    leader, first = watches(Store())
    first.ask_to_stop(15)
    wait_for(lambda: leader.stop_requests == [15])
    leader.stop()
    first.stop()
    assert ended == []


@pytest.mark.parametrize(
    ("noise", "line"),
    [
        (b"CoordinationService: Socket closed", "process 0 of 2 has ended"),
        (b"Check failed: a bug", None),
    ],
)
def test_an_abort_of_jax_is_explained_if_process_0_caused_it(
    ended, noise, line
):
    leader, first = watches(Store())
    leader.stop()
    first.stop()
    told = first._about_abort(noise)
    assert line is None if told is None else line in told
