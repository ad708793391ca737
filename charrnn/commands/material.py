"""Read and check all that a run is made from, before anything is written."""

import dataclasses

import numpy as np

from charrnn.commands import causes
from charrnn.commands.train_flags import CHOSEN, NETWORK
from charrnn.network import model_file
from charrnn.network.arguments import (
    check_arguments,
    check_size,
    network_of,
    parameters_of,
)
from charrnn.network.cells import CELLS
from charrnn.network.facts import text_form
from charrnn.scoring.shift import Shift
from charrnn.system import ram
from charrnn.system.terminal import say
from charrnn.text import encoding as encoded
from charrnn.text.corpus import Text, normalize_text
from charrnn.text.normal_form import form_of
from charrnn.text.vocabulary import Vocabulary
from charrnn.text.windows import Windows, split
from charrnn.training import changes, recipe, run_folder
from charrnn.twins.precision import resolve_precision

# Weights, gradients, two moments of Adam; while a checkpoint is written all
# but the gradients once more.
WEIGHT_COPIES = 7
LAYER_BYTES = 1 << 20  # of a layer's graph
MOST_VALIDATED = 10_000_000  # characters: more say nothing more of the loss


@dataclasses.dataclass
class Material:
    """What a run is made from, read and checked."""

    vocabulary: Vocabulary
    windows: Windows
    held_out: np.ndarray
    initial: dict | None  # the model to begin with
    shift: Shift | None = None  # how the held-out part differs


def gather(out, given, settings, state):
    """Reads and checks all input: a user's slip leaves nothing behind.

    Args:
        out: The run's folder, or `None` for one that is still to be named.
        given: A `dict` of the flags that the user gave.
        settings: What `train_flags.settle` returned; what follows from the
            text is filled in.
        state: The state of the run's checkpoint, or `None`.

    Returns:
        A `Material`.

    Raises:
        ValueError: if the text, the model to begin with, and the settings do
            not fit together, or into the memory.
        OSError: if something cannot be read.
    """
    initial = _initial(given, settings) if not state else None
    text = Text(
        settings.corpus,
        encoding=settings.encoding,
        newline=settings.newline,
        normalize=settings.normalize,
        say=say,
        without=[out],
    )
    if state:
        vocabulary = Vocabulary(state["vocabulary"])
    elif initial:
        vocabulary = initial["vocabulary"]
    else:
        vocabulary = Vocabulary.from_text(
            text.pieces(), settings.min_count, settings.max_vocab
        )
    _check_size(vocabulary, settings)  # before a large text is encoded
    settings.prompt = _prompt(settings, vocabulary)
    ids = _encoded(out, settings, text, vocabulary, state)
    training, held_out = split(ids, settings.validation)
    if not state:
        _choose(settings, len(training), len(vocabulary))
    windows = _windows(training, settings, given, state)
    say(
        f"{text.title}: {len(ids):,} characters, "
        f"{len(vocabulary):,} distinct; {len(training):,} to train on, "
        f"{len(held_out):,} to validate on"
    )
    if len(held_out) > MOST_VALIDATED:
        print(
            f"validating on the first {MOST_VALIDATED:,} characters of the "
            "held-out part: more of them would tell no more"
        )
        held_out = held_out[:MOST_VALIDATED]
    _check_settings(settings, given, state, vocabulary)
    _check_memory(settings, len(vocabulary), windows)
    return Material(vocabulary, windows, held_out, initial)


def _check_size(vocabulary, settings):
    """Checks that there is something to predict, and says if a flag took it."""
    try:
        check_size(vocabulary)
    except ValueError as error:
        if settings.min_count > 1:
            raise ValueError(
                f"{error} That is what --min-count {settings.min_count} left: "
                "give a lower one."
            ) from error
        raise


def _initial(given, settings):
    """The model of --init-from, whose network and text form are taken over.

    Returns:
        What `model_file.read` does, or `None` without the flag.
    """
    if not settings.init_from:
        return None
    initial = model_file.read(settings.init_from)
    vars(settings).update(_network_of(initial, given))
    for name, value in text_form(initial["facts"]).items():
        if name not in given and value != getattr(settings, name):
            setattr(settings, name, value)
            say(f"--{name} {value}, as the text of '{settings.init_from}' has")
    return initial


