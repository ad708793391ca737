"""Name the colours of plots, pages and the terminal in one place.

Scales go from pale to dark, or from blue through white to orange, so that
colour-blind readers can follow them.
"""

import dataclasses

# The curves of plots, in this order.
BLUE, ORANGE, GREEN, PURPLE = "#2166ac", "#d95f02", "#1b9e77", "#7570b3"
CURVES = (BLUE, ORANGE, GREEN, PURPLE)


@dataclasses.dataclass(frozen=True)
class Palette:
    """The colours of a page. Its text is legible on each of its backgrounds.

    Attributes:
        page: The background.
        panel: The background of what stands beside the text.
        ink: Text.
        faint: Text of less importance, on `page` and on `panel`.
        line: Borders.
        accent: Links, bars, buttons, and what is chosen.
        surprise: Backgrounds for levels of surprise, the lowest first.
        activation: Backgrounds for activations from -1 to 1.
    """

    page: str
    panel: str
    ink: str
    faint: str
    line: str
    accent: str
    surprise: tuple[str, ...]
    activation: tuple[str, ...]

    def named(self, name: str) -> str:
        """Finds a colour by its name.

        Args:
            name: Of an attribute; `"surprise-1"` is the lowest level of
                surprise, `"activation-0"` is that of -1.

        Returns:
            The colour.

        Example:

        >>> LIGHT.named("page"), LIGHT.named("surprise-1")
        ('#ffffff', '#fff3e0')
        """
        scale, _, level = name.partition("-")
        if not level:
            return getattr(self, scale)
        first = {"surprise": 1, "activation": 0}[scale]
        return getattr(self, scale)[int(level) - first]


LIGHT = Palette(
    page="#ffffff",
    panel="#f7f6f3",
    ink="#1a1a1a",
    faint="#66645f",
    line="#d9d6d0",
    accent=BLUE,
    surprise=(
        "#fff3e0", "#ffe6c2", "#ffd69a", "#ffc36e",
        "#ffae42", "#fb9528", "#ec7a16", "#df6a06",
    ),
    activation=(
        "#5e9fd4", "#8fbce2", "#c3dbf0", "#ffffff",
        "#fddcb8", "#fbb878", "#f5923e",
    ),
)  # fmt: skip
DARK = Palette(
    page="#15171a",
    panel="#1d2024",
    ink="#f0eeea",
    faint="#a9a59d",
    line="#3a3d42",
    accent="#6aaee0",
    surprise=(
        "#2a2118", "#3a2a17", "#4b3315", "#5d3c12",
        "#6d450f", "#7e4d0b", "#8f5506", "#9f5b02",
    ),
    activation=(
        "#2b6ca3", "#24557f", "#1d3e5c", "#15171a",
        "#45331c", "#6d4a1c", "#96601a",
    ),
)  # fmt: skip


def contrast(first: str, second: str) -> float:
    """The contrast of two colours, as WCAG defines it: from 1 to 21.

    Args:
        first: A colour, such as `"#1a1a1a"`.
        second: Another one, in any order.

    Returns:
        A `float`. From 4.5 on, text in one colour is legible on the other.

    Example:

    >>> contrast("#000000", "#ffffff")
    21.0
    """
    dark, light = sorted(map(_luminance, (first, second)))
    return round((light + 0.05) / (dark + 0.05), 2)


def _luminance(colour: str) -> float:
    """The relative luminance of a colour in sRGB, from 0 to 1."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
