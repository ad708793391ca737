"""The order of the modules, and what the outside sees of the project."""

import ast
import configparser
import io
import json
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

import charrnn

PACKAGE = Path(charrnn.__file__).parent
ROOT = PACKAGE.parent

# A room imports only from rooms to its left.
ROOMS = (
    "system text network twins writing scoring training insight exports "
    "commands"
).split()
KERAS_FREE = (
    "system text writing exports commands".split()
)  # of these, all modules
WITHOUT_KERAS = [
    *("network." + name for name in (
        "steps step_gradients cells layers shapes arguments portable "
        "hdf5_headers "
        "hdf5_groups hdf5 facts weights model_file recurrent engine loading "
        "mixing translated mixture fingerprint tracing"
    ).split()),
    *("scoring." + name for name in (
        "scan score lines ranking ngrams baselines shift"
    ).split()),
    *("training." + name for name in (
        "recipe values settings clock checkpoint figures array_shapes "
        "run_state places run_folder changes settle teachers data advice "
        "stopping session turns run train"
    ).split()),
    *("insight." + name for name in (
        "surprise context selection unroll gates layout unroll_picture "
        "gates_picture jacobians connections connections_picture "
        "connected_pieces probes neurons templates pages neurons_page"
    ).split()),
]  # fmt: skip

# Rooms in which public functions without full type hints remain.
WITHOUT_HINTS: set[str] = set()

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40  # of code: no docstring, comment or blank line

# Files and functions above these limits, each with the reason why.
LONG_FILES: dict[str, str] = {
    "exports/sample.py": "a folder has only the sections that its model needs",
}
LONG_FUNCTIONS: dict[str, str] = {}


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


def definitions(tree, inside=""):
    """The dotted names of the functions of a module, and the functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield inside + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from definitions(node, f"{inside}{node.name}.")
        else:  # such as `if` and `try`
            yield from definitions(node, inside)


def without_hints(function):
    """The parameters without a type, and "return" where it has none."""
    takes = function.args
    named = [*takes.posonlyargs, *takes.args, *takes.kwonlyargs]
    stars = [star for star in (takes.vararg, takes.kwarg) if star]
    missing = {name.arg for name in named + stars if name.annotation is None}
    if function.returns is None and function.name != "__init__":
        missing.add("return")
    return missing - {"self", "cls"}


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_public_functions_have_type_hints(path):
    if path.parent.name in WITHOUT_HINTS:
        pytest.skip("type hints are being added to this room")
    lacking = {
        name: missing
        for name, function in definitions(ast.parse(path.read_text("utf-8")))
        if not re.search(r"(^|\.)_", name.replace("__init__", "init"))
        and (missing := without_hints(function))
    }
    assert lacking == {}


def code_lines(source):
    """The numbers of the lines that hold code: no comment, no blank line."""
    silent = {
        tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT,
        tokenize.DEDENT, tokenize.ENDMARKER,
    }  # fmt: skip
    return {
        line
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type not in silent
        for line in range(token.start[0], token.end[0] + 1)
    }


def length_of(function, lines):
    """How many of a function's lines hold code, its docstring apart."""
    own = set(range(function.lineno, function.end_lineno + 1)) & lines
    if ast.get_docstring(function) is not None:
        doc = function.body[0]
        own -= set(range(doc.lineno, doc.end_lineno + 1))
    return len(own)


def test_the_length_of_a_function_is_that_of_its_code():
    source = 'def f(a):\n    """One.\n\n    Two.\n    """\n\n'
    source += "    # why\n    b = [\n        a,\n    ]\n    return b  # c\n"
    (function,) = ast.parse(source).body
    assert length_of(function, code_lines(source)) == 5


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_functions_are_short(path):
    source = path.read_text("utf-8")
    lines = code_lines(source)
    long = {
        f"{dotted(path)}.{name}": length
        for name, function in definitions(ast.parse(source))
        if (length := length_of(function, lines)) > MAX_FUNCTION_LINES
    }
    assert long.keys() <= LONG_FUNCTIONS.keys(), long


def test_files_are_short():
    lengths = {
        path.relative_to(PACKAGE).as_posix(): len(
            path.read_text("utf-8").splitlines()
        )
        for suffix in ("py", "html", "css", "js", "toml")
        for path in PACKAGE.rglob(f"*.{suffix}")
    }
    long = {
        name: length
        for name, length in lengths.items()
        if length > MAX_FILE_LINES
    }
    assert long.keys() <= LONG_FILES.keys(), long


def test_editors_know_the_public_names():
    """The imports for type checkers are those that happen on first use."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    (block,) = (
        node
        for node in tree.body
        if isinstance(node, ast.If) and node.test.id == "TYPE_CHECKING"
    )
    told = {
        name.asname: line.module.removeprefix("charrnn.")
        for line in block.body
        for name in line.names
        if name.name == name.asname
    }
    assert told == charrnn._HOMES


def loaded(module, names):
    """Which of these modules another one loads, as Python prints a set."""
    code = f"import {module}, sys; print({names} & sys.modules.keys())"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


IMPORT_EACH = """
import importlib, json, sys
found = {}
for name in sys.argv[1:]:
    importlib.import_module(name)
    roots = {module.partition(".")[0] for module in sys.modules}
    found[name] = sorted(roots & {"keras", "tensorflow"})
print(json.dumps(found))
"""
LIGHT = [*(n for n in ORDER if n.split(".")[0] in KERAS_FREE), *WITHOUT_KERAS]


@pytest.fixture(scope="module")
def loaded_by_each():
    """Which of Keras and TensorFlow are loaded after each of the modules."""
    names = [f"charrnn.{name}" for name in [*LIGHT, "network.backend"]]
    result = subprocess.run(
        [sys.executable, "-c", IMPORT_EACH, *names],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("name", LIGHT)
def test_text_is_written_and_scored_without_keras(loaded_by_each, name):
    assert loaded_by_each[f"charrnn.{name}"] == []


def test_what_loads_keras_is_seen(loaded_by_each):
    seen = loaded_by_each["charrnn.network.backend"]
    assert seen == ["keras", "tensorflow"]


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
