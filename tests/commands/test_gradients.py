"""`charrnn gradients` says the same in each form."""

import functools
import json
import math

import pytest
from tiny_run import SEA

from charrnn.commands import gradients, main
from charrnn.insight.vanishing import decay_by_cell
from charrnn.network.cells import CELLS
from charrnn.system import ram


def test_a_network_too_large_for_gradients_is_refused(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(ram, "machine_bytes", lambda: 1 << 30)
    path = tmp_path / "sea"
    path.write_text(SEA, encoding="utf-8")
    assert main(["gradients", str(path), "--units", "100000"]) == 2
    assert "Use fewer --units" in capsys.readouterr().err


@pytest.mark.slow
def test_gradients_says_the_same_in_each_form(tmp_path, monkeypatch, capsys):
    path, plot = tmp_path / "sea", tmp_path / "gradients.png"
    path.write_text(SEA, encoding="utf-8")
    words = ["gradients", str(path), "--units", "8", "--steps", "20"]
    words += ["--lags", "50", "--seed", "3"]
    measure = functools.cache(decay_by_cell)  # trains once for both forms

    @functools.wraps(decay_by_cell)
    def measured(text, watch, **how):
        return measure(text, **how)

    monkeypatch.setattr(gradients, "decay_by_cell", measured)
    assert main([*words, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["cell"], row["steps"]) for row in rows] == [
        (cell, steps) for cell in CELLS for steps in (0, 20)
    ]
    assert {len(row["norms"]) for row in rows} == {51}
    for row in rows:
        nats = row["training_nats_per_character"]
        assert nats > 1 if row["steps"] else nats is None
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
    told = "(untrained, the SimpleRNN keeps gradients longest: "
    assert any(line.startswith(told) for line in lines)
    assert plot.read_bytes().startswith(b"\x89PNG")
    monkeypatch.undo()
    assert main(["gradients", str(path), "--lags", "500"]) == 2
    assert "Use fewer --lags" in capsys.readouterr().err
