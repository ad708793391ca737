"""Align the characters of a text with the words or bytes that a model reads."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from charrnn.text.characters import code_points
from charrnn.text.units import UnitVocabulary

BOUNDARY = "\n"  # how the boundary of documents is shown


@dataclasses.dataclass(frozen=True)
class Pieces:
    """The pieces of a text that a reader sees and points at.

    They are a model's units, except that the bytes of a character are one
    piece.

    Attributes:
        texts: The text of each piece; joined, they are the whole text.
        units: The number of units in each, `(pieces,)`.
    """

    texts: Sequence[str]
    units: np.ndarray

    @classmethod
    def of(cls, text: str, words: Sequence[str] | None, unit: str) -> "Pieces":
        """Divides a text into pieces.

        Args:
            text: The text.
            words: Its words in order, for a model of words.
            unit: The name of the model's unit.

        Returns:
            The pieces.

        Example:

        >>> Pieces.of("né", None, "byte").units.tolist()
        [1, 2]
        """
        if unit == "byte":
            return cls(text, bytes_per_character(text))
        texts = text if words is None else words
        return cls(texts, np.ones(len(texts), np.int64))

    @property
    def bounds(self) -> np.ndarray:
        """The index of each piece's first character, and the text's length."""
        return _bounds(np.fromiter(map(len, self.texts), np.int64))

    @property
    def first_units(self) -> np.ndarray:
        """The index of each piece's first unit, `(pieces,)`."""
        return _bounds(self.units)[:-1]

    def between(
        self, starts: np.ndarray, ends: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Finds the pieces that have a character in a span of the text.

        Args:
            starts: The first character of each span, `(spans,)`.
            ends: The character after its last, `(spans,)`.

        Returns:
            `(first, end)`: the first piece of each span, and the one after
            its last.

        Example:

        >>> pieces = Pieces.of("to be", ["to", " be"], "word")
        >>> pieces.between(np.array([0, 3]), np.array([2, 5]))
        (array([0, 1]), array([1, 2]))
        """
        bounds = self.bounds
        first = np.searchsorted(bounds, starts, "right") - 1
        return first, np.searchsorted(bounds, ends, "left")


def names_of(vocabulary: UnitVocabulary) -> np.ndarray:
    r"""Writes each unit so that a reader can tell it from the others.

    Args:
        vocabulary: That of a model.

    Returns:
        An array of `str` objects, `(len(vocabulary),)`: characters or words as
        they are, and bytes beyond ASCII as in a Python literal.

    Example:

    >>> from charrnn import ByteVocabulary
    >>> print(*names_of(ByteVocabulary())[[97, 233]])
    a é
    """
    names = np.empty(len(vocabulary), object)
    names[:] = [
        vocabulary.shown(vocabulary.decode([place]))
        for place in range(len(vocabulary))
    ]
    if vocabulary.boundary is not None:
        names[vocabulary.boundary] = BOUNDARY
    return names


def text_of_documents(vocabulary: UnitVocabulary, ids: np.ndarray) -> str:
    """Decodes documents, with a line feed for each boundary.

    Args:
        vocabulary: That of a model of documents.
        ids: The documents, with a boundary around each.

    Returns:
        The text, with as many units as there are ids.

    Example:

    >>> from charrnn import DocumentVocabulary, Vocabulary
    >>> vocabulary = DocumentVocabulary(Vocabulary("an"), " % ")
    >>> text_of_documents(vocabulary, vocabulary.encode("an % na"))
    '\\nan\\nna\\n'
    """
    decode = vocabulary.inner.decode
    documents = np.split(ids, np.flatnonzero(ids == vocabulary.boundary))
    return "".join(f"{BOUNDARY}{decode(d[1:])}" for d in documents[1:])


def bytes_per_character(text: str) -> np.ndarray:
    """The number of bytes of each character in UTF-8.

    Args:
        text: A text as `charrnn.ByteVocabulary.decode` returns it, in which
            a byte that is not UTF-8 is one character.

    Returns:
        Integers from 1 to 4, `(characters,)`.

    Example:

    >>> bytes_per_character("aé\\udcff").tolist()
    [1, 2, 1]
    """
    points = code_points(text)
    longer = [points >= limit for limit in (0x80, 0x800, 0x10000)]
    counts = 1 + np.sum(longer, axis=0, dtype=np.int64)
    stray = (points >= 0xDC80) & (points <= 0xDCFF)
    return np.where(stray, 1, counts)


def unit_of_each_character(
    vocabulary: UnitVocabulary, ids: np.ndarray, text: str
) -> np.ndarray:
    """Finds the unit after which each character of a text has been read.

    Args:
        vocabulary: That of the model.
        ids: The text's units, `(units,)`.
        text: The text.

    Returns:
        The index of a unit for each character, `(characters,)`: the character,
        the word that contains it, or the last of its bytes.

    Example:

    >>> from charrnn import WordVocabulary
    >>> vocabulary = WordVocabulary([*" ab", " ab"])
    >>> text = "ab ab"
    >>> ids = vocabulary.encode(text)
    >>> unit_of_each_character(vocabulary, ids, text).tolist()
    [0, 1, 2, 2, 2]
    """
    if vocabulary.unit == "byte":
        return bytes_per_character(text).cumsum() - 1
    return np.repeat(np.arange(len(ids)), vocabulary.lengths[ids])


def character_of_each_unit(
    vocabulary: UnitVocabulary, ids: np.ndarray, text: str
) -> np.ndarray:
    """Finds the last character that each unit of a text belongs to.

    Args:
        vocabulary: That of the model.
        ids: The text's units, `(units,)`.
        text: The text.

    Returns:
        The index of a character for each unit, `(units,)`.

    Example:

    >>> from charrnn import ByteVocabulary
    >>> text = "né"
    >>> ids = ByteVocabulary().encode(text)
    >>> character_of_each_unit(ByteVocabulary(), ids, text).tolist()
    [0, 1, 1]
    """
    if vocabulary.unit == "byte":
        return np.repeat(np.arange(len(text)), bytes_per_character(text))
    return vocabulary.lengths[ids].cumsum(dtype=np.int64) - 1


def _bounds(lengths: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
