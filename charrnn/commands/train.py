"""Train a network on a text."""

import argparse
import contextlib
import itertools
import math
import sys
from pathlib import Path

import charrnn
from charrnn import model_file
from charrnn.commands import defaults
from charrnn.commands.arguments import (
    add_text_arguments,
    at_least,
    fraction,
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

DEFAULT_MINUTES = 10
NETWORK = defaults(build_model)  # the flags of build_model, with defaults


def add_arguments(parser):
    """Adds the flags of `charrnn train`, in the order of the pipeline."""
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
        help="folder for the run (default: runs/TEXT-1, or the next number)",
    )
    text = parser.add_argument_group("text")
    add_text_arguments(text)
    text.add_argument(
        "--validation",
        type=fraction,
        default=0.1,
        metavar="FRACTION",
        help="of the text, at its end, held out (default: 0.1)",
    )
    _add_network_arguments(parser.add_argument_group("network"))
    _add_training_arguments(parser.add_argument_group("training"))
    reporting = parser.add_argument_group("reporting")
    reporting.add_argument(
        "--prompt", default="", help="what the samples on the way begin with"
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
        # No default here: a flag given against --init-from is an error.
        options["help"] += f" (default: {NETWORK[name]})"
        group.add_argument(f"--{name}", default=argparse.SUPPRESS, **options)
    group.add_argument(
        "--init-from",
        type=Path,
        metavar="MODEL",
        help="begin with the weights and the characters of a trained model",
    )


def _add_training_arguments(group):
    for flag, kind, default, text in (
        ("--batch-size", at_least(1), 32, "streams read in parallel"),
        ("--seq-length", at_least(1), 64, "characters gradients reach back"),
        ("--clip-norm", positive, 1.0, "largest norm of all gradients"),
        ("--seed", at_least(0), 1, "of weights, dropout and streams"),
    ):
        text += f" (default: {default})"
        group.add_argument(
            flag, type=kind, default=default, metavar="N", help=text
        )
    group.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="auto",
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
    ):
        group.add_argument(flag, type=kind, metavar="N", help=text)


def _embedding(word):
    if word == "none":
        return None
    return word if word == "auto" else at_least(1)(word)


_embedding.__name__ = "size, auto or none"  # argparse names it in its message


def run(arguments):
    """Trains as the arguments say; returns the exit code."""
    if arguments.minutes is None and arguments.epochs is None:
        arguments.minutes = DEFAULT_MINUTES
    _check_folder(arguments.out)
    text = read(
        arguments.corpus,
        encoding=arguments.encoding,
        newline=arguments.newline,
        normalize=arguments.normalize,
        say=print,
    )
    initial = arguments.init_from and model_file.read(arguments.init_from)
    network = _network(arguments, initial)
    if arguments.learning_rate is None:
        arguments.learning_rate = _learning_rate(network["units"])
    vocabulary = (
        initial["vocabulary"] if initial else Vocabulary.from_text(text)
    )
    arguments.prompt = normalize_text(
        arguments.prompt, arguments.newline, arguments.normalize
    )
    vocabulary.encode(arguments.prompt)
    ids = vocabulary.encode(text)
    del text  # the ids are enough from here on
    training, held_out = split(ids, arguments.validation)
    windows = _windows(training, arguments)
    print(
        f"{arguments.corpus}: {len(ids):,} characters, {len(vocabulary):,} "
        f"distinct; {len(training):,} to train on, {len(held_out):,} to "
        "validate on"
    )
    facts = _facts(arguments, network, windows, held_out)
    check_arguments(vocabulary, **network)
    arguments.out = _claim_folder(arguments)

    model = _model(arguments, vocabulary, network, initial)
    return _fit(arguments, model, vocabulary, windows, held_out, facts)


def _check_folder(out):
    """Refuses a folder with files in it: they are somebody's."""
    if out is None or not out.exists():
        return
    if not out.is_dir():
        raise ValueError(f"Expected a folder for --out. '{out}' is a file.")
    if (out / "model.keras").exists():
        raise ValueError(
            f"Expected a new folder for --out. '{out}' already holds a "
            "model.keras. Choose another, or train on from it with "
            f"--init-from {out}"
        )
    if any(out.iterdir()):
        raise ValueError(
            f"Expected a new or an empty folder for --out. '{out}' has "
            "files in it. Choose another."
        )


def _claim_folder(arguments):
    """Makes the run's folder: by itself the first number that is free."""
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
        return arguments.out
    name = "stdin"
    if arguments.corpus != "-":
        name = Path(arguments.corpus).resolve().stem
    for number in itertools.count(1):
        out = Path("runs", f"{name}-{number}")
        with contextlib.suppress(FileExistsError):
            out.mkdir(parents=True)  # two runs cannot both make it
            return out


