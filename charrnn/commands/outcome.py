"""Say what came of a training, and what to do next."""

import signal
import sys
from pathlib import Path

from charrnn.commands import causes
from charrnn.commands.mistakes import program
from charrnn.system.terminal import command_line, say, wrapped
from charrnn.text import sources

HARDLY_TRAINED = 100  # steps; with fewer a network may know nothing
ENOUGH = 3  # minutes, for a network to learn something
INTERRUPTS = signal.SIGINT, signal.SIGTERM


def stop(out, settings, parts, number):
    """Leaves a model where there is none yet, and says how to go on.

    Args:
        out: The run's folder.
        settings: What `train_flags.settle` returned.
        parts: The callbacks, by their classes' names.
        number: Of the signal that asked to stop.
    """
    best = parts["SaveBest"]
    if not settings.validation or not best.path.exists():
        best.save()
    command = [*program("train"), *words(settings.corpus, out)]
    say(
        f"stopped after step {parts['Schedule'].step}. To go on:\n"
        f"{command_line(command)}",
        # Otherwise nobody reads the output any more.
        file=None if number in INTERRUPTS else sys.stderr,
    )


def finish(out, settings, material, parts):
    """Measures the best model, and writes and says what came out.

    Args:
        out: The run's folder.
        settings: What `train_flags.settle` returned.
        material: What `material.gather` returned.
        parts: The callbacks, by their classes' names.

    Returns:
        Whether the network has learnt anything.
    """
    from charrnn.network.engine import load
    from charrnn.training import metrics as results
    from charrnn.training.history import plot_losses

    schedule, history = parts["Schedule"], parts["History"]
    metrics = results.measure(
        out,
        material.windows.ids,
        parts["Validation"].ids,
        schedule,
        history,
        material.shift,
    )
    baselines = metrics["baselines_nats_per_char"] or {}
    plot_losses(
        history,
        out / "loss.png",
        _title(settings.corpus),
        metrics["best_step"],
        baselines.get("5-gram"),
    )
    metrics["train_seconds"] = round(schedule.elapsed(), 2)
    results.write(out, metrics)
    if heading := results.kept_model(metrics):
        parts["Samples"].show_kept(load(out), heading)
    stopped = parts["SaveBest"].is_by_heart and settings.patience is None
    cause = causes.of_learning_little(settings)
    say(wrapped(results.summary(out, metrics, stopped, cause), indent=12))
    command = [*program("generate"), "--model", str(out)]
    if settings.prompt:
        command += ["--prompt", settings.prompt]
    say(f"write text  {command_line(command)}")
    return not _has_hardly_trained(out, settings, schedule, metrics)


def save_again(out, parts):
    """Saves the last weights where the model of a finished run is gone.

    Args:
        out: The run's folder.
        parts: The callbacks, by their classes' names.
    """
    print(f"'{out}' has no model.keras any more: made of the last weights")
    logs = {}
    for name in ("Validation", "SaveBest"):
        parts[name].on_epoch_end(0, logs)


def words(corpus, out):
    """The words after `train` with which a run goes on.

    Args:
        corpus: A list of what is learnt, as the user named it.
        out: The run's folder.

    Returns:
        A list of `str`.

    Example:

    >>> words(["-x.txt"], "runs/x-1")
    ['--out', 'runs/x-1', '--', '-x.txt']
    """
    flags = ["--out", str(out)]
    if any(name.startswith("-") and name != "-" for name in corpus):
        return [*flags, "--", *corpus]  # none of these is a flag
    return [*corpus, *flags]


def _title(corpus):
    """What to call a text in a picture: its names, without their folders."""
    names = (
        name if name == "-" else Path(name).resolve().name for name in corpus
    )
    return sources.title(list(names))


def _has_hardly_trained(out, settings, schedule, metrics):
    """Whether the time was too short to learn anything; then says so."""
    soon = settings.minutes and schedule.step < HARDLY_TRAINED
    if not soon or not causes.is_untaught(metrics):
        return False
    seconds, others = schedule.elapsed(), schedule.elapsed()
    others -= schedule.clock.trained()
    steps = "1 step" if schedule.step == 1 else f"{schedule.step} steps"
    minutes = f"{max(ENOUGH, 2 * settings.minutes):g}"
    command = [*program("train"), "--minutes", minutes]
    command += words(settings.corpus, out)
    print(
        f"charrnn train: the network has hardly trained: {steps} in "
        f"{seconds:.0f} s, {others:.0f} s of which went by before the first "
        "was done. It does hardly better than single letters drawn by how "
        "often they occur. Give it more time; to go on: "
        f"{command_line(command)}",
        file=sys.stderr,
    )
    return True
