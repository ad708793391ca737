"""Add a text's new characters or words to a vocabulary."""

from collections.abc import Iterable
from typing import cast

from charrnn.text.characters import (
    UNICODE_CODE_POINTS,
    code_points,
    frequencies,
    most_frequent,
)
from charrnn.text.document_vocabulary import DocumentVocabulary
from charrnn.text.kinds import joined
from charrnn.text.units import DEFAULT, UnitVocabulary
from charrnn.text.vocabulary import Vocabulary


def grown(
    vocabulary: UnitVocabulary,
    pieces: Iterable[str],
    min_count: int = 1,
    max_vocab: int | None = None,
) -> UnitVocabulary:
    """Adds the units of a text that a vocabulary does not have.

    Those that it has keep their ids; the new ones follow. Only the boundary
    between documents moves, so that its id is the last.

    Args:
        vocabulary: Any. One of bytes never grows.
        pieces: The text's pieces; its documents for a vocabulary of
            documents.
        min_count: New units that occur less often are not added: words are
            spelled out, U+FFFD stands for characters.
        max_vocab: Maximum size of the whole vocabulary; `None` for no limit.
            If the text has more new units, the most frequent are added. All
            characters are added to a vocabulary of words.

    Returns:
        The vocabulary, the same object if the text has nothing new.

    Raises:
        ValueError: if `max_vocab` leaves no place for U+FFFD.

    Example:

    >>> grown(Vocabulary("ehlo"), ["hello, wolf"])
    Vocabulary('ehlo ,fw')
    """
    limits = min_count, max_vocab
    if vocabulary.unit == "byte":
        return vocabulary
    if isinstance(vocabulary, DocumentVocabulary):
        base = _grown(vocabulary.base, pieces, *limits, whole=True)
        grows = base is not vocabulary.base
        return DocumentVocabulary(base, vocabulary.by) if grows else vocabulary
    return _grown(vocabulary, pieces, *limits)


def _grown(
    vocabulary: UnitVocabulary,
    pieces: Iterable[str],
    min_count: int,
    max_vocab: int | None,
    whole: bool = False,
) -> UnitVocabulary:
    """The same without a boundary; pieces may be whole documents."""
    if vocabulary.unit == DEFAULT:
        pieces = joined(pieces) if whole else pieces
        new = _new_characters(vocabulary, pieces, min_count, max_vocab)
        return Vocabulary(vocabulary.alphabet + new) if new else vocabulary
    return _with_words(vocabulary, pieces, min_count, max_vocab, whole)


def _new_characters(
    vocabulary: UnitVocabulary,
    pieces: Iterable[str],
    min_count: int,
    max_vocab: int | None,
) -> str:
    """The characters to add, in the order of Unicode."""
    counts = frequencies(pieces)
    counts[code_points(vocabulary.alphabet)] = 0
    room = UNICODE_CODE_POINTS
    if max_vocab is not None:
        room = max(0, max_vocab - len(vocabulary))
    has_stand_in = vocabulary.stand_in is not None
    new = most_frequent(counts, min_count, room, has_stand_in)
    if len(new) > room:
        raise ValueError(
            f"Expected --max-vocab of {len(vocabulary) + 1} or more: the "
            f"model has {len(vocabulary)} characters, and U+FFFD is to stand "
            f"for the text's others. Received {max_vocab}."
        )
    return "".join(map(chr, new))


def _with_words(
    vocabulary: UnitVocabulary,
    pieces: Iterable[str],
    min_count: int,
    max_vocab: int | None,
    whole: bool,
) -> UnitVocabulary:
    """A vocabulary of words, with the text's characters and words."""
    from charrnn.text import word_counts, word_vocabulary  # rarely needed

    old = cast(word_vocabulary.WordVocabulary, vocabulary)
    counts, characters = word_counts.count(pieces, whole)
    known = [*old.words, *sorted(characters.difference(old.alphabet))]
    known += word_counts.frequent(counts, known, min_count, max_vocab)
    if len(known) == len(old):
        return old
    return word_vocabulary.WordVocabulary(known)
