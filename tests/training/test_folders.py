"""A run's folder: one run in it, no file lost, nothing crafted believed."""

import contextlib
import copy
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import SEA
from mutated_copies import changed, flipped, spliced, truncated

import charrnn
from charrnn.commands import main
from charrnn.insight import comparison
from charrnn.network import model_file
from charrnn.training import checkpoint, loop, run_folder, session

pytestmark = pytest.mark.usefixtures("quick_ends")

ROOT = Path(charrnn.__file__).parent.parent
SMALL = [
    "--units=8", "--layers=1", "--seq-length=16", "--batch-size=4",
    "--epochs=0.5", "--checkpoint-seconds=0.001", "--quiet",
]  # fmt: skip
LINE = re.compile(r"charrnn train: Expected [^\x00-\x1f\x7f-\x9f]{1,800}\n")


@pytest.fixture(scope="module")
def whole(text, tmp_path_factory):
    """The folder of a finished run."""
    out = tmp_path_factory.mktemp("whole") / "run"
    assert main(["train", str(text), "--out", str(out), *SMALL]) == 0
    return out


@pytest.fixture
def finished(whole, tmp_path):
    """A copy of it, free to be changed."""
    return Path(shutil.copytree(whole, tmp_path / "run"))


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def attempt(words):
    """Runs `charrnn train`: its exit code, output and error output."""
    output, error = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(error),
    ):
        code = main(["train", *map(str, words)])
    return code, output.getvalue(), error.getvalue()


# Copies of checkpoints.


COPIES = [
    "checkpoint-best-so-far.npz",
    "checkpoint-99999999.npz",
    "checkpoint-000000999 (copy).npz",
    "checkpoint-000000999.npz.bak",
    "checkpoint-0000000999.npz",
    "checkpoint-٠٠٠٠٠٠٩٩٩.npz",
    "old-checkpoint-000000999.npz",
]


@pytest.mark.slow
def test_copies_of_checkpoints_are_neither_read_nor_deleted(
    text, finished, capsys
):
    before = files_of(finished)
    for name in COPIES:
        (finished / name).write_bytes(b"a copy")
    own = checkpoint.paths(finished)
    assert {path.name for path in own} == before.keys() & {
        path.name for path in own
    }
    words = ["train", str(text), "--out", str(finished), "--epochs=1"]
    assert main(words) == 0
    assert "damaged" not in capsys.readouterr().out
    for name in COPIES:
        assert (finished / name).read_bytes() == b"a copy"


def test_checkpoints_are_sorted_by_their_steps(tmp_path):
    steps = [7, 999_999_999, 1_000_000_000, 10**17]
    for step in steps:
        (tmp_path / f"checkpoint-{step:09}.npz").touch()
    found = [path.stem.split("-")[1] for path in checkpoint.paths(tmp_path)]
    assert list(map(int, found)) == steps[::-1]


def test_a_folder_with_copies_only_is_no_run(text, tmp_path, capsys):
    (tmp_path / COPIES[0]).write_bytes(b"a copy")
    assert main(["train", str(text), "--out", str(tmp_path), *SMALL]) == 2
    assert "has files in it" in capsys.readouterr().err


# What is missing, or older than the model.


def set_metrics(**changes):
    def change(out):
        path = out / "metrics.json"
        metrics = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps(metrics | changes), encoding="utf-8")

    return change


def delete(name):
    return lambda out: (out / name).unlink()


def fill(name, content):
    return lambda out: (out / name).write_text(content, encoding="utf-8")


INCOMPLETE = {
    "metrics of an earlier step": set_metrics(steps=3),
    "metrics without a step": set_metrics(steps=None),
    "no metrics": delete("metrics.json"),
    "empty metrics": fill("metrics.json", ""),
    "half of the metrics": fill("metrics.json", '{"steps": 1'),
    "other metrics": fill("metrics.json", "[1]"),
    "deep metrics": fill("metrics.json", "[" * 100_000),
    "no picture": delete("loss.png"),
    "no history": delete("history.csv"),
    "another history": fill("history.csv", "a,b\n1,2\n"),
    "an empty history": fill("history.csv", ""),
    "no samples": delete("samples.txt"),
}


