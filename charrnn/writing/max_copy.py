"""Forbid what would copy more than so many characters from a source.

A unit is forbidden if a part of the text that ends in it would be a run of
N + 1 characters of the source. Either such a run is within the unit, or for
some i the last N + 1 - i characters of the text, followed by the first i of
the unit, occur in the source. For a model of characters only i = 1 is possible:
the last N characters are looked up, and then what follows them.

Most texts are far from that. If the last M characters do not occur in the
source, all runs that end later begin after the first of them. So nothing is
looked up, and nothing forbidden, before N + 1 - M further characters.
"""

import collections
import functools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from charrnn.text.suffixes import TextIndex
from charrnn.text.units import UnitVocabulary
from charrnn.writing.constraints import Left

# In the time of a binary search, so many places can be looked at one by one.
PLACES_PER_SEARCH = 40
# Percent of the characters that must be copied before a unit can be too much:
# of most texts so many last ones do not occur in the source.
FIRST_LOOKED_UP = 75


class Tail(NamedTuple):
    """The end of a text.

    Attributes:
        text: As many characters as may be copied.
        free: Before so many further characters nothing has to be looked up.
    """

    text: str
    free: int


class MaxCopy:
    """A constraint: no run of more than `max_run` characters is copied.

    The run may begin in the prompt, but its last character is a new one. For a
    model of bytes the limit counts bytes.

    Args:
        source: The text from which not to copy.
        vocabulary: Of the model that writes.
        max_run: Length of the longest run that is allowed, in characters.

    Attributes:
        max_run: As given.
        name: Its name in messages and in JSON.

    Raises:
        ValueError: if `max_run` is less than 1, or an index of the source
            does not fit into memory.

    Example:

    >>> import charrnn
    >>> sampler = charrnn.Sampler("shakespeare")
    >>> rule = MaxCopy("To be, or not to be", sampler.vocabulary, max_run=9)
    >>> how = {"length": 6, "temperature": 0, "constraints": [rule]}
    >>> sampler.generate("To be, or", **how)[0].text[:3] == " no"
    False
    """

    def __init__(
        self, source: str, vocabulary: UnitVocabulary, *, max_run: int
    ) -> None:
        if max_run < 1:
            raise ValueError(
                "Expected a longest run of at least 1 character. Received "
                f"{max_run}."
            )
        self.max_run = max_run
        self.name = f"max-copy {max_run}"
        self._vocabulary = vocabulary.inner
        self._index = TextIndex(self._characters(source))
        self._texts = [self._text(i) for i in range(len(self._vocabulary))]
        # The fewest last characters with which a unit can copy too much.
        self._shortest = max(1, max_run + 1 - max(map(len, self._texts)))
        self._free = np.ones(len(vocabulary), bool)
        copied = [i for i, text in enumerate(self._texts) if self._copies(text)]
        self._free[copied] = False
        self._beginnings = functools.cache(self._units_by_beginning)

    def _characters(self, text: str) -> str:
        """A text in the characters that are counted; of bytes, one for each."""
        if self._vocabulary.unit != "byte":
            return text
        return bytes(self._vocabulary.encode(text)).decode("latin-1")

    def _text(self, unit: int) -> str:
        if self._vocabulary.unit == "byte":
            return chr(unit)
        return self._vocabulary.decode([unit])

    def _copies(self, text: str) -> bool:
        """Whether a run that is too long is within a text."""
        size = self.max_run + 1
        return any(
            self._index.places(text[start : start + size]).size
            for start in range(len(text) - size + 1)
        )

    def start(self, prompt: str) -> Tail:
        """The end of the prompt, as many characters as may be copied."""
        text = self._characters(prompt)[-self.max_run :]
        return Tail(text, self._free_after(text))

    def advance(self, state: Tail, unit: int) -> Tail:
        """The end of the text after a unit."""
        more = self._texts[unit]
        text = (state.text + more)[-self.max_run :]
        free = state.free - len(more)
        return Tail(text, free if free > 0 else self._free_after(text))

    def can_finish(self, state: Tail) -> bool:
        """Always true: a text may end anywhere."""
        return True

    def enough(self, state: Tail) -> int:
        """0: what is allowed does not depend on the length left."""
        return 0

    def mask_key(self, state: Tail) -> str | None:
        """The end of the text if it has to be looked up."""
        return None if state.free > 0 else state.text

    def allowed(self, state: Tail, left: Left) -> np.ndarray:
        """The units that complete no run that is too long."""
        if state.free > 0:
            return self._free
        text, forbidden = state.text, list[int]()
        for kept in range(self._shortest, len(text) + 1):
            end = text[len(text) - kept :]
            first, last = self._index.interval(end)
            if first == last:
                break  # then the source has no longer end of the text either
            size = self.max_run + 1 - kept
            for beginning in self._continuations(end, size, first, last):
                forbidden += self._beginnings(size)[beginning]
        if not forbidden:
            return self._free
        mask = self._free.copy()
        mask[forbidden] = False
        return mask

    def _free_after(self, text: str) -> int:
        """The number of characters before which nothing has to be looked up.

        At least so many must follow before as many of the last characters
        occur in the source as a run that is too long needs.
        """
        limit = self._shortest
        size = max(1, FIRST_LOOKED_UP * limit // 100)
        while len(text) >= size and text[-size:] in self._index:
            if size == limit:
                return 0
            size = (size + limit + 1) // 2
        return limit + 1 - min(size, len(text) + 1)

    def _continuations(
        self, end: str, size: int, first: int, last: int
    ) -> Iterator[str]:
        """Yields beginnings of units that follow a string in the source.

        Args:
            end: The string.
            size: The number of characters of the beginnings.
            first, last: The interval of the string in the index.
        """
        units, index = self._beginnings(size), self._index
        if last - first > PLACES_PER_SEARCH * len(units):
            for beginning in units:
                found, after = index.interval(end + beginning, first, last)
                if found < after:
                    yield beginning
            return
        begins = (index.order[first:last] + len(end)).tolist()
        text = index.text
        follow = {text[begin : begin + size] for begin in begins}
        yield from follow & units.keys()

    def _units_by_beginning(self, size: int) -> dict[str, list[int]]:
        """The units of at least so many characters, by the first of them."""
        found = collections.defaultdict(list)
        for unit, text in enumerate(self._texts):
            if len(text) >= size:
                found[text[:size]].append(unit)
        return dict(found)
