"""`charrnn generate` copies no more than it may, and leaves loops."""

from argparse import Namespace

import pytest
from command_output import refused, samples
from tiny_run import SEA

import charrnn
from charrnn.commands import copy_flags


@pytest.fixture
def words(trained):
    flags = ["--seed=3", "--length=80", "--temperature=0.5"]
    return ["generate", "--model", str(trained.folder), *flags]


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
    assert message in refused([*model, *flags], capsys)


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
        (["--temperature=1,"], "invalid float value: '1,'"),
        (["--temperature=,1"], "invalid float value: ',1'"),
        (["--temperature=1,2,3"], "invalid float value: '1,2,3'"),
        (["--temperature=0.8,x"], "invalid float value: '0.8,x'"),
        (["--temperature=0.8,nan"], "Expected a temperature of 0"),
    ],
)
def test_temperatures_that_cannot_be_end_in_a_line(
    model, capsys, flags, message
):
    assert message in refused([*model, *flags], capsys)


def mixture(*names):
    """A mixture of small models that learnt texts of these names."""
    vocabulary = charrnn.Vocabulary("ab\n")
    engines = []
    for name in names:
        model = charrnn.build_model(vocabulary, units=2, layers=1)
        engines.append(charrnn.Engine.from_keras(model, vocabulary))
        engines[-1].facts = {"text": {"name": name}}
    return charrnn.Mixture(engines, [1] * len(engines))


@pytest.mark.parametrize(
    ("names", "source", "line"),
    [
        (("a.txt", "b.txt"), "aaaa\nbb", "a.txt, b.txt, 7 characters, which "
         "the models were trained on)"),
        (("a.txt", "b.txt", "a.txt"), "aaaa\nbb", "a.txt, b.txt, 7 char"),
        (("gone.txt", "b.txt"), "bb", "b.txt, 2 characters, which the models "
         "were trained on; what 1 model was trained on is not here, and may be "
         "copied"),
    ],
)  # fmt: skip
def test_the_source_of_a_mixture_is_what_all_models_learnt(
    names, source, line, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("aaaa", encoding="utf-8")
    (tmp_path / "b.txt").write_text("bb", encoding="utf-8")
    flags = Namespace(max_copy=3, rank=None, source=None, encoding="utf-8")
    assert copy_flags.needed_source(flags, mixture(*names)) == source
    assert line in capsys.readouterr().err


def test_a_mixture_of_which_no_text_is_here_needs_a_source():
    flags = Namespace(max_copy=3, rank=None, source=None, encoding="utf-8")
    with pytest.raises(ValueError, match="Name it with --source"):
        copy_flags.needed_source(flags, mixture("gone.txt", "also.txt"))
