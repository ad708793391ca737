"""Encode a text of any size: into the memory, or onto the disk."""

import dataclasses
import hashlib
import io
import tempfile

import numpy as np

from charrnn.text.corpus import IN_MEMORY


@dataclasses.dataclass(frozen=True)
class Encoded:
    """A text as ids.

    Attributes:
        ids: Array of shape `(characters,)` of unsigned integers. Those of a
            large text lie in a file without a name, which the system deletes
            when the process ends, however it ends.
        sha256: Of the ids, in hexadecimal digits.
        stand_ins: How many of them are the vocabulary's stand-in.
    """

    ids: np.ndarray
    sha256: str
    stand_ins: int


def encode(text, vocabulary, unknown="error", folder=None):
    """Encodes a text, of which only a piece is in the memory at a time.

    Args:
        text: A `corpus.Text`.
        vocabulary: A `Vocabulary`.
        unknown: As for `Vocabulary.encode`.
        folder: Where there is room for the ids of a large text.

    Returns:
        An `Encoded`.

    Raises:
        ValueError: as the text and the vocabulary do.
        OSError: if the text cannot be read, or the ids not be stored.

    Example:

    >>> from pathlib import Path
    >>> from charrnn import Vocabulary
    >>> from charrnn.text.corpus import Text
    >>> with tempfile.TemporaryDirectory() as there:
    ...     path = Path(there) / "notes.txt"
    ...     _ = path.write_bytes(b"abba")
    ...     encode(Text(path), Vocabulary("ab")).ids.tolist()
    [0, 1, 1, 0]
    """
    small = text.size <= IN_MEMORY
    sha256 = hashlib.sha256()
    position = stand_ins = 0
    with io.BytesIO() if small else tempfile.TemporaryFile(dir=folder) as file:
        for piece in text.pieces():
            ids = vocabulary.encode(piece, unknown, position)
            position += len(piece)
            if vocabulary.stand_in is not None:
                stand_ins += np.count_nonzero(ids == vocabulary.stand_in)
            sha256.update(ids)
            file.write(ids)
        file.flush()
        if small:
            ids = np.frombuffer(file.getvalue(), ids.dtype)
        else:
            ids = np.memmap(file, ids.dtype, "r")  # stays when it is closed
    return Encoded(ids, sha256.hexdigest(), int(stand_ins))
