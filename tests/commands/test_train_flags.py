"""The flags of `charrnn train`: what they come to, and what is refused."""

import argparse
from pathlib import Path

import pytest

from charrnn.commands import main, train_flags
from charrnn.training.settle import settle


def settled(*words, state=None):
    """The settings that the flags of a new or an old run come to."""
    parser = argparse.ArgumentParser()
    train_flags.add_arguments(parser)
    arguments = parser.parse_args(["text", *words])
    given = train_flags.session(arguments)["given"]
    return settle(["text"], given, state, out=Path("runs/text-1"))


@pytest.mark.parametrize(
    ("words", "minutes", "epochs"),
    [
        ([], 10, None),
        (["--preset=quick"], 3, None),
        (["--preset=best"], 90, None),
        (["--minutes=2.5"], 2.5, None),
        (["--epochs=4"], None, 4),
        (["--preset=good", "--epochs=4"], 10, 4),
    ],
)
def test_a_preset_is_a_name_for_a_time(words, minutes, epochs):
    settings = settled(*words)
    assert (settings.minutes, settings.epochs) == (minutes, epochs)
    before = {"settings": settled("--epochs=9").to_json(), "vocabulary": "ab"}
    settings = settled(*words, state=before)
    if words:
        assert (settings.minutes, settings.epochs) == (minutes, epochs)
    else:
        assert (settings.minutes, settings.epochs) == (None, 9)


def test_a_run_from_before_a_flag_keeps_what_it_had():
    before = settled().to_json()
    del before["weight_decay"]
    state = {"settings": before, "vocabulary": "ab"}
    assert settled(state=state).weight_decay == 0.01


@pytest.mark.parametrize(
    "flag",
    ["--units=0", "--layers=x", "--dropout=1", "--weight-drop=1",
     "--minutes=0", "--cell=cnn", "--epochs=nan", "--validation=2"],
)  # fmt: skip
def test_bad_flags_are_refused(capsys, flag):
    with pytest.raises(SystemExit) as exit_code:
        main(["train", "some.txt", flag])
    assert exit_code.value.code == 2
    assert flag.split("=")[0] in capsys.readouterr().err
