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
    is_small = text.size <= MAX_BYTES_IN_RAM
    sha256 = hashlib.sha256()
    position = stand_ins = 0
    file: IO[bytes]
    file = io.BytesIO() if is_small else tempfile.TemporaryFile(dir=folder)
    with file:
        for piece in vocabulary.blocks(text.pieces()):
            ids = vocabulary.encode(piece, unknown, position)
            position += len(piece)
            if vocabulary.stand_in is not None:
                stand_ins += int(np.sum(ids == vocabulary.stand_in))
            sha256.update(ids.data)
            file.write(ids.data)
        file.flush()
        if isinstance(file, io.BytesIO):
            ids = np.frombuffer(file.getvalue(), ids.dtype)
        else:
            # The mapping outlives the file object.
            ids = np.memmap(file, ids.dtype, "r")
    return Encoded(ids, sha256.hexdigest(), stand_ins)
