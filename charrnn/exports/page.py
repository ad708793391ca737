"""Write a network as a web page that writes: one file, without requests.

The page has three scripts:

    model   JSON: facts, vocabulary, and the weights as base64
    engine  the network's equations and the sampler in JavaScript; it runs in
            a worker
    script  the page itself: shows what the engine writes, and asks it

They are the files of `browser/`, joined. A model's names and words are data
in the JSON, in which no "<" is left that could end its script.
"""

import base64
import html
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.exports.contents import arrays_of, check_weights, described
from charrnn.exports.javascript import javascript_pattern
from charrnn.exports.respellings import respellings
from charrnn.insight.pages import EXPECTED, PIECES
from charrnn.insight.templates import (
    filled,
    script,
    script_data,
    stylesheet,
    template,
)
from charrnn.network.engine import Engine
from charrnn.system import atomic
from charrnn.system.terminal import one_line
from charrnn.text.units import UnitVocabulary

HERE = "charrnn.exports"
ENGINE = (
    "network.js", "vocabulary.js", "random.js", "probabilities.js",
    "sampler.js", "marks.js", "slices.js", "session.js",
)  # fmt: skip
# Scripts of all pages, and of this one.
SHARED = "characters.js", "pieces.js", "reading.js"
SCRIPT = (
    "client.js", "settings.js", "write.js", "choose.js", "read.js",
    "probes.js", "cells.js", "inside.js", "tabs.js",
)  # fmt: skip

WEIGHTS = ("int16", "float32")
BYTES_PER_CHUNK = 3 << 18  # a multiple of 3 and of 4

DEFAULT_LENGTH = 1000  # units, as for `charrnn generate`
MAX_DOCUMENT_LENGTH = 1_000_000


def write(engine: Engine, path: Path, weights: str, title: str) -> None:
    """Writes the page of a network.

    Args:
        engine: The model.
        path: Where to write it.
        weights: As for `page`.
        title: As for `page`.

    Raises:
        ValueError: as `page` does.
        OSError: if the file cannot be written.

    Example:

    >>> import tempfile
    >>> from charrnn import load
    >>> path = Path(tempfile.mkdtemp()) / "page.html"
    >>> write(load("shakespeare"), path, "int16", "shakespeare")
    >>> path.stat().st_size < 10_000_000
    True
    """
    atomic.write_text(path, page(engine, title, weights))


def page(engine: Engine, title: str, weights: str = WEIGHTS[0]) -> str:
    """Makes the page of a network.

    Args:
        engine: The model.
        title: Its name, in the page's title.
        weights: `"int16"` for integers, with a scale for each row of a
            matrix, or `"float32"` for exactly the texts of `charrnn generate`
            at twice the size.

    Returns:
        A `str` of self-contained HTML.

    Raises:
        ValueError: if a layer's equations are not known to the page, or the
            weights have another type.

    Example:

    >>> from charrnn import Vocabulary, build_model
    >>> from charrnn.network.engine import Engine
    >>> vocabulary = Vocabulary("ab")
    >>> model = build_model(vocabulary, units=4)
    >>> made = page(Engine.from_keras(model, vocabulary), "<ab>")
    >>> "&lt;ab&gt;" in made, "<ab>" in made
    (True, False)
    """
    unit = engine.vocabulary.unit
    # A file name may hold what is invisible, or cannot be encoded.
    title = one_line(title).encode("utf-8", "backslashreplace").decode("utf-8")
    places = {
        "TITLE": html.escape(title),
        "STYLE": stylesheet() + template("page.css", HERE),
        "MODEL": script_data(packed(engine, title, weights)),
        "ENGINE": engine_script(),
        "SCRIPT": script(*SHARED) + script(*SCRIPT, package=HERE),
        "PANEL": filled(
            "panel.html", {"PIECE": PIECES[unit], "EXPECTED": EXPECTED[unit]}
        ),
    }
    return filled("page.html", places, package=HERE)


def packed(engine: Engine, title: str, weights: str) -> dict[str, Any]:
    """Packs a network as data for the page's scripts.

    Args:
        engine: The model.
        title: As for `page`.
        weights: As for `page`.

    Returns:
        A JSON-serializable `dict`: `facts` for the page, and `vocabulary`,
        `network` and `weights` for the engine.

    Raises:
        ValueError: as `page` does.

    Example:

    >>> from charrnn import load
    >>> packed(load("shakespeare"), "shakespeare", "int16")["facts"]["units"]
    69
    """
    check_weights(weights, WEIGHTS)
    named = arrays_of(engine)
    matrices = list(_matrices(named))
    about = described(engine)
    return {
        "facts": {**_facts(engine, about), "name": title, "weights": weights},
        "vocabulary": _vocabulary(engine.vocabulary, about),
        "network": {
            "embedding": "embedding" in named,
            "layers": _layers(engine),
            "arrays": [matrix.shape for matrix in matrices],
        },
        "weights": {"format": weights, **_weights(matrices, weights)},
    }


