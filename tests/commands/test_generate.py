"""`charrnn generate` loses nothing, and says what it did."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import charrnn
from charrnn.commands import generate, main
from charrnn.system import signals
from charrnn.writing.sampler import Sampler

ROOT = Path(charrnn.__file__).parent.parent
TEXT = "the sea, the sea!\nshe sells 'shells' - \"so\"\n"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The words with which a small model writes."""
    path = tmp_path_factory.mktemp("model") / "model.keras"
    vocabulary = charrnn.Vocabulary.from_text(TEXT)
    network = charrnn.build_model(vocabulary, units=8, layers=1)
    charrnn.save(network, path, vocabulary)
    return ["generate", "--model", str(path), "--seed=1", "--length=30"]


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
        line for line in out.splitlines() if "bits_per_char" in line
    )
    assert first == second


def test_a_long_prompt_is_cut_and_written_whole(model, tmp_path, capsys):
    prompt = tmp_path / "prompt"
    prompt.write_text(TEXT * 1000, encoding="utf-8")
    words = [*model, "--prompt-file", str(prompt)]
    assert main(words) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith((TEXT * 1000)[:-1])
    assert "the network reads the last 16,384" in shown.err
    prompt.write_text((TEXT * 1000)[-16_384 - 1 :], encoding="utf-8")
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
    assert generate.newest_run(tmp_path) == tmp_path / name


# Signals.


class SlowSampler(Sampler):
    """Sends itself a signal after so many steps."""

    number, steps = signal.SIGINT, 7

    def step(self, state, **filters):
        if state.position == self.steps:
            os.kill(os.getpid(), self.number)
        return super().step(state, **filters)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("json_too", [False, True])
@pytest.mark.parametrize("where", ["file", "screen"])
def test_what_was_drawn_before_a_signal_is_written(
    model, tmp_path, monkeypatch, capsys, number, json_too, where
):
    monkeypatch.setattr(generate, "Sampler", SlowSampler)
    monkeypatch.setattr(SlowSampler, "number", number)
    out = tmp_path / "new.txt"
    words = [*model, "--count=2", "--prompt=she"]
    words += ["--json"] * json_too
    if where == "file":
        words += ["--out", str(out)]
    before = signal.getsignal(number)
    assert main(words) == 128 + number
    assert signal.getsignal(number) == before
    shown = capsys.readouterr()
    assert shown.err.startswith("(interrupted")
    text = out.read_text("utf-8") if where == "file" else shown.out
    assert not list(tmp_path.glob(".*"))
    if json_too:
        samples = [json.loads(line) for line in text.splitlines()]
        assert [len(sample["text"]) for sample in samples] == [8, 8]
        assert {s["stop_reason"] for s in samples} == {"interrupted"}
    else:
        assert len(text) == len("--- sample 1 of 2 ---\nshe") * 2 + 16 + 3


class PromptSampler(Sampler):
    """Gets a signal while it reads the prompt."""

    def start(self, prompt, *, watch, **how):
        def signalled(chunks):
            for chunk in watch(chunks):
                os.kill(os.getpid(), signal.SIGTERM)
                yield chunk

        return super().start(prompt, watch=signalled, **how)


def test_a_signal_while_the_prompt_is_read_leaves_no_file(
    model, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(generate, "Sampler", PromptSampler)
    words = [*model, "--prompt", "she " * 1000, "--out", str(tmp_path / "new")]
    assert main(words) == 143
    assert capsys.readouterr().err == "charrnn generate: ended by SIGTERM\n"
    assert not list(tmp_path.iterdir())


def test_sigterm_leaves_no_half_written_file(tmp_path):
    """In a process of its own, of any verb that writes a file."""
    code = """
import os, signal, sys
from charrnn.system import atomic
from charrnn.commands import corpora, main
def run(arguments):
    with atomic.replacing(sys.argv[1]) as temporary:
        temporary.write_text("half", encoding="utf-8")
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
corpora.run = run
sys.exit(main(["corpora"]))
"""
    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "x.txt")],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert ended.returncode == 128 + signal.SIGTERM, ended.stderr
    assert ended.stderr == "charrnn corpora: ended by SIGTERM\n"
    assert not list(tmp_path.iterdir())


def test_ignored_signals_stay_ignored(monkeypatch):
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with signals.raised(), signals.noted() as received:
            os.kill(os.getpid(), signal.SIGTERM)
            assert received == []
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_second_signal_ends_at_once():
    with pytest.raises(signals.Terminated), signals.noted() as received:
        os.kill(os.getpid(), signal.SIGINT)
        assert received == [signal.SIGINT]
        os.kill(os.getpid(), signal.SIGTERM)


def test_another_thread_leaves_signals_alone(model):
    codes = []
    thread = threading.Thread(target=lambda: codes.append(main(model)))
    thread.start()
    thread.join()
    assert codes == [0]
