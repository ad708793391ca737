"""Describe what pictures consist of: rectangles, lines and words."""

import dataclasses

ARROW_HEAD = 5  # pixels


@dataclasses.dataclass(frozen=True)
class Rectangle:
    """A rectangle, with or without a border."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    border: str | None = None


@dataclasses.dataclass(frozen=True)
class Line:
    """A straight line, which may end in an arrow."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: str
    arrow: bool = False

    @property
    def head(self) -> list[tuple[float, float]]:
        """The corners of the arrow at its end."""
        u, v = self.x2 - self.x1, self.y2 - self.y1
        scale = ARROW_HEAD / ((u**2 + v**2) ** 0.5 or 1)
        u, v = u * scale, v * scale
        x, y = self.x2 - u, self.y2 - v
        tip = (self.x2, self.y2)
        return [tip, (x - v / 2, y + u / 2), (x + v / 2, y - u / 2)]


@dataclasses.dataclass(frozen=True)
class Words:
    """Words on one line; `y` is where the letters stand."""

    x: float
    y: float
    text: str
    colour: str
    size: float
    anchor: str
    bold: bool
    mono: bool


Shape = Rectangle | Line | Words
