"""Weak scaling on one machine: one process of one core, then two of them.

Each process has a core and a batch of its own, so that two do twice the work
of one. Measured in turns, because other programs may slow the machine. The
simulation of `scale_model.py` gets what one process and the all-reduce took on
their own, and predicts what two take together.
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
SIZES = "2x256x64x32", "2x512x64x32"  # layers, units, rows a process, length
CALLS, STEPS = 5, 2
REDUCTIONS = 10


def child(arguments):
    """Trains with random ids on one core; prints the seconds of each step."""
    core = sorted(os.sched_getaffinity(0))[arguments.process]
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


def run(size, processes):
    """Starts processes; returns what process 0 has measured."""
    with socket.socket() as free:
        free.bind(("", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    environment = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
        "PYTHONPATH": str(ROOT),
    }
    started = [
        subprocess.Popen(
            [
                sys.executable, __file__, "--size", size, "--coordinator",
                address, "--processes", str(processes), "--process", str(i),
            ],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for i in range(processes)
    ]  # fmt: skip
    outputs = [process.communicate(timeout=600)[0] for process in started]
    return json.loads(outputs[0])


def measure(size, turns):
    """Measures one and two processes in turns; prints a row of the table."""
    from scale_model import predicted

    one, two = {"steps": [], "reductions": []}, {"steps": [], "reductions": []}
    for _ in range(turns):
        for found, processes in ((one, 1), (two, 2)):
            for name, seconds in run(size, processes).items():
                found[name] += seconds
    layers, units, rows, length = map(int, size.split("x"))
    characters = rows * length
    alone, together = median(one["steps"]), median(two["steps"])
    spread = stdev(one["steps"]) / mean(one["steps"])
    reduction = median(two["reductions"])
    guess = predicted(alone, spread, reduction, processes=2)
    print(
        f"| {layers}x{units} | {rows} | {characters / alone:,.0f} "
        f"| {2 * characters / together:,.0f} | {2 * alone / together:.2f} "
        f"| {1000 * reduction:.1f} ms | {2 * alone / guess:.2f} "
        f"| {guess / together - 1:+.0%} |",
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
    arguments = parser.parse_args()
    if arguments.size:
        child(arguments)
        return
    print(
        "| network | rows a process | one, chars/s | two, chars/s | times "
        "| all-reduce alone | predicted times | error of the step |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    for size in arguments.sizes:
        measure(size, arguments.turns)


if __name__ == "__main__":
    main()
