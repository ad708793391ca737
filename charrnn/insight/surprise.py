"""Read a text with a network: what surprised it, and what it expected."""

import dataclasses
import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from charrnn.insight.alignment import Pieces, names_of, text_of_documents
from charrnn.insight.places import Place, Ranking
from charrnn.network.engine import Engine
from charrnn.network.loading import engine_of
from charrnn.scoring.losses import Score
from charrnn.scoring.scan import checked_ids, scan
from charrnn.scoring.score import ONE_PASS, ONE_PASS_CHARACTERS, one_pass
from charrnn.text.units import UnitVocabulary
from charrnn.writing.probabilities import surprise

if TYPE_CHECKING:
    import keras

ALTERNATIVES = 5  # the likeliest units that are kept at each position

# A colour stands for so many bits of surprise: words have more than characters.
BITS_PER_COLOUR = {"character": 1, "word": 2, "byte": 1}


@dataclasses.dataclass(frozen=True)
class Reading:
    r"""How a network predicted each unit of a text except the first.

    Units are characters, or a model's words or bytes.

    Attributes:
        text: A `str` of n units.
        nats: The surprise of the second unit to the last, `(n - 1,)`.
        expected: The likeliest units at each of these positions, the
            likeliest first: an array `(n - 1, alternatives)` of `str`
            objects, because NumPy's own strings drop a trailing NUL. A byte
            beyond ASCII is written as in a Python literal: `\xe9`.
        probabilities: Of the units in `expected`, of the same shape.
        unit: `"character"`, `"word"` or `"byte"`.
        units: Each unit, as in `expected`; by default the characters.
        lengths: Number of characters of each unit, `(n,)`; `None` if each is
            one character.
        method: How it was read, in words. Of documents, `text` has each
            boundary as a line feed.
    """

    text: str
    nats: np.ndarray
    expected: np.ndarray
    probabilities: np.ndarray
    unit: str = "character"
    units: Sequence[str] | None = None
    lengths: np.ndarray | None = None
    method: str = ONE_PASS

    def __repr__(self) -> str:
        units = ""
        if self.unit != "character":
            units = f" in {len(self.nats) + 1:,} {self.unit}s"
        return (
            f"Reading({len(self.text):,} characters{units}, "
            f"{self.bits_per_character:.4f} bits per character)"
        )

    @property
    def score(self) -> Score:
        """The same as `charrnn.score` returns."""
        lengths = None if self.lengths is None else self.lengths[1:]
        return Score(self.nats, self.method, self.unit, lengths)

    @property
    def bits(self) -> np.ndarray:
        """The surprise in bits, `(n - 1,)`."""
        return self.nats / np.log(2)

    @property
    def bits_per_character(self) -> float:
        """The surprise of the text, divided by its characters."""
        return self.score.bits_per_character

    def running_bits_per_character(self) -> np.ndarray:
        """The same for the text up to each unit, `(n - 1,)`."""
        total = self.bits.cumsum(dtype=np.float64)
        if self.lengths is None:
            return total / np.arange(1, len(total) + 1)
        characters = self.lengths[1:].cumsum(dtype=np.int64)
        return total / np.maximum(characters, 1)

    @property
    def pieces(self) -> Pieces:
        """The units, or for a model of bytes the characters."""
        words = self.units if self.unit == "word" else None
        return Pieces.of(self.text, words, self.unit)

    @property
    def bits_of_pieces(self) -> np.ndarray:
        """The surprise of each of the `pieces` in bits, `(pieces,)`.

        That of a character is the sum of that of its bytes. The first unit is
        context, and counts as 0.
        """
        bits = np.append(0, self.bits)
        if self.unit != "byte":
            return bits
        return np.add.reduceat(bits, self.pieces.first_units)

    def words(self, lines: Sequence[str] | None = None) -> list[Place]:
        """Ranks the words, those with the most surprising character first.

        Spelling mistakes come early, because most of them make one character
        of a word very surprising. Of 20 mistakes inserted at random into
        20,000 characters of a play, 9 were among the first 20 words; the
        other 11 words were names and Latin. A model of words is surprised by
        a whole word. Those that it spells out come first, as a mistake makes
        a word that it does not have, ranked by their bits per character: of
        four times 20 mistakes, 38 were among the first 20 words, and 29 with
        a model of characters, trained as long.

        Args:
            lines: The lines by which places are counted, with their ends; by
                default those of `text`.

        Returns:
            A list of `charrnn.insight.places.Place`.
        """
        return self._counted(self._ranking(lines).words())

    def others(self, lines: Sequence[str] | None = None) -> list[Place]:
        """Ranks the text outside words, the most surprising first.

        Args:
            lines: As for `words`.

        Returns:
            A list of places: characters, or the units of a model of words.
        """
        return self._counted(self._ranking(lines).others())

    def _counted(self, places: list[Place]) -> list[Place]:
        """Does not count the boundary before the first document as a line."""
        if self.method == ONE_PASS:
            return places
        return [dataclasses.replace(p, line=p.line - 1) for p in places]

    def _ranking(self, lines: Sequence[str] | None) -> Ranking:
        return Ranking(
            self.text,
            self.unit == "word",
            self.pieces,
            self.bits_of_pieces,
            (self.expected[:, 0], self.probabilities[:, 0]),
            lines,
        )


