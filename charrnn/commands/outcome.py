"""Report the outcome of a training, and what to do next."""

import signal
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

from charrnn.commands.mistakes import program
from charrnn.system.terminal import command_line, say
from charrnn.training.outcome import Outcome, Untrained
from charrnn.training.record import Record
from charrnn.training.session import Session
from charrnn.training.stopping import Stopped

MIN_MINUTES_ADVISED = 3  # in which a network learns something
INTERRUPTS = signal.SIGINT, signal.SIGTERM


def told(session: Session | Record) -> Generator[Any, None, int]:
    """Trains as `Session.steps` does, and prints the result.

    Args:
        session: The `session.Session`, or the `record.Record`.

    Yields:
        The `schedule.Schedule`, as `Session.steps` does.

    Returns:
        The exit code.
    """
    try:
        outcome = yield from session.steps()
    except Stopped as stopped:
        _tell_how_to_resume(session.corpus, stopped)
        return 128 + stopped.signal
    except FloatingPointError as error:
        print(f"charrnn train: {error}", file=sys.stderr)
        return 1
    if not outcome.has_trained:
        return 0
    command = [*program("generate"), "--model", str(outcome.folder)]
    if outcome.settings.prompt:
        command += ["--prompt", outcome.settings.prompt]
    say(f"write text  {command_line(command)}")
    if outcome.untrained:
        _tell_of_little_time(outcome, outcome.untrained)
        return 1
    return 0


def _tell_how_to_resume(corpus: list[str], stopped: Stopped) -> None:
    """Prints where training stopped, and the command that resumes it."""
    command = [*program("train"), *words(corpus, stopped.folder)]
    say(
        f"stopped after step {stopped.step}. To resume:\n"
        f"{command_line(command)}",
        # After other signals, the reader of stdout is gone.
        file=None if stopped.signal in INTERRUPTS else sys.stderr,
    )


def _tell_of_little_time(outcome: Outcome, found: Untrained) -> None:
    """Says that the network has learnt nothing within its time limit."""
    steps = "1 step" if found.steps == 1 else f"{found.steps} steps"
    minutes = f"{max(MIN_MINUTES_ADVISED, 2 * found.minutes):g}"
    command = [*program("train"), "--minutes", minutes]
    command += words(outcome.settings.corpus, outcome.folder)
    print(
        f"charrnn train: the network has hardly trained: {steps} in "
        f"{found.seconds:.0f} s, {found.seconds_before_first_step:.0f} s of "
        "which passed before the first was done. It is hardly better than "
        "letters drawn at random by their frequency. Give it more time; to "
        f"resume: {command_line(command)}",
        file=sys.stderr,
    )


def words(corpus: list[str], out: Path | str) -> list[str]:
    """Returns the words after `train` that resume a run.

    Args:
        corpus: The text, as the user named it: a list of names.
        out: The run's folder.

    Returns:
        A list of `str`.

    Example:

    >>> words(["-x.txt"], "runs/x-1")
    ['--out', 'runs/x-1', '--', '-x.txt']
    """
    flags = ["--out", str(out)]
    if any(name.startswith("-") and name != "-" for name in corpus):
        return [*flags, "--", *corpus]  # names that look like flags
    return [*corpus, *flags]
