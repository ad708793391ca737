"""`charrnn context` says the same in each form, and by its earlier name."""

import json

import pytest
from tiny_run import SEA

import charrnn
from charrnn.commands import main


def test_context_says_the_same_in_each_form(trained, tmp_path, capsys):
    path, plot = tmp_path / "sea", tmp_path / "context.png"
    path.write_text(SEA[:300], encoding="utf-8")
    words = ["context", str(trained.folder), str(path)]
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
    scored = charrnn.score(charrnn.load(trained.folder), SEA[:300])
    assert whole == pytest.approx(scored.bits_per_character)
    assert f"    all  {whole:9.4f}" in lines
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_the_earlier_name_of_the_verb_works(trained, tmp_path, capsys):
    path = tmp_path / "sea"
    path.write_text(SEA[:300], encoding="utf-8")
    outputs = []
    for verb in ("context", "memory"):
        assert main([verb, str(trained.folder), str(path)]) == 0
        outputs.append(capsys.readouterr())
    assert outputs[0] == outputs[1]
    assert outputs[0].err == ""