@pytest.mark.parametrize("name", INCOMPLETE)
def test_what_is_missing_or_stale_is_made_up_for(
    text, whole, finished, name, capsys
):
    INCOMPLETE[name](finished)
    words = ["train", str(text), "--out", str(finished)]
    assert main(words) == 0
    assert "is finished" not in capsys.readouterr().out
    expected, received = files_of(whole), files_of(finished)
    assert received.keys() == expected.keys()
    for file in ("history.csv", "samples.txt", "model.keras"):
        assert received[file] == expected[file]
    steps = json.loads(expected["metrics.json"])["steps"]
    assert json.loads(received["metrics.json"])["steps"] == steps
    assert main(words) == 0
    assert "is finished" in capsys.readouterr().out


def test_a_model_that_is_missing_is_made_from_the_last_checkpoint(
    text, whole, finished, capsys
):
    (finished / "model.keras").unlink()
    assert main(["train", str(text), "--out", str(finished)]) == 0
    assert "has no model.keras any more" in capsys.readouterr().out
    ours, theirs = model_file.read(finished), model_file.read(whole)
    assert ours["facts"]["metrics"] == theirs["facts"]["metrics"]


# Two runs in one folder.


def while_reading(monkeypatch, words):
    """Trains once, while the next run reads its text; tells the exit code."""
    read_data, codes = session.read_data, []

    def read_slowly(*arguments, **more):
        monkeypatch.setattr(session, "read_data", read_data)
        data = read_data(*arguments, **more)
        codes.append(main(words))
        return data

    monkeypatch.setattr(session, "read_data", read_slowly)
    return codes


