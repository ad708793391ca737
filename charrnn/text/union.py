"""Unite the vocabularies of models that write together."""

from collections.abc import Iterable, Sequence

import numpy as np

from charrnn.text import nearest
from charrnn.text.byte_vocabulary import ByteVocabulary
from charrnn.text.characters import STAND_IN
from charrnn.text.document_vocabulary import DocumentVocabulary
from charrnn.text.documents import BOTH
from charrnn.text.units import UnitVocabulary
from charrnn.text.vocabulary import Vocabulary
from charrnn.text.word_vocabulary import WordVocabulary

# What is read for a character that resembles none of the known ones.
BLANKS = " \n"


def united(
    vocabularies: Sequence[UnitVocabulary], *, in_all: bool = False
) -> UnitVocabulary:
    """Unites vocabularies of the same unit.

    The ids of the first vocabulary stay the same if all of its units are kept;
    those of the others follow. Of documents, the boundary is still the last.

    Args:
        vocabularies: One or more.
        in_all: Whether to keep only the characters (or words) that are in all
            of them, rather than those that are in any.

    Returns:
        A vocabulary.

    Raises:
        ValueError: if their units or their kinds of documents differ, or no
            character is left.

    Example:

    >>> united([Vocabulary("ab"), Vocabulary("bc")])
    Vocabulary('abc')
    >>> united([Vocabulary("ab"), Vocabulary("bc")], in_all=True)
    Vocabulary('b')
    """
    first = vocabularies[0]
    for other in vocabularies[1:]:
        _check_alike(first, other)
    if isinstance(first, DocumentVocabulary):
        inner = [vocabulary.inner for vocabulary in vocabularies]
        return DocumentVocabulary(united(inner, in_all=in_all), first.by)
    if isinstance(first, ByteVocabulary):
        return first
    units = dict.fromkeys(
        unit for vocabulary in vocabularies for unit in _units(vocabulary)
    )
    if in_all:
        known = set.intersection(*(set(_units(v)) for v in vocabularies))
        units = dict.fromkeys(unit for unit in units if unit in known)
    if not units:
        raise ValueError(
            "Expected models that have characters in common: only those can "
            "be written by all of them. Received models that have none."
        )
    if isinstance(first, WordVocabulary):
        return WordVocabulary(units)
    return Vocabulary("".join(units))


def readings(
    source: UnitVocabulary, target: UnitVocabulary
) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Finds what a model reads for each unit of a larger vocabulary.

    A word that it does not know is spelled out. A character that it does not
    know is read as U+FFFD if the model has that, otherwise as the most similar
    character, or as a space if none is similar.

    Args:
        source: The larger vocabulary.
        target: The model's own, of the same unit.

    Returns:
        `(ids, spellings)`: for each id of `source` an id of `target`,
        `(len(source),)`, and by their id of `source` the words that are spelled
        out: the ids of their characters, of which `ids` has the last.

    Example:

    >>> readings(Vocabulary("aäb"), Vocabulary("ba"))
    (array([1, 1, 0]), {})
    """
    if isinstance(source, DocumentVocabulary):
        ids, spellings = readings(source.inner, target.inner)
        return np.append(ids, target.boundary or 0), spellings
    places = {unit: place for place, unit in enumerate(_units(target))}
    for unit in dict.fromkeys("".join(_units(source))):
        if unit not in places:
            places[unit] = places[_substitute(unit, target.alphabet)]
    ids = np.zeros(len(source), np.int64)
    spellings = {}
    for place, unit in enumerate(_units(source)):
        spelled = (
            [places[unit]] if unit in places else [places[c] for c in unit]
        )
        ids[place] = spelled[-1]
        if len(spelled) > 1:
            spellings[place] = np.array(spelled)
    return ids, spellings


def shared(
    source: UnitVocabulary, target: UnitVocabulary
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the units that are in two vocabularies.

    Args:
        source: A vocabulary.
        target: Another one of the same unit.

    Returns:
        Their ids in `source` and in `target`, two arrays of equal length.

    Example:

    >>> shared(Vocabulary("abc"), Vocabulary("cad"))
    (array([0, 2]), array([1, 0]))
    """
    places = {unit: place for place, unit in enumerate(_units(target.inner))}
    pairs = [
        (place, places[unit])
        for place, unit in enumerate(_units(source.inner))
        if unit in places
    ]
    if source.boundary is not None and target.boundary is not None:
        pairs.append((source.boundary, target.boundary))
    ours, theirs = np.array(pairs, np.int64).reshape(-1, 2).T
    return ours, theirs


def _units(vocabulary: UnitVocabulary) -> Iterable[str]:
    """The characters or words of a vocabulary, in the order of their ids."""
    if isinstance(vocabulary, WordVocabulary):
        return vocabulary.words
    if isinstance(vocabulary, ByteVocabulary):
        return [chr(value) for value in range(len(vocabulary))]
    return vocabulary.alphabet


def _substitute(character: str, known: str) -> str:
    """The known character that is read for an unknown one."""
    if STAND_IN in known:
        return STAND_IN
    spelling, _ = nearest.spelled(character, known)
    similar = [c for c in (*spelling, *BLANKS) if c in known]
    return similar[0] if similar else known[0]


def _check_alike(first: UnitVocabulary, other: UnitVocabulary) -> None:
    """Checks that two vocabularies have the same kind of units."""
    kinds = [_kind(vocabulary) for vocabulary in (first, other)]
    if kinds[0] != kinds[1]:
        raise ValueError(
            "Expected models of the same unit, all of endless text or of "
            f"documents divided alike. Received one of {kinds[0]} and one of "
            f"{kinds[1]}."
        )


def _kind(vocabulary: UnitVocabulary) -> str:
    """Describes what a model reads and writes."""
    if isinstance(vocabulary, DocumentVocabulary):
        by = vocabulary.by
        division = by if by in BOTH else f"texts between {by!r}"
        return f"{vocabulary.plural} in {division}"
    return vocabulary.plural
