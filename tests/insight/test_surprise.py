"""What surprises a network, and the page that shows it, in a browser."""

import html
import re
from pathlib import Path

import numpy as np
import pytest
from browsers import PHONE, check_silence, chromium, resize
from random_networks import engine_of as random_engine

from charrnn import ByteVocabulary, WordVocabulary
from charrnn.insight.pages import page, title_of
from charrnn.insight.places import word_spans
from charrnn.insight.surprise import Reading, read_along
from charrnn.network.engine import Engine
from charrnn.network.model import build_model
from charrnn.scoring.score import score
from charrnn.text.vocabulary import Vocabulary

TEXT = (
    "Who's there?\nNay, answer me: stand & <unfold> yourself.\t\U0001f600\n" * 4
)


@pytest.fixture(scope="module")
def engine():
    vocabulary = Vocabulary.from_text(TEXT)
    model = build_model(vocabulary, cell="gru", units=16)
    weights = model.get_weights()
    random = np.random.default_rng(0)
    model.set_weights([random.normal(0, 0.5, w.shape) for w in weights])
    return Engine.from_keras(model, vocabulary)


@pytest.fixture(scope="module")
def reading(engine):
    return read_along(engine, TEXT)


def test_the_surprises_sum_up_to_the_score(engine, reading):
    scored = score(engine, TEXT)
    assert reading.nats.sum() == pytest.approx(scored.nats.sum())
    assert reading.bits_per_character == pytest.approx(
        scored.bits_per_character
    )
    running = reading.running_bits_per_character()
    assert running[-1] == pytest.approx(scored.bits_per_character)
    assert running[0] == pytest.approx(reading.bits[0])


def test_what_was_expected_is_what_the_network_says(engine, reading):
    ids = engine.vocabulary.encode(TEXT)
    state = engine.zero_state(1)
    for i, id in enumerate(ids[:-1]):
        logits, state = engine.run(np.array([[id]]), state)
        p = np.exp(logits[0, 0].astype(float))
        p /= p.sum()
        order = np.argsort(-p)[:5]
        characters = [engine.vocabulary.characters[k] for k in order]
        assert reading.expected[i].tolist() == characters
        np.testing.assert_allclose(
            reading.probabilities[i], p[order], rtol=1e-3
        )


def test_a_word_is_as_surprising_as_its_worst_character(reading):
    words = reading.words()
    assert len(words) == len(re.findall(r"[A-Za-z']+", TEXT))
    assert [w.bits for w in words] == sorted(w.bits for w in words)[::-1]
    lines = TEXT.split("\n")
    for word in words + reading.others():
        place = slice(word.column - 1, word.column - 1 + len(word.text))
        line = lines[word.line - 1] + "\n"
        assert line[place] == word.text
        index = sum(len(line) + 1 for line in lines[: word.line - 1])
        index += word.column - 1
        own = reading.bits[max(index, 1) - 1 : index + len(word.text) - 1]
        assert word.bits == pytest.approx(own.max())
        assert reading.bits[index + word.worst - 1] == own.max()
    letters = sum(len(word.text) for word in words)
    assert letters + len(reading.others()) == len(TEXT)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("de\u0301ja\u0300 vu", ["de\u0301ja\u0300", "vu"]),
        ("\u0301abc", ["abc"]),
        ("स्त्री है।", ["स्त्री", "है"]),
        ("می\u200cخواهم رفت", ["می\u200cخواهم", "رفت"]),
        ("क्\u200dष", ["क्\u200dष"]),
        ("ที่นี่", ["ที่นี่"]),
        ("סְפָרִים", ["סְפָרִים"]),
        ("a\u200bb", ["a", "b"]),
        (
            "l’e\u0301te\u0301 'tis don''t",
            ["l’e\u0301te\u0301", "tis", "don", "t"],
        ),
        ("2nd x_y e-mail", ["nd", "x", "y", "e", "mail"]),
        ("1 + 1", []),
        ("", []),
    ],
)
def test_words_keep_their_marks_and_joiners(text, words):
    assert [text[start:end] for start, end in word_spans(text)] == words


def reading_of(text):
    """Of a network that is surprised ever more, and always expects a NUL."""
    nats = np.arange(len(text) - 1, dtype=np.float32)
    expected = np.full((len(nats), 1), "\0", object)
    return Reading(text, nats, expected, np.ones((len(nats), 1)))


def test_words_and_others_are_the_whole_text():
    text = "\0The de\u0301ja\u0300, 'tis\0 \u0301क्\u200dष 12.\0"
    reading = reading_of(text)
    places = sorted(reading.words() + reading.others(), key=lambda p: p.column)
    assert "\0" + "".join(place.text for place in places) == text
    assert [place.text for place in reading.others()].count("\0") == 2


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_places_count_lines_as_scores_do(end):
    text = f"one{end}{end}two\f\u2028three{end}\u2029four"
    found = {p.text: (p.line, p.column) for p in reading_of(text).words()}
    assert found == {
        "one": (1, 1), "two": (3, 1), "three": (3, 6), "four": (4, 2)
    }  # fmt: skip


