"""Show a reading as a web page: one file that asks nothing of the network."""

import base64
import html
import importlib.resources
import json
import re
import zlib

import numpy as np

NATS = 1024  # steps of a nat in the page's numbers
PROBABILITY = 2000  # steps of a probability


def page(reading, title):
    """Makes a page of a reading.

    Every character is coloured by its surprise. A pointer, a finger or the
    arrow keys choose one, whose probability is shown with those that were
    likelier.

    Args:
        reading: A `charrnn.reading.Reading`.
        title: The page's, such as the names of text and model.

    Returns:
        A `str` of HTML, with everything inside: about 10 bytes a character.

    Example:

    >>> import numpy as np
    >>> from charrnn.reading import Reading
    >>> reading = Reading("ab", np.ones(1), np.array([["b"]]), np.ones((1, 1)))
    >>> page(reading, "a text").startswith("<!doctype html>")
    True
    """
    alphabet, expected = np.unique(reading.expected, return_inverse=True)
    numbers = [
        np.minimum(reading.nats * NATS, 65535),
        *expected.reshape(reading.expected.shape).T,
        *(reading.probabilities * PROBABILITY).T,
    ]
    columns = np.rint(numbers).astype("<u2")  # each by itself: packs better
    data = {
        "text": reading.text,
        "alphabet": alphabet.tolist(),
        "alternatives": reading.expected.shape[1],
        "columns": _packed(columns.tobytes()),
    }
    bits = reading.bits_per_character
    places = {
        "TITLE": html.escape(title),
        "SUMMARY": f"{bits:.2f} bits per character, {len(reading.nats):,} "
        "characters scored",
        "NATS": str(NATS),
        "PROBABILITY": str(PROBABILITY),
        # What would end the script's element is written otherwise.
        "DATA": json.dumps(data).replace("<", "\\u003c"),
    }
    return filled("page.html", places)


def filled(name, places):
    """Fills in one of charrnn's pages.

    Args:
        name: Of its template, a file beside this one.
        places: What to write for each `@NAME@` in it, by `NAME`: HTML, in
            which no `@NAME@` is looked for again.

    Returns:
        A `str` of HTML.

    Example:

    >>> places = {"TITLE": "", "STYLES": "", "MAPS": "<pre>a@TITLE@b</pre>"}
    >>> "<pre>a@TITLE@b</pre>" in filled("neurons.html", places)
    True
    """
    template = importlib.resources.files("charrnn") / name
    return re.sub(
        f"@({'|'.join(places)})@",
        lambda match: places[match[1]],
        template.read_text(encoding="utf-8"),
    )


def _packed(data):
    return base64.b64encode(zlib.compress(data, 9)).decode("ascii")
