"""A run with teachers: resumed to the bit, told in its files, better."""

import contextlib
import io
import json
import os
import shutil
import signal

import pytest
from small_runs import at_step, left_behind
from tiny_run import SEA

import charrnn
from charrnn.commands import main
from charrnn.training import checkpoint
from charrnn.training.run_folder import SOFT_TARGETS

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick_ends")]

SIZES = ["--layers=1", "--seq-length=16", "--batch-size=4", "--quiet"]
SMALL = [
    "--units=8", *SIZES, "--epochs=4", "--checkpoint-seconds=0.05",
    "--dropout=0.2", "--weight-drop=0.1", "--precision=float32",
]  # fmt: skip


def train(*words):
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert main(["train", *map(str, words)]) == 0
    return printed.getvalue()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a text, a teacher of it, and a student of both."""
    place = tmp_path_factory.mktemp("place")
    (place / "sea.txt").write_text(SEA, encoding="utf-8")
    train(
        place / "sea.txt", "--out", place / "teacher", "--cell=gru",
        "--units=24", *SIZES, "--epochs=4",
    )  # fmt: skip
    train(*command(place, "whole"))
    return place


def command(place, name, *flags):
    teacher = [place / "teacher", "--teacher-weight", "0.8"]
    return [
        place / "sea.txt", "--out", place / name, *SMALL, *flags,
        "--teachers", *teacher,
    ]  # fmt: skip


def interrupt(_):
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("lost", [False, True], ids=["", "file lost"])
def test_it_resumes_to_the_bit(place, monkeypatch, lost):
    out = place / f"stopped-{lost}"
    with monkeypatch.context() as patch:
        at_step(patch, 70, interrupt)
        assert main(["train", *map(str, command(place, out.name))]) == 130
    assert checkpoint.newest(out)[0]["settings"]["soft_targets_sha256"]
    if lost:
        (out / SOFT_TARGETS).unlink()
    else:  # the teacher is not needed any more
        (place / "teacher").rename(place / "elsewhere")
    try:
        train(place / "sea.txt", "--out", out, "--quiet")
    finally:
        if not lost:
            (place / "elsewhere").rename(place / "teacher")
    assert left_behind(out) == left_behind(place / "whole")
    assert not (out / SOFT_TARGETS).exists()


def test_its_files_say_who_taught(place):
    metrics = json.loads((place / "whole/metrics.json").read_text("utf-8"))
    engine = charrnn.load(place / "whole")
    for facts in (metrics["training"], engine.facts["training"]):
        [teacher] = facts["teachers"]
        assert teacher["name"] == str(place / "teacher")
        assert len(teacher["fingerprint"]) == 64
        assert facts["teacher_weight"] == 0.8
    with contextlib.redirect_stdout(io.StringIO()) as card:
        assert main(["card", str(place / "whole")]) == 0
    assert "It is distilled: beside the text" in card.getvalue()


def test_a_run_killed_before_its_first_checkpoint_begins_anew(place):
    out = place / "killed"
    out.mkdir()
    (out / SOFT_TARGETS).write_bytes(b"half")
    train(*command(place, "killed"))
    assert left_behind(out) == left_behind(place / "whole")


def test_another_share_of_the_loss_may_be_resumed_with(place):
    out = shutil.copytree(place / "whole", place / "changed")
    words = place / "sea.txt", "--out", out, "--epochs=5", "--quiet"
    assert main(["train", *map(str, words), "--teacher-weight=0.1"]) == 2
    printed = train(*words, "--change", "--teacher-weight=0.1")
    assert "teacher_weight 0.8 to 0.1" in printed
    training = charrnn.load(out).facts["training"]
    assert training["teacher_weight"] == 0.1


def test_documents_of_words_are_learnt_from_teachers_too(place):
    sizes, flags = ["--units=8", *SIZES, "--epochs=2"], ["--unit=word"]
    teacher = place / "words"
    flags += ["--documents=lines", "--min-count=1"]
    train(place / "sea.txt", "--out", teacher, *sizes, *flags)
    words = place / "sea.txt", "--out", place / "of-words", *sizes
    train(*words, "--teachers", teacher, teacher)
    engine = charrnn.load(place / "of-words")
    assert engine.vocabulary == charrnn.load(teacher).vocabulary
    assert len(engine.facts["training"]["teachers"]) == 2
