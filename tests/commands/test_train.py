"""`charrnn train` as a user meets it, from a text to a run's folder."""

import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_run import ROOT, SEA, TINY, run

import charrnn
from charrnn.commands import main
from charrnn.training import checkpoint, rules, run_folder
from charrnn.training.session import Session

pytestmark = pytest.mark.usefixtures("quick_ends")


@pytest.fixture(scope="module")
def by_script(tmp_path_factory):
    """What `train.py` left and printed, in a process of its own."""
    place = tmp_path_factory.mktemp("by_script")
    (place / "sea.txt").write_text(SEA, encoding="utf-8")
    result = run(ROOT / "train.py", "sea.txt", *TINY, cwd=place)
    assert result.returncode == 0, result.stderr
    return place, result


def test_training_fills_the_runs_folder(by_script):
    place, _ = by_script
    names = {path.name for path in (place / "runs" / "sea-1").iterdir()}
    checkpoints = {name for name in names if name.startswith("checkpoint-")}
    assert names - checkpoints == {
        "model.keras", "history.csv", "metrics.json", "loss.png",
        "samples.txt",
    }  # fmt: skip
    assert len(checkpoints) == 2


def test_training_prints_plain_lines_and_no_noise(by_script):
    _, result = by_script
    assert result.stderr == ""
    assert "\x1b" not in result.stdout
    assert "\r" not in result.stdout
    assert "validation " in result.stdout
    assert "nats/char" in result.stdout
    assert "python generate.py --model" in result.stdout


def test_pytorch_trains_with_stock_layers(tmp_path):
    backend = "torch"
    pytest.importorskip(backend)
    (tmp_path / "text.txt").write_text("to be or not to be, " * 50)
    words = [*TINY, "--minutes", "1", "--quiet"]
    environment = {**os.environ, "KERAS_BACKEND": backend}
    script = ROOT / "train.py"
    done = run(script, "text.txt", *words, cwd=tmp_path, env=environment)
    assert done.returncode == 0
    assert done.stderr == (
        "charrnn: Stock Keras layers do the training, more slowly: the Keras "
        f"backend is {backend}.\n"
    )


def test_the_printed_command_generates(by_script):
    place, result = by_script
    words = result.stdout.strip().splitlines()[-1].split()
    command = words[words.index("python") + 1 :]
    command[0] = ROOT / command[0]
    written = run(*command, "--length", 20, cwd=place)
    assert written.returncode == 0, written.stderr
    assert len(written.stdout) == 21  # a line end closes the sample


def test_metrics_have_the_promised_keys(trained):
    metrics = json.loads((trained.folder / "metrics.json").read_text("utf-8"))
    assert metrics.keys() >= {
        "validation_nats_per_character", "validation_bits_per_character",
        "cold256_nats_per_character", "parameters", "characters_per_second",
        "train_seconds", "epochs", "steps", "seed", "versions", "threads",
    }  # fmt: skip
    history = (trained.folder / "history.csv").read_text("utf-8")
    (*_, last) = csv.DictReader(io.StringIO(history))
    assert float(last["validation_nats_per_character"]) == pytest.approx(
        metrics["validation_nats_per_character"], abs=1e-4
    )
    assert int(last["step"]) == metrics["steps"]


@pytest.mark.slow
def test_what_a_run_chose_is_kept(tmp_path, monkeypatch):
    (tmp_path / "sea.txt").write_text(SEA, encoding="utf-8")
    words = ["train", str(tmp_path / "sea.txt"), "--quiet", "--layers=1"]
    words += ["--out", str(tmp_path / "run")]
    monkeypatch.setattr(rules, "LEAST_READ_FOR_UNITS", {16: (0, 0)})
    monkeypatch.setattr(rules, "MIN_STEPS", 20)
    monkeypatch.setattr(rules, "SHORT_TEXT_EPOCHS", 2)
    monkeypatch.setattr(rules, "LONG_TEXT_EPOCHS", 2)
    assert main(words) == 0
    before = checkpoint.newest(tmp_path / "run")[0]["settings"]
    assert before["units"] == 16
    monkeypatch.undo()
    assert main([*words, "--epochs=5"]) == 0
    after = checkpoint.newest(tmp_path / "run")[0]["settings"]
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"epochs", "minutes"}


def test_the_model_file_says_what_it_is(trained):
    facts = charrnn.load(trained.folder).facts
    assert facts["format"] == 1
    assert facts["unit"] == "character"
    assert facts["vocabulary"]["characters"] == "".join(sorted(set(SEA)))
    assert facts["split"]["training_characters"] == int(len(SEA) * 0.9)
    assert facts["metrics"]["validation_nats_per_character"] > 0


