"""Say what each vocabulary offers, whatever its unit.

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
            int(lengths[ids[start : start + COUNTED]].sum())
            for start in range(0, len(ids), COUNTED)
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
