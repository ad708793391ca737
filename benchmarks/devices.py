"""Training on one device: charrnn's engines beside PyTorch's own layers.

Each measurement has a process of its own with a time limit, so that one that
fails leaves the others alone. They start and compile beside each other, and
measure one at a time. Rows are printed as they come.
"""

import argparse
import concurrent.futures
import contextlib
import importlib.util
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from devices_work import SIZES, characters_of, operations, work

# name: package, what it trains with
CONTESTANTS = {
    "charrnn jax float32": ("jax", {"precision": "float32"}),
    "charrnn jax bfloat16": ("jax", {"precision": "bfloat16"}),
    "charrnn jax scan float32": ("jax", {"precision": "float32", "cudnn": []}),
    "charrnn tf float32": ("tensorflow", {"precision": "float32"}),
    "charrnn tf bfloat16": ("tensorflow", {"precision": "bfloat16"}),
    "keras jax float32": ("jax", {"precision": "float32", "stock": True}),
    "pytorch float32": ("torch", {"precision": "float32"}),
    "pytorch bfloat16": ("torch", {"precision": "bfloat16"}),
}
MAIN = [name for name in CONTESTANTS if "scan" not in name]


def contestants(names):
    """The specifications of those whose package is installed here."""
    for name in names:
        package, choices = CONTESTANTS[name]
        if importlib.util.find_spec(package):
            yield {"name": name, "package": package, **choices}
        else:
            print(f"{name}: {package} is not installed", flush=True)


def table(args):
    """The specifications of the table: every size, batch, cell, contestant."""
    for size, cell, batch, one in itertools.product(
        args.sizes.split(","),
        args.cells.split(","),
        map(int, args.batches.split(",")),
        contestants(args.contestants.split(",")),
    ):
        yield {**one, "size": size, "cell": cell, "batch": batch}


def probe(args):
    """The ways to compute a recurrence, in each precision, unrolled or not."""
    size, batch = args.sizes.split(",")[0], int(args.batches.split(",")[0])
    here = {"package": "jax", "size": size, "batch": batch}
    cells = args.cells.split(",")
    precisions = "float32", "bfloat16"
    for cell, one in itertools.product(cells, contestants(MAIN[-2:])):
        yield {**here, **one, "cell": cell}
    for cell, precision in itertools.product(cells, precisions):
        if cell == "lstm":
            name = f"cudnn {precision}"
            ways = {"precision": precision, "cudnn": [precision]}
            yield {**here, "name": name, "cell": cell, **ways}
    for unrolled, cell, precision in itertools.product(
        map(int, args.unrolled.split(",")), cells, precisions
    ):
        name = f"scan {precision} unrolled {unrolled}"
        ways = {"precision": precision, "cudnn": [], "unrolled": unrolled}
        yield {**here, "name": name, "cell": cell, **ways}
    for flags, cell in itertools.product(args.xla.split(";"), cells):
        if flags:
            name = f"scan bfloat16 {flags}"
            ways = {"precision": "bfloat16", "cudnn": [], "flags": flags}
            yield {**here, "name": name, "cell": cell, **ways}


def losses(args):
    """The specifications of the losses after some seconds of training."""
    batch = int(args.batches.split(",")[0])
    for cell, one in itertools.product(
        args.cells.split(","), contestants(args.contestants.split(","))
    ):
        size = args.sizes.split(",")[0]
        where = {"size": size, "cell": cell, "batch": batch}
        yield {**one, **where, "loss_seconds": args.loss_seconds}


def limits(args):
    """The specifications of the device's own limit: large matrix products."""
    packages = [p for p in ("jax", "torch") if importlib.util.find_spec(p)]
    for package, precision in itertools.product(
        packages[:1], ("float32", "bfloat16")
    ):
        spec = {"package": package, "precision": precision, "size": "2x512"}
        yield {**spec, "name": f"limit {precision}", "cell": "", "batch": 0}


