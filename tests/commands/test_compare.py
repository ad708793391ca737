"""Cells are compared in turns, by the same time or by the same passes."""

import json
import re
import signal
import types
from pathlib import Path

import pytest

import charrnn
from charrnn.commands import compare, main
from charrnn.network.cells import CELLS
from charrnn.training import checkpoint, turns
from charrnn.training.clock import SETTLED_STEPS

pytestmark = [pytest.mark.usefixtures("quick_ends"), pytest.mark.slow]

TEXT = "The sea, the sea!\nShe sells no shells; she sees the sea.\n" * 40
SMALL = ["--layers", "1", "--units", "8"]


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A folder with a text and the runs of two cells, and what was printed."""
    folder = tmp_path_factory.mktemp("compared")
    (folder / "sea.txt").write_text(TEXT, encoding="utf-8")
    out = folder / "out"
    assert main(words(folder, out, "--epochs", "30")) == 0
    return folder, out


def words(folder, out, *more):
    text = str(folder / "sea.txt")
    cells = ["--cells", "gru,lstm"]
    return ["compare", text, "--out", str(out), *cells, *SMALL, *more]


def test_each_cell_reads_the_text_as_often(compared):
    _, out = compared
    rows = json.loads((out / "compared.json").read_text("utf-8"))
    assert [row["cell"] for row in rows] == ["gru", "lstm"]
    for row in rows:
        assert row["epochs"] == pytest.approx(30, abs=0.2)
        assert row["train_minutes"] > 0
    assert (out / "compared.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_what_is_trained_in_turns_is_what_is_trained_alone(compared, tmp_path):
    folder, out = compared
    alone = ["train", str(folder / "sea.txt"), "--out", str(tmp_path / "run")]
    alone += ["--epochs", "30", "--seed", "1", "--cell", "lstm", "--quiet"]
    assert main([*alone, *SMALL]) == 0
    _, first = checkpoint.newest(out / "lstm")
    _, second = checkpoint.newest(tmp_path / "run")
    for a, b in zip(first, second, strict=True):
        assert (a == b).all()


def test_finished_runs_are_only_measured(compared, capsys):
    folder, out = compared
    rows = json.loads((out / "compared.json").read_text("utf-8"))
    assert main(words(folder, out, "--epochs", "30", "--json")) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == rows
    assert printed.err.count("is finished") == 2
    assert "turn" not in printed.err


def test_figures_and_samples_are_printed(compared, capsys):
    folder, out = compared
    assert main(words(folder, out, "--epochs", "30")) == 0
    printed = capsys.readouterr().out
    for row in json.loads((out / "compared.json").read_text("utf-8")):
        bits = f"{row['validation_bits_per_character']:.4f}"
        assert re.search(rf"{row['cell']} +{bits} ", printed)
        assert row["sample"] in printed


@pytest.mark.slow
def test_each_cell_trains_for_the_same_time(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("-sea.txt").write_text(TEXT, encoding="utf-8")
    line = ["compare", "--minutes", "0.02", "--layers", "1"]
    line += ["--parameters", "3000"]
    # So little time is too little, and the exit code says so.
    assert main([*line, "--", "-sea.txt"]) == 1
    printed = capsys.readouterr()
    assert printed.err.count("has hardly trained") == len(CELLS)
    folder = Path("runs/-sea-compared")
    rows = json.loads((folder / "compared.json").read_text("utf-8"))
    assert [row["cell"] for row in rows] == list(CELLS)
    for row in rows:
        metrics = folder / row["cell"] / "metrics.json"
        metrics = json.loads(metrics.read_text("utf-8"))
        assert metrics["parameters"] == row["parameters"]
        assert 2400 < row["parameters"] <= 3000
        assert metrics["training"]["minutes"] == 0.02
        assert row["dropout"] == metrics["network"]["dropout"]
        assert row["epochs"] == metrics["epochs"]
    renamed = [*line, "--cells", "gru", "--fresh", "--", "-sea.txt"]
    assert main(renamed) == 1
    assert len(list(folder.glob("gru*"))) == 2


def test_slips_are_told_before_anything_is_trained(tmp_path, capsys):
    (tmp_path / "sea.txt").write_text(TEXT, encoding="utf-8")
    line = ["compare", str(tmp_path / "sea.txt"), "--out", str(tmp_path / "o")]
    with pytest.raises(SystemExit):
        main([*line, "--cells", "lstm,cnn"])
    assert "'lstm,cnn' is not of simple_rnn, lstm" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*line, "--epochs", "1", "--minutes", "1"])
    assert main(["compare", "-"]) == 2
    assert main([*line, "--parameters", "9"]) == 2
    assert "more --parameters" in capsys.readouterr().err
    assert main([*line, "--parameters", "1" + "0" * 15]) == 2
    assert "memory" in capsys.readouterr().err
    (tmp_path / "o" / "gru").mkdir(parents=True)
    (tmp_path / "o" / "gru" / "letter.txt").write_text("x", encoding="utf-8")
    assert main([*line, "--epochs", "1"]) == 2  # it is the last of them
    printed = capsys.readouterr()
    assert "turn" not in printed.out
    assert "files in it" in printed.err
    assert not (tmp_path / "o" / "lstm").exists()


DAMAGES = {
    "no JSON": ("metrics.json", b"{"),
    "another JSON": ("metrics.json", b"[1, 2]"),
    "no figures": ("metrics.json", b'{"network": {"cell": "gru"}}'),
    "words for figures": ("metrics.json", b'{"train_seconds": "long"}'),
    "no table": ("history.csv", b"\x00\xff"),
    "no columns": ("history.csv", b"a,b\n1,2\n"),
}
FAST = "no JSON", "no columns"


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name not in FAST))
        for name in DAMAGES
    ],
)
def test_damaged_figures_are_made_anew(compared, damage):
    folder, out = compared
    name, content = DAMAGES[damage]
    path = out / "gru" / name
    before = path.read_bytes()
    try:
        path.write_bytes(content)
        assert main(words(folder, out, "--epochs", "30")) == 0
        text = path.read_text("utf-8")
        if name == "history.csv":
            assert text.encode("utf-8") == before
        else:
            figures = "steps", "best_step", "validation_nats_per_character"
            old, new = json.loads(before), json.loads(text)
            assert [new[key] for key in figures] == [old[k] for k in figures]
    finally:
        path.write_bytes(before)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("metrics.json", {"training": "long"}),
        ("metrics.json", {"train_seconds": "long"}),
        ("history.csv", "a\n"),
    ],
)
def test_figures_that_say_nothing_are_told_in_a_line(
    compared, capsys, name, content
):
    """They are of the run's last step, and so are not made anew."""
    folder, out = compared
    path = out / "gru" / name
    before = path.read_bytes()
    try:
        text = before.decode("utf-8")
        if name == "metrics.json":
            text = json.dumps(json.loads(text) | content)
        else:
            text = content + text.split("\n", 1)[1]
        path.write_text(text, encoding="utf-8")
        assert main(words(folder, out, "--epochs", "30")) == 2
        (error,) = capsys.readouterr().err.splitlines()
        assert "metrics.json or history.csv is damaged" in error
        assert "--fresh" in error
    finally:
        path.write_bytes(before)


