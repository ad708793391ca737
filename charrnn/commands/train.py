"""Train a network on a text."""

import contextlib
import dataclasses
import hashlib
import math
import shlex
import sys

import numpy as np

import charrnn
from charrnn import memory, model_file, runs
from charrnn.commands import train_flags
from charrnn.commands.train_flags import NETWORK, add_arguments  # noqa: F401
from charrnn.corpus import normalize_text, read
from charrnn.model import (
    CELLS,
    EMBEDDING_DIM,
    ONE_HOT_LIMIT,
    build_model,
    check_arguments,
    network_of,
)
from charrnn.network import GATES
from charrnn.vocabulary import Vocabulary
from charrnn.windows import Windows, fit_to_text, split

# Weights, gradients, two moments of Adam; while a checkpoint is written all
# but the gradients once more.
WEIGHT_COPIES = 7
LAYER_BYTES = 1 << 20  # of a layer's graph


@dataclasses.dataclass
class Material:
    """What a run is made from, read and checked."""

    vocabulary: Vocabulary
    windows: Windows
    held_out: np.ndarray
    initial: dict | None  # the model to begin with


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
        settings = train_flags.settle(out, given, state)
        material = _material(out, given, settings, state)
        if _is_over(settings, state) and (out / "metrics.json").exists():
            print(
                f"'{out}' is finished. Higher --epochs or --minutes go on, "
                "--fresh begins anew."
            )
            return 0
        if fresh and out is not None and runs.exists(out):
            print(f"the run that was here is now '{runs.move_aside(out)}'")
        if out is None or not runs.exists(out):
            out = runs.claim(out, settings.corpus)
            locks.enter_context(runs.locked(out))
            runs.saved(out)  # nobody was faster, or this says so
            locks.callback(runs.unclaim, out)
        return _train(out, settings, material, state, arrays)


def _is_over(settings, state):
    """Whether a run has come to the end that is asked of it."""
    over = state is not None and state["over"]
    return over and not train_flags.asks_more(settings, state)


def _material(out, given, settings, state):
    """Reads and checks all input: a user's slip leaves nothing behind.

    Returns:
        A `Material`.
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
        vocabulary = Vocabulary.from_text(text, settings.min_count)
    if settings.learning_rate is None:
        settings.learning_rate = _learning_rate(settings.units)
    settings.prompt = normalize_text(
        settings.prompt, settings.newline, settings.normalize
    )
    vocabulary.encode(settings.prompt)
    unknown = "replace" if settings.min_count > 1 else "error"
    ids = vocabulary.encode(text, unknown)
    del text  # the ids are enough from here on
    _check_same_text(out, settings, ids, state)
    training, held_out = split(ids, settings.validation)
    windows = _windows(training, settings)
    print(
        f"{settings.corpus}: {len(ids):,} characters, {len(vocabulary):,} "
        f"distinct; {len(training):,} to train on, {len(held_out):,} to "
        "validate on"
    )
    if settings.min_count > 1 and vocabulary.stand_in is not None:
        rare = int((ids == vocabulary.stand_in).sum())
        print(f"{settings.corpus}: {rare:,} rare characters read as U+FFFD")
    check_arguments(vocabulary, **_network(settings))
    _check_memory(settings, len(vocabulary), windows)
    return Material(vocabulary, windows, held_out, initial)


def _check_same_text(out, settings, ids, state):
    """Checks that a run goes on with its text; notes which one it is."""
    settings.text_sha256 = hashlib.sha256(ids).hexdigest()
    if state and state["settings"]["text_sha256"] != settings.text_sha256:
        raise ValueError(
            f"Expected the text that the run in '{out}' learns. Received "
            f"another in '{settings.corpus}'. Begin anew with --fresh."
        )


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


def _check_memory(settings, characters, windows):
    """Checks that weights and a step's activations fit into the memory."""
    units, layers = settings.units, settings.layers
    embedding = settings.embedding
    if embedding == "auto":
        embedding = None if characters <= ONE_HOT_LIMIT else EMBEDDING_DIM
    gates = GATES[CELLS[settings.cell]] * units
    width = embedding or characters
    weights = (
        characters * (embedding or 0)
        + gates * (width + layers * units + (layers - 1) * units)
        + units * characters
    )
    # Each in both directions: gates, states and outputs; input and logits.
    activations = 2 * (layers * (gates + 3 * units) + width + characters)
    memory.check_fits(
        4 * WEIGHT_COPIES * weights
        + 4 * windows.batch_size * windows.seq_length * activations
        + layers * LAYER_BYTES,
        "the network",
        "Use fewer --units or --layers, a smaller --batch-size or "
        "--seq-length, or, against rare characters, --min-count.",
    )


