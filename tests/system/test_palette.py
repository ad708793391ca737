"""Text is legible on every background, and levels can be told apart."""

import itertools

import pytest

from charrnn.system.palette import CURVES, DARK, LIGHT, contrast

BOTH = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])


@BOTH
def test_text_is_legible_on_every_background(palette):
    backgrounds = [palette.page, palette.panel]
    for background in backgrounds:
        assert contrast(palette.faint, background) >= 4.5
        assert contrast(palette.accent, background) >= 4.5
    for background in [*backgrounds, *palette.surprise, *palette.activation]:
        assert contrast(palette.ink, background) >= 4.5


@BOTH
def test_more_surprise_stands_out_more(palette):
    steps = [contrast(palette.page, colour) for colour in palette.surprise]
    assert steps == sorted(set(steps))


@BOTH
def test_an_activation_of_0_is_the_page_and_others_leave_it(palette):
    middle = len(palette.activation) // 2
    steps = [contrast(palette.page, colour) for colour in palette.activation]
    assert palette.activation[middle] == palette.page
    assert steps[middle:] == sorted(set(steps[middle:]))
    assert steps[middle::-1] == sorted(set(steps[middle::-1]))


@BOTH
def test_a_palette_has_no_colour_twice(palette):
    for scale in (palette.surprise, palette.activation, CURVES):
        for first, second in itertools.pairwise(scale):
            assert first != second
    assert len(LIGHT.surprise) == len(DARK.surprise)
    assert len(LIGHT.activation) == len(DARK.activation)
