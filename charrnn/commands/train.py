"""Train a network on a text."""

import argparse

from charrnn.commands import outcome, train_flags
from charrnn.commands.train_flags import add_arguments  # noqa: F401
from charrnn.training.outcome import result_of
from charrnn.training.record import session_of
from charrnn.training.session import Session
from charrnn.training.together import joined


def run(arguments: argparse.Namespace) -> int:
    """Trains as the arguments say; returns the exit code."""
    processes = train_flags.processes(arguments)
    session = session_of(Session(**train_flags.session(arguments)))
    with joined(session, **processes) as leads:
        return result_of(outcome.told(session)) if leads else 0
