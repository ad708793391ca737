"""Turn characters into ids and back."""

import collections

import numpy as np

from charrnn.text import nearest

BLOCK = 1 << 18  # characters encoded at a time: bounds the memory in between
CODE_POINTS = 0x110000  # of Unicode
STAND_IN = "\ufffd"  # for characters that are too rare to be learnt
UNKNOWN = ("error", "nearest", "skip", "replace")  # what to do with others
LISTED = 8  # unknown characters that a message names


class Vocabulary:
    """The distinct characters of a text; an id is a place among them.

    Args:
        characters: A `str` of distinct characters in the order of their ids.

    Raises:
        ValueError: if `characters` is empty, names a character twice, or
            holds half of a surrogate pair, which no UTF-8 file can store.

    Example:

    >>> vocabulary = Vocabulary("ehlo")
    >>> vocabulary.encode("hello")
    array([1, 0, 2, 2, 3], dtype=uint8)
    >>> vocabulary.decode([1, 0, 2, 2, 3])
    'hello'
    >>> len(vocabulary)
    4
    """

    def __init__(self, characters):
        _check_characters(characters)
        self.characters = characters
        self._code_points = _code_points(characters)
        self._ids = self._look_up_table()

    @classmethod
    def from_text(cls, text, min_count=1, max_vocab=None):
        """Makes the sorted vocabulary of a text.

        Args:
            text: A `str` with at least one character, or an iterable of its
                pieces.
            min_count: Characters that occur less often are left out; U+FFFD
                then stands for all of them.
            max_vocab: The largest size, at least 2: of more characters the
                most frequent are taken (of equally frequent ones those that
                come first in Unicode), and U+FFFD for the others. `None`
                for any size.

        Returns:
            A `Vocabulary`.

        Raises:
            ValueError: if `text` is empty, or `max_vocab` below 2.

        Example:

        >>> Vocabulary.from_text("hello").characters
        'ehlo'
        >>> Vocabulary.from_text("hello", min_count=2).characters
        'l�'
        >>> Vocabulary.from_text("hello", max_vocab=3).characters
        'el�'
        """
        if max_vocab is not None and max_vocab < 2:
            raise ValueError(
                "Expected max_vocab of at least 2: a character and the one "
                f"for all others. Received {max_vocab}."
            )
        most = max_vocab or CODE_POINTS
        counts = np.zeros(CODE_POINTS, np.int64)
        for block in _blocks([text] if isinstance(text, str) else text):
            if block == block[0] * len(block):  # soon seen, also of a gigabyte
                counts[ord(block[0])] += len(block)
                continue
            own = np.bincount(_code_points(block))
            counts[: len(own)] += own
        occurring = np.flatnonzero(counts)
        kept = occurring[counts[occurring] >= min_count]
        if len(kept) < len(occurring) or len(kept) > most:
            kept = kept[kept != ord(STAND_IN)]
            by_count = np.argsort(-counts[kept], kind="stable")
            kept = np.append(kept[by_count[: most - 1]], ord(STAND_IN))
        return cls("".join(map(chr, np.sort(kept))))

    @property
    def stand_in(self):
        """The id of U+FFFD, which is read but never written, or `None`."""
        place = self.characters.find(STAND_IN)
        return None if place < 0 else place

    def __len__(self):
        return len(self.characters)

    def __eq__(self, other):
        if not isinstance(other, Vocabulary):
            return NotImplemented
        return self.characters == other.characters

    def __hash__(self):
        return hash(self.characters)

    def __repr__(self):
        return f"Vocabulary({self.characters!r})"

    def encode(self, text, unknown="error", position=0):
        """Turns a text into ids, by a table look-up and not a Python loop.

        Args:
            text: A `str` of n characters.
            unknown: What to do with characters that are not in the
                vocabulary: `"error"`, `"nearest"` to spell them with similar
                ones as `charrnn.nearest.spelled` does, `"skip"` to leave them
                out, or `"replace"` to read each as U+FFFD.
            position: Where a piece of a longer text begins, for the message.

        Returns:
            Array of shape `(n,)` (shorter when characters were skipped,
            longer when some were spelled with several) of unsigned integers
            of 8 bits, or of 16 or 32 for more than 255 distinct characters.

        Raises:
            ValueError: naming the unknown characters, and the position of
                the first, when `unknown="error"`, when it is `"nearest"` and
                the vocabulary has nothing similar, or when it is `"replace"`
                and U+FFFD is unknown, too.

        Example:

        >>> Vocabulary("ab").encode("abba").tolist()
        [0, 1, 1, 0]
        >>> Vocabulary("ab").encode("àb", unknown="nearest").tolist()
        [0, 1]
        """
        if unknown not in UNKNOWN:
            raise ValueError(
                f"Expected unknown to be one of {', '.join(UNKNOWN)}. "
                f"Received {unknown!r}."
            )
        if unknown == "nearest":
            text = self._spelled(text, position)
        ids = np.empty(len(text), self._ids.dtype)
        all_known = True
        for start in range(0, len(text), BLOCK):
            block = slice(start, start + BLOCK)
            # "clip": past the table's end stands its last row, "unknown".
            np.take(
                self._ids,
                _code_points(text[block]),
                out=ids[block],
                mode="clip",
            )
            all_known &= bool((ids[block] < len(self)).all())
        if all_known:
            return ids
        known = ids < len(self)
        if unknown == "skip":
            return ids[known]
        if unknown == "error" or self.stand_in is None:
            raise ValueError(self._describe_unknown(text, ~known, position))
        ids[~known] = self.stand_in
        return ids

    def decode(self, ids):
        """Turns ids into a text.

        Args:
            ids: Integers, array of shape `(n,)`, each in
                `[0, len(vocabulary))`.

        Returns:
            A `str` of n characters.

        Raises:
            ValueError: if an id lies outside the vocabulary.

        Example:

        >>> Vocabulary("ab").decode([1, 0])
        'ba'
        """
        ids = np.asarray(ids, dtype=np.int64)
        check_ids(ids, len(self))
        return self._code_points[ids].tobytes().decode("utf-32-le")

    def _spelled(self, text, position):
        """The text in known characters, or an error that names the others."""
        spelling, _ = nearest.spelled(text, self.characters)
        left = set(spelling).difference(self.characters)
        if left:
            unknown = np.array([character in left for character in text])
            raise ValueError(self._describe_unknown(text, unknown, position))
        return spelling

    def _look_up_table(self):
        """Ids by code point; the vocabulary's size stands for unknown."""
        dtype = np.min_scalar_type(len(self))
        table = np.full(self._code_points.max() + 2, len(self), dtype)
        table[self._code_points] = np.arange(len(self))
        return table

    def _describe_unknown(self, text, unknown, position):
        first = int(np.argmax(unknown))
        others = sorted({text[i] for i in np.flatnonzero(unknown)})
        others.remove(text[first])
        more = "".join(f", {describe(other)}" for other in others[:LISTED])
        if others[LISTED:]:
            more += f" and {len(others) - LISTED:,} other unknown ones"
        return (
            f"Expected a text written with the model's {len(self)} "
            f"characters. Received {describe(text[first])} at position "
            f"{position + first:,}{more}. Remove such characters, or use a "
            "model whose text contains them."
        )