def _windows(training, arguments):
    """The streams, made smaller for a short text."""
    wanted = arguments.batch_size, arguments.seq_length
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
        seed=arguments.seed,
    )


def _network(arguments, initial):
    """The arguments of build_model: the flags, or those of --init-from."""
    given = {
        name: getattr(arguments, name)
        for name in NETWORK
        if hasattr(arguments, name)
    }
    if not initial:
        return NETWORK | given
    network = network_of(initial["layers"])
    for name, value in given.items():
        if value != network[name]:
            raise ValueError(
                f"Expected the network of '{arguments.init_from}', with "
                f"{name} {network[name]}. Received --{name} {value}. Leave "
                "the flag out."
            )
    return network


def _learning_rate(units):
    """A rate that the size bears: 0.004 at 512 units, 0.008 at 256."""
    return min(0.01, round(0.004 * 512 / units, 5))


def _model(arguments, vocabulary, network, initial):
    """The network, with new weights or those of --init-from."""
    from charrnn.backend import keras  # here: it takes seconds

    keras.utils.set_random_seed(arguments.seed)
    model = build_model(vocabulary, **network)
    if initial:
        model.set_weights(
            [a for *_, arrays in initial["layers"] for a in arrays]
        )
    print(
        f"{network['cell']}, {network['layers']} x {network['units']} units, "
        f"{model.count_params():,} parameters"
    )
    return model


def _facts(arguments, network, windows, held_out):
    """What the model file tells about how it was made."""
    training = ("learning_rate", "clip_norm", "seed", "epochs", "minutes")
    return {
        "charrnn": charrnn.__version__,
        "text": {
            "name": arguments.corpus,
            "newline": arguments.newline,
            "normalize": arguments.normalize,
        },
        "split": {
            "validation": arguments.validation,
            "training_characters": len(windows.ids),
            "validation_characters": len(held_out),
        },
        "network": network,
        "training": {
            "batch_size": windows.batch_size,
            "seq_length": windows.seq_length,
            "init_from": arguments.init_from and str(arguments.init_from),
            **{name: getattr(arguments, name) for name in training},
        },
    }


def _fit(arguments, model, vocabulary, windows, held_out, facts):
    """Trains the model and fills the run's folder."""
    from charrnn import budget, reporting, training
    from charrnn.twin import fused, precision_of

    twin = fused(
        model,
        batch_size=windows.batch_size,
        precision=arguments.precision,
    )
    facts["training"]["precision"] = precision_of(twin)
    twin.compile(
        training.optimizer(arguments.learning_rate, arguments.clip_norm),
        training.loss(),
    )
    twin.optimizer.build(twin.trainable_variables)  # or fit traces twice

    steps = arguments.epochs and max(
        1, round(arguments.epochs * windows.steps_per_epoch)
    )
    schedule = training.Schedule(windows, arguments.learning_rate, steps)
    validation = training.Validation(model, vocabulary, held_out)
    best = training.SaveBest(
        validation, arguments.out / "model.keras", facts, schedule
    )
    history, *reports = reporting.reports(
        arguments.out,
        schedule,
        validation,
        prompt=arguments.prompt,
        quiet=arguments.quiet,
    )
    callbacks = [schedule, validation, best, history, *reports]
    callbacks += training.limits(arguments.patience)
    if arguments.minutes:
        seconds = 60 * arguments.minutes
        callbacks.append(budget.Budget(seconds, schedule, validation))
    with training.stop_on_interrupt(twin) as interrupted:
        twin.fit(
            windows.dataset(),
            epochs=sys.maxsize,  # the schedule knows the last step
            steps_per_epoch=training.steps_per_round(windows, len(held_out)),
            callbacks=callbacks,
            shuffle=False,
            verbose=0,
        )
    failed = not math.isfinite(history.rows[-1]["training_nats_per_char"])
    if failed:
        print(
            "The loss is no longer a finite number: training stopped. Try a "
            "lower --learning-rate or --clip-norm.",
            file=sys.stderr,
        )
    if best.step is not None:
        _finish(arguments, validation.ids, schedule, history)
    return 1 if failed else 130 if interrupted else 0


def _finish(arguments, held_out, schedule, history):
    """Measures the best model, and writes and says what came out."""
    from charrnn import reporting, results

    metrics = results.measure(arguments.out, held_out, schedule)
    reporting.plot_losses(history, arguments.out / "loss.png")
    metrics["train_seconds"] = round(schedule.elapsed(), 2)
    results.write(arguments.out, metrics)
    print(results.summary(arguments.out, metrics, arguments.prompt))
