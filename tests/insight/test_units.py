"""What a model of words or bytes makes of a text, against single steps."""

import html
import re

import numpy as np
import pytest
from random_networks import engine_of

from charrnn import ByteVocabulary, Vocabulary, WordVocabulary
from charrnn.insight import context
from charrnn.insight.alignment import (
    bytes_per_character,
    character_of_each_unit,
    names_of,
    unit_of_each_character,
)
from charrnn.insight.context import context_curve
from charrnn.insight.neurons import read_neurons
from charrnn.insight.pages import page
from charrnn.insight.surprise import read_along
from charrnn.scoring.score import score

TEXT = (
    "Don't panic, é 文字!\r\n\r\nThe sea, the se\0a! 🙂\nshe sells the sea\n"
    * 4
)
KINDS = [Vocabulary, WordVocabulary, ByteVocabulary]
OTHERS = pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.unit)
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.unit)
NO_UTF8 = b"caf\xe9, \xc3(\xff \xe2\x82 \x80\x80 end\n".decode(
    "utf-8", "surrogateescape"
)


def read(kind, text=TEXT):
    return read_along(engine_of(kind.from_text(text), recurrence=0.3), text)


@kinds
@pytest.mark.parametrize("text", [TEXT, "no", "é é", "\n\n\n"], ids=ascii)
def test_a_reading_has_the_figures_of_the_score(kind, text):
    engine = engine_of(kind.from_text(text))
    if len(engine.vocabulary.encode(text)) < 2:
        pytest.skip("one word is only context")
    reading, scored = read_along(engine, text), score(engine, text)
    assert reading.unit == scored.unit == kind.unit
    assert reading.score.characters == scored.characters
    assert reading.nats == pytest.approx(scored.nats, abs=1e-5)
    assert reading.bits_per_character == pytest.approx(
        scored.bits_per_character
    )
    running = reading.running_bits_per_character()
    if scored.characters:
        assert running[-1] == pytest.approx(scored.bits_per_character)


def test_a_reading_tells_its_characters_and_units():
    vocabulary = WordVocabulary([*" ab", " ab"])
    reading = read_along(engine_of(vocabulary), "a ab ab")
    assert repr(reading).startswith("Reading(7 characters in 3 words, ")
    reading = read_along(engine_of("ab"), "abba")
    assert repr(reading).startswith("Reading(4 characters, ")


@kinds
def test_the_pieces_are_the_text_and_share_its_surprise(kind):
    reading = read(kind)
    pieces = reading.pieces
    assert "".join(pieces.texts) == TEXT
    assert reading.bits_of_pieces.sum() == pytest.approx(reading.bits.sum())
    assert pieces.units.sum() == len(reading.nats) + 1
    if kind is not WordVocabulary:
        assert list(pieces.texts) == list(TEXT)


@OTHERS
def test_what_was_expected_is_what_the_network_says(kind):
    vocabulary = kind.from_text(TEXT)
    engine = engine_of(vocabulary)
    reading, names = read_along(engine, TEXT), names_of(vocabulary)
    ids, state = vocabulary.encode(TEXT), engine.zero_state(1)
    assert list(reading.units) == names[ids].tolist()
    for i, id in enumerate(ids[:-1]):
        logits, state = engine.step([id], state)
        p = np.exp(logits[0].astype(float))
        p /= p.sum()
        order = np.argsort(-p)[:5]
        assert reading.expected[i].tolist() == names[order].tolist()
        assert reading.probabilities[i] == pytest.approx(p[order], rel=1e-3)
        assert np.exp(-reading.nats[i]) == pytest.approx(
            p[ids[i + 1]], rel=1e-3
        )


@OTHERS
def test_words_and_others_are_the_whole_text(kind):
    text = "x The sea, 'tis 12 sea's!\n\nThe the sea é 文字.\n" * 2
    reading = read(kind, text)
    places = reading.words() + reading.others()
    found = sorted((place.line, place.column, place.text) for place in places)
    told = "".join(text for *_, text in found)
    if kind is WordVocabulary:  # the space before a word belongs to it
        text = re.sub(r" (?=[^\W\d_])", "", text)
    assert told == text[1:]


def test_a_word_is_as_surprising_as_the_word_with_its_space():
    reading = read(WordVocabulary)
    ends = np.cumsum([len(unit) for unit in reading.units])
    units = {
        (end - len(unit.lstrip()), end): bits
        for unit, end, bits in zip(
            reading.units, ends, reading.bits_of_pieces, strict=True
        )
    }
    whole = 0
    starts = np.cumsum([0, *map(len, re.split("(?<=\n)", TEXT))])
    for word in reading.words():
        start = starts[word.line - 1] + word.column - 1
        bits = units.get((start, start + len(word.text)))
        whole += bits is not None
        if bits is not None:
            length = len(word.text) + (TEXT[start - 1 : start] == " ")
            assert word.bits == pytest.approx(bits / length)
        assert (word.worst, word.marked) == (0, len(word.text))
    assert whole > 20


