"""The page's engine writes and scores as charrnn does."""

import base64
import itertools
import re

import numpy as np
import pytest
from browsers import check_silence, chromium
from exported import CELLS, EMBEDDINGS, VOCABULARIES, network
from random_networks import engine_of

from charrnn import Sampler, Vocabulary, WordVocabulary, load
from charrnn.exports.javascript import javascript_pattern
from charrnn.exports.page import (
    BYTES_PER_CHUNK,
    ENGINE,
    SCRIPT,
    SHARED,
    WEIGHTS,
    packed,
    page,
)
from charrnn.exports.respellings import respellings
from charrnn.insight.templates import template
from charrnn.network.engine import Engine
from charrnn.text import nearest, words

# -- What Python packs, without a browser


def unpacked(data):
    """The matrices of a page, as network.js takes them apart."""
    weights = data["weights"]

    def joined(name):
        return b"".join(base64.b64decode(each) for each in weights[name])

    kind = {"int16": "<i2", "float32": "<f4"}[weights["format"]]
    values, start, row, found = np.frombuffer(joined("chunks"), kind), 0, 0, []
    for rows, columns in data["network"]["arrays"]:
        size = rows * columns
        matrix = values[start : start + size].reshape(rows, columns)
        if "scales" in weights:
            scales = np.frombuffer(joined("scales"), "<f4")[row : row + rows]
            matrix = matrix * scales[:, None]
        found.append(matrix)
        start, row = start + size, row + rows
    assert start == len(values)
    return found


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("cell", CELLS)
def test_all_weights_are_in_the_page(cell, weights):
    engine = network(cell=cell, embedding=5)
    own = [a for _, arrays in engine.layer_weights() for a in arrays]
    matrices = unpacked(packed(engine, "a model", weights))
    assert sum(m.size for m in matrices) == engine.parameters
    first, *others = own
    for found, expected in zip(matrices, (first, others[0].T), strict=False):
        assert found.dtype == np.float32
        step = np.abs(expected).max(1, keepdims=True) / 32767
        difference = np.abs(found - expected)
        assert (difference <= (step * 0.51 if weights == "int16" else 0)).all()


def test_a_chunk_of_base64_has_whole_numbers():
    assert BYTES_PER_CHUNK % 3 == 0 and BYTES_PER_CHUNK % 4 == 0
    engine = engine_of(units=280, layers=1)
    chunks = packed(engine, "a model", "float32")["weights"]["chunks"]
    assert len(chunks) == 2
    assert not any("=" in chunk for chunk in chunks[:-1])


def test_weights_of_another_type_are_refused():
    with pytest.raises(ValueError, match="int16 or float32.*'float16'"):
        page(network(), "a model", "float16")


@pytest.mark.parametrize("largest", [0, 1e-38, 1e5, 3e38])
def test_weights_of_any_size_are_rounded(largest):
    engine = network()
    engine.layers[0].bias[:] = 0
    engine.layers[0].bias[0] = largest
    bias = unpacked(packed(engine, "a model", "int16"))[2]
    assert bias.max() == pytest.approx(largest, rel=1e-4, abs=1e-42)


NASTY = [
    "Don't  panic: 42!", "naïve\u0301 café\u0301s", "文字と文 カタカナ ตัวอักษร",
    "👩\u200d👩\u200d👧 😀!!", "a_b __ 12345 ½ ² Ⅻ", "\x1c\x85\u2028 \t\r\n\n",
    "x" * 70 + "\u0300" * 20, "o'clock\u2019s\u200dz", "\ud800 \udfff",
    "ﬁ ẞ İ ŉ",
]  # fmt: skip


@pytest.mark.slow  # it lists the characters of each class
@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_a_translated_pattern_cuts_the_same_words(text):
    made = javascript_pattern(words.pattern().pattern)
    # The only syntax of JavaScript in it that Python writes differently.
    back = re.sub(
        r"\\u\{(\w+)\}", lambda found: rf"\U{int(found[1], 16):08x}", made
    ).replace("[^]", "(?s:.)")
    assert not re.search(r"\\[wWdDsSpP]", made)
    assert re.findall(back, text) == words.cut(text)


