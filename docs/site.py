"""What mkdocs.yml asks for beyond docs/: other pages, and the API's.

A file of the site has the place that it has in the repository, so that links
between pages work on both. The API's pages are made from docstrings: one for
the public names, and one a room, whose docstring lists its modules in order.
The pages of docs/learn/ are made from its notebooks.
"""

import ast
import re
from pathlib import Path

import griffe
import notebooks
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "charrnn"
# What pages link to besides pages.
LINKED = ["LICENSE", "docs/gallery/*.*", "benchmarks/*.png", "docs/site.css"]
LINKED += ["examples/*", "docs/learn/*.ipynb"]


def on_files(files, config):
    """The theme's files, those of the repository, and the API's pages."""
    mine = Path(config.docs_dir)
    result = Files([f for f in files if Path(f.src_dir or "") != mine])
    for path in sorted(pages(config.nav)):
        made = api(path)
        if path.startswith("docs/learn/"):
            for name, content in lesson(path).items():
                result.append(File.generated(config, name, content=content))
        elif made is None:
            result.append(_there(path, config))
        else:
            result.append(File.generated(config, path, content=made))
    for pattern in LINKED:
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            result.append(_there(name, config))
    return result


def _there(name, config):
    return File(name, str(ROOT), config.site_dir, config.use_directory_urls)


def on_page_markdown(markdown, **event):
    return notebooks.to_pages(markdown)


def lesson(path):
    """A page that is made from a notebook, and its pictures, by their names."""
    notebook = notebooks.read((ROOT / path).with_suffix(".ipynb"))
    text, pictures = notebooks.as_page(notebook, Path(path).stem)
    folder = Path(path).parent
    named = {(folder / n).as_posix(): made for n, made in pictures.items()}
    return {path: text, **named}


def pages(nav):
    """The paths that a navigation of mkdocs names, at any depth."""
    if isinstance(nav, str):
        return {nav}
    parts = nav.values() if isinstance(nav, dict) else nav
    return set().union(*map(pages, parts))


def api(path):
    """The text of a page that is made from docstrings; of others `None`."""
    if path == "docs/api.md":
        return public_names()
    if path.startswith("docs/rooms/"):
        return room(Path(path).stem)
    return None


def room(name):
    """A page with a room's sentence and modules, in the docstring's order."""
    doc = docstring(PACKAGE / name / "__init__.py")
    sentence, *items = re.split(r"\s+- (?=`\w+`: )", doc)
    modules = [re.match("`(.*?)`", item).group(1) for item in items]
    blocks = [f"# {name}", sentence]
    blocks += [f"::: charrnn.{name}.{module}" for module in modules]
    return "\n\n".join(blocks)


def public_names():
    """A page with the names of `charrnn`, where they are, and what they are."""
    lines = ["# Public names", docstring(PACKAGE / "__init__.py"), ""]
    lines += ["| `charrnn.` | |", "|---|---|"]
    for name, home in homes().items():
        target = f"charrnn.{home}.{name}"
        lines.append(f"| [`{name}`][{target}] | {summary(home, name)} |")
    return "\n".join(lines)


def homes():
    """`charrnn._HOMES`, read without importing the package."""
    for node in ast.parse((PACKAGE / "__init__.py").read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "_HOMES":
            return ast.literal_eval(node.value)
    raise ValueError("Expected _HOMES in charrnn/__init__.py. Found none.")


def summary(home, name):
    """The first line of a public name's docstring."""
    path = PACKAGE.joinpath(*home.split(".")).with_suffix(".py")
    for node in ast.parse(path.read_text("utf-8")).body:
        if getattr(node, "name", None) == name:
            return ast.get_docstring(node).splitlines()[0]
    raise ValueError(f"Expected {name} in {path.name}. Found none.")


def docstring(path):
    return ast.get_docstring(ast.parse(path.read_text("utf-8")))


class Readable(griffe.Extension):
    """Writes docstrings so that the site's builder understands them."""

    def on_object(self, *, obj, **event):
        if obj.docstring:
            doc = one_by_one(obj.docstring.value)
            obj.docstring.value = fenced(set_in(doc))


def fenced(doc):
    """Doctests, up to a blank line, as code: Markdown would take `>>>` for
    a quotation.
    """
    return re.sub(
        r"(?m)^>>> (?:.+\n?)+",
        lambda example: f"```pycon\n{example[0].rstrip()}\n```\n",
        doc,
    )


def one_by_one(doc):
    """Arguments and errors that share a description, each with its own."""
    shared = r"(?m)^ {4}(\w+(?:, \w+)+)(: .+(?:\n {5,}.+)*)"
    return re.sub(
        shared,
        lambda entry: "\n".join(
            f"    {name}{entry[2]}" for name in entry[1].split(", ")
        ),
        doc,
    )


def set_in(doc):
    """What belongs to an item of a list, set in by four instead of two."""
    lines, in_item = [], False
    for line in doc.splitlines():
        if line.strip():
            in_item = line.startswith(("- ", "  ") if in_item else "- ")
        more = "  " if in_item and line.startswith("  ") else ""
        lines.append(more + line)
    return "\n".join(lines)
