"""The flags of `charrnn generate`."""

import argparse
from pathlib import Path

from charrnn.commands.best_flags import add_best_arguments
from charrnn.commands.control_flags import add_control_arguments
from charrnn.commands.copy_flags import add_copy_arguments
from charrnn.commands.mix_flags import add_mix_arguments
from charrnn.commands.options import Once, at_least, fraction, temperature
from charrnn.commands.prompt import add_prompt_arguments
from charrnn.commands.state_flags import add_state_arguments
from charrnn.writing.limits import LENGTHS

DEFAULT_TEMPERATURE = 0.8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `charrnn generate`."""
    parser.add_argument(
        "--model",
        type=Path,
        metavar="MODEL",
        help="a .keras file, a run's folder, or shakespeare, which comes "
        "with charrnn (default: the newest run in runs/, or else shakespeare)",
    )
    add_prompt_arguments(
        parser, "--prompt, --stop, --stop-after, --separator and --forbid"
    )
    _add_sampling_arguments(parser.add_argument_group("sampling"))
    add_copy_arguments(parser.add_argument_group("copying and repetition"))
    add_best_arguments(parser.add_argument_group("the best of many"))
    add_mix_arguments(
        parser.add_argument_group("several models"),
        " or, in quotes, '0.1>0.9', which moves along --length",
    )
    add_state_arguments(parser.add_argument_group("states"))
    add_control_arguments(parser)
    _add_output_arguments(parser.add_argument_group("output"))


def _add_sampling_arguments(group: argparse._ActionsContainer) -> None:
    for flag, kind, default, text in (
        (
            "--length",
            at_least(0),
            None,
            "number of new characters, or words or bytes (default: 1000; for a "
            "model of documents twice the longest that was learnt)",
        ),
        ("--count", at_least(1), 1, "number of samples, drawn together"),
        (
            "--temperature",
            temperature,
            None,
            "below 1 safer, above 1 wilder; 0 always takes the likeliest; two "
            "as 0.4,0.9: of a word's first letter, and of the rest "
            f"(default: {DEFAULT_TEMPERATURE})",
        ),
        ("--top-k", at_least(1), None, "draw from the N likeliest units"),
        (
            "--top-p",
            fraction,
            None,
            "draw from the likeliest, whose probabilities add up to N",
        ),
        (
            "--min-p",
            fraction,
            None,
            "draw from those at least N times as probable as the likeliest",
        ),
        ("--seed", int, None, "same seed, same text (default: a new one)"),
    ):
        if default is not None:
            text += f" (default: {default})"
        group.add_argument(
            flag, type=kind, default=default, metavar="N", help=text
        )
    _add_ends(group)


def _add_ends(group: argparse._ActionsContainer) -> None:
    """Adds what counts as length, and what ends a sample before."""
    group.add_argument(
        "--length-in",
        choices=LENGTHS,
        default=LENGTHS[0],
        help="what --length counts: the model's units or characters (default: "
        "units)",
    )
    group.add_argument(
        "--new",
        nargs="*",
        metavar="TEXT",
        help="of a model of documents: keep only those that are not in its "
        "training text, and tell how many were; the run's folder has what this "
        "takes, elsewhere name the training text",
    )
    group.add_argument(
        "--unique",
        action="store_true",
        help="write equal texts once, and draw on until there are --count "
        "different ones (at most 50 times as many are drawn)",
    )
    for flag, where in (("--stop", "before"), ("--stop-after", "after")):
        group.add_argument(
            flag,
            action="append",
            default=[],
            metavar="STRING",
            help=f"end a sample {where} STRING; may be given several times",
        )


def _add_output_arguments(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--out",
        metavar="FILE",
        help="write to a new file, not to the screen (-: to the screen)",
    )
    group.add_argument(
        "--force", action="store_true", help="replace the file if it exists"
    )
    group.add_argument(
        "--separator",
        action=Once,
        metavar="STRING",
        help="write STRING between samples, instead of headings",
    )
    group.add_argument(
        "--json",
        action="store_true",
        help="print each sample as a line of JSON",
    )
