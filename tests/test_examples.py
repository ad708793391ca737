"""The programs in examples/ run as they stand, on a small text."""

import runpy
import sys
from pathlib import Path

import pytest

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
