"""`--help` answers at once and says the same, however it is asked."""

import json

import pytest
from tiny_run import ROOT, run

from charrnn.commands import main
from charrnn.commands.verbs import VERBS

HELP_OF_EACH = """
import contextlib, io, json, sys
from charrnn.commands import main
from charrnn.commands.verbs import VERBS
heavy = {}
for verb in VERBS:
    silence = contextlib.redirect_stdout(io.StringIO())
    with silence, contextlib.suppress(SystemExit):
        main([verb, "--help"])
    roots = {name.partition(".")[0] for name in sys.modules}
    heavy[verb] = sorted(roots & {"keras", "tensorflow", "matplotlib", "h5py"})
print(json.dumps(heavy))
"""


@pytest.fixture(scope="module")
def loaded_for_help():
    """The slow packages that `--help` has loaded, verb by verb."""
    result = run("-c", HELP_OF_EACH, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("verb", VERBS)
def test_help_loads_nothing_slow(loaded_for_help, verb):
    assert loaded_for_help[verb] == []


@pytest.mark.parametrize("script", ["train.py", "generate.py"])
def test_scripts_are_the_verbs(script):
    verb = script.removesuffix(".py")
    by_script = run(ROOT / script, "--help").stdout
    assert by_script == run("-m", "charrnn", verb, "--help", cwd=ROOT).stdout


def test_package_without_a_verb_explains_itself(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(verb in shown for verb in VERBS)
