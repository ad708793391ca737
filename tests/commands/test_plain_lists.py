"""`charrnn generate` writes a plain list: a separator, and no text twice."""

import pytest
from command_output import refused, samples, written

import charrnn
from charrnn.writing.novelty import different_samples


@pytest.fixture
def words(model):
    return [word for word in model if word != "--length=30"]


@pytest.mark.parametrize("flags, between", [
    (["--separator=\n"], "\n"), (["--separator= \u2014 "], " \u2014 "),
    (["--separator=\\n%\\n", "--escapes"], "\n%\n"), (["--separator="], ""),
])  # fmt: skip
@pytest.mark.parametrize("more", [[], ["--best-of=3"]], ids=str)
def test_a_separator_stands_between_samples(
    words, capsys, tmp_path, flags, between, more
):
    words = [*words, "--length=9", "--count=3", "--match=[a-z]+", *more]
    rows, _ = samples(words, capsys)
    expected = between.join(row["text"] for row in rows) + "\n"
    assert written([*words, *flags], capsys) == expected
    path = tmp_path / "list.txt"
    assert written([*words, *flags, "--out", str(path)], capsys) == ""
    assert path.read_bytes().decode("utf-8") == expected


def test_a_backslash_in_a_separator_is_explained(words, capsys):
    flags = ["--length=2", "--count=2", "--separator=\\n"]
    out = written([*words, *flags], capsys)
    assert "\\n" in out
    assert "--escapes: " not in refused(
        [*words, *flags[:2], "--escapes", "--separator=\\q"], capsys
    )


def test_equal_texts_are_written_once(words, capsys):
    flags = ["--length=2", "--count=40", "--match=[aes]{2}", "--separator=,"]
    drawn = written([*words, *flags], capsys).strip().split(",")
    assert len(drawn) == 40 > len(set(drawn))
    rows, err = samples([*words, *flags[:1], *flags[2:3], "--count=8",
                         "--unique"], capsys)  # fmt: skip
    texts = [row["text"] for row in rows]
    assert len(set(texts)) == 8
    # The first samples are those of the same seed without the flag.
    assert texts == list(dict.fromkeys(drawn))[:8] or len(set(drawn[:32])) < 8
    assert "(--unique: 8 of 8 different samples found among " in err


def test_a_search_for_different_texts_ends(words, capsys):
    flags = ["--length=1", "--match=[as]", "--count=3", "--unique"]
    rows, err = samples([*words, *flags], capsys)
    assert sorted(row["text"] for row in rows) == ["a", "s"]
    assert "(--unique: only 2 of 3 different samples found among 150" in err


def test_the_best_of_different_texts_are_different(words, capsys):
    flags = ["--length=1", "--best-of=4", "--count=4", "--unique"]
    rows, _ = samples([*words, *flags], capsys)
    assert len({row["text"] for row in rows}) == 4
    assert [row["rank"] for row in rows] == [1, 2, 3, 4]


def test_further_batches_are_drawn_for_different_texts(model):
    sampler = charrnn.Sampler(model[2])
    found, drawn = different_samples(sampler, count=100, length=2)
    assert len({each.text for each in found}) == 100 <= drawn
