"""`charrnn surprise` says the same on the screen, in a list and in JSON."""

import json
import math
import os
import re

import numpy as np
import pytest
from tiny_run import ROOT, run

from charrnn.commands import main


def test_surprise_says_the_same_in_each_form(trained, tmp_path, capsys):
    path, page = tmp_path / "sea", tmp_path / "page.html"
    path.write_text("The sea,\nthe sae! \x07", encoding="utf-8")
    words = ["surprise", str(trained.folder), str(path), "--unknown", "skip"]
    assert main([*words, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    rows = facts["characters"]
    assert "".join(row["character"] for row in rows) == "he sea,\nthe sae! "
    assert rows[-1]["running_bits_per_character"] == pytest.approx(
        facts["bits_per_character"]
    )
    for row in rows:
        assert row["bits"] == pytest.approx(-math.log2(row["probability"]))
        best = row["expected"].get(row["character"])
        assert best is None or best == pytest.approx(row["probability"])
    assert main([*words, "--html", str(page)]) == 0
    assert "The sea," in re.sub("<.*?>", "", page.read_text("utf-8"))
    assert main([*words, "--typos", "--count", "2"]) == 0
    typos = capsys.readouterr().out
    assert re.search(r"\n +[\d.]+ +2:5 +s\[a\]e|s\[?a?\[e\]", typos), typos
    assert main(words) == 0
    coloured = capsys.readouterr().out
    mean = f"{facts['bits_per_character']:.4f} bits/char of 17 characters"
    assert mean in coloured and mean in typos
    first = np.mean([row["bits"] for row in rows[:8]])
    assert coloured.startswith(f"{first:5.2f} | The sea,")


@pytest.mark.parametrize(
    ("term", "colours", "expected"),
    [
        ("xterm", "truecolor", "48;2;"),
        ("xterm-256color", "", "48;5;"),
        ("dumb", "", "the sea"),
    ],
)
def test_surprise_has_the_terminal_s_colours(
    trained, tmp_path, term, colours, expected
):
    path = tmp_path / "sea"
    path.write_text("the sea, eeee!", encoding="utf-8")
    environment = {**os.environ, "TERM": term, "COLORTERM": colours}
    environment["FORCE_COLOR"] = "1"
    environment.pop("NO_COLOR", None)
    words = ["-m", "charrnn", "surprise", trained.folder, path]
    shown = run(*words, cwd=ROOT, env=environment)
    assert shown.returncode == 0, shown.stderr
    assert expected in shown.stdout


def test_places_are_readable_whatever_the_text(trained, tmp_path, capsys):
    path = tmp_path / "sea"
    path.write_text("the sea" * 30 + " \u202esees", encoding="utf-8")
    words = ["surprise", str(trained.folder), str(path), "--unknown", "skip"]
    assert main([*words, "--typos"]) == 0
    out, err = capsys.readouterr()
    assert "left out" in err
    table = out[: out.index("bits/char of")]  # notes hold the path
    assert max(map(len, table.splitlines())) < 110
    assert main([*words, "--count", "3"]) == 2


@pytest.mark.parametrize("unknown", ["nearest", "skip"])
def test_words_are_found_in_the_lines_of_the_file_whatever_is_replaced(
    trained, tmp_path, capsys, unknown
):
    path = tmp_path / "sea"
    text = "The\u2028sea,\x0b\x85\r\n\nthe\x0c\nsea"
    path.write_bytes(text.encode("utf-8"))
    words = ["surprise", str(trained.folder), str(path), "--typos"]
    assert main([*words, "--unknown", unknown]) == 0
    found = re.findall(r" (\d+):\d+ ", capsys.readouterr().out)
    assert set(map(int, found)) <= {1, 2, 3, 4}
    assert "4" in found
