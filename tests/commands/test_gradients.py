"""`charrnn gradients` says the same in each form."""

import functools
import json
import math

import numpy as np
import pytest
from tiny_run import SEA

from charrnn.commands import gradients, main
from charrnn.insight import vanishing
from charrnn.insight.gradients import Decay
from charrnn.insight.jacobians import SingularValues
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


@pytest.fixture
def measured(monkeypatch):
    """What the verb measures, without training a network."""
    rows = [
        vanishing.CellDecay(
            cell,
            0,
            Decay(0.5 ** np.arange(6.0)),
            None,
            singular=SingularValues(0.9 ** (np.ones((6, 4)).cumsum(0)) * n
                                    / np.arange(1, 5), "h", 1),
        )
        for n, cell in enumerate(CELLS, 1)
    ]  # fmt: skip
    asked = {}

    @functools.wraps(decay_by_cell)
    def decays(text, **options):
        asked.update(options)
        return rows

    def remember(seed, watch):
        return {cell: np.linspace(1, 0.5, 41) for cell in watch(CELLS)}

    monkeypatch.setattr(gradients, "decay_by_cell", decays)
    monkeypatch.setattr(gradients, "first_character", remember)
    return asked


def test_more_is_measured_on_request(tmp_path, measured, capsys):
    path = tmp_path / "sea"
    path.write_text(SEA, encoding="utf-8")
    words = ["gradients", str(path), "--singular-values", "--first-character"]
    assert main([*words, "--json"]) == 0
    assert measured["singular"]
    rows = json.loads(capsys.readouterr().out)
    assert all(len(row["first_character_accuracy"]) == 41 for row in rows)
    assert main(words) == 0
    blocks = capsys.readouterr().out.split("\n\n")
    for side in "largest", "smallest":
        (block,) = (b for b in blocks if b.startswith(f"{side} singular"))
        (line,) = (x for x in block.splitlines() if x.startswith("k = 5 "))
        values = [f"{row[f'{side}_singular_values'][5]:.2g}" for row in rows]
        assert line.split()[3:] == values
    table = blocks[-1].splitlines()
    assert table[1].split() == ["k", "=", "0", *["100%"] * 3]
    assert main(["gradients", str(path)]) == 0
    assert "first of random letters" not in capsys.readouterr().out


@pytest.mark.slow
def test_networks_that_are_measured_have_singular_values():
    rows = decay_by_cell(SEA, units=4, steps=0, lags=5, singular=True)
    for row in rows:
        assert row.singular.values.shape == (6, 4)
        np.testing.assert_allclose(row.singular.largest[0], 1)
