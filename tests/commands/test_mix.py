"""`--mix` of `charrnn generate` and `charrnn score`."""

import json
import shutil

import pytest
from command_output import refused, written
from tiny_run import QUOTED_SEA

import charrnn
from charrnn.commands.mix_flags import parsed


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """A small model of other characters; its path has a colon."""
    path = tmp_path_factory.mktemp("a:b") / "other.keras"
    vocabulary = charrnn.Vocabulary.from_text(QUOTED_SEA + "XYZ")
    network = charrnn.build_model(vocabulary, units=8, layers=1)
    charrnn.save(network, path, vocabulary)
    return path


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "sea.txt"
    path.write_text("she sells the sea", encoding="utf-8")
    return path


def as_python(model, other, weights, **how):
    mixture = charrnn.Mixture([model[2], other], weights, **how)
    (sample,) = charrnn.Sampler(mixture).generate(
        length=30, seed=1, temperature=0.8
    )
    return f"{sample.text}\n"


@pytest.mark.parametrize(
    ("weight", "by", "weights", "over"),
    [
        ("0.3", "average", [0.7, 0.3], None),
        ("1", "average", [0, 1], None),
        ("0.4", "product", [0.6, 0.4], None),
        ("-0.3", "product", [1, -0.3], None),
        ("0.9>0.1", "average", [(0.1, 0.9), (0.9, 0.1)], 30),
    ],
)
def test_the_first_model_has_the_rest(
    model, other, capsys, weight, by, weights, over
):
    words = [*model, "--mix", f"{other}:{weight}", "--mix-by", by]
    expected = as_python(model, other, weights, by=by, over=over)
    assert written(words, capsys) == expected


def test_no_weight_changes_no_character(model, other, capsys):
    alone = written(model, capsys)
    assert written([*model, "--mix", f"{other}:0"], capsys) == alone
    assert written([*model, "--mix", f"{model[2]}:0.5"], capsys) == alone


def test_prompts_stops_and_json_are_as_ever(model, other, capsys):
    words = [*model, "--mix", f"{other}:0.6", "--prompt=XYZ, the", "--json"]
    words += ["--length=3000", "--stop-after=Z", "--count=2"]
    rows = [json.loads(s) for s in written(words, capsys).splitlines()]
    assert [row["stop_reason"] for row in rows] == ["stop_after"] * 2
    assert all(row["text"].endswith("Z") for row in rows)


def test_a_score_is_that_of_the_mixture(model, other, text, capsys):
    words = ["score", model[2], str(text), "--mix", f"{other}:0.5"]
    out = written(words, capsys)
    assert f"(average of {model[2]} 0.5, {other} 0.5)" in out
    (row,) = json.loads(written([*words, "--json"], capsys))
    assert (row["mix"], row["mix_by"]) == ([f"{other}:0.5"], "average")
    mixture = charrnn.Mixture([model[2], other])
    expected = charrnn.score(mixture, text.read_text("utf-8"))
    assert row["nats"] == pytest.approx(float(expected.nats.sum()))
    (alone,) = json.loads(written([*words[:3], "--json"], capsys))
    assert "mix" not in alone
    for more in (["--each"], ["--lines"], ["--baselines", str(text)]):
        assert written([*words, *more], capsys)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("runs/b", "Expected MODEL:WEIGHT"),
        ("C:\\runs\\b", "Expected MODEL:WEIGHT"),
        (":0.3", "Expected MODEL:WEIGHT"),
        ("{other}:", "Expected MODEL:WEIGHT"),
        ("{other}:a>b", "Expected MODEL:WEIGHT"),
        ("{other}:0.1>", "Expected MODEL:WEIGHT"),
        ("{other}:1.2", "at most 1"),
        ("{other}:0.1>1.2", "at most 1"),
        ("{other}:-0.3", "needs --mix-by product"),
        ("{other}:nan", "finite"),
        ("{other}:-inf", "needs --mix-by product"),
        ("none.keras:0.3", "There is no 'none.keras'"),
    ],
)
def test_a_mistake_is_one_line(model, other, capsys, word, message):
    words = [*model, "--mix", word.format(other=other)]
    assert message in refused(words, capsys)


def test_what_does_not_go_together_is_one_line(model, other, text, capsys):
    assert "Expected --mix with" in refused(
        [*model, "--mix-by=product"], capsys
    )
    words = ["score", model[2], str(text), "--mix"]
    assert "do not move" in refused([*words, f"{other}:0.1>0.9"], capsys)
    assert "Leave one out" in refused([*words, f"{other}:1", "--adapt"], capsys)


def test_a_mixed_model_is_not_overwritten(model, other, tmp_path, capsys):
    copy = tmp_path / "copy.keras"
    shutil.copy(other, copy)
    words = [*model, "--mix", f"{copy}:1", "--out", str(copy), "--force"]
    assert "would overwrite the model" in refused(words, capsys)


@pytest.mark.parametrize(
    ("word", "part"),
    [
        ("b:0.3", ("b", 0.3, 0.3)),
        ("D:\\x y\\b.keras:-.5", ("D:\\x y\\b.keras", -0.5, -0.5)),
        ("a:0.2:1e-3>1", ("a:0.2", 0.001, 1)),
        ("b:-1>-0.5", ("b", -1, -0.5)),
    ],
)
def test_the_weight_comes_after_the_last_colon(word, part):
    assert parsed(word) == part
