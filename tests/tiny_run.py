"""A text, the flags of a run that takes seconds, and a way to start one."""

import subprocess
import sys
from pathlib import Path

import charrnn

ROOT = Path(charrnn.__file__).parent.parent
QUOTED_SEA = "the sea, the sea!\nshe sells 'shells' - \"so\"\n"
SEA = "The sea, the sea!\nShe sells no shells; she sees the sea.\n" * 40
TINY = [
    "--units=8", "--layers=1", "--seq-length=16", "--batch-size=4",
    "--epochs=5",
]  # fmt: skip


def run(*words, **options):
    """Runs a script in the checkout as a user does, in a fresh process."""
    return subprocess.run(
        [sys.executable, *map(str, words)],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        **options,
    )
