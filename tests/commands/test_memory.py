"""`charrnn memory` says the same in each form."""

import json

import pytest
from tiny_run import SEA

import charrnn
from charrnn.commands import main


def test_memory_says_the_same_in_each_form(trained, tmp_path, capsys):
    path, plot = tmp_path / "sea", tmp_path / "memory.png"
    path.write_text(SEA[:300], encoding="utf-8")
    words = ["memory", str(trained.folder), str(path)]
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
