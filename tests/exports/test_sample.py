"""The script of an exported folder writes and scores as charrnn does."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from exported import CELLS, EMBEDDINGS, VOCABULARIES, network

import charrnn
from charrnn.exports import contents, folder

PROMPTS = {
    "character": ["", "a", "ban na'", "\n\n"],
    "word": ["", "ba", "a ban", "ban ", "n b", "a nab", "  ", "ban'"],
    "byte": ["", "a", "né\n", "\udcff"],
    "lines": ["", "a ban"],
    "word lines": ["", "ba", "ban ", "ban"],
    "byte files": ["", "a,"],
    "separated": ["", "a\na"],
}
TEXTS = {
    "character": "a, na\nné\n",
    "word": "a ban nab banan' n\n\nab",
    "byte": "a né\n\u20ac",
    "lines": "ban\nana b\n\n  \nnab",
    "word lines": "ban ana\nnab\r\n",
    "byte files": "é a\n",
    "separated": "\na\nna\n\nné, a\n\n\n",
}


def opened(path):
    """The program of a folder, and the model as it has it."""
    spec = importlib.util.spec_from_file_location("sample", path / "sample.py")
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    return program, program.Model(path)


@pytest.fixture(params=VOCABULARIES)
def unit(request):
    return request.param


@pytest.fixture
def exported(unit, tmp_path):
    """A network, the program of its folder, and the model there."""
    cell = CELLS[list(VOCABULARIES).index(unit) % len(CELLS)]
    engine = network(unit, cell, embedding=5 if "word" in unit else None)
    folder.write(engine, tmp_path / "model", "float32", "")
    return engine, *opened(tmp_path / "model")


@pytest.mark.parametrize("temperature", [0, 0.8, 1.5])
def test_the_same_seed_writes_the_same_text(exported, unit, temperature):
    engine, program, copy = exported
    sampler = charrnn.Sampler(engine)
    for seed, prompt in enumerate(PROMPTS[unit]):
        (expected,) = sampler.generate(
            prompt, length=60, seed=seed, temperature=temperature
        )
        drawing = program.Drawing(seed, temperature)
        written = program.write(copy, prompt, 60, drawing)
        shown = engine.vocabulary.shown(expected.text)
        assert "".join(written) == shown, prompt


def test_scores_agree(exported, unit):
    engine, program, copy = exported
    bits, characters = program.score(copy, TEXTS[unit])
    expected = charrnn.score(engine, TEXTS[unit])
    assert characters == expected.characters
    assert bits == pytest.approx(expected.bits_per_character, abs=1e-5)


@pytest.mark.parametrize("embedding", EMBEDDINGS)
@pytest.mark.parametrize("cell", CELLS)
def test_logits_agree(tmp_path, cell, embedding):
    engine = network("separated", cell, embedding)
    folder.write(engine, tmp_path / "model", "float32", "")
    _, copy = opened(tmp_path / "model")
    ids = np.random.default_rng(0).integers(0, len(engine.vocabulary), 200)
    states, state = copy.start(), engine.zero_state(1)
    for unit in ids:
        logits, states = copy.step(unit, states)
        expected, state = engine.step([unit], state)
        np.testing.assert_allclose(logits, expected[0], atol=1e-5)


def test_nothing_is_written_of_length_0(exported, unit):
    _, program, copy = exported
    drawing = program.Drawing(1, 1)
    for prompt in PROMPTS[unit]:
        assert list(program.write(copy, prompt, 0, drawing)) == []


@pytest.mark.parametrize(
    ("unit", "cell", "most"),
    [("character", "LSTM", 230), ("word", "GRU", 270), ("byte", "GRU", 240)],
)
def test_the_program_has_only_what_its_model_needs(unit, cell, most):
    text = folder.script(contents.described(network(unit, cell)))
    assert len(text.splitlines()) <= most
    assert not re.search(r"# \[", text)
    assert ("completions" in text) == (unit == "word")
    assert ("codecs" in text) == (unit == "byte")
    assert ("def lstm" in text) == (cell == "LSTM")
    assert "boundary" not in text


@pytest.mark.slow
@pytest.mark.parametrize("unit", VOCABULARIES)
def test_the_program_is_clean(unit, tmp_path):
    path = tmp_path / "sample.py"
    about = contents.described(network(unit))
    path.write_text(folder.script(about), encoding="utf-8")
    for words in (["check", "--select=F,E,W"], ["format", "--check"]):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "ruff", *words),
                *("--isolated", "--line-length=80", path),
            ],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--prompt", "a x"], "The model does not know 'x', at position 2."),
        (["--score", "no.txt"], "No such file"),
        (["--score", "short.txt"], "too short"),
        (["--temperature", "nan"], "a length of 0 or above"),
        (["--length", "-1"], "length of 0 or above"),
    ],
)
def test_mistakes_end_in_one_line(
    tmp_path, monkeypatch, capsys, words, problem
):
    path = tmp_path / "model"
    folder.write(network("character"), path, "float32", "")
    (tmp_path / "short.txt").write_text("a", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    program, _ = opened(path)
    monkeypatch.setattr(sys, "argv", ["sample.py", *words])
    with pytest.raises(SystemExit) as error:
        program.main()
    told = str(error.value.code) + capsys.readouterr().err
    assert problem in told


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["character", "word", "byte", "lines"])
def test_it_runs_where_there_is_only_numpy(tmp_path, unit):
    """Without site-packages; of those, only NumPy can be imported."""
    engine = network(unit, "GRU", embedding=4)
    path = tmp_path / "model"
    folder.write(engine, path, "float32", "")
    packages = tmp_path / "packages"
    packages.mkdir()
    place = Path(np.__file__).parent
    for name in ("numpy", "numpy.libs"):
        if (there := place.with_name(name)).is_dir():
            (packages / name).symlink_to(there)
    alone = {"PYTHONPATH": str(packages), "PYTHONIOENCODING": "ascii"}
    words = "-S", "-c", "import rich"
    missing = subprocess.run([sys.executable, *words], env=alone)
    assert missing.returncode == 1
    for prompt in PROMPTS[unit][:3]:
        (expected,) = charrnn.Sampler(engine).generate(
            prompt, length=50, seed=7, temperature=0.8
        )
        done = subprocess.run(
            [
                *(sys.executable, "-S", path / "sample.py", "--seed", "7"),
                *("--length", "50", "--prompt", prompt),
            ],
            env=alone,
            capture_output=True,
        )
        assert done.returncode == 0, done.stderr
        shown = engine.vocabulary.shown(prompt + expected.text)
        assert done.stdout.decode("utf-8").replace("\r\n", "\n") == f"{shown}\n"
