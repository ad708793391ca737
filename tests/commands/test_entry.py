"""What goes wrong in any verb ends in one line."""

import errno
import json
import sys

import pytest
from tiny_run import ROOT, SEA, run

import charrnn
from charrnn.commands import main
from charrnn.training.session import Session

RUN_EACH = """
import contextlib, io, json, sys
from charrnn.commands import main
found = []
for words in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()):
        code = main(words)
    roots = {name.partition(".")[0] for name in sys.modules}
    found.append([code, sorted(roots & {"keras", "tensorflow"})])
print(json.dumps(found))
"""


def test_reading_verbs_do_not_import_tensorflow(trained, tmp_path):
    text = tmp_path / "sea.txt"
    text.write_text("The sea!", encoding="utf-8")
    read = [str(trained.folder), str(text)]
    words = [
        ["generate", "--model", str(trained.folder), "--length", "3"],
        *([verb, *read] for verb in ("score", "surprise", "context")),
        ["neurons", *read],
        ["next", str(trained.folder), "--prompt", "The"],
        ["copied", *read, "--length", "9"],
        ["corpora"],
    ]
    result = run("-c", RUN_EACH, cwd=ROOT, input=json.dumps(words))
    assert result.returncode == 0, result.stderr
    found = zip(words, json.loads(result.stdout), strict=True)
    assert [(line[0], end) for line, end in found if end != [0, []]] == []


def test_one_line_for_every_mistake(trained, capsys):
    for words in (
        ["generate", "--model", "nowhere"],
        ["generate", "--model", str(trained.folder), "--temperature", "-1"],
        ["score", str(trained.folder), "nowhere.txt"],
        ["score", "nowhere", "nowhere.txt"],
    ):
        assert main(words) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"charrnn {words[0]}: ")
        assert error.count("\n") == 1


def test_a_missing_package_is_named(monkeypatch, capsys):
    def fail(name):
        raise ModuleNotFoundError("No module", name="numpy")

    monkeypatch.setattr("importlib.import_module", fail)
    assert main(["score", "a", "b"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("charrnn score: Expected the package numpy.")
    assert "pip install" in error


def test_an_error_of_the_system_says_what_to_do(tmp_path, monkeypatch, capsys):
    def fail(*whatever):
        raise OSError(errno.ENOSPC, "No space left on device", "there")

    monkeypatch.setattr(Session, "_train", fail)
    (tmp_path / "sea.txt").write_text(SEA, encoding="utf-8")
    words = ["train", str(tmp_path / "sea.txt"), "--out", str(tmp_path / "r")]
    assert main(words) == 2
    assert "'there'. Free some space there." in capsys.readouterr().err


def test_a_run_without_a_model_yet_is_named(tmp_path, capsys):
    (tmp_path / "checkpoint-000000000.npz").write_bytes(b"")
    folder = str(tmp_path)
    for words in (["generate", "--model", folder], ["score", folder, "-"]):
        assert main(words) == 2
        assert "has saved none yet" in capsys.readouterr().err


def test_a_program_may_be_started_without_streams(trained, monkeypatch):
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    model = str(trained.folder)
    codes = [
        main(["generate", "--model", model, "--length", "3"]),
        main(["score", model, "-"]),
        main(["corpora"]),
    ]
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.close()
    monkeypatch.undo()
    assert codes == [0, 2, 0]


@pytest.mark.parametrize("verb", ["generate", "score"])
def test_a_terminal_is_sent_no_control_characters_as_json(
    tmp_path, monkeypatch, capsys, verb
):
    vocabulary = charrnn.Vocabulary("a\x7f\x9b\x1b")
    model, text = tmp_path / "model.keras", tmp_path / "text"
    network = charrnn.build_model(vocabulary, units=4, layers=1)
    charrnn.save(network, model, vocabulary)
    text.write_text("a\x9bb\x7f\x1b", encoding="utf-8")
    words = {
        "generate": ["--model", str(model), "--prompt", "\x9b\x7f\x1b"],
        "score": [str(model), str(text), "--lines", "--unknown", "skip"],
    }[verb]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main([verb, *words, "--json"]) == 0
    shown = capsys.readouterr().out
    assert json.loads(shown)
    assert shown.isascii()
    assert not {"\x1b", "\x7f"} & set(shown)


def test_messages_have_a_line_whatever_the_names(capsys):
    name = "two\nlines\x1b[31m\u202e"
    for words in (["score", name, name], ["corpora", name]):
        try:
            code = main(words)
        except SystemExit as exit_code:
            code = exit_code.code
        assert code == 2
        error = capsys.readouterr().err
        assert r"two\nlines\x1b[31m\u202e" in error
        assert error.splitlines()[-1].isprintable()


READERS = {
    "generate": ["--length=9", "--prompt-file"],
    "score": [],
    "surprise": [],
    "context": [],
    "neurons": [],
    "next": ["--max-prefixes=9", "--prompt-file"],
}


def words_of(verb, model, *texts):
    """The words with which a verb reads texts with a model."""
    model = ["--model", str(model)] if verb == "generate" else [str(model)]
    return [verb, *model, *READERS[verb], *map(str, texts)]


@pytest.mark.parametrize("form", ["file", "run", "name"])
@pytest.mark.parametrize("verb", READERS)
def test_every_verb_takes_a_model_in_each_form(
    trained, tmp_path, capsys, verb, form
):
    text = tmp_path / "sea.txt"
    text.write_text(SEA[:60], encoding="utf-8")
    run = trained.folder
    model = {"file": run / "model.keras", "run": run, "name": "shakespeare"}
    assert main(words_of(verb, model[form], text)) == 0
    assert len(capsys.readouterr().out) > 20


@pytest.mark.parametrize("json_too", [False, True])
@pytest.mark.parametrize("verb", ["score", "surprise", "context", "neurons"])
def test_only_results_are_on_standard_output(
    trained, tmp_path, capsys, verb, json_too
):
    """What is worth knowing of a text, and what is left out, is not."""
    (tmp_path / "folder").mkdir()
    for name in ("one.txt", "two.txt"):
        text = f"\x00{SEA[:60]}€"
        (tmp_path / "folder" / name).write_text(text, encoding="utf-8")
    words = words_of(verb, trained.folder, tmp_path / "folder")
    assert main([*words, "--unknown=skip", *["--json"] * json_too]) == 0
    told = capsys.readouterr()
    for line in told.err.splitlines():
        assert line.startswith("(") and line.endswith(")")
    assert "2 files read" in told.err
    assert "left out 4 characters" in told.err
    assert "2 files read" not in told.out
    if json_too:
        assert json.loads(told.out)


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize(
    "words",
    [
        ["score", "no-such-run-or-file", "here.txt"],
        ["generate", "--model=shakespeare", "--prompt=é€→"],
        ["train", "nowhere.txt", "--init-from", "shakespeare"],
        ["generate", "--temprature", "1"],
        ["genrate"],
    ],
)
def test_a_terminal_gets_lines_that_break_between_words(
    monkeypatch, capsys, words, columns
):
    def told():
        try:
            code = main(words)
        except SystemExit as exit_code:
            code = exit_code.code
        assert code == 2
        return capsys.readouterr().err

    plain = told()
    assert plain.count("\n") == 1
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    fitted = told()
    assert fitted.split() == plain.split()
    assert max(map(len, fitted.splitlines())) <= columns
