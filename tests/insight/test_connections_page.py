"""The page and the picture of connections, in files and in a browser."""

import base64
import json
import re
import zlib

import numpy as np
import pytest
from browsers import PHONE, check_silence, chromium, prefer, resize
from random_networks import engine_of

import charrnn
from charrnn.insight.alignment import Pieces
from charrnn.insight.connected_pieces import shares_of_pieces
from charrnn.insight.connections import Connections, connections
from charrnn.insight.pages import page
from charrnn.insight.surprise import read_along

KINDS = [charrnn.Vocabulary, charrnn.WordVocabulary, charrnn.ByteVocabulary]
HOSTILE = "</script><b>\0&\u202e é文\r\n\x07 the sea, <i>the</i> sea\n"
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.unit)


def read(kind, text, window=9):
    engine = engine_of(kind.from_text(text), layers=2, recurrence=0.4)
    found = connections(engine, text, window=window)
    return found, read_along(engine, text)


def data_of(made):
    """The connections in a page, unpacked: `(lags, pieces - 1)`."""
    data = json.loads(re.search(r'id="data">(.*?)</script>', made)[1])
    own = data["connections"]
    packed = zlib.decompress(base64.b64decode(own["columns"]))
    shares = np.frombuffer(packed, np.uint8).reshape(own["window"], -1)
    return own, shares / own["steps_of_share"]


@kinds
def test_the_page_has_the_shares_of_what_it_shows(kind):
    found, reading = read(kind, HOSTILE)
    own, shares = data_of(page(reading, "a text", found, True))
    expected = shares_of_pieces(found, reading.pieces)
    assert own["first"] and shares.shape == expected.T.shape
    np.testing.assert_allclose(shares, expected.T, atol=0.5 / 255 + 1e-6)
    if kind.unit != "byte":
        np.testing.assert_array_equal(expected, found.shares)


def test_the_bytes_of_a_character_are_counted_as_one():
    text = "aé文b"
    inputs = tuple(map(str, text.encode("utf-8")))
    norms = np.arange(1, 25, dtype=float).reshape(6, 4)
    found = Connections(inputs, np.tril(norms, 0), "byte", text)
    made = shares_of_pieces(found, Pieces.of(text, None, "byte"))
    first = {0: 0, 1: 1, 2: 3, 3: 6}  # bytes of the characters
    owner = [0, 1, 1, 2, 2, 2, 3]
    expected = np.zeros((3, 4))
    for piece in (1, 2, 3):
        row = found.shares[first[piece] - 1]
        for k, share in enumerate(row[: first[piece]]):
            expected[piece - 1, piece - owner[first[piece] - 1 - k] - 1] += (
                share
            )
    np.testing.assert_allclose(made, expected)


def test_a_page_without_connections_is_as_before():
    _, reading = read(charrnn.Vocabulary, "the sea, the sea")
    made = page(reading, "a text")
    assert "by-connections" not in made and "ConnectionsView(" not in (
        made.replace("new ConnectionsView(document.body)", "")
    )


def test_the_picture_shows_the_window_and_the_one_predicted():
    found, _ = read(charrnn.Vocabulary, "out of the cradle <&> endlessly", 12)
    svg = charrnn.draw_connections(found, 20).svg()
    texts = re.findall(r"<text.*?>(.*?)</text>", svg)
    shown = [*found.inputs[8:31]]
    signs = [text for text in texts if len(text) == 1 or text[0] == "&"]
    escaped = {" ": "\u2423", "<": "&lt;", ">": "&gt;", "&": "&amp;"}
    assert signs == [escaped.get(name, name) for name in shown]
    assert "(2 back)" in svg or "(1 back)" in svg
    with pytest.raises(ValueError, match="a place from 1"):
        charrnn.draw_connections(found, 0)


@pytest.fixture
def browser():
    with chromium() as driver:
        yield driver


@pytest.mark.slow
@kinds
def test_one_sees_what_a_prediction_looked_at(kind, browser, tmp_path):
    from selenium.webdriver import ActionChains, Keys
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.wait import WebDriverWait

    found, reading = read(kind, HOSTILE)
    path = tmp_path / "page.html"
    path.write_text(page(reading, "a text", found), encoding="utf-8")
    browser.get(path.as_uri())
    WebDriverWait(browser, 20).until(
        lambda b: b.find_element(By.ID, "by-connections").is_displayed()
    )
    shares = shares_of_pieces(found, reading.pieces)

    def levels():
        """The level of each piece's colour, in order."""
        return browser.execute_script(
            "const found = [];"
            "for (const s of document.querySelectorAll('#text span'))"
            "  found[s.index] = +(/\\bs(\\d)/.exec(s.className) || [0, 0])[1];"
            "return found"
        )

    def expected(place):
        row = np.rint(shares[place - 1] * 255)[:place]
        own = np.zeros(len(shares) + 1, int)
        scaled = np.floor(8 * row / max(row.max(), 1e-9) + 0.5)
        own[place - len(row) : place] = scaled[::-1]
        return own.tolist()

    by_surprise = levels()
    browser.find_element(By.ID, "by-connections").click()
    last = len(shares)
    assert levels() == expected(last)
    text = browser.find_element(By.ID, "text")
    text.send_keys(Keys.ARROW_LEFT)
    assert levels() == expected(last - 1)
    spans = browser.find_elements(By.CSS_SELECTOR, "#text span")
    index = spans[7].get_property("index")
    ActionChains(browser).move_to_element(spans[7]).perform()
    assert levels() == expected(index)
    rows = browser.find_elements(By.CSS_SELECTOR, "#expected tr")
    strongest = np.sort(shares[index - 1, :index])[::-1][: len(rows)]
    for row, share in zip(rows, strongest, strict=True):
        figure = row.find_elements(By.TAG_NAME, "td")[1].text
        if share >= 0.01:
            assert float(figure[:-2]) == pytest.approx(100 * share, abs=0.3)
    text.send_keys("c")
    assert levels() == by_surprise
    prefer(browser, color_scheme="dark")
    resize(browser, PHONE)
    text.send_keys("c")
    assert levels() == expected(index)
    check_silence(browser, path.as_uri())
