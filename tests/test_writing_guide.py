"""The guides to writing show what their commands really print."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import charrnn

ROOT = Path(charrnn.__file__).parent.parent
GUIDES = "writing.md", "verse.md"
SHOWN = re.compile(r"```sh\n(.*?)```\n\n```text\n(.*?)```", re.S)
PRELUDE = 'charrnn() { "$PYTHON" -m charrnn "$@"; }\nset -e\n'


def text_of(guide):
    return (ROOT / "docs" / guide).read_text("utf-8")


@pytest.mark.parametrize("guide", GUIDES)
def test_every_command_of_the_guide_has_its_output(guide):
    text = text_of(guide)
    assert len(SHOWN.findall(text)) == text.count("```sh\n") > 2


@pytest.mark.slow
@pytest.mark.parametrize("guide", GUIDES)
@pytest.mark.skipif(os.name == "nt", reason="the commands are for a shell")
def test_the_commands_of_the_guide_print_what_it_shows(guide, tmp_path):
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "PYTHON": sys.executable,
    }  # fmt: skip
    for commands, shown in SHOWN.findall(text_of(guide)):
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
