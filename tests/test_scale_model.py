"""The formula and the simulation of docs/scale.md."""

import importlib.util
from pathlib import Path

import pytest

import charrnn

ROOT = Path(charrnn.__file__).parent.parent


@pytest.fixture(scope="module")
def model():
    path = ROOT / "benchmarks" / "scale_model.py"
    spec = importlib.util.spec_from_file_location("scale_model", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("layers", "units"), [(1, 8), (2, 16), (3, 8)])
def test_the_parameters_are_those_of_a_network(model, layers, units):
    keras = charrnn.build_model(
        charrnn.Vocabulary("".join(map(chr, range(32, 128)))),
        units=units,
        layers=layers,
    )
    assert model.parameters(layers, units) == keras.count_params()


def test_one_device_has_nothing_to_add_up(model):
    assert model.all_reduce(1e9, 1, model.H100S) == 0


def test_a_ring_moves_almost_twice_the_bytes(model):
    cluster = model.Cluster(model.Link(1e9, 0), model.Link(1e9, 0), 8)
    assert model.all_reduce(1e9, 2, cluster) == 1
    assert model.all_reduce(1e9, 8, cluster) == 1.75


def test_machines_share_the_bytes_of_their_devices(model):
    fast = model.Link(1e30, 0)
    cluster = model.Cluster(fast, model.Link(1e9, 0), 8)
    assert model.all_reduce(8e9, 16, cluster) == pytest.approx(1)


def test_more_devices_never_add_up_faster(model):
    seconds = [model.all_reduce(1e8, 2**n, model.H100S) for n in range(11)]
    assert seconds == sorted(seconds)


def test_equal_devices_cost_what_the_formula_says(model):
    found = model.simulated(0.1, 0, 1e8, 64, model.H100S)
    assert found == pytest.approx(model.step_seconds(0.1, 1e8, 64, model.H100S))


def test_devices_that_vary_cost_more(model):
    arguments = 1e8, 64, model.H100S
    even = model.simulated(0.1, 0.01, *arguments)
    uneven = model.simulated(0.1, 0.05, *arguments)
    assert model.step_seconds(0.1, *arguments) < even < uneven


def test_data_parallelism_stops_paying(model):
    count = model.where_it_stops_paying(1e-3, 0, 5e8, model.ETHERNET)
    arguments = 1e-3, 0, 5e8
    assert model.efficiency(*arguments, count, model.ETHERNET) >= 0.5
    assert model.efficiency(*arguments, 2 * count, model.ETHERNET) < 0.5
