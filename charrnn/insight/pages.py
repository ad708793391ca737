"""Write a reading as a self-contained HTML page: it makes no requests.

The page's HTML contains the coloured text, so that it can be read without
JavaScript. The numbers about its pieces, which are characters or words, are
packed, because plain JSON would take several times the space:

    - they become integers of 16 bits, or of 32 bits for words: nats in steps
      of 1/1024, probabilities in steps of 1/2000, expected units as indices
      into a list;
    - one column after another: nats, then the likeliest unit of each
      position, the second likeliest, ..., then the likeliest's probability,
      the second's, ...; similar numbers next to each other compress better;
    - for words and bytes two more columns: the length of the piece on the
      page, and the number of characters that it counts as;
    - zlib compresses them, and base64 encodes the bytes as text.

The page's script reverses these steps.
"""

import base64
import html
import itertools
import os
import unicodedata
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from charrnn.insight.connected_pieces import packed_connections
from charrnn.insight.connections import Connections
from charrnn.insight.surprise import BITS_PER_COLOUR, Reading
from charrnn.insight.templates import (
    escaped,
    filled,
    script,
    script_data,
    stylesheet,
)
from charrnn.scoring.losses import to_bits
from charrnn.system.terminal import escape_controls
from charrnn.text import sources
from charrnn.text.byte_vocabulary import shown
from charrnn.text.lines import split_lines

STEPS_PER_NAT = 1024  # 16 bits are then enough for 64 nats
STEPS_OF_PROBABILITY = 2000  # between 0 and 1
MAX_COLUMN_NUMBER = 65_535

COLOUR_LEVELS = 8  # the last has no upper end
CLEARLY_SURPRISING = 6  # the level from which on the page's N key stops

# What a reader points at, and the heading of what was expected in its place.
PIECES = {"character": "character", "word": "word", "byte": "character"}
EXPECTED = {"character": "expected", "word": "expected", "byte": "first byte"}

# Invisible like other format characters, but not marked as such: a mark would
# separate the letters that they join.
JOINERS = "\u200c\u200d"

SCRIPTS = ("characters.js", "pieces.js", "reading.js")


def page(
    reading: Reading,
    title: str,
    connections: Connections | None = None,
    connections_first: bool = False,
) -> str:
    """Makes a page of a reading.

    Every character or word is coloured by its surprise. With JavaScript a
    reader can select one with the pointer, a finger or the arrow keys, and
    see its probability and what the network expected. For a model of bytes,
    the bytes of a character are shown as one, with the sum of their surprise.

    Args:
        reading: A `charrnn.Reading`.
        title: Of the page, such as the names of the text and the model.
        connections: Those of the same text, for a second mode of the page:
            what each prediction depends on. `None` to do without.
        connections_first: Whether the page begins in this mode.

    Returns:
        A `str` of self-contained HTML: up to 30 bytes per character, and with
        connections about one more for each of their window.

    Example:

    >>> import numpy as np
    >>> from charrnn.insight.surprise import Reading
    >>> reading = Reading("ab", np.ones(1), np.array([["b"]]), np.ones((1, 1)))
    >>> page(reading, "a text").startswith("<!doctype html>")
    True
    """
    step = BITS_PER_COLOUR[reading.unit]
    data, scripts = _data(reading), [*SCRIPTS]
    if connections is not None:
        data["connections"] = packed_connections(
            connections, reading.pieces, connections_first
        )
        scripts.append("connections.js")
    places = {
        "MODES": _modes(reading) if connections is not None else "",
        "TITLE": html.escape(title),
        "TEXT": _coloured(reading),
        "SUMMARY": _summary(reading),
        "LEGEND": _legend(step),
        "CLEARLY": str(step * CLEARLY_SURPRISING),
        "PIECE": PIECES[reading.unit],
        "EXPECTED": EXPECTED[reading.unit],
        "DATA": script_data(data),
        "STYLE": stylesheet(),
        "SCRIPT": script(*scripts, "surprise.js"),
    }
    places["PANEL"] = filled("panel.html", places)
    return filled("surprise.html", places)


def _summary(reading: Reading) -> str:
    """The losses, and how much of the text they are of."""
    scored = reading.score
    losses = f"{scored.bits_per_character:.2f} bits per character"
    if reading.unit != "character":
        losses += f", {to_bits(scored.nats_per_unit):.2f} per {reading.unit}"
    return f"{losses}, {scored.extent} scored"


def _modes(reading: Reading) -> str:
    """The buttons of the two modes, and the colours of the second."""
    levels = range(1, COLOUR_LEVELS + 1)
    colours = "".join(
        f'<span class="s{level}">&nbsp;</span>' for level in levels
    )
    places = {
        "PIECE": PIECES[reading.unit],
        "SHARES": f"<span>0</span>{colours} <span>1</span>",
    }
    return filled("modes.html", places)


