"""The guide to copying, loops and the best of many shows what is printed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import charrnn
from charrnn.text import catalogue

ROOT = Path(charrnn.__file__).parent.parent
GUIDE = (ROOT / "docs" / "copying.md").read_text("utf-8")
SHOWN = re.findall(r"```sh\n([^`]*)```\n\n```text\n([^`]*)```", GUIDE)
PRELUDE = 'charrnn() { "$PYTHON" -m charrnn "$@"; }\nset -e\n'
(STATE,) = (
    corpus["state"]
    for corpus in catalogue.states()
    if corpus["name"] == "shakespeare"
)


def needs_the_plays(commands):
    return "--max-copy" in commands or "shakespeare --min-run" in commands


@pytest.mark.slow  # the bundled model writes for seconds
@pytest.mark.skipif(os.name == "nt", reason="the commands are for a shell")
@pytest.mark.parametrize(("commands", "shown"), SHOWN, ids=range(len(SHOWN)))
def test_the_commands_print_what_the_guide_shows(commands, shown, tmp_path):
    if needs_the_plays(commands) and STATE != "ready":
        pytest.skip("the plays have not been fetched")
    result = subprocess.run(
        ["bash", "-c", PRELUDE + commands],
        cwd=tmp_path,
        env={
            **os.environ, "PYTHONPATH": str(ROOT), "PYTHON": sys.executable,
        },
        capture_output=True,
        text=True,
        encoding="utf-8",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stdout.rstrip() == shown.rstrip()


def test_most_commands_need_nothing_fetched():
    free = [shown for shown in SHOWN if not needs_the_plays(shown[0])]
    assert (len(SHOWN), len(free)) == (6, 4)


def test_the_python_example_runs(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copy(trained.text, "my.txt")
    shutil.copytree(trained.folder, "runs/my-1")
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE, re.S)
    exec(code.replace("length=300, count=20", "length=30, count=2"), {})
    assert len(capsys.readouterr().out.splitlines()) >= 2
