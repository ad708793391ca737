"""Training on documents: split, exact resume, files, and what is told."""

import json

import numpy as np
import pytest
from small_runs import SMALL, at_step, left_behind

import charrnn
from charrnn.commands import main
from charrnn.network import model_file
from charrnn.text import kinds
from charrnn.training.data import read_data
from charrnn.training.settle import settle
from charrnn.training.units import from_state, to_state

RANDOM = np.random.default_rng(1)
SYLLABLES = ["an", "be", "ka", "lo", "mi", "ru", "s", "to", "é"]
NAMES = ["".join(RANDOM.choice(SYLLABLES, 3)).capitalize() for _ in range(300)]


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "names.txt"
    path.write_text("\n".join(NAMES), encoding="utf-8", newline="")
    return path


def trained(text, folder, *more):
    words = ["train", str(text), "--out", str(folder), *SMALL]
    return main([*words, "--documents", "lines", "--epochs=40", *more])


@pytest.fixture(scope="module")
def run(text, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "names"
    assert trained(text, folder) == 0
    return folder


def read(text, lines=None, **given):
    given = {"documents": "lines", **given}
    tell = (lambda line: None) if lines is None else lines.append
    return read_data(settle([str(text)], given), given, tell=tell)[1]


def test_the_split_and_its_copies_are_told(text):
    lines = []
    data = read(text, lines)
    (line,) = [line for line in lines if "divided by" in line]
    counts = data.documents.counts()
    assert f"{counts['training']} to train on" in line
    assert counts["training"] + counts["validation"] == len(NAMES)
    (line,) = [line for line in lines if "are among those" in line]
    assert f"{data.documents.duplicates} of the held-out documents" in line
    again = read(text, seed=2)
    assert (again.held_out[:9] != data.held_out[:9]).any()


@pytest.mark.parametrize("unit", ["character", "word", "byte"])
def test_a_checkpoint_holds_the_vocabulary(text, unit):
    vocabulary = read(text, unit=unit).vocabulary
    assert (
        from_state(json.loads(json.dumps(to_state(vocabulary)))) == vocabulary
    )


def test_streams_begin_with_documents(text):
    data = read(text, batch_size=8)
    inputs, targets = data.windows.batch(0)
    boundary = data.vocabulary.boundary
    assert (inputs[:, 0] == boundary).all()
    assert (inputs[:, 1:] == targets[:, :-1]).all()
    starts = [tuple(row) for row in inputs]
    assert len(set(starts)) == 8


def test_few_documents_and_many_streams(tmp_path):
    for name, letter in (("a", "x"), ("b", "y"), ("c", "z")):
        path = tmp_path / f"{name}.txt"
        path.write_text(f"{letter} {letter * 9}\n" * 40, encoding="utf-8")
    given = {"documents": "files", "batch_size": 8, "seq_length": 16}
    data = read_data(settle([str(tmp_path)], given), given, tell=print)[1]
    inputs, _ = data.windows.batch(0)
    assert len({tuple(row) for row in inputs}) > 1
    seen = np.zeros(len(data.windows.ids), int)
    for step in range(data.windows.steps_per_epoch):
        places = data.windows.starts(step)[:, None] + np.arange(16)
        np.add.at(seen, places % len(seen), 1)
    assert seen.sum() >= len(seen)


@pytest.mark.slow
def test_the_file_says_what_the_documents_are(run, text):
    facts = model_file.read(run)["facts"]
    assert facts["format"] == 3
    assert facts["vocabulary"]["documents"] == "lines"
    metrics = json.loads((run / "metrics.json").read_text("utf-8"))
    counts = metrics["split"]["documents"]
    assert counts["training"] + counts["validation"] == len(NAMES)
    assert counts["longest"] == max(map(len, NAMES))
    data = read(text, seq_length=16)
    engine = charrnn.load(run)
    nats = charrnn.score(engine, data.held_out).nats_per_character
    loss = metrics["validation_nats_per_character"]
    assert nats == pytest.approx(loss, rel=1e-5)
    held_out = data.vocabulary.decode(data.held_out).splitlines()
    scores = charrnn.score_each(engine, held_out)
    total = sum(float(s.nats.sum()) for s in scores)
    characters = sum(s.characters for s in scores)
    assert total / characters == pytest.approx(loss, rel=1e-5)
    assert characters == metrics["split"]["validation_characters"] - 1


@pytest.mark.parametrize(
    "unit",
    [
        pytest.param("character", marks=pytest.mark.reliability),
        pytest.param("word", marks=pytest.mark.slow),
        pytest.param("byte", marks=pytest.mark.reliability),
    ],
)
def test_a_run_that_was_stopped_ends_the_same_to_the_bit(
    unit, text, tmp_path, monkeypatch
):
    def stop(schedule):
        raise KeyboardInterrupt

    assert trained(text, tmp_path / "whole", "--unit", unit) == 0
    with monkeypatch.context() as patch:
        at_step(patch, 60, stop)
        assert trained(text, tmp_path / "run", "--unit", unit) == 130
    assert trained(text, tmp_path / "run", "--unit", unit) == 0
    whole = left_behind(tmp_path / "whole")
    assert left_behind(tmp_path / "run") == whole
    known = [tmp_path / name / "documents.bin" for name in ("run", "whole")]
    assert known[0].read_bytes() == known[1].read_bytes()


@pytest.mark.slow
def test_a_run_keeps_its_division(run, text, capsys):
    words = ["train", str(text), "--out", str(run), *SMALL]
    for more in (["--documents", r"\n\n"], ["--documents=files"]):
        assert main([*words, *more]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "Expected --documents lines" in line


@pytest.mark.slow
def test_another_run_begins_with_the_model(run, text, tmp_path, capsys):
    words = ["train", str(text), "--out", str(tmp_path / "new"), *SMALL]
    words += ["--init-from", str(run), "--epochs=1"]
    assert main(words) == 0
    assert charrnn.load(tmp_path / "new").vocabulary.by == "lines"
    capsys.readouterr()
    assert main([*words, "--fresh", "--documents=files"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "Expected --documents lines" in line
    words = ["train", str(text), "--init-from", "shakespeare"]
    assert main([*words, "--documents=lines", "--freeze-vocabulary"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "Expected no --documents" in line


@pytest.mark.parametrize("known", ["\nabeklnostu", "abeklnostu"])
@pytest.mark.parametrize("unit", ["character", "word", "byte"])
def test_a_model_of_endless_text_begins_to_learn_documents(
    unit, known, text, tmp_path
):
    vocabulary = kinds.from_text(unit, [known * 3])
    model = charrnn.build_model(vocabulary, units=4, layers=1)
    charrnn.save(model, tmp_path / "m.keras", vocabulary)
    lines = []
    given = {"init_from": str(tmp_path / "m.keras"), "unit": unit}
    data = read(text, lines, **given)
    assert data.vocabulary.by == "lines"
    (told,) = [line for line in lines if "boundary of documents" in line]
    ends = unit == "byte" or known[0] == "\n"
    assert ("a line end" in told) == ends
    new = charrnn.Engine(data.initial["layers"], data.vocabulary)
    old = charrnn.load(tmp_path / "m.keras")
    ids = old.vocabulary.encode("banksbetakelon"[:9])
    nats = [charrnn.score(engine, ids).nats.mean() for engine in (old, new)]
    assert nats[1] == pytest.approx(nats[0], abs=0.02)
    assert len(new.vocabulary) - 1 == len(data.vocabulary.inner)


@pytest.mark.slow
def test_samples_are_several_documents(run):
    samples = (run / "samples.txt").read_text("utf-8")
    last = samples.split("---\n")[-1].split()
    assert 3 <= len(last) <= 10


@pytest.mark.slow
def test_python_takes_documents(text, tmp_path):
    run = charrnn.train(
        text, out=tmp_path / "run", documents="lines", unit="word", epochs=1,
        units=8, layers=1, verbose=0,
    )  # fmt: skip
    assert run.vocabulary.by == "lines" and run.metrics["unit"] == "word"
    assert (run.folder / "documents.bin").exists()


@pytest.mark.reliability
def test_poems_end_at_their_separator(tmp_path):
    path = tmp_path / "poems.txt"
    poems = "rose\nred\n\nviolet\nblue\n\n" * 60
    path.write_text(poems, encoding="utf-8")
    out = tmp_path / "run"
    words = ["train", str(path), "--out", str(out), *SMALL, "--epochs=90"]
    assert main([*words, "--documents", r"\n\n", "--learning-rate=.02"]) == 0
    engine = charrnn.load(out)
    assert engine.vocabulary.by == "\n\n"
    samples = charrnn.Sampler(engine).generate(
        length=50, count=9, temperature=0.3
    )
    texts = {sample.text for sample in samples}
    assert texts <= {"rose\nred", "violet\nblue"}
    assert {sample.stop_reason for sample in samples} == {"end"}
