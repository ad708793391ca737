"""Train a network on a text."""

import argparse
import contextlib
import hashlib
import shlex
import sys
from pathlib import Path

import charrnn
from charrnn import model_file, runs
from charrnn.commands import defaults
from charrnn.commands.arguments import (
    add_text_arguments,
    at_least,
    fraction,
    not_negative,
    positive,
)
from charrnn.corpus import normalize_text, read
from charrnn.model import (
    CELLS,
    build_model,
    check_arguments,
    network_of,
)
from charrnn.precision import PRECISIONS
from charrnn.vocabulary import Vocabulary
from charrnn.windows import Windows, fit_to_text, split

NETWORK = defaults(build_model)  # the flags of build_model, with defaults

# What the run is: these stay as they are when it is taken up again.
FIXED = {
    "encoding": "utf-8",
    "newline": "lf",
    "normalize": None,
    "validation": 0.1,
    **NETWORK,
    "init_from": None,
    "batch_size": 32,
    "seq_length": 64,
    "clip_norm": 1.0,
    "seed": 1,
    "precision": "auto",
    "learning_rate": None,
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
DEFAULT_MINUTES = 10


def add_arguments(parser):
    """Adds the flags of `charrnn train`, in the order of the pipeline."""
    # Only flags that are given get a value: a run's own come before FIXED.
    parser.argument_default = argparse.SUPPRESS
    parser.add_argument(
        "corpus",
        metavar="TEXT",
        help="a file, a folder of .txt files, - for stdin, or a corpus that "
        "`charrnn corpora` lists",
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
    text = parser.add_argument_group("text")
    add_text_arguments(text)
    text.add_argument(
        "--validation",
        type=fraction,
        metavar="FRACTION",
        help="of the text, at its end, held out (default: 0.1)",
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
        "dropout": {"type": fraction, "help": "share of outputs dropped"},
        "embedding": {
            "type": _embedding,
            "metavar": "SIZE",
            "help": "size of the character embedding, none for one-hot "
            "input, or auto: one-hot up to 256 distinct characters",
        },
    }.items():
        options["help"] += f" (default: {NETWORK[name]})"
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
        ("clip_norm", positive, "largest norm of all gradients"),
        ("seed", at_least(0), "of weights, dropout and streams"),
    ):
        text += f" (default: {FIXED[name]})"
        flag = _flag(name)
        group.add_argument(flag, type=kind, metavar="N", help=text)
    group.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="of the operands of matrix products; weights, states and gates "
        "are float32 in each case (default: auto, bfloat16 where the "
        "processor has instructions for it)",
    )
    for flag, kind, text in (
        (
            "--learning-rate",
            positive,
            "the highest, after warm-up (default: 0.004 with 512 units, more "
            "with fewer)",
        ),
        ("--epochs", positive, "passes over the training text at most"),
        (
            "--minutes",
            positive,
            "time from the first step to the saved model, everything "
            f"included (default: {DEFAULT_MINUTES}, without --epochs)",
        ),
        ("--patience", at_least(1), "stop after N rounds that are no better"),
        (
            "--checkpoint-seconds",
            not_negative,
            "from one checkpoint to the next, all that a killed run loses "
            "(default: 60)",
        ),
    ):
        group.add_argument(flag, type=kind, metavar="N", help=text)


def _flag(name):
    return "--" + name.replace("_", "-")


def _embedding(word):
    if word == "none":
        return None
    return word if word == "auto" else at_least(1)(word)


_embedding.__name__ = "size, auto or none"  # argparse names it in its message


def run(arguments):
    """Trains as the arguments say; returns the exit code."""
    given = {k: v for k, v in vars(arguments).items() if k != "verb"}
    out, fresh = given.pop("out", None), given.pop("fresh", False)
    with contextlib.ExitStack() as locks:
        state = arrays = None
        if out is not None and runs.exists(out):
            locks.enter_context(runs.locked(out))
            if fresh:
                runs.check_is_run(out)
            else:
                state, arrays = runs.saved(out)
        settings = _settings(out, given, state)
        over = state and state["over"] and not _asks_more(settings, state)
        if over and (out / "metrics.json").exists():
            print(
                f"'{out}' is finished. Higher --epochs or --minutes go on, "
                "--fresh begins anew."
            )
            return 0
        material = _material(out, given, settings, state)
        if fresh and out is not None and runs.exists(out):
            print(f"the run that was here is now '{runs.move_aside(out)}'")
        if out is None or not runs.exists(out):
            out = runs.claim(out, settings.corpus)
            locks.enter_context(runs.locked(out))
            runs.saved(out)  # nobody was faster, or this says so
        return _train(out, settings, *material, state, arrays, over)


