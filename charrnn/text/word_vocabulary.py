"""Map words to ids and back; rare words are spelled out."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from charrnn.text import words
from charrnn.text.characters import STAND_IN, blocks, describe
from charrnn.text.units import UnitVocabulary
from charrnn.text.vocabulary import Vocabulary, check_ids
from charrnn.text.word_counts import (
    LONGEST_WORD,
    MAX_BYTES,
    MAX_WORDS,
    count,
    frequent,
)

MAX_VOCAB = 10_000  # by default
MIN_COUNT = 2  # by default: words that occur once serve to learn spelling


class WordVocabulary(UnitVocabulary):
    """The frequent words of a text, and each of its characters.

    A word includes the space before it. Numbers, punctuation and white space
    are words, too (`charrnn.text.words`). Words that are not in the vocabulary
    are spelled out in characters, so that any text of known characters can be
    encoded and decoded without loss.

    Args:
        words: Distinct words in the order of their ids, each character of
            theirs among them.

    Attributes:
        words: The same, a tuple of `str`.
        alphabet: The words of one character, joined.

    Raises:
        ValueError: if there are no words or too many, a word is empty, too
            long or repeated, or has a character that is not in the
            vocabulary.

    Example:

    >>> vocabulary = WordVocabulary([*" aehst", " the", " seat"])
    >>> vocabulary.encode(" the sea").tolist()
    [6, 0, 4, 2, 1]
    >>> vocabulary.decode([6, 0, 4, 2, 1])
    ' the sea'
    """

    unit = "word"
    plural = "words"

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(words)
        self.alphabet = _alphabet(self.words)
        self.letters = Vocabulary(self.alphabet)
        _check_words(self.words, self.alphabet)
        self._ids = {word: place for place, word in enumerate(self.words)}
        self.stand_in = self._ids.get(STAND_IN)
        # The ids of the characters, which need not come first.
        ids = [self._ids[letter] for letter in self.alphabet]
        self._letter_ids = np.array(ids, np.min_scalar_type(len(self)))

    @classmethod
    def from_text(
        cls,
        text: str | Iterable[str],
        min_count: int = MIN_COUNT,
        max_vocab: int | None = MAX_VOCAB,
        whole: bool = False,
    ) -> "WordVocabulary":
        """Makes the vocabulary of a text.

        Args:
            text: A text of at least one character, or its pieces.
            min_count: Words that occur less often are spelled out.
            max_vocab: Maximum size; `None` for no limit. The most frequent
                words are kept (of equally frequent ones those that come
                first in Unicode). All characters are always kept.
            whole: Whether each piece is a text of its own, so that no word
                continues in the next piece.

        Returns:
            A `WordVocabulary`.

        Raises:
            ValueError: if `text` is empty, or it has too many characters.

        Example:

        >>> WordVocabulary.from_text("no, no, no").words
        (' ', ',', 'n', 'o', ' no')
        """
        pieces = [text] if isinstance(text, str) else text
        counts, characters = count(pieces, whole)
        known = sorted(characters)
        return cls([*known, *frequent(counts, known, min_count, max_vocab)])

    def __len__(self) -> int:
        return len(self.words)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, WordVocabulary):
            return NotImplemented
        return self.words == other.words

    def __hash__(self) -> int:
        return hash(self.words)

    def __repr__(self) -> str:
        return (
            f"WordVocabulary({len(self):,} words, "
            f"{len(self.alphabet):,} of them characters)"
        )

    @property
    def lengths(self) -> np.ndarray:
        """The number of characters of each word: `(len(vocabulary),)`."""
        return np.array(list(map(len, self.words)), np.uint8)

    @property
    def first_characters(self) -> np.ndarray:
        """The id of the first character of each word: `(len(vocabulary),)`."""
        return np.array([self._ids[word[0]] for word in self.words])

    def encode(
        self, text: str, unknown: str = "error", position: int = 0
    ) -> np.ndarray:
        """Turns a text into ids.

        Args:
            text: A text.
            unknown: What to do with unknown characters, as for
                `Vocabulary.encode`.
            position: The position of `text` in a longer text, for messages.

        Returns:
            Array of shape `(words and characters,)` of unsigned integers.

        Raises:
            ValueError: as `Vocabulary.encode` does.

        Example:

        >>> WordVocabulary([*" abn", " ban"]).encode("a ban").tolist()
        [1, 4]
        """
        found = [np.empty(0, np.min_scalar_type(len(self)))]
        for block in self.blocks(blocks([text])):
            ids = self._encoded(block)
            if ids is None:
                known = self.letters.encode(block, unknown, position)
                ids = self._encoded(self.letters.decode(known))
                assert ids is not None
            found.append(ids)
            position += len(block)
        return np.concatenate(found)

    def decode(self, ids: Iterable[int] | np.ndarray) -> str:
        """Turns ids into a text.

        Args:
            ids: Integers of shape `(n,)`, each in `[0, len(vocabulary))`.

        Returns:
            The words, joined.

        Raises:
            ValueError: if an id lies outside the vocabulary.

        Example:

        >>> WordVocabulary([*" abn", " ban"]).decode([1, 4])
        'a ban'
        """
        ids = np.asarray(ids, dtype=np.int64)
        check_ids(ids, len(self))
        return "".join(map(self.words.__getitem__, ids.tolist()))

    def decoder(self) -> Callable[[int], str]:
        """Makes a function that decodes one id at a time."""
        return self.words.__getitem__

    def spelled(self, ids: np.ndarray) -> tuple[np.ndarray, int]:
        """Returns the ids of the characters, and the size of the alphabet."""
        return self.letters.encode(self.decode(ids)), len(self.letters)

    def blocks(self, pieces: Iterable[str]) -> Iterator[str]:
        """Moves the borders of a text's pieces so that none divides a word."""
        return words.settled(pieces)

    def settled_length(self, text: str) -> int:
        """The length of the part whose encoding does not depend on the rest."""
        return words.settled_length(text)

    def beginning_with(self, text: str) -> list[int]:
        """The ids of words that begin with a text, without the stand-in."""
        return [
            place
            for place, word in enumerate(self.words)
            if word.startswith(text) and place != self.stand_in
        ]

    def _encoded(self, text: str) -> np.ndarray | None:
        """The ids of a text, or `None` if it has an unknown character."""
        cuts = words.cut(text)
        unknown = len(self)
        ids = np.fromiter(
            (self._ids.get(word, unknown) for word in cuts),
            np.min_scalar_type(unknown),
            len(cuts),
        )
        rare = np.flatnonzero(ids == unknown)
        if not len(rare):
            return ids
        spelled = "".join([cuts[place] for place in rare.tolist()])
        letters, all_known = self.letters.looked_up(spelled)
        if not all_known:
            return None
        lengths = np.ones(len(cuts), np.int64)
        lengths[rare] = [len(cuts[place]) for place in rare.tolist()]
        result = np.repeat(ids, lengths)
        result[result == unknown] = self._letter_ids[letters]
        return result


