"""Every verb works with every unit, or says in a line that it does not."""

import json
import re

import numpy as np
import pytest
from small_runs import SMALL, at_step, left_behind
from tiny_run import SEA

import charrnn
from charrnn.commands import main
from charrnn.insight.alignment import names_of
from charrnn.network import model_file
from charrnn.training.data import read_data
from charrnn.training.settle import settle

UNITS = ["word", "byte"]  # the other tests are of characters
TEXT = SEA + "Sie sah die See, süß – und «schön»…\n" * 30


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "sea.txt"
    path.write_text(TEXT, encoding="utf-8", newline="")
    return path


@pytest.fixture(scope="module", params=UNITS)
def run(request, text, tmp_path_factory):
    """The folder of a small run of each unit."""
    folder = tmp_path_factory.mktemp("runs") / request.param
    words = ["train", str(text), "--out", str(folder), *SMALL]
    assert main([*words, "--unit", request.param]) == 0
    return folder


def unit_of(folder):
    return charrnn.load(folder).vocabulary.unit


def refused(words, capsys):
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.slow
def test_the_figures_say_the_unit_and_are_per_character(run, text):
    metrics = json.loads((run / "metrics.json").read_text("utf-8"))
    facts = model_file.read(run)["facts"]
    assert metrics["unit"] == facts["unit"] == unit_of(run)
    split = metrics["split"]
    characters = split["training_characters"] + split["validation_characters"]
    assert characters == len(TEXT)
    assert abs(split["training_characters"] - 0.9 * len(TEXT)) < 20
    engine = charrnn.load(run)
    held_out = TEXT[split["training_characters"] :]
    scored = charrnn.score(engine, held_out)
    nats = metrics["validation_nats_per_character"]
    assert scored.nats_per_character == pytest.approx(nats, rel=1e-5)
    perplexity = metrics["validation_perplexity_per_unit"]
    assert scored.perplexity == pytest.approx(perplexity, rel=0.01)
    curve = (run / "history.csv").read_text("utf-8").splitlines()
    losses = dict(zip(curve[0].split(","), curve[-1].split(","), strict=True))
    training = float(losses["training_nats_per_character"])
    assert training == pytest.approx(nats, rel=0.6)


@pytest.mark.slow
def test_a_run_that_was_stopped_ends_the_same_to_the_bit(
    run, text, tmp_path, monkeypatch
):
    def stop(schedule):
        raise KeyboardInterrupt

    words = ["train", str(text), "--out", str(tmp_path / "r"), *SMALL]
    words += ["--unit", unit_of(run)]
    with monkeypatch.context() as patch:
        at_step(patch, 60, stop)
        assert main(words) == 130
    assert main(words) == 0
    assert left_behind(tmp_path / "r") == left_behind(run)


@pytest.mark.slow
def test_a_run_keeps_its_unit(run, text, capsys):
    words = ["train", str(text), "--out", str(run), *SMALL]
    line = refused([*words, "--unit", "character"], capsys)
    assert "unit" in line


@pytest.mark.slow
def test_another_run_begins_with_the_model(run, text, tmp_path, capsys):
    words = ["train", str(text), "--out", str(tmp_path / "new"), "--quiet"]
    words += ["--init-from", str(run), "--epochs=1", "--batch-size=4"]
    assert main(words) == 0
    first, second = charrnn.load(run), charrnn.load(tmp_path / "new")
    assert first.vocabulary == second.vocabulary
    line = refused([*words, "--fresh", "--unit", "character"], capsys)
    assert f"Expected --unit {unit_of(run)}" in line


