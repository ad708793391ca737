"""The programs in examples/ run as they stand, on a small text."""

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from exported import network

import charrnn

EXAMPLES = Path(charrnn.__file__).parent.parent / "examples"
LINE = "The sea, the sea! She sells no shells. "


@pytest.mark.slow
def test_the_minimal_example_trains_and_writes(tmp_path, monkeypatch, capsys):
    path = tmp_path / "sea.txt"
    path.write_text(LINE * 300, encoding="utf-8")
    words = [str(path), "--epochs", "2", "--units", "8", "--length", "30"]
    monkeypatch.setattr(sys, "argv", ["minimal.py", *words])
    runpy.run_path(str(EXAMPLES / "minimal.py"), run_name="__main__")
    *_, written = capsys.readouterr().out.splitlines()
    assert written.startswith(LINE[:20])
    assert len(written) == 50
    assert set(written) <= set(LINE)


def test_the_minimal_example_is_short():
    lines = (EXAMPLES / "minimal.py").read_text("utf-8").splitlines()
    assert len(lines) <= 75


def certain(unit, path):
    """A network that knows what to write: its file, and a prompt with it."""
    pytest.importorskip("onnx")
    engine = network(unit)
    for array in engine.layer_weights()[-1][1]:
        array *= 1000
    charrnn.export(engine, path)
    (sample,) = charrnn.Sampler(engine).generate(
        "a ban", length=30, temperature=0
    )
    return "a ban", "a ban" + sample.text


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["character", "lines"])
def test_an_onnx_file_writes_in_python(unit, tmp_path, monkeypatch, capsys):
    pytest.importorskip("onnxruntime")
    path = tmp_path / "model.onnx"
    prompt, text = certain(unit, path)
    words = ["onnx_write.py", str(path), prompt, "30"]
    monkeypatch.setattr(sys, "argv", words)
    runpy.run_path(str(EXAMPLES / "onnx_write.py"), run_name="__main__")
    assert capsys.readouterr().out == f"{text}\n"


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["character", "lines"])
def test_an_onnx_file_writes_in_javascript(unit, tmp_path):
    """Where NODE_MODULES is a folder that has onnxruntime-web."""
    modules = Path(os.environ.get("NODE_MODULES", "node_modules"))
    if not shutil.which("node") or not (modules / "onnxruntime-web").is_dir():
        pytest.skip("Node.js or onnxruntime-web is not there")
    path = tmp_path / "model.onnx"
    prompt, text = certain(unit, path)
    (tmp_path / "node_modules").symlink_to(modules.resolve())
    shutil.copy(EXAMPLES / "onnx_write.mjs", tmp_path)
    done = subprocess.run(
        ["node", tmp_path / "onnx_write.mjs", path, prompt, "30"],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{text}\n"


@pytest.mark.parametrize("name", ["onnx_write.py", "onnx_write.mjs"])
def test_the_onnx_examples_are_short(name):
    lines = (EXAMPLES / name).read_text("utf-8").splitlines()
    assert len(lines) <= 90
