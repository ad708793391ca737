"""What is said at the end of a run follows from its figures."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import charrnn
from charrnn.commands import main
from charrnn.scoring.shift import Shift
from charrnn.training.metrics import FIGURES
from charrnn.training.summary import summary

OUT = Path("runs/sea-1")
BASELINES = {"unigram": 3.0, "5-gram": 2.0, "6-gram": 1.9, "xz": 2.5}
UNLIKE = dataclasses.asdict(Shift(3.0, 2.0, 0.05))
ALIKE = dataclasses.asdict(Shift(2.05, 2.0, 0.05))
SMALL = ["--layers=1", "--seq-length=16", "--batch-size=4", "--quiet"]


def row(epoch, loss, validation):
    return {
        "step": int(epoch * 10),
        "epoch": epoch,
        "training_nats_per_character": loss,
        "validation_nats_per_character": validation,
    }


def metrics(nats=1.8, characters=50_000, rows=None, **more):
    return {
        "validation_nats_per_character": nats,
        "validation_bits_per_character": nats / np.log(2),
        "validation_standard_error": 0.07,
        "validation_method": "one pass, state carried",
        "validation_characters": characters,
        "baselines_nats_per_character": BASELINES,
        "standard_error_of_difference_to_5_gram": 0.05,
        "held_out_shift": ALIKE,
        "best_and_last_validation": rows,
        **more,
    }


LEARNT = [row(14.0, 2.0, 2.479), row(89.0, 0.2, 3.93)]


def test_an_ordinary_end_has_three_lines():
    last = row(9.0, 1.9, 1.8)
    lines = summary(OUT, metrics(rows=[last, last])).splitlines()
    assert [line.split()[0] for line in lines] == [
        "validation", "to", "model",
    ]  # fmt: skip
    assert "\u00b1" not in lines[0]


def test_the_model_that_was_kept_is_told_with_what_came_after():
    said = summary(OUT, metrics(2.479, rows=LEARNT))
    assert "kept        the model of epoch 14.00 (2.479 nats/char)" in said
    assert "only memorized the text: 3.930 at epoch 89.00" in said
    assert "--patience" not in said
    assert "needs more text; more training does not help" in said
    stopped = summary(OUT, metrics(2.479, rows=LEARNT), stopped=True)
    assert "the reason to stop there (--patience N" in stopped


def test_a_loss_that_only_wavers_is_not_called_that():
    rows = [row(9.0, 1.9, 1.80), row(10.0, 1.85, 1.81)]
    said = summary(OUT, metrics(rows=rows))
    assert "what came after it is no better: 1.810 at epoch 10.00" in said
    assert "memorized" not in said


def test_an_end_unlike_the_rest_is_the_reason():
    more = {"held_out_shift": UNLIKE, "rows": LEARNT}
    said = summary(OUT, metrics(2.5, **more))
    assert "warning     the held-out end of the text" in said
    assert "more training" not in said
    assert "more text" not in said
    assert "memorized" not in said


@pytest.mark.parametrize(
    ("nats", "characters", "told"),
    [
        (2.3, 400, "better, by 0.43 \u00b1 0.07 bits/char of 400 characters: "),
        (
            2.05,
            400,
            "by 0.07 \u00b1 0.07 bits/char of 400 characters: that may",
        ),
        (2.3, 4000, "does better: the network"),
        (1.9, 400, None),
    ],
)
def test_few_characters_are_told_with_their_uncertainty(nats, characters, told):
    said = summary(OUT, metrics(nats, characters))
    assert f"; {characters:,} characters, \u00b1 0.10 bits)" in said
    assert told in said if told else "warning" not in said


def test_too_few_characters_have_no_uncertainty():
    unknown = {
        "validation_standard_error": None,
        "standard_error_of_difference_to_5_gram": None,
    }
    said = summary(OUT, metrics(2.3, 30, **unknown))
    assert "too few characters to be sure: 30 characters" in said
    assert "by 0.43 bits/char of 30 characters: that may be chance" in said


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    """A text in which there is nothing to learn but itself."""
    letters = np.random.default_rng(1).choice(list("abcdefgh"), 900)
    path = tmp_path_factory.mktemp("text") / "noise.txt"
    path.write_text("".join(letters), encoding="utf-8")
    return path


@pytest.mark.slow
def test_a_run_that_learns_by_heart_stops_and_says_so(noise, tmp_path, capsys):
    out = tmp_path / "run"
    words = ["train", str(noise), "--out", str(out), *SMALL]
    words += ["--units=64", "--dropout=0", "--epochs=200"]
    words.remove("--quiet")
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "a network soon memorizes 900 characters" in said
    assert "the model that is kept, of epoch" in said
    assert "only memorized the text" in said
    assert "the reason to stop there" in said
    found = json.loads((out / "metrics.json").read_text("utf-8"))
    assert found["epochs"] < 150
    assert found["best_step"] < found["steps"]
    assert main(words) == 0
    assert "is finished" in capsys.readouterr().out


@pytest.mark.slow
def test_nothing_held_out_claims_nothing(noise, tmp_path, capsys):
    out = tmp_path / "run"
    words = ["train", str(noise), "--out", str(out), *SMALL]
    words += ["--units=8", "--validation=0", "--epochs=12"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "900 to train on, 0 held out" in said
    assert "validation  none" in said
    assert "to compare" not in said
    found = json.loads((out / "metrics.json").read_text("utf-8"))
    for name in FIGURES:
        assert found[name] is None
    assert found["best_step"] == found["steps"]
    assert found["split"]["training_characters"] == 900
    facts = charrnn.load(out).facts
    assert facts["metrics"] == {"step": found["steps"]}
    history = (out / "history.csv").read_text("utf-8").splitlines()
    assert history[-1].endswith(",,,")  # no losses, no changes
    assert "validation" not in (out / "samples.txt").read_text("utf-8")
    assert (out / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert main([*words[:-1], "--epochs=15"]) == 0  # it goes on, too
    assert main(["score", str(out), str(noise), "--baselines", str(noise)]) == 0
    assert main(["generate", "--model", str(out), "--length", "9"]) == 0


@pytest.mark.slow
def test_nothing_held_out_keeps_to_its_minutes(noise, tmp_path):
    words = ["train", str(noise), "--out", str(tmp_path / "run"), *SMALL]
    words += ["--units=8", "--validation=0", "--minutes=0.02"]
    assert main(words) == 0
    assert charrnn.load(tmp_path / "run").facts["metrics"]["step"] > 0


def test_nothing_held_out_is_nothing_to_be_patient_for(noise, tmp_path, capsys):
    words = ["train", str(noise), "--out", str(tmp_path / "run")]
    assert main([*words, "--validation=0", "--patience=3"]) == 2
    assert "--patience with --validation 0" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
