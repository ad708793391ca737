"""What steps keep inside, and their gradients, against slower computations."""

import numpy as np
import own_layers
import pytest
from random_networks import engine_of

from charrnn import Vocabulary
from charrnn.network.cells import CANDIDATE, CELLS, Cell
from charrnn.network.engine import Engine
from charrnn.network.step_gradients import numeric_gradient
from charrnn.network.steps import sigmoid
from charrnn.network.tracing import trace

LAYERS = [cell.layer for cell in CELLS.values()]
cells = pytest.mark.parametrize("cell", LAYERS)
IDS = np.random.default_rng(3).integers(26, size=12)


@cells
@pytest.mark.parametrize("embedding", [None, 5])
def test_a_trace_has_the_states_and_gates_of_the_engine(cell, embedding):
    engine = engine_of(cell=cell, layers=2, embedding=embedding)
    traced = trace(engine, IDS)
    layers, _ = engine.activations(IDS[None])
    for layer, expected in zip(traced.layers, layers, strict=True):
        np.testing.assert_array_equal(layer.output, expected["output"][0])
        for name in layer.layer.cell.gates:
            np.testing.assert_allclose(
                layer.parts[name], expected[name][0], atol=1e-6
            )
    state = engine.zero_state(1)
    for step, id in enumerate(IDS):
        for ours, theirs in zip(traced.state_before(step), state, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-6)
        _, state = engine.step([id], state)


@cells
def test_a_trace_goes_on_from_a_state(cell):
    engine = engine_of(cell=cell, layers=2)
    whole = trace(engine, IDS)
    rest = trace(engine, IDS[5:], whole.state_before(5))
    for one, other in zip(whole.layers, rest.layers, strict=True):
        for name, values in other.parts.items():
            np.testing.assert_allclose(one.parts[name][5:], values, atol=1e-6)


@cells
def test_the_gradient_of_a_step_is_that_of_central_differences(cell):
    layer = trace(engine_of(cell=cell, units=5), IDS).layers[0]
    random = np.random.default_rng(1)
    d_state = tuple(random.normal(size=a.shape) for a in layer.before)
    weights = [layer.layer.U]
    if layer.layer.recurrent_bias is not None:
        weights.append(layer.layer.recurrent_bias)
    d_x, d_before = layer.gradient(slice(None), d_state)
    step = layer.layer.cell.step
    expected = numeric_gradient(step, layer.x, layer.before, d_state, weights)
    np.testing.assert_allclose(d_x, expected[0], atol=1e-5)
    np.testing.assert_allclose(d_before, expected[1], atol=1e-5)


@cells
def test_all_rows_can_go_back_through_one_step(cell):
    layer = trace(engine_of(cell=cell, units=5), IDS).layers[0]
    d_state = tuple(np.eye(5) for _ in layer.before)
    d_x, d_before = layer.gradient(7, d_state)
    for row in range(5):
        own = tuple(array[row : row + 1] for array in d_state)
        one_x, one_before = layer.gradient(slice(7, 8), own)
        np.testing.assert_allclose(d_x[row : row + 1], one_x)
        for ours, theirs in zip(d_before, one_before, strict=True):
            np.testing.assert_allclose(ours[row : row + 1], theirs)


def mgu_step(x, state, U):
    (h,) = state
    n = h.shape[-1]
    f = sigmoid(x[:, :n] + h @ U[:, :n])
    return ((1 - f) * h + f * np.tanh(x[:, n:] + (f * h) @ U[:, n:]),)


def test_a_cell_of_ones_own_goes_back_without_a_gradient(monkeypatch):
    own = Cell(
        layer="MinimalGatedUnit",
        module=own_layers.__name__,
        blocks=("forget gate", CANDIDATE),
        step=mgu_step,
    )
    monkeypatch.setitem(CELLS, "mgu", own)
    random = np.random.default_rng(1)
    shapes = [(3, 8), (4, 8), (8,)]
    arrays = [random.normal(size=s).astype("f4") for s in shapes]
    dense = [random.normal(size=s).astype("f4") for s in [(4, 3), (3,)]]
    engine = Engine(
        [("MinimalGatedUnit", {}, arrays), ("Dense", {}, dense)],
        Vocabulary("abc"),
    )
    layer = trace(engine, [0, 1, 2, 1]).layers[0]
    assert set(layer.parts) == {"forget gate", "h"}
    d_x, (d_h,) = layer.gradient(2, (np.eye(4),))
    assert d_x.shape == (4, 8) and d_h.shape == (4, 4)
    h, x = layer.before[0][2:3], layer.x[2:3]
    for unit in range(4):
        both = []
        for small in (1e-2, -1e-2):
            changed = h + small * np.eye(4, dtype="f4")[unit]
            both.append(mgu_step(x, (changed,), engine.layers[0].U)[0][0])
        difference = (both[0] - both[1]) / 2e-2
        np.testing.assert_allclose(d_h[:, unit], difference, atol=1e-3)
