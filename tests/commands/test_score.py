"""`charrnn score` ranks texts and lines, and says how."""

import json
import math
import re
from pathlib import Path

import pytest
from tiny_run import SEA

import charrnn
from charrnn.commands import main
from charrnn.network.backend import keras
from charrnn.system import ram


def test_score_ranks_texts(trained, tmp_path, capsys):
    for name, text in (("sea", SEA[:100]), ("mud", "eeeesss!!! " * 9)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    texts = [str(tmp_path / "mud"), str(tmp_path / "sea")]
    assert main(["score", str(trained.folder), *texts, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [Path(row["text"]).name for row in rows] == ["sea", "mud"]
    assert rows[0]["characters"] == 99
    engine = charrnn.load(trained.folder)
    expected = charrnn.score(engine, SEA[:100]).bits_per_character
    assert rows[0]["bits_per_character"] == pytest.approx(expected)
    perplexity = rows[0]["perplexity_per_character"]
    assert perplexity == pytest.approx(2**expected)
    assert main(["score", str(trained.folder), *texts]) == 0
    assert f"  {perplexity:10.3f}  " in capsys.readouterr().out


def test_counting_stands_beside_the_network(trained, tmp_path, capsys):
    metrics = json.loads((trained.folder / "metrics.json").read_text("utf-8"))
    training, held_out = tmp_path / "all", tmp_path / "held"
    boundary = metrics["split"]["training_characters"]
    training.write_text(SEA, encoding="utf-8")
    held_out.write_text(SEA[boundary:], encoding="utf-8")
    words = ["score", str(trained.folder), str(held_out)]
    words += ["--baselines", str(training)]
    assert main([*words, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    losses = row["baselines_nats_per_character"]
    assert losses == metrics["baselines_nats_per_character"]
    assert main(words) == 0
    out = capsys.readouterr().out
    bits = {name: f"{nats / math.log(2):.2f}" for name, nats in losses.items()}
    assert f"to compare  unigram {bits['unigram']}, 5-gram" in out
    assert f"xz {bits['xz']} bits/char" in out


def test_lines_share_out_the_whole_score(trained, tmp_path, capsys):
    path = tmp_path / "sea"
    path.write_text("The sea,\n\nthe sea!", encoding="utf-8")
    assert main(["score", str(trained.folder), str(path), "--lines"]) == 0
    table = capsys.readouterr().out
    assert f"{path}:1: The sea,\n" in table
    assert "in another order the lines would score differently" in table
    assert f"{path}:3: the sea!\n" in table
    main(["score", str(trained.folder), str(path), "--lines", "--json"])
    lines = json.loads(capsys.readouterr().out)
    assert {row["line"]: row["characters"] for row in lines} == {1: 8, 3: 8}
    bits = [row["bits_per_character"] for row in lines]
    assert bits == sorted(bits)
    for row in lines:
        assert row["bits"] == pytest.approx(8 * row["bits_per_character"])
        assert row["nats"] == pytest.approx(8 * row["nats_per_character"])
        assert f"  {row['bits']:10.2f}  {path}:{row['line']}: " in table


@pytest.mark.parametrize("flags", [["--lines"], ["--each"], []], ids=str)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_unknown_character_is_named_with_its_line(
    trained, tmp_path, capsys, flags, end
):
    path = tmp_path / "sea"
    words = ["score", str(trained.folder), str(path), *flags]
    lines = ["The sea,", "", "the s\xe9a!", "\u6f22"]
    path.write_bytes(end.join(lines).encode("utf-8"))
    assert main(words) == 2
    error = capsys.readouterr().err
    assert f"{path}, line 3: Expected a text" in error
    assert error.count(str(path)) == 1 and "'\u6f22'" in error
    path.write_text(lines[-1], encoding="utf-8")
    assert main(words) == 2
    assert f"{path}: Expected a text" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--lines", "--each"])
@pytest.mark.parametrize("unknown", ["nearest", "skip"])
def test_lines_are_numbered_as_in_the_file_whatever_is_replaced(
    trained, tmp_path, capsys, flag, unknown
):
    path = tmp_path / "sea"
    text = "The\u2028sea,\x0b\x85\u2028\r\n\nthe\x0csea!\nsea"
    path.write_bytes(text.encode("utf-8"))
    words = ["score", str(trained.folder), str(path), flag, "--json"]
    assert main([*words, "--unknown", unknown]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert sorted(row["line"] for row in rows) == [1, 3, 4]


def each_row(words, capsys):
    """The rows of `score --each`, by what stands in the line."""
    assert main(["score", *map(str, words), "--each", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [r["bits_per_character"] for r in rows] == sorted(
        r["bits_per_character"] for r in rows
    )
    return {row["content"]: row for row in rows}


def test_each_line_is_ranked_as_if_there_were_no_others(
    trained, tmp_path, capsys
):
    lines = "The sea,", "the sea!", "eeee", "sea"
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("\n\n".join(lines), encoding="utf-8")
    other.write_text("\r\n".join(lines[::-1]) + "\r\n", encoding="utf-8")
    rows = each_row([trained.folder, one], capsys)
    again = each_row([trained.folder, other], capsys)
    assert set(rows) == set(lines)
    for content, row in rows.items():
        assert row["characters"] == len(content) + 1
        assert row["bits"] == pytest.approx(
            row["characters"] * row["bits_per_character"]
        )
        assert row["perplexity_per_character"] == pytest.approx(
            2 ** row["bits_per_character"]
        )
        del row["text"], row["line"], again[content]["text"]
        del again[content]["line"]
        assert row == pytest.approx(again[content], abs=1e-6)
    assert main(["score", str(trained.folder), str(one), "--each"]) == 0
    out = capsys.readouterr().out
    assert f"{one}:7: sea\n" in out
    assert "after a line end; its own line end is scored, too" in out
    for flags in (["--adapt"], ["--baselines", str(one)]):
        words = ["score", str(trained.folder), str(one), "--each", *flags]
        assert main(words) == 2
        assert f"--each or {flags[0]}" in capsys.readouterr().err


def test_a_model_without_line_ends_ranks_lines_too(tmp_path, capsys):
    vocabulary = charrnn.Vocabulary("abc")
    model, text = tmp_path / "model.keras", tmp_path / "text"
    network = charrnn.build_model(vocabulary, units=4, layers=1)
    charrnn.save(network, model, vocabulary)
    text.write_text("abc\na\nbb\n", encoding="utf-8")
    rows = each_row([model, text], capsys)
    assert {k: row["characters"] for k, row in rows.items()} == {
        "abc": 2, "bb": 1
    }  # fmt: skip
    assert main(["score", str(model), str(text), "--each"]) == 0
    assert "the first character is context" in capsys.readouterr().out
    words = ["score", str(model), str(text), "--lines", "--json"]
    assert main([*words, "--unknown", "skip"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["line"]: row["characters"] for row in rows} == {
        1: 2, 2: 1, 3: 2
    }  # fmt: skip


def test_lines_are_counted_the_same_everywhere(tmp_path, capsys):
    text = "".join(
        f"ab\f\x1cab\u2028ab {i}{end}" for i, end in enumerate("\n\r")
    )
    text += "ab\u0301\r\nlast"
    vocabulary = charrnn.Vocabulary.from_text(text.replace("\r", "") + "\n")
    model, path = tmp_path / "model.keras", tmp_path / "text"
    keras.utils.set_random_seed(1)  # it marks what this network expects least
    network = charrnn.build_model(vocabulary, units=4, layers=1)
    charrnn.save(network, model, vocabulary)
    path.write_bytes(text.encode("utf-8"))
    words = [str(model), str(path)]
    for flag in ("--lines", "--each"):
        main(["score", *words, flag, "--json"])
        rows = json.loads(capsys.readouterr().out)
        numbers = {row["content"]: row["line"] for row in rows}
        assert sorted(numbers.values()) == [1, 2, 3, 4]
        assert numbers["last"] == 4
    assert main(["surprise", *words, "--typos"]) == 0
    typos = capsys.readouterr().out
    word = re.search(r" 4:1  (\S+)", typos)[1]
    assert re.sub(r"[][]", "", word) == "last"
    assert "[\u25cc\u0301]" in typos or "a[b]\u25cc\u0301" in typos
    assert main(["surprise", *words]) == 0
    coloured = capsys.readouterr().out
    assert len(re.findall(r"^ *[\d.]+ \| ", coloured, re.MULTILINE)) == 4


def test_a_text_whose_scores_memory_cannot_hold_is_refused(
    tmp_path, monkeypatch, capsys, trained
):
    text = tmp_path / "sea.txt"
    text.write_text("she" * 9999, encoding="utf-8")
    monkeypatch.setattr(ram, "machine_bytes", lambda: 100_000)
    assert main(["score", str(trained.folder), str(text)]) == 2
    assert "the scores of the text" in capsys.readouterr().err