def _prompt(settings, vocabulary):
    """The prompt of the samples, in the form of the text that is learnt."""
    form = settings.normalize or form_of(vocabulary.characters)
    prompt = normalize_text(settings.prompt, settings.newline, form)
    try:
        vocabulary.encode(prompt)
    except ValueError as error:
        raise ValueError(f"--prompt: {error}") from error
    return prompt


def _encoded(out, settings, text, vocabulary, state):
    """The text's ids: of the very text of a run that is taken up."""
    rare_too = settings.min_count > 1 or settings.max_vocab
    unknown = "replace" if rare_too else "error"
    folder = run_folder.existing(out or run_folder.FOLDER)
    try:
        result = encoded.encode(text, vocabulary, unknown, folder)
    except ValueError as error:
        form = form_of(vocabulary.characters)
        if not state and settings.init_from and form != settings.normalize:
            raise ValueError(
                f"{error} The model's text is in {form or 'another form'}: "
                "leave --normalize out."
            ) from error
        if not state:
            raise
        raise ValueError(
            f"{error} The run in '{out}' goes on with its own text only. "
            f"{_another_text(out)}"
        ) from error
    settings.text_sha256 = result.sha256
    if state and state["settings"]["text_sha256"] != result.sha256:
        raise ValueError(
            f"Expected the text that the run in '{out}' learns. Received "
            f"another in '{text.title}'. {_another_text(out)}"
        )
    if rare_too and result.stand_ins:
        rare = f"{result.stand_ins:,} rare characters"
        say(f"{text.title}: {rare} read as U+FFFD")
    return result.ids


def _another_text(out):
    """What to do with a text that is not the run's."""
    return (
        "Begin anew with --fresh; or let the model learn another text in a "
        f"run of its own: --init-from '{out}', with another --out or none."
    )


def network(settings):
    """The arguments of `build_model`, a `dict`."""
    return {name: getattr(settings, name) for name in NETWORK}


def _network_of(initial, given):
    """The network of --init-from, which flags may repeat but not change."""
    found = network_of(initial["layers"])
    for name in NETWORK:
        if given.get(name, found[name]) != found[name]:
            raise ValueError(
                f"Expected the network of '{given['init_from']}', with "
                f"{name} {found[name]}. Received --{name} {given[name]}. "
                "Leave the flag out."
            )
    return found


def _choose(settings, characters, distinct):
    """Fills in what the user left open."""
    speed = None
    if settings.minutes and None in (settings.units, settings.dropout):
        speed = recipe.speed_of(
            settings.cell,
            settings.layers or recipe.layers_for(distinct),
            resolve_precision(settings.precision),
            distinct,
        )
    known = "cell", "embedding", "seq_length", "minutes", "epochs"
    wanted = {name: getattr(settings, name) for name in (*CHOSEN, *known)}
    chosen = recipe.choose(characters, distinct=distinct, **wanted, speed=speed)
    vars(settings).update(chosen)


def _windows(training, settings, given, state):
    """The streams; what the user left open is made smaller for a short text."""
    wanted = settings.batch_size, settings.seq_length
    sizes = changes.sizes(len(training), settings, given, state)
    settings.sizes = batch_size, seq_length = sizes
    if sizes != wanted:
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


def _check_settings(settings, given, state, vocabulary):
    """Checks numbers, all of them where a run begins."""
    check_arguments(vocabulary, **network(settings))
    if not state or {"learning_rate", "weight_decay"} & given.keys():
        causes.check_decay(settings)


def _check_memory(settings, characters, windows):
    """Checks that weights and a step's activations fit into the memory."""
    units, layers = settings.units, settings.layers
    embedding = settings.embedding
    weights = parameters_of(characters, settings.cell, units, layers, embedding)
    width = embedding or characters
    columns = len(CELLS[settings.cell].blocks) * units
    # Each in both directions: gates, states and outputs; input and logits.
    activations = 2 * (layers * (columns + 3 * units) + width + characters)
    ram.check_fits(
        4 * WEIGHT_COPIES * weights
        + 4 * windows.batch_size * windows.seq_length * activations
        + layers * LAYER_BYTES,
        "the network",
        "Use fewer --units or --layers, a smaller --batch-size or "
        "--seq-length, or, against rare characters, --max-vocab.",
    )
