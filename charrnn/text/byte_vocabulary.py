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

    A text is encoded as the bytes of its UTF-8. Bytes that are not UTF-8 are
    represented in a `str` as by Python's "surrogateescape", and are restored
    when it is encoded.

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
        """Returns the vocabulary, which is the same for any text."""
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
            unknown: Ignored: no byte is unknown.
            position: The position of `text` in a longer text, for messages.

        Returns:
            Array of shape `(bytes,)` of uint8.

        Raises:
            ValueError: if a character is half of a surrogate pair that does
                not represent a byte.

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
            A text. Each byte that is not UTF-8 becomes one character, from
            U+DC80 to U+DCFF; `shown` makes it readable.

        Raises:
            ValueError: if an id is not from 0 to 255.

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
            One byte per id.

        Raises:
            ValueError: if an id is not from 0 to 255.

        Example:

        >>> ByteVocabulary().to_bytes([72, 105])
        b'Hi'
        """
        ids = np.asarray(ids, dtype=np.int64)
        check_ids(ids, SIZE)
        return ids.astype(np.uint8).tobytes()

    def shown(self, text: str) -> str:
        """Makes bytes that are not UTF-8 readable, as `shown` does."""
        return shown(text)

    def decoder(self) -> Callable[[int], str]:
        """Makes a function that decodes one id at a time.

        A character of several bytes is returned with the last of them.
        """
        decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        return lambda value: decode(bytes((value,)))


def shown(text: str) -> str:
    r"""Makes bytes that are not UTF-8 readable.

    Args:
        text: A text as `ByteVocabulary.decode` returns it.

    Returns:
        The text with such bytes written as in a Python literal.

    Example:

    >>> print(shown("caf\udce9"))
    caf\xe9
    """
    return _ESCAPED.sub(lambda found: f"\\x{ord(found[0]) & 0xFF:02x}", text)
