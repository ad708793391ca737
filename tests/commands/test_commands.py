"""The command line as a user meets it, from a text to new text."""

import argparse
import csv
import errno
import io
import json
import math
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import charrnn
from charrnn.commands import (
    generate,
    main,
    material,
    options,
    train,
    train_flags,
)
from charrnn.commands.verbs import VERBS
from charrnn.insight import neurons
from charrnn.network import model_file
from charrnn.network.cells import CELLS
from charrnn.system import ram
from charrnn.text import encoding as encoded
from charrnn.training import checkpoint, recipe, run_folder

ROOT = Path(charrnn.__file__).parent.parent
TEXT = "The sea, the sea!\nShe sells no shells; she sees the sea.\n" * 40
SMALL = [
    "--units=8", "--layers=1", "--seq-length=16", "--batch-size=4",
    "--epochs=5",
]  # fmt: skip


def run(*words, **options):
    """Runs a script in the checkout as a user does, in a fresh process."""
    return subprocess.run(
        [sys.executable, *map(str, words)],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        **options,
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run's folder and what training printed."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "sea.txt").write_text(TEXT, encoding="utf-8")
    result = run(ROOT / "train.py", "sea.txt", *SMALL, cwd=folder)
    assert result.returncode == 0, result.stderr
    return folder / "runs" / "sea-1", result


def test_training_fills_the_runs_folder(trained):
    folder, _ = trained
    names = {path.name for path in folder.iterdir()}
    checkpoints = {name for name in names if name.startswith("checkpoint-")}
    assert names - checkpoints == {
        "model.keras", "history.csv", "metrics.json", "loss.png",
        "samples.txt",
    }  # fmt: skip
    assert len(checkpoints) == 2


def test_training_prints_plain_lines_and_no_noise(trained):
    _, result = trained
    assert result.stderr == ""
    assert "\x1b" not in result.stdout
    assert "\r" not in result.stdout
    assert "validation " in result.stdout
    assert "nats/char" in result.stdout
    assert "python generate.py --model" in result.stdout


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_train_with_stock_layers(tmp_path, backend):
    pytest.importorskip(backend)
    (tmp_path / "text.txt").write_text("to be or not to be, " * 50)
    words = [*SMALL, "--minutes", "1", "--quiet"]
    environment = {**os.environ, "KERAS_BACKEND": backend}
    script = ROOT / "train.py"
    done = run(script, "text.txt", *words, cwd=tmp_path, env=environment)
    assert done.returncode == 0
    assert done.stderr == (
        "charrnn: Stock Keras layers do the training, more slowly: the Keras "
        f"backend is {backend}.\n"
    )


def test_the_printed_command_generates(trained):
    folder, result = trained
    words = result.stdout.strip().splitlines()[-1].split()
    command = words[words.index("python") + 1 :]
    command[0] = ROOT / command[0]
    written = run(*command, "--length", 20, cwd=folder.parent.parent)
    assert written.returncode == 0, written.stderr
    assert len(written.stdout) == 21  # a line end closes the sample


def test_metrics_have_the_promised_keys(trained):
    folder, _ = trained
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    assert metrics.keys() >= {
        "validation_nats_per_char", "validation_bits_per_char",
        "cold256_nats_per_char", "parameters", "characters_per_second",
        "train_seconds", "epochs", "steps", "seed", "versions", "threads",
    }  # fmt: skip
    history = (folder / "history.csv").read_text("utf-8")
    (*_, last) = csv.DictReader(io.StringIO(history))
    assert float(last["validation_nats_per_char"]) == pytest.approx(
        metrics["validation_nats_per_char"], abs=1e-4
    )
    assert int(last["step"]) == metrics["steps"]


def settled(*words, state=None):
    """The settings that the flags of a new or an old run come to."""
    parser = argparse.ArgumentParser()
    train_flags.add_arguments(parser)
    given = vars(parser.parse_args(["text", *words]))
    return train_flags.settle(Path("runs/text-1"), given, state)


@pytest.mark.parametrize(
    ("words", "minutes", "epochs"),
    [
        ([], 10, None),
        (["--preset=quick"], 3, None),
        (["--preset=best"], 90, None),
        (["--minutes=2.5"], 2.5, None),
        (["--epochs=4"], None, 4),
        (["--preset=good", "--epochs=4"], 10, 4),
    ],
)
def test_a_preset_is_a_name_for_a_time(words, minutes, epochs):
    settings = settled(*words)
    assert (settings.minutes, settings.epochs) == (minutes, epochs)
    before = {"settings": vars(settled("--epochs=9")), "vocabulary": "ab"}
    settings = settled(*words, state=before)
    if words:
        assert (settings.minutes, settings.epochs) == (minutes, epochs)
    else:
        assert (settings.minutes, settings.epochs) == (None, 9)


def test_a_run_from_before_a_flag_keeps_what_it_had():
    before = vars(settled())
    del before["weight_decay"]
    state = {"settings": before, "vocabulary": "ab"}
    assert settled(state=state).weight_decay == 0.01


def test_what_a_run_chose_is_kept(tmp_path, monkeypatch):
    (tmp_path / "sea.txt").write_text(TEXT, encoding="utf-8")
    words = ["train", str(tmp_path / "sea.txt"), "--quiet", "--layers=1"]
    words += ["--out", str(tmp_path / "run")]
    monkeypatch.setattr(recipe, "WORTH", {16: (0, 0)})
    monkeypatch.setattr(recipe, "FEWEST_STEPS", 20)
    monkeypatch.setattr(recipe, "SHORT_TEXT_EPOCHS", 2)
    monkeypatch.setattr(recipe, "LONG_TEXT_EPOCHS", 2)
    assert main(words) == 0
    before = checkpoint.newest(tmp_path / "run")[0]["settings"]
    assert before["units"] == 16
    monkeypatch.undo()
    assert main([*words, "--epochs=5"]) == 0
    after = checkpoint.newest(tmp_path / "run")[0]["settings"]
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"epochs", "minutes"}


