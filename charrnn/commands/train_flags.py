"""The flags of `charrnn train`: a run's settings and their defaults."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from charrnn.commands.options import add_text_arguments
from charrnn.training import recipe
from charrnn.training.settings import CHOSEN, DEFAULT_PRESET, DEFAULTS, KINDS
from charrnn.training.values import Kind

# What the flags say, by group and setting, in the order of the pipeline. A
# default that is not told in words is that of `settings.Settings`.
TEXT = {
    "unit": "what the network reads and writes; a word takes the space before "
    "it along, and rare words are spelled out; bytes are those of any file",
    "min_count": "characters that occur less often are read as U+FFFD, which "
    "is never written; words are spelled out (default: 1, of words 2)",
    "max_vocab": "at most so many distinct characters, the most frequent "
    "ones; others are read as U+FFFD, too (default: all; of words 10,000, "
    "and all characters besides)",
    "validation": "of the text, at its end, held out; 0 learns from all of it "
    "and keeps the last model",
}
NETWORK = {
    "cell": "kind of recurrent layer",
    "units": "size of a recurrent layer",
    "layers": "number of recurrent layers",
    "dropout": "share of a recurrent layer's outputs dropped",
    "embedding": "size of the character embedding, none for one-hot input, or "
    "auto: one-hot up to 256 distinct characters",
    "init_from": "begin with the weights and the characters of a trained "
    "model (default: new weights)",
}
TRAINING = {
    "batch_size": "streams read in parallel",
    "seq_length": "characters gradients reach back",
    "learning_rate": "the highest, after warm-up",
    "clip_norm": "largest norm of all gradients",
    "weight_decay": "what weights lose in a step, in parts of the learning "
    "rate",
    "weight_drop": "share of recurrent weights left out of a step",
    "seed": "of weights, dropout and streams",
    "precision": "of the operands of matrix products; weights, states and "
    "gates are float32 in each case (default: auto, bfloat16 where the "
    "processor has instructions for it)",
}
MINUTES = (
    "time from the command's start to its end, everything included; size and "
    "dropout follow from it and from the text (default: as the preset says)"
)
LENGTH = {
    "epochs": "passes over the training text at most (default: "
    f"{recipe.LONG_TEXT_EPOCHS}, more for a short text)",
    "patience": "stop after N rounds that are no better (default: when the "
    "text is learnt by heart)",
    "checkpoint_seconds": "from one checkpoint to the next, all that a killed "
    "run loses",
}
METAVARS = {"validation": "FRACTION", "embedding": "SIZE", "init_from": "MODEL"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `charrnn train`, in the order of the pipeline."""
    # Only flags that are given get a value: a run's own come before defaults.
    parser.argument_default = argparse.SUPPRESS
    _add_run_arguments(parser)
    text = parser.add_argument_group("text")
    add_text_arguments(text)
    _add_settings(text, TEXT)
    _add_settings(parser.add_argument_group("network"), NETWORK)
    training = parser.add_argument_group("training")
    _add_settings(training, TRAINING)
    time = training.add_mutually_exclusive_group()
    time.add_argument(
        "--preset",
        choices=recipe.PRESETS,
        help="so many --minutes at most: "
        + ", ".join(f"{name} {n}" for name, n in recipe.PRESETS.items())
        + f" (default: {DEFAULT_PRESET}, without --epochs)",
    )
    _add_settings(time, {"minutes": MINUTES})
    _add_settings(training, LENGTH)
    reporting = parser.add_argument_group("reporting")
    reporting.add_argument(
        "--prompt", help="what the samples on the way begin with"
    )
    reporting.add_argument(
        "--quiet", action="store_true", help="a line a round, no samples"
    )


def _add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the text, and what is to become of its run."""
    parser.add_argument(
        "corpus",
        nargs="+",
        metavar="TEXT",
        help="files, folders of .txt files, - for stdin, or a corpus that "
        "`charrnn corpora` lists; several are learnt one after the other",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="folder for the run (default: runs/TEXT-1, or the next number); "
        "a run that is there already goes on where it stopped",
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="begin anew, and rename the run that is in the folder",
    )
    parser.add_argument(
        "--change",
        action="store_true",
        help="go on with the run in the folder under the other "
        "--learning-rate, --dropout, --batch-size and so on that are given",
    )


def _add_settings(group: Any, settings: dict[str, str]) -> None:
    """Adds a flag for each setting, with its limits and its default."""
    for name, words in settings.items():
        kind = KINDS[name]
        if "(default: " not in words:
            words += f" (default: {_default(name)})"
        options: dict[str, Any] = {"help": words}
        if kind.choices:
            options["choices"] = kind.choices
        else:
            options["type"] = flag_type(kind)
            options["metavar"] = METAVARS.get(name, "N")
        group.add_argument("--" + name.replace("_", "-"), **options)


def _default(name: str) -> str:
    if name in CHOSEN:
        return "what suits the text and the time"
    default = DEFAULTS[name]
    return f"{default:g}" if isinstance(default, float) else str(default)


def flag_type(kind: Kind) -> Callable[[str], Any]:
    """A type of argparse for a kind of values.

    Args:
        kind: As `settings.KINDS` has it.

    Returns:
        A function of a word, which raises as argparse wants it.

    Example:

    >>> flag_type(KINDS["units"])("8")
    8
    """

    def parse(word: str) -> Any:
        try:
            return kind.checked(word, from_word=True)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parse


def session(arguments: argparse.Namespace) -> dict[str, Any]:
    """What the flags mean: the arguments of `session.Session`.

    Args:
        arguments: With the flags that are given, and no others.

    Returns:
        A `dict`.
    """
    given = dict(vars(arguments))
    return {
        "corpus": given.pop("corpus"),
        "out": given.pop("out", None),
        "fresh": given.pop("fresh", False),
        "change": given.pop("change", False),
        "given": given,
    }
