"""Where nothing is learnt, the flag that is the reason is named."""

import pytest

from charrnn.commands import main
from charrnn.training import causes, recipe
from charrnn.training.settings import Settings

pytestmark = pytest.mark.usefixtures("quick_ends")

SMALL = [
    "--units=8", "--layers=1", "--seq-length=16", "--batch-size=4", "--quiet",
]  # fmt: skip


@pytest.mark.parametrize(
    "flag",
    [
        "--clip-norm=1e-300", "--clip-norm=1e-30", "--clip-norm=0",
        "--clip-norm=inf", "--clip-norm=nan", "--learning-rate=1e30",
        "--learning-rate=11", "--learning-rate=1e-300", "--learning-rate=nan",
        "--weight-decay=nan", "--weight-decay=-1", "--weight-decay=inf",
        "--weight-drop=1", "--recurrent-dropout=1", "--recurrent-dropout=nan",
    ],
)  # fmt: skip
def test_absurd_values_are_refused_before_anything_is_read(flag, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["train", "no-such-file.txt", flag])
    assert ended.value.code == 2
    name, value = flag.split("=")
    error = capsys.readouterr().err
    assert f"argument {name}: {value}" in error or "would leave" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("decay", ["50", "1e6", "1e15"])
def test_a_decay_that_leaves_no_weights_is_refused(
    decay, text, tmp_path, capsys
):
    out = tmp_path / "run"
    words = ["train", str(text), "--out", str(out), *SMALL]
    assert main([*words, "--weight-decay", decay, "--epochs=1"]) == 2
    error = capsys.readouterr().err
    assert "Expected --weight-decay below 2.8" in error
    assert "Received" in error and error.count("\n") == 1
    assert not out.exists()


def test_a_rate_at_which_usual_decay_leaves_no_weights_is_named(text, capsys):
    assert main(["train", str(text), "--learning-rate=10", *SMALL]) == 2
    assert "Expected --learning-rate below 1 with" in capsys.readouterr().err


def test_the_least_frequent_characters_are_all_there_is(text, capsys):
    assert main(["train", str(text), "--min-count=999999"]) == 2
    assert "--min-count 999999" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    "flag",
    [
        "--clip-norm=1e-06", "--learning-rate=1e-09",
        pytest.param("--weight-decay=2.5", marks=pytest.mark.slow),
        pytest.param("--dropout=0.999999", marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_what_keeps_a_network_from_learning_is_named(
    flag, text, tmp_path, capsys
):
    words = ["train", str(text), "--out", str(tmp_path / "run"), *SMALL]
    main([*words, "--epochs=8", flag])
    shown = "".join(capsys.readouterr())
    told = " ".join(shown.split())
    assert flag.replace("=", " ") in told
    for other in ("--clip-norm", "--learning-rate", "--weight-decay"):
        assert other == flag.split("=")[0] or other not in told
    assert "more training" not in told


def settings(**changes):
    """The settings of a run that learns."""
    usual = {"cell": "lstm", "units": 512, "learning_rate": 0.009}
    usual |= {"clip_norm": 0.1, "weight_decay": 0.1, "dropout": 0.5}
    return Settings(["text"], **{**usual, **changes})


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"learning_rate": 1.0}, "--learning-rate 1 "),
        ({"clip_norm": 1e15}, "--clip-norm 1e+15 "),
        ({"weight_decay": 10}, "--weight-decay 10 "),
        ({}, "a lower --learning-rate than 0.009, or a lower --clip-norm"),
    ],
)
def test_what_lets_a_loss_diverge_is_named(changes, named):
    told = causes.of_divergence(settings(**changes))
    assert named in told
    assert "--fresh" in told
    assert told.count("--") == (2 if changes else 3)


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
@pytest.mark.parametrize("units", [8, 512, 4096])
def test_what_the_recipe_chooses_is_usual(cell, units):
    for distinct in (30, 3000):
        chosen = recipe.recommend(
            1_000_000, distinct=distinct, cell=cell, units=units
        )
        settings = Settings(["text"], cell=cell, **chosen)
        assert causes.unusual(settings) == []