@pytest.mark.slow
def test_training_starts_from_a_model(trained, tmp_path):
    text = tmp_path / "more.txt"
    text.write_text(SEA[::-1], encoding="utf-8")
    words = ["train", str(text), "--init-from", str(trained.folder)]
    words += [flag for flag in TINY if not flag.startswith("--units")]
    assert main([*words, "--out", str(tmp_path / "run"), "--quiet"]) == 0
    assert charrnn.load(tmp_path / "run").facts["network"]["units"] == 8


@pytest.mark.parametrize(
    ("text", "flags", "message"),
    [
        (SEA + "ß", ["--freeze-vocabulary"], r"'ß' (U+00DF) at position"),
        (SEA, ["--units=9"], "units 8. Received --units 9"),
        (SEA, ["--cell=gru"], "cell lstm. Received --cell gru"),
    ],
)
def test_init_from_names_what_does_not_fit(
    trained, tmp_path, capsys, text, flags, message
):
    path = tmp_path / "more.txt"
    path.write_text(text, encoding="utf-8")
    out = tmp_path / "run"
    words = ["train", str(path), "--init-from", str(trained.folder), *flags]
    assert main([*words, "--out", str(out)]) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_a_folder_with_somebodys_files_is_refused(tmp_path, capsys):
    (tmp_path / "samples.txt").write_text("mine", encoding="utf-8")
    text = tmp_path / "sea.txt"
    text.write_text(SEA, encoding="utf-8")
    assert main(["train", str(text), "--out", str(tmp_path)]) == 2
    assert "has files in it" in capsys.readouterr().err
    assert (tmp_path / "samples.txt").read_text("utf-8") == "mine"


def test_every_run_claims_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    claimed = [run_folder.claim(None, "a text.txt")[0] for _ in range(3)]
    assert [str(folder) for folder in claimed] == [
        str(Path("runs", f"a text-{number}")) for number in (1, 2, 3)
    ]
    assert all(folder.is_dir() for folder in claimed)


def test_training_says_so_when_the_reader_leaves(trained, tmp_path):
    command = [sys.executable, ROOT / "train.py", trained.text, *TINY]
    with subprocess.Popen(
        [*command, "--out", tmp_path / "run"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout.read(10)
        process.stdout.close()
        assert b"resumes from the last checkpoint" in process.stderr.read()
        assert process.wait(30) == 141


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGPIPE, signal.SIGHUP])
def test_training_without_a_reader_stops_after_a_checkpoint(
    trained, tmp_path, number
):
    ours, its = pty.openpty() if number == signal.SIGHUP else os.pipe()
    command = [sys.executable, ROOT / "train.py", trained.text, *TINY]
    with subprocess.Popen(
        [*command, "--quiet", "--epochs=9999", "--out", tmp_path / "run"],
        stdout=its,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(its)
        shown = b""
        while b"left  validation" not in shown:
            shown = shown[-20:] + os.read(ours, 1000)
        os.close(ours)
        if number == signal.SIGHUP:
            process.send_signal(number)
        told = process.stderr.read().decode()
        assert process.wait(30) == 128 + number, told
    step = max(map(int, (path.stem.split("-")[1] for path in
                         (tmp_path / "run").glob("checkpoint-*"))))  # fmt: skip
    if number == signal.SIGPIPE:
        assert told.startswith(f"stopped after step {step}. To resume:")
    state, _ = checkpoint.newest(tmp_path / "run")
    assert state["parts"]["Schedule"]["step"] == step


def test_a_run_that_fails_before_it_begins_leaves_no_folder(
    tmp_path, monkeypatch, capsys
):
    def fail(*whatever):
        raise MemoryError

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Session, "_train", fail)
    Path("sea.txt").write_text(SEA, encoding="utf-8")
    Path("mine").mkdir()
    for out in ("new/er/est", "mine"):
        assert main(["train", "sea.txt", "--out", out]) == 2
        assert "not enough memory" in capsys.readouterr().err
    assert not Path("new/er/est").exists()
    assert Path("mine").is_dir()


def test_names_of_files_need_not_be_utf8(tmp_path, monkeypatch):
    name = os.fsdecode(b"sea\xff")
    try:
        (tmp_path / name).write_text(SEA, encoding="utf-8")
    except OSError:
        pytest.skip("the file system wants UTF-8")
    monkeypatch.chdir(tmp_path)
    assert main(["train", name, *TINY, "--epochs=1", "--quiet"]) == 0
    model = f"runs/{name}-1"
    assert (tmp_path / model / "metrics.json").exists()
    words = ["-m", "charrnn", "score", model, name, "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    scored = run(*words, cwd=tmp_path, env=environment)
    assert json.loads(scored.stdout)[0]["text"] == name
