"""Run the notebooks of docs/learn/, and make pages of the site from them.

    python docs/notebooks.py docs/learn/2-learning.ipynb

runs a notebook from top to bottom in a new process, and stores what it shows
in it. Without a name, it runs all of them. A notebook is the only source of its
page: the site shows what is stored, and a test runs it again and compares.
"""

import base64
import hashlib
import json
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "docs/learn").glob("*.ipynb"))

# Pictures as SVG, the same ones in every run.
PICTURES = """
import matplotlib
from matplotlib_inline.backend_inline import set_matplotlib_formats
set_matplotlib_formats("svg", metadata={"Date": None})
matplotlib.rcParams["svg.hashsalt"] = "charrnn"
"""
# The kinds of output that a page can show, the best one first.
KINDS = ("image/svg+xml", "image/png", "text/html", "text/plain")
# Lines that TensorFlow logs when it starts, on some machines.
LOGGED = re.compile(
    r"(?:WARNING: All log messages|[IWE]\d{4} |To enable the following).*\s*"
)
LINK = re.compile(r"(\]\((?:[\w./-]*learn/)?\d-[\w-]+)\.ipynb\b")


def read(path):
    return json.loads(Path(path).read_text("utf-8"))


def write(path, notebook):
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True)
    Path(path).write_text(text + "\n", "utf-8", newline="\n")


def code_of(notebook):
    return [c for c in notebook["cells"] if c["cell_type"] == "code"]


def digest(notebook):
    """Tells whether the code was changed after it was run."""
    code = json.dumps(["".join(c["source"]) for c in code_of(notebook)])
    return hashlib.sha256(code.encode("utf-8")).hexdigest()[:16]


def run(notebook, folder):
    """Runs a notebook in a new process, with a folder as its own.

    Returns:
        The notebook with its outputs, and the digest of what was run.
    """
    import nbformat
    from nbclient import NotebookClient

    made = nbformat.reads(json.dumps(notebook), as_version=4)
    made.cells.insert(0, nbformat.v4.new_code_cell(PICTURES, id="pictures"))
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    # One thread: sums are then made in the same order on every machine.
    own = {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
    NotebookClient(
        made,
        timeout=300,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    ).execute(env={**os.environ, **own})
    del made.cells[0]
    return _tidy(json.loads(nbformat.writes(made)), digest(notebook))


def _tidy(notebook, digest):
    """Without what differs from one run, or one machine, to the next."""
    for number, cell in enumerate(code_of(notebook), 1):
        cell["execution_count"] = number
        cell["outputs"] = [o for o in cell["outputs"] if not _is_log(o)]
        for output in cell["outputs"]:
            if "execution_count" in output:
                output["execution_count"] = number
            kind = kind_of(output)
            if kind.startswith("image/"):
                output["data"] = {kind: output["data"][kind]}
                output["metadata"] = {
                    kind: {"alt": cell["metadata"].get("alt", "")}
                }
    notebook["metadata"] = {
        "charrnn": {"outputs_of": digest},
        "kernelspec": notebook["metadata"]["kernelspec"],
        "language_info": {"name": "python"},
    }
    return notebook


def _is_log(output):
    lines = "".join(output.get("text", "")).splitlines()
    return output.get("name") == "stderr" and all(map(LOGGED.fullmatch, lines))


def kind_of(output):
    """The kind of an output that a page shows, or its type: `"stream"`."""
    data = output.get("data", {})
    return next((k for k in KINDS if k in data), output["output_type"])


def as_page(notebook, name):
    """Makes a page of the site.

    Args:
        notebook: With its outputs.
        name: Of its file, without the suffix.

    Returns:
        `(text, pictures)`: Markdown, and the pictures' bytes by their names.
    """
    blocks, pictures = [], {}
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            blocks.append(source.replace("<details>", '<details markdown="1">'))
        else:
            outputs = _outputs(cell, name, pictures)
            block = "\n\n".join([f"```python\n{source}\n```", *outputs])
            blocks.append(_folded(block) if is_folded(cell) else block)
    title, *others = blocks
    as_file = f'<a href="{name}.ipynb" download>This page as a notebook</a>'
    return "\n\n".join([title, as_file, *others]), pictures


def is_folded(cell):
    return cell["metadata"].get("jupyter", {}).get("source_hidden", False)


def _folded(block):
    return (
        '<details markdown="1">\n<summary>Answer, computed</summary>\n\n'
        f"{block}\n\n</details>"
    )


def _outputs(cell, name, pictures):
    """The Markdown of a cell's outputs; adds their pictures."""
    for output in cell["outputs"]:
        kind = kind_of(output)
        if kind.startswith("image/"):
            file = f"{name}-{len(pictures) + 1}.{kind[6:9]}"
            pictures[file] = _bytes("".join(output["data"][kind]), kind)
            yield f"![{cell['metadata'].get('alt', '')}]({file})"
        elif kind == "text/html":
            yield f"<div>{''.join(output['data'][kind])}</div>"
        else:
            text = output["text"] if kind == "stream" else output["data"][kind]
            text = "".join(text).rstrip("\n")
            yield f"``` {{ .text .output }}\n{text}\n```"


def _bytes(text, kind):
    if kind == "image/png":
        return base64.b64decode(text)
    return text.encode("utf-8")


def to_pages(text):
    """Lets links to notebooks lead to their pages."""
    return LINK.sub(r"\1.md", text)


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:] or NOTEBOOKS):
        write(path, run(read(path), path.parent))
