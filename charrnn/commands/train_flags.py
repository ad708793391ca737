"""The flags of `charrnn train`, and what holds when a run is taken up."""

import argparse
from pathlib import Path

from charrnn.commands.options import (
    MAX_NUMBER,
    add_text_arguments,
    at_least,
    between,
    defaults,
    fraction,
    not_negative,
    positive,
    rate,
)
from charrnn.network.arguments import MAX_ONE_HOT_CHARACTERS
from charrnn.network.cells import CELLS
from charrnn.network.model import build_model
from charrnn.training import changes, recipe
from charrnn.twins.precision import PRECISIONS

NETWORK = defaults(build_model)  # the flags of build_model, with defaults

# What `recipe.choose` finds where the user gives nothing.
CHOSEN = (
    "layers", "units", "dropout", "batch_size", "learning_rate",
    "weight_decay",
)  # fmt: skip

# What the run is: these stay as they are when it is taken up again.
FIXED = {
    "encoding": "utf-8",
    "newline": "lf",
    "normalize": None,
    "min_count": 1,
    "max_vocab": None,
    "validation": 0.1,
    **NETWORK,
    **dict.fromkeys(CHOSEN),
    "init_from": None,
    "seq_length": 64,
    "clip_norm": recipe.CLIP_NORM,
    "weight_drop": 0.0,
    "seed": 1,
    "precision": "auto",
}
# How long it goes on and what it tells.
FREE = {
    "epochs": None,
    "minutes": None,
    "patience": None,
    "checkpoint_seconds": 60.0,
    "prompt": "",
    "quiet": False,
}
DEFAULT_PRESET = "good"

# Below, a step is lost in the rounding of the weights, or in the 1e-7 that
# Adam adds; above, nothing is learnt.
LEARNING_RATES = between(1e-12, 10)
CLIP_NORMS = between(1e-6, MAX_NUMBER)

# What a run had before there was a flag for it.
EARLIER = {"weight_decay": 0.01}
EARLIER_EMBEDDING = 128  # of what was then "auto"


def add_arguments(parser):
    """Adds the flags of `charrnn train`, in the order of the pipeline."""
    # Only flags that are given get a value: a run's own come before FIXED.
    parser.argument_default = argparse.SUPPRESS
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
    text = parser.add_argument_group("text")
    add_text_arguments(text)
    text.add_argument(
        "--min-count",
        type=at_least(1),
        metavar="N",
        help="characters that occur less often are read as U+FFFD, which is "
        "never written (default: 1)",
    )
    text.add_argument(
        "--max-vocab",
        type=at_least(2),
        metavar="N",
        help="at most so many distinct characters, the most frequent ones; "
        "others are read as U+FFFD, too (default: all)",
    )
    text.add_argument(
        "--validation",
        type=fraction,
        metavar="FRACTION",
        help="of the text, at its end, held out (default: 0.1); 0 learns "
        "from all of it and keeps the last model",
    )
    _add_network_arguments(parser.add_argument_group("network"))
    _add_training_arguments(parser.add_argument_group("training"))
    reporting = parser.add_argument_group("reporting")
    reporting.add_argument(
        "--prompt", help="what the samples on the way begin with"
    )
    reporting.add_argument(
        "--quiet", action="store_true", help="a line a round, no samples"
    )


def _add_network_arguments(group):
    for name, options in {
        "cell": {"choices": sorted(CELLS), "help": "kind of recurrent layer"},
        "units": {"type": at_least(1), "help": "size of a recurrent layer"},
        "layers": {"type": at_least(1), "help": "number of recurrent layers"},
        "dropout": {
            "type": fraction,
            "help": "share of a recurrent layer's outputs dropped",
        },
        "embedding": {
            "type": _embedding,
            "metavar": "SIZE",
            "help": "size of the character embedding, none for one-hot "
            "input, or auto: one-hot up to 256 distinct characters",
        },
    }.items():
        options["help"] += f" (default: {_default(name)})"
        group.add_argument(f"--{name}", **options)
    group.add_argument(
        "--init-from",
        metavar="MODEL",
        help="begin with the weights and the characters of a trained model",
    )


