"""Write text with a trained network."""

import contextlib
import functools
import io
import json
import re
import secrets
import sys
import time
from pathlib import Path

from charrnn.commands.options import (
    add_unknown_argument,
    at_least,
    check_output,
    fraction,
)
from charrnn.commands.spelling import prepare, typed
from charrnn.network.engine import load
from charrnn.network.model_file import PRETRAINED, model_path
from charrnn.system import atomic, signals
from charrnn.system.terminal import command_line, remark, terminal_safe
from charrnn.text import sources
from charrnn.text.corpus import read
from charrnn.training import run_folder
from charrnn.writing.sampler import PROMPT_LIMIT, Sampler

DEFAULT = "shakespeare"  # of the pretrained models, where there is no run
LAST_LINE_END = re.compile(r"(?:\r\n|\r|\n)\Z")
PATIENCE = 2  # seconds that a user waits without a word


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
        "--prompt-file",
        metavar="FILE",
        help="the same from a file, or -, without its last line end",
    )
    parser.add_argument(
        "--encoding",
        default="utf-8",
        help="of the file with the prompt (default: utf-8)",
    )
    parser.add_argument(
        "--escapes",
        action="store_true",
        help=r"read \n, \t, \r, \\, \xHH, \uHHHH and \UHHHHHHHH in --prompt, "
        "--stop and --stop-after as the characters that they stand for",
    )
    add_unknown_argument(parser)
    _add_sampling_arguments(parser.add_argument_group("sampling"))
    output = parser.add_argument_group("output")
    output.add_argument(
        "--out",
        metavar="FILE",
        help="write a new file, not on screen (-: on screen, after all)",
    )
    output.add_argument(
        "--force", action="store_true", help="replace the file, if it is there"
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
    for flag, where in (("--stop", "before"), ("--stop-after", "after")):
        group.add_argument(
            flag,
            action="append",
            default=[],
            metavar="STRING",
            help=f"end a sample {where} STRING; may be given several times",
        )


def run(arguments):
    """Writes the samples; returns the exit code."""
    name = arguments.model or newest_run() or DEFAULT
    model = model_path(name)
    out = None if arguments.out in (None, "-") else Path(arguments.out)
    _check_out(out, model, arguments)
    engine = load(model)
    if arguments.model is None and model == PRETRAINED[DEFAULT]:
        remark(
            f"no model in {run_folder.FOLDER}/ yet: writing with the "
            f"{DEFAULT} that comes with charrnn"
        )
    prompt = _prompt(arguments, engine)
    seed = arguments.seed
    if seed is None:
        seed = secrets.randbits(32)
    again = []
    if arguments.model is None:
        again += ["--model", str(name)]
    if arguments.seed is None:
        again += ["--seed", str(seed)]
    again = f"{command_line(again)} writes this again" if again else ""
    how = _how(arguments, engine, seed)
    number, characters = _write(Sampler(engine), prompt, how, out, arguments)
    if out:
        remark(
            f"{'interrupted: ' if number else ''}wrote {characters:,} "
            f"characters to {out}" + (f"; {again}" if again else "")
        )
    elif number:
        remark("interrupted")
    elif again and not arguments.json and sys.stderr.isatty():
        remark(again)
    return 128 + number if number else 0


def _check_out(out, model, arguments):
    """Checks that nothing is lost by what is written."""
    inputs = {"the model": model, "the prompt": arguments.prompt_file}
    check_output("--out", out, inputs)
    if out and out.is_file() and not arguments.force:
        raise ValueError(
            f"Expected --out to be a new file. '{out}' is there already. "
            "Choose another name, or replace it with --force."
        )


def _how(arguments, engine, seed):
    """The arguments of `Sampler.generate`."""
    nearest = "nearest" if arguments.unknown == "nearest" else "error"
    stops = {
        name: [
            typed(word, flag, engine, nearest, arguments.escapes, skip=False)
            for word in getattr(arguments, name)
        ]
        for name, flag in (("stop", "--stop"), ("stop_after", "--stop-after"))
    }
    names = "length", "count", "temperature", "top_k", "top_p", "min_p"
    given = {name: getattr(arguments, name) for name in names}
    return {**given, **stops, "seed": seed}


def _watched(received, chunks):
    """Yields a prompt's pieces, and says how far it is where that is long."""
    began = time.monotonic()
    yield chunks[0]
    rest = chunks[1:]
    left = (time.monotonic() - began) * len(rest)
    if left > PATIENCE and sys.stderr.isatty():
        from charrnn.system.progress import watched  # here: it takes 0.1 s

        rest = watched("reading the prompt")(rest)
    for chunk in rest:
        if received:
            raise signals.Terminated(received[0])
        yield chunk


def _write(sampler, prompt, how, out, arguments):
    """Writes all samples, or as much as is drawn before a signal to end.

    Returns:
        `(number, characters)`: of the signal, 0 if there was none, and of
        what was written.
    """
    with signals.noted() as received, _output(out) as write:
        how = {
            **how,
            "watch": functools.partial(_watched, received),
            "interrupted": lambda: bool(received),
        }
        if arguments.json:
            samples = sampler.generate(prompt, **how)
            lines = (_as_json(prompt, sample) for sample in samples)
            written = sum(map(write, lines))
        else:
            pieces = sampler.stream(prompt, **how)
            written = _write_text(prompt, pieces, arguments.count, write)
    return (received[0] if received else 0), written


def newest_run(folder=run_folder.FOLDER):
    """Finds the run whose model was written last.

    Args:
        folder: Where the runs are.

    Returns:
        The `pathlib.Path` of its folder; `None` if there is no run.
    """
    models = [
        path
        for depth in ("*", "*/*")  # `charrnn compare` makes a folder of runs
        for path in Path(folder).glob(f"{depth}/model.keras")
        if path.is_file()
    ]
    newest = max(models, key=lambda path: path.stat().st_mtime, default=None)
    return newest and newest.parent


def _prompt(arguments, engine):
    """The prompt, in characters that the model knows."""
    source = arguments.prompt_file
    if source:
        how = {"encoding": arguments.encoding, "newline": "keep"}
        text = LAST_LINE_END.sub("", read(source, **how))
        title = sources.title(source)
        try:
            prompt = prepare(text, engine, arguments.unknown, title)
        except ValueError as error:
            raise ValueError(f"{title}: {error}") from error
    else:
        how = arguments.unknown, arguments.escapes
        prompt = typed(arguments.prompt, "--prompt", engine, *how)
    if len(prompt) > PROMPT_LIMIT:
        remark(
            f"of the prompt's {len(prompt):,} characters the network reads "
            f"the last {PROMPT_LIMIT:,}: it remembers far fewer"
        )
    return prompt


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
        sys.stdout.write(terminal_safe(text))
        sys.stdout.flush()  # a reader sees each character when it is drawn
        return len(text)

    yield write


def _write_text(prompt, pieces, count, write):
    """Writes the first sample while it is drawn, the others after it.

    Returns:
        The number of characters.
    """
    others = [io.StringIO() for _ in range(count - 1)]
    written = write(_head(0, count) + prompt)
    for index, text in pieces:
        if index == 0:
            written += write(text)
        else:
            others[index - 1].write(text)
    for index, other in enumerate(others, 1):
        head = f"\n\n{_head(index, count)}"
        written += write(f"{head}{prompt}{other.getvalue()}")
    return written + write("\n")


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
