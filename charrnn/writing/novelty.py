"""Draw documents until enough different ones of them are new."""

import collections
import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from charrnn.network.engine import Engine
from charrnn.network.facts import document_split, expect, text_form
from charrnn.text.document_vocabulary import DocumentVocabulary
from charrnn.text.known_documents import (
    HELD_OUT,
    NEW,
    TRAINING,
    KnownDocuments,
)
from charrnn.writing.drawing import Sample
from charrnn.writing.sampler import Sampler
from charrnn.writing.steering import COMPLETE, DEAD_END, END

if TYPE_CHECKING:
    from charrnn.text.sources import Source

UNFINISHED = "unfinished"  # a document that was cut at the maximum length
STUCK = "dead_end"  # one that constraints let neither go on nor end
REPEATED = "repeated"  # the same as one drawn before, wherever it occurs
PLACES = (NEW, TRAINING, HELD_OUT, REPEATED, UNFINISHED, STUCK)
FINISHED_BY = (END, COMPLETE, "stop", "stop_after")  # `Sample.stop_reason`
# So many are drawn together, however many are wanted: of one seed, the first
# new documents are then always the same.
DOCUMENTS_PER_BATCH = 32
MAX_DRAWN_PER_NEW = 50  # then the search ends


@dataclasses.dataclass(frozen=True)
class NewDocuments:
    """New documents, and how many others were drawn.

    Attributes:
        samples: The new documents, all different.
        places: The number of documents drawn, by where they occur: `"new"`,
            `"training"` (in the part to train on), `"held_out"`; apart from
            these `"repeated"`, the same as one drawn before,
            `"unfinished"`, cut at the maximum length, and `"dead_end"`, which
            constraints let neither go on nor end.
    """

    samples: list[Sample]
    places: dict[str, int]

    @property
    def drawn(self) -> int:
        """The number of documents drawn."""
        return sum(self.places.values())


def new_documents(
    sampler: Sampler,
    known: KnownDocuments,
    prompt: str = "",
    *,
    count: int,
    seed: int = 0,
    **how: Any,
) -> NewDocuments:
    """Draws documents until `count` different ones are new.

    Args:
        sampler: Of a model of documents.
        known: The documents of its training text.
        prompt: The beginning of each document.
        count: Number of new documents. One that a string of `stop` or
            `stop_after` ends is finished, as if the model had ended it.
        seed: Of the random numbers. Each further batch of 32 documents has a
            seed of its own.
        **how: As for `Sampler.generate`.

    Returns:
        The new documents: fewer than `count` if there are not as many among
        50 times as many documents.

    Raises:
        ValueError: as `Sampler.generate` does, or if the model is not one of
            documents.

    Example:

    >>> from charrnn import DocumentVocabulary, Vocabulary, build_model
    >>> from charrnn.text.document_hashes import digests
    >>> vocabulary = DocumentVocabulary(Vocabulary("ab"), "lines")
    >>> sampler = Sampler(build_model(vocabulary, units=4), vocabulary)
    >>> known = KnownDocuments(digests(["a", "b"]), digests([]))
    >>> found = new_documents(sampler, known, count=5, length=99)
    >>> len(found.samples), "a" in [sample.text for sample in found.samples]
    (5, False)
    """
    check_is_of_documents(sampler.engine)
    found: list[Sample] = []
    places: collections.Counter[str] = collections.Counter()
    seen: set[str] = set()
    for sample, place in _drawn(sampler, known, prompt, seed, how):
        if sample.stop_reason == "interrupted":
            break
        if place not in (UNFINISHED, STUCK):
            place = REPEATED if sample.text in seen else place
            seen.add(sample.text)
        places[place] += 1
        if place == NEW:
            found.append(sample)
        is_hopeless = places.total() >= MAX_DRAWN_PER_NEW * count
        if len(found) == count or is_hopeless:
            break
    return NewDocuments(found, {name: places[name] for name in PLACES})


