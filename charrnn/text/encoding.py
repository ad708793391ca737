"""Encode a text of any size, in RAM or on disk.

A text of up to `MAX_BYTES_IN_RAM` is encoded in the RAM. The ids of a larger
one are written to a temporary file, a piece at a time, and are then mapped
into the address space (`numpy.memmap`): the system reads windows from the
disk as they are used, and drops them again when it needs the RAM.
"""

import dataclasses
import hashlib
import io
import tempfile
from pathlib import Path
from typing import IO

import numpy as np

from charrnn.text.corpus import Text
from charrnn.text.parts import MAX_BYTES_IN_RAM
from charrnn.text.units import UnitVocabulary


@dataclasses.dataclass(frozen=True)
class Encoded:
    """A text as ids.

    Attributes:
        ids: Array of shape `(units,)` of unsigned integers. Those of a
            large text are in a file without a name, which the system deletes
            when the process ends, however it ends.
        sha256: The digest of the ids, in hexadecimal digits.
        stand_ins: The number of ids that are the vocabulary's stand-in.
    """

    ids: np.ndarray
    sha256: str
    stand_ins: int


def encode(
    text: Text,
    vocabulary: UnitVocabulary,
    unknown: str = "error",
    folder: Path | str | None = None,
) -> Encoded:
    """Encodes a text, with only a piece of it in the RAM at a time.

    Args:
        text: The text.
        vocabulary: That of its characters, words or bytes.
        unknown: As for `Vocabulary.encode`.
        folder: Where the ids of a large text are stored; `None` for the
            system's folder of temporary files.

    Returns:
        The ids, their digest and the number of stand-ins.

    Raises:
        ValueError: as `Text.pieces` and `Vocabulary.encode` do.
        OSError: if the text cannot be read, or the ids cannot be stored.

    Example:

    >>> from charrnn import Vocabulary
    >>> with tempfile.TemporaryDirectory() as there:
    ...     path = Path(there) / "notes.txt"
    ...     _ = path.write_bytes(b"abba")
    ...     encode(Text(path), Vocabulary("ab")).ids.tolist()
    [0, 1, 1, 0]
    """
    ids_file = IdFile(text.size, folder)
    position = stand_ins = 0
    with ids_file:
        for piece in vocabulary.blocks(text.pieces()):
            ids = vocabulary.encode(piece, unknown, position)
            position += len(piece)
            stand_ins += count_stand_ins(ids, vocabulary)
            ids_file.write(ids)
        return Encoded(ids_file.read(), ids_file.sha256(), stand_ins)


def count_stand_ins(ids: np.ndarray, vocabulary: UnitVocabulary) -> int:
    """Counts the ids that are the vocabulary's stand-in.

    Example:

    >>> from charrnn import Vocabulary
    >>> count_stand_ins(np.array([0, 1, 1]), Vocabulary("a\ufffd"))
    2
    """
    if vocabulary.stand_in is None:
        return 0
    return int(np.sum(ids == vocabulary.stand_in))


class IdFile:
    """Ids that are written piece by piece, in RAM or, if many, on the disk.

    Args:
        size: The size of the text in bytes.
        folder: Where the ids of a large text are stored; `None` for the
            system's folder of temporary files.

    Example:

    >>> with IdFile(9) as ids:
    ...     ids.write(np.arange(2))
    ...     ids.write(np.arange(3))
    ...     ids.read().tolist()
    [0, 1, 0, 1, 2]
    """

    def __init__(self, size: int, folder: Path | str | None = None) -> None:
        self._file: IO[bytes] = (
            io.BytesIO()
            if size <= MAX_BYTES_IN_RAM
            else tempfile.TemporaryFile(dir=folder)
        )
        self._sha256 = hashlib.sha256()
        self._dtype = np.dtype(np.uint8)

    def __enter__(self) -> "IdFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, ids: np.ndarray) -> None:
        """Writes a piece; all must have one dtype."""
        self._dtype = ids.dtype
        self._sha256.update(ids.data)
        self._file.write(ids.data)

    def sha256(self) -> str:
        """The digest of all ids, in hexadecimal digits."""
        return self._sha256.hexdigest()

    def read(self) -> np.ndarray:
        """All ids. The array may be used after the file is closed."""
        self._file.flush()
        if isinstance(self._file, io.BytesIO):
            return np.frombuffer(self._file.getvalue(), self._dtype)
        if not self._file.tell():  # an empty file cannot be mapped
            return np.empty(0, self._dtype)
        return np.memmap(self._file, self._dtype, "r")
