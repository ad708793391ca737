"""Train a network on a text."""

import contextlib
import math
import sys

import charrnn
from charrnn.commands import causes, outcome, train_flags
from charrnn.commands.advice import advise
from charrnn.commands.material import gather, network
from charrnn.commands.train_flags import add_arguments  # noqa: F401
from charrnn.network.model import begin_with_frequencies, build_model, rebuild
from charrnn.system.terminal import say
from charrnn.text import sources
from charrnn.training import changes, run_folder
from charrnn.training.clock import Clock


def run(arguments):
    """Trains as the arguments say; returns the exit code."""
    training = stepwise(arguments)
    while True:
        try:
            next(training)
        except StopIteration as end:
            return end.value


def stepwise(arguments, signals=None, clock=None):
    """Trains a step at a time, so that other runs can have their turn.

    Args:
        arguments: As for `run`.
        signals: The list of `loop.noted_signals`; `None` to note them here.
        clock: The `clock.Clock` of the run; `None` for one that starts now.

    Yields:
        The `training.Schedule`, when all is ready and after every step; its
        clock may be stopped until the next is asked for.

    Returns:
        The exit code.
    """
    if clock is None:
        clock = Clock()
        clock.start()
    given = dict(vars(arguments))
    out, fresh = given.pop("out", None), given.pop("fresh", False)
    with contextlib.ExitStack() as locks:
        state = arrays = None
        if out is not None:
            # Before anything is read: reading may take long.
            _claim(locks, out, given["corpus"])
            before = run_folder.names(out)
            if fresh:
                run_folder.check_is_run(out)
            else:
                state, arrays = run_folder.saved(out, say)
        settings = train_flags.settle(out, given, state)
        material = gather(out, given, settings, state)
        material.shift = advise(settings, material, aloud=state is None)
        if _is_over(settings, state) and run_folder.is_complete(
            out, _step(state)
        ):
            say(
                f"'{out}' is finished. Higher --epochs or --minutes go on, "
                "--fresh begins anew."
            )
            return 0
        if out is not None:
            run_folder.check_same(out, before)
        if fresh and out is not None and any(out.iterdir()):
            say(f"the run that was here is now '{run_folder.move_aside(out)}'")
        if out is None or not out.exists():
            out = _claim(locks, out, settings.corpus)
            run_folder.saved(out, say)  # says so if somebody was faster
            run_folder.check_same(out, set())
        return (
            yield from _train(
                out, settings, material, state, arrays, clock, signals
            )
        )


def _claim(locks, out, corpus):
    """Makes a run's folder if need be, and keeps other processes out."""
    if out is not None:
        run_folder.exists(out)  # or something else has its name
    out, made = run_folder.claim(out, corpus)
    locks.enter_context(run_folder.locked(out))
    locks.callback(run_folder.unclaim, made)
    return out


def _step(state):
    """The step that a checkpoint's state is of."""
    return state["parts"]["Schedule"]["step"]


def _is_over(settings, state):
    """Whether a run has come to the end that is asked of it."""
    over = state is not None and state["over"]
    return over and not train_flags.asks_more(settings, state)


def _model(settings, material):
    """The network, with new weights or those of --init-from."""
    from charrnn.network.backend import (  # here: it takes seconds
        keras,
        use_float32,
    )

    use_float32()
    keras.utils.set_random_seed(settings.seed)
    if material.initial:
        model = rebuild(material.initial["layers"], material.vocabulary)
    else:
        model = build_model(material.vocabulary, **network(settings))
        begin_with_frequencies(model, material.windows.ids)
    print(
        f"{settings.cell}, {settings.layers} x {settings.units} units, "
        f"{model.count_params():,} parameters, dropout {settings.dropout:g}"
    )
    return model


def _twin(settings, model, windows):
    """The model's twin for training, with its optimizer."""
    from charrnn.training import schedule as training
    from charrnn.twins.fused import fused, precision_of

    twin = fused(
        model,
        batch_size=windows.batch_size,
        precision=settings.precision,
        weight_drop=settings.weight_drop,
    )
    settings.precision = precision_of(twin)
    twin.compile(
        training.optimizer(
            settings.learning_rate, settings.clip_norm, settings.weight_decay
        ),
        training.loss(),
    )
    twin.optimizer.build(twin.trainable_variables)  # or a step traces twice
    return twin


def _facts(settings, material):
    """What the model file tells about how it was made."""
    windows = material.windows
    training = (
        "learning_rate", "clip_norm", "weight_decay", "weight_drop", "seed",
        "epochs", "minutes", "precision", "init_from",
    )  # fmt: skip
    return {
        "charrnn": charrnn.__version__,
        "text": {
            "name": _name(settings.corpus),
            "newline": settings.newline,
            "normalize": settings.normalize,
            "min_count": settings.min_count,
            "max_vocab": settings.max_vocab,
        },
        "split": {
            "validation": settings.validation,
            "training_characters": len(windows.ids),
            "validation_characters": len(material.held_out),
        },
        "network": network(settings),
        "training": {
            "batch_size": windows.batch_size,
            "seq_length": windows.seq_length,
            **{name: getattr(settings, name) for name in training},
            "changes": settings.changes,
        },
    }


