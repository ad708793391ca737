"""The order of the modules, and what the outside sees of the project."""

import ast
import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

import charrnn

PACKAGE = Path(charrnn.__file__).parent
ROOT = PACKAGE.parent

# A module imports only modules that stand before it.
ORDER = (
    "atomic memory picture plays catalogue normal_form decoding notices "
    "sources corpus lines nearest vocabulary encoded windows "
    "backend precision network portable model stateful equations kernels "
    "tiles dropout recurrence logits twin recipe archive hdf5 weights "
    "model_file checkpoint run_state runs "
    "sampling engine loading endings sampler scoring reading context gradients "
    "neurons page baselines shift adaptation clock training validation loop "
    "budget history reporting results commands"
).split()
WITHOUT_KERAS = (
    "lines network portable archive hdf5 weights model_file checkpoint "
    "run_state runs "
    "sampling engine loading endings sampler scoring reading context neurons "
    "page baselines shift commands"
).split()


def imported(path):
    """The modules of charrnn that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            for name in node.names:
                if name.name.startswith("charrnn."):
                    yield name.name.split(".")[1]
        elif isinstance(node, ast.ImportFrom):
            if node.module == "charrnn":
                yield from (name.name for name in node.names)
            elif (node.module or "").startswith("charrnn."):
                yield node.module.split(".")[1]


def modules():
    return sorted(path for path in PACKAGE.glob("*.py") if path.stem[0] != "_")


def test_every_module_has_its_place():
    found = {path.stem for path in modules()} | {"commands"}
    assert found == set(ORDER)


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.stem)
def test_modules_import_only_what_stands_before_them(path):
    place = ORDER.index(path.stem)
    assert set(imported(path)) <= set(ORDER[:place])


def loaded(module, names):
    """Which of these modules another one loads, as Python prints a set."""
    code = f"import {module}, sys; print({names} & sys.modules.keys())"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("name", WITHOUT_KERAS)
def test_text_is_written_and_scored_without_keras(name):
    assert loaded(f"charrnn.{name}", {"keras", "tensorflow"}) == "set()\n"


def test_importing_the_package_imports_almost_nothing():
    heavy = {"numpy", "keras", "tensorflow", "matplotlib", "rich", "h5py"}
    assert loaded("charrnn", heavy) == "set()\n"


def test_generate_loads_only_what_it_needs():
    heavy = {"keras", "tensorflow", "matplotlib", "rich", "h5py"}
    assert loaded("charrnn.commands.generate", heavy) == "set()\n"


@pytest.mark.parametrize("name", charrnn.__all__)
def test_public_names_exist_and_are_documented(name):
    value = getattr(charrnn, name)
    if name != "__version__":
        assert value.__doc__
        assert value.__module__.startswith("charrnn.")


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = charrnn.nothing


def readme_commands():
    text = (ROOT / "README.md").read_text("utf-8")
    return re.findall(r"^pip install .*$", text, re.MULTILINE)


def test_readme_has_the_two_commands():
    first, second = readme_commands()
    assert re.fullmatch(
        r"pip install -e \. && python train\.py \w+ --minutes \d+", first
    )
    assert second == "pip install -e '.[test]' && python -m pytest"


def test_ci_runs_the_readmes_second_command():
    assert readme_commands()[1] in (ROOT / ".ci/run").read_text("utf-8")


def test_readme_tree_repeats_the_modules_own_words():
    text = (ROOT / "README.md").read_text("utf-8")
    for path in modules():
        sentence = ast.get_docstring(ast.parse(path.read_text("utf-8")))
        words = sentence.splitlines()[0]
        assert re.search(rf"{path.name} +{re.escape(words)}", text), path


def test_readme_links_lead_somewhere():
    text = (ROOT / "README.md").read_text("utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / target).exists(), target


def test_requirements_are_few():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    required = config["options"]["install_requires"].split()
    names = {re.split("[<>=]", word)[0] for word in required}
    assert names == {
        "tensorflow", "keras", "numpy", "rich", "matplotlib",
    }  # fmt: skip
    assert config["metadata"]["version"] == "attr: charrnn.__version__"


def test_data_travels_with_the_package():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = config["options.package_data"]["charrnn"].split(", ")
    named = {path for pattern in listed for path in PACKAGE.glob(pattern)}
    files = {path for path in PACKAGE.rglob("*") if path.is_file()}
    code = {path for path in files if path.suffix in (".py", ".pyc")}
    assert named == files - code
