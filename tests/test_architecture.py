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

# A room imports only from rooms to its left.
ROOMS = (
    "system text network twins writing scoring training insight commands"
).split()
KERAS_FREE = "system text writing commands".split()  # of these, all modules
WITHOUT_KERAS = [
    *("network." + name for name in (
        "layers portable hdf5 weights model_file engine loading"
    ).split()),
    *("scoring." + name for name in "score baselines shift".split()),
    *("training." + name for name in "checkpoint run_state run_folder".split()),
    *("insight." + name for name in "surprise context neurons pages".split()),
]  # fmt: skip


def listed(room):
    """What a room's docstring lists: its modules in order, with sentences."""
    source = (PACKAGE / room / "__init__.py").read_text("utf-8")
    text = " ".join(ast.get_docstring(ast.parse(source)).split())
    _, *items = re.split(r" - (?=`)", text)
    return dict(re.fullmatch("`(.*?)`: (.*)", item).groups() for item in items)


ORDER = [f"{room}.{name}" for room in ROOMS for name in listed(room)]


def imported(path):
    """The modules of charrnn that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            for name in node.names:
                if name.name.startswith("charrnn."):
                    yield name.name.removeprefix("charrnn.")
        elif isinstance(node, ast.ImportFrom):
            home = (node.module or "").partition("charrnn")[2][1:]
            if node.module == "charrnn":
                for name in node.names:
                    yield charrnn._HOMES.get(name.name, name.name)
            elif "." in home:
                yield home
            elif home:
                yield from (f"{home}.{name.name}" for name in node.names)


def modules():
    return sorted(
        path for path in PACKAGE.glob("*/*.py") if path.stem[0] != "_"
    )


def dotted(path):
    return f"{path.parent.name}.{path.stem}"


def test_every_module_stands_in_a_room_that_lists_it():
    outside = {path.stem for path in PACKAGE.glob("*.py")}
    assert outside == {"__init__", "__main__"}
    assert sorted(map(dotted, modules())) == sorted(ORDER)


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_modules_import_only_what_stands_before_them(path):
    place = ORDER.index(dotted(path))
    assert set(imported(path)) <= set(ORDER[:place])


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_a_room_repeats_its_modules_own_words(path):
    doc = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert listed(path.parent.name)[path.stem] == doc.splitlines()[0]


def loaded(module, names):
    """Which of these modules another one loads, as Python prints a set."""
    code = f"import {module}, sys; print({names} & sys.modules.keys())"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize(
    "name",
    [*(n for n in ORDER if n.split(".")[0] in KERAS_FREE), *WITHOUT_KERAS],
)
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


def test_readme_shows_the_rooms_in_order():
    text = (ROOT / "README.md").read_text("utf-8")
    for room in ROOMS:
        source = (PACKAGE / room / "__init__.py").read_text("utf-8")
        sentence = ast.get_docstring(ast.parse(source)).splitlines()[0]
        assert re.search(rf"{room}/ +{re.escape(sentence)}", text), room


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
