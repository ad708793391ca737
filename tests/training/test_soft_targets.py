"""What teachers expect is computed once, for every position of the text."""

import dataclasses
import types

import numpy as np
import pytest

from charrnn.network import model_file
from charrnn.network.engine import Engine, load
from charrnn.network.model import build_model
from charrnn.text import kinds
from charrnn.text.student_windows import KEPT, StudentWindows
from charrnn.text.vocabulary import Vocabulary
from charrnn.text.windows import Windows
from charrnn.training import soft_targets
from charrnn.training.run_folder import SOFT_TARGETS
from charrnn.training.settings import Settings

WARM_UP = 32
CHINESE = "".join(chr(0x4E00 + i) for i in range(150))


class NumpyTwin:
    """Predicts as a twin does, without the time to compile one."""

    def __init__(self, engine, streams, precision):
        self.engine, self.state = engine, engine.zero_state(streams)
        self.output_shape = streams, None, len(engine.vocabulary)

    def predict_on_batch(self, ids):
        logits, self.state = self.engine.run(ids, self.state)
        return logits


@pytest.fixture(autouse=True)
def quick(monkeypatch, request):
    monkeypatch.setattr(soft_targets, "WARM_UP_CHARACTERS", WARM_UP)
    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setattr(soft_targets, "_twin", NumpyTwin)


def teacher(vocabulary, seed=0, cell="gru"):
    """An untrained model whose weights are large enough to tell texts apart."""
    random = np.random.default_rng(seed)
    model = build_model(vocabulary, cell=cell, units=6, layers=1, dropout=0.5)
    model.set_weights(
        [random.normal(0, 0.5, w.shape) for w in model.get_weights()]
    )
    return Engine.from_keras(model, vocabulary)


def expected_by(engines, ids):
    """The mean of what the engines expect, with the state carried along."""
    around = np.concatenate([ids, ids, ids])[None]
    total = 0
    for engine in engines:
        logits = engine.run(around)[0][0, -len(ids) :].astype(np.float64)
        p = np.exp(logits - logits.max(-1, keepdims=True))
        total = total + p / p.sum(-1, keepdims=True)
    return total / len(engines)


def check_rows(folder, engines, length):
    ids = np.random.default_rng(1).integers(0, 5, length)
    soft_targets.write(folder / "x.npy", engines, ids, precision="float32")
    rows = soft_targets.read(folder / "x.npy", length, 5)
    np.testing.assert_allclose(
        rows["probabilities"], expected_by(engines, ids), atol=2e-3
    )


@pytest.mark.parametrize("length", [50, 129, 700])  # one stream, and five
def test_rows_are_the_mean_of_what_the_teachers_expect(tmp_path, length):
    vocabulary = Vocabulary("abcde")
    engines = [teacher(vocabulary), teacher(vocabulary, 1, "lstm")]
    check_rows(tmp_path, engines, length)


@pytest.mark.slow
def test_twins_expect_the_same_without_dropout(tmp_path):
    vocabulary = Vocabulary("abcde")
    engines = [teacher(vocabulary), teacher(vocabulary, 1, "lstm")]
    check_rows(tmp_path, engines, 700)


def test_of_many_units_the_likeliest_are_kept_and_the_rest_is_told(tmp_path):
    vocabulary = Vocabulary(CHINESE)
    engines = [teacher(vocabulary)]
    ids = np.random.default_rng(1).integers(0, 150, 60)
    soft_targets.write(tmp_path / "x.npy", engines, ids, precision="float32")
    rows = soft_targets.read(tmp_path / "x.npy", 60, 150)
    for row, p in zip(rows, expected_by(engines, ids), strict=True):
        kept = row["ids"]
        assert len(set(kept.tolist())) == KEPT
        assert p[kept].min() >= np.sort(p)[-KEPT] - 1e-5
        np.testing.assert_allclose(
            row["probabilities"][:-1], p[kept], atol=1e-3
        )
        rest = row["probabilities"][-1]
        assert rest == pytest.approx(1 - p[kept].sum(), abs=2e-3)


