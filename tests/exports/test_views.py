"""The views of the page that writes: by everybody, at every width, safely."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from browsers import PHONE, SCREEN, check_silence, chromium, prefer, resize
from exported import network
from random_networks import engine_of

from charrnn import WordVocabulary
from charrnn.exports.page import _entry, page
from charrnn.insight import probes
from charrnn.insight.surprise import read_along
from charrnn.insight.templates import template
from charrnn.system.palette import DARK, LIGHT

VIEWS = ("write", "read", "inside")
TEXT = "ban 'banan'\na na n an\n\nnab "

HOSTILE = [
    "</script><script>window.broken=1</script>",
    "<!--<script>",
    "<img src=x onerror=window.broken=1>",
    "\u2028window.broken=1\u2029",
    "\"'`${window.broken=1}\\",
    "\u202eevil\u2066",
    "\0\x07\x1b[31m\x7f",
    "@TITLE@@MODEL@@SCRIPT@",
    "</textarea><svg onload=window.broken=1>",
]
UNENCODABLE = "sea\udcff"  # as Python names a file that is not UTF-8


class Elements(HTMLParser):
    """The names of a page's elements, and their attributes by name."""

    def __init__(self, made):
        super().__init__()
        self.names, self.attributes = [], {}
        self.feed(made)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value)


@pytest.fixture(scope="module")
def made():
    return page(network(), "a model")


@pytest.mark.parametrize("name", [*HOSTILE, UNENCODABLE], ids=ascii)
def test_a_name_adds_no_element(name, made):
    written = page(network(), name)
    written.encode("utf-8")
    assert not re.search("[\0\u202e\u2066\x1b]", written)
    parsed = Elements(written)
    assert parsed.names == Elements(made).names
    assert not any(each.startswith("on") for each in parsed.attributes)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), True, "<b>", None, [1]]
)
def test_a_stranger_s_figure_that_is_no_number_is_left_out(value):
    facts = {"metrics": {"validation_bits_per_char": value}}
    name = "metrics", "validation_bits_per_char"
    assert _entry(facts, *name, (int, float)) is None


def test_scripts_and_labels_name_elements_that_are_there(made):
    attributes = Elements(made).attributes
    ids = attributes["id"]
    assert len(set(ids)) == len(ids)
    for name in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
        assert set(attributes[name]) <= set(ids)
    scripts = "".join(
        template(f"{each}.js", "charrnn.exports")
        for each in ("write", "choose", "read", "inside", "tabs")
    )
    used = set(re.findall(r'byId\("([\w-]+)"\)', scripts))
    assert used <= set(ids)
    assert {"written", "to-read", "layers"} <= used


@pytest.fixture(scope="module")
def browser():
    with chromium() as driver:
        yield driver


@pytest.fixture
def opened(browser, tmp_path):
    """Opens the page of a network; nothing that it does makes a request."""
    path = tmp_path / "page.html"

    def open_page(engine, title="a model", size=SCREEN, **preferences):
        path.write_text(page(engine, title), encoding="utf-8")
        resize(browser, size)
        prefer(browser, **preferences)
        browser.get(path.as_uri())
        until(browser, lambda: find(browser, "write").is_displayed())
        return browser

    yield open_page
    check_silence(browser, path.as_uri())


def find(browser, id):
    from selenium.webdriver.common.by import By

    return browser.find_element(By.ID, id)


def until(browser, done):
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(browser, 20, 0.02).until(lambda _: done(), "timed out")


def fill(browser, id, text):
    """Puts a text into a field as pasting it does."""
    browser.execute_script(
        "const field = document.getElementById(arguments[0]);"
        "field.value = arguments[1];"
        "field.dispatchEvent(new Event('input', {bubbles: true}));",
        id,
        text,
    )


def show(browser, view):
    find(browser, f"{view}-tab").click()


def write(browser, length=300, prompt=""):
    fill(browser, "length", str(length))
    fill(browser, "seed", "1")
    fill(browser, "written", prompt)
    find(browser, "start").click()
    wait_for_pause(browser)


def wait_for_pause(browser):
    until(browser, lambda: not browser.execute_script(WRITING))
    assert find(browser, "problem").get_property("textContent") == ""


