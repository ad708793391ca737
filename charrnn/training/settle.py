"""Resolve a run's settings from flags, checkpoint and defaults."""

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charrnn.network.arguments import MAX_ONE_HOT_CHARACTERS
from charrnn.training import changes, recipe
from charrnn.training.settings import (
    DEFAULT_PRESET,
    DEFAULTS,
    FIELDS,
    FIXED,
    Settings,
)
from charrnn.training.units import with_defaults

if TYPE_CHECKING:
    from charrnn.training.schedule import Schedule

# The values of earlier versions, which had no such settings.
EARLIER = {"weight_decay": 0.01, "line_starts": False}
EARLIER_EMBEDDING = 128  # for "auto" and many characters, in earlier versions


def settle(
    corpus: list[str],
    given: Mapping[str, Any],
    state: Mapping[str, Any] | None = None,
    *,
    out: Path | None = None,
    change: bool = False,
) -> Settings:
    """Resolves a run's settings from flags, checkpoint and defaults.

    Args:
        corpus: The text to learn, as the user named it.
        given: The settings that the user gave; may include `preset`.
        state: The state of the run's checkpoint, or `None` for a new run.
        out: The run's folder.
        change: Whether the run may resume with other settings.

    Returns:
        The `Settings`, including the run's changes.

    Raises:
        ValueError: if a setting contradicts the run, or another setting.
    """
    if change and state is None:
        raise ValueError(
            "Expected --change with a run to resume. There is none: name "
            "its folder with --out, without --fresh."
        )
    given = _with_minutes(given, is_new=state is None)
    if state is None:
        settings = Settings(corpus, **with_defaults(given))
    else:
        settings = _resumed(corpus, given, state, out, change)
    if settings.freeze_vocabulary and not settings.init_from:
        raise ValueError(
            "Expected --freeze-vocabulary with --init-from: a new model has "
            "the characters of its text. Leave it out."
        )
    if "teacher_weight" in given and not settings.teachers:
        raise ValueError(
            "Expected --teacher-weight with --teachers, whose share of the "
            "loss it is. Leave it out."
        )
    if settings.patience and not settings.validation:
        raise ValueError(
            "Expected no --patience with --validation 0: without a held-out "
            "part there is nothing to wait for. Leave one of the two out."
        )
    return settings


def _with_minutes(given: Mapping[str, Any], is_new: bool) -> dict[str, Any]:
    """Replaces a preset among the given settings by its minutes."""
    given = dict(given)
    preset = given.pop("preset", None)
    if is_new and not {"minutes", "epochs"} & given.keys():
        preset = preset or DEFAULT_PRESET
    if preset:
        given["minutes"] = recipe.PRESETS[preset]
    return given


def checkpoint_settings(state: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the settings of a run's checkpoint.

    Args:
        state: The state of its checkpoint, of this version or an earlier one.

    Returns:
        A `dict` of values for `Settings`, without the corpus.
    """
    kept = {k: v for k, v in state["settings"].items() if k in FIELDS}
    found = {**DEFAULTS, **EARLIER, "changes": [], **kept}
    if found["embedding"] == "auto":  # an earlier version stored it like that
        many = len(state["vocabulary"]) > MAX_ONE_HOT_CHARACTERS
        found["embedding"] = EARLIER_EMBEDDING if many else None
    found.pop("corpus", None)
    return found


def _resumed(
    corpus: list[str],
    given: Mapping[str, Any],
    state: Mapping[str, Any],
    out: Path | None,
    change: bool,
) -> Settings:
    """The settings of a resumed run, including those of --change."""
    found = checkpoint_settings(state)
    changed = {}
    for name in FIXED:
        wanted = given.get(name, found[name])
        if wanted in (found[name], "auto"):
            continue
        if not (change and name in changes.CHANGEABLE):
            raise ValueError(changes.refusal(name, found[name], wanted, out))
        changed[name] = found[name], wanted
    if change:
        changes.check_named(given)
    free = {name: v for name, v in given.items() if name not in FIXED}
    found |= free | {name: wanted for name, (_, wanted) in changed.items()}
    if changed:
        found["changes"] = [*found["changes"], changes.entry(changed, state)]
    if "epochs" in given or "minutes" in given:
        found["epochs"] = given.get("epochs")
        found["minutes"] = given.get("minutes")
    return Settings(corpus, **found)


def is_over(settings: Settings, state: Mapping[str, Any] | None) -> bool:
    """Whether a run has ended and no more training is asked for.

    Args:
        settings: What `settle` returned.
        state: The state of the run's checkpoint, or `None`.

    Returns:
        A `bool`.
    """
    if state is None or not state["over"]:
        return False
    return not asks_more(settings, state)


def asks_more(settings: Settings, state: Mapping[str, Any]) -> bool:
    """Whether the settings ask for more training than a checkpoint's.

    Args:
        settings: What `settle` returned.
        state: The state of the run's checkpoint.

    Returns:
        A `bool`.
    """
    asked = state["settings"]
    return changes.are_new(settings, state) or any(
        (getattr(settings, name) or 0) > (asked.get(name) or 0)
        for name in ("epochs", "minutes", "patience")
    )


def total_steps(
    settings: Settings, state: Mapping[str, Any], schedule: "Schedule"
) -> int | None:
    """Returns the total number of steps of a resumed run.

    Args:
        settings: What `settle` returned.
        state: The state of the run's checkpoint.
        schedule: The run's `schedule.Schedule`, restored from the checkpoint.

    Returns:
        A whole number, or `None` for no limit.

    Raises:
        ValueError: if the run is already at or past the end that is asked for.
    """
    total: int | None = None
    if settings.epochs is not None:
        total = schedule.steps_in(settings.epochs)
    last = total or math.inf
    # Unchanged minutes are used up if they ended the run, although its clock
    # stopped short of them: part of the time was reserved for the final work.
    # Changed minutes are compared with the clock.
    over = changes.time_is_over(settings, state) and last > schedule.step
    if settings.minutes != state["settings"].get("minutes"):
        over = 60 * (settings.minutes or math.inf) <= schedule.elapsed()
    if schedule.step and (over or last <= schedule.step):
        end = f"after {settings.minutes} minutes" if over else f"step {last}"
        raise ValueError(
            f"Expected an end after step {schedule.step}, where the run is "
            f"after {schedule.elapsed() / 60:.3g} minutes. Received one at "
            f"{end}. Give more --epochs or --minutes: both count from the "
            "start of the run."
        )
    return total


def with_epoch_of_change(
    settings: Settings, state: Mapping[str, Any] | None, characters: int
) -> Settings:
    """Fills in the epoch of the last change if the checkpoint lacks it.

    Args:
        settings: What `settle` returned.
        state: The state of the run's checkpoint, or `None`.
        characters: Length of the training part.

    Returns:
        The `Settings`, the same if nothing is missing.
    """
    if state is None or not settings.changes:
        return settings
    *earlier, last = settings.changes
    if last["epoch"] is not None:
        return settings
    last = changes.with_epoch(last, state, characters)
    return dataclasses.replace(settings, changes=[*earlier, last])
