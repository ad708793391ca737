"""Training speed beside stock Keras and PyTorch, in one run."""

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import time
from importlib import metadata
from statistics import median

import numpy as np

CHARACTERS = 65  # distinct ones, tiny Shakespeare's
ONE_HOT_LIMIT, EMBEDDING_DIM = 256, 256  # more are embedded, as by charrnn
DROPOUT, CLIP_NORM, LEARNING_RATE = 0.3, 1.0, 0.001
SIZES = {  # layers, units, batch_size, seq_length, and distinct characters
    "1x128": (1, 128, 64, 100),
    "2x256": (2, 256, 64, 100),
    "2x512": (2, 512, 64, 128),
    "3x1024": (3, 1024, 64, 128),
    "words": (1, 512, 32, 64, 10_000),
}
GATES = {"simple_rnn": 1, "lstm": 4, "gru": 3}
CONTESTANTS = {
    "charrnn float32": ("charrnn", "float32"),
    "charrnn bfloat16": ("charrnn", "bfloat16"),
    "PyTorch float32": ("pytorch", "float32"),
    "PyTorch bfloat16": ("pytorch", "bfloat16"),
    "Keras": ("keras", False),
    "Keras jit": ("keras", True),
    "charrnn JAX float32": ("jax", "float32"),
    "charrnn JAX bfloat16": ("jax", "bfloat16"),
    "Keras JAX": ("keras", "auto"),
    # Only the logits of a large vocabulary and their loss: a part of a step.
    "logits float32": ("logits", "float32"),
    "logits bfloat16": ("logits", "bfloat16"),
}


def dimensions(size):
    """The numbers of a size's name, or of such as `1x2x3x4` or `1x2x3x4x5`."""
    numbers = SIZES.get(size) or tuple(map(int, size.split("x")))
    return (*numbers, CHARACTERS)[:5]


def windows(size):
    """The batches of all contestants: random characters, in streams."""
    from charrnn import Windows

    _, _, batch_size, seq_length, characters = dimensions(size)
    ids = np.random.default_rng(0).integers(0, characters, 1_000_000)
    return Windows(ids, batch_size=batch_size, seq_length=seq_length, seed=1)


class KerasRun:
    """`fit` of the model's twin: charrnn's, or one of stock layers."""

    def __init__(self, size, cell, kind, choice):
        from charrnn import build_model, fused, stateful_twin
        from charrnn.network.backend import keras
        from charrnn.training import schedule

        layers, units, batch_size, _, characters = dimensions(size)
        model = build_model(
            range(characters),
            cell=cell,
            units=units,
            layers=layers,
            dropout=DROPOUT,
        )
        loss = schedule.loss()
        if kind == "charrnn":
            self.twin = fused(model, batch_size=batch_size, precision=choice)
        else:
            self.twin = stateful_twin(model, batch_size=batch_size)
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.twin.compile(
            optimizer=schedule.optimizer(LEARNING_RATE, CLIP_NORM),
            loss=loss,
            jit_compile=kind == "keras" and choice,
        )
        self.dataset = windows(size).dataset(0)
        self.ends = []
        self.clock = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: self.ends.append(
                time.perf_counter()
            )
        )

    def steps(self, count):
        """Trains `count` steps and one more; returns the time of `count`."""
        self.ends.clear()
        self.twin.fit(
            self.dataset,
            steps_per_epoch=count + 1,
            callbacks=[self.clock],
            shuffle=False,
            verbose=0,
        )
        return self.ends[-1] - self.ends[0]


class LogitsRun:
    """Logits, cross-entropy and their gradients, as charrnn computes them."""

    def __init__(self, size, cell, kind, choice):
        import tensorflow as tf

        from charrnn.network.backend import keras
        from charrnn.twins.logits import cross_entropy, logits

        keras.utils.set_random_seed(1)
        _, units, batch_size, seq_length, characters = dimensions(size)
        outputs = tf.random.normal((batch_size, seq_length, units))
        kernel = tf.random.normal((units, characters), stddev=0.1)
        bias = tf.zeros(characters)
        self.batches, self.step = windows(size), 0

        @tf.function
        def gradients(ids):
            with tf.GradientTape() as tape:
                tape.watch([outputs, kernel, bias])
                found = logits(outputs, kernel, bias, choice)
                loss = tf.reduce_mean(cross_entropy(found, ids))
            return tape.gradient(loss, [outputs, kernel, bias])

        self.gradients = gradients

    def steps(self, count):
        began = time.perf_counter()
        for _ in range(count):
            _, targets = self.batches.batch(self.step)
            self.step += 1
            self.gradients(targets)[-1].numpy()
        return time.perf_counter() - began


