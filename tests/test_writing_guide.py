"""The guide to writing shows what its commands really print."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import charrnn

ROOT = Path(charrnn.__file__).parent.parent
GUIDE = ROOT / "docs" / "writing.md"
SHOWN = re.compile(r"```sh\n(.*?)```\n\n```text\n(.*?)```", re.S)
PRELUDE = 'charrnn() { "$PYTHON" -m charrnn "$@"; }\nset -e\n'


def test_every_command_of_the_guide_has_its_output():
    text = GUIDE.read_text("utf-8")
    assert len(SHOWN.findall(text)) == text.count("```sh\n") > 5


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the commands are for a shell")
def test_the_commands_of_the_guide_print_what_it_shows(tmp_path):
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "PYTHON": sys.executable,
    }  # fmt: skip
    for commands, shown in SHOWN.findall(GUIDE.read_text("utf-8")):
        result = subprocess.run(
            ["bash", "-c", PRELUDE + commands],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        assert result.returncode == 0, result.stderr
        assert result.stdout.rstrip() == shown.rstrip(), commands
