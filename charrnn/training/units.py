"""Apply a run's unit: its default settings, vocabulary and split."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from charrnn.text import kinds
from charrnn.text.units import COUNTED, DEFAULT, UnitVocabulary
from charrnn.text.windows import split

# The defaults of each unit.
DEFAULTS: dict[str, dict[str, Any]] = {
    "character": {},
    "word": {"min_count": 2, "max_vocab": 10_000},
    "byte": {"newline": "keep"},
}
# More held-out units would slow validation and hardly make it more precise.
MAX_VALIDATION_UNITS = 10_000_000
# Settings that do not apply to bytes, which are read as they are.
OF_TEXT = "encoding", "newline", "normalize", "min_count", "max_vocab"


def with_defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    """Adds the unit's defaults to the settings that are given.

    Args:
        given: The settings that the user gave for a new run.

    Returns:
        A `dict` of settings.

    Raises:
        ValueError: if a setting is given that does not apply to the unit.

    Example:

    >>> with_defaults({"unit": "word", "min_count": 5})
    {'min_count': 5, 'max_vocab': 10000, 'unit': 'word'}
    """
    unit = given.get("unit", DEFAULT)
    useless = [name for name in OF_TEXT if name in given]
    if unit == "byte" and useless:
        flag = useless[0].replace("_", "-")
        raise ValueError(
            f"Expected no --{flag} with --unit byte, which reads a file's "
            "bytes as they are. Leave one of the two out."
        )
    return {**DEFAULTS[unit], **given}


def limits_of_new_words(given: Mapping[str, Any], known: int) -> dict[str, int]:
    """The limits of the words that are added to a model's.

    Args:
        given: The settings that the user gave.
        known: The number of words that the model has.

    Returns:
        A `dict` of `min_count` and `max_vocab`. By default a model gains at
        most as many words as a new one has.

    Example:

    >>> limits_of_new_words({"min_count": 5}, 4000)
    {'min_count': 5, 'max_vocab': 14000}
    """
    limits = dict(DEFAULTS["word"])
    limits["max_vocab"] += known
    return {name: given.get(name, limit) for name, limit in limits.items()}


def to_state(vocabulary: UnitVocabulary) -> Any:
    """Returns a vocabulary as a checkpoint stores it; JSON can hold it.

    Args:
        vocabulary: The run's vocabulary.

    Returns:
        A `str` of the characters; for another unit or for documents, a `dict`
        with the unit's name.

    Example:

    >>> from charrnn import ByteVocabulary, Vocabulary
    >>> to_state(Vocabulary("ab")), to_state(ByteVocabulary())
    ('ab', {'unit': 'byte'})
    """
    value = kinds.to_json(vocabulary)
    if value.keys() == {kinds.KEYS[DEFAULT]}:
        return value[kinds.KEYS[DEFAULT]]
    return {"unit": vocabulary.unit, **value}


def from_state(kept: Any) -> UnitVocabulary:
    """Reads what `to_state` returned.

    Args:
        kept: The value, as read from JSON.

    Returns:
        The vocabulary.

    Raises:
        ValueError: if it is not a vocabulary.

    Example:

    >>> from_state("ab"), from_state({"unit": "byte"})
    (Vocabulary('ab'), ByteVocabulary())
    """
    if isinstance(kept, str):
        return kinds.from_json(DEFAULT, {kinds.KEYS[DEFAULT]: kept})
    if not isinstance(kept, dict):
        raise ValueError(
            "Expected the vocabulary to be a text or a JSON object. Received "
            f"{type(kept).__name__}."
        )
    return kinds.from_json(kept.get("unit"), kept)


def split_by_characters(
    ids: np.ndarray, vocabulary: UnitVocabulary, validation: float
) -> tuple[np.ndarray, np.ndarray]:
    """Splits a text at the same character, whatever its units are.

    Losses of models of different units can then be compared.

    Args:
        ids: The ids of the text, `(units,)`.
        vocabulary: The vocabulary of the ids.
        validation: The fraction to hold out, as for `charrnn.split`.

    Returns:
        `(training, held_out)`, two slices of `ids`: the held-out part begins
        with the first unit that begins there or later.

    Raises:
        ValueError: as `charrnn.split` does.

    Example:

    >>> from charrnn import WordVocabulary
    >>> vocabulary = WordVocabulary.from_text("to be " * 90, max_vocab=None)
    >>> ids = vocabulary.encode("to be " * 90)
    >>> training, held_out = split_by_characters(ids, vocabulary, 0.1)
    >>> vocabulary.characters_of(training), vocabulary.characters_of(held_out)
    (488, 52)
    """
    if vocabulary.unit == DEFAULT:
        return split(ids, validation)
    characters = vocabulary.characters_of(ids)
    first, _ = split(_so_many(characters), validation)
    left, boundary = len(first), 0
    for start in range(0, len(ids), COUNTED):
        ends = np.cumsum(vocabulary.lengths[ids[start : start + COUNTED]])
        before = int(np.searchsorted(ends, left))
        boundary = start + min(before + (left > 0), len(ends))
        if before < len(ends):
            break
        left -= int(ends[-1])
    training, held_out = ids[:boundary], ids[boundary:]
    split(_so_many(len(ids)), validation)  # raises if there are too few units
    return training, held_out


def tell_sizes(
    title: str,
    vocabulary: UnitVocabulary,
    training: np.ndarray,
    held_out: np.ndarray,
    tell: Callable[[str], None],
) -> None:
    """Prints the length of a text, and how it is split.

    Args:
        title: The name of the text in messages.
        vocabulary: Its vocabulary.
        training: Ids of the part to train on.
        held_out: Ids of the part held out.
        tell: Called with a line, and with a second one if the held-out part
            is not scored in full.

    Example:

    >>> from charrnn import Vocabulary
    >>> parts = np.zeros(9), np.zeros(1)
    >>> tell_sizes("a.txt", Vocabulary("ab"), *parts, tell=print)
    a.txt: 10 characters, 2 distinct; 9 to train on, 1 held out
    """
    parts = [vocabulary.characters_of(ids) for ids in (training, held_out)]
    units = ""
    if vocabulary.unit != DEFAULT:
        units = f" in {len(training) + len(held_out):,} {vocabulary.plural}"
    tell(
        f"{title}: {sum(parts):,} characters{units}, {len(vocabulary.inner):,} "
        f"distinct; {parts[0]:,} to train on, {parts[1]:,} held out"
    )
    if len(held_out) > MAX_VALIDATION_UNITS:
        tell(
            f"validating on the first {MAX_VALIDATION_UNITS:,} "
            f"{vocabulary.plural} of the held-out part: more would hardly "
            "change the result"
        )


def _so_many(count: int) -> np.ndarray:
    return np.broadcast_to(np.uint8(0), count)  # takes no memory
