"""The flags of `charrnn train`: a run's settings and their defaults."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from charrnn.commands.options import add_text_arguments, at_least
from charrnn.system.launchers import find_place
from charrnn.training import recipe, rules, values
from charrnn.training.settings import (
    CHOSEN,
    DEFAULT_PRESET,
    DEFAULTS,
    KINDS,
    check_limits,
)
from charrnn.training.team import JOIN_SECONDS
from charrnn.training.values import Kind

# The help of the flags by group and setting, in the order of the pipeline. A
# help without a default gets that of `settings.Settings`.
TEXT = {
    "unit": "what the network reads and writes; a word includes the space "
    "before it, and rare words are spelled out; bytes can be of any file",
    "min_count": "characters that occur less often are read as U+FFFD, which "
    "is never written; words are spelled out (default: 1, of words 2)",
    "max_vocab": "maximum number of distinct characters, the most frequent "
    "ones; others are read as U+FFFD, too (default: all; of words 10,000, all "
    "characters among them)",
    "documents": "what begins and ends by itself, to be written one by one: "
    "files, lines (names, tweets), or the pieces between separators, such as "
    r"'\n\n' (default: none, one endless text)",
    "validation": "share of the text, at its end, or of the documents that is "
    "held out; 0 trains on all of it and keeps the last model",
}
NETWORK = {
    "cell": "kind of recurrent layer",
    "units": "size of a recurrent layer",
    "layers": "number of recurrent layers",
    "dropout": "share of a recurrent layer's outputs dropped",
    "recurrent_dropout": "share of the previous step's outputs that a gate "
    "does not read, the same ones throughout a window",
    "embedding": "size of the embedding of characters or words, none for "
    "one-hot input, or auto: one-hot up to 256 distinct ones",
    "init_from": "start from the weights and the vocabulary of a trained "
    "model, and add what is new in the text (default: new weights)",
    "freeze_vocabulary": "with --init-from: refuse a text with characters "
    "that the model does not know, rather than add them (default: add them)",
}
TRAINING = {
    "teachers": "models to learn from, beside the text: the network learns "
    "their mean probabilities, and has their vocabulary (default: none)",
    "teacher_weight": "with --teachers: their share of the loss, from 0 to 1; "
    "the rest is the text's",
    "batch_size": "streams read in parallel",
    "seq_length": "characters, or words or bytes, per window: how far "
    "gradients reach back",
    "learning_rate": "peak learning rate, after warm-up",
    "clip_norm": "maximum global norm of the gradients",
    "weight_decay": "AdamW's weight decay",
    "weight_drop": "share of recurrent weights dropped at each step "
    "(DropConnect)",
    "seed": "of weights, dropout and streams",
    "precision": "of the operands of matrix products; weights, states and "
    "gates are always float32 (default: auto, bfloat16 if the processor has "
    "instructions for it)",
}
MINUTES = (
    "time limit for the whole command; size and dropout are chosen by it and "
    "by the text (default: the preset's)"
)
LENGTH = {
    "epochs": "maximum number of passes over the training text (default: "
    f"{rules.LONG_TEXT_EPOCHS}, more for a short text)",
    "patience": "stop after N rounds without a lower loss (default: when the "
    "network has memorized the text)",
    "checkpoint_seconds": "time from one checkpoint to the next: the most that "
    "a killed run loses",
}
PROCESSES = "coordinator", "processes", "process"
METAVARS = {
    "documents": "files|lines|SEPARATOR",
    "validation": "FRACTION",
    "embedding": "SIZE",
    "init_from": "MODEL",
    "teachers": "MODEL",
    "teacher_weight": "SHARE",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `charrnn train`, in the order of the pipeline."""
    # Flags that are not given get no value here: a resumed run's settings take
    # precedence over defaults.
    parser.argument_default = argparse.SUPPRESS
    _add_run_arguments(parser)
    text = parser.add_argument_group("text")
    add_text_arguments(text)
    _add_settings(text, TEXT)
    _add_settings(parser.add_argument_group("network"), NETWORK)
    training = parser.add_argument_group("training")
    _add_settings(training, TRAINING)
    training.add_argument(
        "--preset",
        choices=recipe.PRESETS,
        help="a time limit, in --minutes: "
        + ", ".join(f"{name} {n}" for name, n in recipe.PRESETS.items())
        + "; record trains several networks, and one that learns from them "
        f"(default: {DEFAULT_PRESET}, without --epochs)",
    )
    _add_settings(training, {"minutes": MINUTES})
    _add_settings(training, LENGTH)
    _add_processes(parser.add_argument_group("several processes"))
    reporting = parser.add_argument_group("reporting")
    reporting.add_argument(
        "--prompt", help="the text that samples during training begin with"
    )
    reporting.add_argument(
        "--quiet",
        action="store_true",
        help="print one line per round, and no samples",
    )


