"""A run goes on under other settings, and tells so."""

import csv
import json
import os
import shutil
import signal

import pytest
from small_runs import SMALL, at_step, files_of, left_behind

from charrnn.commands import main
from charrnn.training import changes, checkpoint, settings, settle

pytestmark = pytest.mark.usefixtures("quick_ends")

LONGER = ["--quiet", "--epochs=6", "--checkpoint-seconds=0.05"]


@pytest.fixture(scope="module")
def finished(text, tmp_path_factory):
    """The folder of a run of four epochs."""
    out = tmp_path_factory.mktemp("finished") / "run"
    words = ["train", str(text), "--out", str(out), *SMALL]
    assert main([*words, "--epochs=4", "--dropout=0.2"]) == 0
    return out


@pytest.fixture
def run(text, finished, tmp_path):
    """A copy of its folder, and a function of flags that takes it up."""
    out = tmp_path / "run"
    shutil.copytree(finished, out)

    def go_on(*flags, out=out):
        return main(["train", str(text), "--out", str(out), *flags])

    return out, go_on


def history_of(out):
    with open(out / "history.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


CHANGES = {
    "rate": ["--learning-rate=0.003"],
    "optimizer": ["--clip-norm=1", "--weight-decay=0"],
    "no dropout": ["--dropout=0"],
    "streams": ["--batch-size=6", "--seq-length=12"],
    "all at once": [
        "--learning-rate=0.003", "--dropout=0.4", "--batch-size=3",
        "--weight-drop=0", "--recurrent-dropout=0.2",
    ],
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "flags",
    [
        pytest.param(
            flags,
            id=name,
            marks=[pytest.mark.reliability] * (name != "all at once"),
        )
        for name, flags in CHANGES.items()
    ],
)
def test_a_changed_run_goes_on_and_resumes_to_the_bit(
    run, tmp_path, monkeypatch, flags
):
    out, go_on = run
    other = shutil.copytree(out, tmp_path / "other")
    assert go_on("--change", *flags, *LONGER) == 0
    step = checkpoint.newest(out)[0]["parts"]["Schedule"]["step"]
    middle = (step + 129) // 2
    at_step(monkeypatch, middle, lambda _: os.kill(os.getpid(), signal.SIGINT))
    assert go_on("--change", *flags, *LONGER, out=other) == 130
    monkeypatch.undo()
    assert go_on(out=other) == 0
    assert left_behind(other) == left_behind(out)


@pytest.mark.slow
def test_what_was_changed_is_told_everywhere(run, capsys):
    out, go_on = run
    before = history_of(out)
    end = int(before[-1]["step"])
    words = ["--change", "--learning-rate=0.002", "--batch-size=8", *LONGER]
    assert go_on(*words) == 0
    told = "batch_size 4 to 8, learning_rate 0.03"
    assert told in capsys.readouterr().out
    after = history_of(out)
    assert after[: len(before)] == before
    first, *others = after[len(before) :]
    assert first["changes"].startswith(told)
    assert not any(row["changes"] for row in others)
    metrics = json.loads((out / "metrics.json").read_text("utf-8"))
    (change,) = metrics["training"]["changes"]
    assert change["step"] == end
    assert change["epoch"] == pytest.approx(4, abs=0.02)
    assert change["changed"]["batch_size"] == [4, 8]
    assert metrics["epochs"] == pytest.approx(6, abs=0.02)
    assert metrics["training"]["learning_rate"] == 0.002
    assert go_on(*words) == 0  # the same once more changes nothing
    assert "is finished" in capsys.readouterr().out


def test_a_change_wants_something_left_to_do(run, capsys):
    out, go_on = run
    before = files_of(out)
    assert go_on("--change", "--learning-rate=0.003") == 2
    assert "Give more --epochs" in capsys.readouterr().err
    assert files_of(out) == before


@pytest.mark.parametrize(
    ("flags", "messages"),
    [
        (["--learning-rate=0.5"], ["add --change", "--init-from"]),
        (["--batch-size=5"], ["--batch-size 4", "add --change"]),
        (["--units=9"], ["--units 8", "no other network", "--init-from"]),
        (["--change", "--units=9"], ["--units 8", "--init-from"]),
        (["--change", "--cell=gru"], ["--cell lstm", "--init-from"]),
        (["--change", "--validation=0"], ["--validation 0.1", "--init-from"]),
        (["--change", "--min-count=5"], ["--min-count 1", "--init-from"]),
        (["--change", "--seed=5", "--dropout=0"], ["--seed", "--init-from"]),
        (["--change"], ["a setting to change"]),
        (["--change", "--learning-rate=1", "--fresh"], ["--change with a run"]),
        (["--change", "--batch-size=9999"], ["to train on", "would fit"]),
    ],
)
def test_what_cannot_be_changed_is_refused_in_a_line(
    run, capsys, flags, messages
):
    out, go_on = run
    before = files_of(out)
    capsys.readouterr()
    assert go_on(*flags, "--epochs=9") == 2
    (error,) = capsys.readouterr().err.splitlines()
    for message in messages:
        assert message in error
    assert files_of(out) == before


def test_no_run_is_no_run_to_change(text, tmp_path, capsys):
    out = tmp_path / "new"
    words = ["train", str(text), "--change", "--learning-rate", "0.1"]
    for more in ([], ["--out", str(out)]):
        assert main([*words, *more]) == 2
        assert "name its folder" in capsys.readouterr().err
    assert not out.exists()


def test_every_setting_that_may_change_is_one_of_a_run():
    assert set(changes.CHANGEABLE) < set(settings.FIXED)
    assert not set(changes.CHANGEABLE) & set(changes.SHAPE)


def settings_of(batch_size, seq_length, **more):
    return settings.Settings(
        ["text"], batch_size=batch_size, seq_length=seq_length, **more
    )


@pytest.mark.parametrize(
    ("characters", "given", "wanted", "sizes"),
    [
        (270, [], (8, 64), (4, 64)),
        (9000, ["batch_size", "seq_length"], (16, 500), (16, 500)),
        (1000, ["seq_length"], (8, 500), (2, 500)),
        (1000, ["batch_size"], (64, 64), (64, 15)),
        (270, ["batch_size", "seq_length"], (4, 67), (4, 67)),
        (270, ["batch_size"], (270, 64), (270, 1)),
    ],
)
def test_a_batch_that_is_given_is_taken_as_it_is(
    characters, given, wanted, sizes
):
    given = dict.fromkeys(given)
    found = changes.sizes(characters, settings_of(*wanted), given, None)
    assert found == sizes


@pytest.mark.parametrize(
    ("given", "wanted", "fits"),
    [
        (["batch_size", "seq_length"], (64, 500), ["--seq-length 4 with"]),
        (["batch_size"], (300, 64), ["neither flag"]),
        (["seq_length"], (8, 271), ["neither flag"]),
        (["seq_length", "batch_size"], (2, 150), ["--batch-size 1 with",
                                                  "--seq-length 135 with"]),
    ],
)  # fmt: skip
def test_a_batch_that_the_text_cannot_fill_is_refused(given, wanted, fits):
    given = dict.fromkeys(given)
    with pytest.raises(ValueError, match="the 270 to train on") as error:
        changes.sizes(270, settings_of(*wanted), given, None)
    for fit in fits:
        assert fit in str(error.value)


def test_a_run_from_before_sizes_were_kept_has_those_that_fitted():
    before = {"batch_size": 64, "seq_length": 500}
    state = {"settings": before, "vocabulary": "ab"}
    found = changes.sizes(270, settings_of(64, 500), {}, state)
    assert found == (4, 67)
    before["sizes"] = [2, 100]
    assert changes.sizes(270, settings_of(64, 500), {}, state) == (2, 100)


def test_the_epoch_of_a_change_is_reckoned_where_it_is_not_kept():
    state = {
        "settings": {"batch_size": 4, "seq_length": 10},
        "parts": {"Schedule": {"step": 30}},
    }
    entry = changes.entry({"batch_size": (4, 8)}, state)
    before = settings.Settings(["text"], changes=[entry])
    after = settle.with_epoch_of_change(before, state, 400)
    assert changes.begun(after) == (30, 3.0)
    assert before.changes[0]["epoch"] is None


@pytest.mark.slow
def test_a_run_whose_time_is_over_wants_more_for_a_change(
    text, tmp_path, capsys
):
    out = tmp_path / "run"
    words = ["train", str(text), "--out", str(out), "--quiet"]
    words += ["--units=8", "--layers=1"]
    change = ["--change", "--dropout=0.1"]
    # On a slow machine it has hardly trained by then, and the code is 1.
    assert main([*words, "--minutes=0.02"]) in (0, 1)
    assert main([*words, "--minutes=0.02", *change]) == 2
    assert "Give more --epochs or --minutes" in capsys.readouterr().err
    metrics = json.loads((out / "metrics.json").read_text("utf-8"))
    more = metrics["train_seconds"] / 60 + 0.05
    assert main([*words, f"--minutes={more}", *change]) in (0, 1)
    assert "dropout 0" in capsys.readouterr().out
    assert checkpoint.newest(out)[0]["settings"]["dropout"] == 0.1
