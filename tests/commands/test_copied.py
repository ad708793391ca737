"""`charrnn copied` shows what a text, or a model, has copied, and whence."""

import json
import os
import re

import pytest
from tiny_run import ROOT, run

import charrnn
from charrnn.commands import copied, main
from charrnn.text.document_vocabulary import DocumentVocabulary

SOURCE = "To be, or not to be, that is the question:\nWhether 'tis nobler\n"
TEXT = "He asked:\nTo be, or not to be, that is the question, and left.\n"


@pytest.fixture
def words(tmp_path):
    text, source = tmp_path / "text.txt", tmp_path / "source.txt"
    text.write_text(TEXT, encoding="utf-8")
    source.write_text(SOURCE, encoding="utf-8")
    return ["copied", str(text), str(source)]


def printed(words, capsys):
    assert main([str(word) for word in words]) == 0
    return capsys.readouterr().out


def test_the_list_and_json_say_what_python_returns(words, capsys):
    found = charrnn.copied(TEXT, SOURCE)
    shown = printed(words, capsys)
    (row,) = re.findall(r"^ +41 +2:1 +1:1  (.*)$", shown, re.M)
    assert row == "To be, or not to be, that is the question"
    assert f"{found.share:.2%} of {len(TEXT)} characters copied" in shown
    assert "in 1 run of at least 30 (the longest: 41)" in shown
    facts = json.loads(printed([*words, "--json"], capsys))
    assert facts["share"] == found.share and facts["longest"] == 41
    (run_found,) = facts["runs"]
    assert run_found["text"] == row and run_found["occurrences"] == 1
    places = [run_found[key] for key in ("line", "column", "source_line")]
    assert places == [2, 1, 1]


def test_flags_may_stand_between_the_texts(words, capsys):
    verb, text, source = words
    shown = printed([*words, "--min-run", "35"], capsys)
    for mixed in (
        [verb, "--min-run", "35", text, source],
        [verb, text, "--min-run", "35", source],
        [verb, text, "--min-run=35", source, "--count", "3"],
    ):
        assert printed(mixed, capsys) == shown


def test_nothing_copied_is_said(words, capsys):
    shown = printed([*words, "--min-run", "42"], capsys)
    assert shown.startswith("0.00% of 63 characters copied, in 0 runs")
    facts = json.loads(printed([*words, "--min-run=42", "--json"], capsys))
    assert (facts["runs"], facts["longest"]) == ([], 41)


def test_the_list_names_a_passage_once(tmp_path, capsys):
    """Runs that overlap by more than half are one passage to a reader."""
    text, source = tmp_path / "text", tmp_path / "source"
    text.write_text("abcdefghij, xy", encoding="utf-8")
    source.write_text("abcdefghi bcdefghij xy, xy", encoding="utf-8")
    words = ["copied", text, source, "--min-run=2"]
    shown = printed(words, capsys)
    assert len(re.findall(r"^ +\d+ +\d+:\d+", shown, re.M)) == 2
    assert "3 runs" in shown
    assert "(and 1 more" in printed([*words, "--count=1"], capsys)


def test_the_whole_text_is_shown_in_colours(words):
    environment = {**os.environ, "TERM": "xterm-256color", "FORCE_COLOR": "1"}
    environment.pop("NO_COLOR", None)
    flags = [*words, "--show-text"]
    shown = run("-m", "charrnn", *flags, cwd=ROOT, env=environment)
    assert shown.returncode == 0
    assert "48;5;" in shown.stdout and "colours need" not in shown.stderr
    plain = re.sub("\x1b\\[[0-9;]*m", "", shown.stdout)
    assert plain.startswith(TEXT)


