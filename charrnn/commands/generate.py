"""Write text with a trained network."""

import argparse
import functools
import secrets
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from charrnn.commands.best_flags import Draw, check_go_together, drawer_of
from charrnn.commands.control_flags import (
    constraints_as_json,
    constraints_of,
    length_with,
    tell_dead_ends,
    tell_forced,
)
from charrnn.commands.copy_flags import copy_constraints, needed_source
from charrnn.commands.documents import (
    draw_different,
    draw_new,
    drawn_together,
    known_documents,
    length_for,
    tell_cut,
)
from charrnn.commands.generate_flags import (
    DEFAULT_TEMPERATURE,
    add_arguments,
)
from charrnn.commands.mix_flags import mixed, mixed_paths
from charrnn.commands.outputs import check_output
from charrnn.commands.prompt import read_prompt
from charrnn.commands.samples import (
    Layout,
    Write,
    as_json,
    opened,
    write_samples,
)
from charrnn.commands.spelling import separator_of, typed
from charrnn.commands.state_flags import read_state, write_state
from charrnn.network.engine import Engine, load
from charrnn.network.model_file import PRETRAINED, model_path
from charrnn.system import signals
from charrnn.system.terminal import command_line, remark
from charrnn.training.places import RUNS, newest_run
from charrnn.writing.sampler import Sampler
from charrnn.writing.state import State
from charrnn.writing.steering import DEAD_END

BUNDLED_MODEL = "shakespeare"  # used if there is no run yet
SECONDS_WITHOUT_PROGRESS = 2  # a longer wait shows a progress bar

__all__ = ["add_arguments", "run"]


def run(arguments: argparse.Namespace) -> int:
    """Writes the samples; returns the exit code."""
    check_go_together(arguments)
    name = arguments.model or newest_run() or Path(BUNDLED_MODEL)
    model = model_path(name)
    out = None if arguments.out in (None, "-") else Path(arguments.out)
    _check_out(out, model, arguments)
    engine = load(model)
    if arguments.model is None:
        _tell_model(name, model, engine)
    engine = mixed(
        engine,
        arguments,
        over=max(1, _length(arguments, engine)),
        over_in=arguments.length_in,
    )
    state = read_state(arguments, engine)
    source = needed_source(arguments, engine)
    known = known_documents(engine, model, arguments)
    new: Draw | None = functools.partial(draw_new, known) if known else None
    if arguments.unique:
        new = new or draw_different  # new documents are different anyway
    draw = drawer_of(arguments, source, new)
    prompt = read_prompt(
        arguments, engine, whole=bool(arguments.state_out or state)
    )
    if arguments.state_out:
        return _write_state(arguments, engine, prompt, state)
    seed = arguments.seed
    if seed is None:
        seed = secrets.randbits(32)
    how = {**_how(arguments, engine, seed, source), "state": state}
    number, characters, reasons = _write(
        Sampler(engine), prompt, how, out, arguments, draw
    )
    again = _flags_to_repeat(arguments, name, seed)
    _tell_end(arguments, again, number, characters, out)
    if number:
        return 128 + number
    return int(bool(reasons) and set(reasons) == {DEAD_END})


def _tell_end(
    arguments: argparse.Namespace,
    again: str,
    number: int,
    characters: int,
    out: Path | None,
) -> None:
    """Says what was written, and how to write it again."""
    if out:
        remark(
            f"{'interrupted: ' if number else ''}wrote {characters:,} "
            f"characters to {out}" + (f"; {again}" if again else "")
        )
    elif number:
        remark("interrupted")
    elif again and not arguments.json and sys.stderr.isatty():
        remark(again)


def _tell_model(name: Path, model: Path, engine: Engine) -> None:
    """Says which model writes if the user named none."""
    if model == PRETRAINED[BUNDLED_MODEL]:
        remark(
            f"no model in {RUNS}/ yet: writing with the "
            f"{BUNDLED_MODEL} that comes with charrnn"
        )
        return
    # `charrnn compare` makes a run of each cell: say which one this is.
    kinds = {f"{layer.name}, {len(layer.U):,} units" for layer in engine.layers}
    network = " + ".join(sorted(kinds))
    remark(f"writing with the newest run, {name} ({network})")


def _flags_to_repeat(
    arguments: argparse.Namespace, name: Path, seed: int
) -> str:
    """Lists the flags with which the command writes the same text again."""
    flags = []
    if arguments.model is None:
        flags += ["--model", str(name)]
    if arguments.seed is None and arguments.beam is None:
        flags += ["--seed", str(seed)]
    return f"{command_line(flags)} writes this again" if flags else ""


