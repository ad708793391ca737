"""Measure how gradients vanish in SimpleRNN, LSTM and GRU."""

import json
import math
from pathlib import Path

import numpy as np

from charrnn.commands.options import (
    PNG,
    add_text_arguments,
    at_least,
    check_output,
    read_corpus,
)
from charrnn.network.arguments import parameters_of
from charrnn.network.cells import CELLS
from charrnn.system import ram
from charrnn.system.plotting import picture
from charrnn.system.progress import watched
from charrnn.system.terminal import terminal_safe
from charrnn.text.vocabulary import Vocabulary
from charrnn.text.windows import Windows, fit_to_text, split

TEXTS = 64  # whose gradients are averaged
WARM_UP = 32  # characters read before those that count
COPIES = 8  # of the weights: gradients, moments, and what TensorFlow takes
SHOWN = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500)  # lags in the table


def add_arguments(parser):
    """Adds the flags of `charrnn gradients`."""
    parser.add_argument(
        "corpus",
        nargs="+",
        metavar="TEXT",
        help="files, folders of .txt files, - for stdin, or a corpus; the "
        "last tenth is not trained on, and measured on",
    )
    add_text_arguments(parser)
    for flag, least, default, text in (
        ("--units", 1, 128, "size of the one layer of each network"),
        ("--steps", 0, 500, "of training, between the two measurements"),
        ("--lags", 1, 100, "characters to look back"),
        ("--seed", 0, 0, "of weights and windows"),
    ):
        parser.add_argument(
            flag,
            type=at_least(least),
            default=default,
            metavar="N",
            help=f"{text} (default: {default})",
        )
    parser.add_argument(
        "--plot", type=Path, metavar="PNG", help="draw the norms, too"
    )
    parser.add_argument(
        "--json", action="store_true", help="print the norms as JSON"
    )


def run(arguments):
    """Trains and measures the three; returns the exit code."""
    inputs = {"the text": arguments.corpus}
    check_output("--plot", arguments.plot, inputs, PNG)
    text = read_corpus(arguments)
    vocabulary = Vocabulary.from_text(text)
    training, held_out = split(vocabulary.encode(text))
    _check_memory(arguments.units, len(vocabulary))
    length = WARM_UP + arguments.lags + 2  # k begins at 0; the last is y(t)
    if len(held_out) < length:
        raise ValueError(
            f"Expected a last tenth of {length:,} characters or more. "
            f"Received {len(held_out):,}. Use fewer --lags, or a longer text."
        )
    starts = np.linspace(0, len(held_out) - length, TEXTS).astype(int)
    texts = [held_out[start : start + length] for start in starts]
    rows = []
    for cell in watched("training", total=len(CELLS))(CELLS):
        rows += _measure(cell, vocabulary, training, np.stack(texts), arguments)
    if arguments.json:
        print(json.dumps(rows, indent=1))
    else:
        _print(rows)
    if arguments.plot:
        _plot(rows, arguments.plot)
        if not arguments.json:
            print(f"plot  {terminal_safe(str(arguments.plot))}")
    return 0


def _check_memory(units, characters):
    weights = max(
        parameters_of(characters, cell, units, layers=1) for cell in CELLS
    )
    ram.check_fits(4 * COPIES * weights, "the network", "Use fewer --units.")


def _measure(cell, vocabulary, training, texts, arguments):
    """The rows of a kind of cell: before training, and after it."""
    from charrnn import build_model, fused
    from charrnn.insight.gradients import gradient_decay
    from charrnn.network.backend import keras, use_float32
    from charrnn.training import recipe
    from charrnn.training.schedule import Schedule, loss, optimizer

    use_float32()
    keras.utils.set_random_seed(arguments.seed)
    model = build_model(vocabulary, cell=cell, units=arguments.units, layers=1)
    decays = {0: gradient_decay(model, texts, arguments.lags)}
    trained = None
    if arguments.steps:
        batch_size, seq_length = fit_to_text(len(training), 32, 64)
        windows = Windows(
            training, batch_size=batch_size, seq_length=seq_length,
            seed=arguments.seed,
        )  # fmt: skip
        twin = fused(model, batch_size=batch_size)
        rate = recipe.rate_for(cell, arguments.units)
        twin.compile(optimizer(rate), loss())
        history = twin.fit(
            windows.dataset(), steps_per_epoch=arguments.steps, verbose=0,
            shuffle=False, callbacks=[Schedule(windows, rate, arguments.steps)],
        )  # fmt: skip
        trained = history.history["loss"][-1]
        decays[arguments.steps] = gradient_decay(model, texts, arguments.lags)
    return [
        {
            "cell": cell,
            "steps": steps,
            "half_life": _finite(decay.half_life),
            "norms": decay.norms.tolist(),
            "training_loss": _finite(trained) if steps else None,
        }
        for steps, decay in decays.items()
    ]


def _finite(number):
    """The number for JSON, which has none for infinity."""
    return number if math.isfinite(number) else None


def _print(rows):
    lags = [k for k in SHOWN if k < len(rows[0]["norms"])]
    print("norm of d loss(t) / d h(t - k), and after how many characters it is")
    print("half, by the slope of its logarithm over all lags\n")
    _print_row("cell", [row["cell"] for row in rows])
    steps = [row["steps"] for row in rows]
    _print_row("trained", [f"{n} steps" if n else "not" for n in steps])
    halves = [row["half_life"] for row in rows]
    _print_row(
        "half-life", ["grows" if h is None else f"{h:.1f}" for h in halves]
    )
    for k in lags:
        _print_row(f"k = {k}", [f"{row['norms'][k]:.2g}" for row in rows])
    if _simple_rnn_keeps_best(rows):
        print(
            "(untrained, the SimpleRNN keeps best: its recurrent matrix is\n"
            "orthogonal, which keeps the length of a gradient; gates are "
            "half shut at first)"
        )


def _print_row(name, values):
    """Prints a row; with six cells, fewer than 80 columns wide."""
    print(f"{name:<9}" + "".join(f" {value:>10}" for value in values))


def _simple_rnn_keeps_best(rows):
    """Whether its gradient lasts longest of those that are not trained."""
    untrained = {
        row["cell"]: math.inf if row["half_life"] is None else row["half_life"]
        for row in rows
        if not row["steps"]
    }
    return max(untrained, key=untrained.get) == "simple_rnn"


def _plot(rows, path):
    """Draws the norms over the lag: before and after training."""
    steps = sorted({row["steps"] for row in rows})
    panels = len(steps)
    with picture(path, panels, width=5 * panels, sharey=True) as both:
        for axes, own in zip(both, steps, strict=True):
            for row in (row for row in rows if row["steps"] == own):
                half = row["half_life"]
                told = "" if half is None else f", half-life {half:.1f}"
                axes.plot(
                    row["norms"],
                    color=CELLS[row["cell"]].colour,
                    label=f"{CELLS[row['cell']].layer}{told}",
                )
            axes.set_yscale("log")
            axes.set_title(f"after {own} steps" if own else "before training")
            axes.set_xlabel("lag k (characters)")
        both[0].set_ylabel("norm of d loss(t) / d h(t - k)")