def _name(corpus):
    """What a model file calls its text: a `str`."""
    return corpus[0] if len(corpus) == 1 else sources.title(corpus)


def _train(out, settings, material, state, arrays, clock, signals):
    """Trains the model and fills the run's folder, as `stepwise` does."""
    from charrnn.training import loop
    from charrnn.training import schedule as training

    windows = material.windows
    model = _model(settings, material)
    twin = _twin(settings, model, windows)
    begun = changes.begun(settings, state, len(windows.ids))
    schedule = training.Schedule(
        windows, settings.learning_rate, clock=clock, begun=begun
    )
    if settings.epochs is not None:
        schedule.total_steps = schedule.steps_in(settings.epochs)
    parts = _callbacks(out, settings, schedule, model, material)
    if state:
        _restore(settings, state, arrays, twin, parts)
    yield schedule
    failed = False
    try:
        if not _is_over(settings, state):
            yield from _steps(out, settings, material, twin, parts, signals)
    except loop.Stopped as stopped:
        outcome.stop(out, settings, parts, stopped.signal)
        return 128 + stopped.signal
    except FloatingPointError as error:
        failed = True
        print(
            f"charrnn train: stopped at step {schedule.step + 1}, as there "
            f"was {error}. {causes.of_divergence(settings)}",
            file=sys.stderr,
        )
    if parts["SaveBest"].step is None and _is_over(settings, state):
        outcome.save_again(out, parts)
    if parts["SaveBest"].step is not None:
        failed |= not outcome.finish(out, settings, material, parts)
    return 1 if failed else 0


def _callbacks(out, settings, schedule, model, material):
    """The callbacks by their classes' names, in the order they act in."""
    from charrnn.training import budget, reporting, validation
    from charrnn.training import schedule as training

    held_out = validation.Validation(
        model, material.vocabulary, material.held_out
    )
    patience = settings.patience
    if patience is None and material.shift and material.shift.is_clear:
        patience = math.inf  # no rise there tells of a text learnt by heart
    seconds = 60 * settings.minutes if settings.minutes else None
    callbacks = [
        schedule,
        training.Restarts(schedule, settings.seed),
        held_out,
        validation.SaveBest(
            held_out,
            out / "model.keras",
            _facts(settings, material),
            schedule,
            patience,
        ),
        *reporting.reports(
            out,
            schedule,
            held_out,
            prompt=settings.prompt,
            quiet=settings.quiet,
        ),
        budget.Budget(seconds, schedule, held_out),
    ]
    return {type(callback).__name__: callback for callback in callbacks}


def _restore(settings, state, arrays, twin, parts):
    """Brings twin and callbacks to where the run is, changed if so asked."""
    from charrnn.training import checkpoint, loop

    schedule, states = parts["Schedule"], state["parts"]
    if changes.are_new(settings, state):
        change = settings.changes[-1]
        same = not {"batch_size", "seq_length"} & change["changed"].keys()
        checkpoint.restore_changed(twin, arrays, same_streams=same)
        states = changes.carried(states, change)
    else:
        checkpoint.restore(twin, arrays)
    loop.restore(parts.values(), states)
    if not _is_over(settings, state):
        _set_end(settings, state, schedule)
    print(f"going on after step {schedule.step}")
    if changes.are_new(settings, state):
        say(f"with other settings: {changes.in_words(settings.changes[-1])}")


def _set_end(settings, state, schedule):
    """Moves the end of a run to where this command wants it."""
    schedule.total_steps = None
    if settings.epochs is not None:
        schedule.total_steps = schedule.steps_in(settings.epochs)
    last = schedule.total_steps or math.inf
    over = changes.time_is_over(settings, state) and last > schedule.step
    if settings.minutes != state["settings"]["minutes"]:
        over = 60 * (settings.minutes or math.inf) <= schedule.elapsed()
    if schedule.step and (over or last <= schedule.step):
        end = f"after {settings.minutes} minutes" if over else f"step {last}"
        raise ValueError(
            f"Expected an end after step {schedule.step}, where the run is "
            f"after {schedule.elapsed() / 60:.3g} minutes. Received one at "
            f"{end}. Give more --epochs or --minutes: both count what was "
            "done before."
        )


def _steps(out, settings, material, twin, parts, signals):
    """Trains to the end, with checkpoints on the way, as `stepwise` does."""
    from charrnn.training import loop
    from charrnn.training import schedule as training

    callbacks, schedule = list(parts.values()), parts["Schedule"]
    kept = {
        "settings": vars(settings),
        "vocabulary": material.vocabulary.characters,
    }
    windows, held_out = material.windows, material.held_out
    with contextlib.ExitStack() as stack:
        if signals is None:
            signals = stack.enter_context(loop.noted_signals())
        checkpoints = loop.Checkpoints(
            out,
            schedule,
            callbacks,
            kept,
            settings.checkpoint_seconds,
            signals,
        )
        for _ in loop.train(
            twin,
            windows,
            schedule,
            [*callbacks, checkpoints],
            training.steps_per_round(windows, len(held_out)),
        ):
            yield schedule
