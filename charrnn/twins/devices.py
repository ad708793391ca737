"""Divide the streams of a batch over the devices of JAX.

The devices form a mesh with one axis, the streams: each device has the
windows and the states of its own streams. Parameters and optimizer are the
same on all, because the gradients are averaged over the axis.

`keras.distribution.DataParallel` does not serve: it replicates the states,
and XLA has no rule to divide the call of cuDNN.
"""

from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

STREAMS = "streams"  # the name of the mesh's axis


def mesh_for(batch_size: int) -> Mesh:
    """Makes the mesh of the devices that a batch is divided over.

    Args:
        batch_size: Number of streams.

    Returns:
        A `jax.sharding.Mesh` of as many devices as can have equal numbers of
        streams.

    Raises:
        ValueError: if there are several processes, and their devices cannot
            all have the same number of streams.
    """
    devices = jax.devices()
    if jax.process_count() > 1 and batch_size % len(devices):
        raise ValueError(
            "Expected a batch_size that can be divided among the "
            f"{len(devices)} devices of {jax.process_count()} processes. "
            f"Received {batch_size}."
        )
    count = max(n for n in range(1, len(devices) + 1) if batch_size % n == 0)
    return Mesh(np.array(devices[:count]), (STREAMS,))


def replicated(mesh: Mesh) -> NamedSharding:
    """The whole value on every device."""
    return NamedSharding(mesh, PartitionSpec())


def divided(mesh: Mesh, axis: int = 0) -> NamedSharding:
    """An axis divided over the devices: that of the streams."""
    return NamedSharding(mesh, PartitionSpec(*[None] * axis, STREAMS))


def place(value: Any, sharding: NamedSharding) -> jax.Array:
    """Moves a value to the devices, unless it is there already.

    Args:
        value: An array that every process has whole, or a `jax.Array` that is
            already divided in this way.
        sharding: From `replicated` or `divided`.

    Returns:
        A `jax.Array`.
    """
    if isinstance(value, jax.Array) and value.sharding == sharding:
        return value
    host = np.asarray(value)
    return jax.make_array_from_callback(
        host.shape, sharding, lambda index: host[index]
    )
