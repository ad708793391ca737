"""Measure how fast text is drawn: charrnn beside PyTorch and Keras.

All contestants run the same LSTM with the same random weights; that PyTorch
computes charrnn's logits is checked first. They take turns (A B A B ...), so
that whatever else the machine does meets them alike; a figure is the median.

    python benchmarks/generate_speed.py
    python benchmarks/generate_speed.py --alternations 9 --json speed.json

PyTorch is optional: `pip install -e '.[bench]'`.
"""

import argparse
import datetime
import functools
import importlib.metadata
import json
import multiprocessing
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import charrnn
from charrnn.network import model_file

try:
    import torch
except ImportError:
    torch = None

ROOT = Path(__file__).resolve().parent.parent
CHARACTERS = "\n" + "".join(map(chr, range(48, 112)))  # 65, as tinyshakespeare
TEMPERATURE = 0.8
UNITS = (256, 512)
TOGETHER = 64  # samples in the task of many samples
STARTS = 9  # least number of starts of the command
PAUSE = 0.1  # seconds between turns, for idle threads to fall asleep
GENERATOR = np.random.default_rng(0)  # draws where NumPy does
PACKAGES = ("numpy", "keras", "tensorflow", "torch")
PYTORCH = ("nn.LSTM", "nn.LSTM, NumPy draws", "nn.LSTMCell")


def main():
    arguments = parse_arguments()
    facts = environment()
    print(json.dumps(facts, indent=1), "\n", sep="")
    tasks = []
    with tempfile.TemporaryDirectory() as folder:
        in_another_process(save_models, folder)
        for task in all_tasks(Path(folder), arguments):
            print_task(task)
            tasks.append(task)
    if arguments.json:
        text = json.dumps({**facts, "tasks": tasks}, indent=1)
        arguments.json.write_text(text + "\n", encoding="utf-8")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--alternations",
        type=int,
        default=5,
        help="turns of each contestant (default: 5)",
    )
    parser.add_argument(
        "--characters",
        type=int,
        default=500,
        help="drawn in a turn of a single stream; of 64 samples each has a "
        "fifth, Keras draws a tenth (default: 500)",
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write the figures here too"
    )
    return parser.parse_args()