def test_respellings_are_those_of_nearest():
    vocabulary = Vocabulary(" '-.aeno\n")
    pairs = dict(respellings(vocabulary))
    assert (pairs["’"], pairs["é"], pairs["—"]) == ("'", "e", "--")
    known = set(vocabulary.alphabet)
    for character, read in pairs.items():
        assert known.issuperset(read)
        if len(character) == 1 and character != '"':
            assert nearest.spelled(character, vocabulary.alphabet)[0] == read
    assert respellings(VOCABULARIES["byte"]) == []


def test_a_straight_quotation_mark_opens_or_closes():
    pairs = dict(respellings(Vocabulary("a“” ")))
    assert (pairs['opening "'], pairs['"']) == ("“", "”")


@pytest.mark.parametrize("strange", [None, [], "<b>", {"a": 1}, True])
def test_facts_of_the_wrong_type_are_left_out(strange):
    metrics = {"validation_bits_per_char": strange}
    facts = {"text": {"name": strange}, "metrics": metrics}
    own = network()
    layers = [(name, {}, arrays) for name, arrays in own.layer_weights()]
    found = packed(Engine(layers, own.vocabulary, facts), "a model", "int16")
    assert found["facts"]["bitsPerCharacter"] is None
    name = found["facts"]["trainedOn"]
    assert name is None or isinstance(name, str)


def test_no_script_makes_a_request_or_runs_a_text():
    joined = "".join(
        [template(name) for name in SHARED]
        + [template(name, "charrnn.exports") for name in (*ENGINE, *SCRIPT)]
    )
    for call in (
        "fetch(", "XMLHttpRequest", "WebSocket", "EventSource", "sendBeacon",
        "importScripts", "import(", "eval(", "Function(", "innerHTML",
        "outerHTML", "insertAdjacentHTML", "document.write", "http",
    ):  # fmt: skip
        assert call not in joined


# -- What the engine does, in a browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A browser with a page, whose engine the tests give other networks."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(page(network(), "a model"), encoding="utf-8")
    with chromium() as driver:
        driver.get(path.as_uri())
        driver.set_script_timeout(120)
        yield driver


RUN = """
const [data, messages, done] = arguments;
const waiting = new Map();
let text = "";
const session = startEngine(({id, event, detail, ...answer}) => {
  if (event === "wrote") text += detail.text;
  if (!event) waiting.get(id)(answer);
});
const ask = message => new Promise(resolve => {
  waiting.set(message.id, resolve);
  session.receive(message);
});
// Base64, because JSON cannot hold half of a surrogate pair, and is slow.
const packed = array => {
  const bytes = new Uint8Array(array.buffer);
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
};
const codes = text => Uint16Array.from(
  {length: text.length}, (_, i) => text.charCodeAt(i));
const plain = value => JSON.parse(JSON.stringify(value, (_, each) =>
  ArrayBuffer.isView(each) ? packed(each) : each));
(async () => {
  const answers = [];
  await ask({id: 0, kind: "load", text: JSON.stringify(data)});
  for (const [place, message] of messages.entries()) {
    text = "";
    const answer = await ask({...message, id: place + 1});
    answers.push({...plain(answer), text: packed(codes(text))});
  }
  done(answers);
})();
"""


def run(browser, engine, messages, weights="float32"):
    """Has the page's engine answer messages with a network of its own."""
    data = packed(engine, "a model", weights)
    answers = browser.execute_async_script(RUN, data, messages)
    for answer in answers:
        data = base64.b64decode(answer["text"])
        answer["text"] = data.decode("utf-16-le", "surrogatepass")
    return answers


def logits_of(browser, engine, text, weights="float32"):
    """The logits after each id of a text, as the page computes them."""
    message = {"kind": "logits", "text": text}
    (found,) = run(browser, engine, [message], weights)
    rows = [np.frombuffer(base64.b64decode(r), "<f4") for r in found["answer"]]
    return np.array(rows)


def settings(seed=0, **others):
    known = {"temperature": 1.0, "topK": None, "topP": None, "minP": None,
             "perSecond": None, "endings": []}  # fmt: skip
    return {**known, "seed": str(seed), **others}


