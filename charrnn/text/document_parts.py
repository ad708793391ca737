"""Encode documents, and hold some of them out of the training part.

Whether a document is held out depends on its number and the seed only: the
split is the same on every machine, and documents appended to a text change
nothing for those before. Each part is one array of ids, in which the boundary
comes before each document:

    training  | A n n | E v e | B o b      (the beginning follows the end)
    held out  | T o m | I d a |
"""

import dataclasses
import hashlib
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from charrnn.text.corpus import Text
from charrnn.text.document_hashes import digests, held_out
from charrnn.text.document_vocabulary import DocumentVocabulary
from charrnn.text.documents import described, meant
from charrnn.text.encoding import IdFile, count_stand_ins
from charrnn.text.windows import (
    MIN_HELD_OUT_CHARACTERS,
    MIN_TRAINING_CHARACTERS,
)

DOCUMENTS_PER_BATCH = 1 << 14  # encoded at once


@dataclasses.dataclass(frozen=True)
class Parts:
    """The documents of a text, as ids and as digests.

    Attributes:
        training: Ids of the documents to train on, a boundary before each.
        held_out: Ids of the documents held out, a boundary around each;
            empty if there are none.
        sha256: The digest of all ids in their order, in hexadecimal digits.
        stand_ins: The number of ids that are the vocabulary's stand-in.
        training_digests: A number for each document, as `digests` returns it.
        held_out_digests: The same of the other part.
        longest: Units of the longest document.
    """

    training: np.ndarray
    held_out: np.ndarray
    sha256: str
    stand_ins: int
    training_digests: np.ndarray
    held_out_digests: np.ndarray
    longest: int

    @property
    def duplicates(self) -> int:
        """The number of held-out documents that are also learnt."""
        return int(np.isin(self.held_out_digests, self.training_digests).sum())

    def counts(self) -> dict[str, int]:
        """The figures of `metrics.json` and of the model file."""
        return {
            "training": len(self.training_digests),
            "validation": len(self.held_out_digests),
            "validation_also_in_training": self.duplicates,
            "longest": self.longest,
        }


def encode_parts(
    text: Text,
    vocabulary: DocumentVocabulary,
    *,
    validation: float,
    seed: int,
    unknown: str = "error",
    folder: Path | str | None = None,
) -> Parts:
    """Encodes the documents of a text, with only some in the RAM at a time.

    Args:
        text: The text.
        vocabulary: That of its documents.
        validation: The share of the documents to hold out.
        seed: The seed of the run.
        unknown: As for `Vocabulary.encode`.
        folder: As for `charrnn.text.encoding.encode`.

    Returns:
        The `Parts`.

    Raises:
        ValueError: if there are too few documents, or one has a character
            that the model does not know.
        OSError: if the text cannot be read, or the ids cannot be stored.
    """
    count = sum(1 for _ in text.documents(vocabulary.by))
    _check_count(count, text.title, vocabulary.by, validation)
    mask = held_out(count, validation, seed)
    with (
        _Part(text, vocabulary, folder) as training,
        _Part(text, vocabulary, folder) as validating,
    ):
        sha256 = hashlib.sha256()
        first = stand_ins = longest = 0
        for documents in _batches(text, vocabulary.by):
            ids = vocabulary.encode_each(documents, unknown, first + 1)
            own = mask[first : first + len(ids)].tolist()
            training.add(documents, ids, [not held for held in own])
            validating.add(documents, ids, own)
            together = vocabulary.framed(ids)
            sha256.update(together.data)
            stand_ins += count_stand_ins(together, vocabulary)
            longest = max(longest, *map(len, ids))
            first += len(ids)
        validating.end()
        parts = Parts(
            training.file.read(),
            validating.file.read(),
            sha256.hexdigest(),
            stand_ins,
            training.all_digests(),
            validating.all_digests(),
            longest,
        )
    _check_lengths(parts, text.title, validation)
    return parts


class _Part:
    """One of the two parts while it is written."""

    def __init__(
        self,
        text: Text,
        vocabulary: DocumentVocabulary,
        folder: Path | str | None,
    ) -> None:
        self.file = IdFile(text.size, folder)
        self.digests: list[np.ndarray] = []
        self._vocabulary = vocabulary

    def __enter__(self) -> "_Part":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.__exit__()

    def add(
        self,
        documents: Sequence[str],
        ids: Sequence[np.ndarray],
        chosen: Sequence[bool],
    ) -> None:
        """Adds those of some documents that are chosen."""
        if any(chosen):
            own = itertools.compress(ids, chosen)
            self.file.write(self._vocabulary.framed(own)[:-1])
            self.digests.append(digests(itertools.compress(documents, chosen)))

    def end(self) -> None:
        """Ends the last document."""
        if self.digests:
            self.file.write(self._vocabulary.framed([]))

    def all_digests(self) -> np.ndarray:
        return np.concatenate([np.empty(0, np.uint64), *self.digests])


def _check_count(count: int, title: str, by: str, validation: float) -> None:
    least = 2 if validation else 1
    if count < least:
        raise ValueError(
            f"Expected at least {least} documents in {title}, divided by "
            f"{described(by)}. Received {count}.{meant(by)} Divide it "
            "otherwise, with --documents, or add more."
        )


def _check_lengths(parts: Parts, title: str, validation: float) -> None:
    training, validating = len(parts.training), len(parts.held_out)
    least = MIN_HELD_OUT_CHARACTERS if validation else 0
    if training < MIN_TRAINING_CHARACTERS or validating < least:
        raise ValueError(
            f"Expected documents with at least {MIN_TRAINING_CHARACTERS} "
            f"characters to train on in {title}. Received {training}. "
            "Use a longer text."
        )


def _batches(text: Text, by: str) -> Iterator[list[str]]:
    documents = text.documents(by)
    while some := list(itertools.islice(documents, DOCUMENTS_PER_BATCH)):
        yield some
