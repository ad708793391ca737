"""Read the teachers of a student, and how they read a text."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from charrnn.network.engine import Engine, load
from charrnn.network.facts import training_characters
from charrnn.network.fingerprint import fingerprint
from charrnn.text.document_vocabulary import DocumentVocabulary
from charrnn.text.documents import described
from charrnn.text.relatives import units_of
from charrnn.text.units import UnitVocabulary
from charrnn.training import starting
from charrnn.training.settings import KINDS, Settings

MAX_NAMED = 8  # units that a vocabulary lacks, in a message


def read(names: Sequence[str]) -> list[Engine]:
    """Reads the teachers of a student.

    Args:
        names: Their files or folders, as `charrnn.load` takes them.

    Returns:
        An `Engine` for each.

    Raises:
        ValueError: if one is no model, or their vocabularies differ.
        OSError: if one cannot be read.

    Example:

    >>> [teacher] = read(["shakespeare"])
    >>> len(teacher.vocabulary)
    69
    """
    engines = [load(name) for name in names]
    for name, engine in zip(names[1:], engines[1:], strict=True):
        check_same(
            engines[0].vocabulary,
            engine.vocabulary,
            f"the first, '{names[0]}'",
            name,
        )
    return engines


def check_same(
    expected: UnitVocabulary, received: UnitVocabulary, whose: str, name: str
) -> None:
    """Checks that a teacher has the vocabulary that it needs.

    Args:
        expected: The vocabulary that it needs.
        received: Its own.
        whose: Whose vocabulary is needed, in the message.
        name: The teacher's name.

    Raises:
        ValueError: saying how the two differ.
    """
    if received != expected:
        raise ValueError(
            f"Expected teachers with the vocabulary of {whose}: "
            f"{_size(expected)}. Received '{name}', with {_size(received)}"
            f"{_difference(expected, received)}. Leave it out, or train one on "
            "the text of the others, with the same --unit, --documents, "
            "--min-count and --max-vocab."
        )


def check_start(
    teachers: Sequence[Engine], settings: Settings, vocabulary: UnitVocabulary
) -> None:
    """Checks that teachers fit a student that starts from a model.

    Args:
        teachers: What `read` returned; there may be none.
        settings: The run's settings, with the model's name.
        vocabulary: That of the model, with what is new in the text.

    Raises:
        ValueError: if their vocabulary is another.
    """
    for name, teacher in zip(settings.teachers or [], teachers, strict=False):
        whose = f"the student, which starts from '{settings.init_from}'"
        check_same(vocabulary, teacher.vocabulary, whose, name)


def _size(vocabulary: UnitVocabulary) -> str:
    """The number of units, and how documents are divided."""
    words = f"{len(vocabulary.inner):,} {vocabulary.plural}"
    if isinstance(vocabulary, DocumentVocabulary):
        words += f" in documents ({described(vocabulary.by)})"
    return words


def _difference(expected: UnitVocabulary, received: UnitVocabulary) -> str:
    """Some of the units that only one of two vocabularies has."""
    if expected.unit != received.unit:
        return ""
    known, own = units_of(expected.inner), units_of(received.inner)
    parts = [
        f"{verb} {_listed(sorted(units))}"
        for verb, units in (
            ("without", set(known) - set(own)),
            ("with", set(own) - set(known)),
        )
        if units
    ]
    return f" ({', '.join(parts)})" if parts else ""


def _listed(units: list[str]) -> str:
    more = len(units) - MAX_NAMED
    words = ", ".join(map(ascii, units[:MAX_NAMED]))
    return words + (f" and {more:,} more" if more > 0 else "")


def as_in(
    teachers: Sequence[Engine],
    settings: Settings,
    given: Mapping[str, Any],
    tell: Callable[[str], None],
) -> Settings:
    """Takes over how teachers read a text, and notes who they are.

    Args:
        teachers: What `read` returned.
        settings: The run's settings.
        given: The settings that the user gave.
        tell: Called with a line for each setting of the text's form.

    Returns:
        The `Settings`.

    Raises:
        ValueError: if a given setting does not fit the teachers.
    """
    first = teachers[0]
    found = starting.reading_of(
        first.vocabulary,
        first.facts,
        (settings.teachers or [""])[0],
        settings,
        {**given, "freeze_vocabulary": True},
        tell,
    )
    return dataclasses.replace(
        settings,
        **{**_limits(first.facts, given), **found},
        teacher_fingerprints=[fingerprint(teacher) for teacher in teachers],
    )


def _limits(
    facts: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """The limits of the teachers' vocabulary, to read rare characters alike."""
    text = facts.get("text")
    found = {}
    for name in ("min_count", "max_vocab"):
        value = text.get(name) if isinstance(text, dict) else None
        if value is not None and name not in given:
            found[name] = KINDS[name].checked(value)
    return found


def warn_of_splits(
    teachers: Sequence[Engine],
    settings: Settings,
    characters: int,
    tell: Callable[[str], None],
) -> None:
    """Warns of teachers that may have learnt the held-out part.

    Args:
        teachers: What `read` returned; none of a resumed run.
        settings: The run's settings.
        characters: Length of the run's training part.
        tell: Called with a line, if there are such teachers.
    """
    names = [
        f"'{name}'"
        for name, teacher in zip(
            settings.teachers or [], teachers, strict=False
        )
        if not _has_split(teacher.facts, settings, characters)
    ]
    if names and settings.validation:
        tell(
            f"{', '.join(names)}: trained with another split of a text than "
            "this run, so the held-out part may have been learnt, and the "
            "validation loss be too low"
        )


def _has_split(
    facts: Mapping[str, Any], settings: Settings, characters: int
) -> bool:
    """Whether a model was trained on a part like that of a run."""
    training = facts.get("training")
    seed = training.get("seed") if isinstance(training, dict) else None
    is_same = settings.documents is None or seed == settings.seed
    try:
        return is_same and training_characters(facts) == characters
    except ValueError:  # a stranger's file may say anything
        return False