FILTERS = [
    ({}, {}),
    ({"temperature": 0}, {"temperature": 0}),
    ({"topK": 3}, {"top_k": 3}),
    ({"topP": 0.7}, {"top_p": 0.7}),
    ({"minP": 0.2}, {"min_p": 0.2}),
    (
        {"temperature": 1.3, "topK": 8, "topP": 0.9, "minP": 0.05},
        {"temperature": 1.3, "top_k": 8, "top_p": 0.9, "min_p": 0.05},
    ),
]
ENDINGS = [
    {"string": "aa", "kept": True},
    {"string": "aab", "kept": False},
    {"string": "nab", "kept": False},
]
PROMPTS = "", "a", "ban ba", "a banan", "ban ", "n'", "bbb a"
SEEDS = 0, 7, -3, 2**70 + 5


@pytest.mark.slow
@pytest.mark.parametrize("unit", VOCABULARIES)
def test_the_same_seed_writes_the_same_text(browser, unit):
    stops = {"stop": ["aab", "nab"], "stop_after": "aa"}
    filters = itertools.cycle([*FILTERS, ({"endings": ENDINGS}, stops)])
    prompts = itertools.cycle(PROMPTS)
    for number, cell in enumerate([*CELLS, *CELLS]):
        # Of small weights, so that no two texts part by a last bit.
        engine = engine_of(
            VOCABULARIES[unit], cell, layers=2, recurrence=0.3,
            embedding=EMBEDDINGS[number // 3],
        )  # fmt: skip
        messages, expected = [], []
        for seed, prompt, (own, named) in zip(
            SEEDS, prompts, filters, strict=False
        ):
            own = settings(seed, **own)
            messages += [
                {"kind": "start", "text": prompt, "settings": own},
                {"kind": "write", "length": 500, "settings": own},
            ]
            expected += Sampler(engine).generate(
                prompt, length=500, seed=seed, **named
            )
        answers = run(browser, engine, messages)[1::2]
        for answer, own in zip(answers, expected, strict=True):
            assert answer["text"] == own.text, (cell, own.seed)
            assert answer["answer"]["reason"] == own.stop_reason


@pytest.mark.slow
def test_without_line_feeds_an_empty_prompt_is_the_first_character(browser):
    engine, own = engine_of("bca"), settings(2)
    start = {"kind": "start", "text": "", "settings": own}
    write = {"kind": "write", "length": 100, "settings": own}
    started, written = run(browser, engine, [start, write])
    (python,) = Sampler(engine).generate(length=100, seed=2)
    assert written["text"] == python.text
    assert started["answer"]["pieces"] == []


SCORED = "ban a banan\nn'ab an a\n\nban bab" * 10


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_logits_equal_the_engine_s_over_300_characters(browser, cell):
    for unit, embedding in zip(VOCABULARIES, itertools.cycle(EMBEDDINGS)):
        # A SimpleRNN with a recurrence of 1 multiplies errors with each step.
        own = engine_of(
            VOCABULARIES[unit],
            cell,
            layers=2,
            embedding=embedding,
            recurrence=0.6,
        )
        ids = own.vocabulary.encode(SCORED)
        logits, _ = own.run(ids[None])
        for weights, atol in (("float32", 1e-5), ("int16", 1e-3)):
            found = logits_of(browser, own, SCORED, weights)
            np.testing.assert_allclose(found, logits[0], atol=atol)


@pytest.mark.slow
def test_the_bundled_model_s_logits_are_those_of_the_engine(browser):
    own = load("shakespeare")
    text = "ROMEO:\nWhat say you, master?\n\nBELARIUS:\nPray you, come.\n" * 5
    logits, _ = own.run(own.vocabulary.encode(text)[None])
    found = logits_of(browser, own, text, "int16")
    np.testing.assert_allclose(found, logits[0], atol=1e-3)


@pytest.mark.slow
def test_words_are_cut_and_left_unread_at_the_end_as_in_python(browser):
    alphabet = [
        "a", "b", "é", "e\u0301", "'", "’", " ", "  ", "\n", "\t", ".", "!",
        "1", "23", "_", "文", "カ", "ー", "ก", "\u200d", "👩", "½", "\x85",
        "\u2028", "\x1c", "-", "İ",
    ]  # fmt: skip
    random = np.random.default_rng(1)
    texts = ["".join(random.choice(alphabet, n % 15)) for n in range(300)]
    texts += ["文" * 300 + "a b", "word " * 2000 + "nap", "ab. " * 9 + "\t\n x"]
    vocabulary = WordVocabulary.from_text(texts)
    start = {"kind": "start", "settings": settings()}
    messages = [{**start, "text": text} for text in texts]
    answers = run(browser, engine_of(vocabulary), messages)
    for text, answer in zip(texts, answers, strict=True):
        end = vocabulary.settled_length(text)
        ids = vocabulary.encode(text[:end])
        read = [vocabulary.words[i] for i in ids]
        assert answer["answer"]["rest"] == text[end:], ascii(text)
        assert answer["answer"]["pieces"] == read, ascii(text)


@pytest.mark.slow
def test_a_text_goes_on_after_a_pause_as_if_there_was_none(browser):
    engine, own = network("word"), settings(5)
    start = {"kind": "start", "text": "a ba", "settings": own}
    lengths = {"length": 40}, {"length": 50, "goesOn": True}
    writes = [{"kind": "write", "settings": own, **each} for each in lengths]
    _, *parts = run(browser, engine, [start, *writes])
    (python,) = Sampler(engine).generate("a ba", length=90, seed=5)
    assert "".join(part["text"] for part in parts) == python.text


@pytest.mark.slow
@pytest.mark.parametrize("unit", VOCABULARIES)
def test_a_choice_is_written_and_the_text_goes_on_from_it(browser, unit):
    engine, own = network(unit), settings(3)
    start = {"kind": "start", "text": "ban ba", "settings": own}
    first, *_ = run(browser, engine, [start])
    choices = first["answer"]["choices"]
    chosen = [c for c in choices if not c["isEnd"]][1]
    take = {"kind": "take", "name": chosen["name"], "settings": own}
    _, taken, again = run(browser, engine, [start, take, start])
    rest = first["answer"]["rest"]
    if VOCABULARIES[unit].unit != "byte":
        assert rest + taken["text"] == chosen["name"]
    assert again["answer"]["choices"] == choices
    total = sum(choice["probability"] for choice in choices)
    assert 0 < total < 1 + 1e-9


@pytest.mark.slow
def test_a_text_is_continued_from_any_place_as_if_it_was_typed(browser):
    """The engine goes back to a state that it kept."""
    engine, own = network("character"), settings(9)
    text = Sampler(engine).generate(length=300, seed=1)[0].text
    write = {"kind": "write", "length": 60, "settings": own}
    messages = [{"kind": "start", "text": text, "settings": own}, write]
    for place in (299, 200, 64, 63, 1):
        start = {"kind": "start", "text": text[:place], "settings": own}
        messages += [start, write]
    answers = run(browser, engine, messages)[1::2]
    for place, answer in zip((300, 299, 200, 64, 63, 1), answers, strict=True):
        (python,) = Sampler(engine).generate(text[:place], length=60, seed=9)
        assert answer["text"] == python.text


# -- What the page does with it


@pytest.fixture
def opened(browser, tmp_path):
    """Opens the page of a network; nothing that it does makes a request."""
    path = tmp_path / "page.html"

    def open_page(engine, weights="float32"):
        browser.get_log("performance")  # of an earlier page
        path.write_text(page(engine, "a model", weights), encoding="utf-8")
        browser.get(path.as_uri())
        until(browser, "return model.facts && writing.current !== null")
        return browser

    yield open_page
    check_silence(browser, path.as_uri())


def until(browser, script):
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(browser, 20, 0.02).until(lambda b: b.execute_script(script))


def fill(browser, **values):
    """Puts texts into the page's fields."""
    for name, value in values.items():
        browser.execute_script(
            "const field = byId(arguments[0]); field.value = arguments[1];"
            "field.dispatchEvent(new Event('input', {bubbles: true}));",
            name.replace("_", "-"),
            str(value),
        )


def click(browser, name):
    browser.execute_script("byId(arguments[0]).click()", name)


def write(browser, **values):
    fill(browser, **values)
    click(browser, "start")
    until(browser, "return !writing.isWriting")
    return shown(browser, "written")


def shown(browser, name):
    return browser.execute_script(
        "const {value, textContent} = byId(arguments[0]);"
        "return value === undefined ? textContent : value;",
        name,
    )


@pytest.mark.slow
def test_the_page_writes_with_the_settings_of_its_form(opened):
    engine = network()
    browser = opened(engine)
    text = write(
        browser, written="ban", seed=4, length=200, temperature="1.2", top_k=7,
        top_p="0.9", min_p="0.01", stop="bbb\\n\nnnn'", stop_after="éé",
    )  # fmt: skip
    (python,) = Sampler(engine).generate(
        "ban", seed=4, length=200, temperature=1.2, top_k=7, top_p=0.9,
        min_p=0.01, stop=["bbb\n", "nnn'"], stop_after="éé",
    )  # fmt: skip
    assert text == "ban" + python.text
    assert "Seed 4." in shown(browser, "status")
    assert browser.execute_script("return writing.pieces.join('')") == text


@pytest.mark.slow
def test_write_goes_on_where_it_stopped_and_undo_takes_it_back(opened):
    engine = network("word")
    browser = opened(engine)
    (python,) = Sampler(engine).generate(
        "a ban", seed=2, length=60, temperature=0.8
    )
    begun = write(browser, written="a ban", seed=2, length=25)
    assert write(browser, length=35) == "a ban" + python.text
    click(browser, "again")
    assert shown(browser, "written") == begun
    click(browser, "again")
    assert shown(browser, "written") == "a ban"


@pytest.mark.slow
def test_the_text_before_the_cursor_is_the_prompt_after_an_edit(opened):
    engine = network()
    browser = opened(engine)
    text = write(browser, written="", seed=1, length=80)
    place = 30
    browser.execute_script(
        "byId('written').setSelectionRange(arguments[0], arguments[0])", place
    )
    (python,) = Sampler(engine).generate(
        text[:place], seed=8, length=40, temperature=0.8
    )
    assert write(browser, seed=8, length=40) == text[:place] + python.text
    (python,) = Sampler(engine).generate(
        "bab", seed=8, length=40, temperature=0.8
    )
    assert write(browser, written="bab") == "bab" + python.text


@pytest.mark.slow
def test_it_pauses_at_once_and_a_tap_writes_a_choice(opened):
    browser = opened(network())
    fill(browser, written="ban", speed="20", length=1000, seed=1)
    click(browser, "start")
    until(browser, "return byId('written').value.length > 4")
    click(browser, "pause")
    until(browser, "return !writing.isWriting")
    before = shown(browser, "written")
    assert len(before) < 100
    assert shown(browser, "status").startswith("Paused after ")
    names = "return Array.from(byId('choices').children, row => {\n"
    (first, *_) = browser.execute_script(
        f"{names} return row.firstElementChild.choice; }})"
    )
    browser.execute_script("byId('choices').querySelector('button').click()")
    until(browser, f"return byId('written').value.length > {len(before)}")
    assert shown(browser, "written") == before + first
    assert browser.execute_script("return writing.pieces.join('')") == (
        before + first
    )


@pytest.mark.slow
def test_what_the_model_does_not_know_is_read_as_what_is_similar(opened):
    browser = opened(network())
    text = write(browser, written="“n’á”", seed=1, length=5)
    assert text.startswith("n'a")
    assert "reads" in shown(browser, "status")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("top_k", "0", "top-k"), ("top_p", "2", "top-p"), ("seed", "x", "seed"),
        ("length", "0", "length"), ("stop", "x", "never writes x"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_told_in_a_line(field, value, message, opened):
    browser = opened(network())
    assert write(browser, **{field: value}) == ""
    assert message in shown(browser, "problem")
    assert "\n" not in shown(browser, "problem")


@pytest.mark.slow
def test_a_document_ends_and_write_begins_another(opened):
    engine = network("lines")
    browser = opened(engine)
    drawn = [
        "b" + Sampler(engine).generate("b", length=999, seed=s)[0].text
        for s in (3, 6)
    ]
    fill(browser, temperature="1", length=999)
    assert write(browser, written="b", seed=3) == drawn[0]
    assert "the text has ended" in shown(browser, "status")
    assert browser.execute_script("return byId('choices').children.length") == 0
    assert write(browser, seed=6) == drawn[1]


@pytest.mark.slow
def test_without_a_worker_the_page_writes_the_same(opened):
    engine = network()
    browser = opened(engine)
    browser.execute_script("model.runHere(); model.ready = null;")
    browser.execute_async_script(
        "const done = arguments[0]; model.ask('load', {text:"
        " byId('model').textContent}).then(done)"
    )
    fill(browser, written="n")
    text = write(browser, written="ban", seed=4, length=200)
    (python,) = Sampler(engine).generate(
        "ban", seed=4, length=200, temperature=0.8
    )
    assert text == "ban" + python.text
