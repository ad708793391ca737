"""Plans of teachers: their time, their seeds, their folders and figures."""

import json

import pytest

from charrnn.training import teaching
from charrnn.training.rules import (
    MAX_TEACHERS,
    STUDENT_EPOCHS,
    TEACHERS,
    TEACHERS_SHARE,
)


def teachers_of(minutes, needed):
    """The seconds of teachers that each need some, within a time limit."""
    seconds = []
    while (limit := teaching.minutes_of_teacher(minutes, seconds)) is not None:
        seconds.append(min(needed, 60 * limit))
    return seconds


@pytest.mark.parametrize("needed", [1, 60, 600, 720, 900, 10_000])
@pytest.mark.parametrize("minutes", [10, 30, 90, 600])
def test_enough_time_is_left_for_the_student(minutes, needed):
    seconds = teachers_of(minutes, needed)
    assert TEACHERS <= len(seconds) <= MAX_TEACHERS
    left = teaching.minutes_left(minutes, seconds)
    least = (1 - TEACHERS_SHARE) * minutes - teaching.BETWEEN * TEACHERS / 60
    enough = STUDENT_EPOCHS * max(seconds) / 60
    assert left >= min(least, enough) - 1e-9


def test_time_that_is_not_used_trains_more_teachers():
    assert len(teachers_of(90, 3600)) == TEACHERS
    assert len(teachers_of(90, 720)) > TEACHERS
    assert len(teachers_of(90, 60)) == MAX_TEACHERS


def test_without_a_time_limit_the_number_of_teachers_is_fixed():
    for needed in (1, 10_000):
        assert len(teachers_of(None, needed)) == TEACHERS


def test_no_two_teachers_of_neighbouring_seeds_are_alike():
    seeds = [
        teaching.seed_of(seed, number)
        for seed in (0, 1, 2, 3, 2**32 - 1)
        for number in range(1, MAX_TEACHERS + 1)
    ]
    assert len({*seeds}) == len(seeds)
    assert all(0 <= seed < 2**32 for seed in seeds)


def finish(folder, **figures):
    folder.mkdir(parents=True)
    (folder / "model.keras").touch()
    (folder / "metrics.json").write_text(json.dumps(figures), encoding="utf-8")


def test_only_finished_teachers_count_in_order(tmp_path):
    for number in (10, 2, 1):
        finish(teaching.folder_of(tmp_path, number))
    teaching.folder_of(tmp_path, 3).mkdir()
    names = [path.name for path in teaching.finished(tmp_path)]
    assert names == ["1", "2", "10"]


@pytest.mark.parametrize(
    "figures",
    [
        {},
        {"train_seconds": "long", "validation_nats_per_character": 1.0},
        {"train_seconds": float("nan"), "validation_nats_per_character": 1.0},
        {"train_seconds": 1.0},
    ],
)
def test_damaged_figures_are_told(tmp_path, figures):
    finish(tmp_path / "1", **figures)
    with pytest.raises(ValueError, match=r"damaged\. Delete the folder"):
        teaching.figures(tmp_path / "1")


def test_notes_are_written_once_and_hold_what_was_given(tmp_path):
    teaching.write_notes(tmp_path, {"units": 8, "quiet": True, "minutes": 90.0})
    teaching.write_notes(tmp_path, {"units": 9})
    assert teaching.read_notes(tmp_path) == {"units": 8, "minutes": 90.0}


@pytest.mark.parametrize("text", ["", "[]", '{"units": 0}', '{"other": 1}'])
def test_damaged_notes_are_told(tmp_path, text):
    (tmp_path / "record.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="damaged"):
        teaching.read_notes(tmp_path)
