"""Read and check all input of a run before anything is written."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.network import model_file
from charrnn.network.arguments import check_arguments, check_size
from charrnn.network.engine import Engine
from charrnn.scoring.shift import Shift
from charrnn.system.terminal import say
from charrnn.text import kinds
from charrnn.text.corpus import Text
from charrnn.text.document_parts import Parts
from charrnn.text.known_documents import KnownDocuments
from charrnn.text.normal_form import form_of, normalize_text
from charrnn.text.units import UnitVocabulary
from charrnn.text.windows import Windows
from charrnn.training import (
    causes,
    changes,
    recipe,
    rules,
    starting,
    teachers,
    units,
)
from charrnn.training.footprint import check_memory
from charrnn.training.line_starts import windows_for
from charrnn.training.settings import CHOSEN, Settings
from charrnn.training.speed import speed_of
from charrnn.training.split import split_text, tell_parts
from charrnn.twins.precision import resolve_precision


@dataclasses.dataclass(frozen=True)
class Data:
    """The input of a run, read and checked.

    Attributes:
        vocabulary: The vocabulary of the text, or of --init-from's model with
            what is new in the text.
        windows: The training part, cut into batches.
        held_out: Ids of the held-out part, `(units,)`.
        initial: The model of --init-from, as `model_file.read` returns it,
            but with weights for the whole vocabulary.
        shift: How the held-out part differs from the training part.
        documents: The documents, if the text is divided into some.
        teachers: The teachers of a new run.
    """

    vocabulary: UnitVocabulary
    windows: Windows
    held_out: np.ndarray
    initial: model_file.Contents | None = None
    shift: Shift | None = None
    documents: Parts | None = None
    teachers: Sequence[Engine] = ()

    @property
    def characters_per_unit(self) -> float:
        """Mean number of characters that a unit of the training part has."""
        ids = self.windows.ids
        return max(1, self.vocabulary.characters_of(ids)) / len(ids)

    def remember(self, folder: Path) -> None:
        """Keeps the hashes of documents in a run's folder, if there are any."""
        if found := self.documents:
            KnownDocuments(
                found.training_digests, found.held_out_digests
            ).write(folder)


def read_data(
    settings: Settings,
    given: Mapping[str, Any],
    state: Mapping[str, Any] | None = None,
    *,
    out: Path | None = None,
    tell: Callable[[str], None] = say,
) -> tuple[Settings, Data]:
    """Reads and checks all input; writes nothing, so errors leave no trace.

    Args:
        settings: What `settle.settle` returned.
        given: The settings that the user gave.
        state: The state of the run's checkpoint, or `None`.
        out: The run's folder, or `None` for one that is still to be named.
        tell: Called with a line about what is read.

    Returns:
        The `Settings`, completed with all that follows from the text, and
        the `Data`.

    Raises:
        ValueError: if the text, the model of --init-from and the settings do
            not fit together, or need more memory than there is.
        OSError: if something cannot be read.
    """
    initial: model_file.Contents | None = None
    engines: list[Engine] = []
    if not state:
        settings, initial, engines = _models(settings, given, tell)
    text = _open(settings, state, out, tell)
    # What is wrong is told before a large text is encoded.
    vocabulary = _vocabulary(settings, text, initial, engines, state)
    prompt = _prompt(settings, vocabulary)
    parts = split_text(out, settings, text, vocabulary, state, tell)
    settings = dataclasses.replace(
        settings, prompt=prompt, text_sha256=parts.sha256
    )
    training, held_out = parts.training, parts.held_out
    if initial:
        initial = starting.grown(initial, vocabulary, training, tell)
    if not state:
        settings = _choose(settings, len(training), len(vocabulary))
    settings = _fit_batch(settings, len(training), given, state, tell)
    tell_parts(text.title, vocabulary, parts, tell)
    teachers.warn_of_splits(
        engines, settings, vocabulary.characters_of(training), tell
    )
    _check_settings(settings, given, state, vocabulary)
    check_memory(settings, len(vocabulary))
    held_out = held_out[: units.MAX_VALIDATION_UNITS]
    return settings, Data(
        vocabulary,
        windows_for(settings, vocabulary, training),
        held_out,
        initial,
        documents=parts.documents,
        teachers=engines,
    )