def engine_script() -> str:
    """The engine, as a function of the page that starts it.

    Returns:
        JavaScript that defines `startEngine(post)` and nothing else.

    Example:

    >>> engine_script().startswith("function startEngine(post) {")
    True
    """
    return (
        f"function startEngine(post) {{\n{script(*ENGINE, package=HERE)}\n"
        "return new Session(post);\n}\n"
    )


def _matrices(arrays: Mapping[str, np.ndarray]) -> Iterator[np.ndarray]:
    """The weights as matrices, as network.js takes them.

    A matrix by which a vector is multiplied has a row for each result, which
    is then a sum over consecutive numbers. One from which an id selects has a
    row for each id.
    """
    selected = "embedding" if "embedding" in arrays else "W1"
    for name, array in arrays.items():
        if array.ndim == 1:
            yield array[None]
        else:
            yield array if name == selected else array.T


def _weights(matrices: list[np.ndarray], kind: str) -> dict[str, list[str]]:
    """The numbers of matrices, and the scales of their rows if rounded."""
    if kind == "float32":
        return {"chunks": _chunks(matrices)}
    rounded, scales = zip(*map(_rounded, matrices), strict=True)
    return {"chunks": _chunks(rounded), "scales": _chunks(scales)}


def _rounded(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Integers of 16 bits, and the scale of each row that they multiply."""
    largest = np.abs(matrix).max(1)
    largest[largest == 0] = 1
    # A little above the quotient, so that no integer is out of range.
    scales = np.nextafter(largest / np.float32(32767), np.float32(np.inf))
    return np.rint(matrix / scales[:, None]).astype(np.int16), scales


def _chunks(arrays: Sequence[np.ndarray]) -> list[str]:
    """The bytes of arrays one after another, as pieces of base64."""
    data = b"".join(
        array.astype(array.dtype.newbyteorder("<")).tobytes()
        for array in arrays
    )
    return [
        base64.b64encode(data[start : start + BYTES_PER_CHUNK]).decode("ascii")
        for start in range(0, len(data), BYTES_PER_CHUNK)
    ]


def _layers(engine: Engine) -> list[dict[str, Any]]:
    return [
        {"cell": layer.name, "units": len(layer.U)} for layer in engine.layers
    ]


def _facts(engine: Engine, about: Mapping[str, Any]) -> dict[str, Any]:
    """What the page says about the model."""
    vocabulary, longest = engine.vocabulary, about["longest_document"]
    length = min(2 * longest, MAX_DOCUMENT_LENGTH) if longest else None
    made = about["made"]
    bits = _entry(made, "metrics", "validation_bits_per_char", (int, float))
    return {
        "unit": vocabulary.unit,
        "plural": vocabulary.plural,
        "documents": vocabulary.boundary is not None,
        "end": vocabulary.end,
        "layers": _layers(engine),
        "parameters": engine.parameters,
        "units": len(vocabulary),
        "alphabet": vocabulary.alphabet,
        "bitsPerCharacter": bits,
        "trainedOn": _entry(made, "text", "name", str),
        "characters": _entry(made, "split", "training_characters", int),
        "length": length or DEFAULT_LENGTH,
    }


def _entry(
    facts: Mapping[str, Any], part: str, name: str, kind: type | tuple
) -> Any:
    """An entry of a stranger's facts; `None` if it is not of a type.

    JSON has no NaN and no infinity.
    """
    found = facts.get(part)
    value = found.get(name) if isinstance(found, dict) else None
    fits = isinstance(value, kind) and not isinstance(value, bool)
    endless = isinstance(value, float) and not math.isfinite(value)
    return value if fits and not endless else None


def _vocabulary(
    vocabulary: UnitVocabulary, about: Mapping[str, Any]
) -> dict[str, Any]:
    """What vocabulary.js needs."""
    names = (
        "unit", "vocabulary", "stand_in", "boundary", "documents", "newline",
        "normalize", "continuations",
    )  # fmt: skip
    return {
        **{name: about[name] for name in names},
        "line_end": vocabulary.line_end(),
        "cuts": javascript_pattern(about["cuts"]),
        "respellings": respellings(vocabulary),
    }
