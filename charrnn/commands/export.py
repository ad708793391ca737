"""Write a model in a form that needs no charrnn."""

import argparse
from pathlib import Path

from charrnn.commands.options import add_model_argument
from charrnn.exports.contents import example_prompt
from charrnn.exports.export import FORMS, export
from charrnn.network.engine import load
from charrnn.network.model_file import model_path
from charrnn.system.terminal import command_line, say

USES = {  # by the ending of what was written
    ".html": "open it in a browser; it works from a disk, a mail or a site",
    ".onnx": "docs/exporting.md tells how, examples/onnx_write.py writes",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `charrnn export`."""
    add_model_argument(parser)
    parser.add_argument(
        "out",
        metavar="OUT",
        help="what to write: NAME.html (a web page that writes), NAME.onnx "
        "(ONNX), or a folder (any other name without an ending, or with a "
        "slash at its end) with a program that needs only NumPy",
    )
    kinds = {kind for form in FORMS.values() for kind in form.weights}
    parser.add_argument(
        "--weights",
        choices=sorted(kinds),
        help="int16 for a page, or float16 for the other forms, takes half "
        "the space of float32, and rounds the weights (default: int16 for a "
        "page, else float32)",
    )
    parser.add_argument(
        "--force", action="store_true", help="replace an earlier export"
    )


def run(arguments: argparse.Namespace) -> int:
    """Writes the export, and says how to use it; returns the exit code."""
    model = model_path(arguments.model)
    out = export(
        model, arguments.out, weights=arguments.weights, force=arguments.force
    )
    say(f"wrote {out}: {_size(out) / 1e6:,.1f} MB")
    say(f"use it: {_use(out, model)}")
    return 0


def _size(path: Path) -> int:
    """The bytes of a file, or of the files of a folder."""
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def _use(path: Path, model: Path) -> str:
    """How to use what was written."""
    if path.is_dir():
        prompt = example_prompt(load(model).vocabulary)
        words = ["python", str(path / "sample.py")]
        return command_line([*words, *(["--prompt", prompt] if prompt else [])])
    return USES[path.suffix.lower()]
