"""List characters that a model lacks, and how to read them."""

import functools
import unicodedata

from charrnn.text import nearest
from charrnn.text.units import UnitVocabulary

# Characters for which a similar one may be known, as in `charrnn.text.nearest`:
# all scripts with letters that have marks, punctuation, and wide forms.
RESPELLED = (
    range(0x20, 0x7F),
    range(0x80, 0x3000),
    range(0xFB00, 0xFB50),
    range(0xFF00, 0xFFF0),
)
OPENING_QUOTE = 'opening "'  # the key of a quotation mark before a word


def respellings(vocabulary: UnitVocabulary) -> list[tuple[str, str]]:
    """Lists characters that a vocabulary lacks, and how to read them.

    Args:
        vocabulary: Of a model.

    Returns:
        Pairs of a character and its nearest spelling in known characters.

    Example:

    >>> from charrnn import Vocabulary
    >>> ("’", "'") in respellings(Vocabulary("a'"))
    True
    """
    if vocabulary.unit == "byte":
        return []
    return list(_respellings(vocabulary.alphabet))


@functools.lru_cache(maxsize=8)
def _respellings(alphabet: str) -> tuple[tuple[str, str], ...]:
    others = [
        character
        for character in (chr(i) for places in RESPELLED for i in places)
        if character not in alphabet and not _is_mark(character)
    ]
    # One on each line, where a quotation mark opens.
    _, pairs = nearest.spelled("\n".join(others), alphabet)
    found = {a: b for a, b in pairs if len(a) == 1}
    if '"' in found:
        found[OPENING_QUOTE] = found['"']
        closing, _ = nearest.spelled('""', alphabet)
        found['"'] = closing[len(found[OPENING_QUOTE]) :]
    return tuple(sorted(found.items()))


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"
