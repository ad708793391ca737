"""Texts and networks that `charrnn train` takes, reduces or refuses."""

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_run import SEA, TINY

import charrnn
from charrnn.commands import main
from charrnn.network import model_file
from charrnn.system import ram
from charrnn.text import encoding
from charrnn.training import data
from charrnn.training.session import Outcome, Session

pytestmark = [pytest.mark.usefixtures("quick_ends"), pytest.mark.slow]


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


@pytest.mark.parametrize("content", ["a" * 5000, SEA])
def test_a_bad_network_leaves_no_folder(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    Path("sea.txt").write_text(content, encoding="utf-8")
    assert main(["train", "sea.txt", "--units=10000000"]) == 2
    assert not Path("runs").exists()


def test_a_prompt_that_the_text_cannot_spell_is_refused(tmp_path, capsys):
    path = tmp_path / "sea.txt"
    path.write_text(SEA, encoding="utf-8")
    out = tmp_path / "run"
    assert main(["train", str(path), "--prompt=é", "--out", str(out)]) == 2
    assert "(U+00E9)" in capsys.readouterr().err
    assert not out.exists()


def test_rare_characters_can_be_read_as_one(tmp_path, capsys):
    text, out = tmp_path / "sea.txt", tmp_path / "run"
    text.write_text(SEA + "ßé", encoding="utf-8")
    words = ["train", str(text), "--out", str(out), *TINY, "--quiet"]
    words += ["--epochs=1"]
    assert main([*words, "--min-count", "9"]) == 0
    assert "2 rare characters read as U+FFFD" in capsys.readouterr().out
    engine = charrnn.load(out)
    assert engine.facts["text"]["min_count"] == 9
    assert set(engine.vocabulary.characters) == {*SEA, "\ufffd"}
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
    Path("sea.txt").write_text(SEA, encoding="utf-8")
    assert main(["train", "sea.txt", *flags]) == 2
    assert "Use fewer --units" in capsys.readouterr().err
    assert not Path("runs").exists()


def test_many_distinct_characters_are_refused_with_the_way_out(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ram, "machine_bytes", lambda: 1 << 28)

    def trained(session):
        yield
        return Outcome(session.folder, session.settings, has_trained=False)

    monkeypatch.setattr(Session, "_train", trained)
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
    text.write_text(SEA, encoding="utf-8")
    words = ["train", str(text), "--out", str(out), *TINY, "--quiet"]
    words += ["--epochs=1"]
    assert main([*words, "--max-vocab", "5"]) == 0
    engine = charrnn.load(out)
    assert engine.facts["text"]["max_vocab"] == 5
    assert len(engine.vocabulary) == 5
    left = sum(c not in engine.vocabulary.characters for c in SEA)
    assert f"{left} rare characters" in capsys.readouterr().out
    assert main(["generate", "--model", str(out), "--length", "500"]) == 0
    assert "\ufffd" not in capsys.readouterr().out


@pytest.mark.slow
def test_a_large_text_trains_from_the_disk(tmp_path, monkeypatch):
    text = tmp_path / "sea.txt"
    text.write_text(SEA, encoding="utf-8")
    words = ["train", str(text), *TINY, "--epochs=1", "--quiet", "--out"]
    variables = []
    for most in (1 << 20, 0):
        monkeypatch.setattr(encoding, "MAX_BYTES_IN_RAM", most)
        assert main([*words, str(tmp_path / str(most))]) == 0
        layers = model_file.read(tmp_path / str(most))["layers"]
        variables.append([array for *_, arrays in layers for array in arrays])
    for one, other in zip(*variables, strict=True):
        assert np.array_equal(one, other)


def test_of_a_huge_text_a_part_is_validated_on(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(data.units, "MAX_VALIDATION_UNITS", 50)
    text, out = tmp_path / "sea.txt", tmp_path / "run"
    text.write_text(SEA, encoding="utf-8")
    words = ["train", str(text), "--out", str(out), *TINY, "--quiet"]
    words += ["--epochs=1"]
    assert main(words) == 0
    assert "validating on the first 50 characters of" in capsys.readouterr().out
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["validation_characters"] == 50


def test_a_prompt_of_other_characters_is_named(tmp_path, capsys):
    text = tmp_path / "sea.txt"
    text.write_text(SEA, encoding="utf-8")
    out = tmp_path / "run"
    words = ["train", str(text), "--out", str(out), "--prompt", "é"]
    assert main(words) == 2
    assert "train: --prompt: Expected" in capsys.readouterr().err
    assert not out.exists()
