"""What a process of devices.py measures: a training, or a matrix product."""

import contextlib
import json
import sys
import time
from statistics import mean, median

import numpy as np

SIZES = {"2x512": (2, 512), "3x1024": (3, 1024)}  # layers, units
GATES = {"simple_rnn": 1, "gru": 3, "lstm": 4}
CHARACTERS = 65  # distinct; a text with more is read in its commonest
SEQ_LENGTH = 64
CLIP_NORM, WEIGHT_DECAY, LEARNING_RATE = 0.1, 0.1, 0.004
WARM_UP = 100  # steps


def characters_of(size):
    """Layers and units of a size such as 2x512."""
    return SIZES.get(size) or tuple(map(int, size.split("x")))


def operations(spec):
    """Floating-point operations for a character, forward and backward."""
    layers, units = characters_of(spec["size"])
    inputs = [CHARACTERS] + [units] * (layers - 1)
    recurrent = sum((i + units) * units * GATES[spec["cell"]] for i in inputs)
    return 6 * (recurrent + units * CHARACTERS)


def ids():
    """The text of all contestants: the source code of Python's library."""
    from charrnn.text.library import library_folder, library_text

    text = library_text(library_folder()).encode("ascii")
    points = np.frombuffer(text, np.uint8)
    rank = np.empty(256, np.uint8)
    rank[np.argsort(-np.bincount(points, minlength=256))] = np.arange(256)
    return np.minimum(rank, CHARACTERS - 1)[points]


def windows(spec):
    """The batches: the same streams for all contestants."""
    from charrnn.text.windows import Windows

    sizes = {"batch_size": spec["batch"], "seq_length": SEQ_LENGTH}
    return Windows(ids(), **sizes, seed=1)


def rate(step):
    return LEARNING_RATE * min(1.0, (step + 1) / WARM_UP)


class CharrnnRun:
    """charrnn's own engine for Keras's backend, or stock layers."""

    def __init__(self, spec):
        from charrnn.network.backend import keras
        from charrnn.network.model import build_model
        from charrnn.training.schedule import loss, optimizer
        from charrnn.twins.fused import fused
        from charrnn.twins.stateful import stateful_twin

        keras.utils.set_random_seed(1)
        layers, units = characters_of(spec["size"])
        sizes = {"units": units, "layers": layers, "dropout": 0.0}
        model = build_model(range(CHARACTERS), cell=spec["cell"], **sizes)
        self.windows, self.step = windows(spec), 0
        batch = {"batch_size": spec["batch"]}
        if spec.get("stock"):
            self.twin = stateful_twin(model, **batch)
        else:
            self.twin = fused(model, precision=spec["precision"], **batch)
        self.twin.compile(optimizer(rate(0), CLIP_NORM, WEIGHT_DECAY), loss())
        self.twin.optimizer.build(self.twin.trainable_variables)

    def steps(self, count):
        """Does steps one by one; returns their losses."""
        losses = []
        for _ in range(count):
            self.twin.optimizer.learning_rate = rate(self.step)
            batch = self.windows.batch(self.step)
            losses.append(float(self.twin.train_on_batch(*batch)))
            self.step += 1
        return losses


class JaxRun(CharrnnRun):
    """charrnn's JAX engine: many steps in a call."""

    def __init__(self, spec):
        from charrnn.twins import jax_steps, scans

        if "unrolled" in spec:
            scans.UNROLLED = dict.fromkeys(("cpu", "gpu"), spec["unrolled"])
        super().__init__(spec)
        self.engine = jax_steps.JaxSteps(self.twin, self.windows)
        self.most = jax_steps.MAX_STEPS

    def steps(self, count):
        losses = []
        while count:
            part = min(count, self.most)
            rates = [rate(self.step + i) for i in range(part)]
            kept = np.ones((part, self.windows.batch_size), bool)
            losses += self.engine.train(self.step, rates, kept).tolist()
            self.step += part
            count -= part
        return losses

    @staticmethod
    def megabytes():
        import jax

        found = jax.devices()[0].memory_stats() or {}
        return found.get("peak_bytes_in_use", 0) / 1e6


