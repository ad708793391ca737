"""A model card says what its file says, whatever that is."""

import contextlib
import io
import re
import shlex

import pytest
from exported import VOCABULARIES, network

import charrnn
from charrnn.commands import main
from charrnn.commands.parser import Parser
from charrnn.commands.train import add_arguments
from charrnn.exports.card import card
from charrnn.exports.contents import example_prompt
from charrnn.system.terminal import one_line

HOSTILE = [
    "</script><script>alert(1)</script>", "a\n---\nlicense: mit", "a: b # c",
    "`code` ``more``", "```\n# heading", "[x](https://example.org)", "'\"\\",
    "\u202eabc\u2028", "\x1b[31m", "\ud800", "- item", "{a: b}", "!!python/x",
    "<!-- ", "![x](y.png)", "a | b", "*", "&lt;", "\ufeff", "x" * 5000,
]  # fmt: skip
METRICS = {"validation_nats_per_char": 1.25, "validation_bits_per_char": 1.8034}


def made(**facts):
    engine = network("character", "GRU")
    engine.facts = facts
    return engine


def header(text):
    yaml = pytest.importorskip("yaml")
    begin, inside, _ = re.split(r"^---$", text, maxsplit=2, flags=re.M)
    assert begin == ""
    return yaml.safe_load(inside)


def command(text):
    (line,) = re.findall("```sh\n(charrnn train .*)\n```", text)
    return shlex.split(line)


def test_the_card_of_the_bundled_model_has_its_figures(capsys):
    assert main(["card", "shakespeare"]) == 0
    text = capsys.readouterr().out
    assert "\n# shakespeare\n" in text
    assert "LSTM, 2 layers of 512 units, 3,326,533 parameters" in text
    assert "held-out part: 1.8706 bits per character" in text
    assert "4,306,130 characters" in text
    assert "Fill in" in text and "license: unknown" in text
    words = command(text)
    assert words[:3] == ["charrnn", "train", "shakespeare"]
    parser = Parser("train")
    add_arguments(parser)
    flags = parser.parse_args(words[2:])
    assert (flags.units, flags.layers, flags.epochs) == (512, 2, 12)
    assert (flags.learning_rate, flags.seed) == (0.009, 1)


def test_the_hub_can_read_the_header():
    text = card(made(text={"name": "a.txt"}, metrics=METRICS), "tales")
    about = header(text)
    assert about["license"] == "unknown"
    assert about["library_name"] == "keras"
    assert about["pipeline_tag"] == "text-generation"
    assert {"charrnn", "gru", "character"} <= set(about["tags"])
    (result,) = about["model-index"][0]["results"]
    assert result["dataset"] == {"type": "text", "name": "a.txt"}
    assert result["metrics"][0]["value"] == 1.8034


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_only_data(name):
    facts = {
        "charrnn": name,
        "text": {"name": name},
        "metrics": {**METRICS, "validation_method": name},
        "training": {
            "seed": 1,
            "init_from": name,
            "teachers": [{"name": name}],
        },
    }
    text = card(made(**facts), name)
    plain = card(made(**{**facts, "text": {"name": "plain"}}), name)
    assert len(text.splitlines()) == len(plain.splitlines())
    assert text.isprintable() or set(text) - {"\n"} == {
        c for c in text if c.isprintable()
    }
    assert text.count("\n---\n") == 1
    assert "\n# heading" not in text and "\nlicense: mit" not in text


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_only_data_for_those_who_read_it(name):
    markdown = pytest.importorskip("markdown")
    facts = {"text": {"name": name}, "metrics": METRICS}
    text = card(made(**facts), name)
    about = header(text)
    assert set(about) == {
        "license", "library_name", "pipeline_tag", "tags", "model-index"
    }  # fmt: skip
    assert about["license"] == "unknown"
    assert about["model-index"][0]["name"] == one_line(name)
    body = text.split("\n---\n", 1)[1]
    shown = markdown.markdown(body, extensions=["fenced_code"])
    assert not re.search("<(script|a|img|hr|blockquote|!--)", shown)
    assert len(re.findall("<h1", shown)) == 1
    assert len(re.findall("<h2", shown)) == 5


