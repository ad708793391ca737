"""The notebook of examples/ runs as it stands, on a small text."""

import json
import os
import sys
from pathlib import Path

import pytest

import charrnn

ROOT = Path(charrnn.__file__).parent.parent
NOTEBOOK = ROOT / "examples/train_your_text.ipynb"
SMALL = """
TEXT = "sea.txt"
SETTINGS = {"epochs": 2, "units": 8, "layers": 1, "batch_size": 4}
PROMPT = "The "
SENTENCES = ["The sea.", "She sells shells."]
"""


def cells(kind):
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    return [c for c in notebook["cells"] if c["cell_type"] == kind]


def test_the_notebook_is_small_and_holds_no_outputs():
    assert NOTEBOOK.stat().st_size < 20_000
    for cell in cells("code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None


def test_the_settings_stand_at_the_top():
    first, *others = cells("code")
    assert first["metadata"]["tags"] == ["parameters"]
    assert not any("tags" in cell["metadata"] for cell in others)
    names = {line.split(" = ")[0] for line in SMALL.split("\n") if line}
    assert {"".join(first["source"]).count(f"{n} = ") for n in names} == {1}


@pytest.mark.slow
def test_the_notebook_runs(text, tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    code[0].source = SMALL
    (tmp_path / "sea.txt").write_bytes(text.read_bytes())
    path = os.pathsep.join([str(ROOT), *sys.path])
    monkeypatch.setenv("PYTHONPATH", path)
    nbclient.NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute()
    shown = json.dumps([cell.outputs for cell in code])
    assert "image/png" in shown  # the losses
    assert "--- temperature 1.1" in shown  # what it writes
    assert "bits per character  She sells shells." in shown
    assert "rgba(230, 110, 0," in shown
    assert "stderr" not in shown, shown
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["sea-1"]
