"""Runs, models and checkpoints that an earlier version wrote are read.

`tests/data/earlier/README.md` tells how they were made.
"""

import csv
import dataclasses
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import charrnn
from charrnn.commands import main
from charrnn.network import model_file
from charrnn.training import checkpoint, data
from charrnn.training.figures import with_full_names
from charrnn.training.line_starts import windows_for

pytestmark = [pytest.mark.usefixtures("quick_ends"), pytest.mark.slow]

EARLIER = Path(__file__).parents[1] / "data" / "earlier"
SETTINGS = [
    "--units=4", "--layers=1", "--seq-length=16", "--batch-size=4",
    "--epochs=6", "--precision=float32", "--weight-drop=0.1", "--dropout=0.1",
    "--quiet",
]  # fmt: skip


@pytest.fixture
def earlier(tmp_path):
    """A copy of what was written, free to be gone on with."""
    return Path(shutil.copytree(EARLIER, tmp_path / "earlier"))


def expected(name):
    return json.loads((EARLIER / name).read_text("utf-8"))


def digest(arrays):
    result = hashlib.sha256()
    for array in arrays:
        result.update(np.ascontiguousarray(array))
    return result.hexdigest()


def ended(out):
    """What a run ended with, as `ended.json` tells it."""
    state, arrays = checkpoint.newest(out, say=pytest.fail)
    layers = model_file.read(out)["layers"]
    return {
        "step": state["parts"]["Schedule"]["step"],
        "variables": digest(arrays),
        "weights": digest(array for *_, layer in layers for array in layer),
        "history": state["parts"]["History"]["rows"],
        "samples": (out / "samples.txt").read_text("utf-8"),
    }


def windows_of_then(settings, vocabulary, ids):
    settings = dataclasses.replace(settings, line_starts=False)
    return windows_for(settings, vocabulary, ids)


def test_a_run_goes_on_to_the_end_it_would_have_had(
    text, earlier, tmp_path, monkeypatch
):
    out = earlier / "begun"
    assert main(["train", str(text), "--out", str(out)]) == 0
    end = with_full_names(expected("ended.json"))
    found = ended(out)
    assert found["step"] == end["step"]
    for new, old in zip(found["history"], end["history"], strict=True):
        assert new.pop("changes") == old.pop("changes")
        assert new == pytest.approx(old, rel=1e-4)
    # To the bit, on a machine that computes as the one of `ended.json` did.
    whole = tmp_path / "whole"
    monkeypatch.setattr(data, "windows_for", windows_of_then)
    assert main(["train", str(text), "--out", str(whole), *SETTINGS]) == 0
    if ended(whole)["variables"] == end["variables"]:
        assert found == end


def test_its_history_goes_on_under_new_names(text, earlier):
    out = earlier / "begun"
    before = (out / "history.csv").read_text("utf-8")
    assert "training_nats_per_char," in before
    assert main(["train", str(text), "--out", str(out)]) == 0
    with open(out / "history.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["100", "198"]
    (old,) = csv.DictReader(before.splitlines())
    assert list(rows[0].values()) == list(old.values())
    assert rows[0].keys() == with_full_names(old).keys()


def test_a_run_that_ended_can_be_opened(earlier):
    run = charrnn.Run.open(earlier / "compared" / "lstm")
    assert run.metrics["validation_bits_per_character"] == pytest.approx(
        run.history[-1]["validation_bits_per_character"], abs=1e-3
    )
    assert run.metrics["baselines_nats_per_character"]["5-gram"] > 0
    assert run.model.count_params() == run.metrics["parameters"]
    assert not run.history[0]["changes"]


def test_a_model_writes_and_scores_as_before(text, earlier, capsys):
    model, then = str(earlier / "compared" / "gru"), expected("written.json")
    words = ["generate", "--model", model, "--length", "60", "--seed", "1"]
    assert main(words) == 0
    assert capsys.readouterr().out == then["text"]
    assert charrnn.score(
        charrnn.load(model), text.read_text("utf-8")
    ).bits_per_character == pytest.approx(then["bits_per_character"], rel=1e-6)


def test_runs_are_compared(text, earlier, capsys):
    out = earlier / "compared"
    for cell in ("gru", "lstm"):
        (out / cell / "loss.png").write_bytes(b"\x89PNG")  # else it is redrawn
    words = ["compare", str(text), "--cells", "gru,lstm", "--units", "4"]
    words += ["--layers", "1", "--epochs", "3", "--out", str(out), "--json"]
    assert main(words) == 0
    printed = capsys.readouterr()
    assert printed.err.count("is finished") == 2
    rows = json.loads(printed.out)
    for row in rows:
        figures = json.loads((out / row["cell"] / "metrics.json").read_text())
        assert (
            row["validation_bits_per_character"]
            == (figures["validation_bits_per_char"])
        )
    assert [row["cell"] for row in rows] == ["gru", "lstm"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["begun", pytest.param("compared/gru", marks=pytest.mark.slow)]
)
def test_more_training_goes_on_from_it(text, earlier, name):
    out = earlier / name
    words = ["train", str(text), "--out", str(out), "--epochs", "7"]
    assert main(words) == 0
    assert 'per_char"' not in (out / "metrics.json").read_text("utf-8")
    assert "per_char," not in (out / "history.csv").read_text("utf-8")
    facts = charrnn.load(out).facts["metrics"]
    assert facts["validation_nats_per_character"] > 0