class JaxRun:
    """charrnn's JAX engine, which does many steps in a call."""

    def __init__(self, size, cell, kind, choice):
        from charrnn.twins.jax_steps import JaxSteps

        run = KerasRun(size, cell, "charrnn", choice)
        run.twin.optimizer.build(run.twin.trainable_variables)
        self.engine = JaxSteps(run.twin, windows(size))
        self.streams, self.step = run.twin.batch_size, 0

    def steps(self, count):
        kept = np.ones((count, self.streams), bool)
        began = time.perf_counter()
        self.engine.train(self.step, [LEARNING_RATE] * count, kept)
        self.step += count
        return time.perf_counter() - began


class PyTorchRun:
    """The same network, optimizer and loss in PyTorch's own layers."""

    def __init__(self, size, cell, kind, choice):
        import torch

        self.torch, self.bfloat16 = torch, choice == "bfloat16"
        layers, units, batch_size, _, characters = dimensions(size)
        self.characters = characters
        embedded = characters > ONE_HOT_LIMIT
        width = EMBEDDING_DIM if embedded else characters
        name = {"simple_rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}[cell]
        recurrent = getattr(torch.nn, name)(
            width,
            units,
            layers,
            batch_first=True,
            dropout=DROPOUT if layers > 1 else 0.0,
        )
        self.network = torch.nn.ModuleDict(
            {
                "recurrent": recurrent,
                "dropout": torch.nn.Dropout(DROPOUT),
                "logits": torch.nn.Linear(units, characters),
            }
        )
        if embedded:
            self.network["embedding"] = torch.nn.Embedding(characters, width)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=LEARNING_RATE,
            betas=(0.9, 0.99),
            weight_decay=0.01,
        )
        shape = (layers, batch_size, units)
        zeros = torch.zeros(shape)
        self.state = (zeros, zeros) if cell == "lstm" else zeros
        self.windows, self.step = windows(size), 0

    def steps(self, count):
        began = time.perf_counter()
        for _ in range(count):
            self.one_step()
        return time.perf_counter() - began

    def one_step(self):
        torch = self.torch
        inputs, targets = self.windows.batch(self.step)
        self.step += 1
        ids = torch.from_numpy(inputs).long()
        if "embedding" in self.network:
            vectors = self.network["embedding"](ids)
        else:
            vectors = torch.nn.functional.one_hot(ids, self.characters).float()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            outputs, state = self.network["recurrent"](vectors, self.state)
            logits = self.network["logits"](self.network["dropout"](outputs))
            loss = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1).float(),
                torch.from_numpy(targets).long().flatten(),
            )
        detach = tuple(s.detach().float() for s in state)
        self.state = (
            detach if isinstance(state, tuple) else state.detach().float()
        )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), CLIP_NORM)
        self.optimizer.step()
        return loss.item()


RUNS = {"pytorch": PyTorchRun, "jax": JaxRun, "logits": LogitsRun}


class Products:
    """The machine's own limit: large matrix products and nothing else."""

    def __init__(self, precision, side=4096):
        import tensorflow as tf  # `limits` has imported it, without noise

        left = tf.cast(tf.random.normal((side, side)), precision)
        product = tf.function(tf.matmul)
        self.multiply = lambda: product(left, left)[0, 0].numpy()
        self.operations = 2 * side**3
        self.multiply()

    def gigaflops(self):
        began = time.perf_counter()
        self.multiply()
        return self.operations / (time.perf_counter() - began) / 1e9


def work(size, cell, contestant):
    """Answers, line by line, how long so many steps took."""
    kind, choice = CONTESTANTS[contestant]
    run = RUNS.get(kind, KerasRun)(size, cell, kind, choice)
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        seconds = run.steps(int(line))
        print(json.dumps([seconds, peak_rss()]), file=answers, flush=True)