def test_without_colours_a_line_says_why(words, capsys, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert main([*words, "--show-text"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(TEXT) and "\x1b" not in out
    assert "(colours need a terminal" in err


def test_a_long_run_is_cut_and_controls_are_escaped(tmp_path, capsys):
    path = tmp_path / "text"
    path.write_text("\x1b[31m\u202e" + "long " * 40, encoding="utf-8")
    shown = printed(["copied", path, path], capsys)
    assert "\\x1b[31m\\u202elong" in shown and "\x1b" not in shown
    assert max(map(len, shown.splitlines()[:2])) < 110


def test_a_model_writes_what_generate_writes(trained, capsys):
    how = ["--length=200", "--seed=7", "--temperature=0.3"]
    words = ["generate", "--model", str(trained.folder), *how]
    text = printed(words, capsys)[:-1]
    source = trained.text.read_text("utf-8")
    found = charrnn.copied(text, source, min_run=4)
    words = ["copied", trained.folder, trained.text, *how, "--min-run=4"]
    facts = json.loads(printed([*words, "--json"], capsys))
    assert facts["characters"] == 200 and found.runs
    assert facts["copied_characters"] == found.characters
    assert facts["runs"][0]["length"] == found.longest


def test_the_source_is_by_default_what_the_model_learnt(
    trained, capsys, monkeypatch
):
    monkeypatch.chdir(trained.text.parent)
    words = ["copied", trained.folder, "--length=99", "--min-run=1"]
    assert main(list(map(str, words))) == 0
    out, err = capsys.readouterr()
    assert "source: sea.txt, 2,280 characters" in out
    assert "(source: sea.txt, which the model was trained on)" in err
    assert re.search(r"\(--seed \d+ writes the same text again\)", err)


def test_a_model_of_documents_writes_many(tmp_path, capsys):
    vocabulary = DocumentVocabulary(charrnn.Vocabulary("ab "), "lines")
    model = charrnn.build_model(vocabulary, units=2, layers=1)
    charrnn.save(model, tmp_path / "m.keras", vocabulary)
    (tmp_path / "s.txt").write_text("ab\nba\n", encoding="utf-8")
    words = ["copied", tmp_path / "m.keras", tmp_path / "s.txt", "--seed=1"]
    facts = json.loads(printed([*words, "--length=500", "--json"], capsys))
    assert facts["characters"] == 500


def test_bytes_are_compared_as_they_are(tmp_path, capsys):
    vocabulary = charrnn.ByteVocabulary()
    model = charrnn.build_model(vocabulary, units=2, layers=1)
    charrnn.save(model, tmp_path / "m.keras", vocabulary)
    (tmp_path / "s.bin").write_bytes(bytes(range(256)))
    words = ["copied", tmp_path / "m.keras", tmp_path / "s.bin", "--seed=1"]
    shown = printed([*words, "--length=50", "--min-run=1"], capsys)
    assert "% of 50 characters copied" in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["{text}"], "Expected a source after the text"),
        (["{text}", "{text}", "--seed=1"], "--seed is for what a model writes"),
        (["{text}", "nowhere"], "no such file exists"),
        (["{model}", "{text}", "--newline=lf"], "--newline is for texts"),
        (["{model}", "--seed=1"], "which it does not name"),
        (["{model}", "{text}", "--length=9" + "9" * 17], "of at most"),
        (["nowhere.keras", "{text}"], "There is no 'nowhere.keras'"),
    ],
)
def test_mistakes_end_in_a_line(model, tmp_path, capsys, words, message):
    text = tmp_path / "text.txt"
    text.write_text(TEXT, encoding="utf-8")
    given = [word.format(text=text, model=model[2]) for word in words]
    assert main(["copied", *given]) == 2
    error = capsys.readouterr().err
    assert error.startswith("charrnn copied: ") and error.count("\n") == 1
    assert message in error


@pytest.mark.parametrize("name", ["-", "", "nowhere", 7, "a\x00"])
def test_a_stranger_s_file_names_no_source_to_read(tmp_path, name):
    vocabulary = charrnn.Vocabulary("ab")
    model = charrnn.build_model(vocabulary, units=2, layers=1)
    path = tmp_path / "m.keras"
    facts = {"text": {"name": name}}
    charrnn.save(model, path, vocabulary)
    engine = charrnn.load(path)
    engine.facts.update(facts)
    with pytest.raises(ValueError, match="Expected the"):
        copied.source_of(engine, "Name it.")
