"""Encode a run's text, and split it into a part to train on and the rest."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from charrnn.text import encoding
from charrnn.text.corpus import Text
from charrnn.text.document_parts import Parts, encode_parts
from charrnn.text.document_vocabulary import DocumentVocabulary
from charrnn.text.documents import described, meant
from charrnn.text.normal_form import form_of
from charrnn.text.units import UnitVocabulary
from charrnn.training.places import RUNS, existing
from charrnn.training.settings import Settings
from charrnn.training.units import split_by_characters, tell_sizes


@dataclasses.dataclass(frozen=True)
class Split:
    """A text as ids, in two parts.

    Attributes:
        training: Ids of the part to train on.
        held_out: Ids of the part held out.
        sha256: The digest of all ids.
        documents: The same by documents, if the text is divided into some.
    """

    training: np.ndarray
    held_out: np.ndarray
    sha256: str
    documents: Parts | None = None


def split_text(
    out: Path | None,
    settings: Settings,
    text: Text,
    vocabulary: UnitVocabulary,
    state: Mapping[str, Any] | None,
    tell: Callable[[str], None],
) -> Split:
    """Encodes and splits a text; checks that a resumed run gets its own.

    Args:
        out: The run's folder, or `None` for one that is still to be named.
        settings: The `settings.Settings`.
        text: The text.
        vocabulary: The run's vocabulary.
        state: The state of the run's checkpoint, or `None`.
        tell: Called with a line about rare characters, if there are any.

    Returns:
        A `Split`.

    Raises:
        ValueError: if the text is not the run's, is too short, or has
            characters that the model does not know.
        OSError: if it cannot be read.
    """
    few = settings.min_count > 1 or settings.max_vocab
    rare_too = few and settings.unit == "character"
    unknown = "replace" if rare_too else "error"
    folder = existing(out or RUNS)
    try:
        result = _encoded(settings, text, vocabulary, unknown, folder)
    except ValueError as error:
        raise _explained(error, out, settings, vocabulary, state) from error
    if state and state["settings"]["text_sha256"] != result.sha256:
        raise ValueError(
            f"Expected the text that the run in '{out}' learns. Received "
            f"another in '{text.title}'. {_another_text(out)}"
        )
    if rare_too and (rare := result.stand_ins):
        tell(f"{text.title}: {rare:,} rare characters read as U+FFFD")
    if isinstance(result, Parts):
        return Split(result.training, result.held_out, result.sha256, result)
    training, held_out = split_by_characters(
        result.ids, vocabulary, settings.validation
    )
    return Split(training, held_out, result.sha256)


def _encoded(
    settings: Settings,
    text: Text,
    vocabulary: UnitVocabulary,
    unknown: str,
    folder: Path,
) -> Parts | encoding.Encoded:
    """The text as ids; in two parts already if it is divided."""
    if not isinstance(vocabulary, DocumentVocabulary):
        return encoding.encode(text, vocabulary, unknown, folder)
    return encode_parts(
        text,
        vocabulary,
        validation=settings.validation,
        seed=settings.seed,
        unknown=unknown,
        folder=folder,
    )


def _explained(
    error: ValueError,
    out: Path | None,
    settings: Settings,
    vocabulary: UnitVocabulary,
    state: Mapping[str, Any] | None,
) -> ValueError:
    """The error about a text that cannot be encoded, with advice."""
    form = form_of(vocabulary.alphabet)
    if state:
        return ValueError(
            f"{error} The run in '{out}' resumes with its own text only. "
            f"{_another_text(out)}"
        )
    if settings.teachers and not settings.init_from:
        return ValueError(
            f"{error} A student has the vocabulary of its teachers: train "
            "them on a text with all of its characters."
        )
    if settings.init_from and form != settings.normalize:
        return ValueError(
            f"{error} The model's text is in {form or 'another form'}: "
            "leave --normalize out."
        )
    if settings.init_from:
        return ValueError(
            f"{error} Without --freeze-vocabulary, the model learns them."
        )
    return error


def _another_text(out: Path | None) -> str:
    """What to do with a text that is not the run's."""
    return (
        "Start again with --fresh; or train the model on another text in a "
        f"run of its own: --init-from '{out}', with another --out or none."
    )


def tell_parts(
    title: str,
    vocabulary: UnitVocabulary,
    parts: Split,
    tell: Callable[[str], None],
) -> None:
    """Prints the length of a text and of its parts.

    Args:
        title: The name of the text in messages.
        vocabulary: Its vocabulary.
        parts: What `split_text` returned.
        tell: Called with each line.
    """
    tell_sizes(title, vocabulary, parts.training, parts.held_out, tell)
    if parts.documents:
        tell_documents(title, vocabulary, parts.documents, tell)


def tell_documents(
    title: str,
    vocabulary: UnitVocabulary,
    documents: Parts,
    tell: Callable[[str], None],
) -> None:
    """Prints the number of documents, and how many occur in both parts.

    Args:
        title: The name of the text in messages.
        vocabulary: Its vocabulary.
        documents: The documents.
        tell: Called with a line, and with a second one if held-out documents
            are learnt as well.
    """
    counts = documents.counts()
    by = getattr(vocabulary, "by", "")
    learnt, held_out = counts["training"], counts["validation"]
    question = meant(by)
    tell(
        f"{learnt + held_out:,} documents, divided by {described(by)}: "
        f"{learnt:,} to train on, {held_out:,} held out"
        + (f".{question}" if question else "")
    )
    if documents.duplicates:
        tell(
            f"{title}: {documents.duplicates:,} of the held-out documents are "
            "among those to train on, too: the validation loss is too low"
        )