def test_the_model_file_says_what_it_is(trained):
    facts = charrnn.load(trained[0]).facts
    assert facts["format"] == 1
    assert facts["unit"] == "character"
    assert facts["vocabulary"]["characters"] == "".join(sorted(set(TEXT)))
    assert facts["split"]["training_characters"] == int(len(TEXT) * 0.9)
    assert facts["metrics"]["validation_nats_per_char"] > 0


def test_training_starts_from_a_model(trained, tmp_path):
    folder, _ = trained
    text = tmp_path / "more.txt"
    text.write_text(TEXT[::-1], encoding="utf-8")
    arguments = ["--init-from", str(folder), "--out", str(tmp_path / "run")]
    flags = [flag for flag in SMALL if not flag.startswith("--units")]
    assert main(["train", str(text), *arguments, *flags, "--quiet"]) == 0
    assert charrnn.load(tmp_path / "run").facts["network"]["units"] == 8


@pytest.mark.parametrize(
    ("text", "flags", "message"),
    [
        (TEXT + "ß", ["--layers=1"], r"'ß' (U+00DF) at position"),
        (TEXT, ["--units=9"], "units 8. Received --units 9"),
        (TEXT, ["--cell=gru"], "cell lstm. Received --cell gru"),
    ],
)
def test_init_from_names_what_does_not_fit(
    trained, tmp_path, capsys, text, flags, message
):
    path = tmp_path / "more.txt"
    path.write_text(text, encoding="utf-8")
    out = tmp_path / "run"
    code = main(
        [
            "train",
            str(path),
            "--init-from",
            str(trained[0]),
            *flags,
            "--out",
            str(out),
        ]
    )
    assert code == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"too short", b"\x80\x81\x82" * 200, b"\xff\xfea\x00b\x00" * 90],
)
def test_bad_texts_are_refused_in_a_line(tmp_path, capsys, content):
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    assert main(["train", str(path), "--out", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("charrnn train: ")
    assert error.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "flag",
    ["--units=0", "--layers=x", "--dropout=1.5", "--weight-drop=1",
     "--minutes=0", "--cell=cnn", "--epochs=nan", "--validation=2"],
)  # fmt: skip
def test_bad_flags_are_refused(capsys, flag):
    with pytest.raises(SystemExit) as exit_code:
        main(["train", "some.txt", flag])
    assert exit_code.value.code == 2
    assert flag.split("=")[0] in capsys.readouterr().err


def test_a_folder_with_somebodys_files_is_refused(tmp_path, capsys):
    (tmp_path / "samples.txt").write_text("mine", encoding="utf-8")
    text = tmp_path / "sea.txt"
    text.write_text(TEXT, encoding="utf-8")
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


@pytest.mark.parametrize("content", ["a" * 5000, TEXT])
def test_a_bad_network_leaves_no_folder(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    Path("sea.txt").write_text(content, encoding="utf-8")
    assert main(["train", "sea.txt", "--dropout=1"]) == 2
    assert not Path("runs").exists()


def test_a_prompt_that_the_text_cannot_spell_is_refused(tmp_path, capsys):
    path = tmp_path / "sea.txt"
    path.write_text(TEXT, encoding="utf-8")
    out = tmp_path / "run"
    assert main(["train", str(path), "--prompt=é", "--out", str(out)]) == 2
    assert "(U+00E9)" in capsys.readouterr().err
    assert not out.exists()


def test_generate_repeats_with_a_seed(trained, capsys):
    model = ["generate", "--model", str(trained[0]), "--length", "50"]
    outputs = []
    for seed in ("1", "1", "2"):
        assert main([*model, "--seed", seed, "--prompt", "The "]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1] != outputs[2]
    assert outputs[0].startswith("The ")
    assert len(outputs[0]) == 4 + 50 + 1


def test_generate_writes_json(trained, capsys):
    words = ["--count", "3", "--length", "30", "--seed", "5", "--stop", "e"]
    main(["generate", "--model", str(trained[0]), *words, "--json"])
    samples = [json.loads(s) for s in capsys.readouterr().out.splitlines()]
    assert [sample["sample"] for sample in samples] == [0, 1, 2]
    for sample in samples:
        assert sample["seed"] == 5
        assert sample["nats_per_character"] >= 0
        assert "e" not in sample["text"]
        stopped = sample["stop_reason"] == "stop"
        assert stopped or len(sample["text"]) == 30


def test_generate_writes_a_file(trained, tmp_path, capsys):
    words = ["generate", "--model", str(trained[0]), "--length", "30"]
    words += ["--seed", "5"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert main([*words, "--out", str(tmp_path / "new.txt")]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == f"(wrote 31 characters to {tmp_path / 'new.txt'})\n"
    assert (tmp_path / "new.txt").read_text("utf-8") == shown


def test_generate_reads_the_prompt_from_a_file(trained, tmp_path, capsys):
    prompt = tmp_path / "prompt.txt"
    words = ["--prompt-file", str(prompt), "--length", "0"]
    for content, text in {
        b"The sea,": "The sea,",
        b"The sea,\n": "The sea,",
        b"The sea,\r\n": "The sea,",
        b"The\rsea,\r\n\r\n": "The\nsea,\n",
        b"\n\n": "\n",
        b"\n": "",
    }.items():
        prompt.write_bytes(content)
        assert main(["generate", "--model", str(trained[0]), *words]) == 0
        assert capsys.readouterr().out == text + "\n"


def test_unknown_characters_of_a_prompt_are_named_or_skipped(trained, capsys):
    words = ["generate", "--model", str(trained[0]), "--prompt", "seé"]
    assert main(words) == 2
    assert "'é' (U+00E9) at position 2" in capsys.readouterr().err
    assert main([*words, "--unknown", "skip", "--length", "3"]) == 0
    assert capsys.readouterr().out.startswith("se")
    assert main([*words, "--unknown", "replace"]) == 2
    assert "--unknown skip (replace needs" in capsys.readouterr().err


def test_generate_takes_the_newest_run(trained, monkeypatch, tmp_path, capsys):
    folder, _ = trained
    monkeypatch.chdir(tmp_path)
    assert generate.newest_run() is None
    for age, name in enumerate(["a new", "old"]):
        model = Path("runs", name, "model.keras")
        model.parent.mkdir(parents=True)
        model.write_bytes((folder / "model.keras").read_bytes())
        os.utime(model, (1e9 - age, 1e9 - age))
    assert generate.newest_run() == Path("runs/a new")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["generate", "--length=20"]) == 0
    written = capsys.readouterr()
    assert written.err.startswith("(--model 'runs/a new' --seed ")
    words = shlex.split(written.err.strip()[1:].partition(" writes")[0])
    assert main(["generate", "--length=20", *words]) == 0
    assert capsys.readouterr() == (written.out, "")


def test_generate_writes_shakespeare_where_there_is_no_run(
    trained, monkeypatch, tmp_path, capsys
):
    monkeypatch.chdir(tmp_path)
    words = ["generate", "--seed=1", "--length=300", "--temperature=0.5"]
    assert main(words) == 0
    written = capsys.readouterr()
    assert "no model in runs/" in written.err
    vowels = sum(written.out.count(vowel) for vowel in "aeiou")
    assert 0.2 < vowels / 300 < 0.5
    assert re.search(r"\n[A-Z ]+:\n", written.out)  # somebody speaks
    assert main([*words, "--model", "shakespeare"]) == 0
    assert capsys.readouterr() == (written.out, "")
    # A run comes first, and so does a folder of that name.
    for place in ("runs/a", "shakespeare"):
        shutil.copytree(trained[0], place)
    for flags in ([], ["--model", "shakespeare"]):
        assert main(["generate", "--length=9", *flags]) == 0
        own = capsys.readouterr()
        assert own.err == ""
        assert set(own.out) <= set(TEXT)


def test_the_pretrained_model_is_what_its_metrics_say():
    path = model_file.PRETRAINED["shakespeare"]
    assert path.stat().st_size <= 16e6
    metrics = json.loads(path.with_name("metrics.json").read_text("utf-8"))
    facts = model_file.read(path)["facts"]
    assert facts["metrics"]["step"] == metrics["best_step"]
    assert facts["training"] == metrics["training"]
    assert facts["text"]["name"] == "shakespeare"
    engine = charrnn.load("shakespeare")
    assert engine.parameters == metrics["parameters"]
    line = "My lord, the king is at the gate, and asks for you.\n"
    assert charrnn.score(engine, line).nats_per_character < 1.8


def test_generate_ends_quietly_when_the_reader_leaves(trained):
    command = [sys.executable, ROOT / "generate.py", "--model", trained[0]]
    with subprocess.Popen(
        [*command, "--length", "1000000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout.read(100)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0


def test_training_says_so_when_the_reader_leaves(trained, tmp_path):
    text = trained[0].parent.parent / "sea.txt"
    command = [sys.executable, ROOT / "train.py", text, *SMALL]
    with subprocess.Popen(
        [*command, "--out", tmp_path / "run"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout.read(10)
        process.stdout.close()
        assert b"goes on from the last checkpoint" in process.stderr.read()
        assert process.wait(30) == 141


@pytest.mark.parametrize("number", [signal.SIGPIPE, signal.SIGHUP])
def test_training_without_a_reader_stops_after_a_checkpoint(
    trained, tmp_path, number
):
    text = trained[0].parent.parent / "sea.txt"
    ours, its = pty.openpty() if number == signal.SIGHUP else os.pipe()
    command = [sys.executable, ROOT / "train.py", text, *SMALL, "--quiet"]
    with subprocess.Popen(
        [*command, "--epochs=9999", "--out", tmp_path / "run"],
        stdout=its,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(its)
        shown = b""
        while b"validation" not in shown:
            shown = shown[-10:] + os.read(ours, 1000)
        os.close(ours)
        if number == signal.SIGHUP:
            process.send_signal(number)
        told = process.stderr.read().decode()
        assert process.wait(30) == 128 + number, told
    step = max(map(int, (path.stem.split("-")[1] for path in
                         (tmp_path / "run").glob("checkpoint-*"))))  # fmt: skip
    if number == signal.SIGPIPE:
        assert told.startswith(f"stopped after step {step}. To go on:")
    state, _ = checkpoint.newest(tmp_path / "run")
    assert state["parts"]["Schedule"]["step"] == step


def test_generate_streams(trained):
    command = [sys.executable, ROOT / "generate.py", "--model", trained[0]]
    with subprocess.Popen(
        [*command, "--length", "100000000"], stdout=subprocess.PIPE
    ) as process:
        assert len(os.read(process.stdout.fileno(), 1)) == 1
        assert process.poll() is None
        process.kill()


@pytest.mark.parametrize(
    "verb", ["generate", "score", "surprise", "memory", "corpora"]
)
def test_reading_verbs_do_not_import_tensorflow(trained, tmp_path, verb):
    text = tmp_path / "sea.txt"
    text.write_text("The sea!", encoding="utf-8")
    words = {
        "generate": ["--model", str(trained[0]), "--length", "3"],
        "score": [str(trained[0]), str(text)],
        "surprise": [str(trained[0]), str(text)],
        "memory": [str(trained[0]), str(text)],
        "neurons": [str(trained[0]), str(text)],
        "corpora": [],
    }[verb]
    code = (
        "import sys; from charrnn.commands import main; "
        "assert main(sys.argv[1:]) == 0; "
        "assert not {'keras', 'tensorflow'} & sys.modules.keys()"
    )
    result = run("-c", code, verb, *words, cwd=ROOT)
    assert result.returncode == 0, result.stderr


def test_score_ranks_texts(trained, tmp_path, capsys):
    for name, text in (("sea", TEXT[:100]), ("mud", "eeeesss!!! " * 9)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    texts = [str(tmp_path / "mud"), str(tmp_path / "sea")]
    assert main(["score", str(trained[0]), *texts, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [Path(row["text"]).name for row in rows] == ["sea", "mud"]
    assert rows[0]["characters"] == 99
    engine = charrnn.load(trained[0])
    expected = charrnn.score(engine, TEXT[:100]).bits_per_character
    assert rows[0]["bits_per_character"] == pytest.approx(expected)
    perplexity = rows[0]["perplexity_per_character"]
    assert perplexity == pytest.approx(2**expected)
    assert main(["score", str(trained[0]), *texts]) == 0
    assert f"  {perplexity:10.3f}  " in capsys.readouterr().out


def test_counting_stands_beside_the_network(trained, tmp_path, capsys):
    metrics = json.loads((trained[0] / "metrics.json").read_text("utf-8"))
    training, held_out = tmp_path / "all", tmp_path / "held"
    boundary = metrics["split"]["training_characters"]
    training.write_text(TEXT, encoding="utf-8")
    held_out.write_text(TEXT[boundary:], encoding="utf-8")
    words = ["score", str(trained[0]), str(held_out)]
    words += ["--baselines", str(training)]
    assert main([*words, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    losses = row["baselines_nats_per_character"]
    assert losses == metrics["baselines_nats_per_char"]
    assert main(words) == 0
    out = capsys.readouterr().out
    bits = {name: f"{nats / math.log(2):.2f}" for name, nats in losses.items()}
    assert f"to compare  unigram {bits['unigram']}, 5-gram" in out
    assert f"xz {bits['xz']} bits/char" in out


def test_surprise_says_the_same_in_each_form(trained, tmp_path, capsys):
    path, page = tmp_path / "sea", tmp_path / "page.html"
    path.write_text("The sea,\nthe sae! \x07", encoding="utf-8")
    words = ["surprise", str(trained[0]), str(path), "--unknown", "skip"]
    assert main([*words, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    rows = facts["characters"]
    assert "".join(row["character"] for row in rows) == "he sea,\nthe sae! "
    assert rows[-1]["running_bits_per_character"] == pytest.approx(
        facts["bits_per_character"]
    )
    for row in rows:
        assert row["bits"] == pytest.approx(-math.log2(row["probability"]))
        best = row["expected"].get(row["character"])
        assert best is None or best == pytest.approx(row["probability"])
    assert main([*words, "--html", str(page)]) == 0
    assert "The sea," in re.sub("<.*?>", "", page.read_text("utf-8"))
    assert main([*words, "--typos", "--count", "2"]) == 0
    typos = capsys.readouterr().out
    assert re.search(r"\n +[\d.]+ +2:5 +s\[a\]e|s\[?a?\[e\]", typos), typos
    assert main(words) == 0
    coloured = capsys.readouterr().out
    mean = f"{facts['bits_per_character']:.4f} bits/char of 17 characters"
    assert mean in coloured and mean in typos
    first = np.mean([row["bits"] for row in rows[:8]])
    assert coloured.startswith(f"{first:5.2f} | The sea,")


@pytest.mark.parametrize(
    ("term", "colours", "expected"),
    [
        ("xterm", "truecolor", "48;2;"),
        ("xterm-256color", "", "48;5;"),
        ("dumb", "", "the sea"),
    ],
)
def test_surprise_has_the_terminal_s_colours(
    trained, tmp_path, term, colours, expected
):
    path = tmp_path / "sea"
    path.write_text("the sea, eeee!", encoding="utf-8")
    environment = {**os.environ, "TERM": term, "COLORTERM": colours}
    environment["FORCE_COLOR"] = "1"
    environment.pop("NO_COLOR", None)
    words = ["-m", "charrnn", "surprise", trained[0], path]
    shown = run(*words, cwd=ROOT, env=environment)
    assert shown.returncode == 0, shown.stderr
    assert expected in shown.stdout


@pytest.mark.parametrize(
    ("verb", "flag"),
    [
        ("surprise", "--html"), ("memory", "--plot"), ("neurons", "--plot"),
        ("neurons", "--html"), ("gradients", "--plot"),
    ],
)  # fmt: skip
def test_no_picture_takes_the_place_of_anything_else(
    trained, tmp_path, monkeypatch, capsys, verb, flag
):
    """And a name that cannot be written is refused before the work."""
    monkeypatch.setattr(options, "read", None)
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "sea.txt").write_text(TEXT, encoding="utf-8")
    run = trained[0]
    inputs = [texts] if verb == "gradients" else [run, texts]
    end = options.PNG[1] if flag == "--plot" else options.PAGE[1]
    other = tmp_path / f"other{end}"
    other.write_text(TEXT, encoding="utf-8")
    outputs = [texts / "sea.txt", texts / f"new{end}", other, f"no/x{end}"]
    outputs.append(tmp_path / "new.jpg")
    if verb != "gradients":
        outputs += [run / "metrics.json", run / "model.keras"]
    for output in outputs:
        assert main([verb, *map(str, inputs), flag, str(output)]) == 2
        assert f"Expected {flag} " in capsys.readouterr().err
    assert other.read_text("utf-8") == TEXT


def test_a_network_too_large_for_gradients_is_refused(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(ram, "machine_bytes", lambda: 1 << 30)
    path = tmp_path / "sea"
    path.write_text(TEXT, encoding="utf-8")
    assert main(["gradients", str(path), "--units", "100000"]) == 2
    assert "Use fewer --units" in capsys.readouterr().err


def test_places_are_readable_whatever_the_text(trained, tmp_path, capsys):
    path = tmp_path / "sea"
    path.write_text("the sea" * 30 + " \u202esees", encoding="utf-8")
    words = ["surprise", str(trained[0]), str(path), "--unknown", "skip"]
    assert main([*words, "--typos"]) == 0
    out, err = capsys.readouterr()
    assert "left out" in err
    table = out[: out.index("bits/char of")]  # notes hold the path
    assert max(map(len, table.splitlines())) < 110
    assert main([*words, "--count", "3"]) == 2


def test_memory_says_the_same_in_each_form(trained, tmp_path, capsys):
    path, plot = tmp_path / "sea", tmp_path / "memory.png"
    path.write_text(TEXT[:300], encoding="utf-8")
    words = ["memory", str(trained[0]), str(path)]
    assert main([*words, "--json"]) == 0
    curve = json.loads(capsys.readouterr().out)
    assert curve["contexts"] == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert main([*words, "--plot", str(plot)]) == 0
    lines = capsys.readouterr().out.splitlines()
    for line, context, bits in zip(
        lines[1:], curve["contexts"], curve["bits_per_character"], strict=False
    ):
        assert line.split()[:2] == [str(context), f"{bits:.4f}"]
    whole = curve["bits_per_character_with_all"]
    scored = charrnn.score(charrnn.load(trained[0]), TEXT[:300])
    assert whole == pytest.approx(scored.bits_per_character)
    assert f"    all  {whole:9.4f}" in lines
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_neurons_says_the_same_in_each_form(
    trained, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(neurons.Unit, "clear", True)
    path, plot = tmp_path / "sea", tmp_path / "gates.png"
    page = tmp_path / "page.html"
    path.write_text(TEXT, encoding="utf-8")
    words = ["neurons", str(trained[0]), str(path)]
    assert main([*words, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    probes = [row["probe"] for row in facts["units"]]
    assert {"upper case", "position in line"} <= set(probes)
    words += ["--plot", str(plot), "--html", str(page)]
    assert main(words) == 0
    out = capsys.readouterr().out
    for line, row in zip(out.splitlines()[1:], facts["units"], strict=False):
        assert line.startswith(row["probe"])
        figures = f"{row['correlation']:.2f}", f"{row['control']:.2f}"
        assert line.split()[-2:] == list(figures)
    for row in facts["saturation"]:
        name = f"layer {row['layer']}, {row['gate']}"
        mean = f"{np.mean(row['left']):10.3f} {np.mean(row['right']):10.3f}"
        assert f"{name:<20} {mean}" in out
    assert plot.read_bytes().startswith(b"\x89PNG")
    made = page.read_text("utf-8")
    leads = re.findall(r'<a href="#(layer-\d+-unit-\d+)">', made)
    assert len(leads) == len(facts["units"])
    assert set(leads) == set(re.findall(r'<h2 id="(.*?)">', made))
    assert made.count("prefers-color-scheme: dark") == 2
    first = re.search(r"<pre>(.*?)</pre>", made, re.DOTALL)[1]
    shown = re.sub("<.*?>", "", first).replace("\u21b5", "")
    assert TEXT.startswith(shown) and shown.count("\n") == 80


def test_chance_is_not_shown_as_a_finding(trained, tmp_path, capsys):
    path, page = tmp_path / "sea", tmp_path / "page.html"
    path.write_text("the sea", encoding="utf-8")
    words = ["neurons", str(trained[0]), str(path), "--html", str(page)]
    assert main(words) == 0
    assert "may be chance" in capsys.readouterr().out
    assert "No unit follows" in page.read_text("utf-8")


def test_a_network_without_gates_has_no_picture_of_them(tmp_path, capsys):
    vocabulary = charrnn.Vocabulary.from_text(TEXT)
    path, model = tmp_path / "sea", tmp_path / "model.keras"
    path.write_text(TEXT, encoding="utf-8")
    network = charrnn.build_model(vocabulary, cell="simple_rnn", units=4)
    charrnn.save(network, model, vocabulary)
    words = ["neurons", str(model), str(path)]
    assert main([*words, "--plot", str(tmp_path / "gates.png")]) == 2
    assert "has none" in capsys.readouterr().err
    assert main(words) == 0
    assert "has no gates" in capsys.readouterr().out


def test_gradients_says_the_same_in_each_form(tmp_path, capsys):
    path, plot = tmp_path / "sea", tmp_path / "gradients.png"
    path.write_text(TEXT, encoding="utf-8")
    words = ["gradients", str(path), "--units", "8", "--steps", "20"]
    words += ["--lags", "50", "--seed", "3"]
    assert main([*words, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["cell"], row["steps"]) for row in rows] == [
        (cell, steps) for cell in CELLS for steps in (0, 20)
    ]
    assert {len(row["norms"]) for row in rows} == {51}
    assert main([*words, "--plot", str(plot)]) == 0
    lines = capsys.readouterr().out.splitlines()[3:]
    assert max(len(line) for line in lines if str(plot) not in line) < 80
    table = {line[:9].strip(): line[9:].split() for line in lines}
    assert table["cell"] == [row["cell"] for row in rows]
    assert table["trained"] == ["not", "20", "steps"] * len(CELLS)
    assert table["half-life"] == [f"{row['half_life']:.1f}" for row in rows]
    assert table["k = 50"] == [f"{row['norms'][50]:.2g}" for row in rows]
    untrained = {r["cell"]: r["half_life"] for r in rows if not r["steps"]}
    best = max(untrained, key=lambda cell: untrained[cell] or math.inf)
    assert best == "simple_rnn"
    told = "(untrained, the SimpleRNN keeps best: "
    assert any(line.startswith(told) for line in lines)
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert main(["gradients", str(path), "--lags", "500"]) == 2
    assert "Use fewer --lags" in capsys.readouterr().err


def test_lines_share_out_the_whole_score(trained, tmp_path, capsys):
    path = tmp_path / "sea"
    path.write_text("The sea,\n\nthe sea!", encoding="utf-8")
    assert main(["score", str(trained[0]), str(path), "--lines"]) == 0
    table = capsys.readouterr().out
    assert f"{path}:1: The sea,\n" in table
    assert "in another order the lines would score otherwise" in table
    assert f"{path}:3: the sea!\n" in table
    main(["score", str(trained[0]), str(path), "--lines", "--json"])
    lines = json.loads(capsys.readouterr().out)
    assert {row["line"]: row["characters"] for row in lines} == {1: 8, 3: 8}
    bits = [row["bits_per_character"] for row in lines]
    assert bits == sorted(bits)
    for row in lines:
        assert row["bits"] == pytest.approx(8 * row["bits_per_character"])
        assert row["nats"] == pytest.approx(8 * row["nats_per_character"])
        assert f"  {row['bits']:10.2f}  {path}:{row['line']}: " in table


@pytest.mark.parametrize("flag", ["--lines", "--each"])
@pytest.mark.parametrize("unknown", ["nearest", "skip"])
def test_lines_are_numbered_as_in_the_file_whatever_is_replaced(
    trained, tmp_path, capsys, flag, unknown
):
    path = tmp_path / "sea"
    text = "The\u2028sea,\x0b\x85\u2028\r\n\nthe\x0csea!\nsea"
    path.write_bytes(text.encode("utf-8"))
    words = ["score", str(trained[0]), str(path), flag, "--json"]
    assert main([*words, "--unknown", unknown]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert sorted(row["line"] for row in rows) == [1, 3, 4]


@pytest.mark.parametrize("unknown", ["nearest", "skip"])
def test_words_are_found_in_the_lines_of_the_file_whatever_is_replaced(
    trained, tmp_path, capsys, unknown
):
    path = tmp_path / "sea"
    text = "The\u2028sea,\x0b\x85\r\n\nthe\x0c\nsea"
    path.write_bytes(text.encode("utf-8"))
    words = ["surprise", str(trained[0]), str(path), "--typos"]
    assert main([*words, "--unknown", unknown]) == 0
    found = re.findall(r" (\d+):\d+ ", capsys.readouterr().out)
    assert set(map(int, found)) <= {1, 2, 3, 4}
    assert "4" in found


def each_row(words, capsys):
    """The rows of `score --each`, by what stands in the line."""
    assert main(["score", *map(str, words), "--each", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [r["bits_per_character"] for r in rows] == sorted(
        r["bits_per_character"] for r in rows
    )
    return {row["content"]: row for row in rows}


def test_each_line_is_ranked_as_if_there_were_no_others(
    trained, tmp_path, capsys
):
    lines = "The sea,", "the sea!", "eeee", "sea"
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("\n\n".join(lines), encoding="utf-8")
    other.write_text("\r\n".join(lines[::-1]) + "\r\n", encoding="utf-8")
    rows = each_row([trained[0], one], capsys)
    again = each_row([trained[0], other], capsys)
    assert set(rows) == set(lines)
    for content, row in rows.items():
        assert row["characters"] == len(content) + 1
        assert row["bits"] == pytest.approx(
            row["characters"] * row["bits_per_character"]
        )
        assert row["perplexity_per_character"] == pytest.approx(
            2 ** row["bits_per_character"]
        )
        del row["text"], row["line"], again[content]["text"]
        del again[content]["line"]
        assert row == pytest.approx(again[content], abs=1e-6)
    assert main(["score", str(trained[0]), str(one), "--each"]) == 0
    out = capsys.readouterr().out
    assert f"{one}:7: sea\n" in out
    assert "after a line end; its own line end is scored, too" in out
    for flags in (["--adapt"], ["--baselines", str(one)]):
        words = ["score", str(trained[0]), str(one), "--each", *flags]
        assert main(words) == 2
        assert f"--each or {flags[0]}" in capsys.readouterr().err


def test_a_model_without_line_ends_ranks_lines_too(tmp_path, capsys):
    vocabulary = charrnn.Vocabulary("abc")
    model, text = tmp_path / "model.keras", tmp_path / "text"
    network = charrnn.build_model(vocabulary, units=4, layers=1)
    charrnn.save(network, model, vocabulary)
    text.write_text("abc\na\nbb\n", encoding="utf-8")
    rows = each_row([model, text], capsys)
    assert {k: row["characters"] for k, row in rows.items()} == {
        "abc": 2, "bb": 1
    }  # fmt: skip
    assert main(["score", str(model), str(text), "--each"]) == 0
    assert "the first character is context" in capsys.readouterr().out
    words = ["score", str(model), str(text), "--lines", "--json"]
    assert main([*words, "--unknown", "skip"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["line"]: row["characters"] for row in rows} == {
        1: 2, 2: 1, 3: 2
    }  # fmt: skip


def test_lines_are_counted_the_same_everywhere(tmp_path, capsys):
    text = "".join(
        f"ab\f\x1cab\u2028ab {i}{end}" for i, end in enumerate("\n\r")
    )
    text += "ab\u0301\r\nlast"
    vocabulary = charrnn.Vocabulary.from_text(text.replace("\r", "") + "\n")
    model, path = tmp_path / "model.keras", tmp_path / "text"
    network = charrnn.build_model(vocabulary, units=4, layers=1)
    charrnn.save(network, model, vocabulary)
    path.write_bytes(text.encode("utf-8"))
    words = [str(model), str(path)]
    for flag in ("--lines", "--each"):
        main(["score", *words, flag, "--json"])
        rows = json.loads(capsys.readouterr().out)
        numbers = {row["content"]: row["line"] for row in rows}
        assert sorted(numbers.values()) == [1, 2, 3, 4]
        assert numbers["last"] == 4
    assert main(["surprise", *words, "--typos"]) == 0
    typos = capsys.readouterr().out
    word = re.search(r" 4:1  (\S+)", typos)[1]
    assert re.sub(r"[][]", "", word) == "last"
    assert "[\u25cc\u0301]" in typos or "a[b]\u25cc\u0301" in typos
    assert main(["surprise", *words]) == 0
    coloured = capsys.readouterr().out
    assert len(re.findall(r"^ *[\d.]+ \| ", coloured, re.MULTILINE)) == 4


def test_one_line_for_every_slip(trained, capsys):
    for words in (
        ["generate", "--model", "nowhere"],
        ["generate", "--model", str(trained[0]), "--temperature", "-1"],
        ["score", str(trained[0]), "nowhere.txt"],
        ["score", "nowhere", "nowhere.txt"],
    ):
        assert main(words) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"charrnn {words[0]}: ")
        assert error.count("\n") == 1


@pytest.mark.parametrize("verb", VERBS)
def test_help_answers_in_half_a_second(verb):
    """The only timed test: the best of five, on whatever machine."""
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        result = run("-m", "charrnn", verb, "--help", cwd=ROOT)
        seconds.append(time.perf_counter() - start)
        assert result.returncode == 0
    assert min(seconds) < 0.5


@pytest.mark.parametrize("script", ["train.py", "generate.py"])
def test_scripts_are_the_verbs(script):
    verb = script.removesuffix(".py")
    by_script = run(ROOT / script, "--help").stdout
    assert by_script == run("-m", "charrnn", verb, "--help", cwd=ROOT).stdout


def test_package_without_a_verb_explains_itself(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(verb in shown for verb in VERBS)


def test_rare_characters_can_be_read_as_one(tmp_path, capsys):
    text, out = tmp_path / "sea.txt", tmp_path / "run"
    text.write_text(TEXT + "ßé", encoding="utf-8")
    words = ["train", str(text), "--out", str(out), *SMALL, "--quiet"]
    assert main([*words, "--min-count", "9"]) == 0
    assert "2 rare characters read as U+FFFD" in capsys.readouterr().out
    engine = charrnn.load(out)
    assert engine.facts["text"]["min_count"] == 9
    assert set(engine.vocabulary.characters) == {*TEXT, "\ufffd"}
    words = ["generate", "--model", str(out), "--prompt", "señ"]
    assert main([*words, "--length", "3"]) == 2
    capsys.readouterr()
    assert main([*words, "--length", "99", "--unknown", "replace"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("se\ufffd")
    assert shown.count("\ufffd") == 1


@pytest.mark.parametrize(
    "flags",
    [["--units", "9999"], ["--layers=99999"], ["--batch-size=40",
     "--seq-length=50", "--units=3000"]],
)  # fmt: skip
def test_a_network_that_memory_cannot_hold_is_refused(
    tmp_path, monkeypatch, capsys, flags
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ram, "machine_bytes", lambda: 1 << 30)
    Path("sea.txt").write_text(TEXT, encoding="utf-8")
    assert main(["train", "sea.txt", *flags]) == 2
    assert "Use fewer --units" in capsys.readouterr().err
    assert not Path("runs").exists()


def test_many_distinct_characters_are_refused_with_the_way_out(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ram, "machine_bytes", lambda: 1 << 28)

    def trained(*whatever):
        yield
        return 0

    monkeypatch.setattr(train, "_train", trained)
    text = "".join(map(chr, range(0x4E00, 0x9000))) + "水火" * 4500
    Path("han.txt").write_text(text, encoding="utf-8")
    words = [
        "train", "han.txt", "--seq-length=100", "--batch-size=64",
        "--units=256",
    ]  # fmt: skip
    assert main(words) == 2
    assert "--max-vocab" in capsys.readouterr().err
    for flags in (["--min-count", "9"], ["--max-vocab", "99"]):
        assert main([*words, *flags]) == 0


def test_the_frequent_characters_can_be_all(tmp_path, capsys):
    text, out = tmp_path / "sea.txt", tmp_path / "run"
    text.write_text(TEXT, encoding="utf-8")
    words = ["train", str(text), "--out", str(out), *SMALL, "--quiet"]
    assert main([*words, "--max-vocab", "5"]) == 0
    engine = charrnn.load(out)
    assert engine.facts["text"]["max_vocab"] == 5
    assert len(engine.vocabulary) == 5
    left = sum(c not in engine.vocabulary.characters for c in TEXT)
    assert f"{left} rare characters" in capsys.readouterr().out
    assert main(["generate", "--model", str(out), "--length", "500"]) == 0
    assert "\ufffd" not in capsys.readouterr().out


def test_a_large_text_trains_from_the_disk(tmp_path, monkeypatch):
    text = tmp_path / "sea.txt"
    text.write_text(TEXT, encoding="utf-8")
    words = ["train", str(text), *SMALL, "--epochs=1", "--quiet", "--out"]
    variables = []
    for most in (1 << 20, 0):
        monkeypatch.setattr(encoded, "IN_MEMORY", most)
        assert main([*words, str(tmp_path / str(most))]) == 0
        layers = model_file.read(tmp_path / str(most))["layers"]
        variables.append([array for *_, arrays in layers for array in arrays])
    for one, other in zip(*variables, strict=True):
        assert np.array_equal(one, other)


def test_of_a_huge_text_a_part_is_validated_on(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(material, "MOST_VALIDATED", 50)
    text, out = tmp_path / "sea.txt", tmp_path / "run"
    text.write_text(TEXT, encoding="utf-8")
    words = ["train", str(text), "--out", str(out), *SMALL, "--quiet"]
    assert main(words) == 0
    assert "validating on the first 50 characters of" in capsys.readouterr().out
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["validation_characters"] == 50


def test_a_text_whose_scores_memory_cannot_hold_is_refused(
    tmp_path, monkeypatch, capsys, trained
):
    text = tmp_path / "sea.txt"
    text.write_text("she" * 9999, encoding="utf-8")
    monkeypatch.setattr(ram, "machine_bytes", lambda: 100_000)
    assert main(["score", str(trained[0]), str(text)]) == 2
    assert "the scores of the text" in capsys.readouterr().err


def test_a_missing_package_is_named(monkeypatch, capsys):
    def fail(name):
        raise ModuleNotFoundError("No module", name="numpy")

    monkeypatch.setattr("importlib.import_module", fail)
    assert main(["score", "a", "b"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("charrnn score: Expected the package numpy.")
    assert "pip install" in error


def test_an_error_of_the_system_says_what_to_do(tmp_path, monkeypatch, capsys):
    def fail(*whatever):
        raise OSError(errno.ENOSPC, "No space left on device", "there")

    monkeypatch.setattr(train, "_train", fail)
    (tmp_path / "sea.txt").write_text(TEXT, encoding="utf-8")
    words = ["train", str(tmp_path / "sea.txt"), "--out", str(tmp_path / "r")]
    assert main(words) == 2
    assert "'there'. Make room there." in capsys.readouterr().err


def test_two_dashes_are_a_value(trained, capsys):
    words = ["generate", "--model", str(trained[0]), "--unknown=skip"]
    assert main([*words, "--prompt=--", "--length=9"]) == 0
    assert "left out 2 characters" in capsys.readouterr().err
    assert main([*words, "--stop=--", "--length=9"]) == 2
    assert "--stop: Expected a text" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*words, "--length=--"])
    assert "invalid whole number" in capsys.readouterr().err


def test_a_loop_of_links_is_no_obstacle(trained, tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    words = ["generate", "--model", str(trained[0]), "--length=9"]
    assert main([*words, "--out", str(loop)]) == 0
    assert len(loop.read_text(encoding="utf-8")) == 10
    loop.unlink()
    loop.symlink_to(loop)
    for more in (["--prompt-file", str(loop)], ["--model", str(loop)]):
        assert main([*words, *more]) == 2


@pytest.mark.parametrize("what", ["model", "prompt"])
def test_a_text_is_not_written_over_its_source(trained, tmp_path, capsys, what):
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("she", encoding="utf-8")
    model = trained[0] / "model.keras"
    out = model if what == "model" else prompt
    before = out.read_bytes()
    words = ["generate", "--model", str(model), "--prompt-file", str(prompt)]
    assert main([*words, "--out", str(out), "--force"]) == 2
    assert f"is the {what}" in capsys.readouterr().err
    assert out.read_bytes() == before


def test_a_run_without_a_model_yet_is_named(tmp_path, capsys):
    (tmp_path / "checkpoint-000000000.npz").write_bytes(b"")
    folder = str(tmp_path)
    for words in (["generate", "--model", folder], ["score", folder, "-"]):
        assert main(words) == 2
        assert "has saved none yet" in capsys.readouterr().err


def test_a_prompt_of_other_characters_is_named(tmp_path, capsys):
    text = tmp_path / "sea.txt"
    text.write_text(TEXT, encoding="utf-8")
    out = tmp_path / "run"
    words = ["train", str(text), "--out", str(out), "--prompt", "é"]
    assert main(words) == 2
    assert "train: --prompt: Expected" in capsys.readouterr().err
    assert not out.exists()


def test_a_run_that_fails_before_it_begins_leaves_no_folder(
    tmp_path, monkeypatch, capsys
):
    def fail(*whatever):
        raise MemoryError

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(train, "_train", fail)
    Path("sea.txt").write_text(TEXT, encoding="utf-8")
    Path("mine").mkdir()
    for out in ("new/er/est", "mine"):
        assert main(["train", "sea.txt", "--out", out]) == 2
        assert "not enough memory" in capsys.readouterr().err
    assert not Path("new/er/est").exists()
    assert Path("mine").is_dir()


@pytest.mark.parametrize("verb", ["surprise", "neurons"])
def test_pages_of_texts_whose_names_are_not_utf8(
    trained, tmp_path, capsys, verb
):
    text = tmp_path / os.fsdecode(b"sea\xff")
    page = tmp_path / os.fsdecode(b"page\xff.html")
    try:
        text.write_text(TEXT, encoding="utf-8")
    except OSError:
        pytest.skip("the file system wants UTF-8")
    words = [verb, str(trained[0]), str(text), "--html", str(page)]
    assert main(words) == 0
    made = page.read_text("utf-8")
    title = f"sea\\udcff, read by {trained[0].name}"
    assert f"<title>{title}</title>" in made
    assert str(tmp_path) not in made


def test_names_of_files_need_not_be_utf8(tmp_path):
    name = os.fsdecode(b"sea\xff")
    try:
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    except OSError:
        pytest.skip("the file system wants UTF-8")
    trained = run(ROOT / "train.py", name, *SMALL, "--quiet", cwd=tmp_path)
    assert trained.returncode == 0, trained.stderr
    model = f"runs/{name}-1"
    assert (tmp_path / model / "metrics.json").exists()
    words = ["-m", "charrnn", "score", model, name, "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    scored = run(*words, cwd=tmp_path, env=environment)
    assert json.loads(scored.stdout)[0]["text"] == name


def test_a_program_may_be_started_without_streams(trained, monkeypatch):
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    model = str(trained[0])
    codes = [
        main(["generate", "--model", model, "--length", "3"]),
        main(["score", model, "-"]),
        main(["corpora"]),
    ]
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.close()
    monkeypatch.undo()
    assert codes == [0, 2, 0]


@pytest.mark.parametrize("verb", ["generate", "score"])
def test_a_terminal_is_sent_no_control_characters_as_json(
    tmp_path, monkeypatch, capsys, verb
):
    vocabulary = charrnn.Vocabulary("a\x7f\x9b\x1b")
    model, text = tmp_path / "model.keras", tmp_path / "text"
    network = charrnn.build_model(vocabulary, units=4, layers=1)
    charrnn.save(network, model, vocabulary)
    text.write_text("a\x9bb\x7f\x1b", encoding="utf-8")
    words = {
        "generate": ["--model", str(model), "--prompt", "\x9b\x7f\x1b"],
        "score": [str(model), str(text), "--lines", "--unknown", "skip"],
    }[verb]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main([verb, *words, "--json"]) == 0
    shown = capsys.readouterr().out
    assert json.loads(shown)
    assert shown.isascii()
    assert not {"\x1b", "\x7f"} & set(shown)


def test_messages_have_a_line_whatever_the_names(capsys):
    name = "two\nlines\x1b[31m\u202e"
    for words in (["score", name, name], ["corpora", name]):
        try:
            code = main(words)
        except SystemExit as exit_code:
            code = exit_code.code
        assert code == 2
        error = capsys.readouterr().err
        assert r"two\nlines\x1b[31m\u202e" in error
        assert error.splitlines()[-1].isprintable()


MEASURED = """
import sys
from pathlib import Path
from charrnn.commands import main
code = main(sys.argv[1:])
status = Path("/proc/self/status").read_text()
print(status.split("VmHWM:")[1].split()[0], file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.reliability
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("where", ["pipe", "file"])
def test_a_million_characters_take_no_more_memory(
    trained, tmp_path, tally, where
):
    """Memory at its highest, in a process of its own for each length."""
    kilobytes = {}
    for length in (100_000, 1_000_000):
        words = ["generate", "--model", trained[0], "--length", length]
        if where == "file":
            words += ["--out", tmp_path / "new.txt", "--force"]
        with subprocess.Popen(
            [sys.executable, "-c", MEASURED, *map(str, words)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            written = len(process.stdout.read())
            kilobytes[length] = int(process.stderr.read())
        assert process.returncode == 0
        if where == "file":
            written = len((tmp_path / "new.txt").read_bytes())
        assert written == length + 1
    more = kilobytes[1_000_000] - kilobytes[100_000]
    tally[f"kB more for a million characters ({where})"] += max(0, more)
    assert more < 5_000
