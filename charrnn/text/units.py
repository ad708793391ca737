"""The interface shared by vocabularies of characters, words and bytes.

A network reads and writes units: characters, words or bytes. Figures about a
text are always given per character, so that they can be compared;
`UnitVocabulary.characters_of` counts them.
"""

import abc
from collections.abc import Callable, Iterable, Iterator

import numpy as np

DEFAULT = "character"
UNITS = (DEFAULT, "word", "byte")
COUNTED = 1 << 20  # ids at once: the ids of a text may be larger than the RAM


class UnitVocabulary(abc.ABC):
    """Turns a text into the ids of its units, and back.

    Attributes:
        unit: The name of the unit, one of `UNITS`.
        plural: Its plural, for messages.
        alphabet: The characters that are units by themselves, in the order of
            their ids; for bytes those of ASCII.
        stand_in: The id of U+FFFD, which is read but never written, or
            `None`.
        boundary: The id that begins and ends a document: before a network
            reads it, its state is reset. `None` if a text is not divided into
            documents.
        end: The text between two documents: a line end or a separator; empty
            between files, and without documents.
    """

    unit: str
    plural: str
    alphabet: str
    stand_in: int | None
    boundary: int | None = None
    end: str = ""

    @abc.abstractmethod
    def __len__(self) -> int:
        """The number of different units."""

    @property
    def inner(self) -> "UnitVocabulary":
        """The vocabulary of the text within a document, such as a prompt."""
        return self

    @abc.abstractmethod
    def encode(
        self, text: str, unknown: str = "error", position: int = 0
    ) -> np.ndarray:
        """Turns a text into ids, as `Vocabulary.encode` does."""

    @abc.abstractmethod
    def decode(self, ids: Iterable[int] | np.ndarray) -> str:
        """Turns ids into a text."""

    @property
    @abc.abstractmethod
    def lengths(self) -> np.ndarray:
        """The number of characters of each id: `(len(vocabulary),)`."""

    @abc.abstractmethod
    def decoder(self) -> Callable[[int], str]:
        """Makes a function that decodes one id at a time."""

    def respelled(self, text: str, unknown: str = "error") -> str:
        """Returns a text as it is after `encode` and `decode`."""
        return self.decode(self.encode(text, unknown))

    @property
    def first_characters(self) -> np.ndarray:
        """The id of the first character of each id: `(len(vocabulary),)`."""
        return np.arange(len(self))

    def spelled(self, ids: np.ndarray) -> tuple[np.ndarray, int]:
        """Spells a text out in characters; in bytes for a model of bytes.

        Args:
            ids: Integers of shape `(n,)`.

        Returns:
            `(ids, size)`: the ids of the characters, and the size of their
            alphabet.
        """
        return ids, len(self)

    def settled_length(self, text: str) -> int:
        """The length of the part whose encoding does not depend on the rest."""
        return len(text)

    def beginning_with(self, text: str) -> list[int]:
        """The ids of units that begin with a text, without the stand-in."""
        return []

    def shown(self, text: str) -> str:
        """Makes a text readable that may contain bytes that are not UTF-8."""
        return text

    def line_end(self) -> str:
        """The line end of the texts: LF, CRLF or CR; empty if there is none."""
        if self.unit == "byte":
            return "\n"  # bytes know all of them
        return "".join(c for c in "\r\n" if c in self.alphabet)

    def blocks(self, pieces: Iterable[str]) -> Iterator[str]:
        """Moves the borders of a text's pieces so that none divides a unit."""
        yield from pieces

    def characters_of(self, ids: np.ndarray) -> int:
        """Counts the characters of a text.

        Args:
            ids: Integers of shape `(n,)`.

        Returns:
            Their number. Of bytes, only those that begin a character of UTF-8
            count.
        """
        if self.unit == DEFAULT:
            return len(ids)
        lengths = self.lengths
        return sum(
            int(lengths[ids[start : start + COUNTED]].sum(dtype=np.int64))
            for start in range(0, len(ids), COUNTED)
        )


def counts_of(ids: np.ndarray, size: int) -> np.ndarray:
    """Counts how often each unit occurs.

    Args:
        ids: Integers of shape `(n,)`.
        size: The size of the vocabulary.

    Returns:
        Array of shape `(size,)` of int64.

    Example:

    >>> counts_of(np.array([0, 2, 2]), 4)
    array([1, 0, 2, 0])
    """
    counts = np.zeros(size, np.int64)
    for start in range(0, len(ids), COUNTED):  # NumPy makes each an int64
        counts += np.bincount(ids[start : start + COUNTED], minlength=size)
    return counts


def check_unit(unit: str) -> None:
    """Checks the name of a unit.

    Args:
        unit: One of `UNITS`.

    Raises:
        ValueError: if it is none of them.

    Example:

    >>> check_unit("word")
    """
    if unit not in UNITS:
        raise ValueError(
            f"Expected a unit among {', '.join(UNITS)}. Received {unit!r}."
        )
