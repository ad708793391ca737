import pytest
from tiny_run import SEA

from charrnn.system.launchers import Place
from charrnn.training import team
from charrnn.training.team import difference, facts, require_jax


@pytest.fixture
def sea(tmp_path):
    path = tmp_path / "sea.txt"
    path.write_text(SEA, encoding="utf-8")
    return path


def known(sea, given=None, processes=2, **switches):
    place = Place("h:1", processes, 0)
    return facts([str(sea)], given or {}, place, **switches)


def test_processes_that_are_alike_agree(sea, tmp_path):
    copy = tmp_path / "of another machine.txt"
    copy.write_text(SEA, encoding="utf-8")
    one = known(sea, {"units": 8, "quiet": True}, fresh=True)
    two = known(copy, {"units": 8, "quiet": False}, fresh=True)
    assert difference([one, two]) is None


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"given": {"units": 9}}, "--units 8 of process 0, and --units 9 of"),
        ({"given": {}}, "--units 8 of process 0, and no --units of process 1"),
        ({"processes": 3}, "--processes 2 of process 0, and --processes 3"),
        ({"fresh": True}, "--fresh False of process 0, and --fresh True of"),
    ],
)
def test_what_differs_is_told(sea, other, words):
    same = {"given": {"units": 8}, "processes": 2, "fresh": False}
    line = difference([known(sea, **same), known(sea, **{**same, **other})])
    assert words in line


def test_another_text_is_told(sea, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("Not the sea.", encoding="utf-8")
    line = difference([known(sea), known(other)])
    assert f"the text {len(SEA):,} bytes of process 0" in line
    assert "12 bytes of process 1" in line


def test_another_version_is_told(sea, monkeypatch):
    one = known(sea)
    monkeypatch.setattr(team.charrnn, "__version__", "99.0")
    line = difference([one, one, known(sea)])
    assert "charrnn 99.0 of process 2" in line


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_other_backends_are_refused(monkeypatch, backend):
    monkeypatch.setenv("KERAS_BACKEND", backend)
    with pytest.raises(ValueError, match=f"KERAS_BACKEND={backend}"):
        require_jax()


def is_installed(monkeypatch, answer):
    monkeypatch.setattr(
        team.importlib.util, "find_spec", lambda name: answer or None
    )


def test_a_missing_jax_is_told(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    is_installed(monkeypatch, False)
    with pytest.raises(ValueError, match="Expected the package jax"):
        require_jax()


def test_jax_is_chosen_if_nothing_else_is(monkeypatch):
    is_installed(monkeypatch, True)
    monkeypatch.setenv("KERAS_BACKEND", "")  # so that it is restored
    monkeypatch.delenv("KERAS_BACKEND")
    require_jax()
    assert team.os.environ["KERAS_BACKEND"] == "jax"