def environment():
    """What the figures depend on besides the code."""
    load = getattr(os, "getloadavg", lambda: (None,))
    return {
        "date": datetime.date.today().isoformat(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "load_average_before": load()[0],
        "threads": {
            "pytorch": torch and torch.get_num_threads(),
            "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS"),
        },
        "versions": {
            "charrnn": charrnn.__version__,
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
    }


def processor():
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def in_another_process(function, *arguments):
    """Keeps TensorFlow, which makes the models, out of this process."""
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=function, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{function.__name__} failed")


def save_models(folder):
    vocabulary = charrnn.Vocabulary(CHARACTERS)
    for units in UNITS:
        model = charrnn.build_model(vocabulary, units=units, layers=2)
        charrnn.save(model, Path(folder) / f"{units}.keras", vocabulary)


def all_tasks(folder, arguments):
    """Runs the tasks one after another, each when it is asked for."""
    turns, characters = arguments.alternations, arguments.characters
    for units in UNITS:
        contestants = charrnn_and_torch(folder / f"{units}.keras", 1)
        runs = rates(contestants, turns, characters)
        yield rate_task(f"2x{units}, one stream", runs)
    largest = folder / f"{UNITS[-1]}.keras"
    title = f"2x{UNITS[-1]}, {TOGETHER} samples together"
    contestants = charrnn_and_torch(largest, TOGETHER)
    runs = rates(contestants, turns, max(1, characters // 5), TOGETHER)
    yield rate_task(title, runs)
    yield start_task(largest, max(turns, STARTS))
    # Last, since it brings TensorFlow's threads into this process.
    contestants = charrnn_and_keras(largest)
    runs = rates(contestants, turns, max(1, characters // 10))
    yield rate_task(f"2x{UNITS[-1]}, one stream, stock Keras", runs)


def rate_task(title, runs):
    rows = [summary(name, values) for name, values in runs.items()]
    for row in rows:
        if row["median"]:
            row["charrnn_ratio"] = rows[0]["median"] / row["median"]
    return {"task": title, "unit": "characters per second", "rows": rows}


def summary(name, values):
    """The middle and the range of the turns, `None` without any."""
    figures = {"median": statistics.median, "min": min, "max": max}
    return {
        "contestant": name,
        **{key: values and f(values) for key, f in figures.items()},
    }


def start_task(path, turns):
    generate = ["generate.py", "--model", str(path), "--length", "20"]
    commands = {
        "generate.py": generate,
        "python -c 'print()'": ["-c", "print()"],
    }
    seconds = {name: [] for name in commands}
    for name, command in take_turns(commands, turns):
        seconds[name].append(seconds_to_output(command))
    return {
        "task": f"2x{UNITS[-1]}, from the command to its first character",
        "unit": "seconds",
        "rows": [summary(name, s[1:]) for name, s in seconds.items()],
    }


def seconds_to_output(command):
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, bufsize=0
    ) as process:
        first = process.stdout.read(1)
        seconds = time.perf_counter() - started
        process.stdout.read()
    if not first or process.returncode:
        raise RuntimeError(f"{command[0]} failed")
    return seconds


def take_turns(contestants, turns):
    """Yields (name, contestant): one round to warm up, then `turns` more."""
    for _ in range(1 + turns):
        for name, contestant in contestants.items():
            time.sleep(PAUSE)
            yield name, contestant


def rates(contestants, turns, length, count=1):
    """Characters per second of each turn; None for who is not installed."""
    results = {name: [] for name in contestants}
    for name, draw in take_turns(contestants, turns):
        if draw is None:
            results[name] = None
            continue
        started = time.perf_counter()
        draw(length)
        seconds = time.perf_counter() - started
        results[name].append(count * length / seconds)
    return {name: r and r[1:] for name, r in results.items()}


def print_task(task):
    print(f"{task['task']} ({task['unit']})")
    for row in task["rows"]:
        print(f"  {row['contestant']:<32}{figures(row)}")
    print(flush=True)


def figures(row):
    if row["median"] is None:
        return "not installed"
    form = "9.3f" if row["max"] < 10 else "9,.0f"
    text = f"{row['median']:{form}}  ({row['min']:{form}} to "
    text += f"{row['max']:{form}})"
    if row.get("charrnn_ratio", 1) != 1:
        text += f"   charrnn is {row['charrnn_ratio']:.1f} times as fast"
    return text


def charrnn_and_torch(path, count):
    """The contestants: functions of the number of characters to draw."""
    sampler = charrnn.Sampler(charrnn.load(path))
    contestants = {"charrnn": charrnn_draw(sampler, count)}
    if torch is None:
        return contestants | {f"PyTorch {name}": None for name in PYTORCH}
    arrays = [a for *_, a in model_file.read(path)["layers"] if a]
    lstm, cells, head = (
        torch_lstm(arrays),
        torch_cells(arrays),
        torch_head(arrays),
    )
    check_same_network(sampler.engine, head, lstm, cells)
    networks = (lstm, torch_choice), (lstm, numpy_choice), (cells, torch_choice)
    for name, (step, choice) in zip(PYTORCH, networks, strict=True):
        draw = functools.partial(torch_draw, step, head, choice, count)
        contestants[f"PyTorch {name}"] = draw
    return contestants


def charrnn_draw(sampler, count):
    return lambda length: sampler.generate(
        length=length, count=count, temperature=TEMPERATURE
    )


def torch_draw(step, head, choice, count, length):
    """Draws the characters one a call, the state carried."""
    one_hot = torch.eye(len(CHARACTERS))
    ids, state, drawn = torch.zeros(count, dtype=torch.int64), None, []
    with torch.inference_mode():
        for _ in range(length):
            hidden, state = step(one_hot[ids], state)
            ids = choice(head(hidden))
            drawn.append(ids)
        return torch.stack(drawn, 1).tolist()


def torch_choice(logits):
    p = torch.softmax(logits / TEMPERATURE, -1)
    return torch.multinomial(p, 1)[:, 0]


def numpy_choice(logits):
    p = charrnn.probabilities(logits.numpy(), TEMPERATURE)
    return torch.from_numpy(GENERATOR.multinomial(1, p).argmax(-1))


def torch_lstm(arrays):
    """A step of one `nn.LSTM` of all recurrent layers."""
    *recurrent, _ = arrays
    inputs, units = recurrent[0][0].shape[0], recurrent[0][1].shape[0]
    lstm = torch.nn.LSTM(inputs, units, num_layers=len(recurrent))
    copy_weights(lstm, [w for layer in recurrent for w in in_torch(layer)])

    def step(x, state):
        outputs, state = lstm(x[None], state)  # (1, batch, units)
        return outputs[0], state

    return step


def torch_cells(arrays):
    """A step of one `nn.LSTMCell` a recurrent layer."""
    cells = []
    for layer in arrays[:-1]:
        cells.append(torch.nn.LSTMCell(layer[0].shape[0], layer[1].shape[0]))
        copy_weights(cells[-1], in_torch(layer))

    def step(x, states):
        states, new_states = states or [None] * len(cells), []
        for cell, state in zip(cells, states, strict=True):
            new_states.append(cell(x, state))
            x = new_states[-1][0]
        return x, new_states

    return step


def torch_head(arrays):
    kernel, bias = arrays[-1]
    head = torch.nn.Linear(*kernel.shape)
    copy_weights(head, (kernel.T, bias))
    return head


def in_torch(layer):
    """Keras's LSTM weights in PyTorch's form: transposed, with two biases."""
    kernel, recurrent_kernel, bias = layer
    return kernel.T, recurrent_kernel.T, bias, np.zeros_like(bias)


def copy_weights(module, arrays):
    with torch.no_grad():
        for parameter, array in zip(module.parameters(), arrays, strict=True):
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(array)))


def check_same_network(engine, head, *steps):
    """Fails unless PyTorch computes charrnn's logits."""
    ids = np.arange(8)
    expected, _ = engine.run(ids[None])
    one_hot = torch.eye(len(CHARACTERS))
    for step in steps:
        state = None
        with torch.inference_mode():
            for i in ids:
                hidden, state = step(one_hot[[i]], state)
            logits = head(hidden).numpy()
        np.testing.assert_allclose(logits, expected[:, -1], atol=1e-5)


def charrnn_and_keras(path):
    from charrnn.network.backend import keras

    sampler = charrnn.Sampler(charrnn.load(path))
    model = keras.saving.load_model(path)
    step = charrnn.stateful_twin(model, batch_size=1, seq_length=1)
    return {
        "charrnn": charrnn_draw(sampler, 1),
        "Keras, model(x) a character": functools.partial(keras_draw, step),
    }


def keras_draw(step, length):
    drawn = [0]
    for _ in range(length):
        ids = np.array([drawn[-1:]], np.int32)  # (batch, time) = (1, 1)
        p = charrnn.probabilities(np.asarray(step(ids))[0], TEMPERATURE)
        drawn.append(int(GENERATOR.multinomial(1, p[0]).argmax()))
    return drawn[1:]


if __name__ == "__main__":
    main()
