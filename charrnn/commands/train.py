"""Train a network on a text."""

import argparse

from charrnn.commands import outcome, train_flags
from charrnn.commands.train_flags import add_arguments  # noqa: F401
from charrnn.training.session import Session, result_of


def run(arguments: argparse.Namespace) -> int:
    """Trains as the arguments say; returns the exit code."""
    session = Session(**train_flags.session(arguments))
    return result_of(outcome.told(session))