def _models(
    settings: Settings, given: Mapping[str, Any], tell: Callable[[str], None]
) -> tuple[Settings, model_file.Contents | None, list[Engine]]:
    """The models of --init-from and --teachers, and what follows from them."""
    initial, engines = None, []
    if settings.init_from:
        initial = model_file.read(settings.init_from)
        settings = starting.as_in(initial, settings, given, tell)
    if settings.teachers:
        engines = teachers.read(settings.teachers)
        settings = teachers.as_in(engines, settings, given, tell)
    return settings, initial, engines


def _open(
    settings: Settings,
    state: Mapping[str, Any] | None,
    out: Path | None,
    tell: Callable[[str], None],
) -> Text:
    """The text, read as the settings say."""
    return Text(
        settings.corpus,
        encoding=settings.encoding,
        newline=settings.newline,
        normalize=settings.normalize,
        say=tell,
        without=[out],
        repeatable=bool(state),
        binary=settings.unit == "byte",
    )


def _vocabulary(
    settings: Settings,
    text: Text,
    initial: model_file.Contents | None,
    engines: Sequence[Engine],
    state: Mapping[str, Any] | None,
) -> UnitVocabulary:
    """The vocabulary of the run, of a model that it is given, or of the text.

    Teachers have one already, and so has the model of --init-from.
    """
    if state:
        return units.from_state(state["vocabulary"])
    if initial:
        found = starting.vocabulary(initial, settings, text)
        teachers.check_start(engines, settings, found)
        return found
    if engines:
        return engines[0].vocabulary
    limits = settings.min_count, settings.max_vocab
    vocabulary: UnitVocabulary
    if by := settings.documents:
        vocabulary = kinds.from_documents(
            settings.unit, text.documents(by), by, *limits
        )
    else:
        vocabulary = kinds.from_text(settings.unit, text.pieces(), *limits)
    _check_size(vocabulary, settings)
    return vocabulary


def _check_size(vocabulary: UnitVocabulary, settings: Settings) -> None:
    """Checks that there is something left to predict."""
    try:
        check_size(vocabulary)
    except ValueError as error:
        if settings.min_count > 1:
            raise ValueError(
                f"{error} That is what --min-count {settings.min_count} left: "
                "give a lower one."
            ) from error
        raise


def _prompt(settings: Settings, vocabulary: UnitVocabulary) -> str:
    """The prompt of the samples, in the form of the training text."""
    form = settings.normalize or form_of(vocabulary.alphabet)
    prompt = normalize_text(settings.prompt, settings.newline, form)
    try:
        vocabulary.inner.encode(prompt)
    except ValueError as error:
        raise ValueError(f"--prompt: {error}") from error
    return prompt


def _choose(settings: Settings, characters: int, distinct: int) -> Settings:
    """Chooses the settings that the user left open."""
    speed = speed_of(
        settings.cell,
        settings.layers or rules.layers_for(distinct),
        resolve_precision(settings.precision),
        distinct,
        settings.batch_size or rules.streams_for(characters, settings.unit),
    )
    known = "cell", "embedding", "seq_length", "minutes", "epochs", "unit"
    wanted = {name: getattr(settings, name) for name in (*CHOSEN, *known)}
    chosen = recipe.recommend(
        characters,
        distinct=distinct,
        **wanted,
        speed=speed,
        scale=_scale(settings),
    )
    return dataclasses.replace(settings, **chosen)


def _scale(settings: Settings) -> recipe.Scale:
    """The recipe's factors, by what a network learns from."""
    if settings.init_from is not None:
        return recipe.FINE_TUNING
    return recipe.STUDENT if settings.teachers else recipe.NEW


def _fit_batch(
    settings: Settings,
    characters: int,
    given: Mapping[str, Any],
    state: Mapping[str, Any] | None,
    tell: Callable[[str], None],
) -> Settings:
    """Reduces the sizes that the user left open, for a short text."""
    wanted = settings.batch_size, settings.seq_length
    sizes = changes.sizes(characters, settings, given, state)
    if sizes != wanted:
        tell(
            f"short text: {sizes[0]} streams of {sizes[1]} {settings.unit}s "
            f"a step instead of {wanted[0]} of {wanted[1]}"
        )
    return dataclasses.replace(settings, sizes=sizes)


def _check_settings(
    settings: Settings,
    given: Mapping[str, Any],
    state: Mapping[str, Any] | None,
    vocabulary: UnitVocabulary,
) -> None:
    """Checks the network, and the decay unless it is a resumed run's own."""
    check_arguments(vocabulary, **settings.network())
    if not state or {"learning_rate", "weight_decay"} & given.keys():
        causes.check_decay(settings)
