"""What a training step costs on many devices: a formula and a simulation.

    step = compute + all-reduce

    compute      characters of a device's step / characters per second of a
                 device; the step takes as long as the slowest device's
    all-reduce   2 (n - 1) / n * gradient bytes / bandwidth     (a ring of n)
                 + messages * latency * log2(n)

Devices of one machine add up their gradients first, over a faster link; the
machines then do so over the network, each with its share of the devices'
bytes. Run without arguments, it prints the table of docs/scale.md.
"""

import dataclasses
import math
import random
from statistics import mean

BYTES = 4  # of a gradient, float32


@dataclasses.dataclass(frozen=True)
class Link:
    """A connection: bytes per second of a device, and seconds a message."""

    bandwidth: float
    latency: float


@dataclasses.dataclass(frozen=True)
class Cluster:
    """Machines with equal devices.

    Attributes:
        inside: The link between the devices of a machine.
        between: The link between machines, of each device.
        per_machine: Devices of a machine.
    """

    inside: Link
    between: Link
    per_machine: int


# Figures of the makers. NVLink 4: 450 GB/s in each direction; a network
# adapter of 400 Gbit/s for each device; of both, about 80 % arrive.
H100S = Cluster(Link(360e9, 6e-6), Link(40e9, 12e-6), 8)
ETHERNET = Cluster(Link(360e9, 6e-6), Link(1.25e9 / 8, 50e-6), 8)  # 10 Gbit/s


def parameters(layers, units, vocabulary=96, gates=4):
    """Weights of a network with one-hot input, as `build_model` makes it.

    >>> parameters(2, 512)
    3395680
    """
    first = gates * units * (vocabulary + units + 1)
    others = (layers - 1) * gates * units * (2 * units + 1)
    return first + others + vocabulary * (units + 1)


def all_reduce(size, devices, cluster, messages=1):
    """Seconds to add up `size` bytes over devices.

    >>> all_reduce(1e6, 1, H100S)
    0.0
    """
    here = min(devices, cluster.per_machine)
    machines = math.ceil(devices / cluster.per_machine)
    seconds = 0.0
    for count, link, share in (
        (here, cluster.inside, 1),
        (machines, cluster.between, here),
    ):
        ring = 2 * (count - 1) / count * size / share / link.bandwidth
        seconds += ring + messages * link.latency * math.log2(count)
    return seconds


def step_seconds(compute, size, devices, cluster, messages=1):
    """The formula, with devices that are all equally fast."""
    return compute + all_reduce(size, devices, cluster, messages)


def simulated(compute, spread, size, devices, cluster, messages=1, steps=200):
    """The mean of steps whose devices vary.

    Args:
        compute: Mean seconds of a device's own work.
        spread: Its standard deviation, as a share of the mean.
        size: Bytes of the gradients.
        devices: How many.
        cluster: Where they are.
        messages: Messages of an all-reduce.
        steps: How many steps are drawn.
    """
    draws = random.Random(1)
    slowest = (
        max(draws.gauss(1, spread) for _ in range(devices))
        for _ in range(steps)
    )
    reduce = all_reduce(size, devices, cluster, messages)
    return compute * mean(max(1.0, each) for each in slowest) + reduce


def efficiency(compute, spread, size, devices, cluster, messages=1):
    """Speed per device, as a share of that of a device on its own."""
    together = simulated(compute, spread, size, devices, cluster, messages)
    return compute / together


def predicted(compute, spread, reduction, processes, steps=2000):
    """Seconds of a step of processes whose all-reduce was measured alone."""
    draws = random.Random(1)
    slowest = (
        max(draws.gauss(1, spread) for _ in range(processes))
        for _ in range(steps)
    )
    return compute * mean(slowest) + reduction


def where_it_stops_paying(compute, spread, size, cluster, least=0.5):
    """The largest power of two of devices that are at least so efficient."""
    devices = 1
    while devices < 2**16:
        if efficiency(compute, spread, size, 2 * devices, cluster) < least:
            break
        devices *= 2
    return devices


# Characters per second of one device by its batch: LSTM, bfloat16, measured on
# one H200, whose arithmetic is that of an H100 (benchmarks/README.md).
MEASURED = {
    (2, 512): {256: 4_140_476, 1024: 6_279_914},
    (3, 1024): {256: 1_466_810, 1024: 1_945_532},
}
SIZES = (2, 512), (3, 1024), (4, 2048)
BATCHES = 64, 256, 1024
DEVICES = 8, 64, 512
SEQ_LENGTH = 64
SPREAD = 0.02  # assumed


def compute_seconds(layers, units, batch):
    """Seconds of a device's own step: a line through the measured points.

    A size that was not measured is taken to reach the same share of the
    arithmetic as the largest that was.
    """
    known = (layers, units) if (layers, units) in MEASURED else (3, 1024)
    points = MEASURED[known]
    (few, slow), (many, fast) = points.items()
    slope = (many / fast - few / slow) / (many - few)
    seconds = few / slow + slope * (batch - few)
    work = parameters(layers, units) / parameters(*known)
    return SEQ_LENGTH * seconds * work


def weak(cluster):
    """Rows of a table: each device keeps its batch."""
    for layers, units in SIZES:
        size = BYTES * parameters(layers, units)
        for batch in BATCHES:
            compute = compute_seconds(layers, units, batch)
            rate = batch * SEQ_LENGTH / compute
            cells = [f"{layers} x {units}", str(batch), f"{rate / 1e6:.2f}"]
            for devices in DEVICES:
                share = efficiency(compute, SPREAD, size, devices, cluster)
                total = devices * rate * share / 1e6
                cells.append(f"{total:,.1f} ({share:.0%})")
            yield cells


def strong(cluster, streams=8192):
    """Rows of a table: all devices share one batch."""
    for layers, units in SIZES:
        size = BYTES * parameters(layers, units)
        best = 1024 * SEQ_LENGTH / compute_seconds(layers, units, 1024)
        cells = [f"{layers} x {units}"]
        for devices in (8, 32, 128, 512):
            compute = compute_seconds(layers, units, streams // devices)
            step = simulated(compute, SPREAD, size, devices, cluster)
            total = streams * SEQ_LENGTH / step
            share = total / devices / best
            cells.append(f"{total / 1e6:,.1f} ({share:.0%})")
        yield cells


def table(heading, rows):
    """Prints a table in Markdown."""
    print(f"| {' | '.join(heading)} |\n|{'---|' * len(heading)}")
    for cells in rows:
        print(f"| {' | '.join(cells)} |")
    print()


def main():
    """Prints the predictions of docs/scale.md."""
    heading = ["network", "streams a device", "1", *map(str, DEVICES)]
    table(heading, weak(H100S))
    table(heading, weak(ETHERNET))
    table(["network", "8", "32", "128", "512"], strong(H100S))


if __name__ == "__main__":
    main()