def read_along(
    model: "Engine | keras.Sequential | os.PathLike | str",
    text: str,
    alternatives: int = ALTERNATIVES,
    watch: Callable[[Iterable], Iterable] = iter,
    vocabulary: UnitVocabulary | None = None,
) -> Reading:
    """Reads a text once, from the zero state, as `charrnn.score` does.

    Args:
        model: A `charrnn.Engine`, anything that `charrnn.load` takes, or a
            Keras model.
        text: A `str` of at least two units; for a model of documents, a text
            of documents.
        alternatives: Number of likeliest units to keep.
        watch: Wraps the loop over pieces of the text, for a progress bar:
            `rich.progress.track`, for example.
        vocabulary: The `charrnn.Vocabulary` of a Keras model. Omit it
            otherwise: engines and model files contain theirs.

    Returns:
        A `Reading`.

    Raises:
        ValueError: as `charrnn.score` does, or if the text is longer than
            200,000 units.

    Example:

    >>> reading = read_along("shakespeare", "To be")
    >>> reading.bits.shape, reading.expected.shape
    ((4,), (4, 5))
    """
    engine = engine_of(model, vocabulary)
    ids = checked_ids(engine, text)
    if len(ids) > ONE_PASS_CHARACTERS:
        raise ValueError(
            f"Expected a text of at most {ONE_PASS_CHARACTERS:,} "
            f"{engine.vocabulary.plural}. Received {len(ids):,}. Cut it, or "
            "use `charrnn score`."
        )
    names = names_of(engine.vocabulary)
    nats, likeliest, probabilities = _predictions(
        engine, ids, min(alternatives, len(names)), watch
    )
    if engine.vocabulary.boundary is not None:
        text = text_of_documents(engine.vocabulary, ids)
    reading = Reading(
        text, nats, names[likeliest], probabilities, method=one_pass(engine)
    )
    if engine.vocabulary.unit == "character":
        return reading
    return dataclasses.replace(
        reading,
        unit=engine.vocabulary.unit,
        units=tuple(names[ids]),
        lengths=engine.vocabulary.lengths[ids],
    )


def _predictions(
    engine: Engine,
    ids: np.ndarray,
    count: int,
    watch: Callable[[Iterable], Iterable],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The surprise of each unit, and the ids and probabilities of the
    likeliest in its place, `(units - 1, count)`.
    """
    nats = np.empty(len(ids) - 1, np.float32)
    likeliest = np.empty((len(nats), count), np.int32)
    probabilities = np.empty((len(nats), count), np.float32)
    for start, (logits,), (targets,) in watch(scan(engine, ids[None])):
        piece = slice(start, start + len(targets))
        nats[piece] = surprise(logits, targets)
        best = _highest(logits, count)
        likeliest[piece] = best
        own = np.take_along_axis(logits, targets[:, None].astype(int), -1)
        log_totals = nats[piece, None] + own
        of_best = np.take_along_axis(logits, best, -1)
        probabilities[piece] = np.exp(of_best - log_totals)
    return nats, likeliest, probabilities


def _highest(logits: np.ndarray, count: int) -> np.ndarray:
    """The ids of the highest logits, the highest first: `(rows, count)`."""
    found = np.argpartition(-logits, count - 1, axis=-1)[:, :count]
    found.sort(axis=-1)  # of equal ones, the lower id is first
    order = -np.take_along_axis(logits, found, -1)
    order = np.argsort(order, axis=-1, kind="stable")
    return np.take_along_axis(found, order, -1)
