"""The JAX engine: many steps in one call, the same as step by step.

All of it runs in a process without TensorFlow, and on two devices of JAX.
"""

import importlib.util

import numpy as np
import pytest
from in_jax import (
    BOUNDARY,
    CELLS,
    by_tensorflow,
    in_jax,
    losses_of_many_steps,
    losses_of_seeds,
    losses_step_by_step,
    student_of,
)

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="needs jax"
)


@pytest.fixture(scope="module")
def results():
    whole = "of_cells", "of_documents", "divided_into_calls", "excerpts"
    types = "of_cells_in_bfloat16", "written_in_loops", "of_many_steps"
    rest = "on_devices", "masks_differ", "with_dropout", "fit", "students"
    rest = *rest, "with_recurrent_dropout", "nats"
    return in_jax(*whole, *types, *rest)


@pytest.mark.slow
def test_two_devices_train_without_tensorflow_as_one_with_it():
    losses = in_jax("small")["small"]
    expected = losses_step_by_step("lstm")
    np.testing.assert_allclose(losses, expected, rtol=2e-5)
    assert losses[-1] != losses[0]


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_losses_equal_those_of_a_step_in_a_call(results, cell):
    expected = losses_step_by_step(cell)
    np.testing.assert_allclose(results["of_cells"][cell], expected, rtol=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_recurrent_dropout_is_that_of_stock_layers(results, cell):
    """Of the same seeds; in later steps by way of the gradients."""
    found, expected = results["with_recurrent_dropout"][cell]
    np.testing.assert_allclose(found, expected, rtol=2e-5)
    assert found[0] != pytest.approx(results["of_cells"][cell][0], rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_the_engines_stay_together_over_300_steps(results, cell):
    found, expected = results["of_many_steps"][cell], losses_of_many_steps(cell)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3)
    assert np.mean(found[-50:]) < np.mean(found[:50]) - 0.3


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_bfloat16_rounds_but_computes_the_same(results, cell):
    exact, rounded = results["of_cells"], results["of_cells_in_bfloat16"]
    np.testing.assert_allclose(rounded[cell], exact[cell], rtol=5e-3)
    assert rounded[cell] != exact[cell]


@pytest.mark.slow
def test_a_twin_scores_as_numpy_does_and_stays_as_it_is(results):
    nats, expected, before, after = results["nats"]
    np.testing.assert_allclose(nats, expected, atol=3e-2)
    assert abs(np.mean(nats) - np.mean(expected)) < 1e-3
    assert before == after


@pytest.mark.slow
def test_no_step_of_a_loop_converts_a_whole_sequence(results):
    types = results["written_in_loops"]
    assert set(types["float32"]) == {"f32"}
    assert set(types["bfloat16"]) == {"u16"}


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_states_are_reset_before_documents(results, cell):
    expected = losses_step_by_step(cell, BOUNDARY)
    found = results["of_documents"][cell]
    np.testing.assert_allclose(found, expected, rtol=2e-5)
    assert max(np.abs(np.subtract(found, results["of_cells"][cell]))) > 1e-4


@pytest.mark.slow
def test_the_bits_do_not_depend_on_the_division_into_calls(results):
    first, *others = results["divided_into_calls"]
    assert all(other == first for other in others)


@pytest.mark.slow
def test_two_devices_train_as_one(results):
    one, two = results["on_devices"]
    np.testing.assert_allclose(two, one, atol=1e-6)


@pytest.mark.slow
def test_steps_read_the_text_on_the_device_or_excerpts_of_it(results):
    whole, excerpts, divided = results["excerpts"]
    assert whole == excerpts
    np.testing.assert_allclose(divided, whole, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("units", [9, 300])
def test_students_learn_the_same_as_step_by_step(results, units):
    whole, excerpts = results["students"][str(units)]
    assert whole == excerpts
    expected = by_tensorflow(*student_of(units))()
    np.testing.assert_allclose(whole, expected, rtol=1e-4)


@pytest.mark.slow
def test_devices_draw_dropout_masks_of_their_own(results):
    assert results["masks_differ"]


@pytest.mark.slow
def test_with_dropout_the_losses_have_the_same_distribution(results):
    own, expected = results["with_dropout"], losses_of_seeds(by_tensorflow)
    errors = [np.var(x, ddof=1) / len(x) for x in (own, expected)]
    difference = abs(np.mean(own) - np.mean(expected))
    assert difference < 3 * np.sqrt(sum(errors))
    assert len(set(own)) == len(own)


@pytest.mark.slow
def test_fit_carries_the_states(results):
    second_of_two, alone = results["fit"]
    assert abs(second_of_two - alone) > 1e-4
