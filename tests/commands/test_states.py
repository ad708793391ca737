"""`charrnn generate` saves a state, and goes on from one."""

import json

import pytest
from command_output import refused, written

from charrnn.commands import main

BOOK = "she sells so many shells, the sea! " * 3


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text(BOOK.replace("many", "the"), encoding="utf-8")
    return path


@pytest.fixture
def state(model, book, tmp_path, capsys):
    path = tmp_path / "book.state"
    words = [*model[:3], "--prompt-file", str(book), "--state-out", str(path)]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert not out
    count = len(book.read_text("utf-8"))
    assert f"read {count} characters; the state is in {path}" in err
    return path


def test_samples_go_on_from_a_state_as_from_its_text(
    model, book, state, capsys
):
    text = book.read_text("utf-8")
    words = [*model, "--count=3", "--json"]
    rows = [
        [json.loads(line) for line in written(more, capsys).splitlines()]
        for more in (
            [*words, "--state-in", str(state), "--prompt=the "],
            [*words, "--prompt", f"{text}the "],
        )
    ]
    texts = [[row["text"] for row in each] for each in rows]
    assert texts[0] == texts[1]
    assert rows[0][0]["prompt"] == "the "
    plain = written([*model, "--state-in", str(state)], capsys)
    assert plain == written([*model, "--prompt", text], capsys)[len(text) :]


def test_a_state_goes_on_from_a_state(model, book, state, tmp_path, capsys):
    second = tmp_path / "second.state"
    words = [*model[:3], "--state-in", str(state), "--prompt=the sea"]
    assert main([*words, "--state-out", str(second)]) == 0
    text = book.read_text("utf-8")
    capsys.readouterr()
    found = written([*model, "--state-in", str(second)], capsys)
    whole = written([*model, "--prompt", f"{text}the sea"], capsys)
    assert whole == f"{text}the sea{found}"


def test_all_of_a_long_prompt_is_read(model, tmp_path, capsys, monkeypatch):
    from charrnn.commands import prompt

    monkeypatch.setattr(prompt, "MAX_PROMPT_CHARACTERS", 10)
    words = [*model[:3], "--prompt=the sea, the sea"]
    assert main([*words, "--state-out", str(tmp_path / "a")]) == 0
    assert "the network reads" not in capsys.readouterr().err


def test_a_mixture_has_states_of_its_own(model, book, state, tmp_path, capsys):
    mixed = [*model[:3], "--mix", f"{model[2]}:0.4"]
    path = tmp_path / "mixed.state"
    words = [*mixed, "--prompt-file", str(book), "--state-out", str(path)]
    assert main(words) == 0
    capsys.readouterr()
    assert written([*mixed, "--seed=1", "--state-in", str(path)], capsys)
    assert "with another" in refused([*model, "--state-in", str(path)], capsys)
    assert "with another" in refused([*mixed, "--state-in", str(state)], capsys)


@pytest.mark.parametrize(
    "more",
    [
        ["--out=x"], ["--json"], ["--count=2"], ["--length=0"],
        ["--length=9"], ["--stop=a"], ["--stop-after=a"], ["--new"],
        ["--best-of=2"], ["--beam=2"], ["--lines=1"], ["--acrostic=SEA"],
    ],
)  # fmt: skip
def test_a_state_is_written_without_a_text(model, tmp_path, capsys, more):
    path = tmp_path / "a.state"
    words = [*model[:3], "--state-out", str(path), *more]
    assert f"without {more[0].partition('=')[0]}" in refused(words, capsys)
    assert not path.exists()


def test_a_state_replaces_nothing_unasked(model, state, capsys):
    words = [*model[:3], "--state-out"]
    assert "is there already" in refused([*words, str(state)], capsys)
    assert main([*words, str(state), "--force"]) == 0
    capsys.readouterr()
    assert "overwrite the model" in refused([*words, model[2]], capsys)
    words = [*model[:3], "--state-in", str(state), "--state-out", str(state)]
    assert "overwrite the state" in refused([*words, "--force"], capsys)


def test_new_documents_begin_where_they_begin(model, state, capsys):
    words = [*model, "--state-in", str(state), "--new"]
    assert "Leave one out" in refused(words, capsys)
