"""Resume a run with other settings: what --change may change."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from charrnn.text.windows import fit_to_text, steps_per_epoch
from charrnn.training.settings import Settings

# Settings that change neither the weights' shapes nor the text.
CHANGEABLE = (
    "dropout", "recurrent_dropout", "batch_size", "seq_length",
    "learning_rate", "clip_norm", "weight_decay", "weight_drop", "precision",
    "teacher_weight",
)  # fmt: skip
SHAPE = "cell", "units", "layers", "embedding"  # these fix the weights' shapes


def refusal(name: str, before: Any, wanted: Any, out: Path | None) -> str:
    """Says why a run does not resume with another setting, and what to do.

    Args:
        name: The setting's name.
        before: The run's value.
        wanted: What was asked for.
        out: The run's folder.

    Returns:
        A `str`.
    """
    flag = flag_of(name)
    as_before = f"no {flag}" if before is None else f"{flag} {_told(before)}"
    received = f"Expected {as_before}, as in the run in '{out}'. Received "
    received += f"{_told(wanted)}. Leave it out to resume, "
    if name in CHANGEABLE:
        return (
            f"{received}add --change to resume with another, or start again: "
            "with --fresh, or with these weights in another folder, "
            f"--init-from '{out}'."
        )
    if name in SHAPE:
        return (
            f"{received}or start again with --fresh: the weights fit no other "
            f"network, neither with --change nor with --init-from '{out}'."
        )
    return (
        f"{received}or start again: with --fresh, or with these weights in "
        f"another folder, --init-from '{out}'. --change cannot change it."
    )


def _told(value: Any) -> Any:
    """A value in a message of one line: a separator may have line ends."""
    if isinstance(value, list):
        return " ".join(map(repr, value))
    is_plain = not isinstance(value, str) or value.isprintable()
    return value if is_plain else repr(value)


def flag_of(name: str) -> str:
    """The flag of a setting."""
    return "--" + name.replace("_", "-")


def check_named(given: Mapping[str, Any]) -> None:
    """Checks that --change has something to change.

    Args:
        given: A `dict` of the flags that the user gave.

    Raises:
        ValueError: if none of the flags can be changed.
    """
    if not set(CHANGEABLE) & given.keys():
        flags = ", ".join(map(flag_of, CHANGEABLE))
        raise ValueError(
            "Expected a setting to change with --change. Received none of "
            f"{flags}."
        )


def entry(
    changed: Mapping[str, tuple[Any, Any]], state: Mapping[str, Any]
) -> dict[str, Any]:
    """Makes an entry of a run's list of changes.

    Args:
        changed: A `dict` from name to a pair: the old value and the new one.
        state: The state of the run's checkpoint.

    Returns:
        A `dict` that JSON can hold; its epoch is `None` if the run's
        checkpoint does not hold it.
    """
    schedule = state["parts"]["Schedule"]
    return {
        "step": schedule["step"],
        "epoch": schedule.get("epoch"),
        "changed": {name: list(pair) for name, pair in changed.items()},
    }


def are_new(settings: Settings, state: Mapping[str, Any] | None) -> bool:
    """Whether this command, not an earlier one, changes a run."""
    before = state["settings"].get("changes", []) if state else []
    return len(settings.changes) > len(before)


def in_words(change: dict[str, Any]) -> str:
    """Describes a change, as a row of `history.csv` does.

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
    """Returns batch size and sequence length, reduced for a short text.

    Args:
        characters: Length of the training part.
        settings: The `settings.Settings`.
        given: A `dict` of the flags that the user gave.
        state: The state of the run's checkpoint, or `None`.

    Returns:
        `(batch_size, seq_length)`.

    Raises:
        ValueError: if the text is too short for those that were given.
    """
    wanted = cast(int, settings.batch_size), settings.seq_length
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
        raise ValueError(
            _too_large(characters, batch_size, seq_length, settings.unit)
        )
    return batch_size, seq_length


def _too_large(
    characters: int, batch_size: int, seq_length: int, unit: str
) -> str:
    fitting = [
        f"{flag} {characters // other} with {other_flag} {other}"
        for flag, other_flag, other in (
            ("--seq-length", "--batch-size", batch_size),
            ("--batch-size", "--seq-length", seq_length),
        )
        if other <= characters
    ]
    return (
        f"Expected --batch-size times --seq-length, the {unit}s of a step, "
        f"to be no more than the {characters:,} to train on. Received "
        f"{batch_size} times {seq_length}, {batch_size * seq_length:,}. "
        f"{' or '.join([*fitting, 'neither flag'])} would fit."
    )


def sizes_before(
    characters: int, settings: Mapping[str, Any]
) -> tuple[int, int]:
    """Returns the batch size and the sequence length of a checkpoint.

    Args:
        characters: Length of the training part.
        settings: A `dict` of the run's settings, in its checkpoint.

    Returns:
        `(batch_size, seq_length)`.
    """
    if settings.get("sizes"):
        return tuple(settings["sizes"])
    # Earlier versions did not store them, and fitted them to the text again.
    wanted = settings["batch_size"], settings["seq_length"]
    return fit_to_text(characters, *wanted)


def with_epoch(
    change: dict[str, Any], state: Mapping[str, Any], characters: int
) -> dict[str, Any]:
    """Fills in the epoch of a change that holds only its step.

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
    """Returns the step and the epoch at which a run was last changed.

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
    """Whether a run has ended because its --minutes were used up.

    Args:
        settings: The `settings.Settings`.
        state: The state of the run's checkpoint.

    Returns:
        A `bool`: `False` if it ended because the loss no longer fell.
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
    """Returns the callbacks' states for a run that resumes with --change.

    Figures that depend on the old settings are reset: the speed, and the
    count of validations without a lower loss.

    Args:
        parts: The `parts` of the checkpoint's state, a `dict`.
        change: What `entry` returned.

    Returns:
        A `dict` like `parts`.
    """
    return {
        **parts,
        "Schedule": parts["Schedule"] | {"timed": [0, 0.0]},
        "SaveBest": parts["SaveBest"] | {"in_vain": 0, "by_heart": 0},
        "History": parts["History"] | {"changes": in_words(change)},
    }
