"""Count a text's words, and choose those that a vocabulary has."""

import collections
from collections.abc import Iterable, Sequence

from charrnn.text import words
from charrnn.text.characters import blocks

LONGEST_WORD = 64  # characters
MAX_WORDS = 1 << 17
MAX_BYTES = 1 << 21  # of all words in UTF-8, so that a model file can hold them
MAX_COUNTED = 1 << 21  # different words in the RAM while they are counted


def count(
    pieces: Iterable[str], whole: bool = False
) -> tuple[collections.Counter[str], set[str]]:
    """Counts a text's words, and collects its characters.

    Args:
        pieces: The pieces of a text.
        whole: Whether each piece is a text of its own, so that no word
            continues in the next piece.

    Returns:
        `(counts, characters)`, the count of each word and the set of the
        characters. If the text has very many words, the rarest are missing.

    Example:

    >>> counts, characters = count(["to be", " to"])
    >>> counts[" to"], len(characters)
    (1, 5)
    """
    counts: collections.Counter[str] = collections.Counter()
    characters: set[str] = set()
    for block in pieces if whole else words.settled(blocks(pieces)):
        characters.update(block)
        counts.update(words.cut(block))
        if len(counts) > MAX_COUNTED:  # drop the rarest, however many it takes
            least = min(counts.values())
            kept = {w: n for w, n in counts.items() if n > least}
            counts = collections.Counter(kept)
    return counts, characters


def frequent(
    counts: collections.Counter[str],
    known: Sequence[str],
    min_count: int,
    max_vocab: int | None,
) -> list[str]:
    """Chooses the words that a vocabulary has in addition to known ones.

    Args:
        counts: The count of each word of a text.
        known: The words that it has already, all characters among them.
        min_count: Words that occur less often are left out.
        max_vocab: Maximum size of the vocabulary; `None` for no limit.

    Returns:
        The most frequent words, in the order of their counts.

    Example:

    >>> frequent(collections.Counter([" be", " be", " is"]), [*" beis"], 2, 9)
    [' be']
    """
    before = set(known)
    by_count = sorted(
        (-count, word)
        for word, count in counts.items()
        if count >= min_count
        and 1 < len(word) <= LONGEST_WORD
        and word not in before
    )
    room = min(MAX_WORDS if max_vocab is None else max_vocab, MAX_WORDS)
    size = len("".join(known).encode("utf-8", "surrogatepass"))
    chosen = []
    for _, word in by_count[: max(0, room - len(known))]:
        size += len(word.encode("utf-8"))
        if size > MAX_BYTES:
            break
        chosen.append(word)
    return chosen
