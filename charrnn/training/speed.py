"""Estimate how fast this machine trains a network."""

import functools
import time
from collections.abc import Callable

from charrnn.network.cells import CELLS
from charrnn.network.choice import trains_on_gpu

# On a GPU, starting the kernels of a time step takes most of its time: for a
# layer, forward and backward, whatever its size (benchmarks/README.md).
SECONDS_PER_TIME_STEP = 3e-5

# Time for one character, forward and backward: of a gate of one unit, without
# its matrix products, and of a logit.
SECONDS_PER_GATE = 1e-8
SECONDS_PER_LOGIT = 5e-9


def speed_of(
    cell: str,
    layers: int,
    precision: str,
    distinct: int = 65,
    batch_size: int = 32,
) -> Callable[[int], float]:
    """Estimates how fast this machine will train.

    It times a matrix product, which is most of the work: training takes six
    floating-point operations per weight and character, four of them backward.

    Args:
        cell: `"simple_rnn"`, `"lstm"` or `"gru"`.
        layers: Number of recurrent layers.
        precision: `"float32"` or `"bfloat16"`.
        distinct: The number of distinct characters.
        batch_size: Streams per batch; it matters on a GPU only.

    Returns:
        A function that estimates characters per second from units. The
        machine is timed when it is first called.

    Example:

    >>> speed = speed_of("lstm", 2, "float32")
    >>> speed(512) < speed(256)
    True
    """
    operations = functools.cache(_operations_per_second)
    blocks = len(CELLS[cell].blocks)

    def speed(units: int) -> float:
        weights = recurrent_weights(cell, layers, units) + units * distinct
        products = 6 * weights / operations(precision)
        if trains_on_gpu():
            loops = layers * SECONDS_PER_TIME_STEP / batch_size
            return 1 / (products + loops)
        arithmetic = SECONDS_PER_GATE * blocks * layers * units
        return 1 / (products + arithmetic + SECONDS_PER_LOGIT * distinct)

    return speed


def recurrent_weights(cell: str, layers: int, units: int) -> int:
    """Counts the weights of the layers, without the first layer's input.

    Args:
        cell: `"simple_rnn"`, `"lstm"` or `"gru"`.
        layers: Number of recurrent layers.
        units: Size of each.

    Returns:
        A whole number.

    Example:

    >>> recurrent_weights("gru", 1, 4)
    48
    """
    return len(CELLS[cell].blocks) * (2 * layers - 1) * units**2


def _operations_per_second(precision: str) -> float:
    """The speed of a matrix product: the fastest of ten runs."""
    from charrnn.network.backend import keras  # here: it takes seconds

    rows, inner, columns = 256, 512, 2048
    if trains_on_gpu():
        rows = inner = columns = 4096
    a = keras.ops.ones((rows, inner), precision)
    b = keras.ops.ones((inner, columns), precision)
    seconds = []
    for _ in range(10):
        start = time.perf_counter()
        keras.ops.convert_to_numpy(keras.ops.matmul(a, b))
        seconds.append(time.perf_counter() - start)
    return 2 * rows * inner * columns / min(seconds)
