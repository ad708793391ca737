"""How the time of a training step grows with each dimension, as a plot."""

import argparse
import json
from pathlib import Path
from statistics import median

from train_speed import Worker

from charrnn.twins.precision import resolve_precision

BASE = {"layers": 1, "units": 256, "batch_size": 64, "seq_length": 100}
SWEEPS = {
    "units": (128, 256, 512, 1024, 2048),
    "layers": (1, 2, 3, 4),
    "batch_size": (16, 32, 64, 128, 256, 512),
    "seq_length": (25, 50, 100, 200, 400),
}
TITLES = {
    "units": "units of a layer",
    "layers": "layers",
    "batch_size": "rows of a batch",
    "seq_length": "characters of a window",
}
TURNS, SECONDS = 5, 0.5


def point_of(dimension, value):
    """All four dimensions, in their order: the base but for one of them."""
    return tuple({**BASE, dimension: value}.values())


def step_seconds(point, cell, contestant):
    """Median time of a step, each of the turns about half a second."""
    worker = Worker("x".join(map(str, point)), cell, contestant)
    worker.steps(1)  # builds, traces and compiles
    count = max(1, round(SECONDS / worker.steps(1)[0]))
    turns = [worker.steps(count)[0] / count for _ in range(TURNS)]
    worker.close()
    return median(turns)


def measure(cell, contestant, rounds):
    """Returns `{dimension: {value: seconds}}`, the fastest of the rounds.

    The rounds go through all points one after the other, so that what else
    the machine does for a minute spoils no point in all of them.
    """
    fastest = {}
    for _ in range(rounds):
        for dimension, values in SWEEPS.items():
            for value in values:
                point = point_of(dimension, value)
                taken = step_seconds(point, cell, contestant)
                fastest[point] = min(taken, fastest.get(point, taken))
                print(
                    f"{dimension} {value}: {1000 * taken:,.1f} ms", flush=True
                )
    return {
        dimension: {
            value: fastest[point_of(dimension, value)] for value in values
        }
        for dimension, values in SWEEPS.items()
    }


def plot(seconds, title, path):
    """One panel a dimension, both axes logarithmic."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import NullFormatter, ScalarFormatter

    figure, panels = pyplot.subplots(
        1, 4, figsize=(13, 3.6), sharey=True, layout="constrained"
    )
    for panel, (dimension, points) in zip(panels, seconds.items(), strict=True):
        values = sorted(points)
        times = [1000 * points[value] for value in values]
        power = 2 if dimension == "units" else 1
        ideal = [times[-1] * (value / values[-1]) ** power for value in values]
        law = "units squared" if power == 2 else "in proportion"
        panel.loglog(values, ideal, "--", color="0.6", label=law)
        panel.loglog(values, times, "o-", color="#0072b2", label="measured")
        panel.set_xlabel(TITLES[dimension])
        panel.set_xticks(values, [str(value) for value in values])
        panel.xaxis.set_minor_formatter(NullFormatter())
        panel.legend(frameon=False, loc="upper left")
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("a training step, ms")
    panels[0].yaxis.set_major_formatter(ScalarFormatter())
    figure.suptitle(title)
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cell", default="lstm")
    parser.add_argument("--precision", default="auto")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).with_name("scaling.png")
    )
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", help="write the figures to this file")
    args = parser.parse_args()
    precision = resolve_precision(args.precision)
    seconds = measure(args.cell, f"charrnn {precision}", args.rounds)
    base = ", ".join(f"{TITLES[name]} {value}" for name, value in BASE.items())
    plot(
        seconds, f"{args.cell}, {precision}; but for the axis: {base}", args.out
    )
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump(seconds, file, indent=1)


if __name__ == "__main__":
    main()
