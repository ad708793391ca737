"""Start from a trained model: its network, its text form, its vocabulary."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np

from charrnn.network import growth as network_growth
from charrnn.network import model_file
from charrnn.network.arguments import network_of
from charrnn.network.facts import text_form
from charrnn.text import growth
from charrnn.text.corpus import Text
from charrnn.text.document_vocabulary import DocumentVocabulary
from charrnn.text.documents import described
from charrnn.text.normal_form import form_of
from charrnn.text.relatives import (
    AVERAGE,
    SIMILAR,
    SPELLED,
    Relative,
    relatives,
    units_of,
)
from charrnn.text.units import UnitVocabulary, counts_of
from charrnn.training import units
from charrnn.training.settings import NETWORK, Settings

MAX_NAMED = 12  # new units of a kind, in a line
BEGIN = {
    SIMILAR: "start from a similar one",
    SPELLED: "start from their characters",
    AVERAGE: "start from the average of their kind",
}


def as_in(
    initial: model_file.Contents,
    settings: Settings,
    given: Mapping[str, Any],
    tell: Callable[[str], None],
) -> Settings:
    """Takes over the network and the text form of a model.

    Args:
        initial: The model of --init-from, as `model_file.read` returns it.
        settings: The run's settings.
        given: The settings that the user gave.
        tell: Called with a line for each setting of the text's form.

    Returns:
        The `Settings`; the dropout is left open if it was.

    Raises:
        ValueError: if a given setting does not fit the model, or its unit.
    """
    found = _network_of(initial, given)
    known = initial["vocabulary"]
    name = cast(str, settings.init_from)
    found |= reading_of(known, initial["facts"], name, settings, given, tell)
    _check_max_vocab(known.inner, given)
    if known.unit == "word":
        found |= units.limits_of_new_words(given, len(known.inner))
    return dataclasses.replace(settings, **found)


def reading_of(
    known: UnitVocabulary,
    facts: Mapping[str, Any],
    model: str,
    settings: Settings,
    given: Mapping[str, Any],
    tell: Callable[[str], None],
) -> dict[str, Any]:
    """The settings with which a text is read as a model's was.

    Args:
        known: The model's vocabulary.
        facts: Its facts.
        model: Its name.
        settings: The run's settings.
        given: The settings that the user gave.
        tell: Called with a line for each setting of the text's form.

    Returns:
        A `dict` of settings: unit, documents and the text's form.

    Raises:
        ValueError: if a given setting does not fit the model, or its unit.
    """
    if given.get("unit", known.unit) != known.unit:
        raise ValueError(
            f"Expected --unit {known.unit}, as '{model}' has. "
            f"Received {given['unit']}. Leave it out."
        )
    units.with_defaults({**given, "unit": known.unit})
    found = {"unit": known.unit, "documents": _documents(known, given, model)}
    for name, value in text_form(facts).items():
        if name not in given and value != getattr(settings, name):
            found[name] = value
            tell(f"--{name} {value}, as the text of '{model}' has")
    return found


def _check_max_vocab(known: UnitVocabulary, given: Mapping[str, Any]) -> None:
    """Checks that --max-vocab has room for what the model knows."""
    most = given.get("max_vocab")
    if most is None or most >= len(known):
        return
    raise ValueError(
        f"Expected --max-vocab of {len(known):,} or more: the model of "
        f"'{given['init_from']}' has as many {known.plural} and keeps them "
        f"all. Received {most:,}. Raise it, or leave it out."
    )


def _documents(
    vocabulary: UnitVocabulary, given: Mapping[str, Any], name: str
) -> str | None:
    """How to divide the text into documents: as a model does.

    A model of endless text may begin to learn documents.
    """
    by = vocabulary.by if isinstance(vocabulary, DocumentVocabulary) else None
    wanted = given.get("documents", by)
    is_frozen = given.get("freeze_vocabulary", False)
    if wanted != by and (by or is_frozen):
        expected = f"--documents {described(by)}" if by else "no --documents"
        raise ValueError(
            f"Expected {expected}, as '{name}' has. Received "
            f"{described(wanted)}. Leave it out, or train a new model."
        )
    return wanted


def _network_of(
    initial: model_file.Contents, given: Mapping[str, Any]
) -> dict[str, Any]:
    """The network of --init-from, which flags may repeat but not change."""
    found = network_of(initial["layers"])
    del found["dropout"], found["recurrent_dropout"]  # they change no weight
    for name in NETWORK:
        if name in found and given.get(name, found[name]) != found[name]:
            raise ValueError(
                f"Expected the network of '{given['init_from']}', with "
                f"{name} {found[name]}. Received --{name} {given[name]}. "
                "Leave the flag out."
            )
    return found


def vocabulary(
    initial: model_file.Contents, settings: Settings, text: Text
) -> UnitVocabulary:
    """The vocabulary of a model, with what is new in a text.

    Args:
        initial: The model of --init-from.
        settings: What `as_in` returned.
        text: The new text.

    Returns:
        The vocabulary; the model's own with --freeze-vocabulary.

    Raises:
        ValueError: as `growth.grown` does, or if the new characters would be
            in another normal form than those of the model.
    """
    known = initial["vocabulary"]
    if settings.freeze_vocabulary:
        return known
    by = settings.documents
    if by and known.boundary is None:
        known = DocumentVocabulary(known, by)
    pieces = text.documents(by) if by else text.pieces()
    result = growth.grown(known, pieces, settings.min_count, settings.max_vocab)
    form = form_of(known.alphabet)
    if len(result) > len(known) and form not in (None, settings.normalize):
        raise ValueError(
            f"Expected new characters in {form}, as the model's text is in "
            f"{form}: leave --normalize out."
        )
    return result


def grown(
    initial: model_file.Contents,
    vocabulary: UnitVocabulary,
    ids: np.ndarray,
    tell: Callable[[str], None],
) -> model_file.Contents:
    """Adds weights for a larger vocabulary to a model.

    Args:
        initial: The model of --init-from.
        vocabulary: What `vocabulary` returned.
        ids: The training part of the new text, `(units,)`.
        tell: Called with a line that says what is new.

    Returns:
        The model, with that vocabulary; the same object if nothing is new.
    """
    counts = counts_of(ids, len(vocabulary))
    if isinstance(vocabulary, DocumentVocabulary):
        initial = _with_boundary(initial, vocabulary.by, counts, tell)
    old, new = initial["vocabulary"].inner, vocabulary.inner
    if len(new) == len(old):
        return initial
    found = relatives(old, new, counts)
    tell(_added(old, new, found))
    layers = network_growth.grown(initial["layers"], found, counts, len(old))
    return {**initial, "vocabulary": vocabulary, "layers": layers}


def _with_boundary(
    initial: model_file.Contents,
    by: str,
    counts: np.ndarray,
    tell: Callable[[str], None],
) -> model_file.Contents:
    """Adds the boundary of documents to a model of endless text."""
    old = initial["vocabulary"]
    if old.boundary is not None:
        return initial
    own = np.append(counts[: len(old)], counts[-1])
    if end := old.line_end():
        like = Relative(old.encode(end)[-1:], np.ones(1), SIMILAR)
        tell("the boundary of documents starts from a line end")
    else:
        shares = (own[:-1] + 1) / (own[:-1] + 1).sum()
        like = Relative(np.arange(len(old)), shares, AVERAGE)
        tell("the boundary of documents starts from the average of all")
    layers = network_growth.grown(initial["layers"], [like], own)
    known = DocumentVocabulary(old, by)
    return {**initial, "vocabulary": known, "layers": layers}


def _added(
    old: UnitVocabulary, new: UnitVocabulary, found: list[Relative]
) -> str:
    """The line that says which units are new, and what they begin from."""
    names = units_of(new)
    by_kind: dict[str, list[str]] = {kind: [] for kind in BEGIN}
    for name, relative in zip(names[len(old) :], found, strict=True):
        words = repr(name)
        if relative.kind == SIMILAR:
            words += f" ({''.join(names[i] for i in relative.ids)!r})"
        by_kind[relative.kind].append(words)
    parts = [
        f"{_listed(words)} {BEGIN[kind]}"
        for kind, words in by_kind.items()
        if words
    ]
    return f"{len(found):,} new {new.plural}: {'; '.join(parts)}"


def _listed(words: list[str]) -> str:
    more = len(words) - MAX_NAMED
    return ", ".join(words[:MAX_NAMED]) + (f" and {more:,} more" * (more > 0))
