"""Small layers compute what the loops do, without a loop."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from charrnn.network.cells import CELLS
from charrnn.twins import equations, fused_layers, loops, unrolled
from charrnn.twins.fused_layers import Fused
from charrnn.twins.stateful import stateful

# As in test_fused.py: a bfloat16 operand is rounded to 8 bits.
BOUNDS = {"float32": 1e-5, "bfloat16": 0.06}
STEPS, ROWS, INPUTS, UNITS = 7, 3, 4, 5

each_cell = pytest.mark.parametrize("cell", CELLS)


def normal(shapes):
    generator = np.random.default_rng(0)
    draws = [generator.normal(size=shape) for shape in shapes]
    return [tf.constant(draw, tf.float32) for draw in draws]


def arguments(cell, steps=STEPS, units=UNITS, precision="float32"):
    """Those of `run`, large enough that the gates are far from linear."""
    of_cell = getattr(equations, CELLS[cell].equations)
    columns = of_cell.gates * units
    inputs, kernel, recurrent, bias, *states = normal(
        [
            (steps, ROWS, INPUTS),
            (INPUTS, columns),
            (units, columns),
            (of_cell.products, columns),
            *[(ROWS, units)] * len(CELLS[cell].states),
        ]
    )
    inputs = tf.cast(inputs, precision)
    return of_cell, inputs, kernel, recurrent, bias, states


def results_and_gradients(run, of_cell, *tensors):
    *given, states = tensors
    sources = [*given, *states]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        outputs, last = run(of_cell, *given, states)
        total = tf.reduce_sum(tf.cast(outputs, tf.float32) ** 2) + sum(
            tf.reduce_sum(tf.sin(state)) for state in last
        )
    return [outputs, *last, *tape.gradient(total, sources)]


def assert_close(actual, expected, bound):
    """Equal but for `bound` of the largest magnitude."""
    for a, e in zip(actual, expected, strict=True):
        assert a.shape == e.shape and a.dtype == e.dtype
        a, e = np.asarray(tf.cast(a, "float32")), np.asarray(e, "float32")
        assert np.abs(a - e).max() <= bound * np.abs(e).max()


@pytest.mark.slow
@pytest.mark.parametrize("precision", BOUNDS)
@each_cell
def test_values_and_gradients_are_those_of_the_loops(cell, precision):
    given = arguments(cell, precision=precision)
    assert_close(
        results_and_gradients(unrolled.run, *given),
        results_and_gradients(loops.run, *given),
        BOUNDS[precision],
    )


def test_a_window_may_have_one_step():
    given = arguments("simple_rnn", steps=1)
    assert_close(
        results_and_gradients(unrolled.run, *given),
        results_and_gradients(loops.run, *given),
        1e-5,
    )


@pytest.mark.parametrize(
    "cell", ["simple_rnn", "gru", pytest.param("lstm", marks=pytest.mark.slow)]
)
def test_values_states_and_gradients_are_those_of_keras(cell):
    """A window, and another from the states that it ended with."""
    own = getattr(keras.layers, CELLS[cell].layer)(
        UNITS, return_sequences=True, stateful=True
    )
    fast = Fused([stateful(own)], "float32")
    first, second = normal([(ROWS, STEPS, INPUTS)] * 2)
    fast.build(first.shape)
    own.build(first.shape)
    for variable in own.trainable_variables:
        variable.assign(normal([variable.shape])[0])
    results = []
    for layer in (fast, own):
        layer(first, training=True)
        with tf.GradientTape() as tape:
            outputs = layer(second, training=True)
            total = tf.reduce_sum(outputs**2)
        weights = [v.value for v in own.trainable_variables]
        states = [state.value for state in layer.states]
        results.append([outputs, *states, *tape.gradient(total, weights)])
    assert_close(*results, 1e-5)


def has_loop(layer, steps):
    spec = tf.TensorSpec((16, steps, INPUTS))

    @functools.partial(tf.function, input_signature=[spec], autograph=False)
    def graph(x):
        return layer(x, training=True)

    operations = graph.get_concrete_function().graph.get_operations()
    return any(o.type.endswith("While") for o in operations)


def lstm(units):
    return Fused([stateful(keras.layers.LSTM(units))], "float32")


@pytest.mark.slow
def test_only_a_small_layer_whose_window_is_known_has_no_loop(monkeypatch):
    groups = len(fused_layers.division(16, UNITS)[0])
    monkeypatch.setattr(unrolled, "MAX_STEPS", STEPS * groups)
    small = lstm(UNITS)
    assert not has_loop(small, STEPS)
    assert has_loop(small, None)
    assert has_loop(small, STEPS + 1)
    assert has_loop(lstm(unrolled.MAX_UNITS + 1), STEPS)


def test_states_that_are_reset_are_left_to_the_loops():
    of_cell, *given, states = arguments("simple_rnn")
    never = unrolled.run(of_cell, *given, states, 1, tf.ones((STEPS, ROWS)))
    each = unrolled.run(of_cell, *given, states, 1, tf.zeros((STEPS, ROWS)))
    carried = unrolled.run(of_cell, *given, states)
    assert_close(tf.nest.flatten(never), tf.nest.flatten(carried), 1e-5)
    assert not np.allclose(each[0], carried[0])
