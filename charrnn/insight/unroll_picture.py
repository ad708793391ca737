"""Draw a network unrolled in time over a short text."""

from charrnn.insight.layout import (
    MARGIN,
    bands,
    draw_scale,
    share_colour,
    share_of,
    sign_of,
    signed_colour,
    write_caption,
)
from charrnn.insight.unroll import Unrolled
from charrnn.system.drawing import Drawing
from charrnn.system.palette import LIGHT

WIDTH = 1020  # pixels: of eight steps with eight units each
LABELS = 74  # pixels for the names of the rows
CELL = 10  # pixels: the width of a unit
PADDING = 5  # pixels around the units of a layer
GAP = 22  # pixels between steps, for an arrow
MIN_BOX = 70  # pixels: the width of a step, for what is expected
NAME_COLUMNS = 5  # of a character or a word that is expected
INPUT_COLUMNS = 8  # of what is read
ROW = 17  # pixels: a line of words
LAYER = 46  # pixels from a layer to the one above
BOX = 26  # pixels: the height of a layer
HEADING = 34  # pixels
BITS_OF_DARKEST = 8  # the loss that has the darkest colour


def draw_unrolled(unrolled: Unrolled) -> Drawing:
    """Draws the steps of a network beside each other.

    From below: what each step reads, the hidden state of each layer as a row
    of coloured cells, the likeliest next characters, and the loss of what
    then came. What does not fit beside each other goes on below.

    Args:
        unrolled: The result of `charrnn.unroll`.

    Returns:
        A `charrnn.system.drawing.Drawing`, to save or to show.

    Example:

    >>> from charrnn import Vocabulary, build_model
    >>> from charrnn.insight.unroll import unroll
    >>> vocabulary = Vocabulary("gikn")
    >>> model = build_model(vocabulary, units=4, layers=1)
    >>> draw_unrolled(unroll(model, "king", vocabulary=vocabulary)).title
    'One network, 4 steps: the same weights in each'
    """
    return _Picture(unrolled).drawing


class _Picture:
    """The picture, and where its rows and columns are."""

    def __init__(self, unrolled: Unrolled) -> None:
        self.unrolled = unrolled
        steps = len(unrolled.inputs)
        cells = max(map(len, unrolled.chosen))
        self.box = max(MIN_BOX, cells * CELL + 2 * PADDING)
        self.pitch = self.box + GAP
        room = (WIDTH - 2 * MARGIN - LABELS - GAP) // self.pitch
        columns = min(steps, max(1, room))
        width = max(460, 2 * MARGIN + LABELS + GAP + columns * self.pitch)
        title = f"One network, {steps} steps: the same weights in each"
        self.drawing = Drawing(width, 0, title)
        self.drawing.words(MARGIN, 24, title, size=15, bold=True, mono=False)
        y: float = HEADING
        for band in bands(steps, columns):
            y = self._draw_band(band, y)
        self.drawing.height = self._draw_foot(y) + MARGIN

    def _draw_band(self, band: range, y: float) -> float:
        """Draws some steps; returns where they end."""
        unrolled = self.unrolled
        expected = y + 14
        loss = expected + unrolled.expected.shape[1] * ROW
        layers = len(unrolled.hidden)
        tops = [loss + 34 + LAYER * (layers - 1 - i) for i in range(layers)]
        read = tops[0] + BOX + 36
        self._label(expected + 13, "expects")
        self._label(loss + 13, "loss, bits")
        for number, top in enumerate(tops, 1):
            self._label(top + 17, f"layer {number}")
            start = "\u2026" if band.start else "0"
            self._label(top + 17, start, MARGIN + LABELS - 12)
        self._label(read, "reads")
        for step in band:
            x = MARGIN + LABELS + GAP + (step - band.start) * self.pitch
            self._draw_expected(step, x, expected)
            self._draw_loss(step, x, loss)
            self._draw_layers(step, x, tops)
            middle = x + self.box / 2
            self._arrow(middle, tops[-1], -10)
            sign = sign_of(unrolled.inputs[step], INPUT_COLUMNS)
            self.drawing.words(
                middle, read, sign, size=17, bold=True, anchor="middle"
            )
        return read + 12

    def _label(self, y: float, text: str, x: float = MARGIN) -> None:
        self.drawing.words(x, y, text, "faint", size=12, mono=False)

    def _arrow(self, x: float, y: float, length: float) -> None:
        self.drawing.line(x, y, x, y + length, arrow=True)

    def _draw_expected(self, step: int, x: float, y: float) -> None:
        """Lists what is likeliest next; what then came is bold."""
        unrolled = self.unrolled
        names = unrolled.expected[step]
        came = unrolled.inputs[step + 1 : step + 2]
        for row, name in enumerate(names):
            colour = "accent" if name in came else "ink"
            chance = share_of(unrolled.probabilities[step, row])
            sign = sign_of(name, NAME_COLUMNS)
            for end, anchor, text in (
                (x, "start", sign),
                (x + self.box, "end", chance),
            ):
                self.drawing.words(
                    end, y + row * ROW + 10, text, colour,
                    size=12, anchor=anchor, bold=name in came,
                )  # fmt: skip

    def _draw_loss(self, step: int, x: float, y: float) -> None:
        bits = self.unrolled.bits[step : step + 1]
        middle = x + self.box / 2
        for loss in bits:  # of the last step there is none
            colour = share_colour(loss / BITS_OF_DARKEST)
            self.drawing.rectangle(x, y + 1, self.box, 16, colour, "line")
            self.drawing.words(
                middle, y + 13, f"{loss:.2f}", size=12, anchor="middle"
            )

    def _draw_layers(self, step: int, x: float, tops: list[float]) -> None:
        """Draws the states of all layers, and the arrows that lead to them."""
        middle = x + self.box / 2
        for hidden, chosen, top in zip(
            self.unrolled.hidden, self.unrolled.chosen, tops, strict=True
        ):
            self.drawing.line(
                x - GAP + 2, top + BOX / 2, x - 2, top + BOX / 2, arrow=True
            )
            self._arrow(middle, top + BOX + 18, -16)
            self.drawing.rectangle(x, top, self.box, BOX, "panel", "line")
            left = middle - len(chosen) * CELL / 2
            for place, unit in enumerate(chosen):
                colour = signed_colour(hidden[step, unit])
                self.drawing.rectangle(
                    left + place * CELL, top + 5, CELL, BOX - 10, colour, "line"
                )

    def _draw_foot(self, y: float) -> float:
        """Draws the scales, and says what is to be seen."""
        activations = [f"activation-{i}" for i in range(len(LIGHT.activation))]
        levels = [f"surprise-{i + 1}" for i in range(len(LIGHT.surprise))]
        right = draw_scale(
            self.drawing, MARGIN, y + 8, ("h -1", "1"), activations
        )
        ends = "loss 0", f"{BITS_OF_DARKEST}+"
        if right + 240 < self.drawing.width:
            draw_scale(self.drawing, right + 30, y + 8, ends, levels)
        return write_caption(self.drawing, y + 26, _caption(self.unrolled))


def _caption(unrolled: Unrolled) -> str:
    """Says which units are shown, and what the rows are."""
    listed = "; ".join(
        f"layer {number}: {', '.join(map(str, chosen))}"
        for number, chosen in enumerate(unrolled.chosen, 1)
    )
    why = "" if unrolled.is_given else ", whose h varies most here"
    return (
        f"Each {unrolled.unit} enters below; arrows to the right carry the "
        "state to the next step. Loss: the surprise of what came next, which "
        f"is bold where it was among the likeliest. Units{why}: {listed}."
    )
