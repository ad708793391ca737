"""`charrnn neurons` says the same in each form."""

import json
import re

import numpy as np
import pytest
from tiny_run import SEA

import charrnn
from charrnn.commands import main
from charrnn.insight import neurons


def test_neurons_says_the_same_in_each_form(
    trained, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(neurons.Unit, "clear", True)
    path, plot = tmp_path / "sea", tmp_path / "gates.png"
    page = tmp_path / "page.html"
    path.write_text(SEA, encoding="utf-8")
    words = ["neurons", str(trained.folder), str(path)]
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
    assert made.count("prefers-color-scheme: dark") == 1
    first = re.search(r"<pre>(.*?)</pre>", made, re.DOTALL)[1]
    shown = re.sub("<.*?>", "", first).replace("\u21b5", "")
    assert SEA.startswith(shown) and shown.count("\n") == 80


def test_chance_is_not_shown_as_a_finding(trained, tmp_path, capsys):
    path, page = tmp_path / "sea", tmp_path / "page.html"
    path.write_text("the sea", encoding="utf-8")
    words = ["neurons", str(trained.folder), str(path), "--html", str(page)]
    assert main(words) == 0
    assert "may be chance" in capsys.readouterr().out
    assert "No unit follows" in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("the sea", ["fewer than two characters occur 3 times"]),
        (SEA[:40], ["highest after", "(characters that occur 3 times or more"]),
        ("The sea, the sells!\n" * 40, ["highest after"]),
        ("s" * 40, ["fewer than two"]),
    ],
)
def test_a_list_that_is_short_says_why(trained, tmp_path, capsys, text, told):
    path = tmp_path / "sea"
    path.write_text(text, encoding="utf-8")
    assert main(["neurons", str(trained.folder), str(path)]) == 0
    out = capsys.readouterr().out
    lines = "highest after", "(characters that occur", "fewer than two"
    assert [line for line in lines if line in out] == [
        line for line in lines if any(line in own for own in told)
    ]


def test_a_network_without_gates_has_no_picture_of_them(tmp_path, capsys):
    vocabulary = charrnn.Vocabulary.from_text(SEA)
    path, model = tmp_path / "sea", tmp_path / "model.keras"
    path.write_text(SEA, encoding="utf-8")
    network = charrnn.build_model(vocabulary, cell="simple_rnn", units=4)
    charrnn.save(network, model, vocabulary)
    words = ["neurons", str(model), str(path)]
    assert main([*words, "--plot", str(tmp_path / "gates.png")]) == 2
    assert "has none" in capsys.readouterr().err
    assert main(words) == 0
    assert "has no gates" in capsys.readouterr().out
