"""Recognise the documents of a training text without keeping the text.

A run keeps a 64-bit hash of each document in its folder, as `documents.bin`:
the number of documents to train on, then the hashes of these, then those of
the held-out ones, all as little-endian 64-bit integers.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from charrnn.system.atomic import check_regular, replacing
from charrnn.text.document_hashes import digests, held_out

NAME = "documents.bin"
MAX_BYTES = 1 << 30  # more than a hundred million documents
TRAINING, HELD_OUT, NEW = "training", "held_out", "new"


@dataclasses.dataclass(frozen=True)
class KnownDocuments:
    """The hashes of the documents that a model has learnt, and of the others.

    Attributes:
        training: Of those to train on, an array of uint64.
        held_out: Of those held out.

    Example:

    >>> known = KnownDocuments(digests(["Ann", "Bob"]), digests(["Eve"]))
    >>> known.places(["Eve", "Bob", "Ida"])
    ['held_out', 'training', 'new']
    """

    training: np.ndarray
    held_out: np.ndarray

    def places(self, documents: Sequence[str]) -> list[str]:
        """Tells where documents occur.

        Args:
            documents: Any documents.

        Returns:
            `"training"`, `"held_out"` or `"new"` for each. One that occurs in
            both parts is in `"training"`.
        """
        own = digests(documents)
        learnt = np.isin(own, self.training)
        held = np.isin(own, self.held_out)
        unless_learnt = np.where(held, HELD_OUT, NEW)
        return np.where(learnt, TRAINING, unless_learnt).tolist()

    def write(self, folder: Path | str) -> None:
        """Writes `documents.bin`, whole or not at all.

        Args:
            folder: The run's folder.

        Raises:
            OSError: if it cannot be written.
        """
        numbers = [len(self.training), *self.training, *self.held_out]
        with replacing(Path(folder, NAME)) as temporary:
            temporary.write_bytes(np.array(numbers, "<u8").tobytes())

    @classmethod
    def read(cls, folder: Path | str) -> "KnownDocuments":
        """Reads `documents.bin`.

        Args:
            folder: The run's folder.

        Returns:
            What was written.

        Raises:
            ValueError: if it is damaged.
            OSError: if it cannot be read.
        """
        path = Path(folder, NAME)
        check_regular(path)
        data = b""
        if path.stat().st_size <= MAX_BYTES:
            data = path.read_bytes()
        count = int.from_bytes(data[:8], "little")
        if len(data) < 8 or len(data) % 8 or 8 * (count + 1) > len(data):
            raise ValueError(
                f"Expected the hashes of documents in '{path}'. It is damaged. "
                "Name the training text instead: --new TEXT."
            )
        numbers = np.frombuffer(data, "<u8").astype(np.uint64)[1:]
        return cls(numbers[:count], numbers[count:])

    @classmethod
    def joined(cls, several: Sequence["KnownDocuments"]) -> "KnownDocuments":
        """Joins the documents of several training texts.

        Args:
            several: Those of each text.

        Returns:
            Those of all texts.

        Example:

        >>> texts = (["Ann"], ["Bob"]), (["Bob"], [])
        >>> both = KnownDocuments.joined(
        ...     [KnownDocuments(digests(t), digests(h)) for t, h in texts]
        ... )
        >>> both.places(["Ann", "Bob", "Eve"])
        ['training', 'training', 'new']
        """
        return cls(
            np.concatenate([known.training for known in several]),
            np.concatenate([known.held_out for known in several]),
        )

    @classmethod
    def divided(
        cls, documents: Iterable[str], validation: float, seed: int
    ) -> "KnownDocuments":
        """Divides the documents of a training text as a run does.

        Args:
            documents: The documents, in their order.
            validation: The share that the run held out.
            seed: The run's seed.

        Returns:
            Their hashes.
        """
        found = digests(documents)
        mask = held_out(len(found), validation, seed)
        return cls(found[~mask], found[mask])