def _add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the text, and the flags for the run's folder."""
    parser.add_argument(
        "corpus",
        nargs="+",
        metavar="TEXT",
        help="files, folders of .txt files, - for stdin, or a corpus that "
        "`charrnn corpora` lists; several are joined in this order",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="folder for the run (default: runs/TEXT-1, or the next number); "
        "a run that is there already resumes where it stopped",
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="start from scratch, and rename the run that is in the folder",
    )
    parser.add_argument(
        "--change",
        action="store_true",
        help="resume the run in the folder with another --learning-rate, "
        "--dropout, --batch-size and so on, as given",
    )


def _add_processes(group: Any) -> None:
    """Adds the flags with which several processes find each other."""
    group.add_argument(
        "--coordinator",
        metavar="HOST:PORT",
        help="the address of process 0, with a free port; mpirun, srun and "
        "Kubeflow need none of these flags",
    )
    group.add_argument(
        "--processes",
        type=at_least(1),
        metavar="N",
        help="how many there are; 1 to train alone under a launcher",
    )
    group.add_argument(
        "--process",
        type=at_least(0),
        metavar="I",
        help="the number of this one, from 0",
    )
    group.add_argument(
        "--join-seconds",
        type=flag_type(values.POSITIVE),
        metavar="N",
        help=f"how long to wait for the others (default: {JOIN_SECONDS:g})",
    )


def _add_settings(group: Any, settings: dict[str, str]) -> None:
    """Adds a flag for each setting, with its limits and its default."""
    for name, words in settings.items():
        kind = KINDS[name]
        if "(default: " not in words:
            words += f" (default: {_default(name)})"
        options: dict[str, Any] = {"help": words}
        if kind is values.SWITCH:
            options["action"] = "store_true"
        elif kind.choices:
            options["choices"] = kind.choices
        else:
            options["type"] = flag_type(kind)
            options["metavar"] = METAVARS.get(name, "N")
        if kind is values.PATHS:
            options["nargs"] = "+"
        group.add_argument("--" + name.replace("_", "-"), **options)


def _default(name: str) -> str:
    if name in CHOSEN:
        return "chosen by the text and the time"
    default = DEFAULTS[name]
    return f"{default:g}" if isinstance(default, float) else str(default)


def flag_type(kind: Kind) -> Callable[[str], Any]:
    """Returns the argparse type for a kind of values.

    Args:
        kind: One of the values of `settings.KINDS`, or its like.

    Returns:
        A function of a word that raises an `ArgumentTypeError`.

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


def processes(arguments: argparse.Namespace) -> dict[str, Any]:
    """Takes the flags of several processes out of the arguments.

    Args:
        arguments: With the flags that were given; these are removed.

    Returns:
        The other arguments of `together.joined`.

    Raises:
        ValueError: if they, or the variables of a launcher, make no sense.
    """
    flags = vars(arguments)
    given = [flags.pop(name, None) for name in PROCESSES]
    result: dict[str, Any] = {"place": find_place(*given)}
    if (seconds := flags.pop("join_seconds", None)) is not None:
        result["seconds"] = seconds
    return result


def session(arguments: argparse.Namespace) -> dict[str, Any]:
    """Converts the flags to the arguments of `session.Session`.

    Args:
        arguments: With the flags that were given, and no others.

    Returns:
        A `dict`.

    Raises:
        ValueError: if a preset contradicts the minutes.
    """
    given = dict(vars(arguments))
    check_limits(given)
    return {
        "corpus": given.pop("corpus"),
        "out": given.pop("out", None),
        "fresh": given.pop("fresh", False),
        "change": given.pop("change", False),
        "given": given,
    }
