"""Build a unit's vocabulary from a text, and convert it to and from JSON.

The vocabularies of words and bytes are imported only when they are needed, so
that they do not slow down `charrnn generate` for a model of characters.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from charrnn.text.document_vocabulary import DocumentVocabulary
from charrnn.text.units import DEFAULT, UnitVocabulary, check_unit
from charrnn.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from charrnn.text.word_vocabulary import WordVocabulary

KEYS = {"character": "characters", "word": "words"}  # in JSON; bytes need none
DOCUMENTS = "documents"  # the key of how a text is divided, if it is
DOCUMENTS_PER_PIECE = 10_000


def from_text(
    unit: str,
    pieces: Iterable[str],
    min_count: int | None = None,
    max_vocab: int | None = None,
) -> UnitVocabulary:
    """Makes the vocabulary of a text.

    Args:
        unit: One of `charrnn.text.units.UNITS`.
        pieces: The text's pieces.
        min_count: As for the vocabulary's own `from_text`; `None` for its
            default.
        max_vocab: The same.

    Returns:
        The vocabulary.

    Raises:
        ValueError: as its own `from_text` does.

    Example:

    >>> from_text("character", ["abba"])
    Vocabulary('ab')
    """
    check_unit(unit)
    given = _given(min_count, max_vocab)
    if unit == DEFAULT:
        return Vocabulary.from_text(pieces, **given)
    if unit == "word":
        return _word_vocabulary().from_text(pieces, **given)
    from charrnn.text.byte_vocabulary import ByteVocabulary

    return ByteVocabulary()


def from_documents(
    unit: str,
    documents: Iterable[str],
    by: str,
    min_count: int | None = None,
    max_vocab: int | None = None,
) -> DocumentVocabulary:
    """Makes the vocabulary of a text that is divided into documents.

    Args:
        unit: As for `from_text`.
        documents: The documents.
        by: How the text is divided, as for `DocumentVocabulary`.
        min_count: As for `from_text`.
        max_vocab: The same.

    Returns:
        The vocabulary.

    Raises:
        ValueError: as `from_text` does.

    Example:

    >>> from_documents("character", ["ab", "ba"], "lines")
    DocumentVocabulary(Vocabulary('ab'), 'lines')
    """
    given = _given(min_count, max_vocab)
    if unit == "word":  # no word continues in the next document
        words = _word_vocabulary().from_text(documents, whole=True, **given)
        return DocumentVocabulary(words, by)
    return DocumentVocabulary(from_text(unit, joined(documents), **given), by)


def _given(min_count: int | None, max_vocab: int | None) -> dict[str, Any]:
    """The limits that are not left to a vocabulary's defaults."""
    limits = {"min_count": min_count, "max_vocab": max_vocab}
    return {name: n for name, n in limits.items() if n is not None}


def joined(documents: Iterable[str]) -> Iterator[str]:
    """Joins documents into pieces of many.

    Args:
        documents: The documents.

    Yields:
        Texts of up to `DOCUMENTS_PER_PIECE` documents.

    Example:

    >>> list(joined(["ab", "ba"]))
    ['abba']
    """
    remaining = iter(documents)
    while some := list(itertools.islice(remaining, DOCUMENTS_PER_PIECE)):
        yield "".join(some)


def to_json(vocabulary: UnitVocabulary) -> dict[str, Any]:
    """Converts a vocabulary to a JSON-serializable `dict`.

    Args:
        vocabulary: Any.

    Returns:
        A `dict`, which `from_json` reads with the unit's name.

    Example:

    >>> to_json(Vocabulary("ab"))
    {'characters': 'ab'}
    """
    if isinstance(vocabulary, DocumentVocabulary):
        return {**to_json(vocabulary.base), DOCUMENTS: vocabulary.by}
    if isinstance(vocabulary, Vocabulary):
        return {KEYS[DEFAULT]: vocabulary.characters}
    if vocabulary.unit == "byte":
        return {}
    if isinstance(vocabulary, _word_vocabulary()):
        return {KEYS["word"]: list(vocabulary.words)}
    raise TypeError(f"no vocabulary of charrnn: {type(vocabulary).__name__}")


def from_json(unit: Any, value: Mapping[str, Any]) -> UnitVocabulary:
    """Reads a vocabulary from an untrusted file.

    Args:
        unit: The name of the unit.
        value: The result of `to_json`.

    Returns:
        The vocabulary.

    Raises:
        ValueError: if there is no such unit, or the value is not a valid
            vocabulary of it.

    Example:

    >>> from_json("character", {"characters": "ab"})
    Vocabulary('ab')
    """
    check_unit(unit)
    if DOCUMENTS in value:
        inner = {k: v for k, v in value.items() if k != DOCUMENTS}
        return DocumentVocabulary(from_json(unit, inner), value[DOCUMENTS])
    if unit == DEFAULT:
        return Vocabulary(_expect(value, DEFAULT, str))
    if unit == "word":
        return _word_vocabulary()(_expect(value, "word", list))
    from charrnn.text.byte_vocabulary import ByteVocabulary

    return ByteVocabulary()


def alphabet(unit: str, value: Mapping[str, Any]) -> str:
    """The alphabet of a vocabulary in JSON, without making the vocabulary.

    Args:
        unit: The name of the unit.
        value: The result of `to_json`.

    Returns:
        A `str`, empty for bytes.

    Raises:
        ValueError: as `from_json` does.

    Example:

    >>> alphabet("word", {"words": ["a", "b", "ab"]})
    'ab'
    """
    check_unit(unit)
    if unit == DEFAULT:
        return _expect(value, DEFAULT, str)
    if unit == "word":
        words = _expect(value, "word", list)
        return "".join(
            word for word in words if isinstance(word, str) and len(word) == 1
        )
    return ""


def _word_vocabulary() -> "type[WordVocabulary]":
    from charrnn.text.word_vocabulary import WordVocabulary

    return WordVocabulary


def _expect(value: Mapping[str, Any], unit: str, kind: type) -> Any:
    found = value.get(KEYS[unit])
    if not isinstance(found, kind):
        raise ValueError(
            f"Expected {KEYS[unit]} to be a {kind.__name__}. "
            f"Received {found!r}."
        )
    return found
