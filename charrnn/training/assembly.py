"""Build what a run trains with: network, twin and callbacks."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import charrnn
from charrnn.network.backend import (
    keras,
    set_random_seed,
    told,
    use_float32,
)
from charrnn.network.model import begin_with_frequencies, build_model
from charrnn.text import sources
from charrnn.training import changes, loop, variables
from charrnn.training.budget import Budget
from charrnn.training.clock import Clock
from charrnn.training.data import Data
from charrnn.training.distillation import Distillation
from charrnn.training.line_starts import RESTART_WINDOWS, LineStarts
from charrnn.training.reporting import reports
from charrnn.training.restarts import Restarts
from charrnn.training.round_scoring import round_scorer
from charrnn.training.schedule import Schedule, loss, optimizer
from charrnn.training.settings import Settings
from charrnn.training.settle import is_over, total_steps
from charrnn.training.validation import SaveBest, Validation
from charrnn.twins.fused import fused, precision_of
from charrnn.twins.twin import Twin


def network(
    settings: Settings, data: Data, tell: Callable[[str], None]
) -> keras.Sequential:
    """Builds the network, with new weights or those of --init-from.

    Args:
        settings: The `settings.Settings`.
        data: The `data.Data`.
        tell: Called with a line about it.

    Returns:
        A `keras.Sequential`.
    """
    use_float32()
    set_random_seed(settings.seed)
    model = build_model(data.vocabulary, **settings.network())
    if data.initial:
        layers = data.initial["layers"]
        model.set_weights([array for *_, arrays in layers for array in arrays])
    else:
        begin_with_frequencies(model, data.windows.ids)
    tell(
        f"{settings.cell}, {settings.layers} x {settings.units} units, "
        f"{model.count_params():,} parameters, dropout {settings.dropout:g}"
        f"{_recurrent_dropout(settings)}{told()}"
    )
    return model


def _recurrent_dropout(settings: Settings) -> str:
    rate = settings.recurrent_dropout
    return f", recurrent dropout {rate:g}" if rate else ""


def twin(
    settings: Settings, data: Data, model: keras.Sequential
) -> tuple[Twin, str]:
    """Makes a model's twin for training, with its optimizer.

    Args:
        settings: The `settings.Settings`.
        data: The `data.Data`.
        model: What `network` returned.

    Returns:
        The compiled twin, and its precision.
    """
    result = fused(
        model,
        batch_size=data.windows.batch_size,
        precision=settings.precision,
        weight_drop=settings.weight_drop,
        boundary=data.vocabulary.boundary,
    )
    result.compile(
        optimizer(
            cast(float, settings.learning_rate),
            settings.clip_norm,
            cast(float, settings.weight_decay),
        ),
        Distillation(settings.teacher_weight) if settings.teachers else loss(),
    )
    # Without this, the first step would be traced twice.
    result.optimizer.build(result.trainable_variables)
    return result, precision_of(result)


def callbacks(
    out: Path,
    settings: Settings,
    data: Data,
    twin: Twin,
    *,
    clock: Clock | None,
    tell: Callable[[str], None],
    silent: bool,
) -> dict[str, keras.callbacks.Callback]:
    """Makes charrnn's own callbacks, in the order in which they run.

    Args:
        out: The run's folder.
        settings: The `settings.Settings`.
        data: The `data.Data`.
        twin: What `twin` made.
        clock: The clock of the run.
        tell: Called with lines about the run.
        silent: Whether the callbacks print nothing.

    Returns:
        A `dict` from class name to callback.
    """
    schedule = _schedule(settings, data, clock)
    scorer = round_scorer(twin, len(data.held_out))
    held_out = Validation(twin.model, data.vocabulary, data.held_out, scorer)
    made = [
        schedule,
        *_restarts(settings, data, schedule),
        held_out,
        SaveBest(
            held_out,
            out / "model.keras",
            facts_of(settings, data),
            schedule,
            _patience(settings, data),
        ),
        *reports(
            out,
            schedule,
            held_out,
            prompt=settings.prompt,
            quiet=settings.quiet,
            silent=silent,
        ),
        Budget(
            60 * settings.minutes if settings.minutes else None,
            schedule,
            held_out,
            tell,
        ),
    ]
    return {type(callback).__name__: callback for callback in made}


def _restarts(
    settings: Settings, data: Data, schedule: Schedule
) -> list[Restarts]:
    """Resets at random, unless documents alone reset states as often."""
    windows = data.windows
    if data.documents:
        units = len(windows.ids) / data.documents.counts()["training"]
        if units <= RESTART_WINDOWS * windows.seq_length:
            return []
    if not isinstance(windows, LineStarts):
        return [Restarts(schedule, settings.seed)]
    rate = windows.restart_windows
    return [Restarts(schedule, settings.seed, rate, line_starts=windows)]


def _schedule(settings: Settings, data: Data, clock: Clock | None) -> Schedule:
    """A run's schedule, with the number of steps if that is known."""
    schedule = Schedule(
        data.windows,
        cast(float, settings.learning_rate),
        clock=clock,
        begun=changes.begun(settings),
        characters_per_unit=data.characters_per_unit,
    )
    if settings.epochs is not None:
        schedule.total_steps = schedule.steps_in(settings.epochs)
    return schedule


