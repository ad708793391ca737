"""A mistake in a command line is one line that says what to do."""

import re
import sys
from pathlib import Path

import pytest

import charrnn
from charrnn.commands import main
from charrnn.commands.mistakes import ALIASES
from charrnn.commands.parser import Parser
from charrnn.commands.verbs import VERBS

ROOT = Path(charrnn.__file__).parent.parent


def mistake(words, capsys):
    """The one line that a command line gets, without the name before it."""
    with pytest.raises(SystemExit) as exit:
        main(words)
    assert exit.value.code == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.endswith("\n") and shown.err.count("\n") == 1
    return shown.err.split(": ", 1)[1].strip()


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("generate --temprature 1", "--temperature"),
        ("generate --promt x", "--prompt"),
        ("generate --temp 0.5", "--temperature"),
        ("generate -length 20", "--length"),
        ("generate —temperature 1", "--temperature"),
        ("generate --Temperature=1", "--temperature"),
        ("generate length=20", "--length=20"),
        ("compare x.txt --cells gru lstm", "--cells gru,lstm"),
        ("compare x.txt --cells gru, lstm", "--cells gru,lstm"),
        ("generate --prompt --lenght 5", "--length"),
        ("train my.txt --layer 3", "--layers"),
        ("train --layer 3", "--layers"),  # before the text that is missing
        ("train my.txt --batch_size 3", "--batch-size"),
        ("train my.txt --min 3", "--min-count or --minutes"),
        ("train my.txt -model gru", "--cell"),
        ("score shakespeare my.txt --line", "--lines"),
    ],
)
def test_the_nearest_flag_is_named(words, meant, capsys):
    assert f"Did you mean {meant}?" in mistake(words.split(), capsys)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["--prompt", "To", "be", "or", "not"], '--prompt "To be or not"'),
        (["--prompt=To", "be", "--length", "3"], '--prompt "To be"'),
        (["--length", "3", "--prompt", "be", "be"], '--prompt "be be"'),
        (["--prompt", "'To", "be'"], '--prompt "To be"'),
        (["--prompt", "two", "$5"], "--prompt 'two $5'"),
        (["--out", "my", "poem.txt"], '--out "my poem.txt"'),
        (["hello", "you"], '--prompt "hello you"'),
        ([__file__], f'--model "{__file__}"'),
    ],
)
def test_words_without_quotes_are_shown_in_quotes(words, meant, capsys):
    told = mistake(["generate", *words], capsys)
    assert f"Did you mean {meant}?" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("generate --epochs 3", "a flag of charrnn train"),
        ("train my.txt --temperature 1", "a flag of charrnn generate"),
        ("train --text=my.txt", "TEXT is given without a flag"),
        ("train --input_h5 x", "TEXT is given without a flag"),
        ("surprise --model m t", "MODEL is given without a flag"),
        ("corpora my.txt", "expected flags only. Received 'my.txt'"),
        ("generate --prompt -dash", '--prompt="-dash"'),
        ("genrate", "Did you mean charrnn generate?"),
        ("sample", "Did you mean charrnn generate?"),
        ("nonsense", "Expected one of train, generate"),
        (str(Path(__file__)), "Did you mean charrnn train"),
        ("--model m generate", "a verb first: charrnn generate"),
        ("train", "required: TEXT"),
        ("generate --length x", "invalid whole number value"),
    ],
)
def test_mistakes_say_what_to_do(words, told, capsys):
    assert told in mistake(words.split(), capsys)


def test_a_word_too_many_is_shown_beside_what_was_expected(capsys):
    parser = Parser("context")
    parser.add_argument("model", metavar="MODEL")
    with pytest.raises(SystemExit):
        parser.parse_args(["my", "model.keras"])
    told = "expected MODEL only. Received 'model.keras', too. Put a name with"
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("called", "named"),
    [
        ("/usr/bin/charrnn", "`charrnn generate --help`"),
        ("/home/me/generate.py", "`python generate.py --help`"),
        ("/lib/charrnn/__main__.py", "`python -m charrnn generate --help`"),
    ],
)
def test_the_help_is_named_as_the_program_is_called(
    called, named, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "argv", [called])
    assert named in mistake(["generate", "--promt"], capsys)


def test_values_are_not_taken_for_flags(capsys):
    words = ["--prompt", "—well", "--model", "nowhere"]
    assert main(["generate", *words]) == 2
    assert "'nowhere'" in capsys.readouterr().err


def test_the_flags_of_other_programs_are_known(capsys):
    """Those of the guide's table, as far as a flag of ours stands for one."""
    guide = (ROOT / "docs/coming-from.md").read_text("utf-8")
    table = guide.split("## The flags of other programs")[1].split("\n## ")[0]
    known = 0
    for row in table.splitlines():
        *cells, ours = [cell.strip() for cell in row.split("|")[1:-1]] or [""]
        targets = re.findall(r"`--([\w-]+)", ours)
        for theirs in re.findall(r"`-*([a-z]\w+)", " ".join(cells[1:])):
            bare = theirs.replace("_", "-")
            if targets and bare not in ("init-from",):
                known += 1
                assert ALIASES.get(bare, bare) in targets, theirs
    assert known > 20


def test_without_a_verb_there_is_help(capsys):
    shown = []
    for words in ([], ["--help"], ["help"]):
        with pytest.raises(SystemExit) as exit:
            main(words)
        assert not exit.value.code
        shown.append(capsys.readouterr().out)
    assert len(set(shown)) == 1
    assert all(f"  {verb} " in shown[0] for verb in VERBS)
    assert max(map(len, shown[0].splitlines())) < 80


@pytest.mark.parametrize(
    "capability",
    ["typos", "web page", "lines", "n-grams", "resume", "gradients", "names?"],
)
def test_the_help_names_what_charrnn_can_do(capability, capsys):
    with pytest.raises(SystemExit):
        main([])
    assert re.search(capability, capsys.readouterr().out)
