"""What verbs write replaces nothing, and tells no paths to others."""

import os
import re

import pytest
from tiny_run import SEA

from charrnn.commands import main, outputs, texts


@pytest.mark.parametrize(
    ("verb", "flag"),
    [
        ("surprise", "--html"), ("context", "--plot"), ("neurons", "--plot"),
        ("neurons", "--html"), ("gradients", "--plot"),
    ],
)  # fmt: skip
def test_no_picture_takes_the_place_of_anything_else(
    trained, tmp_path, monkeypatch, capsys, verb, flag
):
    """And a name that cannot be written is refused before the work."""
    monkeypatch.setattr(texts, "read", None)
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "sea.txt").write_text(SEA, encoding="utf-8")
    run = trained.folder
    inputs = [folder] if verb == "gradients" else [run, folder]
    end = outputs.PNG.suffix if flag == "--plot" else outputs.PAGE.suffix
    other = tmp_path / f"other{end}"
    other.write_text(SEA, encoding="utf-8")
    taken = [folder / "sea.txt", folder / f"new{end}", other, f"no/x{end}"]
    taken.append(tmp_path / "new.jpg")
    if verb != "gradients":
        taken += [run / "metrics.json", run / "model.keras"]
    for output in taken:
        assert main([verb, *map(str, inputs), flag, str(output)]) == 2
        assert re.search(f"(Expected |: ){flag} ", capsys.readouterr().err)
    assert other.read_text("utf-8") == SEA


@pytest.mark.parametrize("verb", ["surprise", "neurons"])
def test_pages_of_texts_whose_names_are_not_utf8(
    trained, tmp_path, capsys, verb
):
    text = tmp_path / os.fsdecode(b"sea\xff")
    page = tmp_path / os.fsdecode(b"page\xff.html")
    try:
        text.write_text(SEA, encoding="utf-8")
    except OSError:
        pytest.skip("the file system wants UTF-8")
    words = [verb, str(trained.folder), str(text), "--html", str(page)]
    assert main(words) == 0
    made = page.read_text("utf-8")
    title = f"sea\\udcff, read by {trained.folder.name}"
    assert f"<title>{title}</title>" in made
    assert str(tmp_path) not in made
