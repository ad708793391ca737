"""A picture's legend leaves all that is drawn to be seen."""

import itertools

import numpy as np
import pytest

from charrnn.system.plotting import picture

X = np.linspace(0, 1, 40)
CURVES = {
    "falling": [1 / (x + 0.1) for x in (X, X + 0.05)],
    "everywhere": [np.sin(40 * X), np.cos(37 * X), np.sin(31 * X + 1)],
    "level": [np.full(40, k / 5) for k in range(6)],
}


def covered(axes):
    """The points drawn that lie under the legend."""
    box = axes.get_legend().get_window_extent()
    points = [
        axes.transData.transform(line.get_xydata()) for line in axes.lines
    ]
    return [(x, y) for x, y in np.concatenate(points) if box.contains(x, y)]


# Each two of a curve, a style and a scale meet in these.
PAIRS = {
    ("falling", "o-", "linear"), ("falling", ".", "log"),
    ("everywhere", "o-", "log"), ("everywhere", ".", "linear"),
    ("level", "o-", "log"), ("level", ".", "linear"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "style", "scale"),
    [
        pytest.param(*case, marks=[pytest.mark.slow] * (case not in PAIRS))
        for case in itertools.product(CURVES, ["o-", "."], ["linear", "log"])
    ],
)
def test_the_legend_covers_nothing(tmp_path, name, style, scale):
    with picture(tmp_path / "a.png", 2, width=10, sharey=True) as both:
        for axes in both:
            for i, curve in enumerate(CURVES[name]):
                y = np.exp(curve) if scale == "log" else curve
                axes.plot(X, y, style, label=f"a curve, {i} at its best")
            axes.set_yscale(scale)
    for axes in both:
        assert covered(axes) == []


def test_a_picture_with_room_stays_as_it_is(tmp_path):
    with picture(tmp_path / "a.png") as [axes]:
        axes.plot(X, 1 - X, "o-", label="falling")
        top = axes.get_ylim()[1]
    assert axes.get_ylim()[1] == top
