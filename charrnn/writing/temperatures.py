"""Vary the temperature: by the place in the word, and to leave loops."""

from collections.abc import Sequence

import numpy as np

from charrnn.text.units import UnitVocabulary
from charrnn.writing.constraints import Constraint, Left
from charrnn.writing.probabilities import Filters, Temperature

APOSTROPHES = "'’"
REPEATED = 20  # characters, whose repetition is noticed
TIMES = 3  # so often they occur in a loop, without overlaps
LOOKBACK = 4000  # characters: loops of up to 1,990 are noticed
RISE = 0.1  # of the temperature with each unit of a loop


class _Free:
    """A constraint that allows everything, and changes the temperature.

    Args:
        vocabulary: Of the model that writes.
    """

    def __init__(self, vocabulary: UnitVocabulary) -> None:
        inner = vocabulary.inner
        self._texts = [
            chr(i) if inner.unit == "byte" else inner.decode([i])
            for i in range(len(inner))
        ]
        self._all = np.ones(len(vocabulary), bool)

    def allowed(self, state: object, left: Left) -> np.ndarray:
        """All units."""
        return self._all

    def can_finish(self, state: object) -> bool:
        """Always true."""
        return True

    def enough(self, state: object) -> int:
        """0: what is allowed does not depend on the length left."""
        return 0

    def mask_key(self, state: object) -> None:
        """The same for all states."""
        return None


class WordPlaces(_Free):
    """Chooses between two temperatures: of a first letter, and of the rest.

    The first one applies after what is not part of a word: at the beginning,
    after white space and after punctuation. The second one applies after a
    letter, a digit or an apostrophe, and so also to what ends the word. In a
    model of bytes, those above 127 are parts of words.

    Args:
        vocabulary: Of a model of characters or bytes.

    Raises:
        ValueError: if it is one of words, which are drawn as a whole.

    Example:

    >>> from charrnn import Vocabulary
    >>> places = WordPlaces(Vocabulary(" ab"))
    >>> places.temperature(places.start("a "), (0.4, 0.9))
    0.4
    >>> places.temperature(places.start("a b"), (0.4, 0.9))
    0.9
    """

    def __init__(self, vocabulary: UnitVocabulary) -> None:
        if vocabulary.unit == "word":
            raise ValueError(
                "Expected one temperature for a model of words, which are "
                "drawn as a whole. Received two: of a word's first letter, and "
                "of the rest."
            )
        super().__init__(vocabulary)
        self._is_byte = vocabulary.unit == "byte"
        self._in_word = [self._is_part(text) for text in self._texts]

    def _is_part(self, character: str) -> bool:
        if self._is_byte and ord(character) > 127:
            return True
        return character.isalnum() or character in APOSTROPHES

    def start(self, prompt: str) -> bool:
        """Whether the prompt ends within a word."""
        return prompt != "" and self._is_part(prompt[-1])

    def advance(self, state: bool, unit: int) -> bool:
        """Whether a unit is part of a word."""
        return self._in_word[unit]

    def temperature(self, state: bool, given: Temperature) -> Temperature:
        """The temperature of the next unit."""
        return given[state] if isinstance(given, tuple) else given


class NoLoops(_Free):
    """Raises the temperature in a loop, until the text leaves it.

    A loop is noticed if the last 20 characters occur for the third time in
    4,000 characters. Each further character that repeats raises the
    temperature by 0.1, and each one that does not lowers it again. So a phrase
    that comes three times by chance changes little, but no loop can last, not
    even at a temperature of 0.

    Args:
        vocabulary: Of the model that writes.

    Attributes:
        name: Its name in messages and in JSON.

    Example:

    >>> import charrnn
    >>> sampler = charrnn.Sampler("shakespeare")
    >>> rule = NoLoops(sampler.vocabulary)
    >>> (sample,) = sampler.generate(
    ...     length=400, temperature=0, constraints=[rule]
    ... )
    >>> sample.text.count(sample.text[-40:])
    1
    """

    name = "no-loops"

    def start(self, prompt: str) -> tuple[str, int]:
        """The end of the prompt, and how many characters have repeated."""
        return prompt[-LOOKBACK:], 0

    def advance(self, state: tuple[str, int], unit: int) -> tuple[str, int]:
        """The end of the text, and how many characters have repeated."""
        text, repeated = state
        text = (text + self._texts[unit])[-LOOKBACK:]
        if text.count(text[-REPEATED:]) >= TIMES and len(text) > REPEATED:
            return text, repeated + 1
        return text, max(0, repeated - 1)

    def temperature(
        self, state: tuple[str, int], given: Temperature
    ) -> Temperature:
        """The temperature of the next unit."""
        _, repeated = state
        if isinstance(given, tuple):
            return tuple(each + RISE * repeated for each in given)
        return given + RISE * repeated


def with_places(
    constraints: Sequence[Constraint],
    filters: Filters,
    vocabulary: UnitVocabulary,
) -> Sequence[Constraint]:
    """Adds `WordPlaces` to constraints if there are two temperatures.

    Args:
        constraints: The others.
        filters: Perhaps with `temperature`.
        vocabulary: Of the model.

    Returns:
        The constraints.

    Raises:
        ValueError: if there are two temperatures for a model of words.

    Example:

    >>> from charrnn import Vocabulary
    >>> len(with_places([], {"temperature": (0.4, 0.9)}, Vocabulary("ab")))
    1
    """
    if isinstance(filters.get("temperature"), tuple):
        return [*constraints, WordPlaces(vocabulary)]
    return constraints
