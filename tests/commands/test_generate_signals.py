"""A signal ends `charrnn generate` in order: what was drawn is written."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest
from tiny_run import ROOT

from charrnn.commands import generate, main
from charrnn.system import signals
from charrnn.writing.sampler import Sampler


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