@pytest.mark.slow
@pytest.mark.parametrize("there", [True, False])
def test_a_run_that_reads_keeps_others_out(
    text, tmp_path, monkeypatch, there, capsys
):
    pytest.importorskip("fcntl")
    out = tmp_path / "run"
    if there:
        out.mkdir()
    words = ["train", str(text), "--out", str(out), *SMALL]
    codes = while_reading(monkeypatch, [*words, "--seed=2"])
    assert main(words) == 0
    assert codes == [2]
    assert "Another process" in capsys.readouterr().err
    assert model_file.read(out)["facts"]["training"]["seed"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("flag", ["--quiet", "--fresh"])
def test_where_nothing_locks_a_run_is_still_not_overwritten(
    text, tmp_path, monkeypatch, capsys, flag
):
    monkeypatch.setattr(
        run_folder, "locked", lambda folder: contextlib.nullcontext()
    )
    out = tmp_path / "run"
    words = ["train", str(text), "--out", str(out), *SMALL]
    codes = while_reading(monkeypatch, [*words, "--seed=2"])
    assert main([*words, flag]) == 2
    assert codes == [0]
    assert "Another process has trained" in capsys.readouterr().err
    assert model_file.read(out)["facts"]["training"]["seed"] == 2


@pytest.mark.parametrize("words", [["--prompt=ß"], ["--encoding=utf-16"]])
def test_a_slip_leaves_no_folder_behind(text, tmp_path, words, capsys):
    out = tmp_path / "a" / "b" / "run"
    assert main(["train", str(text), "--out", str(out), *SMALL, *words]) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.reliability
@pytest.mark.parametrize("seed", range(30))
def test_of_two_processes_one_trains_and_nothing_is_lost(
    text, tmp_path, seed, tally
):
    """One is slow to get its text; the other comes at any moment."""
    pytest.importorskip("fcntl")
    rng, out = random.Random(seed), tmp_path / "run"
    command = [sys.executable, "-m", "charrnn", "train"]
    options = {"cwd": ROOT, "stderr": subprocess.DEVNULL,
               "stdout": subprocess.DEVNULL}  # fmt: skip
    first = subprocess.Popen(
        [*command, "-", "--out", str(out), *SMALL, "--seed=1"],
        stdin=subprocess.PIPE, **options,
    )  # fmt: skip
    time.sleep(rng.uniform(0, 5))
    second = subprocess.Popen(
        [*command, str(text), "--out", str(out), *SMALL, "--seed=2"], **options
    )
    time.sleep(rng.uniform(0, 10))
    with contextlib.suppress(BrokenPipeError):
        first.communicate(SEA.encode("utf-8"))
    codes = {1: first.wait(300), 2: second.wait(300)}
    assert sorted(codes.values()) == [0, 2]
    [winner] = [seed for seed, code in codes.items() if code == 0]
    assert model_file.read(out)["facts"]["training"]["seed"] == winner
    tally["pairs of processes in one folder, 0 models lost"] += 1


# Crafted checkpoints.


def read_members(path):
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def with_json(contents, text):
    return contents | {"json": np.frombuffer(text.encode("utf-8"), np.uint8)}


def json_changed(contents, rng):
    text = contents["json"].tobytes().decode("utf-8")
    for _ in range(rng.choice((1, 1, 2, 4))):
        text = changed(text, rng)
    return with_json(contents, text.encode("utf-8", "replace").decode())


def array_changed(contents, rng):
    name = rng.choice([name for name in contents if name != "json"])
    array = contents[name]
    values = [
        None, np.zeros(3, "f4"), np.zeros((2, 0), "f4"), array.astype("f8"),
        array.astype("U9"), array.astype(bool), array * np.nan,
        array[None], np.zeros(array.shape, "c8"), np.array(7),
        array.astype("O"),
    ]  # fmt: skip
    value = rng.choice(values)
    contents = {k: v for k, v in contents.items() if k != name}
    return contents if value is None else contents | {name: value}


STATES = [
    'null', '{}', '[]', '0', '"state"', '{"format": 1}',
    '{"format": 1, "state": null}', '{"format": 1, "state": []}',
    '{"format": 1, "state": {"parts": null}}', "[" * 100_000,
    '{"format": 1, "state": ' + '{"a":' * 5000 + "1" + "}" * 5001,
    '{"format": ' + "1" * 5000 + "}", '{"format": NaN}', '\ufeff{}',
]  # fmt: skip


def craft(path, rng):
    """Replaces a checkpoint by a crafted one."""
    kind = rng.choice(("json", "json", "json", "array", "state", "bytes"))
    if kind == "bytes":
        change = rng.choice((flipped, truncated, spliced))
        path.write_bytes(change(path.read_bytes(), rng))
        return
    contents = read_members(path)
    if kind == "json":
        contents = json_changed(contents, rng)
    elif kind == "array":
        contents = array_changed(contents, rng)
    else:
        contents = with_json(contents, rng.choice(STATES))
    np.savez(path, **contents)


def try_crafted(text, whole, folder, numbers, monkeypatch):
    """Goes on from crafted checkpoints; counts how they end, by exit code."""
    monkeypatch.setattr(loop, "train", lambda *arguments: iter(()))
    ends = {0: 0, 2: 0}
    for number in numbers:
        out = Path(shutil.copytree(whole, folder / str(number)))
        newest, *older = checkpoint.paths(out)
        for path in older:
            path.unlink()
        craft(newest, random.Random(f"crafted {number}"))
        words = [text, "--out", out, f"--epochs={number % 2 + 0.5}"]
        code, output, error = attempt(words)
        assert code in ends, (number, output, error)
        assert code == 0 or LINE.fullmatch(error), (number, error)
        assert max(map(len, output.splitlines()), default=0) < 1000, number
        ends[code] += 1
        shutil.rmtree(out)
    return ends


def test_crafted_checkpoints_are_refused_in_a_line(
    text, whole, tmp_path, monkeypatch
):
    ends = try_crafted(text, whole, tmp_path, range(20), monkeypatch)
    assert ends[2] > 0


@pytest.mark.reliability
def test_hundreds_of_crafted_checkpoints_are_refused_in_a_line(
    text, whole, tmp_path, monkeypatch, tally
):
    ends = try_crafted(text, whole, tmp_path, range(300), monkeypatch)
    tally["crafted checkpoints, gone on from"] += ends[0]
    tally["crafted checkpoints, refused in a line"] += ends[2]


def settings_changed(**changes):
    """Lets a checkpoint tell of another network than its arrays are of."""

    def change(contents):
        told = json.loads(contents["json"].tobytes())
        told["state"]["settings"] |= changes
        return with_json(contents, json.dumps(told))

    return change


def array_of(name, make):
    """Puts another array in the place of one, or, of the last, after it."""

    def change(contents):
        last = max(contents.keys() - {"json"})
        own = last if name == "last" else name
        return contents | {own: make(contents[own])}

    return change


def without_last(contents):
    return {k: v for k, v in contents.items() if k != max(contents, key=_order)}


def _order(name):
    return "" if name == "json" else name


def renamed(contents):
    changed = dict(contents)
    changed["weights"] = changed.pop("array0002")
    return changed


def turned(contents):
    """Swaps two weights."""
    pair = {"array0000": contents["array0001"]}
    return contents | pair | {"array0001": contents["array0000"]}


UNFIT = {
    "more units": settings_changed(units=9),
    "more layers": settings_changed(layers=2),
    "another cell": settings_changed(cell="gru"),
    "no such cell": settings_changed(cell="tree"),
    "an embedding": settings_changed(embedding=4),
    "another batch": settings_changed(sizes=[5, 16]),
    "a character more": lambda contents: with_json(
        contents, contents["json"].tobytes().decode().replace(
            '"vocabulary": "', '"vocabulary": "\\u00df'
        ),
    ),
    "an array less": without_last,
    "an array more": lambda contents: contents | {
        f"array{len(contents) - 1:04}": np.zeros((4, 8), "f4")
    },
    "another name": renamed,
    "another order": turned,
    "weights of another shape": array_of("array0001", lambda a: a[:-1]),
    "moments of another shape": array_of("array0009", lambda a: a[..., :-1]),
    "states of another shape": array_of("last", lambda a: a[:-1]),
    "twice the precision": array_of("array0000", lambda a: a.astype("f8")),
}  # fmt: skip


@pytest.mark.parametrize("name", UNFIT)
def test_a_checkpoint_of_another_network_gives_way_to_the_older(finished, name):
    newest, older = checkpoint.paths(finished)
    np.savez(newest, **UNFIT[name](read_members(newest)))
    lines = []
    found, _ = run_folder.saved(finished, lines.append)
    step = int(re.search(r"\d+", older.name)[0])
    assert found["parts"]["Schedule"]["step"] == step
    [line] = lines
    assert str(newest) in line and "left out" in line


def packed(path):
    np.savez_compressed(path, json=np.zeros(100 << 20, np.uint8))


def doubled(path):
    """Tells of the same bytes under many names."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("array0000.npy", bytes(1 << 20))
        [member] = archive.infolist()
        for i in range(1, 200):
            archive.filelist.append(copy.copy(member))
            archive.filelist[-1].filename = f"array{i:04}.npy"
            archive._didModify = True


ODD = {
    "a pipe": lambda path: os.mkfifo(path),
    "a folder": Path.mkdir,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
    "packed arrays": packed,
    "overlapping arrays": doubled,
}


@pytest.mark.skipif(os.name != "posix", reason="no pipes in folders")
@pytest.mark.parametrize("name", ODD)
def test_what_is_no_file_of_ours_is_no_checkpoint(finished, name):
    odd = finished / "checkpoint-000000999.npz"
    ODD[name](odd)
    lines = []
    found, _ = run_folder.saved(finished, lines.append)
    assert found["parts"]["Schedule"]["step"] != 999
    [line] = lines
    assert f"'{odd}' is damaged (Expected " in line


@pytest.mark.skipif(os.name != "posix", reason="no pipes in folders")
@pytest.mark.parametrize("kind", ["a pipe", "a folder", "a device"])
@pytest.mark.parametrize("name", ["metrics.json", "history.csv"])
def test_figures_are_read_from_files_only(finished, name, kind):
    state, _ = run_folder.saved(finished)
    step = state["parts"]["Schedule"]["step"]
    assert run_folder.is_complete(finished, step)
    (finished / name).unlink()
    ODD[kind](finished / name)
    assert not run_folder.is_complete(finished, step)
    with pytest.raises(ValueError, match=f"Expected a file '{name}'"):
        comparison._row(finished)


def test_rows_without_a_loss_are_no_traceback(text, finished, capsys):
    """As those of a crafted checkpoint may be."""
    for path in checkpoint.paths(finished):
        contents = read_members(path)
        told = json.loads(contents["json"].tobytes())
        for row in told["state"]["parts"]["History"]["rows"]:
            del row["training_nats_per_character"]
        np.savez(path, **with_json(contents, json.dumps(told)))
    (finished / "metrics.json").unlink()
    assert main(["train", str(text), "--out", str(finished)]) == 0


def test_a_run_goes_on_from_the_older_checkpoint(text, finished, capsys):
    newest, older = checkpoint.paths(finished)
    np.savez(newest, **settings_changed(units=9)(read_members(newest)))
    step = int(re.search(r"\d+", older.name)[0])
    assert main(["train", str(text), "--out", str(finished)]) == 0
    shown = capsys.readouterr().out
    assert f"'{newest}' is damaged (Expected the weights of lstm" in shown
    assert f"resuming after step {step}" in shown


KINDS = {
    "gru": ["--layers=2", "--dropout=0.3"],
    "lstm": ["--embedding=3", "--weight-drop=0.2"],
    "simple_rnn": ["--precision=bfloat16", "--validation=0"],
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "flags"),
    [
        pytest.param(cell, flags, marks=[pytest.mark.slow] * (cell != other))
        for cell in KINDS
        for other, flags in KINDS.items()
    ],
)
def test_no_checkpoint_of_a_sound_run_is_left_out(text, tmp_path, cell, flags):
    out = tmp_path / "run"
    words = ["train", str(text), "--out", str(out), *SMALL, "--cell", cell]
    assert main([*words, *flags]) == 0
    assert run_folder.saved(out, pytest.fail)[1]


def test_more_arrays_than_four_digits_count_keep_their_order(tmp_path):
    arrays = [np.array(i) for i in range(10_003)]
    checkpoint.write(tmp_path, 1, {"a": 1}, arrays)
    _, read = checkpoint.newest(tmp_path)
    assert list(map(int, read)) == list(range(10_003))


def test_copies_of_checkpoints_do_not_promise_a_model(tmp_path, capsys):
    (tmp_path / COPIES[0]).write_bytes(b"a copy")
    assert main(["generate", "--model", str(tmp_path)]) == 2
    assert "has saved none yet" not in capsys.readouterr().err
    (tmp_path / "checkpoint-000000078.npz").touch()
    assert main(["generate", "--model", str(tmp_path)]) == 2
    assert "has saved none yet" in capsys.readouterr().err


@pytest.mark.parametrize("state", STATES, ids=lambda state: state[:40])
def test_the_older_checkpoint_is_tried(finished, state):
    newest, older = checkpoint.paths(finished)
    expected, _ = checkpoint.newest(finished)
    np.savez(newest, **with_json(read_members(newest), state))
    lines = []
    found, _ = run_folder.saved(finished, lines.append)
    step = int(re.search(r"\d+", older.name)[0])
    assert found["parts"]["Schedule"]["step"] == step
    assert found["settings"] == expected["settings"]
    [line] = lines
    assert "is damaged" in line
    assert len(line) < 400
    assert line.isprintable()