@pytest.mark.slow
def test_a_model_writes_what_its_seed_says(run, tmp_path, capsys):
    words = ["generate", "--model", str(run), "--prompt", "She se", "--seed=1"]
    texts = []
    for more in ([], [], ["--count=2"], ["--length-in", "characters"]):
        assert main([*words, "--length=30", *more]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    assert texts[2].splitlines()[1] == texts[0].splitlines()[0]
    assert len(texts[3]) == len("She se") + 30 + 1
    out = tmp_path / "out.txt"
    assert main([*words, "--length=30", "--out", str(out)]) == 0
    assert out.read_text("utf-8") == texts[0]
    assert main([*words, "--length=300", "--stop", "a,", "--json"]) == 0
    assert "a," not in json.loads(capsys.readouterr().out)["text"]


@pytest.mark.slow
@pytest.mark.parametrize("prompt", ["She se", "She ", "", "süß – "])
def test_a_model_tells_the_next_words(run, prompt, capsys):
    words = ["next", str(run), "--prompt", prompt, "--json"]
    assert main(words) == 0
    row = json.loads(capsys.readouterr().out)
    likeliest = row["words"][0]
    assert likeliest["word"].startswith(likeliest["typed"])
    assert 0.01 < likeliest["probability"] <= likeliest["at_most"] <= 1
    assert sum(w["probability"] for w in row["words"]) + row["unread"] < 1.001


@pytest.mark.slow
def test_bytes_are_escaped_on_the_screen_and_whole_in_a_file(
    tmp_path, capsysbinary
):
    path = tmp_path / "model.keras"
    vocabulary = charrnn.ByteVocabulary()
    model = charrnn.build_model(vocabulary, units=2, layers=1)
    charrnn.save(model, path, vocabulary)
    words = ["generate", "--model", str(path), "--seed=1", "--length=80"]
    assert main(words) == 0
    shown = capsysbinary.readouterr().out.decode("utf-8")
    assert re.search(r"\\x[89a-f][0-9a-f]", shown)
    out = tmp_path / "out.bin"
    assert main([*words, "--out", str(out)]) == 0
    data = out.read_bytes()
    assert len(set(data)) > 40
    assert vocabulary.shown(vocabulary.decode([*data])) == shown
    assert main([*words, "--json"]) == 0
    row = json.loads(capsysbinary.readouterr().out)
    assert row["text"].encode("utf-8", "surrogateescape") == data[:-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    "more", [[], ["--lines"], ["--each"], ["--baselines"], ["--adapt"]], ids=str
)
def test_texts_are_scored_per_character(run, text, more, capsys):
    if more == ["--baselines"]:
        more = ["--baselines", str(text)]
    assert main(["score", str(run), str(text), "--json", *more]) == 0
    rows = json.loads(capsys.readouterr().out)
    for row in rows:
        assert row["unit"] == unit_of(run)
        assert row["nats_per_character"] * row["characters"] == (
            pytest.approx(row["nats"])
        )
        mean = row["nats"] / row["units"]
        assert row["perplexity_per_unit"] == pytest.approx(np.exp(mean))
    assert main(["score", str(run), str(text), *more]) == 0
    assert f"(perplexity: per {unit_of(run)})" in capsys.readouterr().out


@pytest.mark.slow
def test_surprise_shows_each_unit(run, text, tmp_path, capsys):
    path, made = tmp_path / "sea.txt", tmp_path / "page.html"
    path.write_bytes("The sea, süß sae!\r\n\r\nShe".encode())
    words = ["surprise", str(run), str(path)]
    unit, engine = unit_of(run), charrnn.load(run)
    newline = "keep" if unit == "byte" else "lf"
    scored = charrnn.score(engine, charrnn.read(path, newline=newline))
    assert main([*words, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    rows = facts[f"{unit}s"]
    assert facts["unit"] == unit and len(rows) == scored.units
    told = "".join([facts["context"], *(row[unit] for row in rows)])
    whole = rb"The sea, s\xc3\xbc\xc3\x9f sae!".decode()
    assert told.startswith("The sea, süß sae!" if unit == "word" else whole)
    assert facts["bits_per_character"] == pytest.approx(
        scored.bits_per_character
    )
    total = sum(row["bits"] for row in rows)
    assert facts["bits_per_unit"] == pytest.approx(total / len(rows))
    for row in rows:
        bits = -np.log2(row["probability"])
        assert row["bits"] == pytest.approx(bits, abs=1e-5)
    for more in ([], ["--typos"], ["--html", str(made)]):
        assert main([*words, *more]) == 0
        printed = capsys.readouterr().out
        assert f"{scored.bits_per_character:.4f} bits/char" in printed
        assert f"{facts['bits_per_unit']:.4f} bits/{unit}" in printed
        assert f"characters in {len(rows)} {unit}s (one pass" in printed
    assert "süß" in re.sub("<.*?>", "", made.read_text("utf-8"))


@pytest.mark.slow
def test_bytes_that_are_not_utf_8_are_escaped_in_what_surprised(
    run, tmp_path, capsys
):
    if unit_of(run) != "byte":
        pytest.skip("only bytes read any file")
    path, made = tmp_path / "any.bin", tmp_path / "page.html"
    path.write_bytes(b"The sea \xe9\xff\x9b\x00 sees\n")
    words = ["surprise", str(run), str(path)]
    for more in ([], ["--typos"], ["--json"], ["--html", str(made)]):
        assert main([*words, *more]) == 0
        printed = capsys.readouterr().out
        printed.encode("utf-8")
        assert more[:1] == ["--html"] or r"\xe9" in printed
    assert r"\xe9\xff\x9b" in re.sub("<.*?>", "", made.read_text("utf-8"))


@pytest.mark.slow
def test_contexts_are_of_so_many_units(run, text, tmp_path, capsys):
    words = ["context", str(run), str(text)]
    assert main([*words, "--json"]) == 0
    curve = json.loads(capsys.readouterr().out)
    assert curve["unit"] == unit_of(run)
    assert curve["bits_per_character"][0] > curve["bits_per_character"][-1]
    plot = tmp_path / "context.png"
    assert main([*words, "--plot", str(plot)]) == 0
    printed = capsys.readouterr().out
    half = f"{curve['half']:.1f} {unit_of(run)}s, about "
    assert f"{half}{curve['half'] * curve['characters_per_unit']:.0f}" in (
        printed
    )
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_units_are_compared_by_the_same_characters(tmp_path, capsys):
    path, out = tmp_path / "sea.txt", tmp_path / "out"
    path.write_bytes(TEXT.replace("\n", "\r\n").encode())
    words = ["compare", str(path), "--out", str(out), "--cells=gru"]
    words += ["--units=8", "--layers=1", "--epochs=1"]
    assert main([*words, "--unit", "character,word,byte"]) == 0
    printed = capsys.readouterr().out
    rows = json.loads((out / "compared.json").read_text("utf-8"))
    assert [row["unit"] for row in rows] == ["character", "word", "byte"]
    folders = ["gru", "gru-word", "gru-byte"]
    for row, folder in zip(rows, folders, strict=True):
        metrics = json.loads((out / folder / "metrics.json").read_text("utf-8"))
        assert metrics.get("unit", "character") == row["unit"]
        characters = sum(
            metrics["split"][f"{part}_characters"]
            for part in ("training", "validation")
        )
        assert characters == len(TEXT.replace("\n", "\r\n"))
        nats = row["validation_nats_per_character"]
        assert nats == metrics["validation_nats_per_character"]
        assert re.search(rf"gru +{row['unit']} +[\d.]+ +{nats:.4f} ", printed)
    assert rows[1]["characters_per_unit"] > 2
    line = refused([*words, "--unit=byte", "--encoding=latin-1"], capsys)
    assert "Expected no --encoding with --unit byte" in line


@pytest.mark.slow
def test_vocabularies_are_compared_at_the_size_that_is_asked_for(
    text, tmp_path
):
    out = tmp_path / "out"
    words = ["compare", str(text), "--out", str(out), "--cells=gru"]
    words += ["--layers=1", "--epochs=1", "--parameters=3000"]
    assert main([*words, "--unit=character,word", "--max-vocab=12"]) == 0
    characters = charrnn.load(out / "gru").vocabulary
    spelled = charrnn.load(out / "gru-word").vocabulary
    assert len(characters) == 12 and characters.stand_in is not None
    assert spelled.words == tuple(spelled.alphabet)  # all are kept
    rows = json.loads((out / "compared.json").read_text("utf-8"))
    assert [2500 < row["parameters"] <= 3000 for row in rows] == [True, True]


def test_bytes_are_compared_at_one_size_only(text, tmp_path, capsys):
    words = ["compare", str(text), "--out", str(tmp_path / "o"), "--unit=byte"]
    line = refused([*words, "--max-vocab=12"], capsys)
    assert "Expected no --max-vocab with --unit byte" in line
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("unit", UNITS)
def test_runs_get_the_size_that_is_asked_for(unit, text, tmp_path, capsys):
    words = ["compare", str(text), "--out", str(tmp_path / "o"), "--unit", unit]
    line = refused([*words, "--parameters=100"], capsys)
    size = 256 if unit == "byte" else 46
    assert f"one simple_rnn unit a layer and {size} {unit}s" in line


@pytest.mark.slow
def test_neurons_are_followed_through_units(run, text, tmp_path, capsys):
    made = tmp_path / "page.html"
    words = ["neurons", str(run), str(text)]
    assert main([*words, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert {"upper case", "position in line"} <= {
        unit["probe"] for unit in facts["units"]
    }
    names = {name for unit in facts["units"] for name in unit["lowest_after"]}
    assert names <= set(names_of(charrnn.load(run).vocabulary))
    assert main([*words, "--html", str(made)]) == 0
    printed = capsys.readouterr().out
    first = facts["units"][0]
    line = f"{first['layer']}, {first['unit']}"
    assert re.search(rf"^{line} +'", printed, re.MULTILINE)
    assert "No unit" in made.read_text("utf-8") or "lowest after" in (
        made.read_text("utf-8")
    )


@pytest.mark.slow
def test_any_file_is_learnt_byte_by_byte(tmp_path):
    data = np.random.default_rng(0).integers(0, 256, 3000, np.uint8).tobytes()
    path = tmp_path / "any.bin"
    path.write_bytes(b"\xef\xbb\xbf" + data)
    out = tmp_path / "run"
    words = ["train", str(path), "--out", str(out), "--unit", "byte"]
    assert main([*words, *SMALL, "--epochs=1"]) == 0
    assert main(["score", str(out), str(path)]) == 0
    assert main([*words, *SMALL, "--epochs=2"]) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "flag", ["--newline=lf", "--encoding=utf-8", "--min-count=2"]
)
def test_bytes_take_no_flags_of_texts(flag, text, tmp_path, capsys):
    words = ["train", str(text), "--out", str(tmp_path / "r"), "--unit=byte"]
    line = refused([*words, flag], capsys)
    assert f"Expected no {flag.split('=')[0]} with --unit byte" in line
    assert not (tmp_path / "r").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "size"),
    [
        ({}, 46),
        ({"min_count": 1}, 46),
        ({"max_vocab": 35}, 35),
        ({"max_vocab": 5}, 27),  # all characters are kept
        ({"min_count": 999}, 27),
    ],
    ids=str,
)
def test_words_are_limited_by_settings_and_by_default(more, size, text):
    given = {"unit": "word", **more}
    _, found = read_data(settle([str(text)], given), given, tell=print)
    assert len(found.vocabulary) == size


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
def test_training_in_python_takes_a_unit(unit, text, tmp_path):
    run = charrnn.train(
        text, out=tmp_path / "run", unit=unit, epochs=1, units=8, layers=1,
        verbose=0,
    )  # fmt: skip
    assert run.vocabulary.unit == unit
    assert run.metrics["unit"] == unit


@pytest.mark.parametrize(
    "unit",
    [
        pytest.param("word", marks=pytest.mark.slow),
        pytest.param("byte", marks=pytest.mark.reliability),
    ],
)
def test_gradients_reach_so_many_units_back(unit, text, tmp_path, capsys):
    words = ["gradients", str(text), "--unit", unit, "--units=4", "--lags=9"]
    assert main([*words, "--steps=5", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["unit"] for row in rows} == {unit}
    assert all(len(row["norms"]) == 10 for row in rows)
    nats = [row["training_nats_per_character"] for row in rows[1::2]]
    assert max(nats) < (3 if unit == "word" else 7)  # per character
    plot = tmp_path / "gradients.png"
    assert main([*words, "--steps=0", "--plot", str(plot)]) == 0
    assert f"after how many {unit}s it is" in capsys.readouterr().out
    line = refused([*words, "--lags=9999"], capsys)
    assert f"{unit}s or more" in line
