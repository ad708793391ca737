"""The Python examples of the README and its guide run as they stand."""

import re
from pathlib import Path

import pytest

import charrnn

ROOT = Path(charrnn.__file__).parent.parent
TEXT = "ROMEO:\nThe reason? Wherefore not? Because.\n" * 100
SMALLER = {
    "units=128": "units=8",
    "epochs=3,": "epochs=1,",
    "epochs=3)": "epochs=1)",
    "minutes=5": "epochs=1, units=8, layers=1",
}


def examples(page):
    return re.findall(
        r"```python\n(.*?)```", (ROOT / page).read_text("utf-8"), re.S
    )


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs an example on a smaller text, and returns what it prints."""
    (tmp_path / "my.txt").write_text(TEXT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def run(code):
        for long, short in SMALLER.items():
            code = code.replace(long, short)
        exec(code, {})
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize(
    "page",
    ["README.md", pytest.param("docs/python.md", marks=pytest.mark.slow)],
)
def test_one_call_trains_and_writes(page, run):
    code = examples(page)[0]
    assert 'charrnn.train("my.txt", minutes=5)' in code
    written = run(code)
    assert len(written) > 200
    assert (Path.cwd() / "runs/my-1/model.keras").is_file()


@pytest.mark.slow
def test_compile_and_fit_end_in_a_file_and_its_score(run):
    *_, bits = run(examples("README.md")[1]).splitlines()
    assert 0 < float(bits) < 8
    assert (Path.cwd() / "small.keras").is_file()


@pytest.mark.slow
def test_compile_and_fit_end_in_a_text(run):
    bits, written = re.search(
        r"^(\d\.\d+) bits per character\n(.{200,})\n\Z",
        run(examples("docs/python.md")[1]),
        re.S | re.M,
    ).groups()
    assert 0 < float(bits) < 8
    assert set(written) <= set(TEXT)


@pytest.mark.slow
def test_the_recipe_trains_with_its_callbacks(run):
    *_, losses = run(examples("docs/python.md")[2]).splitlines()
    assert re.fullmatch(r"\[(\d\.\d+(, |\]))+", losses)


def test_the_parts_take_the_bundled_model(run):
    assert re.fullmatch(
        r"Score\(.*\)\n(.|\n){60}", run(examples("docs/python.md")[3])
    )
