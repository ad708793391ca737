"""What a run is made from: the texts, the model to begin with, the prompt."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import unicodedata

import numpy as np
import pytest

from charrnn.commands import main, outcome, train_flags
from charrnn.network import model_file
from charrnn.system import terminal
from charrnn.text import encoding as encoded
from charrnn.text.vocabulary import Vocabulary
from charrnn.training import checkpoint, run_state
from charrnn.training.session import Outcome, Session

pytestmark = pytest.mark.usefixtures("quick_ends")

LINE = "The sea, the sea! She sells no shells.\n"
NFC = "déjà vu, l'élève a été là\n" * 9
NFD = unicodedata.normalize("NFD", NFC)


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    """The settings and texts of the runs begun: training itself is left out."""
    begun = []

    def write_checkpoint(session):
        text = np.concatenate([session.data.windows.ids, session.data.held_out])
        begun.append((session.settings, session.data.vocabulary.decode(text)))
        state = {
            "settings": session.settings.to_json(),
            "vocabulary": session.data.vocabulary.characters,
            "over": False,
            "parts": {
                "Schedule": {
                    "step": 1, "total_steps": None, "losses": [],
                    "seconds": 1.0, "timed": [0, 0.0],
                }
            },
        }  # fmt: skip
        checkpoint.write(session.folder, 1, state, [np.zeros(3, "f4")])
        (session.folder / "samples.txt").write_text("sampled", encoding="utf-8")
        (session.folder / "model.keras").write_bytes(b"")
        yield
        return Outcome(session.folder, session.settings, has_trained=False)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Session, "_train", write_checkpoint)
    # Its arrays are of no network.
    monkeypatch.setattr(run_state, "check_fit", lambda *arguments: None)
    return begun


@pytest.fixture
def write(tmp_path):
    def write(name, text=LINE * 4):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    return write


@pytest.mark.parametrize(
    "where", [[], ["--out", "mine"], ["--out", "texts/deep/mine"]]
)
def test_a_run_in_its_own_text_folder_does_not_learn_itself(
    runs, write, capsys, where
):
    write("a.txt")
    write("texts/b.TXT")
    for _ in range(2):
        assert main(["train", ".", *where]) == 0
    assert {text for _, text in runs} == {LINE * 8}
    assert "2 files read; left out: 1 run of charrnn" in capsys.readouterr().out


def test_several_texts_make_one_run(runs, write, tmp_path):
    for name in ("b.txt", "texts/a.txt", "texts/c.txt"):
        write(name, f"{name}\n" * 9)
    assert main(["train", "b.txt", "texts/*.txt", "--quiet"]) == 0
    ((settings, text),) = runs
    names = list(dict.fromkeys(text.splitlines()))
    assert names == ["b.txt", "texts/a.txt", "texts/c.txt"]
    assert (tmp_path / "runs/b-etc-1").is_dir()
    assert settings.corpus == ["b.txt", "texts/*.txt"]
    assert main(["train", *names, "--out", "runs/b-etc-1"]) == 0
    assert runs[0][1] == runs[1][1]


def test_a_run_of_a_version_that_knew_one_text_goes_on(runs, write, tmp_path):
    write("a.txt")
    assert main(["train", "a.txt", "--out", "run"]) == 0
    state, arrays = checkpoint.newest(tmp_path / "run")
    state["settings"]["corpus"] = "a.txt"
    checkpoint.write(tmp_path / "run", 1, state, arrays)
    assert main(["train", "a.txt", "--out", "run"]) == 0
    assert len(runs) == 2


@pytest.mark.parametrize("other", [LINE * 5, "é" + LINE * 4])
def test_another_text_for_a_run_is_told_of_init_from(write, capsys, other):
    write("a.txt")
    assert main(["train", "a.txt", "--out", "run"]) == 0
    write("a.txt", other)
    assert main(["train", "a.txt", "--out", "run"]) == 2
    error = capsys.readouterr().err
    assert "--fresh" in error and "--init-from 'run'" in error


NAMES = [
    ["a.txt"], ["a b.txt", "c.txt"], ["it's.txt"], ["-x.txt"], ["-"],
    ["red\x1b[31m.txt"], ["new\nline \\ '.txt", "é.txt"], ["bad\udcff.txt"],
]  # fmt: skip


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_the_command_to_go_on_can_be_pasted(names):
    words = outcome.words(names, "my run")
    line = terminal.command_line([sys.executable, "-c", PRINT_WORDS, *words])
    assert line.isprintable()
    done = subprocess.run(["bash", "-c", line], capture_output=True)
    assert json.loads(done.stdout) == words
    assert names[0] == "-" or parsed(words).corpus == names


PRINT_WORDS = "import json, sys; print(json.dumps(sys.argv[1:]))"


def parsed(words):
    import argparse

    parser = argparse.ArgumentParser()
    train_flags.add_arguments(parser)
    return parser.parse_args(words)


def test_commands_without_control_characters_are_quoted_as_ever():
    words = ["train.py", "it's", "a b", ""]
    assert terminal.command_line(words) == shlex.join(words)


@pytest.mark.skipif(os.name != "posix", reason="needs such names")
@pytest.mark.parametrize("name", ["red\x1b[31m.txt", "c1\x9b31m.txt"])
def test_names_do_not_reach_the_terminal_raw(write, capsys, monkeypatch, name):
    write(name)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    for words in ([name], [name], [name, "--fresh"]):
        assert main(["train", *words, "--out", name + "-run"]) == 0
    output = capsys.readouterr().out
    assert "31m.txt" in output
    assert "\x1b" not in output and "\x9b" not in output


@pytest.mark.skipif(os.name != "posix", reason="needs such names")
def test_corpora_show_paths_harmlessly(capsys, monkeypatch, write, tmp_path):
    write("red\x1b[31m\x9b/tinyshakespeare.txt")
    monkeypatch.setenv("CHARRNN_CORPORA", str(tmp_path / "red\x1b[31m\x9b"))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    for words in (["corpora"], ["corpora", "--json"]):
        assert main(words) == 0
        output = capsys.readouterr().out
        assert "[31m" in output
        assert "\x1b" not in output and "\x9b" not in output


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Models that learnt a text in each normal form, and do not tell it."""
    from charrnn.network.model import build_model

    folder = tmp_path_factory.mktemp("models")
    for name, text in {"NFC": NFC, "NFD": NFD}.items():
        vocabulary = Vocabulary.from_text(text)
        model = build_model(vocabulary, units=2, layers=1)
        model_file.save(model, folder / f"{name}.keras", vocabulary)
    return folder


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("text", [NFC, NFD])
def test_init_from_takes_the_normal_form_over(
    runs, write, capsys, models, form, text
):
    write("a.txt", text)
    words = ["train", "a.txt", "--init-from", str(models / f"{form}.keras")]
    assert main([*words, "--prompt", "dé"]) == 0
    ((settings, learnt),) = runs
    assert learnt == {"NFC": NFC, "NFD": NFD}[form]
    assert settings.normalize == form
    assert settings.prompt == {"NFC": "dé", "NFD": "de\u0301"}[form]
    assert f"--normalize {form}, as the text of" in capsys.readouterr().out


