"""Fill in the templates of HTML pages, which share one stylesheet."""

import html
import importlib.resources
import json
import re
from typing import Any

from charrnn.system.palette import DARK, LIGHT, Palette

HERE = "charrnn.insight"


def template(name: str, package: str = HERE) -> str:
    """Reads a part of a page: HTML, a stylesheet or a script.

    Args:
        name: Of the file.
        package: The room; the file is in its folder `browser`.

    Returns:
        A `str`.

    Example:

    >>> template("neurons.html")[:15]
    '<!doctype html>'
    """
    path = importlib.resources.files(package) / "browser" / name
    return path.read_text(encoding="utf-8")


def filled(name: str, places: dict[str, str], package: str = HERE) -> str:
    """Fills in a template.

    Args:
        name: Of the file.
        places: The HTML that replaces each `@NAME@`, by `NAME`. An `@NAME@`
            inside it is left as it is.
        package: As for `template`.

    Returns:
        A `str` of HTML.

    Example:

    >>> filled("panel.html", {"PIECE": "word", "EXPECTED": "@PIECE@"})[:30]
    '<aside aria-live="polite" id="'
    """
    return re.sub(
        f"@({'|'.join(places)})@",
        lambda match: places[match[1]],
        template(name, package),
    )


def script(*names: str, package: str = HERE) -> str:
    """Joins scripts into one, which share their names.

    Args:
        *names: Of files, in an order in which each uses only earlier ones.
        package: As for `template`.

    Returns:
        A `str` of JavaScript for a script element of a page.

    Example:

    >>> script("characters.js").splitlines()[0]
    '"use strict";'
    """
    return "\n".join(['"use strict";', *(template(n, package) for n in names)])


def stylesheet() -> str:
    """The style of all pages, with their colours in light and in dark mode.

    Returns:
        A `str` of CSS.

    Example:

    >>> "--accent: #2166ac" in stylesheet()
    True
    """
    return (
        f":root {{ color-scheme: light dark; {_variables(LIGHT)} }}\n"
        "@media (prefers-color-scheme: dark) {\n"
        f":root {{ {_variables(DARK)} }}\n}}\n"
        f"{_levels()}\n{template('style.css')}"
    )


def _variables(palette: Palette) -> str:
    """The colours of a palette as properties: `--ink`, `--surprise-1`, ..."""
    colours = {
        name: getattr(palette, name)
        for name in ("page", "panel", "ink", "faint", "line", "accent")
    }
    for level, colour in enumerate(palette.surprise, 1):
        colours[f"surprise-{level}"] = colour
    for level, colour in enumerate(palette.activation):
        colours[f"activation-{level}"] = colour
    return "; ".join(f"--{name}: {colour}" for name, colour in colours.items())


def _levels() -> str:
    """The classes `s1`, `s2`, ... of surprise, `l0`, `l1`, ... of activation.

    Each is short, because a page may have 100,000 of them.
    """
    surprise = [
        f".s{i} {{ background: var(--surprise-{i}) }}"
        for i in range(1, len(LIGHT.surprise) + 1)
    ]
    activation = [
        f".l{i} {{ background: var(--activation-{i}) }}"
        for i in range(len(LIGHT.activation))
    ]
    return "\n".join([*surprise, *activation])


def script_data(value: Any) -> str:
    """Data as JSON that no text inside can end the script element.

    Args:
        value: Anything that JSON can hold.

    Returns:
        A `str` of ASCII, for `<script type="application/json">`.

    Example:

    >>> script_data(["</script>", "<!--"])
    '["\\\\u003c/script>", "\\\\u003c!--"]'
    """
    return json.dumps(value).replace("<", "\\u003c")


def escaped(text: str) -> str:
    r"""Escapes a text for HTML so that a browser reads the same characters.

    Args:
        text: A `str`.

    Returns:
        A `str` of HTML. A NUL, which HTML cannot contain, becomes U+2400.

    Example:

    >>> escaped("<a>\r\n\0")
    '&lt;a&gt;&#13;\n␀'
    """
    text = html.escape(text, quote=False).replace("\0", "\u2400")
    return text.replace("\r", "&#13;")
