"""The letters that an automaton reads: a model's characters, or bytes."""

import dataclasses
import functools
import re
from collections.abc import Iterable

import numpy as np

from charrnn.text.characters import STAND_IN, UNICODE_CODE_POINTS
from charrnn.text.units import UnitVocabulary

EXIT = -1  # the node after the last of a `Fragment`

# The edges of each node, the first of which is the entry: pairs of a mask over
# the letters, and the node that they lead to.
Fragment = list[list[tuple[np.ndarray, int]]]

SURROGATES = slice(0xD800, 0xE000)
LONGEST_UTF_8 = 4  # bytes of a character


@dataclasses.dataclass(frozen=True)
class Alphabet:
    """The letters of a model: what its texts are spelled with.

    Of a model of characters or words these are its characters; of a model of
    bytes all 256 bytes.

    Attributes:
        characters: The characters in the order of the letters; for bytes all
            of Unicode, half surrogate pairs among them.
        is_bytes: Whether the letters are bytes.

    Example:

    >>> letters = Alphabet("abc1")
    >>> len(letters), letters.spelled("cab").tolist()
    (4, [2, 0, 1])
    >>> letters.members(re.compile("[a-c]+")).tolist()
    [True, True, True, False]
    """

    characters: str
    is_bytes: bool = False

    def __len__(self) -> int:
        return 256 if self.is_bytes else len(self.characters)

    def spelled(self, text: str) -> np.ndarray:
        """The letters of a text; -1 for characters that are none."""
        if self.is_bytes:
            data = text.encode("utf-8", "surrogateescape")
            return np.frombuffer(data, np.uint8).astype(np.int64)
        return np.array([self._places.get(c, -1) for c in text], np.int64)

    @functools.cached_property
    def _places(self) -> dict[str, int]:
        return {c: place for place, c in enumerate(self.characters)}

    def members(self, run: re.Pattern[str]) -> np.ndarray:
        """The characters of a class.

        Args:
            run: A pattern whose matches are runs of the class's characters.

        Returns:
            Booleans of shape `(len(self.characters),)`.
        """
        mask = np.zeros(len(self.characters), bool)
        for found in run.finditer(self.characters):
            mask[found.start() : found.end()] = True
        if self.is_bytes:
            mask[SURROGATES] = False
        elif STAND_IN in self.characters:  # it is never written
            mask[self.characters.index(STAND_IN)] = False
        return mask

    def fragment(self, members: np.ndarray) -> Fragment:
        """The paths of letters that spell one of some characters.

        Args:
            members: What `members` returned.

        Returns:
            A `Fragment`.
        """
        if not self.is_bytes:
            return [[(members, EXIT)]] if members.any() else [[]]
        return _of_utf_8(members)


def alphabet_of(vocabulary: UnitVocabulary) -> Alphabet:
    """The letters of a model.

    Args:
        vocabulary: That of the model.

    Returns:
        An `Alphabet`.

    Example:

    >>> from charrnn import Vocabulary
    >>> alphabet_of(Vocabulary("ab")).characters
    'ab'
    """
    return (
        _bytes() if vocabulary.unit == "byte" else Alphabet(vocabulary.alphabet)
    )


@functools.cache
def _bytes() -> Alphabet:
    return Alphabet("".join(map(chr, range(UNICODE_CODE_POINTS))), True)


def _of_utf_8(members: np.ndarray) -> Fragment:
    """The paths of bytes that spell one of some code points."""
    nodes: Fragment = [[]]
    known: dict[bytes, int] = {}

    def node_of(targets: np.ndarray, first: int) -> int | None:
        """The node from which each byte leads to a target (-2: to nowhere)."""
        if (targets == -2).all():
            return None
        key = targets.tobytes() + bytes((first,))
        if key not in known:
            known[key] = len(nodes)
            nodes.append(_edges(targets, first))
        return known[key]

    nodes[0] += _edges(np.where(members[:0x80], EXIT, -2), 0)
    for size in range(2, LONGEST_UTF_8 + 1):
        targets = _targets(members, size)
        while targets.ndim > 1:
            rows = targets.reshape(-1, 64)
            found = [node_of(row, 0x80) for row in rows]
            flat = [-2 if node is None else node for node in found]
            targets = np.array(flat).reshape(targets.shape[:-1])
        lead = {2: 0xC0, 3: 0xE0, 4: 0xF0}[size]
        nodes[0] += _edges(targets, lead)
    return nodes


def _targets(members: np.ndarray, size: int) -> np.ndarray:
    """Where the last of so many bytes leads, one axis for each byte."""
    first, last = {2: (0x80, 0x800), 3: (0x800, 0x10000)}.get(
        size, (0x10000, UNICODE_CODE_POINTS)
    )
    leads = {2: 32, 3: 16, 4: 8}[size]
    targets = np.full(leads * 64 ** (size - 1), -2)
    targets[first:last][members[first:last]] = EXIT
    return targets.reshape(leads, *[64] * (size - 1))


def _edges(targets: np.ndarray, first: int) -> list[tuple[np.ndarray, int]]:
    """Groups bytes, of which the first one is given, by their target."""
    edges = []
    for target in np.unique(targets).tolist():
        if target != -2:
            mask = np.zeros(256, bool)
            mask[first + np.flatnonzero(targets == target)] = True
            edges.append((mask, target))
    return edges


def letters_of(alphabet: Alphabet, characters: Iterable[str]) -> np.ndarray:
    """The letters that are one of some characters by themselves.

    Args:
        alphabet: Of the model.
        characters: Single characters; of a model of bytes only those of ASCII
            count.

    Returns:
        Booleans of shape `(len(alphabet),)`.

    Example:

    >>> letters_of(Alphabet("a.b"), ".!").tolist()
    [False, True, False]
    """
    mask = np.zeros(len(alphabet), bool)
    for character in characters:
        found = alphabet.spelled(character)
        if len(found) == 1 and found[0] >= 0:
            mask[found[0]] = True
    return mask


def word_letters(alphabet: Alphabet) -> np.ndarray:
    """The letters that are part of a word; of bytes those of ASCII.

    Args:
        alphabet: Of the model.

    Returns:
        Booleans of shape `(len(alphabet),)`.

    Example:

    >>> word_letters(Alphabet("a b_!")).tolist()
    [True, False, True, True, False]
    """
    if alphabet.is_bytes:
        return np.array(
            [byte < 128 and chr(byte).isalnum() for byte in range(256)]
        )
    return alphabet.members(re.compile(r"\w+"))