def test_flags_come_before_the_form_of_init_from(write, capsys, models):
    write("a.txt", NFC)
    words = ["train", "a.txt", "--init-from", str(models / "NFD.keras")]
    assert main([*words, "--normalize", "NFC"]) == 2
    assert "in NFD: leave --normalize out" in capsys.readouterr().err


def test_init_from_takes_the_line_ends_over(runs, write, tmp_path):
    from charrnn.network.model import build_model

    text = (LINE * 4).replace("\n", "\r\n")
    vocabulary = Vocabulary.from_text(text)
    facts = {"text": {"newline": "keep", "normalize": None}}
    model = build_model(vocabulary, units=2, layers=1)
    model_file.save(model, tmp_path / "crlf.keras", vocabulary, facts)
    (tmp_path / "a.txt").write_bytes(text.encode())
    assert main(["train", "a.txt", "--init-from", "crlf.keras"]) == 0
    assert runs[0][1] == text and runs[0][0].newline == "keep"


@pytest.mark.parametrize("text", [NFC, NFD])
@pytest.mark.parametrize("prompt", ["dé", "de\u0301"])
def test_a_prompt_has_the_form_of_the_text(runs, write, text, prompt):
    write("a.txt", text)
    assert main(["train", "a.txt", "--prompt", prompt]) == 0
    assert runs[0][0].prompt in text


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("prompt", ["dé", "de\u0301"])
def test_generate_writes_with_prompts_in_any_form(models, capsys, form, prompt):
    model = str(models / f"{form}.keras")
    words = ["generate", "--model", model, "--prompt", prompt, "--length", "0"]
    assert main(words) == 0
    written = capsys.readouterr().out.strip()
    assert written == {"NFC": "dé", "NFD": "de\u0301"}[form]


def test_a_text_of_one_character_is_not_even_encoded(
    write, monkeypatch, capsys
):
    write("a.txt", "a" * 1000)
    monkeypatch.setattr(encoded, "encode", pytest.fail)
    assert main(["train", "a.txt"]) == 2
    assert "2 distinct characters" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("characters", "validation", "advice"),
    [
        (4000, "0.0001", "a validation of 0.0005 or more"),
        (4000, "0.9999", "a validation of 0.992 or less"),
        (30, "0.1", "Use a longer text"),
    ],
)
def test_the_advice_on_a_split_is_right(
    write, runs, capsys, characters, validation, advice
):
    write("a.txt", (LINE * 200)[:characters])
    words = ["train", "a.txt", "--validation"]
    assert main([*words, validation]) == 2
    error = capsys.readouterr().err
    assert advice in error
    if "validation of" in error:
        better = error.split("validation of ")[1].split()[0]
        assert main([*words, better]) == 0
