"""Show a reading as a web page: one file that asks nothing of the network."""

import base64
import html
import importlib.resources
import itertools
import json
import os
import re
import unicodedata
import zlib
from pathlib import Path

import numpy as np

from charrnn.system.terminal import escape_controls
from charrnn.text import sources
from charrnn.text.lines import split_lines

NATS = 1024  # steps of a nat in the page's numbers
PROBABILITY = 2000  # steps of a probability
LEVELS = 8  # colours: of 1, 2, ... bits
JOINERS = "\u200c\u200d"  # without a shape, but they shape their neighbours


def page(reading, title):
    """Makes a page of a reading.

    Every character is coloured by its surprise. A pointer, a finger or the
    arrow keys choose one, whose probability is shown with those that were
    likelier; this alone needs JavaScript.

    Args:
        reading: A `charrnn.Reading`.
        title: The page's, such as the names of text and model.

    Returns:
        A `str` of HTML, with everything inside: up to 30 bytes a character.

    Example:

    >>> import numpy as np
    >>> from charrnn.insight.surprise import Reading
    >>> reading = Reading("ab", np.ones(1), np.array([["b"]]), np.ones((1, 1)))
    >>> page(reading, "a text").startswith("<!doctype html>")
    True
    """
    expected = reading.expected.ravel().tolist()
    alphabet = sorted(set(expected))
    ids = {character: i for i, character in enumerate(alphabet)}
    expected = np.array([ids[character] for character in expected])
    numbers = [
        np.minimum(reading.nats * NATS, 65535),
        *expected.reshape(reading.expected.shape).T,
        *(reading.probabilities * PROBABILITY).T,
    ]
    columns = np.rint(numbers).astype("<u2")  # each by itself: packs better
    data = {
        "nuls": [i for i, c in enumerate(reading.text) if c == "\0"],
        "alphabet": alphabet,
        "alternatives": reading.expected.shape[1],
        "columns": _packed(columns.tobytes()),
    }
    bits = reading.bits_per_character
    places = {
        "TITLE": html.escape(title),
        "TEXT": _coloured(reading),
        "SUMMARY": f"{bits:.2f} bits per character, {len(reading.nats):,} "
        "characters scored",
        "NATS": str(NATS),
        "PROBABILITY": str(PROBABILITY),
        # What would end the script's element is written otherwise.
        "DATA": json.dumps(data).replace("<", "\\u003c"),
    }
    return filled("page.html", places)


def title_of(text, model):
    """The title of a page about a model that reads a text.

    Args:
        text: As for `charrnn.read`: a path, `-`, a corpus, or a list.
        model: A path.

    Returns:
        A `str`: names only, since pages are given to others, whom the folders
        are none of their business, in characters that UTF-8 can store.

    Example:

    >>> title_of("/home/ann/letter.txt", "runs/ann-1")
    'letter.txt, read by ann-1'
    >>> title_of("-", "shakespeare")
    'standard input, read by shakespeare'
    """
    texts = [text] if isinstance(text, str | os.PathLike) else text
    text, model = sources.title(list(map(_name, texts))), _name(model)
    title = escape_controls(f"{text}, read by {model}")
    return title.encode("utf-8", "backslashreplace").decode("utf-8")


def _name(path):
    return Path(os.path.abspath(path)).name


def escaped(text):
    r"""Writes a text in HTML, so that a browser finds all of its characters.

    Args:
        text: A `str`.

    Returns:
        A `str` of HTML. A NUL, which HTML has no way to write, is U+2400.

    Example:

    >>> escaped("<a>\r\n\0")
    '&lt;a&gt;&#13;\n␀'
    """
    text = html.escape(text, quote=False).replace("\0", "\u2400")
    return text.replace("\r", "&#13;")


def _coloured(reading):
    """The text's lines in HTML, coloured, with its control characters shown."""
    levels = np.append(0, np.minimum(reading.bits, LEVELS).astype(int))
    rows, start = [], 0
    for line in split_lines(reading.text):
        own = zip(levels[start : start + len(line)].tolist(), line, strict=True)
        start += len(line)
        parts = [
            _span("".join(character for _, character in group), *key)
            for key, group in itertools.groupby(own, _class)
        ]
        rows.append(f"<div class=row>{''.join(parts)}</div>")
    return "".join(rows)


def _class(pair):
    """The level of a character, and what it is: a sign, an end, or neither."""
    level, character = pair
    if character == "\n":
        return level, "end"
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")
    return level, "sign" * (hidden and character not in f"\t\r{JOINERS}")


def _span(text, level, kind):
    classes = f"s{level}" * bool(level), kind
    classes = " ".join(filter(None, classes))
    if not classes:
        return escaped(text)
    quote = '"' * (" " in classes)
    return f"<b class={quote}{classes}{quote}>{escaped(text)}</b>"


def filled(name, places):
    """Fills in one of charrnn's pages.

    Args:
        name: Of its template, a file beside this one.
        places: What to write for each `@NAME@` in it, by `NAME`: HTML, in
            which no `@NAME@` is looked for again.

    Returns:
        A `str` of HTML.

    Example:

    >>> places = {"TITLE": "", "LIST": "", "MAPS": "<pre>a@TITLE@b</pre>"}
    >>> "<pre>a@TITLE@b</pre>" in filled("neurons.html", places)
    True
    """
    template = importlib.resources.files("charrnn.insight") / name
    return re.sub(
        f"@({'|'.join(places)})@",
        lambda match: places[match[1]],
        template.read_text(encoding="utf-8"),
    )


def _packed(data):
    return base64.b64encode(zlib.compress(data, 9)).decode("ascii")