def measured(spec, args, lock):
    """Runs a specification in a process of its own; returns its result."""
    environment = {
        **os.environ,
        "KERAS_BACKEND": spec["package"],
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "DEVICES_LOCK": lock,
    }
    if spec.get("flags"):
        environment["XLA_FLAGS"] = spec["flags"]
    words = {**spec, "turns": args.turns, "seconds": args.seconds}
    try:
        done = subprocess.run(
            [sys.executable, __file__, "--work", json.dumps(words)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=args.limit + spec.get("loss_seconds", 0),
        )
    except subprocess.TimeoutExpired:
        return {"error": f"not done after {args.limit} s"}
    lines = done.stdout.strip().splitlines()
    with contextlib.suppress(IndexError, ValueError):
        return json.loads(lines[-1])
    last = done.stderr.strip().splitlines()[-8:]
    return {"error": f"exit code {done.returncode}: {' | '.join(last)[-600:]}"}


def described(spec, result, limit):
    """A row of the table."""
    name = f"{spec['size']:8}{spec['cell']:11}{spec['batch']:5}  "
    name = f"{name}{spec['name']:36}"
    if "error" in result:
        return f"{name} {result['error']}"
    if "gigaflops" in result:
        return f"{name} {result['gigaflops']:12,.0f} GFLOP/s"
    if "loss" in result:
        return (
            f"{name} {result['loss']:.4f} nats/char after "
            f"{result['seconds']:.0f} s, {result['steps']:,} steps"
        )
    speed, low = result["characters_per_second"], result["lowest"]
    line = f"{name} {speed:12,.0f} ({low:,.0f})"
    if of_all := limit.get(spec["precision"]):
        rate = operations(spec) * speed / 1e9
        line += f" {rate / of_all:5.1%} of the limit"
    return f"{line}  {result['megabytes']:,.0f} MB  start {result['start']} s"


def main():
    args = arguments()
    if args.work:
        return work(json.loads(args.work))
    specs = [*limits(args), *(probe if args.probe else table)(args)]
    if args.loss_seconds:
        specs += losses(args)
    limit, report, printing = {}, [], threading.Lock()
    began = time.perf_counter()

    def run(spec):
        if time.perf_counter() - began > args.minutes * 60:
            return
        result = measured(spec, args, lock)
        with printing:
            if "gigaflops" in result:
                limit[spec["precision"]] = result["gigaflops"]
            report.append({**spec, **result})
            print(described(spec, result, limit), flush=True)
            if args.json:
                Path(args.json).write_text(json.dumps(report, indent=1))

    with tempfile.TemporaryDirectory() as folder:
        lock = str(Path(folder, "lock"))
        for spec in specs[:2]:
            run(spec)
        with concurrent.futures.ThreadPoolExecutor(args.together) as pool:
            list(pool.map(run, specs[2:]))
    return None


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--sizes", default=",".join(SIZES))
    add("--batches", default="64,256,1024", help="streams")
    add("--cells", default="lstm,gru")
    add("--contestants", default=",".join(MAIN))
    add("--turns", type=int, default=5)
    add("--seconds", type=float, default=1.0, help="of a turn")
    add("--limit", type=float, default=300, help="seconds a measurement takes")
    add("--minutes", type=float, default=60, help="start none after these")
    add("--together", type=int, default=1, help="processes that compile")
    add("--loss-seconds", type=float, default=0, help="of a training")
    add("--probe", action="store_true", help="compare ways to compute")
    add("--unrolled", default="1,2,4,8,16", help="with --probe: time steps")
    add("--xla", default="", help="with --probe: flags of XLA, by ';'")
    add("--json", help="write the figures to this file")
    add("--work", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if unknown := set(args.contestants.split(",")) - CONTESTANTS.keys():
        parser.error(f"unknown contestants: {', '.join(sorted(unknown))}")
    assert characters_of(args.sizes.split(",")[0])
    return args


if __name__ == "__main__":
    main()
