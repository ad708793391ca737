"""Resume a run with other settings: what --change may change."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from charrnn.text.windows import fit_to_text, steps_per_epoch
from charrnn.training.settings import Settings

# What the weights, and the text that they learn, do not depend on.
CHANGEABLE = (
    "dropout", "batch_size", "seq_length", "learning_rate", "clip_norm",
    "weight_decay", "weight_drop", "precision",
)  # fmt: skip
SHAPE = "cell", "units", "layers", "embedding"  # of the weights themselves


def refusal(name: str, before: Any, wanted: Any, out: Path | None) -> str:
    """Says why a run does not go on with another setting, and what to do.

    Args:
        name: The setting's.
        before: The run's value.
        wanted: What was asked for.
        out: The run's folder.

    Returns:
        A `str`.
    """
    flag = flag_of(name)
    as_before = f"no {flag}" if before is None else f"{flag} {before}"
    received = f"Expected {as_before}, as in the run in '{out}'. Received "
    received += f"{wanted}. Leave it out to go on, "
    if name in CHANGEABLE:
        return (
            f"{received}add --change to go on with another, or begin anew: "
            "with --fresh, or with these weights in another folder, "
            f"--init-from '{out}'."
        )
    if name in SHAPE:
        return (
            f"{received}or begin anew with --fresh: the weights fit no other "
            f"network, neither with --change nor with --init-from '{out}'."
        )
    return (
        f"{received}or begin anew: with --fresh, or with these weights in "
        f"another folder, --init-from '{out}'. --change cannot change it."
    )


def flag_of(name: str) -> str:
    """The flag that gives a setting."""
    return "--" + name.replace("_", "-")


def check_named(given: Mapping[str, Any]) -> None:
    """Checks that --change has something to change.

    Args:
        given: A `dict` of the flags that the user gave.

    Raises:
        ValueError: if not.
    """
    if not set(CHANGEABLE) & given.keys():
        flags = ", ".join(map(flag_of, CHANGEABLE))
        raise ValueError(
            "Expected, beside --change, what to change. Received none of "
            f"{flags}."
        )


def entry(
    changed: Mapping[str, tuple[Any, Any]], state: Mapping[str, Any]
) -> dict[str, Any]:
    """What a run's list of changes holds of one.

    Args:
        changed: A `dict` of names and pairs, the old value and the new.
        state: The state of the run's checkpoint.

    Returns:
        A `dict` that JSON can hold; its epoch is `None` in a run whose
        checkpoint does not tell it.
    """
    schedule = state["parts"]["Schedule"]
    return {
        "step": schedule["step"],
        "epoch": schedule.get("epoch"),
        "changed": {name: list(pair) for name, pair in changed.items()},
    }


def are_new(settings: Settings, state: Mapping[str, Any] | None) -> bool:
    """Whether this very command changes something in a run."""
    before = state["settings"].get("changes", []) if state else []
    return len(settings.changes) > len(before)


def in_words(change: dict[str, Any]) -> str:
    """A change as `history.csv` tells it.

    Args:
        change: What `entry` returned.

    Returns:
        A `str`.

    Example:

    >>> in_words({"changed": {"batch_size": [8, 16], "dropout": [0.1, 0.2]}})
    'batch_size 8 to 16, dropout 0.1 to 0.2'
    """
    return ", ".join(
        f"{name} {old} to {new}"
        for name, (old, new) in change["changed"].items()
    )


def sizes(
    characters: int,
    settings: Settings,
    given: Mapping[str, Any],
    state: Mapping[str, Any] | None,
) -> tuple[int, int]:
    """The batch size and the sequence length: as given, or as they fit.

    Args:
        characters: Length of the training part.
        settings: The `settings.Settings`.
        given: A `dict` of the flags that the user gave.
        state: The state of the run's checkpoint, or `None`.

    Returns:
        `(batch_size, seq_length)`.

    Raises:
        ValueError: if the text cannot fill what was given.
    """
    wanted = settings.chosen("batch_size"), settings.seq_length
    fixed = set(given)
    if state:
        before = state["settings"]
        old = sizes_before(characters, before)
        changed = settings.changes[-1]["changed"] if settings.changes else {}
        fixed = set(changed) if are_new(settings, state) else set()
        if not fixed & {"batch_size", "seq_length"}:
            return old
        wanted = (
            wanted[0] if "batch_size" in fixed else old[0],
            wanted[1] if "seq_length" in fixed else old[1],
        )
    batch_size, seq_length = fit_to_text(characters, *wanted, fixed)
    if batch_size * seq_length > characters:
        raise ValueError(_too_large(characters, batch_size, seq_length))
    return batch_size, seq_length


def _too_large(characters: int, batch_size: int, seq_length: int) -> str:
    fitting = [
        f"{flag} {characters // other} beside {beside} {other}"
        for flag, beside, other in (
            ("--seq-length", "--batch-size", batch_size),
            ("--batch-size", "--seq-length", seq_length),
        )
        if other <= characters
    ]
    return (
        "Expected --batch-size times --seq-length, the characters of a step, "
        f"to be no more than the {characters:,} to train on. Received "
        f"{batch_size} times {seq_length}, {batch_size * seq_length:,}. "
        f"{' or '.join([*fitting, 'neither flag'])} would fit."
    )


def sizes_before(
    characters: int, settings: Mapping[str, Any]
) -> tuple[int, int]:
    """The batch size and the sequence length that a run has had.

    Args:
        characters: Length of the training part.
        settings: A `dict` of the run's settings, in its checkpoint.

    Returns:
        `(batch_size, seq_length)`.
    """
    if settings.get("sizes"):
        return tuple(settings["sizes"])
    # Runs of earlier versions fitted them anew each time.
    wanted = settings["batch_size"], settings["seq_length"]
    return fit_to_text(characters, *wanted)


def with_epoch(
    change: dict[str, Any], state: Mapping[str, Any], characters: int
) -> dict[str, Any]:
    """Tells the epoch of a change that knows only its step.

    Args:
        change: What `entry` returned.
        state: The state of the run's checkpoint.
        characters: Length of the training part.

    Returns:
        A `dict` like `change`.
    """
    old = sizes_before(characters, state["settings"])
    epoch = change["step"] / steps_per_epoch(characters, *old)
    return {**change, "epoch": epoch}


def begun(settings: Settings) -> tuple[int, float]:
    """Where a run was when it last changed: its step and its epoch.

    Args:
        settings: The `settings.Settings`.

    Returns:
        `(step, epoch)`.
    """
    if not settings.changes:
        return 0, 0.0
    last = settings.changes[-1]
    return last["step"], last["epoch"]


def time_is_over(settings: Settings, state: Mapping[str, Any]) -> bool:
    """Whether a run ended as its --minutes were over, and has no more now.

    Args:
        settings: The `settings.Settings`.
        state: The state of the run's checkpoint.

    Returns:
        A `bool`; not where there was no lower loss for long.
    """
    from charrnn.training.validation import BY_HEART_VALIDATIONS  # here: Keras

    best = state["parts"]["SaveBest"]
    patience = state["settings"].get("patience") or math.inf
    early = (
        best["in_vain"] >= patience
        or best.get("by_heart", 0) >= BY_HEART_VALIDATIONS
    )
    return bool(state["over"] and settings.minutes and not early)


def carried(parts: Mapping[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """The states of a run's callbacks, for it to go on changed.

    What the old settings measured is left out: the speed, and how long there
    has been no lower loss.

    Args:
        parts: The `parts` of the checkpoint's state, a `dict`.
        change: What `entry` returned.

    Returns:
        A `dict` like it.
    """
    return {
        **parts,
        "Schedule": parts["Schedule"] | {"timed": [0, 0.0]},
        "SaveBest": parts["SaveBest"] | {"in_vain": 0, "by_heart": 0},
        "History": parts["History"] | {"changes": in_words(change)},
    }
