"""`charrnn generate` keeps to a form, and says in one line why it cannot."""

import json
import re

import numpy as np
import pytest

from charrnn.commands import generate, main


@pytest.fixture
def write(model, capsys):
    """A function that writes with a small model, and returns what it did."""

    def run(*flags):
        words = [word for word in model if word != "--length=30"]
        code = main([*words, *flags])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def rows(out):
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("flags, pattern", [
    (["--match", r"\w{3}( \w{3}){2}"], "[a-z]{3}( [a-z]{3}){2}"),
    (["--match", "[ae]{4}", "--match", "[es]+"], "e{4}"),
    (["--lines", "3"], r"[^\n]*(\n[^\n]*){2}"),
    (["--acrostic", "sea"], r"s.*\ne.*\na.*"),
    (["--forbid", "a", "--forbid", "e", "--length=80"], r"[^ae]{80}"),
    (["--forbid-match", "[aeiou] ", "--length=80"], r"(?s:.{80})"),
    (["--match", ".{30}", "--forbid", "s"], r"[^\ns]{30}"),
])  # fmt: skip
def test_every_sample_keeps_to_the_form(write, flags, pattern):
    code, out, err = write(*flags, "--json", "--count=4")
    assert (code, err) == (0, "")
    for row in rows(out):
        assert re.fullmatch(pattern, row["text"])
        assert row["stop_reason"] in ("complete", "length")
        assert 0 <= row["masked"] < 1


LONG = "(" + "[a-z ]|" * 20 + "s)*"


def test_the_json_has_each_constraint_as_it_was_given(write):
    _, out, _ = write(
        "--match", LONG, "--match", "[^\n\"']*", "--forbid", "l", "--lines=1",
        "--forbid-match", r"s\b", "--forbid", "ea", "--no-loops", "--json",
        "--length=5",
    )  # fmt: skip
    assert rows(out)[0]["constraints"] == [
        {"match": LONG}, {"match": "[^\n\"']*"}, {"forbid_match": r"s\b"},
        {"lines": 1}, {"forbid": "l"}, {"forbid": "ea"}, {"no_loops": True},
    ]  # fmt: skip


@pytest.mark.parametrize("flags", [
    ["--match", "\u4e00" + "a" * 300 + "sea"],
    ["--match", LONG * 2 + "(sea"],
    ["--match", "a{400}" + "e" * 150 + "sea", "--length=9"],
    ["--match", "a", "--match", "a" * 150 + "sea"],
], ids=range(4))  # fmt: skip
def test_a_long_expression_is_shortened_in_the_middle(write, flags):
    code, _, err = write(*flags)
    assert code == 2 and "\u2026" in err and "sea'" in err
    assert len(err) < 500


def test_without_a_form_the_json_is_as_before(write):
    _, out, _ = write("--json", "--length=9")
    assert set(rows(out)[0]) == {
        "prompt", "text", "seed", "sample", "nats_per_character",
        "stop_reason",
    }  # fmt: skip


def test_a_text_of_a_form_is_the_same_in_json_and_on_the_screen(write):
    flags = ["--match", "[a-z ]{5,20}", "--prompt", "the "]
    _, out, _ = write(*flags)
    _, listed, _ = write(*flags, "--json")
    (row,) = rows(listed)
    assert out == f"the {row['text']}\n"


