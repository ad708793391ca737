"""Teachers and their student as one run: --preset record."""

import contextlib
import json

import numpy as np
import pytest

import charrnn
from charrnn.training.record import Record, session_of
from charrnn.training.rules import MIN_MINUTES_OF_TEACHERS
from charrnn.training.session import Session
from charrnn.training.stopping import Stopped

SMALL = {"units": 4, "layers": 1, "epochs": 2, "quiet": True, "seed": 3}


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "sea.txt"
    path.write_text("She sells sea shells. " * 40, encoding="utf-8")
    return str(path)


def record(text, out, signals=None, **given):
    """A run with teachers, which stops if there is a signal."""

    @contextlib.contextmanager
    def noted():
        yield [] if signals is None else signals

    told = []
    session = Session(
        [text],
        {**SMALL, "preset": "record", **given},
        out,
        tell=told.append,
        silent=True,
        catch_stop_requests=noted,
    )
    made = session_of(session)
    assert isinstance(made, Record)
    return made, told


def weights(folder):
    return charrnn.load(folder).to_keras().get_weights()


def test_a_run_without_the_preset_is_an_ordinary_one(text, tmp_path):
    session = Session([text], SMALL, tmp_path / "run")
    assert session_of(session) is session


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"teachers": ["shakespeare"]}, "without --teachers"),
        ({"init_from": "shakespeare"}, "without --init-from"),
        ({"documents": "lines"}, "without --documents"),
    ],
)
def test_what_teachers_exclude_is_refused(text, tmp_path, given, message):
    made, _ = record(text, tmp_path / "run", **given)
    with pytest.raises(ValueError, match=message):
        made.run()
    assert not (tmp_path / "run").exists()


def test_stdin_cannot_be_read_several_times(tmp_path):
    made, _ = record("-", tmp_path / "run")
    with pytest.raises(ValueError, match="Save it to a file"):
        made.run()


def test_a_mistake_in_the_input_leaves_no_folder(tmp_path):
    made, _ = record(str(tmp_path / "missing.txt"), tmp_path / "run")
    with pytest.raises((OSError, ValueError)):
        made.run()
    assert not (tmp_path / "run").exists()


def test_a_folder_of_other_files_is_left_alone(text, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").touch()
    made, _ = record(text, tmp_path / "mine")
    with pytest.raises(ValueError, match="files in it"):
        made.run()
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["letter.txt"]


@pytest.mark.slow
def test_teachers_and_student_are_trained_in_one_folder(text, tmp_path):
    run = charrnn.train(
        text, out=tmp_path / "run", preset="record", verbose=0, **small()
    )
    assert len(run.teachers) == 3
    assert [part["folder"] for part in run.metrics["parts"]] == [
        "teachers/1", "teachers/2", "teachers/3", ".",
    ]  # fmt: skip
    first, second, _ = (teacher.model.get_weights() for teacher in run.teachers)
    assert not np.array_equal(first[0], second[0])
    facts = charrnn.load(run).facts["training"]
    assert len(facts["teachers"]) == 3
    assert not list((tmp_path / "run" / "teachers").glob("*/checkpoint*"))
    again = charrnn.train(text, out=tmp_path / "run", verbose=0, **small())
    assert again.metrics == run.metrics


def small():
    return {k: v for k, v in SMALL.items() if k != "quiet"}


@pytest.mark.slow
def test_a_run_that_stops_in_each_part_ends_with_the_same_bits(text, tmp_path):
    record(text, tmp_path / "whole")[0].run()
    parts, stops = set(), 0
    for _ in range(30):
        signals = []
        made, told = record(text, tmp_path / "stopped", signals)
        try:
            for i, _ in enumerate(made.steps()):
                if i == 2:
                    signals.append(2)
        except Stopped as stopped:
            assert stopped.folder == tmp_path / "stopped"
            parts.add(
                next(line for line in told if line.startswith("---"))
                if any(line.startswith("---") for line in told)
                else "again"
            )
            stops += 1
        else:
            break
    assert stops >= 4
    for name in (".", "teachers/1", "teachers/3"):
        for one, other in zip(
            weights(tmp_path / "whole" / name),
            weights(tmp_path / "stopped" / name),
            strict=True,
        ):
            np.testing.assert_array_equal(one, other)


@pytest.mark.reliability
def test_a_run_resumes_without_the_preset_and_keeps_its_settings(
    text, tmp_path
):
    out, signals = tmp_path / "run", [2]
    with pytest.raises(Stopped):
        record(text, out, signals)[0].run()
    other = Session([text], {"units": 8}, out)
    with pytest.raises(ValueError, match="Expected --units 4"):
        session_of(other).run()
    run = charrnn.train(text, out=out, verbose=0)
    assert run.metrics["parts"]
    assert run.model.count_params() == run.teachers[0].model.count_params()


@pytest.mark.reliability
def test_fresh_moves_all_parts_aside(text, tmp_path):
    out = tmp_path / "run"
    with pytest.raises(Stopped):
        record(text, out, [2])[0].run()
    made, _ = record(text, out, [2])
    made.session.fresh = True
    with pytest.raises(Stopped):
        made.run()
    assert (tmp_path / "run-old-1" / "record.json").exists()
    assert (out / "teachers" / "1").exists()


@pytest.mark.slow
def test_too_little_time_trains_one_network(text, tmp_path):
    made, told = record(
        text, tmp_path / "run", minutes=MIN_MINUTES_OF_TEACHERS - 1
    )
    made.run()
    assert any("too few to train teachers" in line for line in told)
    figures = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert "parts" not in figures
