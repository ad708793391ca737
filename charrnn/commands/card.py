"""Print a model card: what a published model should say of itself."""

import argparse

from charrnn.commands.options import add_model_argument
from charrnn.exports.card import card
from charrnn.exports.export import title_of
from charrnn.network.engine import load
from charrnn.network.model_file import model_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `charrnn card`."""
    add_model_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prints the card; returns the exit code."""
    path = model_path(arguments.model)
    print(card(load(path), title_of(path)), end="")
    return 0
