"""The backend that trains where the user has set none."""

import sys

import pytest

from charrnn.network import choice


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A function that says what is installed, and whether JAX sees a GPU."""
    monkeypatch.setenv("KERAS_BACKEND", "")  # so that it is restored
    monkeypatch.delenv("KERAS_BACKEND")
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))

    def machine(*packages, gpu=False):
        monkeypatch.setattr(choice, "_is_installed", packages.__contains__)
        monkeypatch.setattr(choice, "_jax_sees_gpu", lambda: gpu)

    return machine


@pytest.mark.parametrize(
    ("packages", "gpu", "expected"),
    [
        (("tensorflow",), False, "tensorflow"),
        (("tensorflow", "jax"), False, "tensorflow"),
        (("tensorflow", "jax"), True, "jax"),
        (("jax",), False, "jax"),
    ],
)
def test_a_gpu_that_jax_sees_is_used(machine, packages, gpu, expected):
    machine(*packages, gpu=gpu)
    choice.choose()
    assert choice.chosen()[0] == expected


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_a_choice_of_the_user_is_kept(machine, monkeypatch, backend):
    machine("tensorflow", "jax", gpu=True)
    monkeypatch.setenv("KERAS_BACKEND", backend)
    choice.choose()
    assert choice.chosen()[0] == backend
    assert not choice.trains_on_gpu()


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_what_keras_writes_into_its_settings_is_no_choice(
    machine, tmp_path, backend
):
    machine("tensorflow", "jax", gpu=True)
    settings = tmp_path / "keras.json"
    settings.write_text(f'{{"backend": "{backend}"}}', encoding="utf-8")
    choice.choose()
    chosen = "jax" if backend == "tensorflow" else backend
    assert choice.chosen()[0] == chosen


def test_a_gpu_without_its_plugin_is_not_looked_for(monkeypatch):
    monkeypatch.setattr(choice, "_is_installed", ("jax",).__contains__)
    monkeypatch.setitem(sys.modules, "jax", None)  # an import would fail
    assert not choice._jax_sees_gpu()
