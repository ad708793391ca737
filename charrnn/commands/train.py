"""Train a network on a text."""

import contextlib
import math
import signal
import sys

import charrnn
from charrnn import model_file, runs, sources
from charrnn.clock import Clock
from charrnn.commands import program, train_flags
from charrnn.commands.material import gather, network
from charrnn.commands.screen import command_line, say
from charrnn.commands.train_flags import add_arguments  # noqa: F401
from charrnn.model import begin_with_frequencies, build_model, rebuild

HARDLY_TRAINED = 100  # steps; with fewer a network may know nothing
INTERRUPTS = signal.SIGINT, signal.SIGTERM


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
            before = runs.names(out)
            if fresh:
                runs.check_is_run(out)
            else:
                state, arrays = runs.saved(out, say)
        settings = train_flags.settle(out, given, state)
        material = gather(out, given, settings, state)
        if _is_over(settings, state) and runs.is_complete(out, _step(state)):
            say(
                f"'{out}' is finished. Higher --epochs or --minutes go on, "
                "--fresh begins anew."
            )
            return 0
        if out is not None:
            runs.check_same(out, before)
        if fresh and out is not None and any(out.iterdir()):
            say(f"the run that was here is now '{runs.move_aside(out)}'")
        if out is None or not out.exists():
            out = _claim(locks, out, settings.corpus)
            runs.saved(out, say)  # says so if somebody was faster
            runs.check_same(out, set())
        return (
            yield from _train(
                out, settings, material, state, arrays, clock, signals
            )
        )


def _claim(locks, out, corpus):
    """Makes a run's folder if need be, and keeps other processes out."""
    if out is not None:
        runs.exists(out)  # or something else has its name
    out, made = runs.claim(out, corpus)
    locks.enter_context(runs.locked(out))
    locks.callback(runs.unclaim, made)
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
    from charrnn.backend import keras, use_float32  # here: it takes seconds

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
    from charrnn import training
    from charrnn.twin import fused, precision_of

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
        },
    }


def _name(corpus):
    """What a model file calls its text: a `str`."""
    return corpus[0] if len(corpus) == 1 else sources.title(corpus)


def _words(corpus, out):
    """The words after `train` with which a run goes on."""
    flags = ["--out", str(out)]
    if any(name.startswith("-") and name != "-" for name in corpus):
        return [*flags, "--", *corpus]  # none of these is a flag
    return [*corpus, *flags]


def _train(out, settings, material, state, arrays, clock, signals):
    """Trains the model and fills the run's folder, as `stepwise` does."""
    from charrnn import checkpoint, loop, training

    windows, held_out = material.windows, material.held_out
    model = _model(settings, material)
    twin = _twin(settings, model, windows)
    facts = _facts(settings, material)
    schedule = training.Schedule(
        windows, settings.learning_rate, _steps(settings, windows), clock
    )
    validation = training.Validation(model, material.vocabulary, held_out)
    best, history, *others = _callbacks(
        out, settings, schedule, validation, facts
    )
    restarts = training.Restarts(schedule, settings.seed)
    callbacks = [schedule, restarts, validation, best, history, *others]
    if state:
        checkpoint.restore(twin, arrays)
        loop.restore(callbacks, state["parts"])
        if not _is_over(settings, state):
            _set_end(settings, state["settings"], schedule, windows)
        print(f"going on after step {schedule.step}")
    yield schedule
    kept = {
        "settings": vars(settings),
        "vocabulary": material.vocabulary.characters,
    }
    failed = False
    try:
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
            if not _is_over(settings, state):
                for _ in loop.train(
                    twin,
                    windows,
                    schedule,
                    [*callbacks, checkpoints],
                    training.steps_per_round(windows, len(held_out)),
                ):
                    yield schedule
    except loop.Stopped as stopped:
        path = out / "model.keras"
        if not path.exists():
            model_file.save(model, path, material.vocabulary, facts)
        command = [*program("train"), *_words(settings.corpus, out)]
        say(
            f"stopped after step {schedule.step}. To go on:\n"
            f"{command_line(command)}",
            # Otherwise nobody reads the output any more.
            file=None if stopped.signal in INTERRUPTS else sys.stderr,
        )
        return 128 + stopped.signal
    except FloatingPointError as error:
        failed = True
        print(
            f"charrnn train: stopped at step {schedule.step + 1}, as there "
            f"was {error}. Try a lower --learning-rate or --clip-norm, with "
            "--fresh.",
            file=sys.stderr,
        )
    if best.step is None and _is_over(settings, state):
        _save_again(out, validation, best)
    if best.step is not None:
        metrics = _finish(
            out, settings, windows.ids, validation.ids, schedule, history
        )
        failed |= _has_hardly_trained(settings, schedule, metrics)
    return 1 if failed else 0