def test_a_deleted_model_is_made_of_the_last_weights(compared, capsys):
    folder, out = compared
    path, figures = out / "gru" / "model.keras", out / "gru" / "metrics.json"
    kept = path.read_bytes(), figures.read_bytes()
    try:
        path.unlink()
        assert main(words(folder, out, "--epochs", "30")) == 0
        assert "has no model.keras any more" in capsys.readouterr().out
        assert charrnn.load(out / "gru")
    finally:
        path.write_bytes(kept[0])
        figures.write_bytes(kept[1])


def test_a_model_of_somebody_else_is_told_in_a_line(compared, capsys):
    folder, out = compared
    path, figures = out / "gru" / "model.keras", out / "gru" / "metrics.json"
    kept = path.read_bytes(), figures.read_bytes()
    vocabulary = charrnn.Vocabulary.from_text(TEXT)
    network = charrnn.build_model(vocabulary, cell="gru", units=8, layers=1)
    try:
        charrnn.save(network, path, vocabulary)
        figures.unlink()
        assert main(words(folder, out, "--epochs", "30")) == 2
        (error,) = capsys.readouterr().err.splitlines()
        assert "Its model.keras is another" in error
    finally:
        path.write_bytes(kept[0])
        figures.write_bytes(kept[1])


class Slow:
    """Stands for a run of 800 steps on a machine with a rigged clock."""

    def __init__(self, name, order, seconds, code=0):
        self.schedule = types.SimpleNamespace(progress=0, step_characters=100)
        self.name, self.order, self.seconds = name, order, seconds
        self.code, self.signals = code, None

    def __call__(self, signals, clock):
        self.now = 0.0
        clock._now = lambda: self.now
        yield self.schedule
        clock.begin_round()
        for step in range(800):
            self.order.append(self.name)
            self.now += self.seconds(step)
            clock.end_step()
            self.schedule.progress = (step + 1) / 800
            yield self.schedule
            if signals:
                return 130
        return self.code


def train(*runs):
    """Lets `Slow`s take turns, and says where they were unsteady."""
    candidates = [turns.Candidate(run.name, run) for run in runs]
    code = turns.train_in_turns(candidates, print)
    compare.warn_of_speeds(candidates)
    return code


def test_runs_take_turns(capsys):
    order = []
    runs = [Slow(name, order, lambda step: 0.1) for name in "ab"]
    assert train(*runs) == 0
    assert order == (["a"] * 100 + ["b"] * 100) * turns.TURNS
    assert "speed" not in capsys.readouterr().err


def test_speeds_that_wander_are_told(capsys):
    order = []
    steady = Slow("steady", order, lambda step: 0.1)
    slowed = Slow("slowed", order, lambda step: 0.2 if step > 400 else 0.1)
    compiling = Slow("late", order, lambda step: 0.1 if step > 1 else 90.0)
    assert train(steady, slowed, compiling) == 0
    (error,) = capsys.readouterr().err.splitlines()
    assert "slowed from 500 to 1,000 characters a second" in error
    assert "steady" not in error
    assert "late" not in error
    assert SETTLED_STEPS < 100


def test_a_signal_stops_all_of_them():
    order = []

    def interrupt(step):
        if step == 150:
            signal.raise_signal(signal.SIGINT)
        return 0.1

    runs = [Slow("a", order, interrupt), Slow("b", order, lambda step: 0.1)]
    assert train(*runs) == 130
    assert order.count("a") == 151
    assert order.count("b") == 100  # as soon as it is asked


def test_the_highest_exit_code_is_that_of_all():
    runs = [Slow(name, [], lambda step: 0.1, code) for name, code in
            (("a", 0), ("b", 1), ("c", 0))]  # fmt: skip
    assert train(*runs) == 1
