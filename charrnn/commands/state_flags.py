"""The flags that save a state, and go on from one."""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from charrnn.network.engine import Engine
from charrnn.system.terminal import counted, remark
from charrnn.writing.priming import prime
from charrnn.writing.state import State
from charrnn.writing.state_file import load_state, save_state

# Flags about samples, which --state-out does not write, and their defaults.
OF_SAMPLES: dict[str, Any] = {
    "--out": None, "--json": False, "--count": 1, "--length": None,
    "--new": None, "--stop": [], "--stop-after": [], "--best-of": None,
    "--beam": None, "--max-copy": None, "--no-loops": False, "--match": [],
    "--lines": None, "--sentences": None, "--acrostic": None,
    "--unique": False, "--separator": None,
}  # fmt: skip


def add_state_arguments(group: argparse._ActionsContainer) -> None:
    """Adds the flags."""
    group.add_argument(
        "--state-out",
        type=Path,
        metavar="FILE",
        help="read the whole prompt, however long it is, save the network's "
        "state in a new FILE, and write no text",
    )
    group.add_argument(
        "--state-in",
        type=Path,
        metavar="FILE",
        help="go on from a state that --state-out saved; a prompt follows the "
        "text that was read there",
    )


def read_state(arguments: argparse.Namespace, engine: Engine) -> State | None:
    """Reads the state to go on from, if one is given.

    Args:
        arguments: Those of `charrnn generate`.
        engine: The model.

    Returns:
        A `State`, or `None` without --state-in.

    Raises:
        ValueError: if the file is not a state of the model, or flags do not go
            together.
        OSError: if it cannot be read.
    """
    if arguments.state_out:
        _check_writes_no_text(arguments)
    if arguments.state_in is None:
        return None
    if arguments.new is not None:
        raise ValueError(
            "Expected --new or --state-in: a state has not the beginning of "
            "the document. Received both. Leave one out."
        )
    try:
        return load_state(arguments.state_in, engine)
    except ValueError as error:
        raise ValueError(f"--state-in: {error}") from error


def write_state(
    arguments: argparse.Namespace,
    engine: Engine,
    prompt: str,
    state: State | None,
    watch: Callable[[Iterable], Iterable],
) -> None:
    """Reads the prompt, and saves the state after it.

    Args:
        arguments: With the `state_out` file.
        engine: The model.
        prompt: A text of any length.
        state: What `read_state` returned.
        watch: As for `Sampler.start`.

    Raises:
        ValueError: as `charrnn.prime` does.
        OSError: if the file cannot be written.
    """
    primed = prime(engine, prompt, state=state, watch=watch)
    save_state(primed, arguments.state_out, engine)
    remark(
        f"read {counted(len(prompt), 'character')}; the state is in "
        f"{arguments.state_out}"
    )


def _check_writes_no_text(arguments: argparse.Namespace) -> None:
    """Checks that no flag is given that is about samples."""
    for flag, default in OF_SAMPLES.items():
        if getattr(arguments, flag[2:].replace("-", "_")) != default:
            raise ValueError(
                f"Expected --state-out without {flag}: it reads the prompt, "
                "and writes no text. Leave one out."
            )
