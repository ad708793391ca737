"""The loss of a text in nats and bits, per character and per unit."""

import dataclasses

import numpy as np

from charrnn.system.terminal import counted
from charrnn.text.units import UnitVocabulary

# A standard error is computed from means of blocks of characters.
CHARACTERS_PER_BLOCK = 64
MIN_BLOCKS = 8  # a short text is divided into shorter blocks


@dataclasses.dataclass(frozen=True)
class Score:
    """The surprise of each unit of a text except the first.

    Units are characters, or a model's words or bytes. Losses are always given
    per character of the text, so that models can be compared.

    Attributes:
        nats: Float32 array of shape `(units,)`, from the text's second unit to
            its last.
        method: How it was scored, in words.
        unit: `"character"`, `"word"` or `"byte"`.
        lengths: Number of characters of each unit, `(units,)`; `None` if each
            is one character.
    """

    nats: np.ndarray
    method: str
    unit: str = "character"
    lengths: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        vocabulary: UnitVocabulary,
        ids: np.ndarray,
        nats: np.ndarray,
        method: str,
    ) -> "Score":
        """Makes the score of a text in the units of a vocabulary.

        Args:
            vocabulary: That of the model.
            ids: The units that are scored, `(units,)`.
            nats: Their surprise, of the same shape.
            method: How it was scored, in words.

        Returns:
            A `Score`.

        Example:

        >>> from charrnn import WordVocabulary
        >>> vocabulary = WordVocabulary([*" ab", " ab"])
        >>> Score.of(vocabulary, np.array([1, 3]), np.ones(2), "guessed")
        Score(0.7213 bits per character, 4 characters in 2 words, guessed)
        """
        if vocabulary.unit == "character":
            return cls(nats, method)
        return cls(nats, method, vocabulary.unit, vocabulary.lengths[ids])

    def __repr__(self) -> str:
        return (
            f"Score({self.bits_per_character:.4f} bits per character, "
            f"{self.extent}, {self.method})"
        )

    @property
    def extent(self) -> str:
        """How much was scored, in words: "698 characters in 186 words"."""
        characters = counted(self.characters, "character")
        if self.unit == "character":
            return characters
        return f"{characters} in {counted(self.units, self.unit)}"

    @property
    def units(self) -> int:
        """The number of units scored."""
        return len(self.nats)

    @property
    def characters(self) -> int:
        """The number of characters scored."""
        if self.lengths is None:
            return len(self.nats)
        return int(self.lengths.sum(dtype=np.int64))

    @property
    def nats_per_unit(self) -> float:
        """The mean surprise of a unit: the loss that training minimises."""
        return float(self.nats.mean(dtype=np.float64))

    @property
    def nats_per_character(self) -> float:
        """The surprise of the text, divided by its characters."""
        if self.lengths is None:
            return self.nats_per_unit
        # The bytes of a file that is not text may begin no character at all.
        return float(self.nats.sum(dtype=np.float64)) / max(1, self.characters)

    @property
    def standard_error(self) -> float:
        """The standard error of the nats per character."""
        return standard_error(self.nats) * self.units / max(1, self.characters)

    @property
    def bits_per_character(self) -> float:
        """The loss in bits: an ideal compressor's output per character."""
        return to_bits(self.nats_per_character)

    @property
    def perplexity(self) -> float:
        """The number of equally likely units that would be as hard to predict.

        It is e to the power of the nats per unit, or infinity if a float
        cannot hold that. It only compares models of the same unit.
        """
        with np.errstate(over="ignore"):
            return float(np.exp(np.float64(self.nats_per_unit)))


def to_bits(nats: float | np.ndarray) -> float:
    """Converts nats into bits.

    Args:
        nats: A number.

    Returns:
        A `float`: the nats divided by ln 2.

    Example:

    >>> to_bits(np.log(8))
    3.0
    """
    return float(nats / np.log(2))


def standard_error(nats: np.ndarray) -> float:
    """The standard error of a mean of surprises, by the method of batch means.

    The surprises of neighbouring characters are correlated: a rare word
    surprises several times. Treating them as independent would make the mean
    look more certain than it is. The means of blocks of characters are nearly
    independent. A block has 64 characters, or an eighth of a text that is
    shorter than 512.

    Args:
        nats: Array of shape `(characters,)`.

    Returns:
        A `float`, infinite for a single character.

    Example:

    >>> standard_error(np.tile([1.0, 3.0], 64))
    0.0
    """
    if len(nats) < 2:
        return float("inf")
    block = max(1, min(CHARACTERS_PER_BLOCK, len(nats) // MIN_BLOCKS))
    count = len(nats) // block
    means = np.reshape(nats[: count * block], (count, block)).mean(axis=1)
    return float(means.std(ddof=1) / np.sqrt(count))
