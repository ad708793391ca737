"""Write text with a trained network."""

import contextlib
import io
import json
import secrets
import sys
from pathlib import Path

from charrnn import atomic, runs
from charrnn.commands.arguments import (
    add_unknown_argument,
    at_least,
    check_output,
    fraction,
    prepare,
)
from charrnn.commands.screen import command_line, shown
from charrnn.corpus import read
from charrnn.engine import load
from charrnn.model_file import PRETRAINED, model_path
from charrnn.sampler import Sampler

DEFAULT = "shakespeare"  # of the pretrained models, where there is no run


def add_arguments(parser):
    """Adds the flags of `charrnn generate`."""
    parser.add_argument(
        "--model",
        type=Path,
        metavar="MODEL",
        help="a .keras file, a run's folder, or shakespeare, which comes "
        "with charrnn (default: the newest run in runs/, or else shakespeare)",
    )
    prompt = parser.add_mutually_exclusive_group()
    prompt.add_argument(
        "--prompt", default="", metavar="TEXT", help="what to continue"
    )
    prompt.add_argument(
        "--prompt-file", metavar="FILE", help="the same from a file, or -"
    )
    parser.add_argument(
        "--encoding",
        default="utf-8",
        help="of the file with the prompt (default: utf-8)",
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
    name = arguments.model or newest_run() or DEFAULT
    model = model_path(name)
    inputs = {"the model": model, "the prompt": arguments.prompt_file}
    check_output("--out", arguments.out, inputs)
    engine = load(model)
    if arguments.model is None and model == PRETRAINED[DEFAULT]:
        print(
            f"(no model in {runs.FOLDER}/ yet: writing with the {DEFAULT} that "
            "comes with charrnn)",
            file=sys.stderr,
        )
    prompt = _prompt(arguments, engine)
    seed = arguments.seed
    if seed is None:
        seed = secrets.randbits(32)
    sampler = Sampler(engine)
    how = {
        "length": arguments.length,
        "count": arguments.count,
        "seed": seed,
        "stop": arguments.stop,
        "temperature": arguments.temperature,
        "top_k": arguments.top_k,
        "top_p": arguments.top_p,
        "min_p": arguments.min_p,
    }
    with _output(arguments.out) as write:
        if arguments.json:
            for sample in sampler.generate(prompt, **how):
                write(_as_json(prompt, sample))
        else:
            pieces = sampler.stream(prompt, **how)
            _write_text(prompt, pieces, arguments.count, write)
    on_screen = not (arguments.out or arguments.json)
    if on_screen and sys.stderr.isatty():
        again = []
        if arguments.model is None:
            again += ["--model", str(name)]
        if arguments.seed is None:
            again += ["--seed", str(seed)]
        if again:
            print(f"({command_line(again)} writes this again)", file=sys.stderr)
    return 0


def newest_run(folder=runs.FOLDER):
    """Finds the run whose model was written last.

    Args:
        folder: Where the runs are.

    Returns:
        The `pathlib.Path` of its folder; `None` if there is no run.
    """
    models = Path(folder).glob("*/model.keras")
    newest = max(models, key=lambda path: path.stat().st_mtime, default=None)
    return newest and newest.parent


def _prompt(arguments, engine):
    prompt = arguments.prompt
    if arguments.prompt_file:
        prompt = read(
            arguments.prompt_file,
            encoding=arguments.encoding,
            newline="keep",
        )
    return prepare(prompt, engine, arguments.unknown)


@contextlib.contextmanager
def _output(path):
    """Yields a function that writes to a file, or on the screen at once."""
    if path:
        with (
            atomic.replacing(path) as temporary,
            open(temporary, "w", encoding="utf-8", newline="") as file,
        ):
            yield file.write
        return

    def write(text):
        sys.stdout.write(shown(text))
        sys.stdout.flush()  # a reader sees each character when it is drawn

    yield write


def _write_text(prompt, pieces, count, write):
    """Writes the first sample while it is drawn, the others after it."""
    others = [io.StringIO() for _ in range(count - 1)]
    write(_head(0, count) + prompt)
    for index, text in pieces:
        if index == 0:
            write(text)
        else:
            others[index - 1].write(text)
    for index, other in enumerate(others, 1):
        write(f"\n\n{_head(index, count)}{prompt}{other.getvalue()}")
    write("\n")


def _head(index, count):
    return f"--- sample {index + 1} of {count} ---\n" if count > 1 else ""


def _as_json(prompt, sample):
    facts = {
        "prompt": prompt,
        "text": sample.text,
        "seed": sample.seed,
        "sample": sample.index,
        "nats_per_character": round(sample.nats_per_character, 6),
        "stop_reason": sample.stop_reason,
    }
    # JSON leaves some control characters as they are; a terminal obeys them.
    return json.dumps(facts, ensure_ascii=sys.stdout.isatty()) + "\n"