def check_ids(ids, size):
    """Checks ids: NumPy and TensorFlow take -1 for some character or other.

    Args:
        ids: Integer array of any shape.
        size: The number of characters in the vocabulary.

    Raises:
        ValueError: naming the first id outside of it, or if the ids are no
            integers.

    Example:

    >>> check_ids(np.array([0, 64]), 65)
    """
    if ids.dtype.kind not in "iu":
        raise ValueError(
            f"Expected ids that are integers. Received {ids.dtype}."
        )
    if ids.dtype.kind == "u" and np.iinfo(ids.dtype).max < size:
        return  # such ids cannot be wrong
    if ids.size and (ids.max() >= size or ids.min() < 0):
        outside = ids[(ids < 0) | (ids >= size)]
        raise ValueError(
            f"Expected ids from 0 to {size - 1}, the places in a vocabulary "
            f"of {size} characters. Received {outside[0]}."
        )


def describe(character):
    """Names a character so that a reader can find it.

    Args:
        character: A `str` of one character.

    Returns:
        A `str`: the character as Python writes it, and its code point.

    Example:

    >>> describe("é"), describe("\\n")
    ("'é' (U+00E9)", "'\\\\n' (U+000A)")
    """
    return f"{character!r} (U+{ord(character):04X})"


def _blocks(pieces):
    """Cuts pieces into blocks."""
    for piece in pieces:
        for start in range(0, len(piece), BLOCK):
            yield piece[start : start + BLOCK]


def _code_points(text):
    """The code points of a text, array of shape (characters,)."""
    # "surrogatepass": half a surrogate pair is named by encode() as unknown.
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def _check_characters(characters):
    if not characters:
        raise ValueError(
            "Expected at least one character. Received an empty text."
        )
    twice, count = collections.Counter(characters).most_common(1)[0]
    if count > 1:
        raise ValueError(
            "Expected distinct characters. Received "
            f"{describe(twice)} twice. Vocabulary.from_text(text) finds the "
            "distinct characters of a text."
        )
    for character in characters:
        if "\ud800" <= character <= "\udfff":
            raise ValueError(
                "Expected characters that UTF-8 can store. Received "
                f"{describe(character)}, half of a surrogate pair."
            )
