"""Find the known characters or words that a new one resembles."""

import collections
import dataclasses
import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np

from charrnn.text import nearest
from charrnn.text.units import UnitVocabulary

# How a relative was found.
SIMILAR, SPELLED, AVERAGE = "similar", "spelled", "average"


@dataclasses.dataclass(frozen=True)
class Relative:
    """The known units from whose weights those of a new one are made.

    Attributes:
        ids: Their ids.
        shares: What each contributes, `(len(ids),)`; the sum is 1.
        kind: `SIMILAR` for one or several that look like the new unit,
            `SPELLED` for the characters of a new word, and `AVERAGE` for all
            of a category, by their frequency.
    """

    ids: np.ndarray
    shares: np.ndarray
    kind: str


def relatives(
    old: UnitVocabulary, new: UnitVocabulary, counts: np.ndarray
) -> list[Relative]:
    """Finds relatives of the units by which a vocabulary has grown.

    In this order: the other case, or a similar character, such as the base
    letter of one with an accent; for a word its characters; all known
    characters of the same category of Unicode; all units.

    Args:
        old: The vocabulary before.
        new: The vocabulary after, as `growth.grown` returns it.
        counts: How often each unit of `new` occurs in the new text,
            `(len(new),)`.

    Returns:
        A `Relative` for each of the new units, in the order of their ids.

    Example:

    >>> from charrnn import Vocabulary
    >>> old, new = Vocabulary("aos"), Vocabulary("aosöSß")
    >>> for relative in relatives(old, new, np.ones(6)):
    ...     print(old.decode(relative.ids), relative.kind)
    o similar
    s similar
    s similar
    """
    finder = _Finder(old, counts[: len(old)])
    return [finder.relative(unit) for unit in units_of(new)[len(old) :]]


def units_of(vocabulary: UnitVocabulary) -> list[str]:
    """Returns the text of each unit, in the order of the ids.

    Args:
        vocabulary: One of characters or words.

    Returns:
        A list of `str`.

    Example:

    >>> from charrnn import Vocabulary
    >>> units_of(Vocabulary("ab"))
    ['a', 'b']
    """
    return list(map(vocabulary.decoder(), range(len(vocabulary))))


class _Finder:
    """Looks up relatives in a vocabulary."""

    def __init__(self, vocabulary: UnitVocabulary, counts: np.ndarray) -> None:
        self.alphabet = vocabulary.alphabet
        self.vocabulary = vocabulary
        self.ids = {unit: i for i, unit in enumerate(units_of(vocabulary))}
        self.counts = counts + 1.0  # there is a chance for all
        by_category: dict[str, list[int]] = collections.defaultdict(list)
        for character in self.alphabet:
            place = self.ids[character]
            if place != vocabulary.stand_in:
                by_category[unicodedata.category(character)].append(place)
        self.averages = {
            category: self._average(places)
            for category, places in by_category.items()
        }
        self.average = self._average(range(len(vocabulary)))

    def relative(self, unit: str) -> Relative:
        """The relative of one new unit."""
        if len(unit) == 1:
            return self._of_character(unit)
        for candidate in _other_forms(unit, self.alphabet):
            if candidate in self.ids:
                return _mean([self.ids[candidate]], SIMILAR)
        spelling, _ = nearest.spelled(unit, self.alphabet)
        places = [self.ids[c] for c in spelling if c in self.ids]
        return _mean(places, SPELLED) if places else self.average

    def _of_character(self, character: str) -> Relative:
        spelling, _ = nearest.spelled(character, self.alphabet)
        if spelling and all(c in self.ids for c in spelling):
            return _mean([self.ids[c] for c in spelling], SIMILAR)
        category = unicodedata.category(character)
        return self.averages.get(category, self.average)

    def _average(self, places: Sequence[int]) -> Relative:
        ids = np.array(places, np.int64)
        weights = self.counts[ids]
        return Relative(ids, weights / weights.sum(), AVERAGE)


def _mean(places: Sequence[int], kind: str) -> Relative:
    ids, times = np.unique(np.array(places, np.int64), return_counts=True)
    return Relative(ids, times / times.sum(), kind)


def _other_forms(word: str, alphabet: str) -> Iterator[str]:
    """Yields other spellings of a word, the nearest first."""
    bare = word.removeprefix(" ")
    spelling, _ = nearest.spelled(word, alphabet)
    for form in (word, spelling):
        yield form
        yield form.lower()
        blank = " " if form.startswith(" ") else ""
        yield blank + form.removeprefix(" ").capitalize()
        yield form.upper()
    for form in (bare, f" {bare}", bare.lower(), f" {bare.lower()}"):
        yield form
