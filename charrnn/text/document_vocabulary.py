"""Map the units of documents to ids, and mark where documents begin and end."""

import re
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from charrnn.text.documents import (
    FILES,
    LINE_END,
    LINES,
    check_division,
    end_of,
    split,
)
from charrnn.text.units import DEFAULT, UnitVocabulary
from charrnn.text.vocabulary import check_ids


class DocumentVocabulary(UnitVocabulary):
    r"""A vocabulary with one more unit, the boundary between documents.

    The boundary comes before each document and after the last. What follows
    one document begins the next, so a single id serves as start and as end:
    the network predicts it as the end, and reads it, in the zero state, as the
    start. It counts as one character, like the end of a line.

    Args:
        base: The vocabulary of the text within documents.
        by: How a text is divided: `"files"`, `"lines"`, or a separator.

    Attributes:
        base: As given.
        by: As given.
        boundary: The id of the boundary, the last one.
        end: The text that follows each document where several are joined.

    Raises:
        ValueError: if `by` is no such division.

    Example:

    >>> from charrnn import Vocabulary
    >>> vocabulary = DocumentVocabulary(Vocabulary("abn"), "lines")
    >>> vocabulary.encode("anna\nbab\n").tolist()
    [3, 0, 2, 2, 0, 3, 1, 0, 1, 3]
    >>> vocabulary.decode([3, 0, 2, 2, 0, 3, 1, 0, 1, 3])
    'anna\nbab\n'
    """

    boundary: int

    def __init__(self, base: UnitVocabulary, by: str) -> None:
        check_division(by)
        self.base = base
        self.by = by
        self.end = end_of(by)
        self.boundary = len(base)
        self.unit, self.plural = base.unit, base.plural
        self.alphabet, self.stand_in = base.alphabet, base.stand_in
        self._lengths = np.append(base.lengths, 1).astype(np.uint8)
        self._dtype = np.min_scalar_type(self.boundary)

    def __len__(self) -> int:
        return len(self.base) + 1

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DocumentVocabulary):
            return NotImplemented
        return (self.base, self.by) == (other.base, other.by)

    def __hash__(self) -> int:
        return hash((self.base, self.by))

    def __repr__(self) -> str:
        return f"DocumentVocabulary({self.base!r}, {self.by!r})"

    @property
    def inner(self) -> UnitVocabulary:
        """The vocabulary of the text within a document."""
        return self.base

    @property
    def lengths(self) -> np.ndarray:
        """The number of characters of each id, 1 for the boundary."""
        return self._lengths

    @property
    def first_characters(self) -> np.ndarray:
        """The id of the first character of each id; of the boundary, itself."""
        return np.append(self.base.first_characters, self.boundary)

    def encode(
        self, text: str, unknown: str = "error", position: int = 0
    ) -> np.ndarray:
        """Turns a text into the ids of its documents.

        Args:
            text: A text of documents, as if it were one file.
            unknown: As for `Vocabulary.encode`.
            position: Not used: messages name the document.

        Returns:
            Array of shape `(n,)` of unsigned integers: the boundary, and for
            each document its ids and the boundary.

        Raises:
            ValueError: as `Vocabulary.encode` does.

        Example:

        >>> from charrnn import Vocabulary
        >>> vocabulary = DocumentVocabulary(Vocabulary("ab"), "lines")
        >>> vocabulary.encode("ab").tolist()
        [2, 0, 1, 2]
        """
        return self.framed(self.encode_each(split(text, self.by), unknown))

    def encode_each(
        self, documents: Sequence[str], unknown: str = "error", first: int = 1
    ) -> list[np.ndarray]:
        """Encodes documents, without boundaries.

        Args:
            documents: The documents.
            unknown: As for `Vocabulary.encode`.
            first: The number of the first document, for messages.

        Returns:
            The ids of each document.

        Raises:
            ValueError: as `Vocabulary.encode` does, with the number of the
                document before the message.

        Example:

        >>> from charrnn import Vocabulary
        >>> vocabulary = DocumentVocabulary(Vocabulary("ab"), "lines")
        >>> [ids.tolist() for ids in vocabulary.encode_each(["ab", "a"])]
        [[0, 1], [0]]
        """
        found = []
        for number, document in enumerate(documents, first):
            try:
                found.append(self.base.encode(document, unknown))
            except ValueError as error:
                raise ValueError(f"document {number:,}: {error}") from error
        return found

    def framed(self, documents: Iterable[np.ndarray]) -> np.ndarray:
        """Joins the ids of documents, with boundaries around each.

        Args:
            documents: What `encode_each` returned.

        Returns:
            Array of shape `(n,)`, as `encode` returns it.
        """
        edge = np.array([self.boundary], self._dtype)
        parts = [edge]
        for ids in documents:
            parts += [ids, edge]
        return np.concatenate(parts).astype(self._dtype)

    def decode(self, ids: Iterable[int] | np.ndarray) -> str:
        """Turns ids into a text.

        Args:
            ids: Integers of shape `(n,)`, each in `[0, len(vocabulary))`.

        Returns:
            The documents, each followed by the line end or separator that
            divides them; files follow each other directly.

        Raises:
            ValueError: if an id lies outside the vocabulary.
        """
        ids = np.asarray(ids, dtype=np.int64)
        check_ids(ids, len(self))
        documents = np.split(ids, np.flatnonzero(ids == self.boundary))
        first, *others = documents
        texts = [self.base.decode(first)]
        for place, document in enumerate(others):
            # Nothing ends at a boundary with which the ids begin.
            ends = place or len(first)
            texts.append(self.end if ends else "")
            texts.append(self.base.decode(document[1:]))
        return "".join(texts)

    def decoder(self) -> Callable[[int], str]:
        """Makes a function that decodes one id at a time.

        The boundary is decoded as an empty text.
        """
        decode = self.base.decoder()
        return lambda value: "" if value == self.boundary else decode(value)

    def respelled(self, text: str, unknown: str = "error") -> str:
        """Returns a text with each document as after `encode` and `decode`.

        What separates the documents is kept.
        """
        if self.by == FILES:
            return self.base.respelled(text, unknown)
        separator = LINE_END.pattern if self.by == LINES else re.escape(self.by)
        parts = re.split(f"({separator})", text)
        parts[::2] = [self._respelled(part, unknown) for part in parts[::2]]
        return "".join(parts)

    def _respelled(self, part: str, unknown: str) -> str:
        """Respells a document, and keeps line ends around it."""
        document = part.strip("\r\n")
        if not document.strip():
            return part
        begin = part.index(document)
        before, after = part[:begin], part[begin + len(document) :]
        return before + self.base.respelled(document, unknown) + after

    def spelled(self, ids: np.ndarray) -> tuple[np.ndarray, int]:
        """Returns the ids of characters or bytes; the boundary is one more."""
        edges = np.flatnonzero(ids == self.boundary)
        _, size = self.base.spelled(ids[:0])
        if self.unit == DEFAULT or size == len(self.base):
            return ids, len(self)
        parts = []
        for part in np.split(ids, edges):
            if len(part) and part[0] == self.boundary:
                parts.append(np.array([size]))
                part = part[1:]
            parts.append(self.base.spelled(part)[0].astype(np.int64))
        spelled = np.concatenate(parts)
        return spelled.astype(np.min_scalar_type(size)), size + 1

    def settled_length(self, text: str) -> int:
        """The length of the part whose encoding does not depend on the rest."""
        return self.base.settled_length(text)

    def beginning_with(self, text: str) -> list[int]:
        """The ids of units that begin with a text, without the stand-in."""
        return self.base.beginning_with(text)

    def shown(self, text: str) -> str:
        """Makes a text readable that may contain bytes that are not UTF-8."""
        return self.base.shown(text)
