"""Streams read how a line begins, from the empty state."""

import json
import types

import numpy as np
import pytest
from in_jax import STEPS as JAX_STEPS
from in_jax import windows_of as windows_in_jax

import charrnn
from charrnn.text import units
from charrnn.text.windows import Windows
from charrnn.training import line_starts
from charrnn.training.data import read_data
from charrnn.training.line_starts import LineStarts, windows_for
from charrnn.training.restarts import Restarts
from charrnn.training.settings import Settings
from charrnn.training.settle import checkpoint_settings, settle
from charrnn.writing.prompts import read_prompt

SIZES = {"batch_size": 8, "seq_length": 10, "seed": 5}
STEPS = range(1_500)


def ids_with(share, characters=5_003):
    """Random ids, of which a share is 0, a line end; the others tell where."""
    ids = np.arange(1, characters + 1)
    ids[np.random.default_rng(1).random(characters) < share] = 0
    return ids


def at_line_starts(windows, steps=STEPS):
    return np.stack([windows.at_line_starts(step) for step in steps])


@pytest.fixture(scope="module", params=[0.2, 0.005])
def windows(request):
    return LineStarts(ids_with(request.param), **SIZES, line_end=0)


def test_the_other_windows_are_those_of_contiguous_streams(windows):
    plain = Windows(windows.ids, **SIZES)
    for step in range(200):
        chosen = windows.at_line_starts(step)
        for own, expected in zip(
            windows.batch(step), plain.batch(step), strict=True
        ):
            np.testing.assert_array_equal(own[~chosen], expected[~chosen])
            assert (own[chosen] != expected[chosen]).any(axis=1).all()


def test_a_chosen_window_is_a_line_end_and_what_follows_it(windows):
    for step in range(200):
        inputs, targets = windows.batch(step)
        for row in np.flatnonzero(windows.at_line_starts(step)):
            assert inputs[row, 0] == 0
            np.testing.assert_array_equal(inputs[row, 1:], targets[row, :-1])
            after = int(np.flatnonzero(windows.ids == targets[row, -1])[0])
            places = np.arange(after - 10, after + 1) % len(windows.ids)
            if targets[row, -1]:
                read = np.append(inputs[row], targets[row, -1])
                np.testing.assert_array_equal(read, windows.ids[places])


def test_states_are_empty_before_it_and_after_it(windows):
    settings = SIZES["seed"], windows.restart_windows
    restarts = Restarts(None, *settings, line_starts=windows)
    without = Restarts(None, *settings)
    kept = np.stack([restarts.kept(step, 8) for step in STEPS])
    before = np.stack([without.kept(step, 8) for step in STEPS])
    chosen = at_line_starts(windows)
    np.testing.assert_array_equal(kept, before & ~chosen)
    assert not before[1:][chosen[:-1]].any()


@pytest.mark.parametrize(
    ("windows", "lines", "expected"),
    [
        (100_000, 50_000, 100_000 / 64),  # a long text: one window in 64
        (1_000, 500, 64),  # a short one: 64 windows
        (100, 90, 25),  # the shortest: one window in four
        (1_000, 20, 20),  # few lines: each once
        (1_000, 0, 0),
    ],
)
def test_line_starts_per_pass(windows, lines, expected):
    found = line_starts._line_starts_per_pass(windows, lines)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("share", [0.2, 0.005, 0.0])
def test_as_many_windows_are_chosen_and_streams_reset_at_least(share):
    ids = ids_with(share)
    windows = LineStarts(ids, **SIZES, line_end=0)
    lines, count = (ids == 0).sum(), len(ids) / 10
    expected = line_starts._line_starts_per_pass(count, lines) / count
    chosen = at_line_starts(windows).mean()
    assert chosen == pytest.approx(expected, rel=0.15)
    rate = 1 / windows.restart_windows
    assert rate == pytest.approx(max(expected, 1 / 64))