def _learning_rate(units):
    """A rate that the size bears: 0.004 at 512 units, 0.008 at 256."""
    return min(0.01, round(0.004 * 512 / units, 5))


def _model(settings, material):
    """The network, with new weights or those of --init-from."""
    from charrnn.backend import keras  # here: it takes seconds

    keras.utils.set_random_seed(settings.seed)
    model = build_model(material.vocabulary, **_network(settings))
    if material.initial:
        layers = material.initial["layers"]
        model.set_weights([array for *_, arrays in layers for array in arrays])
    print(
        f"{settings.cell}, {settings.layers} x {settings.units} units, "
        f"{model.count_params():,} parameters"
    )
    return model


def _twin(settings, model, windows):
    """The model's twin for training, with its optimizer."""
    from charrnn import training
    from charrnn.twin import fused, precision_of

    twin = fused(
        model, batch_size=windows.batch_size, precision=settings.precision
    )
    settings.precision = precision_of(twin)
    twin.compile(
        training.optimizer(settings.learning_rate, settings.clip_norm),
        training.loss(),
    )
    twin.optimizer.build(twin.trainable_variables)  # or a step traces twice
    return twin


def _facts(settings, material):
    """What the model file tells about how it was made."""
    windows = material.windows
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
            "min_count": settings.min_count,
        },
        "split": {
            "validation": settings.validation,
            "training_characters": len(windows.ids),
            "validation_characters": len(material.held_out),
        },
        "network": _network(settings),
        "training": {
            "batch_size": windows.batch_size,
            "seq_length": windows.seq_length,
            **{name: getattr(settings, name) for name in training},
        },
    }


def _train(out, settings, material, state, arrays):
    """Trains the model and fills the run's folder."""
    from charrnn import checkpoint, loop, training

    windows, held_out = material.windows, material.held_out
    model = _model(settings, material)
    twin = _twin(settings, model, windows)
    facts = _facts(settings, material)
    schedule = training.Schedule(
        windows, settings.learning_rate, _steps(settings, windows)
    )
    validation = training.Validation(model, material.vocabulary, held_out)
    best, history, *others = _callbacks(
        out, settings, schedule, validation, facts
    )
    callbacks = [schedule, validation, best, history, *others]
    if state:
        checkpoint.restore(twin, arrays)
        loop.restore(callbacks, state["parts"])
        if not _is_over(settings, state):
            _set_end(settings, state["settings"], schedule, windows)
        print(f"going on after step {schedule.step}")
    kept = {
        "settings": vars(settings),
        "vocabulary": material.vocabulary.characters,
    }
    failed = False
    try:
        with loop.noted_signals() as signals:
            checkpoints = loop.Checkpoints(
                out,
                schedule,
                callbacks,
                kept,
                settings.checkpoint_seconds,
                signals,
            )
            if not _is_over(settings, state):
                loop.train(
                    twin,
                    windows,
                    schedule,
                    [*callbacks, checkpoints],
                    training.steps_per_round(windows, len(held_out)),
                )
    except loop.Stopped as stopped:
        path = out / "model.keras"
        if not path.exists():
            model_file.save(model, path, material.vocabulary, facts)
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
    reports = reporting.reports(
        out,
        schedule,
        validation,
        prompt=settings.prompt,
        quiet=settings.quiet,
    )
    if settings.minutes:
        seconds = 60 * settings.minutes
        reports.append(budget.Budget(seconds, schedule, validation))
    return [best, *reports]


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
    if schedule.step and (schedule.total_steps or math.inf) <= schedule.step:
        raise ValueError(
            f"Expected an end after step {schedule.step}, where the run is. "
            f"Received one at step {schedule.total_steps}. Give more --epochs "
            "or --minutes: both count what was done before."
        )


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
