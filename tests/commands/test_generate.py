"""`charrnn generate` loses nothing, and says what it did."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_run import QUOTED_SEA, ROOT, SEA

from charrnn.commands import generate, main
from charrnn.training.places import newest_run


def written(words, capsys):
    assert main(words) == 0
    return capsys.readouterr().out


def test_a_file_is_not_replaced_unless_that_is_asked(model, tmp_path, capsys):
    out = tmp_path / "mine.txt"
    out.write_text("mine", encoding="utf-8")
    words = [*model, "--out", str(out)]
    assert main(words) == 2
    assert "is there already" in capsys.readouterr().err
    assert out.read_text("utf-8") == "mine"
    assert main([*words, "--force"]) == 0
    assert f"wrote 31 characters to {out}" in capsys.readouterr().err
    assert out.read_text("utf-8") == written(model, capsys)


def test_a_file_says_how_to_write_it_again(model, tmp_path, capsys):
    words = [word for word in model if word != "--seed=1"]
    out = tmp_path / "new\n.txt"
    assert main([*words, "--out", str(out)]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("(wrote 31 characters to ")
    assert r"new\n.txt; --seed " in line
    seed = line.split("; ")[1].removesuffix(" writes this again)").split()
    assert written([*words, *seed], capsys) == out.read_text("utf-8")


@pytest.mark.parametrize("more", [[], ["--json"], ["--count=3"]])
def test_a_dash_as_out_is_the_screen(
    model, tmp_path, monkeypatch, capsys, more
):
    monkeypatch.chdir(tmp_path)
    expected = written([*model, *more], capsys)
    assert written([*model, *more, "--out", "-"], capsys) == expected
    assert not list(tmp_path.iterdir())
    assert main([*model, "--out", "./-"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["-"]


@pytest.mark.parametrize(
    ("stop", "line_end"), [("\r\n", "\n"), (r"\r\n", "\n"), ("‘", "'")]
)
def test_stop_strings_are_brought_into_the_models_form(
    model, capsys, stop, line_end
):
    flags = ["--length=3000", "--unknown=nearest", "--escapes", "--json"]
    for flag in ("--stop", "--stop-after"):
        sample = json.loads(written([*model, *flags, flag, stop], capsys))
        assert sample["stop_reason"] == flag[2:].replace("-", "_")
        after = flag == "--stop-after"
        assert sample["text"].endswith(line_end) == after
        assert sample["text"].count(line_end) == after


@pytest.mark.parametrize("unknown", ["error", "skip", "replace"])
def test_a_stop_string_that_can_never_come_is_refused(model, capsys, unknown):
    for stop in ("<|endoftext|>", "\\n", "é"):
        words = [*model, "--unknown", unknown, "--stop", stop]
        assert main(words) == 2
        error = capsys.readouterr().err
        assert error.startswith("charrnn generate: --stop: Expected a text")
        assert "--unknown skip" not in error


def test_escapes_are_read_in_prompts_and_stop_strings(model, capsys):
    words = [*model, "--escapes", "--prompt", r"the\nse\x61", "--stop-after"]
    assert written([*words, r"\n"], capsys).startswith("the\nsea")
    assert main([*words, r"\q"]) == 2
    assert "--stop-after: Expected the escapes" in capsys.readouterr().err


def test_the_nearest_characters_are_read_and_told(model, capsys):
    assert main([*model, "--prompt", "thé “sea”"]) == 2
    assert "--unknown nearest reads" in capsys.readouterr().err
    words = [*model, "--prompt", "thé “sea”", "--unknown=nearest"]
    assert main(words) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith('the "sea"')
    assert shown.err.count("\n") == 1
    assert "'é' (U+00E9) as 'e'" in shown.err


def test_a_scored_text_takes_the_nearest_too(model, tmp_path, capsys):
    text = tmp_path / "text"
    for content in ("the “sea”", 'the "sea"'):
        text.write_text(content, encoding="utf-8")
        words = ["score", model[2], str(text), "--unknown=nearest", "--json"]
        assert main(words) == 0
    out = capsys.readouterr().out
    first, second = (
        line for line in out.splitlines() if "bits_per_character" in line
    )
    assert first == second


def test_a_long_prompt_is_cut_and_written_whole(model, tmp_path, capsys):
    prompt = tmp_path / "prompt"
    prompt.write_text(QUOTED_SEA * 1000, encoding="utf-8")
    words = [*model, "--prompt-file", str(prompt)]
    assert main(words) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith((QUOTED_SEA * 1000)[:-1])
    assert "the network reads the last 16,384" in shown.err
    prompt.write_text((QUOTED_SEA * 1000)[-16_384 - 1 :], encoding="utf-8")
    short = written(words, capsys)
    assert short[-31:] == shown.out[-31:]


def test_a_prompt_that_takes_long_is_watched(monkeypatch):
    """With a clock that makes every piece take as long."""
    shown, times = [], iter([0, 0.1, 10, 10.3])
    monkeypatch.setattr(generate.time, "monotonic", lambda: next(times))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    from charrnn.system import progress

    def watched(title):
        return lambda rest: shown.append(len(rest)) or rest

    monkeypatch.setattr(progress, "watched", watched)
    for _ in range(2):  # 0.7 seconds are left, then 2.1
        assert list(generate._watched([], list("12345678"))) == list("12345678")
    assert shown == [7]


@pytest.mark.parametrize(
    ("name", "age"), [("a-compared/gru", 1), ("b/c", 1), ("plain", 1)]
)
def test_the_newest_run_may_be_one_of_compare(tmp_path, name, age):
    for place, time in {"old": 5, "x-compared/lstm": 3, name: 9}.items():
        path = tmp_path / place / "model.keras"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"")
        os.utime(path, (time, time))
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "model.keras").symlink_to("nowhere")
    assert newest_run(tmp_path) == tmp_path / name


def test_generate_repeats_with_a_seed(trained, capsys):
    model = ["generate", "--model", str(trained.folder), "--length", "50"]
    outputs = []
    for seed in ("1", "1", "2"):
        assert main([*model, "--seed", seed, "--prompt", "The "]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1] != outputs[2]
    assert outputs[0].startswith("The ")
    assert len(outputs[0]) == 4 + 50 + 1


def test_generate_writes_json(trained, capsys):
    words = ["--count", "3", "--length", "30", "--seed", "5", "--stop", "e"]
    main(["generate", "--model", str(trained.folder), *words, "--json"])
    samples = [json.loads(s) for s in capsys.readouterr().out.splitlines()]
    assert [sample["sample"] for sample in samples] == [0, 1, 2]
    for sample in samples:
        assert sample["seed"] == 5
        assert sample["nats_per_character"] >= 0
        assert "e" not in sample["text"]
        stopped = sample["stop_reason"] == "stop"
        assert stopped or len(sample["text"]) == 30


def test_generate_writes_a_file(trained, tmp_path, capsys):
    words = ["generate", "--model", str(trained.folder), "--length", "30"]
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
        assert main(["generate", "--model", str(trained.folder), *words]) == 0
        assert capsys.readouterr().out == text + "\n"


def test_unknown_characters_of_a_prompt_are_named_or_skipped(trained, capsys):
    words = ["generate", "--model", str(trained.folder), "--prompt", "seé"]
    assert main(words) == 2
    assert "'é' (U+00E9) at position 2" in capsys.readouterr().err
    assert main([*words, "--unknown", "skip", "--length", "3"]) == 0
    assert capsys.readouterr().out.startswith("se")
    assert main([*words, "--unknown", "replace"]) == 2
    assert "--unknown skip (replace needs" in capsys.readouterr().err


def test_generate_takes_the_newest_run(trained, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    assert newest_run() is None
    for age, name in enumerate(["a new", "old"]):
        model = Path("runs", name, "model.keras")
        model.parent.mkdir(parents=True)
        model.write_bytes((trained.folder / "model.keras").read_bytes())
        os.utime(model, (1e9 - age, 1e9 - age))
    assert newest_run() == Path("runs/a new")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["generate", "--length=20"]) == 0
    written = capsys.readouterr()
    told, again = " ".join(written.err.split()).split(") (")
    assert told == "(writing with the newest run, runs/a new (LSTM, 8 units)"
    assert again.startswith("--model 'runs/a new' --seed ")
    words = shlex.split(again.partition(" writes")[0])
    assert main(["generate", "--length=20", *words]) == 0
    assert capsys.readouterr() == (written.out, "")


@pytest.mark.slow
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
        shutil.copytree(trained.folder, place)
    for flags in ([], ["--model", "shakespeare"]):
        assert main(["generate", "--length=9", *flags]) == 0
        own = capsys.readouterr()
        assert ("the newest run, runs/a " in own.err) == (not flags)
        assert set(own.out) <= set(SEA)


def test_generate_ends_quietly_when_the_reader_leaves(trained):
    command = [sys.executable, ROOT / "generate.py", "--model", trained.folder]
    with subprocess.Popen(
        [*command, "--length", "1000000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout.read(100)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0


def test_generate_streams(trained):
    command = [sys.executable, ROOT / "generate.py", "--model", trained.folder]
    with subprocess.Popen(
        [*command, "--length", "100000000"], stdout=subprocess.PIPE
    ) as process:
        assert len(os.read(process.stdout.fileno(), 1)) == 1
        assert process.poll() is None
        process.kill()


def test_two_dashes_are_a_value(trained, capsys):
    words = ["generate", "--model", str(trained.folder), "--unknown=skip"]
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
    words = ["generate", "--model", str(trained.folder), "--length=9"]
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
    model = trained.folder / "model.keras"
    out = model if what == "model" else prompt
    before = out.read_bytes()
    words = ["generate", "--model", str(model), "--prompt-file", str(prompt)]
    assert main([*words, "--out", str(out), "--force"]) == 2
    assert f"--out would overwrite the {what} '" in capsys.readouterr().err
    assert out.read_bytes() == before


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
        words = ["generate", "--model", trained.folder, "--length", length]
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
