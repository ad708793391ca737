"""`charrnn next` charts the likeliest next words, with their bounds."""

import json
import re

import pytest

import charrnn
from charrnn.commands import main
from charrnn.text.document_vocabulary import DocumentVocabulary


@pytest.fixture(scope="module")
def words(trained):
    return ["next", str(trained.folder), "--max-prefixes=200"]


def printed(words, capsys):
    assert main(words) == 0
    return capsys.readouterr().out


def rows_of(shown):
    """The rank, the percentage and the label of each line of a chart."""
    pattern = re.compile(r" *(\d+|-)  +(?:<= )?(?:< )?([\d.]+)%  (\S+)")
    return [m.groups() for m in map(pattern.match, shown.splitlines()) if m]


def test_the_chart_shows_what_python_returns(words, trained, capsys):
    found = charrnn.next_words(trained.folder, "The se", max_prefixes=200)
    rows = rows_of(printed([*words, "--prompt", "The se"], capsys))
    assert len(rows) == 10
    for word, (rank, chance, label) in zip(found, rows, strict=True):
        assert int(rank) == word.rank
        assert float(chance) == pytest.approx(100 * word.probability, abs=0.01)
        assert label.replace("[", "").replace("]", "") == word.word
        assert label.startswith(f"{word.typed}[" if word.typed else word.word)


def test_json_has_all_figures(words, trained, capsys):
    shown = printed([*words, "--prompt=The", "-n3", "--json"], capsys)
    found = charrnn.next_words(trained.folder, "The", 3, max_prefixes=200)
    row = json.loads(shown)
    assert row["prompt"] == "The"
    assert [each["word"] for each in row["words"]] == [w.word for w in found]
    for each, word in zip(row["words"], found, strict=True):
        assert each["probability"] == pytest.approx(word.probability)
        assert each["at_most"] == pytest.approx(word.at_most)
    for name in ("unread", "others_at_most", "words_found"):
        assert row[name] == pytest.approx(getattr(found, name))


@pytest.mark.parametrize(
    ("prompt", "bracketed"), [("The", True), ("The ", False), ("", False)]
)
def test_what_completes_the_prompt_is_in_brackets(
    words, capsys, prompt, bracketed
):
    shown = printed([*words, "--prompt", prompt, "-n", "50"], capsys)
    assert ("The[" in shown) == bracketed
    assert ("(in brackets: " in shown) == bracketed


@pytest.mark.parametrize("columns", [20, 45, 80])
def test_bars_fit_the_terminal(words, capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    rows = printed([*words, "--prompt=The "], capsys).splitlines()[1:11]
    assert all(len(rows_of(row)) == 1 for row in rows)
    assert any("█" in row for row in rows) == (columns > 40)
    if columns > 40:
        assert max(map(len, rows)) <= columns
        assert rows[0].count("█") == max(row.count("█") for row in rows)


@pytest.mark.parametrize("colour", [True, False])
def test_no_colour_where_none_is_wanted(words, capsys, monkeypatch, colour):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    if not colour:
        monkeypatch.setenv("NO_COLOR", "1")
    shown = printed([*words, "--prompt=The "], capsys)
    assert ("\x1b[" in shown) == colour


def test_the_rank_of_a_word_is_added(words, trained, capsys):
    found = charrnn.next_words(trained.folder, "she ", 12, max_prefixes=200)
    twelfth = found.words[11].word
    more = ["--prompt=she ", "-n1", "--word", twelfth, "--word=zebra"]
    first, other, zebra = rows_of(printed([*words, *more], capsys))
    assert first[0] == "1"
    assert other[0] == "12" and other[2] == twelfth
    assert zebra[0] == "-" and zebra[2] == "zebra"


def test_prompts_are_read_as_by_generate(words, tmp_path, capsys):
    expected = printed([*words, "--prompt=no "], capsys)
    path = tmp_path / "prompt.txt"
    path.write_text("no \n", encoding="utf-8")
    assert printed([*words, "--prompt-file", str(path)], capsys) == expected
    more = ["--prompt", "nö ", "--unknown=nearest"]
    assert printed([*words, *more], capsys) == expected
    more = ["--prompt", r"n\x6f ", "--escapes"]
    assert printed([*words, *more], capsys) == expected
    assert main([*words, "--prompt", "nö "]) == 2
    error = capsys.readouterr().err
    assert error.startswith("charrnn next: --prompt: Expected a text")
    assert "--unknown nearest reads 'ö' (U+00F6) as 'o'" in error


@pytest.mark.parametrize("flag", [["-n", "2"], ["-n2"], ["--count=2"]])
def test_the_number_of_words_has_a_short_flag(words, capsys, flag):
    assert len(rows_of(printed([*words, *flag], capsys))) == 2


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--n=3", "there is no --n. Did you mean -n?"),
        ("-h3", "there is no -h3"),
        ("--count=0", "0 is less than 1"),
        ("--temperature=-1", "Expected a temperature of 0"),
        ("--max-prefixes=no", "whole number"),
    ],
)
def test_bad_values_end_in_a_line(words, capsys, flag, message):
    try:
        code = main([*words, flag])
    except SystemExit as end:
        code = end.code
    assert code == 2
    assert message in capsys.readouterr().err


def test_the_end_of_a_document_is_named(tmp_path, capsys):
    path = tmp_path / "model.keras"
    vocabulary = DocumentVocabulary(charrnn.Vocabulary("ab "), "lines")
    model = charrnn.build_model(vocabulary, units=2, layers=1)
    charrnn.save(model, path, vocabulary)
    shown = printed(["next", str(path), "--prompt=a b ", "-n5"], capsys)
    assert "(end of the document)" in shown
    found = json.loads(printed(["next", str(path), "--json"], capsys))["words"]
    assert any(word["word"] == "" for word in found)


def test_control_characters_are_shown_escaped(tmp_path, capsys):
    path = tmp_path / "model.keras"
    vocabulary = charrnn.Vocabulary("\x07\x1b \n")
    model = charrnn.build_model(vocabulary, units=2, layers=1)
    charrnn.save(model, path, vocabulary)
    shown = printed(["next", str(path), "--prompt= ", "-n3"], capsys)
    assert r"\x1b" in shown
    assert "\x1b" not in shown and "\x07" not in shown
