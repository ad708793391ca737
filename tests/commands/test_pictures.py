"""The verbs that draw what a network does: on the screen, as files, as JSON."""

import functools
import io
import json
import os

import pytest
import rich.text
from tiny_run import ROOT, run

from charrnn.commands import cells, main
from charrnn.system.progress import Console


@pytest.fixture
def words(model):
    """Makes the words of a verb that reads a text with a small model."""
    path = model[2]
    return lambda verb, text="the sea": [verb, path, "--text", text]


def test_unroll_says_the_same_in_each_form(words, tmp_path, capsys):
    assert main([*words("unroll"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    steps = facts["steps"]
    assert "".join(step["reads"] for step in steps) == "the sea"
    assert [len(h) for h in steps[0]["hidden"]] == [8]
    picture = tmp_path / "unroll.svg"
    assert main([*words("unroll"), "--out", str(picture)]) == 0
    out, err = capsys.readouterr()
    svg = picture.read_text("utf-8")
    for step, line in zip(steps[:-1], out.splitlines()[1:], strict=False):
        assert line.startswith(step["reads"].replace(" ", "\u2423"))
        assert line.endswith(f"{step['bits']:.2f}")
        assert f">{step['bits']:.2f}<" in svg
    assert steps[-1]["bits"] is None and "wrote" in err


def test_gates_says_the_same_in_each_form(words, tmp_path, capsys):
    assert main([*words("gates"), "--units", "3,0", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert list(facts["units"]) == ["3", "0"] and facts["layer"] == 1
    forget = facts["units"]["3"]["forget gate"]
    picture = tmp_path / "gates.png"
    line = [*words("gates"), "--units", "3,0", "--out", str(picture)]
    assert main([*line, "--dark"]) == 0
    out = capsys.readouterr().out
    unit = out.split("unit 3\n")[1].split("unit 0\n")[0]
    (shown,) = (x for x in unit.splitlines() if "forget gate" in x)
    digits = "".join(str(round(8 * value)) for value in forget)
    assert shown.split()[-1] == digits
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--out", "x.gif"], "Expected --out to end in .svg or .png"),
        (["--out", "x.svg", "--dark"], "has both colours"),
        (["--dark"], "--dark is for --out"),
        (["--units", "8"], "Expected units from 0 to 7"),
        (["--units", "1,-2"], "less than 0"),
        (["--units", "a"], "list of whole numbers"),
        (["--text", "Q"], "--text: "),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("verb", ["unroll", "gates"])
def test_mistakes_are_one_line(
    words, monkeypatch, tmp_path, capsys, verb, more, says
):
    monkeypatch.chdir(tmp_path)
    try:
        code = main([*words(verb), *more])
    except SystemExit as exit:
        code = exit.code
    out, err = capsys.readouterr()
    assert code == 2 and says in err and not out
    assert err.count("\n") == 1 and not list(tmp_path.iterdir())


def test_other_files_are_not_overwritten(words, tmp_path, capsys):
    path = tmp_path / "notes.svg"
    path.write_text("my notes", encoding="utf-8")
    assert main([*words("unroll"), "--out", str(path)]) == 2
    assert path.read_text("utf-8") == "my notes"
    assert "would overwrite" in capsys.readouterr().err


@pytest.mark.parametrize("colours", ["truecolor", None])
def test_cells_are_colours_or_signs(monkeypatch, colours):
    output = io.StringIO()
    made = functools.partial(
        Console, file=output, force_terminal=True, color_system=colours
    )
    monkeypatch.setattr(cells, "Console", made)
    shown = cells.Cells()
    line = rich.text.Text()
    shown.signed(line, [-1, 0, 1], 2)
    shown.shares(line, [0, 1])
    shown.on_share(line, "a", 1.0)
    shown.print(line)
    if colours:
        assert output.getvalue().count("\x1b[48;2;") == 5
        assert "=" not in line.plain and line.plain.endswith("a")
    else:
        assert output.getvalue() == "==\u00b7\u00b7##08a\n"


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["unroll", "gates"])
def test_cells_have_the_terminal_s_colours(words, verb):
    environment = {**os.environ, "TERM": "xterm", "COLORTERM": "truecolor"}
    environment["FORCE_COLOR"] = "1"
    environment.pop("NO_COLOR", None)
    shown = run("-m", "charrnn", *words(verb), cwd=ROOT, env=environment)
    assert shown.returncode == 0, shown.stderr
    assert "\x1b[48;2;" in shown.stdout


def test_nothing_in_a_text_reaches_the_terminal_as_it_is(words, capsys):
    line = [*words("unroll", "the\\n sea"), "--escapes"]
    assert main(line) == 0
    assert "\u21b5" in capsys.readouterr().out


@pytest.fixture
def sea(words, tmp_path):
    """The words of `connections`, with a short text in a file."""
    path = tmp_path / "sea.txt"
    path.write_text("the sea,\nthe shells\nshe sells\n", encoding="utf-8")
    return ["connections", words("")[1], str(path)]


def test_connections_says_the_same_in_each_form(sea, tmp_path, capsys):
    assert main([*sea, "--window", "6", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    rows = facts["predictions"]
    assert "".join(row["character"] for row in rows) == (
        "he sea,\nthe shells\nshe sells\n"
    )
    assert all(sum(row["shares"]) == pytest.approx(1) for row in rows)
    picture, made = tmp_path / "at.svg", tmp_path / "page.html"
    line = [*sea, "--window", "6", "--at", "2:5"]
    assert main([*line, "--out", str(picture), "--html", str(made)]) == 0
    out = capsys.readouterr().out
    (row,) = (row for row in rows if row["place"] == 14)
    assert row["character"] == "s" and out.splitlines()[0].endswith("[s]")
    strongest = max(row["shares"])
    back = row["shares"].index(strongest) + 1
    assert f"\n{back:4}  {strongest:5.0%}  " in out
    assert f"({back} back) {strongest:.0%}" in picture.read_text("utf-8")
    assert "by-connections" in made.read_text("utf-8")
    assert main([*sea, "--window", "6", "--at", "14"]) == 0
    assert capsys.readouterr().out == out
    assert main([*sea, "--window", "6"]) == 0
    out = capsys.readouterr().out
    assert f"   1  {facts['by_distance'][0]:5.0%}  " in out
    assert "furthest back" in out


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--at", "1"], "Expected a place from 2 to 30"),
        (["--at", "31"], "Received 31"),
        (["--at", "9:1"], "It has no 9:1"),
        (["--at", "1:10"], "It has no 1:10"),
        (["--at", "x"], "is no place"),
        (["--at", "0"], "is no place"),
        (["--out", "x.svg"], "Add --at"),
        (["--window", "0"], "less than 1"),
        (["--html", "x.txt"], "end in .html"),
    ],
    ids=" ".join,
)
def test_mistakes_about_connections_are_one_line(sea, capsys, more, says):
    try:
        code = main([*sea, *more])
    except SystemExit as exit:
        code = exit.code
    out, err = capsys.readouterr()
    assert code == 2 and says in err and err.count("\n") == 1 and not out


def test_the_page_of_surprise_gets_connections_on_request(
    sea, tmp_path, capsys
):
    made = tmp_path / "page.html"
    line = ["surprise", *sea[1:], "--connections"]
    assert main(line) == 2
    assert "--connections is for --html" in capsys.readouterr().err
    assert main([*line, "--html", str(made)]) == 0
    assert '"first": false' in made.read_text("utf-8")