def _legend(step: int) -> str:
    """The colours, each with the bits from which on it is used."""
    colours = [
        f'<span class="s{level}">{level * step}</span>'
        for level in range(1, COLOUR_LEVELS)
    ]
    last = COLOUR_LEVELS
    colours.append(f'<span class="s{last}">{last * step} +</span>')
    return " ".join(["<span>0</span>", *colours])


def _data(reading: Reading) -> dict:
    """The packed data about the pieces, for the page's script."""
    pieces = reading.pieces
    first = pieces.first_units[1:] - 1  # of each piece but the first
    columns = reading.expected[first]
    names = sorted(set(columns.ravel().tolist()))
    ids = {name: i for i, name in enumerate(names)}
    expected = np.array([[ids[name] for name in row] for row in columns.T])
    bits = reading.bits_of_pieces
    nats = bits[1:] * np.log(2)
    texts = [shown(piece) for piece in pieces.texts]
    numbers = [
        np.minimum(nats * STEPS_PER_NAT, MAX_COLUMN_NUMBER),
        *expected,
        *(reading.probabilities[first] * STEPS_OF_PROBABILITY).T,
    ]
    if reading.lengths is not None:
        numbers += _lengths(texts, reading.lengths, pieces.first_units)
    width = "<u4" if reading.unit == "word" else "<u2"
    packed = zlib.compress(np.rint(numbers).astype(width).tobytes(), 9)
    return {
        # HTML cannot contain a NUL: the page's text has U+2400 there.
        "nuls": [i for i, c in enumerate("".join(texts)) if c == "\0"],
        "names": names,
        "alternatives": reading.expected.shape[1],
        "scored": len(nats),
        # The length and the surprise, in bits, of the first piece.
        "first": [len(texts[0]), float(bits[0])],
        "columns": base64.b64encode(packed).decode("ascii"),
        **_scales(reading.unit),
    }


def _scales(unit: str) -> dict:
    """What the numbers of a page count."""
    step = BITS_PER_COLOUR[unit]
    return {
        "unit": unit,
        "piece": PIECES[unit],
        "step": step,
        "clearly": step * CLEARLY_SURPRISING,
        "steps_per_nat": STEPS_PER_NAT,
        "steps_of_probability": STEPS_OF_PROBABILITY,
    }


def _lengths(
    texts: Sequence[str], lengths: np.ndarray, first_units: np.ndarray
) -> list[np.ndarray]:
    """The length of each piece but the first, and what it counts as."""
    on_page = np.fromiter(map(len, texts), np.int64)
    counted = np.add.reduceat(lengths.astype(np.int64), first_units)
    return [on_page[1:], counted[1:]]


def title_of(
    text: os.PathLike | str | Sequence[os.PathLike | str],
    model: os.PathLike | str,
) -> str:
    """The title of a page about a text and the model that read it.

    Args:
        text: As for `charrnn.read`: a path, `-`, a corpus, or a list.
        model: A path.

    Returns:
        A `str` of file names. Their folders are left out, because they are
        private and pages are passed on. It can be encoded as UTF-8.

    Example:

    >>> title_of("/home/ann/letter.txt", "runs/ann-1")
    'letter.txt, read by ann-1'
    >>> title_of("-", "shakespeare")
    'standard input, read by shakespeare'
    """
    texts = [text] if isinstance(text, str | os.PathLike) else text
    names = sources.title([_name(path) for path in texts])
    title = escape_controls(f"{names}, read by {_name(model)}")
    return title.encode("utf-8", "backslashreplace").decode("utf-8")


def _name(path: os.PathLike | str) -> str:
    return Path(os.path.abspath(path)).name


def _coloured(reading: Reading) -> str:
    """The text's lines in HTML, coloured, with control characters marked."""
    bits = reading.bits_of_pieces / BITS_PER_COLOUR[reading.unit]
    levels = np.minimum(bits, COLOUR_LEVELS).astype(int)
    texts = [shown(piece) for piece in reading.pieces.texts]
    levels = np.repeat(levels, np.fromiter(map(len, texts), np.int64))
    rows, start = [], 0
    for line in split_lines("".join(texts)):
        own = zip(levels[start : start + len(line)].tolist(), line, strict=True)
        start += len(line)
        parts = [
            _span("".join(character for _, character in group), *key)
            for key, group in itertools.groupby(own, _class)
        ]
        rows.append(f"<div class=row>{''.join(parts)}</div>")
    return "".join(rows)


def _class(pair: tuple[int, str]) -> tuple[int, str]:
    """The level of a character, and its kind: `"sign"`, `"end"` or `""`."""
    level, character = pair
    if character == "\n":
        return level, "end"
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")
    return level, "sign" * (hidden and character not in f"\t\r{JOINERS}")


def _span(text: str, level: int, kind: str) -> str:
    """A text in HTML, wrapped in an element if it has a colour or a kind."""
    names = f"s{level}" * bool(level), kind
    classes = " ".join(filter(None, names))
    if not classes:
        return escaped(text)
    quote = '"' * (" " in classes)
    return f"<b class={quote}{classes}{quote}>{escaped(text)}</b>"