def check_documents(folder):
    vocabulary = kinds.from_documents("character", ["ab", "ba"], "lines")
    engine = teacher(vocabulary)
    documents = [[2, 0, 1, 1, 0], [2, 1, 1], [2, 0]] * 9
    ids = np.concatenate(documents)
    soft_targets.write(folder / "x.npy", [engine], ids, precision="float32")
    rows = soft_targets.read(folder / "x.npy", len(ids), 3)
    alone = np.concatenate([engine.run([d])[0][0] for d in documents])
    p = np.exp(alone) / np.exp(alone).sum(-1, keepdims=True)
    np.testing.assert_allclose(rows["probabilities"], p, atol=1e-3)


def test_documents_are_read_one_by_one(tmp_path):
    check_documents(tmp_path)


@pytest.mark.slow
def test_twins_read_documents_one_by_one(tmp_path):
    check_documents(tmp_path)


def test_a_full_disk_is_told_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(
        soft_targets.shutil,
        "disk_usage",
        lambda path: types.SimpleNamespace(free=99),
    )
    engines, ids = [teacher(Vocabulary("ab"))], np.zeros(50, int)
    with pytest.raises(ValueError, match="GiB of free disk space in"):
        soft_targets.write(tmp_path / "x", engines, ids, precision="float32")


@pytest.fixture
def run(tmp_path):
    """A run's folder, its settings and data, and how to prepare it."""
    vocabulary, lines = Vocabulary("abc"), []
    path = tmp_path / "teacher.keras"
    model = teacher(vocabulary).to_keras()
    model_file.save(model, path, vocabulary)
    ids = np.random.default_rng(1).integers(0, 3, 60)
    windows = Windows(ids, batch_size=2, seq_length=4, seed=1)
    settings = Settings(
        ["x"],
        teachers=[str(path)],
        precision="float32",
        teacher_fingerprints=[soft_targets.fingerprint(load(path))],
    )
    data = types.SimpleNamespace(
        vocabulary=vocabulary, windows=windows, teachers=[load(path)]
    )

    def prepare(settings=settings, teachers=()):
        own = types.SimpleNamespace(**{**vars(data), "teachers": teachers})
        return soft_targets.prepared(tmp_path, settings, own, lines.append)

    settings, windows = prepare(teachers=data.teachers)
    assert isinstance(windows, StudentWindows)
    return types.SimpleNamespace(
        settings=settings,
        lines=lines,
        prepare=prepare,
        teacher=path,
        file=tmp_path / SOFT_TARGETS,
    )


def test_a_resumed_run_needs_its_file_only(run):
    run.teacher.unlink()
    before = run.file.stat().st_mtime_ns
    settings, _ = run.prepare(run.settings)
    assert settings == run.settings
    assert run.file.stat().st_mtime_ns == before
    assert len(run.lines) == 1  # of the first time


@pytest.mark.parametrize("damage", ["lost", "cut short", "changed"])
def test_a_file_that_is_lost_is_made_again(run, damage):
    contents = run.file.read_bytes()
    run.file.unlink()
    if damage == "cut short":
        run.file.write_bytes(contents[:-9])
    elif damage == "changed":
        run.file.write_bytes(contents[:-1] + b"\xff")
    settings, _ = run.prepare(run.settings)
    assert run.file.read_bytes() == contents
    assert settings == run.settings
    assert len(run.lines) == 2
    assert "not resume to the bit" not in "".join(run.lines)


def test_other_bits_are_told(run):
    run.file.unlink()
    before = dataclasses.replace(run.settings, soft_targets_sha256="0" * 64)
    settings, _ = run.prepare(before)
    assert settings.soft_targets_sha256 == run.settings.soft_targets_sha256
    assert "does not resume to the bit" in run.lines[-1]


@pytest.mark.parametrize("what", ["gone", "changed"])
def test_without_file_and_teacher_the_message_says_what_to_do(run, what):
    run.file.unlink()
    run.teacher.unlink()
    if what == "changed":
        vocabulary = Vocabulary("abc")
        model = teacher(vocabulary, seed=9).to_keras()
        model_file.save(model, run.teacher, vocabulary)
    with pytest.raises(ValueError, match="or begin anew with --fresh") as error:
        run.prepare(run.settings)
    assert "\n" not in str(error.value)
    assert str(run.teacher) in str(error.value)
