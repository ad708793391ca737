"""Training on one device: charrnn's engines beside PyTorch's own layers.

Each measurement has a process of its own with a time limit, so that one that
fails leaves the others alone. Some of them start and compile beside each other
(`--together`); then one after another measures. Rows are printed as they come.
"""

import argparse
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

PRECISIONS = "float32", "bfloat16"
# name: package, what it trains with
CONTESTANTS = {
    "charrnn jax float32": ("jax", {"precision": "float32"}),
    "charrnn jax bfloat16": ("jax", {"precision": "bfloat16"}),
    "charrnn tf float32": ("tensorflow", {"precision": "float32"}),
    "charrnn tf bfloat16": ("tensorflow", {"precision": "bfloat16"}),
    "keras jax float32": ("jax", {"precision": "float32", "stock": True}),
    "pytorch float32": ("torch", {"precision": "float32"}),
    "pytorch bfloat16": ("torch", {"precision": "bfloat16"}),
}


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
    for batch, size, cell, one in itertools.product(
        map(int, args.batches.split(",")),
        args.sizes.split(","),
        args.cells.split(","),
        contestants(args.contestants.split(",")),
    ):
        yield {**one, "size": size, "cell": cell, "batch": batch}


def probe(args):
    """Scans that are unrolled more or less, and with flags of XLA."""
    size, batch = args.sizes.split(",")[0], int(args.batches.split(",")[0])
    here = {"package": "jax", "size": size, "batch": batch}
    unrolled, flags = args.unrolled.split(","), args.xla.split(";")
    for cell in args.cells.split(","):
        for precision, count in itertools.product(PRECISIONS, unrolled):
            ways = {"precision": precision, "unrolled": int(count)}
            name = f"scan {precision} unrolled {count}"
            yield {**here, **ways, "name": name, "cell": cell}
        for flag in filter(None, flags):
            ways = {"precision": "bfloat16", "flags": flag}
            name = f"scan bfloat16 {flag.removeprefix('--xla_gpu_')}"
            yield {**here, **ways, "name": name, "cell": cell}


def losses(args):
    """The specifications of the losses after some seconds of training."""
    batch = int(args.batches.split(",")[0])
    for size, cell, one in itertools.product(
        args.loss_sizes.split(","),
        args.cells.split(",")[:1],
        contestants(args.contestants.split(",")),
    ):
        where = {"size": size, "cell": cell, "batch": batch}
        yield {**one, **where, "loss_seconds": args.loss_seconds}


def limits(args):
    """The specifications of the device's own limit: large matrix products."""
    packages = [p for p in ("jax", "torch") if importlib.util.find_spec(p)]
    for package, precision in itertools.product(packages[:1], PRECISIONS):
        spec = {"package": package, "precision": precision, "size": "2x512"}
        yield {**spec, "name": f"limit {precision}", "cell": "", "batch": 0}


PARTS = {"limits": limits, "table": table, "losses": losses, "probe": probe}


class Process:
    """A measurement: it starts, says that it is ready, and waits to be let go.

    Args:
        spec: What to measure.
        args: The arguments of this program.
    """

    def __init__(self, spec, args):
        self.spec = {**spec, "turns": args.turns, "seconds": args.seconds}
        self._limit = args.limit
        flags = {"XLA_FLAGS": spec["flags"]} if "flags" in spec else {}
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--work", json.dumps(self.spec)],
            env={
                **os.environ,
                "KERAS_BACKEND": spec["package"],
                "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
                **flags,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._end = time.monotonic() + args.limit

    def wait(self):
        """Waits until it is ready; returns whether it is."""
        return self._line(self._end - time.monotonic()) == "ready"

    def measure(self):
        """Lets it measure; returns its result."""
        with contextlib.suppress(OSError):
            self._process.stdin.write("go\n")
            self._process.stdin.flush()
        seconds = self.spec.get("loss_seconds", 0) + 60
        with contextlib.suppress(TypeError, ValueError):
            return json.loads(self._line(seconds))
        return self.error()

    def error(self):
        """Says why there is no result."""
        code = self._process.poll()
        if code is None:
            return {"error": f"not done after {self._limit:.0f} s"}
        self._errors.seek(0)
        last = self._errors.read().strip().splitlines()[-8:]
        return {"error": f"exit code {code}: {' | '.join(last)[-600:]}"}

    def close(self):
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def _line(self, seconds):
        """The next line that it prints; `None` if it takes too long."""
        lines = []
        reader = threading.Thread(
            target=lambda: lines.append(self._process.stdout.readline()),
            daemon=True,
        )
        reader.start()
        reader.join(max(0, seconds))
        with contextlib.suppress(subprocess.TimeoutExpired):
            if lines == [""]:  # its end: it is about to have an exit code
                self._process.wait(5)
        return lines[0].strip() if lines else None


def measured(specs, args):
    """Starts processes beside each other, then lets one after another measure.

    So that none is measured while another compiles.
    """
    with contextlib.ExitStack() as stack:
        processes = [Process(spec, args) for spec in specs]
        for process in processes:
            stack.callback(process.close)
        ready = [process.wait() for process in processes]
        for spec, process, is_ready in zip(
            specs, processes, ready, strict=True
        ):
            yield spec, process.measure() if is_ready else process.error()


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
    specs = [
        spec for part in args.parts.split(",") for spec in PARTS[part](args)
    ]
    limit, report = {}, []
    began = time.perf_counter()
    for first in range(0, len(specs), args.together):
        group = specs[first : first + args.together]
        if time.perf_counter() - began > args.minutes * 60:
            break
        for spec, result in measured(group, args):
            if "gigaflops" in result:
                limit[spec["precision"]] = result["gigaflops"]
            report.append({**spec, **result})
            print(described(spec, result, limit), flush=True)
            if args.json:
                text = json.dumps(report, indent=1)
                Path(args.json).write_text(text, encoding="utf-8")
    return None


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--sizes", default=",".join(SIZES))
    add("--batches", default="256,64,1024", help="streams")
    add("--cells", default="lstm,gru")
    add("--contestants", default=",".join(CONTESTANTS))
    add("--turns", type=int, default=5)
    add("--seconds", type=float, default=1.0, help="of a turn")
    add("--limit", type=float, default=300, help="seconds a measurement takes")
    add("--minutes", type=float, default=60, help="start none after these")
    add("--together", type=int, default=1, help="processes that start at once")
    add("--loss-seconds", type=float, default=60, help="of a training")
    add("--loss-sizes", default="2x512", help="networks trained for that")
    add("--parts", default="limits,table", help=f"of {', '.join(PARTS)}")
    add("--unrolled", default="1,4,16", help="time steps, in the probe")
    add("--xla", default="", help="flags of XLA, in the probe, by ';'")
    add("--json", help="write the figures to this file")
    add("--work", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if unknown := set(args.contestants.split(",")) - CONTESTANTS.keys():
        parser.error(f"unknown contestants: {', '.join(sorted(unknown))}")
    assert characters_of(args.sizes.split(",")[0])
    return args


if __name__ == "__main__":
    main()
