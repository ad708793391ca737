"""`charrnn generate` copies no more than it may, and leaves loops."""

import json

import pytest
from tiny_run import SEA

import charrnn
from charrnn.commands import main


@pytest.fixture
def words(trained):
    flags = ["--seed=3", "--length=80", "--temperature=0.5", "--json"]
    return ["generate", "--model", str(trained.folder), *flags]


def samples(words, capsys):
    assert main(words) == 0
    out, err = capsys.readouterr()
    return [json.loads(line) for line in out.splitlines()], err


def longest(text):
    return charrnn.copied(text, SEA, min_run=1).longest


def test_no_more_is_copied_than_max_copy(words, trained, capsys, monkeypatch):
    monkeypatch.chdir(trained.text.parent)
    (free,), _ = samples(words, capsys)
    (kept,), err = samples([*words, "--max-copy=3"], capsys)
    assert longest(free["text"]) > 3 >= longest(kept["text"])
    assert (
        "(--max-copy: the source is sea.txt, 2,280 characters, which the model "
        "was trained on)" in err
    )


def test_the_source_can_be_named(words, tmp_path, capsys):
    path = tmp_path / "other.txt"
    path.write_text("zzz", encoding="utf-8")
    (free,), _ = samples(words, capsys)
    named = ["--source", str(path)]
    (same,), err = samples([*words, "--max-copy=3", *named], capsys)
    assert same["text"] == free["text"]
    assert f"the source is {path}, 3 characters)" in err
    path.write_text(SEA, encoding="utf-8")
    (kept,), _ = samples([*words, "--max-copy=3", *named], capsys)
    assert longest(kept["text"]) <= 3


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--source", "sea.txt"], "--source is for --max-copy"),
        (["--max-copy=9"], "--max-copy: Expected the text that the model was"),
        (["--max-copy=9"], "Name it with --source"),
        (["--max-copy=9", "--source=no"], "--max-copy: Expected a file"),
        (["--max-copy=0"], "0 is less than 1"),
    ],
)
def test_mistakes_end_in_a_line(model, capsys, flags, message):
    try:
        code = main([*model, *flags])
    except SystemExit as end:
        code = end.code
    assert code == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_greedy_text_leaves_its_loop(words, capsys):
    flags = ["--temperature=0", "--length=300"]
    (stuck,), _ = samples([*words, *flags], capsys)
    (free,), _ = samples([*words, *flags, "--no-loops"], capsys)
    text, other = stuck["text"], free["text"]
    assert text.count(text[-20:]) > other.count(other[-20:])


def test_two_temperatures_are_those_of_python(words, trained, capsys):
    (found,), _ = samples([*words, "--temperature=0.4,1.5"], capsys)
    sampler = charrnn.Sampler(trained.folder)
    how = {"length": 80, "seed": 3, "temperature": (0.4, 1.5)}
    assert found["text"] == sampler.generate(**how)[0].text


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--no-loops", "--top-k=1"], "changes nothing with --top-k 1"),
        (["--no-loops", "--min-p=1"], "changes nothing with --min-p 1"),
        (["--temperature=0,8"], "Write 0.8, or two as 0.0,8.0"),
        (["--temperature=0.8,x"], "invalid float value: '0.8,x'"),
        (["--temperature=0.8,nan"], "Expected a temperature of 0"),
    ],
)
def test_temperatures_that_cannot_be_end_in_a_line(
    model, capsys, flags, message
):
    try:
        code = main([*model, *flags])
    except SystemExit as end:
        code = end.code
    assert code == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
