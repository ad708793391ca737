"""Map bytes to ids and back, for files of any kind."""

import codecs
import re
from collections.abc import Callable, Iterable

import numpy as np

from charrnn.text.units import UnitVocabulary
from charrnn.text.vocabulary import check_ids

SIZE = 256
_ESCAPED = re.compile("[\udc80-\udcff]")


class ByteVocabulary(UnitVocabulary):
    r"""All 256 bytes; the id of a byte is its value.

    A text is the bytes of its UTF-8. Bytes that are not UTF-8 stand in a `str`
    as Python's "surrogateescape" writes them, and come back as they were.

    Example:

    >>> vocabulary = ByteVocabulary()
    >>> vocabulary.encode("é").tolist()
    [195, 169]
    >>> vocabulary.decode([195, 169, 255])
    'é\udcff'
    >>> vocabulary.to_bytes([195, 169, 255])
    b'\xc3\xa9\xff'
    """

    unit = "byte"
    plural = "bytes"
    alphabet = "".join(map(chr, range(128)))
    stand_in = None

    @classmethod
    def from_text(cls, text: object, **_: object) -> "ByteVocabulary":
        """The vocabulary of any text: always the same."""
        return cls()

    def __len__(self) -> int:
        return SIZE

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByteVocabulary)

    def __hash__(self) -> int:
        return hash(self.unit)

    def __repr__(self) -> str:
        return "ByteVocabulary()"

    @property
    def lengths(self) -> np.ndarray:
        """1 for a byte that begins a character of UTF-8, else 0: `(256,)`."""
        values = np.arange(SIZE)
        continues = (values >= 0x80) & (values < 0xC0)
        return (~continues).astype(np.uint8)

    def encode(
        self,
        text: str | bytes,
        unknown: str = "error",
        position: int = 0,
    ) -> np.ndarray:
        """Turns a text into ids.

        Args:
            text: A `str`, or bytes.
            unknown: Of no use: no byte is unknown.
            position: Where a piece of a longer text begins, for the message.

        Returns:
            Array of shape `(bytes,)` of unsigned integers of 8 bits.

        Raises:
            ValueError: if a character is half of a surrogate pair that stands
                for no byte.

        Example:

        >>> ByteVocabulary().encode(bytes([0, 255])).tolist()
        [0, 255]
        """
        if isinstance(text, bytes):
            return np.frombuffer(text, np.uint8)
        try:
            data = text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError as error:
            raise ValueError(
                "Expected a text that UTF-8 can store. Received half of a "
                f"surrogate pair, U+{ord(text[error.start]):04X}, at "
                f"position {position + error.start:,}."
            ) from error
        return np.frombuffer(data, np.uint8)

    def decode(self, ids: Iterable[int] | np.ndarray) -> str:
        r"""Turns ids into a text.

        Args:
            ids: Integers of shape `(n,)`, each from 0 to 255.

        Returns:
            A text. A byte that is not UTF-8 is one character of it, from
            U+DC80 to U+DCFF; `shown` makes it readable.

        Raises:
            ValueError: if an id is no byte.

        Example:

        >>> ByteVocabulary().decode([72, 105])
        'Hi'
        """
        return self.to_bytes(ids).decode("utf-8", "surrogateescape")

    def to_bytes(self, ids: Iterable[int] | np.ndarray) -> bytes:
        """Turns ids into bytes.

        Args:
            ids: As for `decode`.

        Returns:
            As many bytes.

        Raises:
            ValueError: if an id is no byte.

        Example:

        >>> ByteVocabulary().to_bytes([72, 105])
        b'Hi'
        """
        ids = np.asarray(ids, dtype=np.int64)
        check_ids(ids, SIZE)
        return ids.astype(np.uint8).tobytes()

    def shown(self, text: str) -> str:
        """Makes bytes readable that are not UTF-8, as the function does."""
        return shown(text)

    def decoder(self) -> Callable[[int], str]:
        """Makes a function that turns one id after another into a text.

        A character of several bytes comes with its last one.
        """
        decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        return lambda value: decode(bytes((value,)))


def shown(text: str) -> str:
    r"""Makes bytes readable that are not UTF-8.

    Args:
        text: A text as `ByteVocabulary.decode` returns it.

    Returns:
        The text with such bytes written as Python writes them.

    Example:

    >>> print(shown("caf\udce9"))
    caf\xe9
    """
    return _ESCAPED.sub(lambda found: f"\\x{ord(found[0]) & 0xFF:02x}", text)