def _check_out(
    out: Path | None, model: Path, arguments: argparse.Namespace
) -> None:
    """Checks that writing to a file overwrites nothing."""
    inputs: dict[str, Any] = {
        "the model": model,
        "the prompt": arguments.prompt_file,
    }
    for other in mixed_paths(arguments):
        inputs[f"the model {str(other)!r}"] = other
    inputs["the state"] = arguments.state_in
    for flag, path in (("--out", out), ("--state-out", arguments.state_out)):
        check_output(flag, path, inputs)
        if path and path.is_file() and not arguments.force:
            raise ValueError(
                f"'{path}' is there already. Choose another name, or replace "
                "it with --force."
            )


def _how(
    arguments: argparse.Namespace,
    engine: Engine,
    seed: int,
    source: str | None,
) -> dict[str, Any]:
    """The keyword arguments of `Sampler.generate`."""
    nearest = "nearest" if arguments.unknown == "nearest" else "error"
    stops = {
        name: [
            typed(word, flag, engine, nearest, arguments.escapes, skip=False)
            for word in getattr(arguments, name)
        ]
        for name, flag in (("stop", "--stop"), ("stop_after", "--stop-after"))
    }
    names = (
        "length", "length_in", "count", "temperature", "top_k", "top_p",
        "min_p",
    )  # fmt: skip
    given = {name: getattr(arguments, name) for name in names}
    constraints = given["constraints"] = [
        *constraints_of(arguments, engine),
        *copy_constraints(arguments, engine, source),
    ]
    if arguments.temperature is None:
        given["temperature"] = DEFAULT_TEMPERATURE
    given["length"] = _length(arguments, engine)
    if arguments.length is None:
        given["length"] = length_with(constraints, given["length"])
    return {**given, **stops, "seed": seed}


def _length(arguments: argparse.Namespace, engine: Engine) -> int:
    """The maximum length of a sample."""
    given = arguments.length
    return length_for(engine) if given is None else given


def _write_state(
    arguments: argparse.Namespace,
    engine: Engine,
    prompt: str,
    state: State | None,
) -> int:
    """Saves the state after the prompt; returns the exit code."""
    with signals.noted() as received:
        watch = functools.partial(_watched, received)
        write_state(arguments, engine, prompt, state, watch)
    return 0


def _watched(received: Sequence[int], chunks: Sequence) -> Iterator:
    """Yields a prompt's pieces, with a progress bar if reading takes long.

    The time of the first piece gives the estimate.
    """
    began = time.monotonic()
    yield chunks[0]
    rest: Iterable = chunks[1:]
    left = (time.monotonic() - began) * (len(chunks) - 1)
    if left > SECONDS_WITHOUT_PROGRESS and sys.stderr.isatty():
        from charrnn.system.progress import watched  # here: 0.1 s

        rest = watched("reading the prompt")(rest)
    for chunk in rest:
        if received:
            raise signals.Terminated(received[0])
        yield chunk


def _write(
    sampler: Sampler,
    prompt: str,
    how: dict[str, Any],
    out: Path | None,
    arguments: argparse.Namespace,
    draw: Draw | None,
) -> tuple[int, int, list[str]]:
    """Writes all samples, or what is drawn before a signal to stop.

    Returns:
        The number of the signal, 0 if there was none, the number of
        characters written, and why each sample ended.
    """
    shown, end = sampler.vocabulary.shown, sampler.vocabulary.end
    separator = separator_of(arguments)
    layout_of = functools.partial(Layout, end=end, separator=separator)
    with signals.noted() as received, opened(out, shown) as write:
        how = {
            **how,
            "watch": functools.partial(_watched, received),
            "interrupted": lambda: bool(received),
        }
        if draw or arguments.json:
            found = drawn_together(draw, arguments, sampler, prompt, how)
            reasons = [each.stop_reason for each, _ in found]
        if arguments.json:
            rules = constraints_as_json(arguments)
            written = sum(
                write(as_json(prompt, sample, rules, more))
                for sample, more in found
            )
        elif draw:
            pieces = enumerate(sample.text for sample, _ in found)
            layout = layout_of(len(found))
            written = write_samples(prompt, pieces, layout, write)
        else:
            layout = layout_of(how["count"])
            written, reasons = _write_while_drawn(
                sampler, prompt, how, layout, write
            )
    return (received[0] if received else 0), written, reasons


def _write_while_drawn(
    sampler: Sampler,
    prompt: str,
    how: dict[str, Any],
    layout: Layout,
    write: Write,
) -> tuple[int, list[str]]:
    """Writes samples while they are drawn; as `_write` without a signal."""
    drawing = sampler.stream(prompt, **how)
    written = write_samples(prompt, drawing, layout, write)
    reasons = drawing.stop_reasons()
    tell_cut(sampler, reasons, how["length"])
    tell_dead_ends(reasons)
    tell_forced(drawing.forced(), how["length"])
    return written, reasons
