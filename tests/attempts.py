"""Try to use model files as a user would, and tell what it cost.

    python tests/attempts.py GOOD MODEL ...

prints a JSON object for each verb and file after the first. A process of its
own has a peak of memory of its own, and dies alone if a library crashes.
"""

import contextlib
import io
import json
import re
import sys
import time
from pathlib import Path

from charrnn.commands import main

SECONDS = 1.0
BYTES = 200 << 20
LINE = re.compile(r"charrnn \w+: Expected [^\x00-\x1f\x7f-\x9f]{1,800}\n")


def commands(model):
    """The command lines that read a model file, by what they are called."""
    text, out = (Path(model).parent / name for name in ("text.txt", "run"))
    begin = ["--init-from", model, "--out", out, "--epochs", "1"]
    return {
        "generate": ["generate", "--model", model, "--length=3", "--seed=1"],
        "score": ["score", model, text],
        "adapt": ["score", model, text, "--adapt"],
        "surprise": ["surprise", model, text],
        "neurons": ["neurons", model, text],
        "next": ["next", model, "--max-prefixes=9"],
        "memory": ["memory", model, text],
        "train": ["train", text, *begin],
    }


def attempt(model, verb="generate"):
    """Runs a verb with a model file in this process.

    Args:
        model: The file.
        verb: One of the `commands`.

    Returns:
        A `dict`: `code` the exit code, `output` and `error` what was printed,
        `seconds` of the processor, and `memory`, the bytes by which the peak
        of the process rose.
    """
    words = list(map(str, commands(model)[verb]))
    before, start = peak(), time.process_time()
    output, error = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(error),
    ):
        code = main(words)
    return {
        "verb": verb,
        "code": code,
        "output": output.getvalue(),
        "error": error.getvalue(),
        "seconds": time.process_time() - start,
        "memory": peak() - before,
    }


def complaint(report):
    """What is wrong with how a command ended; `None` if nothing is."""
    error = report["error"]
    if report["seconds"] > SECONDS or report["memory"] > BYTES:
        return "too expensive"
    if report["code"] == 0:
        return "a warning" if error else None
    clear = report["code"] == 2 and LINE.fullmatch(error)
    return None if clear else "an unclear end"


def peak():
    """The most memory that this process had so far, in bytes."""
    # Not ru_maxrss: it begins with that of the process before.
    status = Path("/proc/self/status").read_text("ascii")
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])


if __name__ == "__main__":
    good, *models = sys.argv[1:]
    attempt(good)  # imports what is imported but once
    for model in models:
        for verb in commands(model):
            print(json.dumps(attempt(model, verb)))