def _save_again(out, validation, best):
    """Saves the last weights where the model of a finished run is gone."""
    print(f"'{out}' has no model.keras any more: made of the last weights")
    logs = {}
    for callback in (validation, best):
        callback.on_epoch_end(0, logs)


def _callbacks(out, settings, schedule, validation, facts):
    """The other callbacks, in their order: `SaveBest` and `History` first."""
    from charrnn import budget, reporting, training

    best = training.SaveBest(
        validation, out / "model.keras", facts, schedule, settings.patience
    )
    reports = reporting.reports(
        out,
        schedule,
        validation,
        prompt=settings.prompt,
        quiet=settings.quiet,
    )
    seconds = 60 * settings.minutes if settings.minutes else None
    reports.append(budget.Budget(seconds, schedule, validation))
    return [best, *reports]


def _steps(settings, windows):
    """The steps of --epochs, `None` without it."""
    if settings.epochs is None:
        return None
    return max(1, round(settings.epochs * windows.steps_per_epoch))


def _set_end(settings, before, schedule, windows):
    """Moves the end of a run to where this command wants it."""
    schedule.total_steps = _steps(settings, windows)
    longer = settings.minutes != before["minutes"]
    over = longer and 60 * (settings.minutes or math.inf) <= schedule.elapsed()
    last = schedule.total_steps or math.inf
    if schedule.step and (over or last <= schedule.step):
        end = f"after {settings.minutes} minutes" if over else f"step {last}"
        raise ValueError(
            f"Expected an end after step {schedule.step}, where the run is "
            f"after {schedule.elapsed() / 60:.3g} minutes. Received one at "
            f"{end}. Give more --epochs or --minutes: both count what was "
            "done before."
        )


def _finish(out, settings, training, held_out, schedule, history):
    """Measures the best model, and writes and says what came out.

    Returns:
        The metrics.
    """
    from charrnn import reporting, results

    metrics = results.measure(out, training, held_out, schedule)
    reporting.plot_losses(history, out / "loss.png")
    metrics["train_seconds"] = round(schedule.elapsed(), 2)
    results.write(out, metrics)
    say(results.summary(out, metrics))
    command = [*program("generate"), "--model", str(out)]
    if settings.prompt:
        command += ["--prompt", settings.prompt]
    say(f"write text  {command_line(command)}")
    return metrics


def _has_hardly_trained(settings, schedule, metrics):
    """Whether the time was too short to learn anything; then says so."""
    chance = metrics["baselines_nats_per_char"]["unigram"]
    learnt = metrics["validation_nats_per_char"] < chance
    if not settings.minutes or learnt or schedule.step >= HARDLY_TRAINED:
        return False
    seconds, others = schedule.elapsed(), schedule.elapsed()
    others -= schedule.clock.trained()
    print(
        f"charrnn train: the network has hardly trained: {schedule.step} steps "
        f"in {seconds:.0f} s, {others:.0f} s of which went by before the first "
        "was done. It does no better than single letters drawn by how often "
        "they occur. Give more --minutes: the same command with these goes on.",
        file=sys.stderr,
    )
    return True