def _settings(out, given, state):
    """The flags, those of the run that is taken up, and the defaults."""
    if state is None:
        settings = argparse.Namespace(**{**FIXED, **FREE, **given})
        if settings.minutes is None and settings.epochs is None:
            settings.minutes = DEFAULT_MINUTES
        return settings
    before = state["settings"]
    for name in FIXED:
        if given.get(name, before[name]) not in (before[name], "auto"):
            raise ValueError(
                f"Expected {_flag(name)} {before[name]}, as in the run in "
                f"'{out}'. Received {given[name]}. Leave it out to go on, or "
                "begin anew with --fresh."
            )
    settings = argparse.Namespace(
        **{**before, **given, **{name: before[name] for name in FIXED}}
    )
    if "epochs" in given or "minutes" in given:
        settings.epochs = given.get("epochs")
        settings.minutes = given.get("minutes")
    return settings


def _asks_more(settings, state):
    """Whether the settings ask for more training than a run was to have."""
    before = argparse.Namespace(**state["settings"])
    return any(
        (getattr(settings, name) or 0) > (getattr(before, name) or 0)
        for name in ("epochs", "minutes", "patience")
    )


def _material(out, given, settings, state):
    """Reads and checks all input: a user's slip leaves nothing behind.

    Returns:
        The vocabulary, the `Windows` of the training part, the ids held out,
        and the model to begin with or `None`.
    """
    text = read(
        settings.corpus,
        encoding=settings.encoding,
        newline=settings.newline,
        normalize=settings.normalize,
        say=print,
    )
    initial = None
    if state:
        vocabulary = Vocabulary(state["vocabulary"])
    elif settings.init_from:
        initial = model_file.read(settings.init_from)
        vocabulary = initial["vocabulary"]
        vars(settings).update(_network_of(initial, given))
    else:
        vocabulary = Vocabulary.from_text(text)
    if settings.learning_rate is None:
        settings.learning_rate = _learning_rate(settings.units)
    settings.prompt = normalize_text(
        settings.prompt, settings.newline, settings.normalize
    )
    vocabulary.encode(settings.prompt)
    ids = vocabulary.encode(text)
    del text  # the ids are enough from here on
    settings.text_sha256 = hashlib.sha256(ids).hexdigest()
    if state and state["settings"]["text_sha256"] != settings.text_sha256:
        raise ValueError(
            f"Expected the text that the run in '{out}' learns. Received "
            f"another in '{settings.corpus}'. Begin anew with --fresh."
        )
    training, held_out = split(ids, settings.validation)
    windows = _windows(training, settings)
    print(
        f"{settings.corpus}: {len(ids):,} characters, {len(vocabulary):,} "
        f"distinct; {len(training):,} to train on, {len(held_out):,} to "
        "validate on"
    )
    check_arguments(vocabulary, **_network(settings))
    return vocabulary, windows, held_out, initial


def _network(settings):
    """The arguments of build_model."""
    return {name: getattr(settings, name) for name in NETWORK}


def _network_of(initial, given):
    """The network of --init-from, which flags may repeat but not change."""
    network = network_of(initial["layers"])
    for name in NETWORK:
        if given.get(name, network[name]) != network[name]:
            raise ValueError(
                f"Expected the network of '{given['init_from']}', with "
                f"{name} {network[name]}. Received --{name} {given[name]}. "
                "Leave the flag out."
            )
    return network


def _windows(training, settings):
    """The streams, made smaller for a short text."""
    wanted = settings.batch_size, settings.seq_length
    batch_size, seq_length = fit_to_text(len(training), *wanted)
    if (batch_size, seq_length) != wanted:
        print(
            f"short text: {batch_size} streams of {seq_length} characters "
            f"a step instead of {wanted[0]} of {wanted[1]}"
        )
    return Windows(
        training,
        batch_size=batch_size,
        seq_length=seq_length,
        seed=settings.seed,
    )


def _learning_rate(units):
    """A rate that the size bears: 0.004 at 512 units, 0.008 at 256."""
    return min(0.01, round(0.004 * 512 / units, 5))


def _model(settings, vocabulary, initial):
    """The network, with new weights or those of --init-from."""
    from charrnn.backend import keras  # here: it takes seconds

    keras.utils.set_random_seed(settings.seed)
    model = build_model(vocabulary, **_network(settings))
    if initial:
        model.set_weights(
            [a for *_, arrays in initial["layers"] for a in arrays]
        )
    print(
        f"{settings.cell}, {settings.layers} x {settings.units} units, "
        f"{model.count_params():,} parameters"
    )
    return model