def _alphabet(words: tuple[str, ...]) -> str:
    """Returns the words of one character, joined."""
    for word in words:
        if not isinstance(word, str):
            raise ValueError(
                f"Expected words that are text. Received {word!r}."
            )
    return "".join(word for word in words if len(word) == 1)


def _check_words(words: tuple[str, ...], alphabet: str) -> None:
    if len(words) > MAX_WORDS:
        raise ValueError(
            f"Expected at most {MAX_WORDS:,} words. Received {len(words):,}."
        )
    size = len("".join(words).encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise ValueError(
            f"Expected words of at most {MAX_BYTES:,} bytes in all. Received "
            f"{size:,}."
        )
    known = set(alphabet)
    seen: set[str] = set()
    for word in words:
        if not 1 <= len(word) <= LONGEST_WORD:
            raise ValueError(
                f"Expected words of 1 to {LONGEST_WORD} characters. Received "
                f"one of {len(word):,}."
            )
        if word in seen:
            raise ValueError(
                f"Expected distinct words. Received {word!r} more than once."
            )
        if not known.issuperset(word):
            stranger = next(c for c in word if c not in known)
            raise ValueError(
                "Expected words of the vocabulary's own characters. Received "
                f"{describe(stranger)} in {word!r}."
            )
        seen.add(word)
