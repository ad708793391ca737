"""The interface shared by vocabularies of characters, words and bytes.

A network reads and writes units: characters, words or bytes. What is told
about a text is told per character for each unit, so that figures can be
compared; `UnitVocabulary.characters_of` counts them.
"""

import abc
from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

import numpy as np

DEFAULT = "character"
UNITS = (DEFAULT, "word", "byte")
COUNTED = 1 << 20  # ids at once: the ids of a text may be larger than the RAM


class UnitVocabulary(abc.ABC):
    """Turns a text into the ids of its units, and back.

    Attributes:
        unit: The name of the unit, one of `UNITS`.
        plural: What messages call several of them.
        alphabet: The characters that can be written one by one, in the order
            of their ids; of bytes those of ASCII.
        stand_in: The id of U+FFFD, which is read but never written, or
            `None`.
    """

    unit: ClassVar[str]
    plural: ClassVar[str]
    alphabet: str
    stand_in: int | None

    @abc.abstractmethod
    def __len__(self) -> int:
        """The number of different units."""

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
        """How many characters each id stands for: `(len(vocabulary),)`."""

    @abc.abstractmethod
    def decoder(self) -> Callable[[int], str]:
        """Makes a function that turns one id after another into a text."""

    def spelled(self, ids: np.ndarray) -> tuple[np.ndarray, int]:
        """The same text in characters, or in bytes for a model of bytes.

        Args:
            ids: Integers of shape `(n,)`.

        Returns:
            `(ids, size)`: the ids of its characters, and how many different
            ones there are.
        """
        return ids, len(self)

    def settled_length(self, text: str) -> int:
        """How much of a text is encoded alike whatever comes after it."""
        return len(text)

    def beginning_with(self, text: str) -> list[int]:
        """The ids of the units that begin with a text, but the stand-in."""
        return []

    def shown(self, text: str) -> str:
        """Makes a text readable in which bytes may stand that are no text."""
        return text

    def line_end(self) -> str:
        """The line end of the texts: LF, CRLF or CR, or nothing if unknown."""
        if self.unit == "byte":
            return "\n"  # all are known
        return "".join(c for c in "\r\n" if c in self.alphabet)

    def blocks(self, pieces: Iterable[str]) -> Iterator[str]:
        """Moves the borders of a text's pieces to where no unit is torn."""
        yield from pieces

    def characters_of(self, ids: np.ndarray) -> int:
        """Counts the characters that ids stand for.

        Args:
            ids: Integers of shape `(n,)`.

        Returns:
            Their number: of characters n, of bytes those that begin a
            character of UTF-8.
        """
        if self.unit == DEFAULT:
            return len(ids)
        lengths = self.lengths
        return sum(
            int(lengths[ids[start : start + COUNTED]].sum(dtype=np.int64))
            for start in range(0, len(ids), COUNTED)
        )


def check_is_of_characters(vocabulary: UnitVocabulary, what: str) -> None:
    """Refuses a model of words or bytes where only characters make sense.

    Args:
        vocabulary: That of the model.
        what: What was asked for, the beginning of a sentence.

    Raises:
        ValueError: if the unit is another.

    Example:

    >>> from charrnn import ByteVocabulary
    >>> check_is_of_characters(ByteVocabulary(), "Neurons follow")
    Traceback (most recent call last):
    ValueError: Neurons follow characters: expected a model of ...
    """
    if vocabulary.unit != DEFAULT:
        raise ValueError(
            f"{what} characters: expected a model of characters. Received one "
            f"of {vocabulary.plural}. `charrnn score` takes any model; "
            "`charrnn train --unit character` makes one of characters."
        )


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
