"""Draw shapes and words once, for SVG and for PNG, in light and in dark.

Colours are the names of the palette: `"ink"`, `"accent"`, `"surprise-3"` or
`"activation-0"`. A picture in SVG contains both palettes, and follows what its
reader prefers; one in PNG has one of them.
"""

import html
from pathlib import Path

from charrnn.system import atomic
from charrnn.system.palette import DARK, LIGHT, Palette
from charrnn.system.raster import save_png
from charrnn.system.shapes import Line, Rectangle, Shape, Words

MONO = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
SANS = "system-ui, 'DejaVu Sans', sans-serif"
# The width of a character of MONO, as a part of the size of the letters.
ASPECT = 0.61


class Drawing:
    """A picture of rectangles, lines and words.

    Jupyter shows one as SVG.

    Args:
        width: In pixels.
        height: In pixels; y grows downwards.
        title: What the picture shows, for those who do not see it.

    Example:

    >>> drawing = Drawing(90, 30, "a square")
    >>> drawing.rectangle(5, 5, 20, 20, "accent")
    >>> drawing.words(30, 20, "<h>")
    >>> drawing.svg()[:4], "&lt;h&gt;" in drawing.svg()
    ('<svg', True)
    """

    def __init__(self, width: float, height: float, title: str) -> None:
        self.width = width
        self.height = height
        self.title = title
        self.items: list[Shape] = []

    def rectangle(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str,
        border: str | None = None,
    ) -> None:
        """Draws a rectangle, whose upper left corner is `(x, y)`."""
        self.items.append(Rectangle(x, y, width, height, fill, border))

    def line(
        self,
        x1: float,
        y1: float,
        x2: float,
        y2: float,
        colour: str = "faint",
        arrow: bool = False,
    ) -> None:
        """Draws a line, which may end in an arrow."""
        self.items.append(Line(x1, y1, x2, y2, colour, arrow))

    def words(
        self,
        x: float,
        y: float,
        text: str,
        colour: str = "ink",
        *,
        size: float = 13,
        anchor: str = "start",
        bold: bool = False,
        mono: bool = True,
    ) -> None:
        """Writes words: `(x, y)` is their `"start"`, `"middle"` or `"end"`."""
        self.items.append(Words(x, y, text, colour, size, anchor, bold, mono))

    def svg(self) -> str:
        """Writes the picture as SVG, in light and dark colours.

        Returns:
            The SVG element, which needs nothing else.
        """
        title = html.escape(self.title)
        width, height = _n(self.width), _n(self.height)
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
                f'height="{height}" viewBox="0 0 {width} {height}" '
                f'style="max-width: 100%; height: auto" role="img" '
                f'aria-label="{title}">',
                f"<title>{title}</title>",
                f"<style>{self._style()}</style>",
                f'<rect width="100%" height="100%" {_fill("page")}/>',
                *map(_element, self.items),
                "</svg>",
            ]
        )

    def _repr_svg_(self) -> str:
        return self.svg()

    def save(self, path: Path | str, dark: bool = False) -> None:
        """Writes the picture to a file, whole or not at all.

        Args:
            path: A name that ends in `.svg` or `.png`.
            dark: Whether a PNG has dark colours. An SVG has both.

        Raises:
            ValueError: if the name ends otherwise.
            OSError: if the file cannot be written.
        """
        suffix = Path(path).suffix.lower()
        if suffix not in (".svg", ".png"):
            raise ValueError(
                f"Expected a picture's name to end in .svg or .png. Received "
                f"'{path}'."
            )
        if suffix == ".svg":
            atomic.write_text(Path(path), self.svg() + "\n")
        else:
            size, palette = (self.width, self.height), DARK if dark else LIGHT
            save_png(self.items, size, path, palette)

    def _style(self) -> str:
        """The rules of the colours that are used, in both palettes."""
        names = {"page"}
        for item in self.items:
            names |= {
                getattr(item, name)
                for name in ("fill", "border", "colour")
                if getattr(item, name, None)
            }
        rules = [
            "".join(_rule(name, palette) for name in sorted(names))
            for palette in (LIGHT, DARK)
        ]
        return f"{rules[0]}@media (prefers-color-scheme: dark){{{rules[1]}}}"


def _rule(name: str, palette: Palette) -> str:
    colour = palette.named(name)
    return f".f-{name}{{fill:{colour}}}.s-{name}{{stroke:{colour}}}"


def _fill(name: str) -> str:
    return f'class="f-{name}"'


def _n(number: float) -> str:
    """A coordinate with at most one digit after the point."""
    return f"{number:.1f}".removesuffix(".0")


def _element(item: Shape) -> str:
    if isinstance(item, Words):
        return _text_element(item)
    if isinstance(item, Line):
        return _line_element(item)
    classes = f"f-{item.fill}"
    if item.border:
        classes += f" s-{item.border}"
    return (
        f'<rect x="{_n(item.x)}" y="{_n(item.y)}" width="{_n(item.width)}" '
        f'height="{_n(item.height)}" class="{classes}"/>'
    )


def _line_element(item: Line) -> str:
    made = (
        f'<line x1="{_n(item.x1)}" y1="{_n(item.y1)}" x2="{_n(item.x2)}" '
        f'y2="{_n(item.y2)}" class="s-{item.colour}"/>'
    )
    if item.arrow:
        points = " ".join(f"{_n(x)},{_n(y)}" for x, y in item.head)
        made += f'<polygon points="{points}" {_fill(item.colour)}/>'
    return made


def _text_element(item: Words) -> str:
    weight = ' font-weight="bold"' if item.bold else ""
    family = MONO if item.mono else SANS
    return (
        f'<text x="{_n(item.x)}" y="{_n(item.y)}" {_fill(item.colour)} '
        f'font-family="{family}" font-size="{_n(item.size)}" '
        f'text-anchor="{item.anchor}"{weight}>{html.escape(item.text)}</text>'
    )