def test_the_help_says_what_a_form_is_about(capsys):
    with pytest.raises(SystemExit):
        main(["generate", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "the new text, what follows the prompt, matches" in told
    assert "no line end follows the last line" in told
    assert "(?i)" in told


def test_the_letter_case_of_what_is_forbidden_can_be_ignored(write):
    flags = ["--forbid-match", "(?i)S", "--length=80", "--temperature=3"]
    _, out, _ = write(*flags)
    assert len(out.strip("\n")) > 40 and "s" not in out.lower()


@pytest.mark.parametrize("flags, pattern", [
    (["--acrostic", "s\xeb", "--unknown=nearest"], r"s[^\n]*\ne[^\n]*"),
    (["--lines=3", "--sentences=5"], r"(?s:.*)"),
])  # fmt: skip
def test_a_form_that_can_be_is_kept_to(write, flags, pattern):
    code, out, _ = write(*flags)
    assert code == 0 and re.fullmatch(pattern, out.removesuffix("\n"))


def test_files_name_what_is_forbidden_and_what_is_allowed(write, tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("sea\nrock\n", encoding="utf-8")
    forbidden = tmp_path / "forbidden.txt"
    forbidden.write_text("sea s\n\nrock,\n", encoding="utf-8")
    _, out, _ = write(
        "--only-words", str(words), "--forbid-file", str(forbidden),
        "--length=200", "--temperature=3",
    )  # fmt: skip
    allowed = {"sea", "rock", "Sea", "Rock", "SEA", "ROCK"}
    found = set(re.findall(r"\w+", out))
    assert found and found <= allowed
    assert "sea s" not in out and "rock," not in out


@pytest.mark.parametrize("pattern, told", [
    ("[s0]+", "'0': it never comes"), ("[aes]{3}", None),
    ("[a\x1b]+", r"'\x1b': it never comes"),
    (r"s(\d|e)", "'0', '1', '2', '3', '4', '5', '6', '7' and 2 others: they"),
])  # fmt: skip
def test_characters_of_a_class_that_never_come_are_told(write, pattern, told):
    code, out, err = write("--match", pattern, "--match", ".*")
    assert code == 0 and re.fullmatch(pattern, out.rstrip("\n"))
    assert len(err.splitlines()) == bool(told) and (told or "") in err


def test_files_name_whole_words_that_never_appear(write, tmp_path):
    allowed, one, two = (tmp_path / name for name in ("a.txt", "b", "c"))
    allowed.write_text("sea\nseas\nshell\nhells\n", encoding="utf-8")
    one.write_text("sea\n\n", encoding="utf-8")
    two.write_text("\nShell\n", encoding="utf-8")
    code, out, _ = write(
        "--only-words", str(allowed), "--forbid-words", str(one), "--json",
        "--forbid-words", str(two), "--length=200", "--temperature=3",
    )  # fmt: skip
    (row,) = rows(out)
    words = {word.lower() for word in re.findall(r"\w+", row["text"])}
    assert code == 0 and words == {"seas", "hells"}
    assert [each for each in row["constraints"] if "forbid_words" in each] == [
        {"forbid_words": str(one)}, {"forbid_words": str(two)},
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "\n", " \n\n"], ids=ascii)
@pytest.mark.parametrize("flag", ["--forbid-words", "--forbid-file"])
def test_an_empty_list_forbids_nothing(write, tmp_path, flag, text):
    path = tmp_path / "empty.txt"
    path.write_text(text, encoding="utf-8")
    plain = write("--length=20")
    assert write("--length=20", flag, str(path)) == plain


class Stuck:
    """After one unit nothing may follow, though the text may not end."""

    def __init__(self, vocabulary, stuck):
        self.units = len(vocabulary)
        self.stuck = stuck

    def start(self, prompt):
        return 0

    def allowed(self, state, left):
        return np.full(self.units, state == 0 or not self.stuck)

    def advance(self, state, unit):
        return 1

    def can_finish(self, state):
        return not self.stuck


@pytest.mark.parametrize("flags", [
    [], ["--json"], ["--count=2"], ["--best-of=3"],
    ["--best-of=3", "--count=2", "--rank=match"],
], ids=str)  # fmt: skip
@pytest.mark.parametrize("stuck", [True, False])
def test_the_exit_code_is_1_if_every_sample_is_unfinished(
    write, monkeypatch, flags, stuck
):
    monkeypatch.setattr(
        generate,
        "constraints_of",
        lambda arguments, engine: [Stuck(engine.vocabulary, stuck)],
    )
    code, out, err = write(*flags, "--length=5")
    assert code == int(stuck) and out
    assert ("ended unfinished" in err) == stuck


def test_the_default_length_has_room_for_the_form(write):
    _, out, _ = write("--match", ".{1500}", "--json")
    assert len(rows(out)[0]["text"]) == 1500
    code, _, err = write("--match", ".{30}", "--length=29")
    assert code == 2 and "the shortest text has 30" in err


@pytest.mark.parametrize("flags, message", [
    (["--match", "a("], "--match: .* missing \\), .* at position 1"),
    (["--match", r"(a)\1"], r"a reference to a group, '\\\\1', at position 3"),
    (["--match", "a(?=b)"], "a look-around, '\\(\\?=', at position 1"),
    (["--match", "a++b"], "a possessive or atomic part, .* at position 1"),
    (["--match", "\u4e00"], "nothing matches: .* does not know '\u4e00'"),
    (["--match", "(a{1,1000}){1,1000}"], "at most 50,000 positions"),
    pytest.param(["--match", "(a|e)*a(a|e){30}"], "at most 65,536 states",
                 marks=pytest.mark.slow),
    (["--match", "a", "--match", "e"], "exclude each other"),
    (["--forbid-match", "a*"], "--forbid-match: .* every text has"),
    (["--forbid", ""], "--forbid: Expected strings of at least one"),
    (["--acrostic", "\u4e00"], "--acrostic: .* does not know '\u4e00'"),
    (["--acrostic", "s\xebas\xe9"],
     "Received 's\xebas\xe9': it does not know '\xeb'.*, '\xe9'"),
    (["--acrostic=a", "--acrostic=b"], "Expected --acrostic once"),
    (["--lines=1", "--lines=1"], "Expected --lines once"),
    (["--sentences=1", "--sentences=2"], "Expected --sentences once"),
    (["--only-words=a", "--only-words=b"], "Expected --only-words once"),
    (["--forbid-file=a", "--forbid-file=b"], "Expected --forbid-file once"),
    (["--acrostic", " "], "--acrostic: Expected a word"),
    (["--only-words", "missing.txt"], "missing.txt"),
])  # fmt: skip
def test_what_is_impossible_is_said_in_one_line(write, capsys, flags, message):
    try:
        code, out, err = write(*flags)
    except SystemExit as end:
        code, (out, err) = end.code, capsys.readouterr()
    assert code == 2 and out == ""
    assert re.search(message, err), err
    assert len(err.splitlines()) == 1


def test_a_newline_in_an_expression_is_escaped_in_messages(write):
    _, _, err = write("--match", "a\n(")
    assert len(err.splitlines()) == 1, err


@pytest.mark.parametrize("content", ["", "\n", " \n\t\n", "\ufeff"])
def test_an_empty_file_forbids_nothing(model, tmp_path, capsys, content):
    path = tmp_path / "none.txt"
    path.write_text(content, encoding="utf-8")
    assert main([*model, "--seed=1"]) == 0
    free = capsys.readouterr().out
    assert main([*model, "--seed=1", "--forbid-file", str(path)]) == 0
    assert capsys.readouterr().out == free


@pytest.mark.parametrize("flag", ["--forbid-file", "--only-words"])
def test_the_flag_of_a_missing_file_is_named(model, capsys, flag):
    assert main([*model, flag, "nowhere"]) == 2
    line = capsys.readouterr().err
    assert line.startswith(f"charrnn generate: {flag}: Expected a file")
    assert line.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "--only-words: Expected at least one character"),
        ("...", "--only-words: Expected words that the model can write. "
         "Received a text without words."),
        ("\u0645\u0646", "such as '\u0645\u0646', with characters it does not"),
    ],
)  # fmt: skip
def test_a_list_without_words_to_write_says_so(
    model, tmp_path, capsys, content, message
):
    path = tmp_path / "words.txt"
    path.write_text(content, encoding="utf-8")
    assert main([*model, "--only-words", str(path)]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("more", [[], ["--json"], ["--best-of=3"]])
@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--length=21"], r"of 21 left only the shortest way .* for \d+% of "
         r"the sample; use a greater --length\)\n"),
        (["--length=21", "--count=3"], r"for up to \d+% of all 3 samples; "),
        (["--length=99"], None),
    ],
)  # fmt: skip
def test_what_the_length_forced_is_told(write, flags, told, more):
    code, out, err = write("--match", "(.{6,19}\n){3}", *flags, *more)
    assert code == 0
    assert ("shortest way" in err) == (told is not None)
    assert told is None or re.search(told, err)
    if "--json" in more:
        assert all((r["forced"] > 0.2) == bool(told) for r in rows(out))
