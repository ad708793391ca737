"""Print values as coloured cells, or as signs where there are no colours."""

from collections.abc import Iterable

import rich.text

from charrnn.insight.layout import share_level, signed_level
from charrnn.system.palette import LIGHT
from charrnn.system.progress import Console

# What stands for the colours of `Palette.activation`, from -1 to 1.
SIGNS = "=-~\u00b7+*#"


class Cells:
    """A way to print values on this terminal.

    Attributes:
        console: The terminal.
        in_colour: Whether it has colours.
    """

    def __init__(self) -> None:
        self.console = Console()
        self.in_colour = bool(
            self.console.color_system and not self.console.no_color
        )

    def signed(
        self, line: rich.text.Text, values: Iterable[float], columns: int = 1
    ) -> None:
        """Adds values from -1 to 1 to a line, each in so many columns."""
        for value in values:
            level = signed_level(value)
            if self.in_colour:
                line.append(" " * columns, f"on {LIGHT.activation[level]}")
            else:
                line.append(SIGNS[level] * columns)

    def shares(self, line: rich.text.Text, values: Iterable[float]) -> None:
        """Adds values from 0 to 1 to a line."""
        for value in values:
            level = share_level(value)
            if not self.in_colour:
                line.append(str(level))
            elif level:
                line.append(" ", f"on {LIGHT.surprise[level - 1]}")
            else:
                line.append(" ", "on #ffffff")

    def on_share(self, line: rich.text.Text, text: str, share: float) -> None:
        """Adds a text to a line, on the colour of a value from 0 to 1."""
        level = share_level(share)
        if self.in_colour and level:
            line.append(text, f"black on {LIGHT.surprise[level - 1]}")
        else:
            line.append(text)

    def print(self, line: rich.text.Text | str) -> None:
        """Prints a line as it is."""
        self.console.print(line, soft_wrap=True, markup=False)

    def signed_legend(self) -> rich.text.Text:
        """The colours, or the signs, of values from -1 to 1."""
        line = rich.text.Text("-1 ")
        self.signed(line, [step / 3 for step in range(-3, 4)])
        return line.append(" 1")

    def share_legend(self) -> rich.text.Text:
        """The colours, or the digits, of values from 0 to 1."""
        line = rich.text.Text("0 ")
        self.shares(line, [step / 8 for step in range(9)])
        return line.append(" 1")