def test_an_expected_nul_stays_one():
    vocabulary = Vocabulary("\0ab")
    model = build_model(vocabulary, cell="gru", units=4)
    model.layers[-1].set_weights([np.zeros((4, 3)), np.array([2.0, 1.0, 0.0])])
    reading = read_along(Engine.from_keras(model, vocabulary), "ab\0a")
    assert reading.expected.tolist() == [["\0", "a", "b"]] * 3
    assert reading.words()[0].expected == "\0"


def test_a_text_too_long_to_show_is_refused(engine):
    with pytest.raises(ValueError, match="at most 200,000 characters"):
        read_along(engine, "a" * 200_001)


@pytest.mark.slow
def test_a_page_of_100_kb_of_noise_stays_below_3_mb(engine):
    random = np.random.default_rng(0)
    characters = sorted(set(TEXT) - {"\U0001f600"})
    text = "".join(random.choice(characters, 100_000))
    assert len(page(read_along(engine, text), "noise").encode()) < 3_000_000


def test_nothing_in_a_text_can_end_the_page_early(engine, reading):
    made = page(reading, "<b>a text</b>")
    assert "<unfold>" not in made
    assert "<b>" not in made
    assert text_of(made) == TEXT


def text_of(made):
    """The text in a page's HTML, which is there without JavaScript."""
    inside = re.search(
        r'<div id="text".*?>(.*)</div>\n<aside', made, re.DOTALL
    )[1]
    return html.unescape(re.sub("<.*?>", "", inside))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_text_is_in_the_page_coloured_line_by_line(end):
    text = f"<a>{end}\0\x1b&{end}क्\u200dष\x85\u202e"
    reading = reading_of(text)
    made = page(reading, "a text")
    assert text_of(made) == text.replace("\0", "\u2400")
    assert made.count("<div class=row>") == 3
    assert "&lt;a<b class=s1>&gt;</b>" in made
    assert re.search(r'<b class="s\d sign">\x1b</b>', made)
    assert 'sign">\u200d' not in made


@pytest.mark.parametrize(
    ("text", "model", "title"),
    [
        (
            "/home/ann/letter.txt",
            "/home/ann/runs/x-1/",
            "letter.txt, read by x-1",
        ),
        ("../../a", "model.keras", "a, read by model.keras"),
        ("-", "shakespeare", "standard input, read by shakespeare"),
        (["/a/b.txt", "-"], "m", "b.txt, standard input, read by m"),
        ("a\x1b[31m", "m", "a\\x1b[31m, read by m"),
        ("sea\udcff", "m", "sea\\udcff, read by m"),
    ],
)
def test_a_title_shows_names_without_folders(text, model, title):
    assert title_of(text, Path(model)) == title


@pytest.fixture
def browser():
    with chromium() as driver:
        yield driver