WRITING = "return writing.isWriting || !writing.pieces.length"


def read(browser, text):
    show(browser, "read")
    fill(browser, "to-read", text)
    find(browser, "start-reading").click()
    until(browser, lambda: find(browser, "start-reading").is_displayed())


# The text, class and number of each element of a coloured text.
SPANS = """
return [...document.querySelectorAll(arguments[0] + " span")].map(
  span => [span.index, span.className.split(" ")[0], span.textContent])
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    ["character", "word", "byte", "lines", "word lines", "separated"],
)
def test_a_text_is_read_as_charrnn_surprise_reads_it(kind, opened):
    engine = network(kind)
    is_whole = engine.vocabulary.boundary is None
    text = TEXT if is_whole else "ban\n\nnab ban\n"
    reading = read_along(engine, text)
    browser = opened(engine)
    read(browser, text)
    spans = browser.execute_script(SPANS, "#text")
    shown = "".join(text for _, _, text in spans)
    assert shown == reading.text.removeprefix("\n" * (not is_whole))
    told = find(browser, "read-status").text
    bits = reading.bits_per_character
    assert float(told.split()[0]) == pytest.approx(bits, abs=0.02)
    step = 2 if kind.startswith("word") else 1
    expected = reading.bits_of_pieces[not is_whole :]
    for i, name, _ in spans:
        level = int(name[1:]) if re.fullmatch(r"s\d", name) else 0
        scored = i > 0 or not is_whole
        # int16 weights move a surprise by less than this
        levels = [min(8, int((expected[i] + d) / step)) for d in (-0.05, 0.05)]
        assert level in levels or not scored


@pytest.mark.slow
def test_a_place_of_a_text_tells_what_was_expected(opened):
    from selenium.webdriver import Keys

    engine = network()
    reading = read_along(engine, TEXT)
    browser = opened(engine)
    read(browser, TEXT)
    find(browser, "text").send_keys(Keys.HOME, *[Keys.ARROW_RIGHT] * 3)
    assert find(browser, "what").text == "“space”"
    told = re.search(r"surprise (\S+) bits", find(browser, "how").text)[1]
    assert float(told) == pytest.approx(reading.bits[2], abs=0.05)
    rows = find(browser, "expected").text.splitlines()
    names = {" ": "space", "\n": "line break"}
    likeliest = reading.expected[2, 0]
    assert rows[0].startswith(names.get(likeliest, likeliest))
    percent = float(re.search(r"([\d.]+) %", rows[0])[1])
    assert percent == pytest.approx(100 * reading.probabilities[2, 0], abs=2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ban b\u2019n", "\u2019 as '"),
        ("ban z zz", "z left out (3 times)"),
        ("ban \u202e", "U+202E left out"),
        ("ban an", ""),
    ],
)
def test_unknown_characters_are_told(text, told, opened):
    browser = opened(network())
    read(browser, text)
    shown = find(browser, "changes").text
    assert (told in shown) if told else shown == ""


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "b", "zzz"])
def test_a_text_too_short_to_score_is_told_in_a_line(text, opened):
    browser = opened(network())
    read(browser, text)
    assert "at least two characters" in find(browser, "read-problem").text
    assert not find(browser, "read-result").is_displayed()


def activations(engine, text):
    """What each unit holds after each character, `(characters, units)`."""
    ids = engine.vocabulary.encode(text)
    layers, _ = engine.activations(ids[None])
    held = []
    for layer in layers:
        gate = layer.get("output gate", np.ones(1))
        held.append((layer["output"] / gate)[0])
    return np.concatenate(held, axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["SimpleRNN", "LSTM", "GRU"])
def test_the_text_is_coloured_by_what_a_unit_held(cell, opened):
    from selenium.webdriver import Keys

    engine = network(cell=cell)
    browser = opened(engine)
    write(browser, 100, "ban")
    show(browser, "inside")
    canvas = find(browser, "layers").find_elements("tag name", "canvas")[1]
    canvas.send_keys(Keys.HOME, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert find(browser, "unit-title").text == "Layer 2, unit 2"
    units = len(engine.layers[0].U)
    text = find(browser, "written").get_property("value")
    held = activations(engine, text)

    def is_coloured():
        spans = browser.execute_script(SPANS, "#coloured")
        shown = "".join(character for _, _, character in spans)
        return shown == text and all(
            name in colours(held[i, units + 2]) for i, name, _ in spans
        )

    until(browser, is_coloured)
    assert told(canvas.get_attribute("aria-valuetext"), held[-1, units + 2])
    # A place in the text shows what all units held there.
    find(browser, "coloured").send_keys(Keys.HOME, *[Keys.ARROW_RIGHT] * 9)
    name = {" ": "space", "\n": "line break"}.get(text[9], text[9])
    shown = find(browser, "unit-value")
    until(browser, lambda: f"“{name}”" in shown.text)
    until(browser, lambda: told(shown.text, held[9, units + 2]))


def told(text, value):
    said = float(re.search(r"holds (\S+)", text)[1])
    return said == pytest.approx(value, abs=0.02)


def colours(value):
    """The classes that an activation may have; int16 moves it a little."""
    return {f"l{round((value + d + 1) * 3)}" for d in (-0.02, 0, 0.02)}


@pytest.mark.slow
def test_the_unit_that_follows_a_probe_most_closely_is_found(opened):
    engine = network()
    browser = opened(engine)
    write(browser, 50)
    show(browser, "inside")
    find(browser, "find").click()
    assert "at least 200" in find(browser, "found").text
    show(browser, "write")
    write(browser, 500)
    show(browser, "inside")
    find(browser, "find").click()
    until(browser, lambda: "correlation" in find(browser, "found").text)
    text = find(browser, "written").get_property("value")
    held = activations(engine, text)
    places = probes.line_position(text)
    found = [np.corrcoef(unit, places)[0, 1] for unit in held.T]
    layer, unit = map(int, re.findall(r"\d+", find(browser, "unit-title").text))
    chosen = found[(layer - 1) * len(engine.layers[0].U) + unit]
    assert abs(chosen) == pytest.approx(np.abs(found).max(), abs=0.02)
    told = re.search(r"correlation (-?[\d.]+)", find(browser, "found").text)[1]
    assert float(told) == pytest.approx(chosen, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("size", [PHONE, SCREEN], ids=["phone", "screen"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_fits_its_window_in_the_palette_s_colours(
    size, scheme, opened
):
    name = "a_very_long_name_of_a_model_" * 4
    browser = opened(network("word"), name, size, color_scheme=scheme)
    write(browser, 200)
    browser.execute_script("document.querySelector('details').open = true")
    palette = DARK if scheme == "dark" else LIGHT
    for view in VIEWS:
        if view == "read":
            read(browser, TEXT)
            find(browser, "text").send_keys("n")
        show(browser, view)
        assert browser.execute_script(WIDEST) <= size[0], view
    drawn = browser.find_element("tag name", "body")
    assert colour(drawn, "background-color") == palette.page
    assert colour(drawn, "color") == palette.ink


WIDEST = "return document.documentElement.scrollWidth"


def colour(element, property):
    parts = re.findall(r"\d+", element.value_of_css_property(property))[:3]
    return "#" + "".join(f"{int(part):02x}" for part in parts)


@pytest.mark.slow
def test_the_keyboard_alone_is_enough(opened):
    from selenium.webdriver import ActionChains, Keys

    browser = opened(network())
    fill(browser, "length", "250")

    def press(*keys):
        ActionChains(browser).send_keys(*keys).perform()

    def focused():
        return browser.switch_to.active_element.get_attribute("id")

    def go_to(id):
        for _ in range(40):
            if focused() == id:
                return
            press(Keys.TAB)
        raise AssertionError(f"Tab does not lead to {id}")

    browser.execute_script("document.body.focus()")
    go_to("write-tab")
    press(Keys.TAB)
    assert focused() == "written"  # the other tabs are reached by arrow keys
    press("ban")
    go_to("start")
    press(Keys.ENTER)
    wait_for_pause(browser)
    assert focused() in ("start", "pause")
    length = len(find(browser, "written").get_property("value"))
    for _ in range(20):
        if browser.execute_script(
            "return document.activeElement.closest('#choices') !== null"
        ):
            break
        press(Keys.TAB)
    press(Keys.ENTER)
    written = find(browser, "written")
    until(browser, lambda: len(written.get_property("value")) > length)
    browser.execute_script("document.getElementById('write-tab').focus()")
    press(Keys.ARROW_RIGHT)
    assert focused() == "read-tab"
    go_to("read-written")
    press(Keys.SPACE)
    until(browser, lambda: find(browser, "read-result").is_displayed())
    go_to("text")
    press("n", Keys.ARROW_RIGHT)
    assert find(browser, "what").text.startswith("“")
    browser.execute_script("document.getElementById('read-tab').focus()")
    press(Keys.END)
    assert focused() == "inside-tab"
    go_to("find")
    press(Keys.ENTER)
    until(browser, lambda: find(browser, "found").text != "")


# Names of what can be used, as a screen reader says them.
USABLE = "button, input, textarea, select, canvas, [tabindex], [role=tabpanel]"


@pytest.mark.slow
def test_everything_that_can_be_used_has_a_name_and_says_little(opened):
    browser = opened(network())
    browser.execute_script("""
      window.said = 0;
      const count = () => window.said++;
      for (const live of document.querySelectorAll(
          "[role=status], [role=alert], [aria-live=polite]"))
        new MutationObserver(count).observe(
          live, {childList: true, characterData: true, subtree: true});
    """)
    write(browser, 1000)
    assert 1 <= browser.execute_script("return window.said") <= 10
    read(browser, TEXT)
    for view in VIEWS:
        show(browser, view)
        for each in browser.find_elements("css selector", USABLE):
            if each.is_displayed():
                assert each.accessible_name.strip(), each.get_attribute("id")
    assert len(browser.find_elements("tag name", "h1")) == 1
    for view in VIEWS:
        tab, panel = find(browser, f"{view}-tab"), find(browser, view)
        roles = [each.get_attribute("role") for each in (tab, panel)]
        assert roles == ["tab", "tabpanel"]
        selected = tab.get_attribute("aria-selected") == "true"
        assert selected == panel.is_displayed()


@pytest.mark.slow
def test_the_button_says_where_it_writes(opened):
    from selenium.webdriver import Keys

    browser = opened(network())
    write(browser, 30, "ban")
    assert find(browser, "start").text == "Write"
    find(browser, "written").send_keys(Keys.CONTROL, Keys.HOME)
    assert find(browser, "start").text == "Write from the cursor"
    find(browser, "written").send_keys(Keys.CONTROL, Keys.END)
    assert find(browser, "start").text == "Write"


@pytest.mark.slow
def test_cells_hold_still_for_who_prefers_it(opened):
    browser = opened(network(), reduced_motion="reduce")
    write(browser, 30)
    show(browser, "inside")
    find(browser, "slowly").click()
    picture = "return document.querySelector('canvas').toDataURL()"
    before = browser.execute_script(picture)
    find(browser, "inside-start").click()
    pieces = "return writing.pieces.length"
    count = browser.execute_script(pieces)
    until(browser, lambda: browser.execute_script(pieces) > count + 2)
    assert browser.execute_script(picture) == before
    find(browser, "inside-pause").click()
    wait_for_pause(browser)
    until(browser, lambda: browser.execute_script(picture) != before)


@pytest.mark.slow
def test_hostile_words_and_texts_stay_texts(opened):
    words = [*sorted(set("".join(HOSTILE) + "ab ")), *HOSTILE]
    vocabulary = WordVocabulary(list(dict.fromkeys(words)))
    browser = opened(engine_of(vocabulary), "".join(HOSTILE))
    for text in ["", *HOSTILE]:
        write(browser, 30, text)
    read(browser, "".join(HOSTILE))
    find(browser, "text").send_keys("nnn")
    show(browser, "inside")
    find(browser, "coloured").send_keys("a")
    show(browser, "write")
    assert browser.execute_script("return window.broken") is None
    like = find(browser, "like").get_property("textContent")
    assert not re.search("[\0-\x1f\u202e\u2066\u2028]", like)
