"""Drawings are whole files, and safe whatever words are in them."""

import xml.etree.ElementTree as ElementTree

import pytest

from charrnn.system.drawing import Drawing
from charrnn.system.palette import DARK, LIGHT

HOSTILE = "</text><script>alert(1)</script> & \" ' $x$ 文字 \u05d0"


def drawing(words=HOSTILE):
    made = Drawing(120, 60, words)
    made.rectangle(1, 1, 9, 9, "surprise-3", "line")
    made.line(5, 5, 50, 5, arrow=True)
    made.line(5, 5, 5, 5, arrow=True)
    made.words(20, 30, words, "accent", bold=True)
    return made


def test_words_are_words_in_svg():
    root = ElementTree.fromstring(drawing().svg())
    names = [element.tag.split("}")[1] for element in root.iter()]
    assert "script" not in names and names.count("text") == 1
    (text,) = (each for each in root.iter() if each.tag.endswith("text"))
    assert text.text == HOSTILE and root.get("aria-label") == HOSTILE


def test_an_svg_has_both_palettes_and_asks_for_nothing():
    svg = drawing().svg()
    light, dark = svg.split("prefers-color-scheme: dark")
    for name in ("page", "accent", "surprise-3"):
        assert LIGHT.named(name) in light and DARK.named(name) in dark
    assert svg.replace("http://www.w3.org/2000/svg", "").count("http") == 0


@pytest.mark.parametrize("dark", [False, True])
def test_a_png_is_written_whatever_the_words_are(tmp_path, dark):
    path = tmp_path / "x.PNG"
    drawing().save(path, dark)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_name_of_another_kind_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"end in \.svg or \.png"):
        drawing().save(tmp_path / "x.gif")
    drawing().save(tmp_path / "x.svg")
    assert (tmp_path / "x.svg").read_text("utf-8").startswith("<svg")
