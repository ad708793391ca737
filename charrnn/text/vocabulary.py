"""Map characters to ids and back."""

import collections
from collections.abc import Callable, Iterable

import numpy as np

from charrnn.text import nearest
from charrnn.text.characters import (
    CHARACTERS_PER_BLOCK,
    STAND_IN,
    UNICODE_CODE_POINTS,
    code_points,
    describe,
    frequencies,
    most_frequent,
)
from charrnn.text.units import UnitVocabulary

UNKNOWN = ("error", "nearest", "skip", "replace")  # how to treat the unknown
MAX_CHARACTERS_NAMED = 8  # of unknown characters, in a message


class Vocabulary(UnitVocabulary):
    """The distinct characters of a text; an id is an index into them.

    Args:
        characters: Distinct characters in the order of their ids.

    Attributes:
        characters: The same `str`.

    Raises:
        ValueError: if `characters` is empty, has a character twice, or has
            half of a surrogate pair, which no UTF-8 file can store.

    Example:

    >>> vocabulary = Vocabulary("ehlo")
    >>> vocabulary.encode("hello")
    array([1, 0, 2, 2, 3], dtype=uint8)
    >>> vocabulary.decode([1, 0, 2, 2, 3])
    'hello'
    >>> len(vocabulary)
    4
    """

    unit = "character"
    plural = "characters"

    def __init__(self, characters: str) -> None:
        _check_characters(characters)
        self.characters = self.alphabet = characters
        place = characters.find(STAND_IN)
        self.stand_in = None if place < 0 else place
        self._code_points = code_points(characters)
        self._ids = self._look_up_table()

    @classmethod
    def from_text(
        cls,
        text: str | Iterable[str],
        min_count: int = 1,
        max_vocab: int | None = None,
    ) -> "Vocabulary":
        """Makes the sorted vocabulary of a text.

        Args:
            text: A text of at least one character, or its pieces.
            min_count: Characters that occur less often are left out; U+FFFD
                stands for all of them.
            max_vocab: Maximum size, at least 2; `None` for no limit. If the
                text has more characters, the most frequent are kept (of
                equally frequent ones those that come first in Unicode), and
                U+FFFD stands for all others.

        Returns:
            A `Vocabulary`.

        Raises:
            ValueError: if `text` is empty, or `max_vocab` below 2.

        Example:

        >>> Vocabulary.from_text("hello").characters
        'ehlo'
        >>> Vocabulary.from_text("hello", min_count=2).characters
        'l�'
        >>> Vocabulary.from_text("hello", max_vocab=3).characters
        'el�'
        """
        if max_vocab is not None and max_vocab < 2:
            raise ValueError(
                "Expected max_vocab of at least 2: a character and the one "
                f"that stands for all others. Received {max_vocab}."
            )
        largest = max_vocab or UNICODE_CODE_POINTS
        counts = frequencies([text] if isinstance(text, str) else text)
        kept = most_frequent(counts, min_count, largest)
        return cls("".join(map(chr, kept)))

    @property
    def lengths(self) -> np.ndarray:
        """The length of each character, which is 1: `(len(vocabulary),)`."""
        return np.ones(len(self), np.uint8)

    def __len__(self) -> int:
        return len(self.characters)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        return self.characters == other.characters

    def __hash__(self) -> int:
        return hash(self.characters)

    def __repr__(self) -> str:
        return f"Vocabulary({self.characters!r})"

    def encode(
        self, text: str, unknown: str = "error", position: int = 0
    ) -> np.ndarray:
        """Turns a text into ids.

        Args:
            text: A text of n characters.
            unknown: What to do with characters that are not in the
                vocabulary: `"error"` to raise, `"nearest"` to spell them with
                similar ones as `charrnn.text.nearest.spelled` does, `"skip"`
                to leave them out, or `"replace"` to read each as U+FFFD.
            position: The position of `text` in a longer text, for messages.

        Returns:
            Array of shape `(n,)` (shorter if characters were skipped, longer
            if some were spelled with several) of uint8, or of uint16 or
            uint32 for more than 255 distinct characters.

        Raises:
            ValueError: if a character is unknown and `unknown` is `"error"`,
                or `"nearest"` and nothing in the vocabulary is similar, or
                `"replace"` and U+FFFD is unknown as well. The message names
                the characters, and the position of the first.

        Example:

        >>> Vocabulary("ab").encode("abba").tolist()
        [0, 1, 1, 0]
        >>> Vocabulary("ab").encode("àb", unknown="nearest").tolist()
        [0, 1]
        """
        if unknown not in UNKNOWN:
            raise ValueError(
                f"Expected unknown to be one of {', '.join(UNKNOWN)}. "
                f"Received {unknown!r}."
            )
        if unknown == "nearest":
            text = self._spelled(text, position)
        ids, all_known = self.looked_up(text)
        if all_known:
            return ids
        known = ids < len(self)
        if unknown == "skip":
            return ids[known]
        if unknown == "error" or self.stand_in is None:
            raise ValueError(self._describe_unknown(text, ~known, position))
        ids[~known] = self.stand_in
        return ids

    def decode(self, ids: Iterable[int] | np.ndarray) -> str:
        """Turns ids into a text.

        Args:
            ids: Integers of shape `(n,)`, each in `[0, len(vocabulary))`.

        Returns:
            A text of n characters.

        Raises:
            ValueError: if an id lies outside the vocabulary.

        Example:

        >>> Vocabulary("ab").decode([1, 0])
        'ba'
        """
        ids = np.asarray(ids, dtype=np.int64)
        check_ids(ids, len(self))
        return self._code_points[ids].tobytes().decode("utf-32-le")

    def decoder(self) -> Callable[[int], str]:
        """Makes a function that decodes one id at a time."""
        return self.characters.__getitem__

    def looked_up(self, text: str) -> tuple[np.ndarray, bool]:
        """Returns the ids of a text, and whether all characters are known."""
        ids = np.empty(len(text), self._ids.dtype)
        all_known = True
        for start in range(0, len(text), CHARACTERS_PER_BLOCK):
            block = slice(start, start + CHARACTERS_PER_BLOCK)
            # "clip" reads the table's last row, "unknown", for code points
            # beyond its end.
            np.take(
                self._ids, code_points(text[block]), out=ids[block], mode="clip"
            )
            all_known &= bool((ids[block] < len(self)).all())
        return ids, all_known

    def _spelled(self, text: str, position: int) -> str:
        """Spells a text in known characters; raises if that is impossible."""
        spelling, _ = nearest.spelled(text, self.characters)
        left = set(spelling).difference(self.characters)
        if left:
            unknown = np.array([character in left for character in text])
            raise ValueError(self._describe_unknown(text, unknown, position))
        return spelling

    def _look_up_table(self) -> np.ndarray:
        """Makes a table of ids by code point; `len(self)` means unknown."""
        dtype = np.min_scalar_type(len(self))
        table = np.full(self._code_points.max() + 2, len(self), dtype)
        table[self._code_points] = np.arange(len(self))
        return table

    def _describe_unknown(
        self, text: str, unknown: np.ndarray, position: int
    ) -> str:
        first = int(np.argmax(unknown))
        others = sorted({text[i] for i in np.flatnonzero(unknown)})
        others.remove(text[first])
        named = others[:MAX_CHARACTERS_NAMED]
        more = "".join(f", {describe(other)}" for other in named)
        if len(named) < len(others):
            more += f" and {len(others) - len(named):,} other unknown ones"
        return (
            f"Expected a text written with the model's {len(self)} "
            f"characters. Received {describe(text[first])} at position "
            f"{position + first:,}{more}. Remove such characters, or use a "
            "model whose text contains them."
        )