class PyTorchRun:
    """The same network, optimizer and loss in PyTorch's own layers."""

    def __init__(self, spec):
        import torch

        self.torch, self.bfloat16 = torch, spec["precision"] == "bfloat16"
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True
        layers, units = characters_of(spec["size"])
        name = {"simple_rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}[spec["cell"]]
        kind = getattr(torch.nn, name)
        self.network = torch.nn.ModuleDict(
            {
                "recurrent": kind(CHARACTERS, units, layers, batch_first=True),
                "logits": torch.nn.Linear(units, CHARACTERS),
            }
        ).to(self.device)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=LEARNING_RATE,
            betas=(0.9, 0.99),
            eps=1e-7,
            weight_decay=WEIGHT_DECAY,
            fused=self.device == "cuda",
        )
        zeros = torch.zeros((layers, spec["batch"], units), device=self.device)
        self.state = (zeros, zeros) if spec["cell"] == "lstm" else zeros
        self.windows, self.step = windows(spec), 0
        self.ids = torch.from_numpy(self.windows.ids).to(self.device)
        self.ramp = torch.arange(SEQ_LENGTH + 1, device=self.device)

    def steps(self, count):
        losses = [self._one() for _ in range(count)]
        return self.torch.stack(losses).tolist()  # waits for the device

    def _one(self):
        torch = self.torch
        for group in self.optimizer.param_groups:
            group["lr"] = rate(self.step)
        starts = torch.from_numpy(self.windows.starts(self.step))
        places = starts.to(self.device, non_blocking=True)[:, None] + self.ramp
        window = self.ids[places % len(self.ids)].long()
        vectors = torch.nn.functional.one_hot(window[:, :-1], CHARACTERS)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.bfloat16):
            outputs, state = self.network["recurrent"](
                vectors.float(), self.state
            )
            logits = self.network["logits"](outputs)
        loss = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1).float(), window[:, 1:].flatten()
        )
        pair = isinstance(state, tuple)
        detached = [s.detach().float() for s in (state if pair else (state,))]
        self.state = tuple(detached) if pair else detached[0]
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), CLIP_NORM)
        self.optimizer.step()
        self.step += 1
        return loss.detach()

    def megabytes(self):
        if self.device == "cpu":
            return peak_rss()
        return self.torch.cuda.max_memory_allocated() / 1e6


def peak_rss():
    """MB that this process had in memory at most; 0 where not told."""
    with contextlib.suppress(OSError, StopIteration):
        with open("/proc/self/status", encoding="utf-8") as file:
            peak = next(line for line in file if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 1024
    return 0


def gigaflops(spec):
    """The speed of products of two large matrices."""
    side = 8192
    if spec["package"] == "jax":
        import jax
        import jax.numpy as jnp

        side = 8192 if jax.default_backend() == "gpu" else 2048
        matrix = jnp.ones((side, side), spec["precision"])
        product = jax.jit(jnp.dot)
        wait = jax.block_until_ready
    else:
        import torch

        device = "cuda" if torch.cuda.is_available() else "cpu"
        side = 8192 if device == "cuda" else 2048
        torch.backends.cuda.matmul.allow_tf32 = True
        dtype = getattr(torch, spec["precision"])
        matrix = torch.ones((side, side), dtype=dtype, device=device)
        product, wait = torch.matmul, lambda result: float(result[0, 0])
    wait(product(matrix, matrix))
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(4):
            result = product(matrix, matrix)
        wait(result)
        seconds.append((time.perf_counter() - began) / 4)
    return 2 * side**3 / min(seconds) / 1e9


def speed(run, spec):
    """Times turns of about the given seconds each."""
    began = time.perf_counter()
    run.steps(3)
    count = max(2, round(3 * spec["seconds"] / (time.perf_counter() - began)))
    rates = []
    for _ in range(spec["turns"]):
        began = time.perf_counter()
        run.steps(count)
        seconds = time.perf_counter() - began
        rates.append(count * spec["batch"] * SEQ_LENGTH / seconds)
    memory = run.megabytes() if hasattr(run, "megabytes") else 0
    return {
        "characters_per_second": median(rates),
        "lowest": min(rates),
        "highest": max(rates),
        "megabytes": memory or peak_rss(),
    }


def loss_after(run, spec):
    """Trains for some seconds; returns the mean loss of the last steps."""
    losses = []
    began = time.perf_counter()
    while (seconds := time.perf_counter() - began) < spec["loss_seconds"]:
        losses += run.steps(20)
    return {"loss": mean(losses[-100:]), "seconds": seconds, "steps": run.step}


def prepared(spec):
    """Compiles what a specification measures; returns the measurement."""
    if spec["name"].startswith("limit"):
        return lambda: {"gigaflops": gigaflops(spec)}
    kinds = {"torch": PyTorchRun, "tensorflow": CharrnnRun, "jax": JaxRun}
    kind = CharrnnRun if spec.get("stock") else kinds[spec["package"]]
    began = time.perf_counter()
    run = kind(spec)
    run.steps(2)
    start = round(time.perf_counter() - began, 1)
    measure = loss_after if spec.get("loss_seconds") else speed
    return lambda: {**measure(run, spec), "start": start}


def work(spec):
    """Says that a specification is ready, and prints its result as JSON."""
    answers, sys.stdout = sys.stdout, sys.stderr
    measure = prepared(spec)
    print("ready", file=answers, flush=True)
    sys.stdin.readline()
    print(json.dumps(measure()), file=answers, flush=True)