def _patience(settings: Settings, data: Data) -> float | None:
    """The `patience` of `SaveBest`: validations without a lower loss."""
    if settings.patience is None and data.shift and data.shift.is_clear:
        return math.inf  # a rise does not mean that the text is memorized
    return settings.patience


def restore(
    settings: Settings,
    state: Mapping[str, Any],
    arrays: list[Any],
    twin: keras.Sequential,
    parts: dict[str, Any],
    tell: Callable[[str], None],
) -> None:
    """Restores twin and callbacks from a checkpoint, and applies --change.

    Args:
        settings: The `settings.Settings`.
        state: The state of the run's checkpoint.
        arrays: Its arrays.
        twin: What `twin` made.
        parts: What `callbacks` returned.
        tell: Called with a line about it.

    Raises:
        ValueError: if the checkpoint is of another network, or the run is
            already past the end it was given.
    """
    schedule, states = parts["Schedule"], state["parts"]
    changed = changes.are_new(settings, state)
    if changed:
        change = settings.changes[-1]
        same = not {"batch_size", "seq_length"} & change["changed"].keys()
        variables.restore_changed(twin, arrays, same_streams=same)
        states = changes.carried(states, change)
    else:
        variables.restore(twin, arrays)
    loop.restore(parts.values(), states)
    if not is_over(settings, state):
        schedule.total_steps = total_steps(settings, state, schedule)
    tell(f"resuming after step {schedule.step}")
    if changed:
        tell(f"with changed settings: {changes.in_words(change)}")


def _teaching(settings: Settings) -> dict[str, Any]:
    """The facts of a student: its teachers, and their share of the loss."""
    if not settings.teachers:
        return {}
    pairs = zip(
        settings.teachers, settings.teacher_fingerprints or [], strict=False
    )
    named = [{"name": name, "fingerprint": of} for name, of in pairs]
    return {"teachers": named, "teacher_weight": settings.teacher_weight}


def facts_of(settings: Settings, data: Data) -> dict[str, Any]:
    """The facts in the model file: how the model was made."""
    corpus = settings.corpus
    training = (
        "learning_rate", "clip_norm", "weight_decay", "weight_drop", "seed",
        "epochs", "minutes", "precision", "init_from",
    )  # fmt: skip
    return {
        "charrnn": charrnn.__version__,
        "text": {
            "name": corpus[0] if len(corpus) == 1 else sources.title(corpus),
            "newline": settings.newline,
            "normalize": settings.normalize,
            "min_count": settings.min_count,
            "max_vocab": settings.max_vocab,
        },
        "split": {
            "validation": settings.validation,
            "training_characters": data.vocabulary.characters_of(
                data.windows.ids
            ),
            "validation_characters": data.vocabulary.characters_of(
                data.held_out
            ),
            **(
                {"documents": data.documents.counts()} if data.documents else {}
            ),
        },
        "network": settings.network(),
        "training": {
            "batch_size": data.windows.batch_size,
            "seq_length": data.windows.seq_length,
            **{name: getattr(settings, name) for name in training},
            "changes": settings.changes,
            **_teaching(settings),
        },
    }