def peak_rss():
    """MB that this process had in memory at most; None where not told.

    Linux's own count, for `getrusage` starts from the parent's.
    """
    try:
        with open("/proc/self/status", encoding="utf-8") as file:
            peak = next(line for line in file if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return None
    return int(peak.split()[1]) / 1024


class Worker:
    """A contestant in a process of its own, so that its memory is its own."""

    def __init__(self, *names):
        backend = "jax" if "JAX" in names[-1] else "tensorflow"
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--work", *names],
            env={**os.environ, "KERAS_BACKEND": backend},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def steps(self, count):
        """Returns the seconds of so many steps and the peak RSS in MB."""
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def parameters(size, cell):
    """Weights of the network that take part in a product at every step."""
    layers, units, _, _, characters = dimensions(size)
    first = characters if characters <= ONE_HOT_LIMIT else EMBEDDING_DIM
    inputs = [first] + [units] * (layers - 1)
    recurrent = sum((i + units) * units * GATES[cell] for i in inputs)
    return recurrent + units * characters


def race(size, cell, contestants, alternations, seconds):
    """Lets the contestants take turns; returns a row for each."""
    _, _, batch_size, seq_length, characters = dimensions(size)
    workers, starts, counts = {}, {}, {}
    if characters <= ONE_HOT_LIMIT:
        contestants = [name for name in contestants if "logits" not in name]
    for name in contestants:
        began = time.perf_counter()
        workers[name] = worker = Worker(size, cell, name)
        worker.steps(1)  # builds, traces and compiles before it
        starts[name] = time.perf_counter() - began
        counts[name] = max(2, math.ceil(seconds / worker.steps(2)[0] * 2))
    turns = {name: [] for name in contestants}
    peaks = {}
    for _ in range(alternations):
        for name, worker in workers.items():
            taken, peaks[name] = worker.steps(counts[name])
            step = batch_size * seq_length
            turns[name].append(step * counts[name] / taken)
    for worker in workers.values():
        worker.close()
    return {
        name: {
            "characters_per_second": median(rates),
            "lowest": min(rates),
            "highest": max(rates),
            "gigaflops": 6 * parameters(size, cell) * median(rates) / 1e9,
            "peak_rss_mb": peaks[name],
            "start_seconds": starts[name],
        }
        for name, rates in turns.items()
    }


def limits(alternations):
    """GFLOP/s of a 4096 x 4096 x 4096 product in both precisions."""
    from charrnn.network.backend import keras

    keras.utils.set_random_seed(1)
    products = {name: Products(name) for name in ("float32", "bfloat16")}
    rates = {name: [] for name in products}
    for _ in range(alternations):
        for name, product in products.items():
            rates[name].append(product.gigaflops())
    return {name: median(values) for name, values in rates.items()}


def describe(rows, limit):
    """The lines of one table."""
    fastest = {
        kind: max(
            (r["characters_per_second"] for n, r in rows.items() if kind in n),
            default=None,
        )
        for kind in ("PyTorch", "Keras")
    }
    for name, row in rows.items():
        speed = row["characters_per_second"]
        line = f"  {name:20} {speed:9,.0f} ({row['lowest']:,.0f} to "
        line += f"{row['highest']:,.0f})"
        peak = row["peak_rss_mb"]
        line = f"{line:55} {peak:6,.0f} MB" if peak else f"{line:64}"
        line += f" {row['start_seconds']:5.1f} s"
        if name.startswith("logits"):
            step = rows.get(name.replace("logits", "charrnn"))
            if step:
                line += (
                    f"  {step['characters_per_second'] / speed:4.0%} of a step"
                )
        if name.startswith("charrnn"):
            precision = name.split()[-1]
            share = row["gigaflops"] / limit[precision]
            line += f"  {share:4.0%} of the limit"
            for kind, best in fastest.items():
                if best:
                    line += f", {speed / best:.2f}x {kind}"
        yield line


def versions():
    names = ("charrnn", "numpy", "keras", "tensorflow", "torch", "jax")
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--cells", default="lstm,gru,simple_rnn")
    parser.add_argument("--contestants", default=",".join(CONTESTANTS))
    parser.add_argument("--alternations", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of a turn")
    parser.add_argument("--json", help="write the figures to this file")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        return work(*args.work)
    contestants = args.contestants.split(",")
    if versions()["torch"] == "not installed":
        print("PyTorch is not installed: its rows are left out")
        contestants = [c for c in contestants if "PyTorch" not in c]
    if versions()["jax"] == "not installed":
        print("JAX is not installed: its rows are left out")
        contestants = [c for c in contestants if "JAX" not in c]
    report = {"versions": versions(), "limit_gigaflops": limits(5)}
    report["cores"] = len(os.sched_getaffinity(0))
    print(json.dumps(report))
    report["results"] = {}
    for size in args.sizes.split(","):
        for cell in args.cells.split(","):
            rows = race(
                size, cell, contestants, args.alternations, args.seconds
            )
            report["results"][f"{size} {cell}"] = rows
            _, _, batch_size, seq_length, _ = dimensions(size)
            print(f"\n{size} {cell}, B {batch_size}, T {seq_length}")
            for line in describe(rows, report["limit_gigaflops"]):
                print(line, flush=True)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=1)


if __name__ == "__main__":
    main()