def test_a_word_that_is_spelled_out_is_as_surprising_as_its_letters():
    vocabulary = WordVocabulary([*" aehst", " the", " sea"])
    reading = read_along(engine_of(vocabulary), " the sah sea")
    units = [" the", " ", "s", "a", "h", " sea"]
    assert list(reading.units) == units
    (word,) = (word for word in reading.words() if word.text == "sah")
    assert word.bits == pytest.approx(reading.bits[:4].mean())
    assert word.spelled and reading.words()[0] == word
    assert word.expected == reading.expected[0, 0]
    assert reading.others() == []


def test_bytes_are_those_of_the_characters():
    assert bytes_per_character(TEXT + NO_UTF8).tolist() == [
        len(c.encode("utf-8", "surrogateescape")) for c in TEXT + NO_UTF8
    ]


@kinds
def test_characters_and_units_are_aligned(kind):
    vocabulary = kind.from_text(TEXT)
    ids = vocabulary.encode(TEXT)
    units = unit_of_each_character(vocabulary, ids, TEXT)
    last = character_of_each_unit(vocabulary, ids, TEXT)
    assert (len(units), len(last)) == (len(TEXT), len(ids))
    for place, unit in enumerate(units):
        assert (
            vocabulary.decode(ids[: unit + 1])[: place + 1]
            == (TEXT[: place + 1])
        )
    for unit, place in enumerate(last):
        assert units[place] >= unit
        assert unit == 0 or units[last[unit - 1]] <= units[place]


@OTHERS
@pytest.mark.parametrize("text", [TEXT, "é", NO_UTF8], ids=ascii)
def test_the_whole_text_is_in_the_page(kind, text):
    if kind is WordVocabulary and text != TEXT:
        text = TEXT[:30]
    reading = read(kind, text)
    made = page(reading, "a text")
    inside = re.search(
        r'<div id="text".*?>(.*)</div>\n<aside', made, re.DOTALL
    )[1]
    shown = html.unescape(re.sub("<.*?>", "", inside))
    assert shown == ByteVocabulary().shown(text).replace("\0", "\u2400")
    assert f"per {kind.unit}" in made
    made.encode("utf-8")


@kinds
@pytest.mark.parametrize("k", [1, 3, 20])
def test_a_context_is_of_so_many_units(kind, k, monkeypatch):
    vocabulary = kind.from_text(TEXT)
    engine = engine_of(vocabulary, recurrence=0.5)
    monkeypatch.setattr(context, "MAX_LOGITS_PER_PIECE", 300)  # a few rows
    curve = context_curve(engine, TEXT, contexts=(1, 3, 20))
    ids, scored = vocabulary.encode(TEXT), score(engine, TEXT)
    short = []
    for t in range(k, len(ids)):
        logits, _ = engine.read(ids[None, t - k : t])
        p = np.exp(logits[0].astype(float))
        short.append(-np.log2(p[ids[t]] / p.sum()))
    full = scored.nats[k - 1 :] / np.log(2)
    length = scored.characters / len(scored.nats)
    assert curve.characters_per_unit == pytest.approx(length)
    assert curve.unit == kind.unit
    whole = curve.bits_per_character_with_all
    assert whole == pytest.approx(scored.bits_per_character)
    difference = curve.bits_per_character[curve.contexts.index(k)] - whole
    expected = (np.array(short) - full).mean() / length
    assert difference == pytest.approx(expected, abs=1e-4)


@OTHERS
def test_a_unit_that_was_planted_is_found(kind):
    random = np.random.default_rng(0)
    text = "".join(random.choice([" sea", " Sea", ", sea", "é", "\n"], 2000))
    vocabulary = kind.from_text(text)
    engine = engine_of(vocabulary, "SimpleRNN", units=4)
    names = names_of(vocabulary)
    upper = np.array([any(c.isupper() for c in name) for name in names])
    engine.layers[0].U[:, 2] = 0
    engine._table[:, 2] = np.where(upper, 2, -2)
    found = read_neurons(engine, text)
    (unit,) = (u for u in found.units if u.probe == "upper case")
    assert (unit.layer, unit.unit) == (1, 2)
    assert unit.correlation == pytest.approx(1, abs=1e-3)
    assert len(unit.activations) == len(text)
    above = text[int(np.argmax(unit.activations))]
    assert above in (" S" if kind is WordVocabulary else "S")
    assert "S" in unit.highest_after[0]


def test_bytes_are_told_apart_within_a_character():
    vocabulary = ByteVocabulary()
    engine = engine_of(vocabulary, "SimpleRNN", units=1, recurrence=0)
    engine._table[:, 0] = np.where(np.arange(256) == 0xC3, 2, -2)
    found = read_neurons(engine, "aé e. " * 50)
    (unit,) = {u.highest_after for u in found.units}
    assert unit[0] == r"\xc3"
