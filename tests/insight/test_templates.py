"""All pages share one design, and no text in one is more than a text."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from charrnn.insight.neurons import Neurons, Unit
from charrnn.insight.neurons_page import neurons_page
from charrnn.insight.pages import page, title_of
from charrnn.insight.surprise import Reading
from charrnn.insight.templates import filled, script_data, stylesheet, template

# What ends an element, an attribute or a line in HTML or JavaScript, turns the
# direction of writing, or looks like a place of a template.
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "-->",
    "]]><img src=x onerror=alert(1)>",
    "</style></title></textarea><svg onload=alert(1)>",
    "\u2028alert(1)\u2029",
    "\"'`${alert(1)}\\",
    "' onmouseover='alert(1)",
    "\u202eevil\u2066\u200f",
    "\0\x07\x1b[31m\x7f\x85",
    "@TITLE@@DATA@@SCRIPT@@STYLE@",
    "&lt;b&gt;&#60;",
    "</SCRIPT\t>",
]
hostile = pytest.mark.parametrize("text", HOSTILE, ids=ascii)


class Elements(HTMLParser):
    """The elements of a page, and the handlers among their attributes."""

    def __init__(self, made):
        super().__init__()
        self.names, self.handlers = [], []
        self.feed(made)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def surprise_page(text, title):
    reading = Reading(
        f"a{text}",
        np.arange(len(text), dtype=np.float32),
        np.full((len(text), 1), text, object),
        np.ones((len(text), 1)),
    )
    return page(reading, title)


def page_of_neurons(text, title):
    unit = Unit(text, 1, 7, 0.9, 0.1, np.ones(len(text)), [text], [text])
    return neurons_page(Neurons([unit], {}), text, title)


MAKERS = {"surprise": surprise_page, "neurons": page_of_neurons}
every = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@every
@hostile
def test_a_text_adds_no_element_to_a_page(make, text):
    harmless = make("x" * len(text), "title")
    made = make(text, title_of(text, text))
    counted = {"script", "style", "img", "svg", "title", "meta", "textarea"}
    of_text = [n for n in Elements(made).names if n in counted]
    assert of_text == [n for n in Elements(harmless).names if n in counted]
    assert Elements(made).handlers == []
    made.encode("utf-8")


@every
def test_a_page_asks_for_nothing(make):
    made = make("text", "title")
    assert "default-src 'none'" in made
    assert not re.search(r"(src|href)=(?![\"']?#)|url\(|@import", made)


@every
def test_every_page_has_the_one_stylesheet(make):
    made = make("text", "title")
    assert re.findall("<style>(.*?)</style>", made, re.DOTALL) == [
        f"\n{stylesheet()}\n"
    ]


def test_every_colour_of_the_stylesheet_is_one_of_the_palette():
    rules = template("style.css")
    assert not re.search(r"#[0-9a-f]{3,8}\b|rgb|hsl", rules)
    used = set(re.findall(r"var\(--([\w-]+)\)", stylesheet()))
    named = set(re.findall(r"--([\w-]+):", stylesheet()))
    assert used == named


@hostile
def test_data_come_back_as_they_were(text):
    data = script_data({text: [text]})
    assert data.isascii()
    assert "<" not in data
    assert json.loads(data) == {text: [text]}


def test_a_place_inside_a_value_is_left_alone():
    places = {"PIECE": "@EXPECTED@", "EXPECTED": "@PIECE@"}
    made = filled("panel.html", places)
    assert "No @EXPECTED@ chosen" in made
    assert '<th scope="col">@PIECE@</th>' in made
