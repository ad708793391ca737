"""Finish a run: write its metrics, its plot and its last sample."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from charrnn.network.engine import load
from charrnn.system.terminal import wrapped
from charrnn.text import sources
from charrnn.training import causes, metrics, summary
from charrnn.training.data import Data
from charrnn.training.history import plot_losses
from charrnn.training.outcome import Untrained
from charrnn.training.settings import Settings

MIN_TRAINED_STEPS = 100  # with fewer, a network may have learnt nothing
SUMMARY_INDENT = 12  # spaces: the width of the words before the figures


def finish(
    out: Path,
    settings: Settings,
    data: Data,
    parts: dict[str, Any],
    tell: Callable[[str], None],
) -> Untrained | None:
    """Measures the best model, and writes and prints the figures.

    Args:
        out: The run's folder.
        settings: The `settings.Settings`.
        data: The `data.Data`.
        parts: The callbacks, by their classes' names.
        tell: Called with the summary.

    Returns:
        An `Untrained` if the network has not learnt anything, or `None`.
    """
    schedule, history = parts["Schedule"], parts["History"]
    measured = metrics.measure(
        out,
        data.windows.ids,
        parts["Validation"].ids,
        schedule,
        history,
        data.shift,
    )
    baselines = measured["baselines_nats_per_character"] or {}
    plot_losses(
        history,
        out / "loss.png",
        _title(settings.corpus),
        measured["best_step"],
        baselines.get("5-gram"),
    )
    measured["train_seconds"] = round(schedule.elapsed(), 2)
    metrics.write(out, measured)
    if heading := summary.kept_model(measured):
        parts["Samples"].show_kept(load(out), heading)
    stopped = parts["SaveBest"].is_by_heart and settings.patience is None
    cause = causes.of_learning_little(settings)
    lines = summary.summary(out, measured, stopped, cause)
    tell(wrapped(lines, indent=SUMMARY_INDENT))
    return _untrained(settings, schedule, measured)


def save_again(parts: dict[str, Any]) -> None:
    """Saves the last weights of a finished run whose model file is gone.

    Args:
        parts: The callbacks, by their classes' names.
    """
    logs: dict[str, float] = {}
    for name in ("Validation", "SaveBest"):
        parts[name].on_epoch_end(0, logs)


def _title(corpus: list[str]) -> str:
    """The title of the picture: the text's names, without their folders."""
    names = (
        name if name == "-" else Path(name).resolve().name for name in corpus
    )
    return sources.title(list(names))


def _untrained(
    settings: Settings, schedule, metrics: dict[str, Any]
) -> Untrained | None:
    """The figures if the time was too short to learn anything, or `None`."""
    minutes = settings.minutes
    soon = schedule.step < MIN_TRAINED_STEPS
    if minutes is None or not soon or not causes.is_untaught(metrics):
        return None
    seconds = schedule.elapsed()
    before = seconds - schedule.clock.trained()
    return Untrained(schedule.step, seconds, before, minutes)
