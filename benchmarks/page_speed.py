"""Measure how fast a page of `charrnn export` writes, in Chromium.

Beside it run the NumPy engine and onnxruntime, one step a call, with the same
network of random weights. They take turns (A B A B ...); a figure is the
median. The last task opens the page of the bundled model.

    python benchmarks/page_speed.py
    python benchmarks/page_speed.py --alternations 9 --json speed.json

Chromium and its driver must be installed; onnxruntime is optional.
"""

import argparse
import contextlib
import functools
import json
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from generate_speed import (
    CHARACTERS,
    TEMPERATURE,
    UNITS,
    environment,
    in_another_process,
    print_task,
    rate_task,
    rates,
    save_models,
    summary,
    version,
)
from selenium import webdriver

import charrnn
from charrnn.exports.onnx_step import step_model
from charrnn.writing.random_numbers import draw, uniforms

try:
    import onnxruntime
except ImportError:
    onnxruntime = None

PACKAGES = "numpy", "onnx", "onnxruntime", "selenium"
WRITE = """
const [length, temperature, done] = arguments;
byId("written").value = "";
byId("length").value = length;
byId("temperature").value = temperature;
model.addEventListener("paused", () => done(), {once: true});
byId("start").click();
"""
FIRST_CHARACTER = """
const done = arguments[0];
model.ready.then(() => {
  model.addEventListener("wrote", () => done(performance.now()), {once: true});
  byId("start").click();
});
"""


def main():
    arguments = parse_arguments()
    facts = {**environment(), "versions": {p: version(p) for p in PACKAGES}}
    tasks = []
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        facts["chromium"] = browser.capabilities["browserVersion"]
        print(json.dumps(facts, indent=1), "\n", sep="")
        in_another_process(save_models, folder)
        for task in all_tasks(Path(folder), browser, arguments):
            print_task(task)
            tasks.append(task)
    if arguments.json:
        text = json.dumps({**facts, "tasks": tasks}, indent=1)
        arguments.json.write_text(text + "\n", encoding="utf-8")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--alternations", type=int, default=5)
    parser.add_argument("--characters", type=int, default=500)
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args()


@contextlib.contextmanager
def chromium():
    """A browser without a window."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    browser = webdriver.Chrome(options, service)
    browser.set_script_timeout(120)
    try:
        yield browser
    finally:
        browser.quit()


def all_tasks(folder, browser, arguments):
    for units in UNITS:
        model = folder / f"{units}.keras"
        engine = charrnn.load(model)
        contestants = {
            "page": page_draw(browser, model, folder),
            "NumPy engine": numpy_draw(engine),
            "onnxruntime, one step a call": onnx_draw(engine),
        }
        runs = rates(contestants, arguments.alternations, arguments.characters)
        task = rate_task(f"2x{units}, one stream", runs)
        for row in task["rows"]:
            row.pop("charrnn_ratio", None)
        yield task
    yield opening_task(folder, browser, arguments.alternations)


def page_draw(browser, model, folder):
    """Opens the page of a model; writes with it."""
    path = charrnn.export(model, folder / f"{model.stem}.html")
    browser.get(path.as_uri())
    return lambda length: browser.execute_async_script(
        WRITE, length, TEMPERATURE
    )


def numpy_draw(engine):
    sampler = charrnn.Sampler(engine)
    return lambda length: sampler.generate(
        length=length, temperature=TEMPERATURE
    )


def onnx_draw(engine):
    """Draws with the step of `charrnn export MODEL model.onnx`."""
    if onnxruntime is None:
        return None
    data = step_model(engine).SerializeToString()
    session = onnxruntime.InferenceSession(data)
    return functools.partial(onnx_write, session)


def onnx_write(session, length):
    first, *states = session.get_inputs()
    feed = {s.name: np.zeros((1, s.shape[1]), np.float32) for s in states}
    ids, numbers = np.zeros(1, np.int32), uniforms(0, 0, 0, length)
    drawn = []
    for number in numbers:
        logits, *after = session.run(None, {first.name: ids, **feed})
        feed = dict(zip(feed, after, strict=True))
        p = charrnn.probabilities(logits, TEMPERATURE)
        ids = draw(p, np.array([number])).astype(np.int32)
        drawn.append(CHARACTERS[ids[0]])
    return "".join(drawn)


def opening_task(folder, browser, turns):
    """From opening the bundled model's page to its first character."""
    path = charrnn.export("shakespeare", folder / "shakespeare.html")
    seconds = []
    for _ in range(1 + turns):
        time.sleep(0.1)
        browser.get(path.as_uri())
        seconds.append(browser.execute_async_script(FIRST_CHARACTER) / 1000)
    return {
        "task": "shakespeare, from opening the page to its first character",
        "unit": "seconds",
        "rows": [summary("page", seconds[1:])],
    }


if __name__ == "__main__":
    main()