def _add_training_arguments(group):
    for name, kind, text in (
        ("batch_size", at_least(1), "streams read in parallel"),
        ("seq_length", at_least(1), "characters gradients reach back"),
        ("learning_rate", LEARNING_RATES, "the highest, after warm-up"),
        ("clip_norm", CLIP_NORMS, "largest norm of all gradients"),
        (
            "weight_decay",
            not_negative,
            "what weights lose in a step, in parts of the learning rate",
        ),
        ("weight_drop", rate, "share of recurrent weights left out of a step"),
        ("seed", at_least(0, 2**32 - 1), "of weights, dropout and streams"),
    ):
        text += f" (default: {_default(name)})"
        flag = changes.flag_of(name)
        group.add_argument(flag, type=kind, metavar="N", help=text)
    group.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="of the operands of matrix products; weights, states and gates "
        "are float32 in each case (default: auto, bfloat16 where the "
        "processor has instructions for it)",
    )
    time = group.add_mutually_exclusive_group()
    time.add_argument(
        "--preset",
        choices=recipe.PRESETS,
        help="so many --minutes at most: "
        + ", ".join(f"{name} {n}" for name, n in recipe.PRESETS.items())
        + f" (default: {DEFAULT_PRESET}, without --epochs)",
    )
    time.add_argument(
        "--minutes",
        type=positive,
        metavar="N",
        help="time from the command's start to its end, everything "
        "included; size and dropout follow from it and from the text",
    )
    for flag, kind, text in (
        (
            "--epochs",
            positive,
            "passes over the training text at most (default: "
            f"{recipe.LONG_TEXT_EPOCHS}, more for a short text)",
        ),
        (
            "--patience",
            at_least(1),
            "stop after N rounds that are no better (default: when the text "
            "is learnt by heart)",
        ),
        (
            "--checkpoint-seconds",
            not_negative,
            "from one checkpoint to the next, all that a killed run loses "
            "(default: 60)",
        ),
    ):
        group.add_argument(flag, type=kind, metavar="N", help=text)


def _default(name):
    if name in CHOSEN:
        return "what suits the text and the time"
    return FIXED[name]


def _embedding(word):
    if word == "none":
        return None
    return word if word == "auto" else at_least(1)(word)


_embedding.__name__ = "size, auto or none"  # argparse names it in its message


def settle(out, given, state):
    """Puts together what holds: flags, the run taken up, and defaults.

    Args:
        out: The run's folder.
        given: A `dict` of the flags that the user gave.
        state: The state of the run's checkpoint, or `None`.

    Returns:
        An `argparse.Namespace` with all names of `FIXED` and `FREE`, the
        `corpus`, and the `changes` of the run, those of --change included.

    Raises:
        ValueError: if a flag contradicts the run, or another flag.
    """
    given = dict(given)
    change = given.pop("change", False)
    if change and state is None:
        raise ValueError(
            "Expected --change with a run to go on with. There is none: name "
            "its folder with --out, without --fresh."
        )
    preset = given.pop("preset", None)
    if state is None and not {"minutes", "epochs"} & given.keys():
        preset = preset or DEFAULT_PRESET
    if preset:
        given["minutes"] = recipe.PRESETS[preset]
    if state is None:
        begun = {**FIXED, **FREE, **given, "changes": []}
        settings = argparse.Namespace(**begun)
    else:
        settings = _taken_up(out, given, state, change)
    if settings.patience and not settings.validation:
        raise ValueError(
            "Expected no --patience beside --validation 0: without a held-out "
            "part there is nothing to wait for. Leave one of the two out."
        )
    return settings


def _taken_up(out, given, state, change):
    """The settings of a run that goes on, those of --change among them."""
    before = {**FIXED, **FREE, **EARLIER, "changes": [], **state["settings"]}
    if before["embedding"] == "auto":  # of a version that kept it so
        many = len(state["vocabulary"]) > MAX_ONE_HOT_CHARACTERS
        before["embedding"] = EARLIER_EMBEDDING if many else None
    changed = {}
    for name in FIXED:
        wanted = given.get(name, before[name])
        if wanted in (before[name], "auto"):
            continue
        if not (change and name in changes.CHANGEABLE):
            raise ValueError(changes.refusal(name, before[name], wanted, out))
        changed[name] = before[name], wanted
    if change:
        changes.check_named(given)
    kept = {name: before[name] for name in FIXED if name not in changed}
    settings = argparse.Namespace(**{**before, **given, **kept})
    settings.changes = list(before["changes"])
    if changed:
        settings.changes.append(changes.entry(changed, state))
    if "epochs" in given or "minutes" in given:
        settings.epochs = given.get("epochs")
        settings.minutes = given.get("minutes")
    return settings


def asks_more(settings, state):
    """Whether the settings ask for more training than a run was to have.

    Args:
        settings: What `settle` returned.
        state: The state of the run's checkpoint.

    Returns:
        A `bool`.
    """
    before = argparse.Namespace(**state["settings"])
    return changes.are_new(settings, state) or any(
        (getattr(settings, name) or 0) > (getattr(before, name) or 0)
        for name in ("epochs", "minutes", "patience")
    )