@pytest.mark.slow
def test_the_page_shows_what_was_expected(reading, browser, tmp_path):
    from selenium.webdriver import ActionChains, Keys
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.wait import WebDriverWait

    path = tmp_path / "page.html"
    path.write_text(page(reading, "a text"), encoding="utf-8")
    browser.get(path.as_uri())
    WebDriverWait(browser, 20).until(
        lambda browser: browser.find_elements(By.CSS_SELECTOR, "#text span")
    )
    spans = browser.find_elements(By.CSS_SELECTOR, "#text span")
    assert "".join(s.get_property("textContent") for s in spans) == TEXT

    def shown(selector):
        return browser.find_element(By.CSS_SELECTOR, selector).text

    for i in (1, 17, 40, 57):
        ActionChains(browser).move_to_element(spans[i]).perform()
        said = re.match(
            r"probability (\S+) %, surprise (\S+) bits", shown("#how")
        )
        chance = np.exp(-reading.nats[i - 1])
        assert float(said[1]) == pytest.approx(100 * chance, rel=0.03)
        assert float(said[2]) == pytest.approx(reading.bits[i - 1], abs=0.01)
        rows = shown("#expected").splitlines()
        assert len(rows) == 5
        for row, character, chance in zip(
            rows, reading.expected[i - 1], reading.probabilities[i - 1],
            strict=True,
        ):  # fmt: skip
            names = {" ": "space", "\n": "line break", "\t": "tab"}
            assert row.startswith(names.get(character, character))
            said = re.search(r"([\d.]+) %", row)[1]
            assert float(said) == pytest.approx(100 * chance, abs=0.11)
        running = reading.running_bits_per_character()[i - 1]
        assert f"{running:.2f}" in shown("#sofar")
    text = browser.find_element(By.ID, "text")
    text.send_keys(Keys.HOME, Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    assert shown("#what") == f"“{TEXT[14]}”"
    levels = [span.get_attribute("class") for span in spans]
    for i, bits in enumerate(reading.bits, 1):
        level = min(8, int(bits))
        assert (f"s{level}" in levels[i]) or not level
    check_silence(browser, path.as_uri())


def test_without_javascript_the_text_is_there_in_its_colours(
    reading, browser, tmp_path
):
    from selenium.webdriver.common.by import By

    path = tmp_path / "page.html"
    path.write_text(page(reading, "a text"), encoding="utf-8")
    off = {"value": True}
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", off)
    browser.get(path.as_uri())
    text = browser.find_element(By.ID, "text")
    assert text.get_property("textContent") == TEXT
    coloured = browser.find_elements(By.CSS_SELECTOR, "#text .s8")
    worst = {TEXT[i + 1] for i in np.flatnonzero(reading.bits >= 8)}
    told = "".join(b.get_property("textContent") for b in coloured)
    assert set(told) == worst
    colours = {b.value_of_css_property("background-color") for b in coloured}
    assert colours == {"rgba(223, 106, 6, 1)"}
    assert not browser.find_element(By.ID, "panel").is_displayed()
    assert (
        "with JavaScript only"
        in browser.find_element(By.TAG_NAME, "header").text
    )


def test_a_phone_s_screen_is_the_text_s_until_a_character_is_chosen(
    browser, tmp_path
):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.wait import WebDriverWait

    path, text = tmp_path / "page.html", "a\r\nb\0c\rd"
    path.write_text(page(reading_of(text), "a text"), encoding="utf-8")
    resize(browser, PHONE)
    browser.get(path.as_uri())
    WebDriverWait(browser, 20).until(
        lambda browser: browser.find_elements(By.CSS_SELECTOR, "#text span")
    )
    spans = browser.find_elements(By.CSS_SELECTOR, "#text span")
    assert "".join(s.get_property("textContent") for s in spans) == text
    assert len(browser.find_elements(By.CLASS_NAME, "row")) == 3
    panel = browser.find_element(By.ID, "panel")
    assert not panel.is_displayed()
    spans[4].click()
    assert panel.is_displayed()
    assert browser.find_element(By.ID, "what").text == "\u201cU+0000\u201d"
    browser.find_element(By.ID, "close").click()
    assert not panel.is_displayed()


@pytest.mark.slow
@pytest.mark.parametrize("kind", [WordVocabulary, ByteVocabulary])
def test_the_page_tells_of_words_and_of_characters_made_of_bytes(
    kind, browser, tmp_path
):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.wait import WebDriverWait

    text = "The séa \0\r\n\r\nsees \x07 the\n\nsea, 文😀!"
    reading = read_along(random_engine(kind.from_text(text)), text)
    path = tmp_path / "page.html"
    path.write_text(page(reading, "a text"), encoding="utf-8")
    browser.get(path.as_uri())
    WebDriverWait(browser, 20).until(
        lambda browser: browser.find_elements(By.CSS_SELECTOR, "#text span")
    )
    spans = browser.find_elements(By.CSS_SELECTOR, "#text span")
    told = [(s.get_property("index"), s.get_property("textContent"))
            for s in spans]  # fmt: skip
    pieces, bits = reading.pieces, reading.bits_of_pieces
    for i, piece in enumerate(pieces.texts):
        assert "".join(part for own, part in told if own == i) == piece
    characters = np.add.reduceat(
        reading.lengths.astype(int), pieces.first_units
    )
    running = bits.cumsum()[1:] / characters[1:].cumsum()
    step = 2 if kind is WordVocabulary else 1
    for span, (i, part) in zip(spans, told, strict=True):
        classes = (span.get_attribute("class") or "").split()
        level = min(8, int(bits[i] / step)) if i else 0
        assert (f"s{level}" in classes) == (level > 0)
        if i == 0 or not part.strip("\r\n\0\x07 "):
            continue
        ActionChains(browser).move_to_element(span).perform()
        said = browser.find_element(By.ID, "how").text
        told_bits = float(re.search(r"surprise (\S+) bits", said)[1])
        assert told_bits == pytest.approx(bits[i], abs=0.01)
        said = browser.find_element(By.ID, "sofar").text
        mean = float(re.search(r"here (\S+) bits", said)[1])
        assert mean == pytest.approx(running[i - 1], abs=0.02)
        unit = pieces.first_units[i]
        marked = browser.find_elements(By.CSS_SELECTOR, "#expected .own")
        own = reading.units[unit] in reading.expected[unit - 1]
        assert len(marked) == own
    assert browser.get_log("browser") == []
