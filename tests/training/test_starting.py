"""A run that starts from a model learns the characters that are new to it."""

import contextlib
import io

import numpy as np
import pytest
from small_runs import at_step, left_behind
from tiny_run import SEA

import charrnn
from charrnn.commands import main
from charrnn.network import model_file
from charrnn.network.model import build_model
from charrnn.scoring.score import score_in_streams
from charrnn.text import kinds
from charrnn.training.data import read_data
from charrnn.training.settle import settle

pytestmark = pytest.mark.usefixtures("quick_ends")

GERMAN = "Sie sah die See, süß – und «schön»; 7 Österreicher.\n" * 30
OLD = (
    "the sea, the sea! she sells 2 shells - upon such a cold shore in may.\n"
    * 20
)
RUN = [
    "--seq-length=16", "--batch-size=4", "--epochs=3", "--quiet",
    "--checkpoint-seconds=0.05",
]  # fmt: skip


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Untrained models of the old text, by unit."""
    folder = tmp_path_factory.mktemp("models")
    for unit in ("character", "word", "byte"):
        vocabulary = kinds.from_text(unit, [OLD])
        model = build_model(vocabulary, units=4, layers=1, dropout=0.2)
        model_file.save(model, folder / f"{unit}.keras", vocabulary)
    return folder


@pytest.fixture
def read(models, tmp_path):
    """Reads a text for a run that starts from a model; returns all it made."""

    def read_text(text=GERMAN, unit="character", **given):
        path = tmp_path / "new.txt"
        path.write_text(text, encoding="utf-8")
        given = {"init_from": str(models / f"{unit}.keras"), **given}
        lines = []
        settings = settle([str(path)], given)
        return *read_data(settings, given, tell=lines.append), lines

    return read_text


@pytest.mark.parametrize("unit", ["character", "word"])
def test_the_vocabulary_grows_by_what_is_new(read, models, unit):
    _, data, lines = read(unit=unit)
    old = model_file.read(models / f"{unit}.keras")
    known = old["vocabulary"]
    all_ids = np.concatenate([data.windows.ids, data.held_out])
    assert data.vocabulary.decode(all_ids) == GERMAN
    assert known.decode(range(len(known))) == data.vocabulary.decode(
        range(len(known))
    )
    [line] = [line for line in lines if "new" in line and "start" in line]
    new = len(data.vocabulary) - len(known)
    assert line.startswith(f"{new} new {unit}s: ")
    for words in ("'ü' ('u')", "'–' ('-')", "'7'", "average of their kind"):
        assert words in line
    assert ("from their characters" in line) == (unit == "word")


def test_one_line_is_bounded_and_shows_controls_harmlessly(read):
    text = "".join(map(chr, range(0x4E00, 0x4F00))) + "\x1b\u202e" + OLD
    _, _, lines = read(text * 2)
    [line] = [line for line in lines if "start" in line]
    assert "and 246 more" in line and line.isprintable()


@pytest.mark.parametrize("unit", ["character", "word"])
def test_the_old_text_keeps_its_loss(read, models, unit):
    _, data, _ = read(unit=unit)
    before = charrnn.load(models / f"{unit}.keras")
    after = charrnn.Engine(data.initial["layers"], data.vocabulary)
    ids = before.vocabulary.encode(OLD)
    losses = [
        score_in_streams(engine, ids).nats_per_character
        for engine in (before, after)
    ]
    assert 0 < losses[1] - losses[0] < 0.01


@pytest.mark.parametrize(
    ("text", "unit"), [(OLD, "character"), (GERMAN, "byte"), (OLD, "word")]
)
def test_nothing_changes_if_nothing_is_new(read, models, text, unit):
    _, data, lines = read(text, unit)
    old = model_file.read(models / f"{unit}.keras")
    assert data.vocabulary == old["vocabulary"]
    assert not any("start" in line for line in lines)


@pytest.mark.parametrize("unit", ["character", "word"])
def test_a_model_of_documents_learns_new_ones(read, tmp_path, unit):
    names = kinds.from_documents(unit, ["anna", "otto"] * 9, "lines")
    model = build_model(names, units=4, layers=1)
    model_file.save(model, tmp_path / "names.keras", names)
    given = {"init_from": str(tmp_path / "names.keras")}
    settings, data, lines = read("Jörg\nOtto\nÄnne\n" * 40, unit, **given)
    assert settings.documents == "lines"
    assert {*"anotJörgOÄe"} <= {*data.vocabulary.alphabet}
    assert data.vocabulary.boundary == len(data.vocabulary) - 1
    assert any("'Ä'" in line for line in lines)
    engines = (
        charrnn.load(tmp_path / "names.keras"),
        charrnn.Engine(data.initial["layers"], data.vocabulary),
    )
    losses = [
        score_in_streams(e, e.vocabulary.encode("anna\n")).nats_per_character
        for e in engines
    ]
    assert 0 < losses[1] - losses[0] < 0.01


@pytest.mark.parametrize("unit", ["character", "word"])
def test_a_frozen_vocabulary_refuses_new_characters(read, unit):
    with pytest.raises(ValueError, match="Without --freeze-vocabulary") as told:
        read(unit=unit, freeze_vocabulary=True)
    assert "'S' (U+0053) at position 0" in str(told.value)
    read(OLD[::-1], unit, freeze_vocabulary=True)


def test_there_is_nothing_to_freeze_without_a_model():
    with pytest.raises(ValueError, match="with --init-from"):
        settle(["a.txt"], {"freeze_vocabulary": True})


def test_new_characters_of_another_normal_form_are_refused(
    read, models, tmp_path
):
    vocabulary = charrnn.Vocabulary("abé \n")
    model = build_model(vocabulary, units=4, layers=1)
    model_file.save(model, tmp_path / "nfc.keras", vocabulary)
    init_from = str(tmp_path / "nfc.keras")
    with pytest.raises(ValueError, match="leave --normalize out"):
        read("ab ö\n" * 99, init_from=init_from, normalize="NFD")
    _, data, _ = read("ab o\u0308\n" * 99, init_from=init_from)
    assert data.vocabulary.characters == "abé \nö"


@pytest.mark.parametrize(
    ("given", "whole_words"),
    [({}, True), ({"max_vocab": 0}, False), ({"min_count": 99}, False)],
)
def test_new_words_have_limits(read, models, given, whole_words):
    known = len(model_file.read(models / "word.keras")["vocabulary"])
    if "max_vocab" in given:
        given = {"max_vocab": known}  # all characters are added nevertheless
    settings, data, _ = read(unit="word", **given)
    assert settings.min_count == given.get("min_count", 2)
    assert settings.max_vocab == given.get("max_vocab", known + 10_000)
    new = data.vocabulary.words[known:]
    assert (max(map(len, new)) > 1) == whole_words
    assert {"ü", "7"} < set(new)


@pytest.mark.parametrize("unit", ["character", "word"])
@pytest.mark.parametrize("more", [{}, {"freeze_vocabulary": True}])
def test_a_model_keeps_all_that_it_knows(read, models, unit, more):
    known = len(model_file.read(models / f"{unit}.keras")["vocabulary"])
    with pytest.raises(ValueError, match=rf"max-vocab of {known} or more"):
        read(unit=unit, max_vocab=known - 1, **more)


@pytest.mark.parametrize("name", ["max_vocab", "min_count"])
def test_what_bytes_have_no_use_for_is_refused_whatever_they_start_from(
    read, name
):
    with pytest.raises(ValueError, match="with --unit byte"):
        read(unit="byte", **{name: 5})


def test_dropout_may_be_another_one(read):
    settings, *_ = read(dropout=0.4)
    assert settings.dropout == 0.4 and settings.units == 4
    settings, *_ = read()
    assert settings.dropout is not None


@pytest.fixture(
    scope="module",
    params=[
        ("character", []), ("word", []),
        ("character", ["--documents=lines"]), ("word", ["--documents=lines"]),
    ],
    ids=lambda param: "-".join([param[0], *param[1]]),
)  # fmt: skip
def grown(request, models, tmp_path_factory):
    """The flags and the folder of a run that made a model grow."""
    folder = tmp_path_factory.mktemp("grown")
    unit, flags = request.param
    (folder / "new.txt").write_text(GERMAN, encoding="utf-8")
    model = models / f"{unit}.keras"
    words = ["train", str(folder / "new.txt"), "--init-from", str(model)]
    words += [*RUN, *flags]
    with contextlib.redirect_stdout(io.StringIO()):
        assert main([*words, "--out", str(folder / "run")]) == 0
    return words, folder / "run"


@pytest.mark.slow
def test_a_grown_model_reads_and_writes_what_is_new(grown, capsys):
    _, folder = grown
    vocabulary = charrnn.load(folder).vocabulary
    # The end of a line is not in a document.
    new = {*GERMAN.replace("\n", "")} | {*OLD}
    assert set(vocabulary.alphabet) == new
    words = ["generate", "--model", str(folder), "--prompt", "süß –"]
    assert main([*words, "--length", "20"]) == 0
    assert capsys.readouterr().out.startswith("süß –")
    facts = charrnn.load(folder).facts
    ways = vocabulary.unit == "word", vocabulary.boundary is not None
    expected = {(False, False): 1, (True, False): 2}
    assert facts["format"] == expected.get(ways, 3)


@pytest.mark.slow
def test_a_stopped_run_of_a_grown_model_ends_the_same_to_the_bit(
    grown, tmp_path, monkeypatch
):
    def stop(schedule):
        raise KeyboardInterrupt

    words = [*grown[0], "--out", str(tmp_path / "run")]
    with monkeypatch.context() as patch:
        at_step(patch, 10, stop)
        assert main(words) == 130
    assert main(words) == 0
    assert left_behind(tmp_path / "run") == left_behind(grown[1])


@pytest.mark.slow
def test_python_freezes_a_vocabulary(models, tmp_path):
    path = tmp_path / "new.txt"
    path.write_text(SEA + GERMAN, encoding="utf-8")
    settings = {
        "init_from": models / "word.keras", "epochs": 1, "verbose": 0,
        "out": tmp_path / "run", "seq_length": 16, "batch_size": 4,
    }  # fmt: skip
    with pytest.raises(ValueError, match="Without freeze_vocabulary=True"):
        charrnn.train(path, freeze_vocabulary=True, **settings)
    run = charrnn.train(path, freeze_vocabulary=False, **settings)
    assert {"ü", "7"} < set(run.vocabulary.words)
    assert charrnn.score(run.folder, "süß").characters == 2
