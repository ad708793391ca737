"""Weak scaling on one machine: one process of one core, then two of them.

Each process has a core and a batch of its own, so that two do twice the work
of one. Measured in turns, because other programs may slow the machine: one
process alone; two that know nothing of each other, which the machine's memory
may slow down; and two that train one network. The simulation of
`scale_model.py` gets what two apart and an all-reduce on its own took, and
predicts what two take together.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from statistics import mean, median, stdev

ROOT = Path(__file__).parent.parent
SIZES = "2x256x64x64", "2x512x64x64"  # layers, units, rows a process, length
CALLS, STEPS = 5, 2
REDUCTIONS = 10


def child(arguments):
    """Trains with random ids on one core; prints the seconds of each step."""
    core = sorted(os.sched_getaffinity(0))[arguments.core]
    os.sched_setaffinity(0, {core})
    import numpy as np

    from charrnn.system import group
    from charrnn.system.launchers import find_place

    place = find_place(
        arguments.coordinator, arguments.processes, arguments.process, {}
    )
    if place:
        group.join(place, 60)
    layers, units, rows, length = map(int, arguments.size.split("x"))
    steps = built(layers, units, rows * arguments.processes, length)
    rates = np.full(STEPS, 1e-3, np.float32)
    kept = np.ones((STEPS, rows * arguments.processes), bool)
    steps.train(0, rates, kept)  # compiles
    seconds = []
    for call in range(CALLS):
        began = time.perf_counter()
        steps.train((call + 1) * STEPS, rates, kept)
        seconds.append((time.perf_counter() - began) / STEPS)
    found = {"steps": seconds, "reductions": reductions(steps)}
    if arguments.process == 0:
        print(json.dumps(found))
    if place:
        import jax

        jax.distributed.shutdown()


def built(layers, units, batch, length):
    """The engine of a network for random text."""
    import numpy as np

    import charrnn
    from charrnn.twins.jax_steps import JaxSteps

    vocabulary = charrnn.Vocabulary("".join(map(chr, range(32, 128))))
    model = charrnn.build_model(vocabulary, units=units, layers=layers)
    twin = charrnn.fused(model, batch_size=batch, precision="float32")
    twin.compile(charrnn.optimizer(1e-3), charrnn.loss())
    twin.optimizer.build(twin.trainable_variables)
    ids = np.random.default_rng(1).integers(0, 96, 10**6).astype(np.uint8)
    windows = charrnn.Windows(ids, batch_size=batch, seq_length=length, seed=1)
    return JaxSteps(twin, windows)


def reductions(steps):
    """Seconds to average arrays like the gradients, and nothing else."""
    import jax
    import numpy as np
    from jax.sharding import PartitionSpec

    from charrnn.twins.devices import STREAMS, place, replicated

    same = PartitionSpec()
    gradients = [
        place(np.zeros(v.shape, np.float32), replicated(steps.mesh))
        for v in steps.twin.trainable_variables
    ]
    average = jax.jit(
        jax.shard_map(
            lambda arrays: jax.lax.pmean(arrays, STREAMS),
            mesh=steps.mesh,
            in_specs=same,
            out_specs=same,
            check_vma=False,
        )
    )
    jax.block_until_ready(average(gradients))
    seconds = []
    for _ in range(REDUCTIONS):
        began = time.perf_counter()
        jax.block_until_ready(average(gradients))
        seconds.append(time.perf_counter() - began)
    return seconds


def start(size, processes, process, core, address):
    """Starts a process on a core."""
    environment = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
        "PYTHONPATH": str(ROOT),
    }
    flags = {
        "size": size, "coordinator": address, "processes": processes,
        "process": process, "core": core,
    }  # fmt: skip
    words = [f"--{name}={value}" for name, value in flags.items()]
    return subprocess.Popen(
        [sys.executable, __file__, *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def run(size, contestant):
    """Starts a contestant's processes; returns what they have measured."""
    with socket.socket() as free:
        free.bind(("", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    if contestant == "together":
        started = [start(size, 2, i, i, address) for i in range(2)]
    else:
        cores = range(2 if contestant == "apart" else 1)
        started = [start(size, 1, 0, core, address) for core in cores]
    outputs = [process.communicate(timeout=600)[0] for process in started]
    return [json.loads(output) for output in outputs if output]


def measure(size, turns):
    """Measures the contestants in turns; prints a row of the table."""
    from scale_model import predicted

    seconds = {"one": [], "apart": [], "together": []}
    reductions = []
    for _ in range(turns):
        for contestant in seconds:
            for found in run(size, contestant):
                seconds[contestant] += found["steps"]
                if contestant == "together":
                    reductions += found["reductions"]
    layers, units, rows, length = map(int, size.split("x"))
    one, apart, together = map(median, seconds.values())
    spread = stdev(seconds["apart"]) / mean(seconds["apart"])
    reduction = median(reductions)
    guess = predicted(apart, spread, reduction, processes=2)
    speed = rows * length / one
    print(
        f"| {layers}x{units} | {rows} | {speed:,.0f} | {2 * one / apart:.2f} "
        f"| {2 * one / together:.2f} | {1000 * one:.0f} ms "
        f"| {1000 * reduction:.0f} ms | {1000 * guess:.0f} ms "
        f"| {1000 * together:.0f} ms | {guess / together - 1:+.0%} |",
        flush=True,
    )


def main():
    """Measures, or is one of the processes that are measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", default=SIZES)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--size", help=argparse.SUPPRESS)
    parser.add_argument("--coordinator", help=argparse.SUPPRESS)
    parser.add_argument("--processes", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--process", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--core", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.size:
        child(arguments)
        return
    print(
        "| network | rows a process | one, chars/s | two apart | two together "
        "| step of one | all-reduce | predicted step | measured | error |\n"
        "|---|---|---|---|---|---|---|---|---|---|"
    )
    for size in arguments.sizes:
        measure(size, arguments.turns)


if __name__ == "__main__":
    main()
