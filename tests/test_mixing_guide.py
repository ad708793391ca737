"""The commands of docs/mixing.md do what the guide says."""

import re
import shlex
from pathlib import Path

import pytest
from tiny_run import SEA

import charrnn
from charrnn.commands import main

ROOT = Path(charrnn.__file__).parent.parent
GUIDE = (ROOT / "docs" / "mixing.md").read_text("utf-8")
SCENE = re.findall(r"```text\n(NELL:\n.*?)```", GUIDE, re.S)[0]
COMMANDS = [
    shlex.split(line, comments=True)[1:]
    for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.S)
    for line in block.splitlines()
]
MODELS = ("python-1", "plays-1", "plays-2", "plays-3", "small")

pytestmark = pytest.mark.slow  # the bundled model writes for seconds


def of_verb(verb):
    return [words for words in COMMANDS if words[0] == verb]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the guide's scene, and small models by its names."""
    monkeypatch.chdir(tmp_path)
    Path("scene.txt").write_text(SCENE, encoding="utf-8")
    Path("held.txt").write_text(SEA, encoding="utf-8")
    vocabulary = charrnn.Vocabulary.from_text(SEA + SCENE + "{}()")
    for name in MODELS:
        Path("runs", name).mkdir(parents=True)
        model = charrnn.build_model(vocabulary, units=8, layers=1)
        charrnn.save(model, f"runs/{name}/model.keras", vocabulary)


@pytest.mark.parametrize("words", of_verb("generate")[:-2], ids=" ".join)
def test_mixed_models_write(words, folder, capsys):
    assert main([*words, "--length=50"]) == 0
    scene = SCENE.rstrip("\n") if "--prompt-file" in words else ""
    assert len(capsys.readouterr().out) == len(scene) + 50 + 1


@pytest.mark.parametrize("words", of_verb("score"), ids=" ".join)
def test_mixed_models_score(words, folder, capsys):
    assert main(words) == 0
    assert "average of runs/plays-1 0.334" in capsys.readouterr().out


def test_samples_go_on_from_a_state_as_shown(folder, capsys):
    prime, branch = of_verb("generate")[-2:]
    assert main(prime) == 0
    capsys.readouterr()
    assert main(branch) == 0
    shown = re.findall(r"```text\n(--- sample.*?)```", GUIDE, re.S)[0]
    assert capsys.readouterr().out == shown


def test_the_python_example_runs(folder, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE, re.S)
    names = {}
    exec(code.replace("count=9", "count=2"), names)
    assert [len(sample.text) for sample in names["samples"]] == [200, 200]
    assert "bits per character" in capsys.readouterr().out
