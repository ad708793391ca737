"""Singular values against products of Jacobians by central differences."""

import numpy as np
import pytest
from random_networks import engine_of

import charrnn
from charrnn.insight.jacobians import singular_values
from charrnn.network.tracing import trace

IDS = np.random.default_rng(2).integers(26, size=9)


def one_step(layer, step):
    """The Jacobian of one step of a layer by central differences."""
    sizes = [array.shape[1] for array in layer.before]
    state = np.concatenate([a[step] for a in layer.before]).astype(float)
    weights = [layer.layer.U.astype(float)]
    if layer.layer.recurrent_bias is not None:
        weights.append(layer.layer.recurrent_bias.astype(float))
    columns = []
    for small in np.eye(len(state)) * 1e-5:
        both = []
        for changed in (state + small, state - small):
            parts = np.split(changed[None], np.cumsum(sizes)[:-1], axis=1)
            x = layer.x[step : step + 1].astype(float)
            new = layer.layer.cell.step(x, tuple(parts), *weights)
            both.append(np.concatenate(new, axis=1)[0])
        columns.append((both[0] - both[1]) / 2e-5)
    return np.array(columns).T


@pytest.mark.parametrize("cell", ["SimpleRNN", "LSTM", "GRU"])
@pytest.mark.parametrize("state", ["h", "c", "all"])
def test_values_are_those_of_products_of_jacobians(cell, state):
    engine = engine_of(cell=cell, units=4, layers=2)
    if state == "c" and cell != "LSTM":
        with pytest.raises(ValueError, match="a state among"):
            singular_values(engine, IDS, lags=3, state=state)
        return
    found = singular_values(engine, IDS, lags=5, layer=1, state=state, places=1)
    layer = trace(engine, IDS).layers[0]
    part = {"h": slice(4), "c": slice(4, 8), "all": slice(None)}[state]
    product = np.eye(4 * len(layer.before))
    for k in range(6):
        expected = np.linalg.svd(product[part, part], compute_uv=False)
        np.testing.assert_allclose(found.values[k], expected, 1e-3, 1e-6)
        product = product @ one_step(layer, 5 - k)
    np.testing.assert_array_equal(found.largest, found.values[:, 0])
    np.testing.assert_array_equal(found.smallest, found.values[:, -1])


def test_places_are_averaged_geometrically():
    engine = engine_of(units=4)
    both = singular_values(engine, IDS, lags=4, places=2).values
    first = singular_values(engine, IDS[:5], lags=4, places=1).values
    tail = charrnn.singular_values(engine, IDS, lags=4, places=9).values
    assert both.shape == first.shape == tail.shape == (5, 4)
    np.testing.assert_allclose(both[0], 1)
    ends = [singular_values(engine, IDS[: n + 1], lags=4, places=1).values
            for n in (4,)]  # fmt: skip
    np.testing.assert_allclose(ends[0], first)


def test_orthogonal_weights_keep_lengths_where_the_tanh_is_linear():
    engine = engine_of(cell="SimpleRNN", units=5)
    layer = engine.layers[0]
    layer.U[:] = np.linalg.qr(layer.U)[0]
    layer.kernel *= 1e-4
    layer.bias *= 0
    found = singular_values(engine_with(engine), IDS, lags=6)
    np.testing.assert_allclose(found.values, 1, rtol=1e-3)


def engine_with(engine):
    """The same engine: its tables hold copies of the kernel and the bias."""
    layers = [(name, {}, arrays) for name, arrays in engine.layer_weights()]
    return charrnn.Engine(layers, engine.vocabulary)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"lags": 9}, "more than 9 characters"),
        ({"lags": -1}, "lags of 0 or more"),
        ({"places": 0}, "at least one place"),
        ({"layer": 2}, "a layer from 1 to 1"),
        ({"state": "z"}, "a state among"),
    ],
)
def test_what_cannot_be_measured_is_refused(options, says):
    with pytest.raises(ValueError, match=says):
        singular_values(engine_of(), IDS, **{"lags": 2, **options})