def different_samples(
    sampler: Sampler, prompt: str = "", *, count: int, seed: int = 0, **how: Any
) -> tuple[list[Sample], int]:
    """Draws samples until `count` of them are different.

    Args:
        sampler: Of any model.
        prompt: The text that each sample continues.
        count: Number of different samples.
        seed: As for `new_documents`.
        **how: As for `Sampler.generate`.

    Returns:
        The different samples, each where its text first came: fewer than
        `count` if there are not as many among 50 times as many samples. And
        how many were drawn.

    Raises:
        ValueError: as `Sampler.generate` does.

    Example:

    >>> sampler = Sampler("shakespeare")
    >>> found, drawn = different_samples(sampler, count=5, length=1)
    >>> len({sample.text for sample in found}), drawn >= 5
    (5, True)
    """
    found: dict[str, Sample] = {}
    drawn = 0
    for samples in _batches(sampler, prompt, seed, how):
        for sample in samples:
            if sample.stop_reason == "interrupted":
                return list(found.values()), drawn
            drawn += 1
            found.setdefault(sample.text, sample)
            if len(found) == count or drawn >= MAX_DRAWN_PER_NEW * count:
                return list(found.values()), drawn
    raise AssertionError("batches are drawn without end")


def _batches(
    sampler: Sampler, prompt: str, seed: int, how: Mapping[str, Any]
) -> Iterator[list[Sample]]:
    """Yields batches of samples without end, each of a seed of its own."""
    for batch in itertools.count():
        yield sampler.generate(
            prompt,
            count=DOCUMENTS_PER_BATCH,
            seed=seed + (batch << 32),
            **how,
        )


def _drawn(
    sampler: Sampler,
    known: KnownDocuments,
    prompt: str,
    seed: int,
    how: Mapping[str, Any],
) -> Iterator[tuple[Sample, str]]:
    """Yields documents without end, and where each occurs."""
    for samples in _batches(sampler, prompt, seed, how):
        places = known.places([prompt + sample.text for sample in samples])
        for sample, place in zip(samples, places, strict=True):
            if sample.stop_reason in FINISHED_BY:
                yield sample, place
            else:
                is_stuck = sample.stop_reason == DEAD_END
                yield sample, STUCK if is_stuck else UNFINISHED


def check_is_of_documents(engine: Engine) -> DocumentVocabulary:
    """Checks that a model is one of documents.

    Args:
        engine: The model.

    Returns:
        Its vocabulary.

    Raises:
        ValueError: if it is a model of endless text.

    Example:

    >>> from charrnn import load
    >>> check_is_of_documents(load("shakespeare"))
    Traceback (most recent call last):
    ValueError: Expected a model of documents. Received one of endless ...
    """
    vocabulary = engine.vocabulary
    if not isinstance(vocabulary, DocumentVocabulary):
        raise ValueError(
            "Expected a model of documents. Received one of endless text. "
            "`charrnn train TEXT --documents lines` makes one of lines."
        )
    return vocabulary


def known_from_text(
    engine: Engine, source: "Source", encoding: str = "utf-8"
) -> KnownDocuments:
    """Reads a model's training text, and divides it as its run did.

    Args:
        engine: The model, whose facts say how the text was read and divided.
        source: The training text, as for `charrnn.read`.
        encoding: That of the text.

    Returns:
        The hashes of its documents.

    Raises:
        ValueError: if it is not a model of documents, or as `charrnn.read`
            does.
        OSError: if the text cannot be read.
    """
    from charrnn.text.corpus import Text  # slow to import

    vocabulary = check_is_of_documents(engine)
    text = Text(
        source,
        encoding=encoding,
        binary=vocabulary.unit == "byte",
        **text_form(engine.facts),
    )
    return KnownDocuments.divided(
        text.documents(vocabulary.by), *document_split(engine.facts)
    )


def longest_learnt(engine: Engine) -> int | None:
    """The number of units of the longest document of a training text.

    Args:
        engine: The model.

    Returns:
        A number, or `None` if the model file does not have it.

    Raises:
        ValueError: if the entry is not a number.

    Example:

    >>> from charrnn import load
    >>> longest_learnt(load("shakespeare")) is None
    True
    """
    split = expect(engine.facts.get("split", {}), dict, "split")
    documents = expect(split.get("documents", {}), dict, "documents")
    if "longest" not in documents:
        return None
    return max(1, expect(documents["longest"], int, "longest"))