def test_every_line_is_as_likely(windows):
    places = [
        place
        for step in STEPS
        for place in windows.starts(step)[windows.at_line_starts(step)]
    ]
    lines = np.flatnonzero(windows.ids == 0)
    assert set(places) <= set(lines.tolist())
    middle = lines[len(lines) // 2]
    assert np.mean(np.array(places) < middle) == pytest.approx(0.5, abs=0.15)


def test_seed_and_step_decide_whatever_was_asked_before(windows):
    first = [windows.batch(step)[0] for step in range(100)]
    line_starts.drawn.cache_clear()
    again = LineStarts(windows.ids, **SIZES, line_end=0)
    for step in reversed(range(100)):
        np.testing.assert_array_equal(again.batch(step)[0], first[step])
    other = LineStarts(windows.ids, **SIZES | {"seed": 6}, line_end=0)
    assert (at_line_starts(other) != at_line_starts(windows)).any()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_no_line_ends_and_nothing_else_are_texts_too(share):
    ids = ids_with(share, 500)
    windows = LineStarts(ids, **SIZES, line_end=0)
    for step in range(100):
        inputs, _ = windows.batch(step)
        assert (inputs == 0).all() == bool(share)
    assert at_line_starts(windows).any() == bool(share)


def test_of_very_many_lines_some_are_chosen_from_the_whole_text(monkeypatch):
    monkeypatch.setattr(line_starts, "MAX_LINES", 10)
    monkeypatch.setattr(line_starts, "SEARCHED", 64)
    found = line_starts._places_of(0, ids_with(0.3, 1_000))
    assert len(set(found)) == 10
    assert found[0] < 100
    assert found[-1] > 800
    assert not ids_with(0.3, 1_000)[found].any()


def test_the_tests_of_jax_have_such_windows():
    chosen = at_line_starts(windows_in_jax(), range(JAX_STEPS))
    assert 2 < chosen.sum() < chosen.size / 2


LINES = "one line\nand another one\nand a third, the last\n" * 20
TEXTS = {
    "lines": LINES,
    "no line ends": LINES.replace("\n", " "),
    "CRLF": LINES.replace("\n", "\r\n"),
    "no space either": "abcdef" * 100,
}


@pytest.fixture
def data_of(tmp_path):
    """A function of a text and flags that reads a run's settings and data."""

    def read(text, **given):
        path = tmp_path / "text.txt"
        path.write_text(text, encoding="utf-8", newline="")
        given = {"epochs": 1, "units": 4, "batch_size": 4, **given}
        settings = settle([str(path)], given)
        return read_data(settings, given, tell=lambda line: None)

    return read


KINDS = [{"unit": unit} for unit in units.UNITS] + [{"newline": "keep"}]


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("text", TEXTS)
def test_a_line_begins_with_what_an_empty_prompt_reads(data_of, text, kind):
    _, data = data_of(TEXTS[text], **kind)
    read = []

    class Reading(types.SimpleNamespace):
        vocabulary = data.vocabulary

        def read(self, ids, state):
            read.extend(ids[0].tolist())
            return np.zeros((1, len(data.vocabulary))), []

    read_prompt(Reading(), "", count=1, seed=1)
    first = [
        data.windows.batch(step)[0][row, 0]
        for step in range(300)
        for row in np.flatnonzero(data.windows.at_line_starts(step))
    ]
    has_any = (data.windows.ids == read[0]).any()
    assert set(first) == (set(read) if has_any else set())


def test_documents_begin_well_without(data_of):
    _, data = data_of(LINES, documents="lines")
    assert type(data.windows) is Windows


def test_a_run_of_an_earlier_version_goes_on_with_its_windows(data_of):
    settings, data = data_of(LINES)
    assert type(data.windows) is LineStarts
    state = {"settings": settings.to_json(), "vocabulary": "ab"}
    assert checkpoint_settings(state)["line_starts"] is True
    del state["settings"]["line_starts"]
    earlier = Settings([], **checkpoint_settings(state))
    windows = windows_for(earlier, data.vocabulary, data.windows.ids)
    assert type(windows) is Windows


RANDOM = np.random.default_rng(1)
NAMES = ["".join(RANDOM.choice(["ka", "lo", "mi", "ru"], 3)) for _ in range(50)]


def record():
    """A record on one line, as programs write lists."""
    kind = str(RANDOM.choice(["color", "city", "tool"]))
    text = " ".join(RANDOM.choice(NAMES, RANDOM.integers(1, 5)))
    return json.dumps({"name": RANDOM.choice(NAMES), "kind": kind, "is": text})


@pytest.mark.slow
def test_a_text_without_a_prompt_begins_as_a_line_does(tmp_path):
    path = tmp_path / "records.jsonl"
    text = "".join(f"{record()}\n" for _ in range(200))
    path.write_text(text, encoding="utf-8")
    run = charrnn.train(
        path, units=64, layers=1, dropout=0.0, epochs=16, out=tmp_path / "run",
        verbose=0,
    )  # fmt: skip
    samples = charrnn.Sampler(run).generate(
        length=200, count=100, stop="\n", temperature=0.8, seed=1
    )
    assert sum(sample.text[:1] == "{" for sample in samples) >= 97
