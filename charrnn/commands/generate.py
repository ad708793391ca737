"""Write text with a trained network."""

import json
import secrets
import sys
from pathlib import Path

from charrnn import atomic
from charrnn.commands.arguments import (
    add_unknown_argument,
    at_least,
    fraction,
    prepare,
    shown,
)
from charrnn.corpus import read
from charrnn.engine import load
from charrnn.sampler import Sampler


def add_arguments(parser):
    """Adds the flags of `charrnn generate`."""
    parser.add_argument(
        "--model",
        type=Path,
        metavar="MODEL",
        help="a .keras file or a run's folder (default: the newest in runs/)",
    )
    prompt = parser.add_mutually_exclusive_group()
    prompt.add_argument(
        "--prompt", default="", metavar="TEXT", help="what to continue"
    )
    prompt.add_argument(
        "--prompt-file", metavar="FILE", help="the same from a file, or -"
    )
    add_unknown_argument(parser)
    _add_sampling_arguments(parser.add_argument_group("sampling"))
    output = parser.add_argument_group("output")
    output.add_argument(
        "--out", type=Path, metavar="FILE", help="write here, not on screen"
    )
    output.add_argument(
        "--json", action="store_true", help="an object a line for each sample"
    )


def _add_sampling_arguments(group):
    for flag, kind, default, text in (
        ("--length", at_least(0), 1000, "new characters"),
        ("--count", at_least(1), 1, "samples, drawn together"),
        ("--temperature", float, 0.8, "below 1 safer, above wilder, 0 greedy"),
        ("--top-k", at_least(1), None, "only the N likeliest characters"),
        ("--top-p", fraction, None, "only the likeliest with share N in all"),
        ("--min-p", fraction, None, "only those N times the likeliest's share"),
        ("--seed", int, None, "same seed, same text (default: a new one)"),
    ):
        if default is not None:
            text += f" (default: {default})"
        group.add_argument(
            flag, type=kind, default=default, metavar="N", help=text
        )
    group.add_argument(
        "--stop",
        action="append",
        default=[],
        metavar="STRING",
        help="end a sample before STRING; may be given several times",
    )


def run(arguments):
    """Writes the samples; returns the exit code."""
    engine = load(arguments.model or newest_run())
    prompt = _prompt(arguments, engine)
    seed = arguments.seed
    if seed is None:
        seed = secrets.randbits(32)
    on_screen = not (arguments.out or arguments.json)
    screen = _Screen(prompt, arguments.count) if on_screen else None
    samples = Sampler(engine).generate(
        prompt,
        length=arguments.length,
        count=arguments.count,
        seed=seed,
        stop=arguments.stop,
        on_text=screen and screen.write,
        temperature=arguments.temperature,
        top_k=arguments.top_k,
        top_p=arguments.top_p,
        min_p=arguments.min_p,
    )
    if on_screen:
        screen.finish(samples)
        if sys.stderr.isatty() and arguments.seed is None:
            print(f"(--seed {seed} writes this again)", file=sys.stderr)
        return 0
    text = (_as_json if arguments.json else _as_text)(prompt, samples)
    if arguments.out:
        atomic.write_text(arguments.out, text)
    else:
        print(shown(text), end="")
    return 0


def newest_run(folder="runs"):
    """Finds the run whose model was written last.

    Args:
        folder: Where the runs are.

    Returns:
        The `pathlib.Path` of its model.

    Raises:
        ValueError: if there is none.
    """
    models = list(Path(folder).glob("*/model.keras"))
    if not models:
        raise ValueError(
            f"Expected a trained model in {folder}/. There is none here. "
            "Train one with `python train.py TEXT`, or name one with --model."
        )
    return max(models, key=lambda path: path.stat().st_mtime)


def _prompt(arguments, engine):
    prompt = arguments.prompt
    if arguments.prompt_file:
        prompt = read(arguments.prompt_file, newline="keep")
    return prepare(prompt, engine, arguments.unknown)


class _Screen:
    """Shows the first sample while it is drawn, the others after it."""

    def __init__(self, prompt, count):
        self.prompt = prompt
        self.count = count
        self._head(0)

    def write(self, index, text):
        if index == 0:
            self._print(text)

    def finish(self, samples):
        for sample in samples[1:]:
            self._print("\n")
            self._head(sample.index)
            self._print(sample.text)
        self._print("\n")

    def _head(self, index):
        if self.count > 1:
            self._print(f"{_heading(index, self.count)}\n")
        self._print(self.prompt)

    def _print(self, text):
        sys.stdout.write(shown(text))
        sys.stdout.flush()  # a reader sees each character when it is drawn


def _as_text(prompt, samples):
    if len(samples) == 1:
        return f"{prompt}{samples[0].text}\n"
    return "\n".join(
        f"{_heading(sample.index, len(samples))}\n{prompt}{sample.text}\n"
        for sample in samples
    )


def _heading(index, count):
    return f"--- sample {index + 1} of {count} ---"


def _as_json(prompt, samples):
    return "".join(
        json.dumps(
            {
                "prompt": prompt,
                "text": sample.text,
                "seed": sample.seed,
                "sample": sample.index,
                "nats_per_character": round(sample.nats_per_character, 6),
                "stop_reason": sample.stop_reason,
            },
            ensure_ascii=False,
        )
        + "\n"
        for sample in samples
    )