def _facts(settings, windows, held_out):
    """What the model file tells about how it was made."""
    training = (
        "learning_rate", "clip_norm", "seed", "epochs", "minutes",
        "precision", "init_from",
    )  # fmt: skip
    return {
        "charrnn": charrnn.__version__,
        "text": {
            "name": settings.corpus,
            "newline": settings.newline,
            "normalize": settings.normalize,
        },
        "split": {
            "validation": settings.validation,
            "training_characters": len(windows.ids),
            "validation_characters": len(held_out),
        },
        "network": _network(settings),
        "training": {
            "batch_size": windows.batch_size,
            "seq_length": windows.seq_length,
            **{name: getattr(settings, name) for name in training},
        },
    }


def _train(
    out, settings, vocabulary, windows, held_out, initial, state, arrays, over
):
    """Trains the model and fills the run's folder."""
    from charrnn import checkpoint, training
    from charrnn.twin import fused, precision_of

    model = _model(settings, vocabulary, initial)
    twin = fused(
        model, batch_size=windows.batch_size, precision=settings.precision
    )
    settings.precision = precision_of(twin)
    twin.compile(
        training.optimizer(settings.learning_rate, settings.clip_norm),
        training.loss(),
    )
    twin.optimizer.build(twin.trainable_variables)  # or a step traces twice

    schedule = training.Schedule(
        windows, settings.learning_rate, _steps(settings, windows)
    )
    validation = training.Validation(model, vocabulary, held_out)
    facts = _facts(settings, windows, held_out)
    best, history, *others = _callbacks(
        out, settings, schedule, validation, facts
    )
    callbacks = [schedule, validation, best, history, *others]
    if state:
        checkpoint.restore(twin, arrays)
        for name, part in training.with_state(callbacks).items():
            if name in state["parts"]:
                part.restore(state["parts"][name])
        _set_end(settings, state["settings"], schedule, windows)
        print(f"going on after step {schedule.step}")
    run = {"settings": vars(settings), "vocabulary": vocabulary.characters}
    failed = False
    try:
        with training.noted_signals() as signals:
            callbacks.append(
                training.Checkpoints(
                    out,
                    schedule,
                    callbacks,
                    run,
                    settings.checkpoint_seconds,
                    signals,
                )
            )
            if not over:
                steps = training.steps_per_round(windows, len(held_out))
                training.train(twin, windows, schedule, callbacks, steps)
    except training.Stopped as stopped:
        if best.step is None:
            model_file.save(model, out / "model.keras", vocabulary, facts)
        print(f"stopped after step {schedule.step}. To go on:")
        print(shlex.join([*_program(), settings.corpus, "--out", str(out)]))
        return 128 + stopped.signal
    except FloatingPointError as error:
        failed = True
        print(
            f"charrnn train: stopped at step {schedule.step + 1}, as there "
            f"was {error}. Try a lower --learning-rate or --clip-norm, with "
            "--fresh.",
            file=sys.stderr,
        )
    if best.step is not None:
        _finish(out, settings, validation.ids, schedule, history)
    return 1 if failed else 0


def _callbacks(out, settings, schedule, validation, facts):
    """The other callbacks, in their order: `SaveBest` and `History` first."""
    from charrnn import budget, reporting, training

    best = training.SaveBest(
        validation, out / "model.keras", facts, schedule, settings.patience
    )
    callbacks = [
        best,
        *reporting.reports(
            out,
            schedule,
            validation,
            prompt=settings.prompt,
            quiet=settings.quiet,
        ),
    ]
    if settings.minutes:
        seconds = 60 * settings.minutes
        callbacks.append(budget.Budget(seconds, schedule, validation))
    return callbacks


def _steps(settings, windows):
    """The steps of --epochs, `None` without it."""
    if settings.epochs is None:
        return None
    return max(1, round(settings.epochs * windows.steps_per_epoch))


def _set_end(settings, before, schedule, windows):
    """Moves the end of a run to where this command wants it."""
    if not settings.minutes:
        schedule.total_steps = _steps(settings, windows)
    elif settings.minutes != before["minutes"] and schedule.step:
        of_all = 60 * settings.minutes / schedule.elapsed()
        schedule.total_steps = max(1, round(schedule.step * of_all))


def _program():
    """The words that the user called this program by."""
    if sys.argv[0].endswith("train.py"):
        return ["python", "train.py"]
    return ["charrnn", "train"]


def _finish(out, settings, held_out, schedule, history):
    """Measures the best model, and writes and says what came out."""
    from charrnn import reporting, results

    metrics = results.measure(out, held_out, schedule)
    reporting.plot_losses(history, out / "loss.png")
    metrics["train_seconds"] = round(schedule.elapsed(), 2)
    results.write(out, metrics)
    print(results.summary(out, metrics, settings.prompt))