def check_ids(ids: np.ndarray, size: int) -> None:
    """Checks that ids are indices into a vocabulary.

    NumPy and TensorFlow would accept -1 and read some character.

    Args:
        ids: Integer array of any shape.
        size: The number of characters in the vocabulary.

    Raises:
        ValueError: if an id lies outside the vocabulary (the message has the
            first), or the ids are not integers.

    Example:

    >>> check_ids(np.array([0, 64]), 65)
    """
    if ids.dtype.kind not in "iu":
        raise ValueError(
            f"Expected ids that are integers. Received {ids.dtype}."
        )
    possible = np.iinfo(ids.dtype)
    if possible.min >= 0 and possible.max < size:
        return  # the array's dtype cannot hold any other id
    if ids.size and (ids.max() >= size or ids.min() < 0):
        outside = ids[(ids < 0) | (ids >= size)]
        raise ValueError(
            f"Expected ids from 0 to {size - 1}, the places in a vocabulary "
            f"of {size}. Received {outside[0]}."
        )


def _check_characters(characters: str) -> None:
    if not characters:
        raise ValueError(
            "Expected at least one character. Received an empty text."
        )
    repeated, count = collections.Counter(characters).most_common(1)[0]
    if count > 1:
        raise ValueError(
            "Expected distinct characters. Received "
            f"{describe(repeated)} more than once. Vocabulary.from_text(text) "
            "finds the distinct characters of a text."
        )
    for character in characters:
        if "\ud800" <= character <= "\udfff":
            raise ValueError(
                "Expected characters that UTF-8 can store. Received "
                f"{describe(character)}, half of a surrogate pair."
            )