@pytest.mark.parametrize(
    "value", [None, 3, True, [], {}, "x", float("inf"), float("nan"), 10**400]
)
def test_entries_of_any_type_leave_a_card(value):
    whole = ("text", "split", "network", "training", "metrics", "charrnn")
    parts = {
        "text": {"name": value, "min_count": value},
        "metrics": {**METRICS, "validation_nats_per_char": value},
        "split": {"training_characters": value, "validation": value},
        "network": {"units": value, "cell": value},
        "training": {
            "seed": value,
            "minutes": value,
            "init_from": value,
            "teachers": [value, {"name": value}],
            "teacher_weight": value,
        },
    }
    unsound = {"training": {"seed": 1, "teachers": value}}
    for facts in (dict.fromkeys(whole, value), parts, unsound):
        text = card(made(**facts), "tales")
        assert text.startswith("---\nlicense") and "## Limits" in text
        assert "nan" not in text and "inf " not in text


@pytest.mark.parametrize("unit", ["word", "byte", "lines"])
def test_the_command_names_the_unit(unit):
    engine = network(unit)
    engine.facts = {"network": {"cell": "lstm"}, "text": {"name": "a/b.txt"}}
    words = command(card(engine, "tales"))
    flags = ["--documents", "lines"] if unit == "lines" else ["--unit", unit]
    assert words == ["charrnn", "train", "b.txt", *flags, "--cell", "lstm"]


def test_a_student_names_its_teachers_without_their_folders():
    teachers = [{"name": f"/home/ann/{name}"} for name in ("a b", "c")]
    training = {"teachers": teachers, "teacher_weight": 0.9, "seed": 1}
    text = card(made(training=training), "tales")
    assert "It is distilled: beside the text, it learnt what other" in text
    assert "expect (`a b`, `c`)." in text
    assert "/home" not in text
    assert command(text)[-3:] == ["--teachers", "a b", "c"]


def test_a_model_without_facts_asks_for_them():
    text = card(made(), "tales")
    assert text.count("*Fill in:*") == 5
    assert "charrnn train" not in text


@pytest.mark.parametrize("unit", [*VOCABULARIES, "no space"])
def test_the_examples_of_a_card_run(unit, tmp_path, monkeypatch):
    engine = network(unit if unit in VOCABULARIES else "character")
    if unit == "no space":
        vocabulary = charrnn.Vocabulary("Then")
        model = charrnn.build_model(vocabulary, units=2, layers=1)
        engine = charrnn.Engine.from_keras(model, vocabulary)
    text = card(engine, "tales")
    (line,) = re.findall("^charrnn generate (.*)$", text, flags=re.M)
    words = shlex.split(line)
    prompt = words[words.index("--prompt") + 1] if "--prompt" in words else ""
    engine.vocabulary.encode(prompt)
    monkeypatch.setattr(charrnn, "Sampler", lambda path: sampler)
    sampler = charrnn.writing.sampler.Sampler(engine)
    (code,) = re.findall("```python\n(.*?)```", text, flags=re.S)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code)
    assert len(printed.getvalue()) > 1


@pytest.mark.parametrize(
    ("characters", "prompt"),
    [("The ", "The "), ("Then", "The"), ("the", "the"), ("\u0645", "")],
)
def test_an_example_prompt_has_known_characters(characters, prompt):
    assert example_prompt(charrnn.Vocabulary(characters)) == prompt


def test_a_card_says_that_the_model_writes_documents():
    engine = network("separated")
    old = "1 streams, each warmed up on 0 characters"
    engine.facts = {"metrics": {**METRICS, "validation_method": old}}
    text = card(engine, "tales")
    assert "writes documents (separated by `↵↵`)" in text
    assert "in `1 stream`\n" in text
