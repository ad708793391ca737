"""Do many training steps of a twin in one compiled call of JAX.

A step on a GPU may take less time than Python needs to start one. So the text
is on the device, and one call does a number of steps there:

    for each step:  windows   cut from the text
                    states    zeroed for streams that begin anew
                    loss      of the twin's layers, and its gradient
                    average   of both over the devices
                    optimizer Keras's own, with the learning rate of the step

The number of steps is an argument of the compiled function, not a part of it,
so that it is compiled once, and a run gives the same bits however its steps
are divided into calls. Between calls the values are in the twin's own Keras
variables, where callbacks and checkpoints find them.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec

from charrnn.network.backend import keras
from charrnn.text.windows import Windows
from charrnn.twins.devices import (
    STREAMS,
    divided,
    mesh_for,
    place,
    replicated,
)
from charrnn.twins.jax_text import Excerpt, Text, batch
from charrnn.twins.stateful import resized
from charrnn.twins.twin import Twin

MAX_STEPS = 256  # in one call: the learning rates have an array of this size
# Added to the seeds of a device, times its number: masks of dropout differ.
SEED_STRIDE = 0x9E3779B1

Values = tuple[list[Any], list[Any], list[Any], list[Any]]


class JaxSteps:
    """Trains a twin, many steps at a time.

    Attributes:
        mesh: The devices: a `jax.sharding.Mesh`.
        read: Reads the text of `(first step, number of steps)`.

    Args:
        twin: A compiled twin whose optimizer is built.
        windows: The windows to train on.
        mesh: `None` for all devices, as far as they divide the streams.

    Raises:
        ValueError: if the twin's batch size is not that of the windows.
    """

    def __init__(self, twin: Twin, windows: Windows, mesh: Mesh | None = None):
        self.twin = twin
        self.windows = windows
        self.mesh = mesh or mesh_for(windows.batch_size)
        self._variables = _variables(twin)
        text = Text(windows, self.mesh, MAX_STEPS)
        self.read = text.read
        self._call = _compiled(twin, windows, self.mesh, text.spec)

    def train(
        self,
        first_step: int,
        rates: Sequence[float],
        kept: np.ndarray,
    ) -> np.ndarray:
        """Does as many steps as there are rates.

        Args:
            first_step: The number of steps done before.
            rates: The learning rate of each step, at most `MAX_STEPS`.
            kept: Boolean, `(steps, batch_size)`: which streams carry their
                state into a step; the others begin it in the zero state.

        Returns:
            The loss of each step in nats per id, float32.
        """
        return self.train_on(self.read(first_step, len(rates)), rates, kept)

    def train_on(
        self, text: Excerpt, rates: Sequence[float], kept: np.ndarray
    ) -> np.ndarray:
        """Does the steps whose text was read; see `train`.

        Args:
            text: What `read` returned.
            rates: The learning rate of each step.
            kept: Which streams carry their state.

        Returns:
            The loss of each step in nats per id, float32.
        """
        count = len(rates)
        values, losses = self._call(
            self._values(), *text, *_padded(rates, kept), count
        )
        for variables, new in zip(self._variables, values, strict=True):
            for variable, value in zip(variables, new, strict=True):
                variable.assign(value)
        return np.asarray(losses)[:count]

    def _values(self) -> Values:
        """The values of all variables, on the devices."""
        *same, states = self._variables
        everywhere, parts = replicated(self.mesh), divided(self.mesh)
        lists = [[place(v.value, everywhere) for v in group] for group in same]
        lists.append([place(v.value, parts) for v in states])
        return tuple(lists)  # type: ignore[return-value]


def _variables(twin: Twin) -> tuple[list[keras.Variable], ...]:
    """A twin's variables: trainable, the optimizer's, others, states."""
    moments = twin.optimizer.variables
    return twin.trainable_variables, moments, _others(twin), twin.states


def _others(twin: Twin) -> list[keras.Variable]:
    """What is not trained, not a state, and no metric: mostly seeds."""
    known = {id(v) for v in [*twin.metrics_variables, *twin.states]}
    return [v for v in twin.non_trainable_variables if id(v) not in known]


def _padded(rates, kept):
    """Fills the arrays up to `MAX_STEPS`, so that all calls are alike."""
    all_rates = np.zeros(MAX_STEPS, np.float32)
    all_rates[: len(rates)] = rates
    all_kept = np.ones((MAX_STEPS, kept.shape[1]), bool)
    all_kept[: len(rates)] = kept
    return all_rates, all_kept


def _compiled(
    twin: Twin, windows: Windows, mesh: Mesh, text_spec: PartitionSpec
):
    """Compiles the function that does the steps of a call."""
    step = _Step(twin, windows.batch_size // mesh.size, windows.seq_length)
    same, parts = PartitionSpec(), PartitionSpec(STREAMS)
    of_steps = PartitionSpec(None, STREAMS)
    values = (same, same, same, parts)
    calls = jax.shard_map(
        step.many,
        mesh=mesh,
        in_specs=(
            values, text_spec, of_steps, same, of_steps, same
        ),
        out_specs=(values, same),
        check_vma=False,  # the gradients are averaged by hand
    )  # fmt: skip
    return jax.jit(calls, donate_argnums=0)


class _Step:
    """One training step on one device, as a pure function.

    Args:
        twin: The compiled twin of the whole batch.
        streams: Number of streams of a device.
        seq_length: Characters per window.
    """

    def __init__(self, twin: Twin, streams: int, seq_length: int):
        self._twin = resized(twin, streams)
        self._loss, self._optimizer = twin.loss, twin.optimizer
        self._ramp = np.arange(seq_length + 1, dtype=np.int32)
        self._rate = next(
            i
            for i, variable in enumerate(twin.optimizer.variables)
            if variable is twin.optimizer.learning_rate
        )
        others = _others(self._twin)
        self._carried = [*others, *self._twin.states]
        self._seeds = [is_seed(v) for v in others]

    def many(self, values, text, starts, rates, kept, count):
        """Does `count` steps; returns the new values and the losses."""
        size, axes = text[0].size, text[0].ndim
        text = [a.reshape(size, *a.shape[axes:]) for a in text]

        def body(i, carried):
            values, losses = carried
            places = starts[i][:, None] + self._ramp
            windows = batch(text, places % size)
            values, loss = self.one(values, windows, rates[i], kept[i])
            return values, losses.at[i].set(loss)

        losses = jnp.zeros(rates.shape, jnp.float32)
        return jax.lax.fori_loop(0, count, body, (values, losses))

    def one(self, values, windows, rate, kept):
        """Does a step with a batch: inputs and targets."""
        weights, moments, others, states = values
        states = [state * kept[:, None] for state in states]
        gradient = jax.value_and_grad(self._loss_of, has_aux=True)
        (loss, (others, states)), gradients = gradient(
            weights, others, states, *windows
        )
        loss, gradients = jax.lax.pmean((loss, gradients), STREAMS)
        moments = [*moments]
        moments[self._rate] = rate.astype(moments[self._rate].dtype)
        weights, moments = self._optimizer.stateless_apply(
            moments, gradients, weights
        )
        return (weights, moments, others, states), loss

    def _loss_of(self, weights, others, states, inputs, targets):
        """Returns the mean loss, and the new values of seeds and states."""
        own = self._own_seeds(others, jax.lax.axis_index(STREAMS))
        mapping = [
            *zip(self._twin.trainable_variables, weights, strict=True),
            *zip(self._carried, [*own, *states], strict=True),
        ]
        with keras.StatelessScope(state_mapping=mapping) as scope:
            logits = self._twin(inputs, training=True)
            loss = self._loss(targets, logits)
            loss = sum(self._twin.losses, loss)
        new = [scope.get_current_value(v) for v in self._carried]
        count = len(others)
        # The seeds go on as on the first device, so that they are the same
        # everywhere.
        moved = zip(new[:count], own, others, strict=True)
        others = [
            after - before + seed if is_seed else after
            for is_seed, (after, before, seed) in zip(
                self._seeds, moved, strict=True
            )
        ]
        return loss, (others, new[count:])

    def _own_seeds(self, others, device):
        """The values, with the seeds of a device."""
        offset = jnp.stack([device.astype(jnp.uint32), jnp.uint32(0)])
        offset = offset * jnp.uint32(SEED_STRIDE)
        return [
            value + offset.astype(value.dtype) if is_seed else value
            for is_seed, value in zip(self._seeds, others, strict=True)
        ]


def is_seed(variable: keras.Variable) -> bool:
    """Whether a variable is the state of a seed generator."""
    return tuple(variable.shape) == (2,) and "int" in str(variable.dtype)
