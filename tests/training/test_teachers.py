"""A student reads its text as its teachers do, or is told why it cannot."""

import numpy as np
import pytest

import charrnn
from charrnn.network import model_file
from charrnn.network.model import build_model
from charrnn.text import kinds
from charrnn.training.data import read_data
from charrnn.training.session import Session
from charrnn.training.settings import given_in_python
from charrnn.training.settle import settle

OLD = "the sea, the sea! she sells 2 shells\n" * 30
SPLIT = {"split": {"training_characters": 7}, "training": {"seed": 1}}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Untrained models by name, of some text and kind."""
    folder = tmp_path_factory.mktemp("models")
    for name, vocabulary, facts in (
        ("character", kinds.from_text("character", [OLD]), SPLIT),
        ("same", kinds.from_text("character", [OLD]), SPLIT),
        ("word", kinds.from_text("word", [OLD]), SPLIT),
        ("byte", kinds.from_text("byte", [OLD]), SPLIT),
        ("more", kinds.from_text("character", [OLD + "XYZ"]), SPLIT),
        (
            "lines",
            kinds.from_documents("character", OLD.splitlines(), "lines"),
            SPLIT,
        ),
        (
            "rare",
            kinds.from_text("character", [OLD * 2 + "XYZ"], 5),
            {"text": {"min_count": 5, "newline": "keep"}},
        ),
    ):
        model = build_model(vocabulary, units=4, layers=1)
        path = folder / f"{name}.keras"
        model_file.save(model, path, vocabulary, facts)
    return folder


@pytest.fixture
def read(models, tmp_path):
    """Reads a text for a student; returns settings, data and lines."""

    def read_text(*names, text=OLD, **given):
        path = tmp_path / "new.txt"
        path.write_text(text, encoding="utf-8")
        teachers = [str(models / f"{name}.keras") for name in names]
        given = given_in_python({"teachers": teachers, **given})
        lines = []
        settings = settle([str(path)], given)
        return *read_data(settings, given, tell=lines.append), lines

    return read_text


@pytest.mark.parametrize("unit", ["character", "word", "byte"])
def test_the_student_has_the_vocabulary_of_its_teachers(read, models, unit):
    settings, data, _ = read(unit, text=OLD[:400])
    teacher = charrnn.load(models / f"{unit}.keras")
    assert data.vocabulary == teacher.vocabulary
    assert settings.unit == unit
    ids = np.concatenate([data.windows.ids, data.held_out])
    assert data.vocabulary.decode(ids) == OLD[:400]


def test_a_student_of_teachers_of_a_larger_vocabulary_has_theirs(read):
    _, data, _ = read("more")
    assert "X" in data.vocabulary.alphabet


def test_the_text_is_divided_into_documents_as_the_teachers_do(read):
    settings, data, _ = read("lines")
    assert settings.documents == "lines"
    assert data.documents


def test_rare_characters_and_line_ends_are_read_as_the_teachers_do(read):
    settings, _, lines = read("rare", text=OLD + "XYZ" * 9)
    assert (settings.min_count, settings.newline) == (5, "keep")
    assert any("rare characters read as U+FFFD" in line for line in lines)


def test_who_taught_is_noted(read, models):
    settings, data, _ = read("character", "same")
    prints = settings.teacher_fingerprints
    assert len(prints) == len(set(prints)) == len(data.teachers) == 2


def test_another_split_is_told_in_one_line(read):
    _, _, lines = read("character")
    [line] = [line for line in lines if "another split" in line]
    assert "character.keras'" in line


@pytest.mark.parametrize(
    ("text", "given"),
    [(OLD + "x" * 0, {"validation": 0.0}), (OLD, {"validation": 0.1})],
    ids=["nothing held out", "the same split"],
)
def test_no_split_is_told_without_a_difference(
    read, models, tmp_path, text, given
):
    _, data, _ = read("character", text=text, **given)
    facts = {"split": {"training_characters": len(data.windows.ids)}}
    if not given["validation"]:
        facts = {}
    path = models / "known.keras"
    model = build_model(data.vocabulary, units=4, layers=1)
    model_file.save(model, path, data.vocabulary, facts)
    _, _, lines = read("known", text=text, **given)
    assert not any("another split" in line for line in lines)


REFUSED = {
    "of other characters": (("character", "more"), {}, "with 'X', 'Y', 'Z'"),
    "of another unit": (("character", "word"), {}, "words. Leave it out"),
    "of documents": (("character", "lines"), {}, r"in documents \(lines\)"),
    "with another unit": (
        ("word",),
        {"unit": "byte"},
        "Expected --unit word, as '.*' has. Received byte",
    ),
    "with other documents": (
        ("lines",),
        {"documents": "files"},
        "Expected --documents lines, as '.*' has. Received files",
    ),
    "with unknown characters": (
        ("character",),
        {"text": OLD + "é"},
        "A student has the vocabulary of its teachers",
    ),
    "that are missing": (("nowhere",), {}, "There is no '.*nowhere.keras'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_teachers_are_refused(read, name):
    names, given, message = REFUSED[name]
    with pytest.raises(ValueError, match=message) as error:
        read(*names, **given)
    assert "\n" not in str(error.value)


def test_a_model_to_start_from_needs_the_vocabulary_of_the_teachers(
    read, models
):
    same = {"init_from": str(models / "same.keras")}
    _, data, _ = read("character", **same)
    assert data.initial
    with pytest.raises(ValueError, match="the student, which starts from"):
        read("more", **same)


def test_a_weight_without_teachers_is_refused():
    with pytest.raises(ValueError, match="--teacher-weight with --teachers"):
        settle(["x"], {"teacher_weight": 0.5})


@pytest.mark.parametrize("value", [-0.1, 1.1, "a", None, True])
def test_a_weight_is_a_share(value):
    with pytest.raises(ValueError, match="argument teacher_weight: "):
        given_in_python({"teacher_weight": value, "teachers": ["a"]})


@pytest.mark.parametrize("value", [[], 3, [3], [b"x"]])
def test_teachers_are_paths(value):
    with pytest.raises(ValueError, match="argument teachers: "):
        given_in_python({"teachers": value})


def test_a_single_teacher_needs_no_list(models):
    path = models / "same.keras"
    assert given_in_python({"teachers": path}) == {"teachers": [str(path)]}


def test_several_processes_are_refused(models, tmp_path):
    text = tmp_path / "t.txt"
    text.write_text(OLD, encoding="utf-8")
    given = {"teachers": [str(models / "same.keras")]}
    session = Session([str(text)], given, tell=str, leader=object())
    with pytest.raises(ValueError, match="one process with --teachers"):
        session.run()
